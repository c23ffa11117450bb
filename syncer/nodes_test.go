package syncer

import (
	"context"
	"errors"
	"fmt"
	"os"
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

// peer is a storage in memory with an identity of its own.
type peer struct {
	*nodetest.Memory
	id string
}

func newPeer(id string) peer { return peer{&nodetest.Memory{PinTimeout: 50 * time.Millisecond}, id} }

func (p peer) Info(ctx context.Context) (node.Info, error) {
	i, err := p.Memory.Info(ctx)
	i.PeerID = p.id
	return i, err
}

// further adds a storage as AddNode does once it is connected.
func further(t *testing.T, e *Engine, name string, n node.Node) {
	t.Helper()
	nc := nodeConfig{Name: name, URL: "http://127.0.0.1:1/" + name}
	if err := e.admit(t.Context(), nc, access{token: "token of " + name}, connection{node: n}); err != nil {
		t.Fatal(err)
	}
}

// swapFar puts another storage behind a name.
func swapFar(e *Engine, name string, n node.Node) {
	e.farMu.Lock()
	defer e.farMu.Unlock()
	e.keepFar(name, connection{node: n})
}

// roots lists the pins on a storage, without the one that a new Kubo makes by itself.
func roots(t *testing.T, n node.Node) []node.Pin {
	t.Helper()
	pins, err := n.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(pins, func(p node.Pin) bool { return p.CID.Version() == 0 })
}

// holdsAll proves that a storage brings a folder back by itself, and keeps nothing but the newest state.
func holdsAll(t *testing.T, n node.Node, secret format.Entropy, src string) {
	t.Helper()
	if err := n.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameContents(t, recovered(t, n, secret), onDisk(t, src))
	if p := roots(t, n); len(p) != 1 {
		t.Errorf("%d pins are left, want the one root", len(p))
	}
}

func wantState(t *testing.T, e *Engine, want string) {
	t.Helper()
	if s := e.Status(t.Context()); s.State != want {
		t.Errorf("status is %+v, want %s", s, want)
	}
}

func TestAddedStorageHoldsEverythingByItself(t *testing.T) {
	run := func(t *testing.T, first, second node.Node, add func(*testing.T, *Engine)) {
		secret := testEntropy(t)
		e := testEngine(t, first, secret)
		src := t.TempDir()
		sample(t, src, 1)
		write(t, src+"/large", noise(77, 20<<20)) // more than a batch
		added(t, e, src)
		backup(t, e)
		write(t, src+"/second", noise(20, 200_000))
		backup(t, e)
		add(t, e)
		holdsAll(t, second, secret, src)
		wantState(t, e, "safe")

		write(t, src+"/third", noise(30, 1_200_000))
		if err := os.Remove(src + "/second"); err != nil {
			t.Fatal(err)
		}
		backup(t, e)
		wantState(t, e, "safe")
		holdsAll(t, first, secret, src)
		holdsAll(t, second, secret, src)
		versions, _, err := testEngine(t, second, secret).Snapshots(t.Context(), "")
		if err != nil || len(versions) != 3 {
			t.Errorf("the second storage lists %d versions, want 3; error %v", len(versions), err)
		}
		for _, n := range e.Nodes(t.Context()) {
			if n.State != "safe" {
				t.Errorf("storage %+v is not safe", n)
			}
			c, err := e.CheckNode(t.Context(), n.Name)
			if err != nil || c.State != "safe" || c.Checks[len(c.Checks)-1].Name != "kept" {
				t.Errorf("check of %q: %+v, error %v", n.Name, c, err)
			}
		}
		if p := roots(t, second); len(p) != 1 {
			t.Errorf("the check leaves %d pins", len(p))
		}
	}
	t.Run("memory", func(t *testing.T) {
		first, second := newPeer("one"), newPeer("two")
		run(t, first, second, func(t *testing.T, e *Engine) { further(t, e, "second", second) })
	})
	t.Run("kubo", func(t *testing.T) {
		first, second := nodetest.StartKubo(t), nodetest.StartKubo(t)
		run(t, first.Node(t), second.Node(t), func(t *testing.T, e *Engine) {
			if err := e.AddNode(t.Context(), SetupOptions{URL: second.URL, Token: second.Token}); err != nil {
				t.Fatal(err)
			}
			saved, err := os.ReadFile(e.home.path(configFile))
			if err != nil || !strings.Contains(string(saved), `"storage 2"`) || strings.Contains(string(saved), second.Token) {
				t.Errorf("the settings are %s, error %v", saved, err)
			}
			if e.bundle.Token("storage 2") != second.Token {
				t.Error("the new storage's token was not kept")
			}
		})
	})
}

func TestWrongTokenIsRefusedBeforeAnythingIsSaved(t *testing.T) {
	e := testEngine(t, newPeer("one"), testEntropy(t))
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	before := onDisk(t, e.home.dir)
	k := nodetest.StartKubo(t)
	err := e.AddNode(t.Context(), SetupOptions{NodeName: "second", URL: k.URL, Token: "bearer:wrong"})
	if !errors.Is(err, node.ErrUnauthorized) {
		t.Errorf("a wrong token gave %v", err)
	}
	after := onDisk(t, e.home.dir)
	for _, f := range []string{configFile, bundleFile} {
		if before[f] != after[f] {
			t.Errorf("%s was changed", f)
		}
	}
	if len(e.home.cfg.Nodes) != 1 || e.bundle.Token("second") != "" {
		t.Error("the refused storage is remembered")
	}
	if p := roots(t, k.Node(t)); len(p) != 0 {
		t.Errorf("the storage that was refused holds %v", p)
	}
	wantState(t, e, "safe")
}

func TestStorageThatRoostRunsIsAddedAndEndsWithTheEngine(t *testing.T) {
	t.Setenv("ROOST_IPFS", nodetest.Binary(t))
	secret := testEntropy(t)
	e := testEngine(t, newPeer("one"), secret)
	src, dir := t.TempDir(), t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	if err := e.AddNode(t.Context(), SetupOptions{LocalDir: dir}); err != nil {
		t.Fatal(err)
	}
	wantState(t, e, "safe")
	m := e.far["storage 2"].managed
	holdsAll(t, m.Node(), secret, src)
	if err := e.closeFar(); err != nil {
		t.Fatal(err)
	}
	if m.URL() != "" {
		t.Errorf("the storage still runs at %s", m.URL())
	}
	write(t, src+"/more", "more")
	backup(t, e) // starts it again
	holdsAll(t, e.far["storage 2"].node, secret, src)
	if err := e.closeFar(); err != nil {
		t.Fatal(err)
	}
}

func TestStorageThatIsDownIsNamedAndCatchesUp(t *testing.T) {
	secret := testEntropy(t)
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	further(t, e, "attic", second) // before the first backup: there is nothing to copy yet
	backup(t, e)
	holdsAll(t, second, secret, src)
	held := onDisk(t, src)

	swapFar(e, "attic", &cutOff{Node: second})
	for i := range 3 {
		write(t, fmt.Sprintf("%s/later %d", src, i), noise(uint64(40+i), 300_000))
		saved, err := e.Backup(t.Context(), nil, nil)
		if p := Describe(err); !errors.Is(err, node.ErrUnreachable) || p.Exit != ExitStorage || !p.Retry {
			t.Fatalf("a storage that is down made %v, described as %+v", err, p)
		}
		if len(saved) != 1 || !saved[0].Complete {
			t.Errorf("the results are not told beside the error: %+v", saved)
		}
	}
	s := e.Status(t.Context())
	if s.State != "waiting" || s.Folders[0].State != "waiting" || len(s.Problems) != 1 || s.Problems[0].Code != "unreachable" {
		t.Errorf("status is %+v", s)
	}
	sameContents(t, recovered(t, second, secret), held)

	swapFar(e, "attic", second)
	s = e.Status(t.Context())
	if s.State != "waiting" || len(s.Problems) != 1 || s.Problems[0].Code != "copy_behind" {
		t.Errorf("status while the copy is behind is %+v", s)
	}
	if s := backup(t, e); !s.Unchanged {
		t.Errorf("catching up made a version: %+v", s)
	}
	wantState(t, e, "safe")
	holdsAll(t, first, secret, src)
	holdsAll(t, second, secret, src)
}

func TestCopyCutOffAtEveryCallLosesNothing(t *testing.T) {
	for _, empty := range []bool{false, true} {
		t.Run(fmt.Sprintf("first copy=%v", empty), func(t *testing.T) {
			eachCut(t, 200, 200, func(t *testing.T, n int64, after bool) bool { return copyCutOffAt(t, n, after, empty) })
		})
	}
}

// copyCutOffAt cuts the copy to the second storage off at its n-th call; false when it made fewer. Whatever happened, the
// second storage holds its former state or the new one whole, and the next backup brings the new one there.
func copyCutOffAt(t *testing.T, n int64, after, empty bool) bool {
	t.Helper()
	secret := testEntropy(t)
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, secret)
	src := t.TempDir()
	write(t, src+"/a", noise(1, 300_000))
	write(t, src+"/b", "unchanged")
	added(t, e, src)
	if !empty {
		further(t, e, "second", second)
	}
	backup(t, e)
	old := onDisk(t, src)
	write(t, src+"/a", noise(2, 200_000))
	write(t, src+"/sub/c", noise(3, 1_200_000))
	want := onDisk(t, src)
	if empty {
		old = nil
		backup(t, e)
		e.home.cfg.Nodes = append(e.home.cfg.Nodes, nodeConfig{Name: "second", URL: "http://127.0.0.1:2"})
	}

	cut := &cutOff{Node: second, after: after}
	cut.left.Store(n)
	swapFar(e, "second", cut)
	_, err := e.Backup(t.Context(), nil, nil)
	if err == nil && cut.left.Load() > 0 {
		return false
	}
	if err != nil && !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("cut off at call %d: %v", n, err)
	}
	if err == nil {
		wantStateOn(t, e, second, "safe")
	}
	if err := second.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := recovered(t, second, secret)
	if err == nil || len(got) == len(want) {
		sameContents(t, got, want)
	} else {
		sameContents(t, got, old)
	}

	e = reopen(t, e, first)
	swapFar(e, "second", second)
	backup(t, e)
	wantState(t, e, "safe")
	holdsAll(t, second, secret, src)
	dir := e.bundle.Keys().PointerDir()
	if l, err := second.List(t.Context(), dir); err != nil || len(l) != 1 {
		t.Errorf("cut off at call %d: %d pointers are left, error %v", n, len(l), err)
	}
	return !t.Failed()
}

