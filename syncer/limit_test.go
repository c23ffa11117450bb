package syncer

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func TestRoomIsSaidAtFourFifthsAndHeldAtTheLast(t *testing.T) {
	for _, c := range []struct {
		used, quota, disk int64
		code              string
	}{
		{0, 0, 0, ""},
		{1 << 40, 0, 0, ""},
		{799, 1000, 0, ""},
		{800, 1000, 0, "space_short"},
		{950, 1000, 0, "space_low"},
		{1000, 1000, 0, "space_limit"},
		{1500, 1000, 0, "space_limit"},
		{500, 1000, 520, "space_low"}, // what is nearer counts
		{500, 1000, 500, "space_limit"},
		{0, 1, 0, ""}, // not asked yet
	} {
		x := storageFacts{used: c.used, quota: c.quota, disk: c.disk}
		got := ""
		if p := x.roomProblem(); p != nil {
			got = p.Code
		}
		if got != c.code {
			t.Errorf("%+v: %q, want %q", c, got, c.code)
		}
	}
	k := newKeeper(nil)
	c := config{Nodes: []nodeConfig{{Name: "Pi", Limit: 1000}, {Name: "second"}}}
	for used, holds := range map[int64]bool{0: false, 940: false, 960: true, 1200: true} {
		k.storages["Pi"] = &storageFacts{name: "Pi", used: used}
		if p := k.roomHold(c, true, time.Now()); (p != nil) != holds {
			t.Errorf("with %d of 1000 used, a folder that may wait: %+v", used, p)
		}
		if p := k.roomHold(c, false, time.Now()); p != nil {
			t.Errorf("with %d of 1000 used, another folder waits: %+v", used, p)
		}
	}
}

// TestNewDataWaitsAtTheLimitAndNothingIsLost: what does not fit is refused in words, what was saved stays whole, what needs
// no new content is still saved, and with more room all of it is.
func TestNewDataWaitsAtTheLimitAndNothingIsLost(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		src := t.TempDir()
		write(t, src+"/old", noise(1, 3_000_000))
		added(t, e, src)
		first := backup(t, e)
		u, err := n.Usage(t.Context())
		must(t, err)
		must(t, e.SetLimit(t.Context(), "storage", u.RepoSize+1_000_000))

		write(t, src+"/new", noise(2, 4_000_000))
		_, err = e.Backup(t.Context(), nil, nil)
		if p := Describe(err); !errors.Is(err, vault.ErrLimit) || p.Code != "space_limit" || p.Exit != ExitStorage {
			t.Fatalf("beyond the limit: %v, %+v", err, p)
		}
		versions, _, err := e.Snapshots(t.Context(), "")
		if err != nil || len(versions) != 1 || versions[0].ID != first.ID {
			t.Errorf("the versions are %v, %v", versions, err)
		}
		now, err := n.Usage(t.Context())
		must(t, err)
		if grown := now.RepoSize - u.RepoSize; grown > 1_500_000 {
			t.Errorf("%d bytes were sent beyond a limit of 1,000,000", grown)
		}

		must(t, os.Rename(src+"/new", src+"-new"))
		must(t, os.Rename(src+"/old", src+"/moved"))
		if s := backup(t, e); !s.Complete || s.ID == first.ID {
			t.Errorf("a renamed file was not saved: %+v", s)
		}
		must(t, os.Rename(src+"-new", src+"/new"))
		must(t, e.SetLimit(t.Context(), "", 0))
		if s := backup(t, e); s.Files != 2 || !s.Complete {
			t.Errorf("with room again: %+v", s)
		}
		c, err := e.Verify(t.Context(), 100, nil)
		if err != nil || !c.OK {
			t.Errorf("verify: %+v, %v", c, err)
		}
	})
}

// inTwoStorages keeps a folder in two storages, "Pi" and "attic".
func inTwoStorages(t *testing.T, first, second *nodetest.Daemon, src string) (*Engine, Options) {
	t.Helper()
	home := t.TempDir() + "/home"
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	_, err := Setup(t.Context(), opts, SetupOptions{URL: first.URL, Token: first.Token, NodeName: "Pi"})
	must(t, err)
	e, err := Open(t.Context(), opts)
	must(t, err)
	added(t, e, src)
	backup(t, e)
	must(t, e.AddNode(t.Context(), SetupOptions{URL: second.URL, Token: second.Token, NodeName: "attic"}))
	return e, opts
}

func TestASecondStorageTakesNoCopyBeyondItsLimit(t *testing.T) {
	src := t.TempDir()
	write(t, src+"/a", noise(1, 2_000_000))
	e, _ := inTwoStorages(t, nodetest.StartKubo(t), nodetest.StartKubo(t), src)
	defer e.Close()
	must(t, e.SetLimit(t.Context(), "attic", 1_000_000))
	if s, err := e.Backup(t.Context(), nil, nil); err != nil || len(s) != 1 {
		t.Errorf("with nothing to copy: %v", err)
	}
	write(t, src+"/b", noise(2, 500_000))
	saved, err := e.Backup(t.Context(), nil, nil)
	if !errors.Is(err, vault.ErrLimit) || len(saved) != 1 || !saved[0].Complete {
		t.Errorf("the first storage has room, the second has none: %+v, %v", saved, err)
	}
	for _, bad := range []struct {
		name  string
		bytes int64
	}{{"", 5}, {"nowhere", 5}, {"attic", -1}} {
		if err := e.SetLimit(t.Context(), bad.name, bad.bytes); !errors.Is(err, ErrUsage) {
			t.Errorf("a limit of %d for %q: %v", bad.bytes, bad.name, err)
		}
	}
}

// TestARunGoesOnWhenThereIsRoomAgain without being asked.
func TestARunGoesOnWhenThereIsRoomAgain(t *testing.T) {
	n := nodetest.StartKubo(t).Node(t)
	e := testEngine(t, n, testEntropy(t))
	src := t.TempDir()
	write(t, src+"/old", noise(1, 1_000_000))
	added(t, e, src)
	backup(t, e)
	must(t, e.SetLimit(t.Context(), "", 100_000))
	write(t, src+"/new", noise(2, 1_000_000))
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	raised := false
	for s := range e.Watch(ctx) {
		switch {
		case !raised && s.State == StateNeedsYou && len(s.Problems) > 0 && s.Problems[0].Code == "space_limit" && s.Folders[0].Files == 1 && !s.Folders[0].NextTry.IsZero():
			raised = true
			must(t, e.SetLimit(ctx, "", 1<<40))
		case raised && s.State == StateSafe && s.Folders[0].Files == 2:
			stop()
		}
	}
	if !raised || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("it was full: %v; it went on: %v", raised, ctx.Err())
	}
	<-ended
}
