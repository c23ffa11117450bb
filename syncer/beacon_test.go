package syncer

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// reachable is a storage in memory that other IPFS nodes reach, and that takes part in a directory.
type reachable struct {
	*nodetest.Memory
	node.Directory
}

func (reachable) Peer(context.Context) (node.Peer, error) {
	const id = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"
	return node.Peer{ID: id, Addresses: []string{"/ip4/192.0.2.9/tcp/4001/p2p/" + id}}, nil
}

// failing is a directory that fails as long as it has an error.
type failing struct {
	node.Directory
	err *error
}

func (f failing) GetRecord(ctx context.Context, name string) ([]byte, error) {
	if *f.err != nil {
		return nil, *f.err
	}
	return f.Directory.GetRecord(ctx, name)
}

// findable is an engine on a folder with one file, whose person wants the words alone to lead to the storage.
func findable(t *testing.T, n node.Node, secret format.Entropy) (e *Engine, src string) {
	t.Helper()
	e = testEngine(t, n, secret)
	src = t.TempDir()
	write(t, src+"/a", "one")
	added(t, e, src)
	must(t, e.Set(t.Context(), findByWords, "on"))
	return e, src
}

// said are the texts of the activities of a kind, newest first.
func said(t *testing.T, e *Engine, kind string) (out []string) {
	t.Helper()
	all, err := e.Activity(t.Context(), 0)
	must(t, err)
	for _, a := range all {
		if a.Kind == kind {
			out = append(out, a.Text)
		}
	}
	return out
}

func TestNothingIsLeftUnlessAPersonWantsIt(t *testing.T) {
	d, secret := new(nodetest.Records), testEntropy(t)
	e, _ := findable(t, reachable{&nodetest.Memory{}, d}, secret)
	must(t, e.Set(t.Context(), findByWords, ""))
	backup(t, e)
	if _, err := vault.FindBeacons(t.Context(), d, secret); !errors.Is(err, vault.ErrNoBeacon) {
		t.Errorf("something was left: %v", err)
	}
}

// TestABeaconIsLeftAfterEachBackup: it names the newest state, where the storage is, and no token.
func TestABeaconIsLeftAfterEachBackup(t *testing.T) {
	d, secret := new(nodetest.Records), testEntropy(t)
	e, src := findable(t, reachable{&nodetest.Memory{}, d}, secret)
	must(t, e.home.change(func(c *config) error {
		c.Nodes[0].URL, c.Nodes[0].Name, c.Nodes[0].Fingerprint = "https://pi.example:5443", "Pi", strings.Repeat("ab", 32)
		return nil
	}))
	e.bundle.SetToken("Pi", "bearer:secret")
	for i := range 3 {
		write(t, src+"/a", strings.Repeat("x", i+1))
		backup(t, e)
		b, err := vault.FindBeacons(t.Context(), d, secret)
		must(t, err)
		own, _ := e.newestOwn()
		x := b.All[0]
		if len(b.All) != 1 || x.States[0].Seq != own.Seq || x.States[0].Root != own.Root || x.Sequence != uint64(i+1) {
			t.Fatalf("after backup %d: %+v", i+1, x)
		}
		if left := time.Until(x.Until); left < 47*time.Hour || left > 49*time.Hour {
			t.Errorf("it ends in %v", left)
		}
		p := x.Places[0]
		if len(x.Places) != 1 || p.Name != "Pi" || p.Token != "" || p.Addresses[0] != "https://pi.example:5443" || len(p.Fingerprint) != 32 ||
			p.Swarm[0] != "/ip4/192.0.2.9/tcp/4001" || p.Peer == "" {
			t.Errorf("it names %+v", x.Places)
		}
	}
	if s := said(t, e, ActivityFindable); len(s) != 1 {
		t.Errorf("it is said once, not %d times: %q", len(s), s)
	}
	backup(t, e) // nothing is new
	if b, err := vault.FindBeacons(t.Context(), d, secret); err != nil || b.All[0].Sequence != 3 {
		t.Errorf("without a change there is a new one: %+v, %v", b, err)
	}
}

// TestABeaconThatCannotBeLeftHoldsNoBackupUp: it is said why, once, and said again when it goes well.
func TestABeaconThatCannotBeLeftHoldsNoBackupUp(t *testing.T) {
	d, secret := new(nodetest.Records), testEntropy(t)
	var failure error
	e, src := findable(t, reachable{&nodetest.Memory{}, failing{d, &failure}}, secret)
	for i, c := range []struct {
		err  error
		text string
	}{
		{node.ErrUnauthorized, "does not allow it"},
		{node.ErrUnauthorized, "does not allow it"},
		{node.ErrTimeout, "it is tried again"},
	} {
		failure = c.err
		write(t, src+"/a", strings.Repeat("y", i+1))
		if s := backup(t, e); !s.Complete {
			t.Errorf("the backup is %+v", s)
		}
		if s := said(t, e, ActivityProblem); len(s) == 0 || !strings.Contains(s[0], c.text) {
			t.Errorf("it says %q, want %q", s, c.text)
		}
	}
	if s := said(t, e, ActivityProblem); len(s) != 2 {
		t.Errorf("the same is said again: %q", s)
	}
	failure = nil
	write(t, src+"/a", "well")
	backup(t, e)
	if s := said(t, e, ActivityFindable); len(s) != 1 {
		t.Errorf("that it goes well again is not said: %q", s)
	}
}

