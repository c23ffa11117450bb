package vault_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// addOnly is a storage whose token takes nothing away, as the proxy of the node kit answers.
type addOnly struct{ node.Node }

func (addOnly) PinRemove(context.Context, cid.Cid) error { return node.ErrUnauthorized }

func (addOnly) Unlink(context.Context, string) error { return node.ErrUnauthorized }

func (addOnly) GC(context.Context) error { return node.ErrUnauthorized }

// A device whose token may only add saves and restores like any other. What it cannot tidy stays, and another device's
// collection takes nothing of it.
func TestDeviceThatMayOnlyAddSavesLikeAnyOther(t *testing.T) {
	e := entropy(t)
	m := &nodetest.Memory{}
	w := newWriter(t, addOnly{m}, e, "laptop")
	if err := vault.Probe(t.Context(), addOnly{m}, w.bundle, nil); err != nil {
		t.Fatal(err)
	}
	w.commit(t, map[string][]byte{"a": []byte("first")}, 1)
	// A commit that was interrupted after it staged its state left a link where the next one wants to put its own.
	keys := w.bundle.Keys()
	left, err := m.Pins(t.Context())
	if err != nil || len(left) == 0 {
		t.Fatal(left, err)
	}
	for seq := uint64(2); seq < 5; seq++ {
		path := keys.StagingDir(w.bundle.Device()) + "/" + keys.PointerName(w.bundle.Device(), seq)
		if err := m.Link(t.Context(), path, left[0].CID); err != nil && !errors.Is(err, node.ErrExists) {
			t.Fatal(err)
		}
	}
	w.reopen(addOnly{m})
	first, err := m.List(t.Context(), keys.PointerDir())
	if err != nil || len(first) != 1 {
		t.Fatal(first, err)
	}
	w.commit(t, map[string][]byte{"a": []byte("second")}, 2)
	// And the catalog remembers a root that was pinned, and whose pointer never came to be.
	err = w.catalog.Update(t.Context(), func(tx *catalog.Tx) error {
		return tx.AddBatch(catalog.Batch{Root: first[0].CID.Bytes(), Time: time.Now()})
	})
	if err := errors.Join(err, m.Unlink(t.Context(), keys.PointerDir()+"/"+first[0].Name)); err != nil {
		t.Fatal(err)
	}
	w.reopen(addOnly{m})
	w.commit(t, map[string][]byte{"a": []byte("third")}, 3)

	other := newWriter(t, m, e, "desktop")
	other.commit(t, map[string][]byte{"b": []byte("another")}, 4)
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := other.v.Verify(t.Context(), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("%s: %v", p.What, p.Err)
	}
	if got, err := other.v.Versions(t.Context(), other.v.Known()); err != nil || len(got) != 4 {
		t.Errorf("%d versions are there, want 4; error %v", len(got), err)
	}
}