func wantStateOn(t *testing.T, e *Engine, n node.Node, want string) {
	t.Helper()
	swapFar(e, "second", n)
	wantState(t, e, want)
}

func TestFirstStorageRemovedOrLostTheNextTakesOver(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost=%v", lost), func(t *testing.T) {
			secret := testEntropy(t)
			first, second := newPeer("one"), newPeer("two")
			e := testEngine(t, first, secret)
			// Another device keeps what this one is going to have too, on the first storage alone.
			other := testEngine(t, first, secret)
			theirs := t.TempDir()
			for i := range 6 {
				write(t, fmt.Sprintf("%s/%d", theirs, i), noise(uint64(60+i), 2_000_000))
				if i == 0 {
					added(t, other, theirs)
				}
				backup(t, other)
			}
			src := t.TempDir()
			sample(t, src, 1)
			added(t, e, src)
			backup(t, e)
			further(t, e, "second", second)
			before := roots(t, first)

			e = reopen(t, e, first)
			if lost {
				e = reopen(t, e, &cutOff{Node: first})
			}
			swapFar(e, "second", second)
			if err := e.RemoveNode(t.Context(), "storage", false); err != nil {
				t.Fatal(err)
			}
			if got := roots(t, first); !slices.Equal(got, before) {
				t.Errorf("removing a storage changed its pins from %v to %v", before, got)
			}
			if len(e.home.cfg.Nodes) != 1 || e.home.cfg.Nodes[0].Name != "second" || e.bundle.Token("second") == "" {
				t.Errorf("the settings are %+v", e.home.cfg)
			}
			if s := backup(t, e); !s.Unchanged {
				t.Errorf("taking over made a version: %+v", s)
			}
			for i := range 6 { // content that the catalog knew from the other device
				write(t, fmt.Sprintf("%s/theirs/%d", src, i), noise(uint64(60+i), 2_000_000))
			}
			backup(t, e)
			verified(t, e)
			wantState(t, e, "safe")
			holdsAll(t, second, secret, src)
			again := reopen(t, e, second)
			if s := backup(t, again); !s.Unchanged {
				t.Errorf("the next process makes a version: %+v", s)
			}
		})
	}
}

