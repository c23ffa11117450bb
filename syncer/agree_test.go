package syncer

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"roost/vault"
)

func codes(problems []Problem) (out []string) {
	for _, p := range problems {
		out = append(out, p.Code+" "+p.Storage)
	}
	return out
}

// An old image of a disk was written back to one of two storages: it is said which, and what it lost comes back from the
// other, with every version.
func TestAStorageOfWhichAnOldDiskImageIsBackIsNamedAndRefilled(t *testing.T) {
	for _, which := range []string{"first", "second"} {
		t.Run(which, func(t *testing.T) {
			secret := testEntropy(t)
			first, second := newPeer("one"), newPeer("two")
			e := testEngine(t, first, secret)
			src := t.TempDir()
			sample(t, src, 1)
			added(t, e, src)
			backup(t, e)
			further(t, e, "second", second)
			images := map[string]peer{"first": {first.Clone(), "one"}, "second": {second.Clone(), "two"}}
			for _, name := range []string{"new", "newer"} {
				write(t, src+"/"+name, noise(9, 200_000))
				backup(t, e)
			}
			wantState(t, e, "safe")

			named := "storage"
			if which == "first" {
				first = images["first"]
			} else {
				second, named = images["second"], "second"
			}
			e = reopen(t, e, first)
			swapFar(e, "second", second)
			s := e.Status(t.Context())
			if s.State == StateSafe || !slices.ContainsFunc(s.Problems, func(p Problem) bool {
				return p.Storage == named && (p.Code == "rolled_back" || p.Code == "copy_set_back")
			}) {
				t.Errorf("the state is %s, the problems are %q", s.State, codes(s.Problems))
			}
			backup(t, e)
			wantState(t, e, "safe")
			holdsAll(t, first, secret, src)
			holdsAll(t, second, secret, src)
			for _, n := range []peer{first, second} {
				versions, _, err := testEngine(t, n, secret).Snapshots(t.Context(), "")
				if err != nil || len(versions) != 3 {
					t.Errorf("storage %s lists %d versions, want 3; error %v", n.id, len(versions), err)
				}
			}
			verified(t, e)
			if which == "first" {
				acts, err := e.Activity(t.Context(), 10)
				if err != nil || !slices.ContainsFunc(acts, func(a Activity) bool { return strings.Contains(a.Text, "was set back") }) {
					t.Errorf("no activity says what happened: %+v, error %v", acts, err)
				}
			}
		})
	}
}

// Two copies of one computer save to two storages: neither takes the place of what the other made.
func TestTwoStoragesWithDifferentHistoriesAreNamedAndLeftAlone(t *testing.T) {
	secret := testEntropy(t)
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, secret)
	src, other := t.TempDir(), t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "second", second)

	clone := testEngineIn(t, t.TempDir(), second, e.bundle)
	sample(t, other, 50)
	added(t, clone, other)
	backup(t, clone)
	theirs := onDisk(t, other)
	before := roots(t, second)
	for i := range 3 { // below the number of the other history, at it, and beyond it
		write(t, src+"/new", noise(uint64(i), 100_000))
		_, err := e.Backup(t.Context(), nil, nil)
		if !errors.Is(err, vault.ErrCloned) && !errors.Is(err, vault.ErrRolledBack) {
			t.Errorf("backup %d over another history gave %v", i, err)
		}
		s := e.Status(t.Context())
		if s.State != StateNeedsYou || !slices.Contains(codes(s.Problems), "storages_disagree second") {
			t.Errorf("after backup %d the state is %s, the problems are %q", i, s.State, codes(s.Problems))
		}
	}
	if got := roots(t, second); !slices.Equal(got, before) {
		t.Errorf("the storage with the other history was changed from %v to %v", before, got)
	}
	if got := recovered(t, second, secret); len(got) < len(theirs) {
		t.Errorf("%d files of the other history are left, of %d", len(got), len(theirs))
	}
	holdsAll(t, first, secret, src)
}
