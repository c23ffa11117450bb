package vault

import (
	"context"
	"fmt"

	"roost/vault/format"
)

// Weights know what the versions of this device take on its storage, and what would come free without some of them. They
// are a plan: nothing is changed by them. Sizes are those of packs, shared evenly among the chunks in each, so that all
// together are right and one alone is about right. What other devices need too counts here as if it were this one's alone.
type Weights struct {
	m     marker
	refs  []uint32            // beside the inventory's chunks: how many needed things name it
	below map[uint32][]uint32 // of metadata: what it names, by place
	top   map[format.ChunkID]uint32
	gone  map[format.ChunkID]bool
	total int64
}

// Weigh reads what every version of this device reaches, as Prune does. Errors: as of Prune.
func (v *Vault) Weigh(ctx context.Context, report Progress) (*Weights, error) {
	if report == nil {
		report = func(int64, int64) {}
	}
	st, err := v.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	w := &Weights{below: map[uint32][]uint32{}, top: map[format.ChunkID]uint32{}, gone: map[format.ChunkID]bool{}}
	own := st.Own(v.Device())
	if own == nil {
		return w, nil
	}
	lost, err := v.lostPacks(ctx)
	if err != nil {
		return nil, err
	}
	gone := map[format.Digest]bool{}
	for _, d := range lost {
		gone[d] = true
	}
	x, err := v.readInventory(ctx, own, gone)
	if err != nil {
		return nil, err
	}
	x.order()
	w.m = marker{v, x}
	w.refs = make([]uint32, len(x.chunks))
	all, _, err := (&Session{v: v, base: own}).versions(ctx)
	if err != nil {
		return nil, err
	}
	for i, k := range all {
		row, err := w.snapshot(ctx, k.ID)
		if err != nil {
			return nil, fmt.Errorf("weigh version %.12s: %w", k.ID, err)
		}
		w.top[k.ID] = row
		w.need(row)
		report(int64(i+1), int64(len(all)))
	}
	return w, nil
}

// Total is what the versions that were not removed take, in bytes.
func (w *Weights) Total() int64 { return w.total }

// Remove takes a version out of the plan and returns what comes free by that, in bytes. One that is unknown or was removed
// before frees nothing.
func (w *Weights) Remove(id format.ChunkID) int64 {
	row, ok := w.top[id]
	if !ok || w.gone[id] {
		return 0
	}
	w.gone[id] = true
	before := w.total
	w.drop(row)
	return before - w.total
}

// Keep takes a version into the plan again.
func (w *Weights) Keep(id format.ChunkID) {
	if row, ok := w.top[id]; ok && w.gone[id] {
		delete(w.gone, id)
		w.need(row)
	}
}

// Alone is what would come free if this version were the next to go, in bytes.
func (w *Weights) Alone(id format.ChunkID) int64 {
	if w.gone[id] {
		return 0
	}
	freed := w.Remove(id)
	w.Keep(id)
	return freed
}

// need counts one more thing that names a chunk, and drop one less.
func (w *Weights) need(row uint32) {
	if w.refs[row]++; w.refs[row] > 1 {
		return
	}
	w.total += w.cost(row)
	for _, r := range w.below[row] {
		w.need(r)
	}
}

func (w *Weights) drop(row uint32) {
	if w.refs[row]--; w.refs[row] > 0 {
		return
	}
	w.total -= w.cost(row)
	for _, r := range w.below[row] {
		w.drop(r)
	}
}

// cost is a chunk's share of its pack, in bytes.
func (w *Weights) cost(row uint32) int64 {
	p := &w.m.x.packs[w.m.x.chunks[row].Pack]
	return int64(p.info.Size) / int64(max(p.chunks, 1))
}

// place is where the inventory has a chunk; known when what is below it was read already.
func (w *Weights) place(id format.ChunkID) (row uint32, known bool, err error) {
	from, to := w.m.x.places(id.Prefix())
	if from == to {
		return 0, false, fmt.Errorf("%w: chunk %s is in no pack", ErrMissing, id)
	}
	_, known = w.below[uint32(from)]
	return uint32(from), known, nil
}

// open is place and the plaintext of metadata that is not known yet.
func (w *Weights) open(ctx context.Context, k format.Kind, id format.ChunkID) (row uint32, plain []byte, err error) {
	row, known, err := w.place(id)
	if err != nil || known {
		return row, nil, err
	}
	plain, err = w.m.read(ctx, k, id)
	return row, plain, err
}

func (w *Weights) snapshot(ctx context.Context, id format.ChunkID) (uint32, error) {
	row, plain, err := w.open(ctx, format.KindSnapshot, id)
	if err != nil || plain == nil {
		return row, err
	}
	s, err := format.DecodeSnapshot(plain)
	if err != nil {
		return 0, err
	}
	tree, err := w.tree(ctx, s.Root.Tree, 0, 0)
	w.below[row] = []uint32{tree}
	return row, err
}

func (w *Weights) tree(ctx context.Context, id []byte, level, depth int) (uint32, error) {
	if len(id) != 32 || level > format.MaxTreeLevel || depth > format.MaxDepth {
		return 0, fmt.Errorf("read a folder: %w: at level %d, depth %d", format.ErrDamaged, level, depth)
	}
	row, plain, err := w.open(ctx, format.KindTree, format.ChunkID(id))
	if err != nil {
		return 0, fmt.Errorf("read a folder: %w", err)
	}
	if plain == nil {
		return row, nil
	}
	t, err := format.DecodeTree(plain)
	if err != nil {
		return 0, err
	}
	below := []uint32{}
	add := func(r uint32, err error) error {
		below = append(below, r)
		return err
	}
	for _, b := range t.Branches {
		if err := add(w.tree(ctx, b.Node, level+1, depth)); err != nil {
			return 0, err
		}
	}
	for i := range t.Entries {
		e := &t.Entries[i]
		switch e.Type {
		case format.TypeDir:
			err = add(w.tree(ctx, e.Tree, 0, depth+1))
		case format.TypeFile:
			for ids := e.Chunks; len(ids) >= 32 && err == nil; ids = ids[32:] {
				r, _, perr := w.place(format.ChunkID(ids[:32]))
				err = add(r, perr)
			}
			if len(e.List) == 32 && err == nil {
				err = add(w.list(ctx, format.ChunkID(e.List), 0))
			}
		case format.TypeSymlink:
		}
		if err != nil {
			return 0, err
		}
	}
	w.below[row] = below
	return row, nil
}

func (w *Weights) list(ctx context.Context, id format.ChunkID, depth int) (uint32, error) {
	row, plain, err := w.open(ctx, format.KindList, id)
	if err != nil {
		return 0, fmt.Errorf("read a file's list: %w", err)
	}
	if plain == nil {
		return row, nil
	}
	level, items, err := format.DecodeList(plain)
	if err != nil {
		return 0, err
	}
	if depth > level+4 {
		return 0, fmt.Errorf("read a file's list: %w: too deep", format.ErrDamaged)
	}
	below := make([]uint32, 0, len(items))
	for _, it := range items {
		var r uint32
		if level > 0 {
			r, err = w.list(ctx, it.ID, depth+1)
		} else {
			r, _, err = w.place(it.ID)
		}
		if err != nil {
			return 0, err
		}
		below = append(below, r)
	}
	w.below[row] = below
	return row, nil
}