func TestFirstStorageStaysWhileTheNextIsBehind(t *testing.T) {
	secret := testEntropy(t)
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	further(t, e, "second", second)
	backup(t, e)
	swapFar(e, "second", &cutOff{Node: second})
	write(t, src+"/new", "new")
	if _, err := e.Backup(t.Context(), nil, nil); !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("the second storage was not cut off: %v", err)
	}
	if err := e.RemoveNode(t.Context(), "storage", false); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("removing the first while the next is down: %v", err)
	}
	swapFar(e, "second", second)
	for _, n := range []node.Node{first, &cutOff{Node: first}} {
		e = reopen(t, e, n)
		swapFar(e, "second", second)
		if err := e.RemoveNode(t.Context(), "storage", false); !errors.Is(err, ErrUsage) {
			t.Errorf("removing the first while the next is behind: %v", err)
		}
	}
	if len(e.home.cfg.Nodes) != 2 {
		t.Fatalf("the settings are %+v", e.home.cfg)
	}
	e = reopen(t, e, first)
	swapFar(e, "second", second)
	backup(t, e)
	if err := e.RemoveNode(t.Context(), "storage", false); err != nil {
		t.Error(err)
	}
	holdsAll(t, second, secret, src)
}

func TestRemovedStorageKeepsWhatItHolds(t *testing.T) {
	secret := testEntropy(t)
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "second", second)
	held := onDisk(t, src)
	if err := e.RemoveNode(t.Context(), "second", false); err != nil {
		t.Fatal(err)
	}
	if e.bundle.Token("second") != "" || len(e.home.cfg.Nodes) != 1 {
		t.Error("the storage is still remembered")
	}
	write(t, src+"/new", "new")
	backup(t, e)
	wantState(t, e, "safe")
	if err := second.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameContents(t, recovered(t, second, secret), held)
	for _, name := range []string{"second", "storage"} { // unknown by now, and the last one
		if err := e.RemoveNode(t.Context(), name, false); !errors.Is(err, ErrUsage) {
			t.Errorf("removing %q: %v", name, err)
		}
	}
	further(t, e, "second", second) // and back again
	holdsAll(t, second, secret, src)
}

