package vault

import (
	"crypto/rand"
	"testing"

	"roost/vault/format"
)

// Whatever is open of large files at the end of a run goes with the rest: a small change of each makes one pack, not two.
func TestWhatIsLeftOfLargeFilesSharesTheLastPacks(t *testing.T) {
	data, large := newPacker(format.DataPack, 4), newPacker(format.DataPack, 4)
	put := func(p *packer, n int) {
		b := make([]byte, n)
		rand.Read(b) // never fails
		if full := p.add(format.KindData, format.ChunkID(b[:32]), n, false, b); full != nil {
			t.Fatal("a pack is full")
		}
	}
	for range 3 {
		put(data, 100<<10)
		put(large, 200<<10)
	}
	data.takeOver(large)
	packs, bytes := data.rest(), 0
	for _, b := range packs {
		bytes += b.Size()
	}
	if len(packs) != 1 || bytes < 900<<10 || len(large.rest()) != 0 {
		t.Errorf("%d packs of %d bytes, and %d of large files", len(packs), bytes, len(large.rest()))
	}
}
