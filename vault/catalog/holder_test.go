package catalog

import (
	"context"
	"errors"
	"testing"
)

// TestAPackStaysKnownWhileAnyHeadNamesIt: several devices name one pack; it is forgotten with the last of them, and never
// counts as linked once this device has released it.
func TestAPackStaysKnownWhileAnyHeadNamesIt(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	self, other, third := [16]byte{1}, [16]byte{2}, [16]byte{3}
	p := numberedPack(1)
	p.Linked, p.Owner = false, other
	ids := numberedChunks(1, 3)
	update(t, c, func(tx *Tx) error {
		no, err := tx.AddPack(p)
		return errors.Join(err, tx.AddChunks(no, ids), tx.Hold(no, other), tx.Hold(no, third), tx.Hold(no, third))
	})
	update(t, c, func(tx *Tx) error {
		no, err := tx.AddPack(Pack{Digest: p.Digest, Type: p.Type, Size: p.Size, Linked: true, Owner: self})
		return errors.Join(err, tx.Hold(no, self))
	})
	look := func() (Pack, bool) {
		t.Helper()
		got, ok, err := c.Chunk(ctx, ids[1])
		if err != nil {
			t.Fatal(err)
		}
		return got, ok
	}
	release := func(device [16]byte) {
		t.Helper()
		update(t, c, func(tx *Tx) error { return tx.Release(p.Digest, device) })
	}
	if got, ok := look(); !ok || !got.Linked || got.Owner != self {
		t.Fatalf("after this device linked it: %+v, %v", got, ok)
	}
	release(other)
	if got, ok := look(); !ok || !got.Linked || got.Owner != self {
		t.Errorf("after another device released it: %+v, %v", got, ok)
	}
	if held := must[[]Pack](t)(c.Held(ctx, other)); len(held) != 0 {
		t.Errorf("the device that released it still holds %d packs", len(held))
	}
	release(self)
	if got, ok := look(); !ok || got.Linked || got.Owner != third {
		t.Errorf("after this device released it: %+v, %v", got, ok)
	}
	release(self) // again: nothing of it is left
	if held := must[[]Pack](t)(c.Held(ctx, third)); len(held) != 1 || held[0].Digest != p.Digest {
		t.Errorf("the last holder holds %+v", held)
	}
	release(third)
	if got, ok := look(); ok {
		t.Errorf("after all released it, it is still known: %+v", got)
	}
	update(t, c, func(tx *Tx) error { return tx.Release(p.Digest, third) })
	update(t, c, func(tx *Tx) error {
		no, err := tx.AddPack(Pack{Digest: p.Digest, Linked: true, Owner: self})
		return errors.Join(err, tx.Hold(no, self), tx.Hold(no, other), tx.HoldAlone(self))
	})
	if held := must[[]Pack](t)(c.Held(ctx, other)); len(held) != 0 {
		t.Errorf("a forgotten device holds %d packs", len(held))
	}
	release(self)
	if got := packsOf(t, c); len(got) != 0 {
		t.Errorf("a pack passed to a forgotten device: %+v", got)
	}
	if err := c.Update(ctx, func(tx *Tx) error { return tx.Hold(99, self) }); err == nil {
		t.Error("an unknown pack can be held")
	}
}

// TestAnOlderCatalogLearnsWhoHoldsItsPacks: the schema before holders had one owner for each pack.
func TestAnOlderCatalogLearnsWhoHoldsItsPacks(t *testing.T) {
	path := t.TempDir() + "/catalog.db"
	c, err := openConn("", connOptions{})
	if err != nil {
		t.Fatal(err)
	}
	quoted := "'" + path + "'"
	err = errors.Join(
		c.script(migrations[0]),
		c.script(`INSERT INTO packs (digest, type, size, linked, owner) VALUES (zeroblob(32), 1, 1000, 1, zeroblob(16));
			PRAGMA application_id = 0x526F7374; PRAGMA user_version = 1; VACUUM INTO `+quoted),
		c.close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	held := must[[]Pack](t)(openAt(t, path).Held(context.Background(), [16]byte{}))
	if len(held) != 1 || !held[0].Linked {
		t.Errorf("the old owner holds %+v", held)
	}
}