func TestStorageThatCannotBeAddedIsRefused(t *testing.T) {
	first := newPeer("one")
	e := testEngine(t, first, testEntropy(t))
	src := filepath.Join(t.TempDir(), "outer", "kept")
	sample(t, src, 1)
	added(t, e, src)
	local := t.TempDir()
	e.home.cfg.Nodes = append(e.home.cfg.Nodes, nodeConfig{Name: "here", Dir: local})
	for _, o := range []struct {
		SetupOptions
		want error
	}{
		{SetupOptions{NodeName: "storage", URL: "http://127.0.0.1:2"}, ErrUsage},
		{SetupOptions{NodeName: "x", URL: "http://127.0.0.1:1"}, ErrUsage},
		{SetupOptions{NodeName: "x"}, ErrUsage},
		{SetupOptions{NodeName: "x", LocalDir: local}, ErrUsage},
		{SetupOptions{NodeName: "x", LocalDir: filepath.Join(local, "repo")}, ErrUsage},
		{SetupOptions{NodeName: "x", LocalDir: filepath.Join(src, "photos")}, ErrOwnStorage},
		{SetupOptions{NodeName: "x", LocalDir: filepath.Dir(src)}, ErrOwnStorage},
		{SetupOptions{NodeName: "x", URL: "http://192.0.2.1:5001"}, node.ErrInsecure},
	} {
		if err := e.AddNode(t.Context(), o.SetupOptions); !errors.Is(err, o.want) {
			t.Errorf("adding %+v: %v, want %v", o.SetupOptions, err, o.want)
		}
	}
	// Another address of a storage that is in use.
	e.home.cfg.Nodes = e.home.cfg.Nodes[:1]
	err := e.admit(t.Context(), nodeConfig{Name: "x", URL: "http://localhost:1"}, access{}, connection{node: peer{first.Memory, "one"}})
	if !errors.Is(err, ErrUsage) {
		t.Errorf("adding a storage under a second address: %v", err)
	}
	if len(e.home.cfg.Nodes) != 1 {
		t.Errorf("the settings are %+v", e.home.cfg)
	}
}

func TestStoragesThatDisagreeAreLeftAlone(t *testing.T) {
	secret := testEntropy(t)
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	further(t, e, "second", second)
	backup(t, e)
	back := peer{first.Clone(), "one"}
	write(t, src+"/new", "new")
	backup(t, e)
	held := onDisk(t, src)
	before := roots(t, second)

	// The first storage is set back, and the second alone has the newest state.
	e = reopen(t, e, back)
	swapFar(e, "second", second)
	if err := e.vault().Mirror(t.Context(), second, nil); !errors.Is(err, vault.ErrRolledBack) {
		t.Errorf("copying an older state: %v", err)
	}
	if got := roots(t, second); !slices.Equal(got, before) {
		t.Errorf("the storage that knew more was changed from %v to %v", before, got)
	}
	sameContents(t, recovered(t, second, secret), held)
	if s := e.Status(t.Context()); s.State == "safe" {
		t.Errorf("status is %+v", s)
	}
	write(t, src+"/newer", "newer")
	backup(t, e) // goes on above what was confirmed
	holdsAll(t, second, secret, src)
}
