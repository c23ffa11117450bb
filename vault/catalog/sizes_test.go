package catalog

import (
	"fmt"
	"slices"
	"testing"
)

// TestSizesCountEachPackOnce in all, and tell what only one device needs.
func TestSizesCountEachPackOnce(t *testing.T) {
	c := newCatalog(t)
	one, two := [16]byte{1}, [16]byte{2}
	err := c.Update(t.Context(), func(tx *Tx) error {
		for i, p := range []struct {
			size    uint32
			holders [][16]byte
		}{{100, [][16]byte{one}}, {200, [][16]byte{one, two}}, {400, [][16]byte{two}}, {800, nil}} {
			no, err := tx.AddPack(Pack{Digest: [32]byte{byte(i + 1)}, Type: 1, Size: p.size, Owner: one})
			if err != nil {
				return err
			}
			for _, h := range p.holders {
				if err := tx.Hold(no, h); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	total, devices, err := c.Sizes(t.Context())
	want := []DeviceSize{{one, 300, 100}, {two, 600, 400}}
	if err != nil || total != 1500 || !slices.Equal(devices, want) {
		t.Errorf("%d bytes, %+v, %v", total, devices, err)
	}
	empty := newCatalog(t)
	if total, devices, err := empty.Sizes(t.Context()); err != nil || total != 0 || devices != nil {
		t.Errorf("of nothing: %d, %v, %v", total, devices, err)
	}
}

// TestPlacesAreAllThereAndInOrder over many portions, with chunks in several packs.
func TestPlacesAreAllThereAndInOrder(t *testing.T) {
	c := newCatalog(t)
	var want []Place
	err := c.Update(t.Context(), func(tx *Tx) error {
		for i := range 3 {
			no, err := tx.AddPack(Pack{Digest: [32]byte{byte(i + 1)}, Type: 1, Size: 1})
			if err != nil {
				return err
			}
			var ids []ChunkID
			for j := range 10_000 {
				if j%3 == 0 || j%7 == i {
					ids = append(ids, ChunkID(fmt.Appendf(nil, "%016d", j)))
				}
			}
			for _, id := range ids {
				want = append(want, Place{id, no})
			}
			if err := tx.AddChunks(no, ids); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(want, func(a, b Place) int {
		if x := slices.Compare(a.ID[:], b.ID[:]); x != 0 {
			return x
		}
		return int(a.Pack - b.Pack)
	})
	var got []Place
	for p, err := range c.Places(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d places, want %d", len(got), len(want))
	}
	for range c.Places(t.Context()) {
		break // who has enough stops
	}
}
