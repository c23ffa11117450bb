package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"roost/vault"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// TestAStateThatACopyOfTheDeviceHidIsBroughtToLight: a storage is set back, and a device and a copy of it publish at once. The
// copy leaves out the number that it has used before, so no pointer keeps the two apart, and its process ends before it looks
// whether it hides anything. What the device was told is saved stays.
func TestAStateThatACopyOfTheDeviceHidIsBroughtToLight(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a := newWriter(t, m, e, "laptop")
	a.commit(t, note("first"), 1)
	old := m.Clone()

	sealed, err := a.bundle.Seal([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	b := &writer{folder: a.folder, path: a.path}
	if b.bundle, err = vault.OpenBundle(sealed, a.bundle.Vault(), [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := a.catalog.Close(); err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "catalog.db")
	if err := os.WriteFile(file, known, 0o600); err != nil {
		t.Fatal(err)
	}
	a.open(t, a.file, old)
	b.open(t, file, m)
	b.commit(t, note("before the storage was set back"), 2)

	links, ended := 0, false
	b.reopen(&nodetest.Around{Node: old, Do: func(_ context.Context, method string, call func() error) error {
		if ended {
			return node.ErrUnreachable
		}
		if method == "Link" {
			links++
		}
		if links < 2 { // the first holds the new blocks, the second is the pointer
			return call()
		}
		a.commit(t, note("confirmed"), 3)
		ended = true
		return call()
	}})
	if err := b.try(t.Context(), note("hides it"), 4); !errors.Is(err, node.ErrUnreachable) || !ended {
		t.Fatalf("the copy's commit gave %v", err)
	}
	if got := secondsOf(t, newWriter(t, old, e, "reader")); !slices.Equal(got, []int64{4, 1}) {
		t.Fatalf("the copy hides nothing: %v", got)
	}
	a.commit(t, note("later"), 5)
	if err := old.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := secondsOf(t, newWriter(t, old, e, "reader")); !slices.Equal(got, []int64{5, 3, 1}) {
		t.Errorf("listed are %v", got)
	}
}

// secondsOf lists the times of all versions, newest first, each of which opens.
func secondsOf(t *testing.T, r *writer) (out []int64) {
	t.Helper()
	st, err := r.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	versions, err := r.v.Versions(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range versions {
		if _, err := r.files(t.Context(), x.ID); err != nil {
			t.Errorf("version %d: %v", x.Seconds, err)
		}
		out = append(out, x.Seconds)
	}
	slices.SortFunc(out, func(a, b int64) int { return int(b - a) })
	return out
}
