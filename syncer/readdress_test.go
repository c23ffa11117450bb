package syncer

import (
	"errors"
	"testing"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// A storage that was moved, or has another key, goes on where it stopped; another storage at that address never takes
// its place.
func TestAStorageThatWasMovedGoesOn(t *testing.T) {
	k, other := nodetest.StartKubo(t), nodetest.StartKubo(t)
	home := t.TempDir() + "/home"
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	_, err := Setup(t.Context(), opts, SetupOptions{URL: k.URL, Token: k.Token, NodeName: "Pi"})
	must(t, err)
	e, err := Open(t.Context(), opts)
	must(t, err)
	defer func() { must(t, e.Close()) }()
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	was := k.URL
	k.Stop(t)
	k.Start(t)
	if k.URL == was {
		t.Fatal("the storage was not moved")
	}
	write(t, src+"/new", "new")
	for _, c := range []struct {
		what string
		to   SetupOptions
		want error
	}{
		{"another storage", SetupOptions{URL: other.URL, Token: other.Token}, node.ErrNotPinned},
		{"a wrong key", SetupOptions{URL: k.URL, Token: "bearer:wrong"}, node.ErrUnauthorized},
		{"nothing", SetupOptions{}, ErrUsage},
		{"where nobody answers", SetupOptions{URL: "http://127.0.0.1:1"}, node.ErrUnreachable},
	} {
		if err := e.Readdress(t.Context(), "Pi", c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.what, err)
		}
		if got := e.home.config().Nodes[0].URL; got != was || e.bundle.Token("Pi") != k.Token {
			t.Errorf("after %s its address is %s", c.what, got)
		}
	}
	if err := e.Readdress(t.Context(), "attic", SetupOptions{URL: k.URL}); !errors.Is(err, ErrUsage) {
		t.Errorf("of an unknown storage: %v", err)
	}
	must(t, e.Readdress(t.Context(), "Pi", SetupOptions{URL: k.URL, Token: k.Token}))
	backup(t, e)
	wantState(t, e, StateSafe)
	must(t, e.Close())
	again, err := Open(t.Context(), opts)
	must(t, err)
	defer func() { must(t, again.Close()) }()
	wantState(t, again, StateSafe)
}

// A further storage is moved in the same way.
func TestAFurtherStorageThatWasMovedCatchesUp(t *testing.T) {
	k := nodetest.StartKubo(t)
	e := testEngine(t, newPeer("one"), testEntropy(t))
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	must(t, e.AddNode(t.Context(), SetupOptions{NodeName: "second", URL: k.URL, Token: k.Token}))
	k.Stop(t)
	k.Start(t)
	write(t, src+"/new", "new")
	must(t, e.Readdress(t.Context(), "second", SetupOptions{URL: k.URL, Token: k.Token}))
	backup(t, e)
	wantState(t, e, StateSafe)
}

// What the newest version lacks is known also to an engine that has not looked yet, and to one that keeps the folder.
func TestWhatIsNotSavedIsKnown(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src := t.TempDir()
	write(t, src+"/a", "1")
	write(t, src+"/.roostignore", "[\n")
	added(t, e, src)
	backup(t, e)
	check := func(when string) {
		t.Helper()
		list, err := e.NotSaved(t.Context())
		if err != nil || len(list) != 1 || list[0].Folder != src || len(list[0].Files) != 1 {
			t.Fatalf("%s: %+v, %v", when, list, err)
		}
		x := list[0].Files[0]
		if why, _ := x.Why(); why != WhyRules || x.Failed || x.Path != ".roostignore" {
			t.Errorf("%s: %+v is of kind %d", when, x, why)
		}
	}
	check("before anybody looked")
	running(t, e)
	until(t, e, "all is safe", isSafe)
	check("while it is kept")
	write(t, src+"/.roostignore", "*.tmp\n")
	until(t, e, "the change is seen", func(s Status) bool { return !isSafe(s) })
	until(t, e, "the change is saved", isSafe)
	if list, err := e.NotSaved(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("after it was mended: %+v, %v", list, err)
	}
	acts, err := e.Activity(t.Context(), 1)
	if err != nil || len(acts) != 1 || acts[0].Storage != "storage" {
		t.Errorf("the activity is %+v, %v", acts, err)
	}
}