func TestWhyNoBeaconIsLeftIsSaidInWords(t *testing.T) {
	for _, c := range []struct {
		n    func(*nodetest.Memory, node.Directory) node.Node
		text string
	}{
		{func(m *nodetest.Memory, _ node.Directory) node.Node { return m }, "nobody else can reach your storage"},
		{func(m *nodetest.Memory, d node.Directory) node.Node { return reachable{m, forgetful{d}} }, "knows nobody who would keep it"},
	} {
		e, _ := findable(t, c.n(&nodetest.Memory{}, new(nodetest.Records)), testEntropy(t))
		backup(t, e)
		if s := said(t, e, ActivityProblem); len(s) != 1 || !strings.Contains(s[0], c.text) {
			t.Errorf("it says %q, want %q", s, c.text)
		}
	}
	if s := beaconActivity(vault.ErrNoWords).Text; !strings.Contains(s, "not kept on this computer") {
		t.Errorf("without words it says %q", s)
	}
}

// forgetful takes every record and keeps none, as a Kubo without a routing system does.
type forgetful struct{ node.Directory }

func (forgetful) PutRecord(context.Context, string, []byte) error { return nil }

// TestWhileRoostRunsABeaconIsLeftByItself: after each commit, and none while the setting is off.
func TestWhileRoostRunsABeaconIsLeftByItself(t *testing.T) {
	d, secret := new(nodetest.Records), testEntropy(t)
	e, _ := findable(t, reachable{&nodetest.Memory{}, d}, secret)
	must(t, e.Set(t.Context(), findByWords, "off"))
	running(t, e)
	until(t, e, "the first backup", isSafe)
	if _, err := vault.FindBeacons(t.Context(), d, secret); !errors.Is(err, vault.ErrNoBeacon) {
		t.Errorf("something was left: %v", err)
	}
	must(t, e.Set(t.Context(), findByWords, "on"))
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		b, err := vault.FindBeacons(t.Context(), d, secret)
		if err == nil && len(b.All) == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("nothing was left within 20 s")
		}
	}
}

func TestABeaconIsDueAfterACommitAndBeforeItIsForgotten(t *testing.T) {
	d, secret := new(nodetest.Records), testEntropy(t)
	e, src := findable(t, reachable{&nodetest.Memory{}, d}, secret)
	due := func(now time.Time) (time.Duration, bool) {
		t.Helper()
		left, wanted, err := e.beaconDue(t.Context(), now)
		must(t, err)
		return left, wanted
	}
	if _, wanted := due(time.Now()); wanted {
		t.Error("one is due before the first backup")
	}
	backup(t, e)
	n, err := e.beaconNote(t.Context())
	must(t, err)
	if left, wanted := due(n.At); !wanted || left != beaconAgain {
		t.Errorf("after one was left the next is due in %v, %v", left, wanted)
	}
	if left, _ := due(n.At.Add(beaconAgain)); left != 0 {
		t.Errorf("after %v it is due in %v", beaconAgain, left)
	}
	if left, _ := due(n.At.Add(-time.Hour)); left != 0 {
		t.Errorf("with a clock that was set back it is due in %v", left)
	}
	must(t, e.Set(t.Context(), findByWords, "off"))
	write(t, src+"/a", "two")
	backup(t, e)
	if _, wanted := due(n.At); wanted {
		t.Error("one is due although nobody wants it")
	}
	must(t, e.Set(t.Context(), findByWords, "on"))
	if left, wanted := due(n.At); !wanted || left != beaconLeast {
		t.Errorf("after a commit it is due in %v, %v", left, wanted)
	}
	for tries, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 7: time.Hour, 99: time.Hour} {
		if got := doubled(beaconRetry, beaconRarely, tries); got != want {
			t.Errorf("after %d failures: %v, want %v", tries, got, want)
		}
	}
}

// door is a way to a storage as one in another place has it: over TLS, with a certificate of its own.
type door struct {
	url   string
	print []byte // SHA-256 of the certificate
}

func secured(t *testing.T, d *nodetest.Daemon) door {
	t.Helper()
	to, err := url.Parse(d.URL)
	must(t, err)
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(to))
	t.Cleanup(front.Close)
	print := sha256.Sum256(front.Certificate().Raw)
	return door{front.URL, print[:]}
}

