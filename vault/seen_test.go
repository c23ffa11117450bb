package vault_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// said tells whether a device, asking the storage now, hears exactly what it should: want nil for nothing.
func said(t *testing.T, what string, w *writer, want error) {
	t.Helper()
	st, err := w.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range st.Damaged {
		if want == nil || !errors.Is(d, want) {
			t.Errorf("%s: it is said that %v", what, d)
		}
	}
	if want != nil && len(st.Damaged) == 0 {
		t.Errorf("%s: nothing is said, want %v", what, want)
	}
	if len(st.Damaged) > 2 { // by this device and by another
		t.Errorf("%s: one thing is said %d times: %v", what, len(st.Damaged), st.Damaged)
	}
}

func note(text string) map[string][]byte { return map[string][]byte{"note": []byte(text)} }

// newCatalog is the device after its catalog was lost.
func (w *writer) newCatalog(t *testing.T, n node.Node) {
	t.Helper()
	w.open(t, filepath.Join(t.TempDir(), "catalog.db"), n)
}

// clone is a copy of a device's disk.
func (w *writer) clone(t *testing.T, n node.Node) *writer {
	t.Helper()
	x := *w
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := catalog.CopyDatabase(t.Context(), w.file, file, time.Second); err != nil {
		t.Fatal(err)
	}
	x.open(t, file, n)
	return &x
}

// TestAStateThatWasSeenAndIsNotServedIsSaid: by a new device from another's head, by one whose catalog alone knows it, and
// not only until the next commit.
func TestAStateThatWasSeenAndIsNotServedIsSaid(t *testing.T) {
	for _, how := range []string{"set back", "taken away"} {
		t.Run(how, func(t *testing.T) {
			m, e := &nodetest.Memory{}, entropy(t)
			a, b := newWriter(t, m, e, "a"), newWriter(t, m, e, "b")
			a.commit(t, note("a1"), 1)
			b.commit(t, note("b1"), 2)
			old := m.Clone()
			b.commit(t, note("b2"), 3)
			said(t, "all is there", a, nil) // a's catalog knows b's second state, its head does not
			if how == "taken away" {
				k := b.bundle.Keys()
				old = old.Clone()
				if err := old.Unlink(t.Context(), k.PointerDir()+"/"+k.PointerName(b.v.Device(), 1)); err != nil {
					t.Fatal(err)
				}
			}
			a.reopen(old)
			said(t, "known to the catalog alone", a, vault.ErrRolledBack)
			said(t, "a new device, when no head knows it", newWriter(t, old, e, "new"), nil)
			a.commit(t, note("a2"), 4)
			if d := a.v.Known().Damaged; len(d) != 1 || !errors.Is(d[0], vault.ErrRolledBack) {
				t.Errorf("after a commit, what the session met is %v", d)
			}
			said(t, "after a commit", a, vault.ErrRolledBack)
			said(t, "a new device, when a head knows it", newWriter(t, old, e, "new"), vault.ErrRolledBack)
			a.newCatalog(t, old)
			a.commit(t, note("a3"), 5)
			said(t, "after two commits, with a new catalog", a, vault.ErrRolledBack)
			b.newCatalog(t, old)
			said(t, "the device itself, told by the other", b, vault.ErrRolledBack)
		})
	}
}

func TestAStorageThatIsBehindItsOwnWordIsSaid(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.commit(t, note("1"), 1)
	old := m.Clone()
	w.commit(t, note("2"), 2)
	said(t, "all is there", w, nil)
	w.reopen(old)
	said(t, "set back", w, vault.ErrRolledBack)
	if p, err := w.v.Prune(t.Context(), vault.PruneOptions{}); !errors.Is(err, vault.ErrRolledBack) {
		t.Errorf("pruning a storage that was set back: %+v, %v", p, err)
	}
	w.commit(t, note("3"), 3)
	said(t, "after the next commit", w, nil)
	w.reopen(&nodetest.Memory{})
	said(t, "empty", w, vault.ErrRolledBack)
}

// TestACloneIsSaid: two computers with one device's keys, each told when the other has saved, and an interrupted commit is
// not taken for a clone's.
func TestACloneIsSaid(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.commit(t, note("1"), 1)
	c := w.clone(t, m)
	said(t, "a clone that did nothing", w, nil)
	c.commit(t, note("of the clone"), 2)
	said(t, "the clone itself", c, nil)
	said(t, "after the clone's commit", w, vault.ErrCloned)
	w.commit(t, note("2"), 3)
	if d := w.v.Known().Damaged; len(d) != 1 || !errors.Is(d[0], vault.ErrCloned) {
		t.Errorf("after a commit, what the session met is %v", d)
	}
	said(t, "after its own commit", w, nil)
	said(t, "the clone after the original's commit", c, vault.ErrCloned)
	if got := versionsOf(t, m, e); len(got) != 3 {
		t.Errorf("%d versions of 3 are there", len(got))
	}

	for _, method := range []string{"Pinned", "List"} { // after the pointer was made, before it was confirmed
		f := nodetest.NewFaulty(m, 1)
		w.reopen(f)
		s, err := w.v.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.Script(nodetest.Fault{Method: method, Call: 3, Kind: nodetest.Fail})
		if method == "List" {
			f.Script(nodetest.Fault{Method: method, Call: 1, Kind: nodetest.Fail})
		}
		before := w.v.Known().Own(w.v.Device()).Seq
		if _, err := s.Commit(t.Context(), nil, nil); !errors.Is(err, node.ErrUnreachable) && err != nil {
			t.Fatal(err)
		}
		s.Close()
		w.reopen(m)
		said(t, "an interrupted commit", w, nil)
		if now := w.v.Known().Own(w.v.Device()).Seq; now != before+1 {
			t.Errorf("the commit made no state: %d after %d", now, before)
		}
	}
	w.newCatalog(t, m)
	said(t, "with a new catalog", w, nil)
}

// TestAForkIsSaid: a clone makes another state of a number that is known.
func TestAForkIsSaid(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b := newWriter(t, m, e, "a"), newWriter(t, m, e, "b")
	a.commit(t, note("a1"), 1)
	b.commit(t, note("b1"), 2)
	clone, old := b.clone(t, m), m.Clone()
	b.commit(t, note("b2"), 3)
	said(t, "all is there", a, nil)
	clone.reopen(old)
	clone.commit(t, note("another b2"), 4)
	a.reopen(old)
	said(t, "to another device", a, vault.ErrCloned)
	a.commit(t, note("a2"), 5)
	said(t, "to a new device", newWriter(t, old, e, "new"), vault.ErrCloned)
	b.reopen(old)
	said(t, "to the device itself", b, vault.ErrCloned)
}
