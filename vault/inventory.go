package vault

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"roost/vault/catalog"
	"roost/vault/format"
)

// inventory is what one head's index says, in memory: 24 bytes for each chunk. It is read from the storage rather than
// from the catalog, which is a cache: what is removed by it is gone.
type inventory struct {
	packs   []packUse // data and metadata packs
	chunks  []format.IndexEntry
	alive   []uint32 // beside chunks: 0 for dead, else bytes of plaintext + 1
	ordered bool     // chunks are sorted: places can be asked for
}

// packUse is one pack, and how much of it is needed.
type packUse struct {
	info    format.PackInfo
	segment int // that lists it: its place in the head; loosePack or waitingPack
	chunks  int
	live    int   // chunks that are needed, and that no other pack is to give
	bytes   int64 // of their plaintext
}

const (
	loosePack   = -1
	waitingPack = -2 // uploaded, and in no root yet
)

// share is the part of a pack that is needed: of its chunks, or of its bytes where that is less. What a chunk takes
// compressed is not known here, so plaintext counts. Padding takes nothing from a pack that is needed whole.
func (p *packUse) share() float64 {
	if p.live == p.chunks {
		return 1
	}
	return min(float64(p.live)/float64(max(p.chunks, 1)), float64(p.bytes)/float64(p.info.Size))
}

// content is about how many bytes of the pack are needed, without padding.
func (p *packUse) content() float64 {
	part := float64(p.info.Size) * float64(p.live) / float64(max(p.chunks, 1))
	return min(part, float64(p.bytes))
}

// add takes a pack with its chunks.
func (x *inventory) add(info format.PackInfo, segment int, ids []catalog.ChunkID) {
	row := uint32(len(x.packs))
	x.packs = append(x.packs, packUse{info: info, segment: segment, chunks: len(ids)})
	for _, id := range ids {
		x.chunks = append(x.chunks, format.IndexEntry{Prefix: id, Pack: row})
	}
	x.ordered = false
}

// readInventory reads the whole index of a head, and compares it with the packs that the root links. Packs in lost count
// as not there.
func (v *Vault) readInventory(ctx context.Context, h *Head, lost map[format.Digest]bool) (*inventory, error) {
	x := &inventory{}
	named := map[format.Digest]bool{}
	count := 0
	for i, ref := range h.Segments {
		seg, err := v.openSegment(ctx, ref)
		if err != nil {
			return nil, fmt.Errorf("read the index: %w", err)
		}
		first := uint32(len(x.packs))
		for _, p := range seg.packs {
			named[p.Digest] = true
			x.packs = append(x.packs, packUse{info: p, segment: i})
		}
		for _, p := range ref.Packs {
			named[p.Digest] = true
		}
		count += len(seg.packs) + len(ref.Packs)
		x.chunks = slices.Grow(x.chunks, int(min(ref.Chunks, 1<<30)))
		err = v.entries(ctx, seg, func(es []format.IndexEntry) error {
			for _, e := range es {
				row := first + e.Pack
				x.packs[row].chunks++
				if !lost[x.packs[row].info.Digest] {
					x.chunks = append(x.chunks, format.IndexEntry{Prefix: e.Prefix, Pack: row})
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the index: %w", err)
		}
	}
	for _, p := range h.Loose {
		named[p.Digest] = true
		var ids []catalog.ChunkID
		if !lost[p.Digest] {
			open, err := v.packs.get(ctx, packRef{p.Digest, p.Type})
			if err != nil {
				return nil, fmt.Errorf("read the index: %w", err)
			}
			ids = prefixes(open.Bodies)
		}
		x.add(p, loosePack, ids)
	}
	if len(x.packs) > math.MaxUint32 {
		return nil, fmt.Errorf("read the index: %w", format.ErrTooLarge)
	}
	if count += len(h.Loose); count != len(named) {
		return nil, fmt.Errorf("read the index: %w: a pack is named twice", format.ErrDamaged)
	}
	links := 0
	err := openSpine(h.root.Packs).leaves(ctx, v.block, func(l format.Link) error {
		links++
		if !named[l.Digest] {
			return fmt.Errorf("%w: pack %s is linked and not in the index", format.ErrDamaged, l.CID())
		}
		return nil
	})
	if err == nil && links != len(named) {
		err = fmt.Errorf("%w: the index names %d packs, %d are linked", format.ErrDamaged, len(named), links)
	}
	return x, err
}

// order sorts, after packs were added and before places are asked for.
func (x *inventory) order() {
	format.SortEntries(x.chunks)
	x.alive = make([]uint32, len(x.chunks))
	x.ordered = true
}

// places returns where a chunk is listed, as a range of x.chunks; empty when it is nowhere.
func (x *inventory) places(p [16]byte) (from, to int) {
	if !x.ordered {
		panic("an inventory is asked before it is in order")
	}
	from = sort.Search(len(x.chunks), func(i int) bool { return bytes.Compare(x.chunks[i].Prefix[:], p[:]) >= 0 })
	to = from
	for to < len(x.chunks) && x.chunks[to].Prefix == p {
		to++
	}
	return from, to
}

// mark notes that a chunk of so many bytes is needed; fresh when it was not known before.
func (x *inventory) mark(id format.ChunkID, size uint64) (fresh bool, err error) {
	from, to := x.places(id.Prefix())
	if from == to {
		return false, fmt.Errorf("%w: chunk %s is in no pack", ErrMissing, id)
	}
	if x.alive[from] != 0 {
		return false, nil
	}
	x.alive[from] = uint32(min(size, format.MaxChunk)) + 1
	return true, nil
}

// marked tells whether mark has met a chunk.
func (x *inventory) marked(id format.ChunkID) bool {
	from, to := x.places(id.Prefix())
	return from < to && x.alive[from] != 0
}

// settle decides, once all is marked, which pack gives each chunk: of several that hold it, the one of which most is
// needed. That place goes first among the chunk's places.
func (x *inventory) settle() {
	groups := func(fn func(from, to int)) {
		for from := 0; from < len(x.chunks); {
			to := from + 1
			for to < len(x.chunks) && x.chunks[to].Prefix == x.chunks[from].Prefix {
				to++
			}
			if x.alive[from] != 0 {
				fn(from, to)
			}
			from = to
		}
	}
	groups(func(from, to int) {
		for _, c := range x.chunks[from:to] {
			p := &x.packs[c.Pack]
			p.live++
			p.bytes += int64(x.alive[from]) - 1
		}
	})
	groups(func(from, to int) {
		if to == from+1 {
			return
		}
		best := from
		for i := from + 1; i < to; i++ {
			if x.packs[x.chunks[i].Pack].share() > x.packs[x.chunks[best].Pack].share() {
				best = i
			}
		}
		x.chunks[from], x.chunks[best] = x.chunks[best], x.chunks[from]
		for _, c := range x.chunks[from+1 : to] {
			p := &x.packs[c.Pack]
			p.live--
			p.bytes -= int64(x.alive[from]) - 1
		}
	})
}

// from tells whether the pack in that row is the one that gives a chunk.
func (x *inventory) from(row uint32, p [16]byte) bool {
	from, to := x.places(p)
	return from < to && x.alive[from] != 0 && x.chunks[from].Pack == row
}
