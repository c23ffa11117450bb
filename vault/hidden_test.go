package vault_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"

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

	if err := a.catalog.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "catalog.db")
	b := &writer{bundle: copyOf(t, a.bundle, a.file, file), folder: a.folder, path: a.path}
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
	if got := slices.Sorted(maps.Keys(versionsOf(t, old, e))); !slices.Equal(got, []string{"laptop 1", "laptop 4"}) {
		t.Fatalf("the copy hides nothing: %v", got)
	}
	a.commit(t, note("later"), 5)
	collect(t, old)
	if got := slices.Sorted(maps.Keys(versionsOf(t, old, e))); !slices.Equal(got, []string{"laptop 1", "laptop 3", "laptop 5"}) {
		t.Errorf("listed are %v", got)
	}
}