// byWords recovers with words and a node to ask, and restores everything.
func byWords(t *testing.T, secret format.Entropy, asked *nodetest.Daemon) (*SetupResult, map[string]string, error) {
	t.Helper()
	opts := Options{Home: filepath.Join(t.TempDir(), "home"), Keys: fileKey{path: filepath.Join(t.TempDir(), "key")}}
	got, err := Setup(t.Context(), opts, SetupOptions{
		Words: strings.Join(format.WordsFromEntropy(secret), " "), URL: asked.URL, Token: asked.Token, FindByWords: true,
	})
	if err != nil {
		return nil, nil, err
	}
	e, err := Open(t.Context(), opts)
	must(t, err)
	defer e.Close()
	to := t.TempDir()
	r, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	if len(r.Failed) > 0 {
		t.Errorf("not restored: %+v", r.Failed)
	}
	return got, onDisk(t, r.Targets[0]), nil
}

// TestTheWordsAloneBringEverythingBackThroughAnotherNode: one computer backs up to its storage; then it is gone, and with it
// everything that tells where the storage is. Another node of the same network and the 24 words are all that is left.
func TestTheWordsAloneBringEverythingBackThroughAnotherNode(t *testing.T) {
	dht := nodetest.StartDHT(t, 3)
	storage, asked := dht[0], dht[2]
	secret := testEntropy(t)
	e, src := findable(t, storage.Node(t), secret)
	sample(t, src, 1)
	write(t, src+"/large", noise(5, 5<<20))
	backup(t, e)
	if s := said(t, e, ActivityFindable); len(s) != 1 {
		t.Fatalf("no beacon was left: %q", said(t, e, ActivityProblem))
	}
	want := onDisk(t, src)

	begin := time.Now()
	got, files, err := byWords(t, secret, asked)
	must(t, err)
	t.Logf("found, fetched and restored in %v", time.Since(begin).Round(time.Millisecond))
	sameContents(t, files, want)
	if len(got.Devices) != 1 || got.Devices[0].Name != "Laptop" || got.Storage != asked.URL || len(got.Problems) != 0 {
		t.Errorf("it says %+v", got)
	}

	// The asked node is a storage like any other from now on: also without the first one.
	storage.Stop(t)
	sameContents(t, recovered(t, asked.Node(t), secret), want)

	if _, _, err := byWords(t, testEntropy(t), asked); Describe(err).Code != "no_note" || Describe(err).Exit != ExitKeys {
		t.Errorf("other words: %v", err)
	}
}

// TestAStorageThatCannotBeReachedIsNamed: its beacon is found, and nobody gives what it names.
func TestAStorageThatCannotBeReachedIsNamed(t *testing.T) {
	dht := nodetest.StartDHT(t, 3)
	secret := testEntropy(t)
	e, _ := findable(t, dht[0].Node(t), secret)
	backup(t, e)
	dht[0].Stop(t)
	_, _, err := byWords(t, secret, dht[2])
	p := Describe(err)
	if !errors.Is(err, ErrNotReached) || p.Code != "not_reached" || !strings.Contains(err.Error(), `"storage"`) {
		t.Errorf("got %v: %+v", err, p)
	}
}

// TestAStorageThatAsksForAKeyIsNamed: the beacon holds none, and it is said what is missing. The storage listens to no other
// node.
func TestAStorageThatAsksForAKeyIsNamed(t *testing.T) {
	dht := nodetest.StartDHT(t, 2)
	secret := testEntropy(t)
	locked := nodetest.StartKubo(t)
	way := secured(t, locked)
	b := &format.Beacon{
		Device: format.DeviceID{1}, Seconds: time.Now().Unix(), States: []format.BeaconState{{Device: format.DeviceID{1}, Seq: 1}},
		Places: []format.Place{{Name: "Pi", Addresses: []string{way.url}, Fingerprint: way.print}},
	}
	_, err := vault.LeaveBeacon(t.Context(), dht[0].Node(t), secret, b, vault.BeaconPlace{})
	must(t, err)
	_, _, err = byWords(t, secret, dht[1])
	if !errors.Is(err, ErrNotReached) || !errors.Is(err, node.ErrUnauthorized) || !strings.Contains(err.Error(), way.url) {
		t.Errorf("got %v", err)
	}
	if p := Describe(err); p.Code != "not_reached" || p.Exit != ExitStorage {
		t.Errorf("it says %+v", p)
	}

	// One that lets everybody in is used as it is.
	open := nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("API.Authorizations", nil) })
	o, src := findable(t, open.Node(t), secret)
	backup(t, o)
	way = secured(t, open)
	x := o.vault().Beacon(time.Now())
	x.Places = []format.Place{{Name: "Open", Addresses: []string{way.url}, Fingerprint: way.print}}
	_, err = vault.LeaveBeacon(t.Context(), dht[0].Node(t), secret, x, vault.BeaconPlace{})
	must(t, err)
	got, files, err := byWords(t, secret, dht[1])
	must(t, err)
	sameContents(t, files, onDisk(t, src))
	if got.Storage != way.url {
		t.Errorf("the storage is %q", got.Storage)
	}
	if !slices.ContainsFunc(got.Problems, func(p Problem) bool { return p.Code == "rolled_back" }) {
		t.Errorf("that the storage lacks the other device's state is not said: %+v", got.Problems)
	}
}
