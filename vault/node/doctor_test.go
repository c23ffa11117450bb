package node_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func TestExaminationTellsHowMuchAKeyOpens(t *testing.T) {
	for name, c := range map[string]struct {
		change func(nodetest.Config)
		want   node.Examination
	}{
		"all of it": {func(nodetest.Config) {}, node.Examination{Local: true, Everything: true}},
		"public":    {func(c nodetest.Config) { c.Set("Routing.Type", "dhtserver"); c.Set("Provide.Enabled", true) }, node.Examination{Local: true, Everything: true, Announces: true}},
		"as needed": {func(c nodetest.Config) { c.Allow("/api/v0/id", "/api/v0/pin/ls") }, node.Examination{Local: true}},
	} {
		d := nodetest.StartKubo(t, c.change)
		x, err := d.Node(t).Examine(t.Context())
		if err != nil || x.Local != c.want.Local || x.Everything != c.want.Everything || x.Announces != c.want.Announces || x.Exposed != nil || x.Clock != 0 {
			t.Errorf("%s: %+v, %v, want %+v", name, x, err, c.want)
		}
	}
}

// What a storage tells others is its settings' business only from its next start.
func TestAStorageThatAnnouncesIsSilenced(t *testing.T) {
	d := nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Routing.Type", "dhtserver"); c.Set("Provide.Enabled", true) })
	examined := func() node.Examination {
		t.Helper()
		x, err := d.Node(t).Examine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if x := examined(); !x.Announces || x.StillTells {
		t.Errorf("before: %+v", x)
	}
	if err := d.Node(t).Silence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := examined(); x.Announces || !x.StillTells {
		t.Errorf("told, and not started again: %+v", x)
	}
	d.Stop(t)
	d.Start(t)
	if x := examined(); x.Announces || x.StillTells {
		t.Errorf("started again: %+v", x)
	}
	if got := strings.TrimSpace(d.Run(t, "config", "Provide.Enabled")); got != "false" {
		t.Errorf("its setting is %s", got)
	}
}

// The line does what it stands for.
func TestTheLineSilencesAStorage(t *testing.T) {
	d := nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Provide.Enabled", true) })
	d.Run(t, strings.Fields(node.SilenceLine)[1:]...)
	if got := strings.TrimSpace(d.Run(t, "config", "Provide.Enabled")); got != "false" {
		t.Errorf("its setting is %s", got)
	}
}

func TestAStorageThatMayNotBeChangedIsNotSilenced(t *testing.T) {
	d := nodetest.StartKubo(t, func(c nodetest.Config) {
		c.Set("Provide.Enabled", true)
		c.Allow("/api/v0/id")
	})
	if err := d.Node(t).Silence(t.Context()); !errors.Is(err, node.ErrAnnounces) {
		t.Errorf("a key that opens no settings: %v", err)
	}
	d.Stop(t)
	if err := d.Node(t).Silence(t.Context()); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("a storage that is off: %v", err)
	}
}

func TestExaminationTellsFromWhenOnAStorageCleansUp(t *testing.T) {
	for limit, want := range map[string]int64{"10MB": 9_000_000, "": 0} {
		d := nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Datastore.StorageMax", limit) })
		if x, err := d.Node(t).Examine(t.Context()); err != nil || x.CleansAt != want {
			t.Errorf("a storage with the limit %q cleans up at %d, want %d; error %v", limit, x.CleansAt, want, err)
		}
	}
}

// Kubo's tokens guard its calls and nothing else: a proxy that forwards the rest shows it to everybody.
func TestExaminationSeesWhatAStrangerSees(t *testing.T) {
	d := nodetest.StartKubo(t)
	c := certificate(t, "storage.example.org", time.Now().Add(time.Hour))
	k := dial(t, node.Options{URL: behindTLS(t, d, c), Token: d.Token, TLSHost: "storage.example.org", TLSFingerprint: fingerprint(c)})
	x, err := k.Examine(t.Context())
	if err != nil || x.Local || x.Secure != "pinned" || len(x.Exposed) != 2 || slices.Contains(x.Exposed, "all of its calls") {
		t.Errorf("%+v, %v", x, err)
	}
	d.Stop(t)
	if _, err := k.Examine(t.Context()); err == nil {
		t.Error("a storage that is switched off was examined")
	}
}

func TestClocksAreComparedWithinWhatTheAnswerTook(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		there time.Time
		want  time.Duration
	}{
		{noon, 0},
		{noon.Add(2 * time.Second), 0},
		{noon.Add(-time.Second), 0}, // it shows no fractions
		{noon.Add(time.Hour), time.Hour - 2*time.Second},
		{noon.Add(-time.Hour), time.Second - time.Hour},
	} {
		if got := node.Apart(noon, noon.Add(2*time.Second), c.there); got != c.want {
			t.Errorf("%v: %v, want %v", c.there, got, c.want)
		}
	}
}
