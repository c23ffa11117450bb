package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"roost/vault/catalog"
	"roost/vault/format"
)

// metaHead is the catalog's note of which head of a device it has taken in: the head's hash.
func metaHead(d format.DeviceID) string { return "head/" + hex.EncodeToString(d[:]) }

// loadIndexes brings the catalog up to the heads of a state: what each of them says of chunks and packs.
func (v *Vault) loadIndexes(ctx context.Context, st *State) error {
	for _, h := range st.Heads {
		have, ok, err := v.cat.Meta(ctx, metaHead(h.Device))
		if err != nil {
			return err
		}
		if ok && bytes.Equal(have, h.Hash[:]) {
			continue
		}
		damage, err := v.loadIndex(ctx, h)
		if err != nil {
			return fmt.Errorf("read the index of %q: %w", h.Name(), err)
		}
		for _, d := range damage {
			st.Damaged = append(st.Damaged, fmt.Errorf("in the backup of %q: %w", h.Name(), d))
		}
	}
	for d := range st.taken {
		if err := v.forgetHead(ctx, d); err != nil {
			return err
		}
	}
	if st.Own(v.Device()) != nil {
		return nil
	}
	return v.unlinkAll(ctx)
}

// forgetHead forgets what the head of a device that is gone said: its packs are those of whoever took them over.
func (v *Vault) forgetHead(ctx context.Context, d format.DeviceID) error {
	if _, known, err := v.cat.Meta(ctx, metaHead(d)); err != nil || !known {
		return err
	}
	held, err := v.cat.Held(ctx, d)
	if err != nil {
		return err
	}
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for _, p := range held {
			if err := tx.Release(p.Digest, d); err != nil {
				return err
			}
		}
		return tx.DeleteMeta(metaHead(d))
	})
}

// unlinkAll forgets that this device has a root: the storage serves none.
func (v *Vault) unlinkAll(ctx context.Context) error {
	if _, ok, err := v.cat.Meta(ctx, metaHead(v.Device())); err != nil || !ok {
		return err
	}
	v.log.Warn("the storage serves no state of this device, although one was confirmed before")
	gone, err := v.cat.Held(ctx, v.Device())
	if err != nil {
		return err
	}
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for _, p := range gone {
			if err := tx.Release(p.Digest, v.Device()); err != nil {
				return err
			}
		}
		if err := bumpGeneration(tx); err != nil {
			return err
		}
		return tx.DeleteMeta(metaHead(v.Device()))
	})
}

// metaGeneration counts how often what the catalog believed of this device's root turned out to be otherwise.
const metaGeneration = "generation"

// Generation names the present trust in the catalog. What a caller remembers of committed passes needs no second look
// while it is the same; when it has changed, whether a remembered chunk is stored has to be asked again.
func (v *Vault) Generation(ctx context.Context) ([]byte, error) {
	g, _, err := v.cat.Meta(ctx, metaGeneration)
	return g, err
}

func bumpGeneration(tx *catalog.Tx) error {
	g, _, err := tx.Meta(metaGeneration)
	if err != nil {
		return err
	}
	n := uint64(0)
	if len(g) == 8 {
		n = binary.BigEndian.Uint64(g)
	}
	return tx.SetMeta(metaGeneration, binary.BigEndian.AppendUint64(nil, n+1))
}

// metaReindex is set when a segment of this device's own index cannot be read: the next commit writes the index anew.
const metaReindex = "reindex"

// loadIndex takes one head's index into the catalog, as far as it can be read. For this device's own head, exactly its
// packs become Linked. What is damaged is returned and does not hide the rest; the head is looked at again next time.
func (v *Vault) loadIndex(ctx context.Context, h *Head) (damage []error, err error) {
	own := h.Device == v.Device()
	x, err := v.readIndex(ctx, h)
	if err != nil {
		return nil, err
	}
	linked := make(map[format.Digest]bool, len(x.packs))
	for _, p := range x.packs {
		linked[p.info.Digest] = true
	}
	held, err := v.cat.Held(ctx, h.Device)
	if err != nil {
		return nil, err
	}
	err = v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for _, p := range held {
			if linked[p.Digest] {
				continue
			}
			if err := tx.Release(p.Digest, h.Device); err != nil {
				return err
			}
		}
		if own {
			if err := bumpGeneration(tx); err != nil {
				return err
			}
		}
		for _, p := range x.packs {
			no, err := tx.AddPack(catalogPack(p.info, own, h.Device))
			if err != nil {
				return err
			}
			if err := errors.Join(tx.AddChunks(no, p.ids), tx.Hold(no, h.Device)); err != nil {
				return err
			}
		}
		if own && x.rewrite {
			if err := tx.SetMeta(metaReindex, []byte{1}); err != nil {
				return err
			}
		}
		if len(x.damage) > 0 {
			return tx.DeleteMeta(metaHead(h.Device))
		}
		return tx.SetMeta(metaHead(h.Device), h.Hash[:])
	})
	if err == nil && own && len(x.lost) > 0 {
		err = v.NoteLost(ctx, x.lost)
	}
	return x.damage, err
}

// indexed is what a head's index says, as far as it can be read.
type indexed struct {
	packs   []packChunks
	damage  []error
	known   map[format.Digest]bool // packs that count as lost already, and stay so
	lost    []format.Digest        // packs that the storage does not have any more, or has damaged
	broken  bool                   // a segment could not be read
	rewrite bool                   // and is to be written anew
}

type packChunks struct {
	info format.PackInfo
	ids  []catalog.ChunkID // nil for index packs, and where the catalog has them already
}

func (v *Vault) readIndex(ctx context.Context, h *Head) (*indexed, error) {
	lost, err := v.lostPacks(ctx)
	if err != nil {
		return nil, err
	}
	x := &indexed{known: map[format.Digest]bool{}}
	for _, d := range lost {
		x.known[d] = true
	}
	for _, ref := range h.Segments {
		packs, err := v.readSegment(ctx, ref)
		if Unusable(err) {
			x.broken = true
			x.rewrite = x.rewrite || IsDamage(err) // what a newer Roost wrote stays
			x.damage = append(x.damage, fmt.Errorf("a part of the index: %w", err))
			for _, p := range ref.Packs {
				x.packs = append(x.packs, packChunks{info: p})
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		x.packs = append(x.packs, packs...)
	}
	x.packs = slices.DeleteFunc(x.packs, func(p packChunks) bool { return x.known[p.info.Digest] })
	for _, p := range h.Loose {
		if err := x.addPack(ctx, v, p); err != nil {
			return nil, err
		}
	}
	if !x.broken {
		return x, nil
	}
	return x, v.readHeaders(ctx, h, x)
}

// addPack takes a pack's chunks from its own header, unless the catalog has them.
func (x *indexed) addPack(ctx context.Context, v *Vault, p format.PackInfo) error {
	if x.known[p.Digest] {
		return nil
	}
	row := packChunks{info: p}
	known, err := v.knowsChunks(ctx, p)
	if err != nil {
		return err
	}
	if !known {
		open, err := v.packs.get(ctx, packRef{p.Digest, p.Type})
		switch {
		case err == nil:
			row.ids = prefixes(open.Bodies)
		case !Unusable(err):
			return err
		default:
			x.damage = append(x.damage, err)
			if IsDamage(err) { // what a newer Roost wrote is there
				x.lost = append(x.lost, p.Digest)
			}
		}
	}
	x.packs = append(x.packs, row)
	return nil
}

// knowsChunks tells whether the catalog has what a pack holds. One that could not be opened stands there without anything.
func (v *Vault) knowsChunks(ctx context.Context, p format.PackInfo) (bool, error) {
	row, ok, err := v.cat.PackByDigest(ctx, p.Digest)
	if !ok || err != nil {
		return false, err
	}
	ids, err := v.cat.PackChunks(ctx, row.No)
	return len(ids) > 0, err
}

// readHeaders makes up for a broken index: every pack that the root links states itself what it holds.
func (v *Vault) readHeaders(ctx context.Context, h *Head, x *indexed) error {
	have := maps.Clone(x.known)
	for _, p := range x.packs {
		have[p.info.Digest] = true
	}
	err := openSpine(h.root.Packs).leaves(ctx, v.block, func(l format.Link) error {
		if have[l.Digest] {
			return nil
		}
		for _, t := range []format.ObjectType{format.DataPack, format.MetaPack, format.IndexPack} {
			if _, err := v.packs.get(ctx, packRef{l.Digest, t}); IsDamage(err) && !errors.Is(err, ErrMissing) {
				continue // of another type, or damaged
			} else if err != nil && !Unusable(err) {
				return err
			}
			return x.addPack(ctx, v, format.PackInfo{Digest: l.Digest, Type: t, Size: uint32(l.File)})
		}
		x.damage = append(x.damage, fmt.Errorf("%w: pack %s", format.ErrDamaged, l.CID()))
		return nil
	})
	if IsDamage(err) {
		x.damage = append(x.damage, err)
		return nil
	}
	return err
}

func catalogPack(p format.PackInfo, linked bool, owner format.DeviceID) catalog.Pack {
	return catalog.Pack{Digest: p.Digest, Type: uint8(p.Type), Size: p.Size, Linked: linked, Owner: owner}
}

func packInfo(p catalog.Pack) format.PackInfo {
	return format.PackInfo{Digest: p.Digest, Type: format.ObjectType(p.Type), Size: p.Size}
}

func prefixes(bodies []format.Body) []catalog.ChunkID {
	out := make([]catalog.ChunkID, len(bodies))
	for i, b := range bodies {
		out[i] = b.ID.Prefix()
	}
	return out
}

// segment is an index segment with its pack table read.
type segment struct {
	ref   format.SegmentRef
	root  *format.Segment
	packs []format.PackInfo
}

func (v *Vault) openSegment(ctx context.Context, ref format.SegmentRef) (*segment, error) {
	b, err := v.readFrom(ctx, nil, packRef{ref.Pack.Digest, format.IndexPack}, format.KindIndex, ref.ID)
	if err != nil {
		return nil, err
	}
	root, err := format.DecodeSegment(b)
	if err != nil {
		return nil, err
	}
	s := &segment{ref: ref, root: root}
	for _, part := range root.Tables {
		b, err := v.readFrom(ctx, nil, packRef{part.Pack, format.IndexPack}, format.KindIndexPacks, part.ID)
		if err != nil {
			return nil, err
		}
		packs, err := format.DecodePackTable(b)
		if err != nil {
			return nil, err
		}
		s.packs = append(s.packs, packs...)
	}
	if uint64(len(s.packs)) != root.Packs {
		return nil, fmt.Errorf("%w: index with %d packs of %d", format.ErrDamaged, len(s.packs), root.Packs)
	}
	return s, nil
}

// entries calls fn for each part's entries.
func (v *Vault) entries(ctx context.Context, s *segment, fn func([]format.IndexEntry) error) error {
	for _, part := range s.root.Entries {
		b, err := v.readFrom(ctx, nil, packRef{part.Pack, format.IndexPack}, format.KindIndexEntries, part.ID)
		if err != nil {
			return err
		}
		es, err := format.DecodeEntries(b, s.root.Packs)
		if err != nil {
			return err
		}
		if err := fn(es); err != nil {
			return err
		}
	}
	return nil
}

// readSegment returns a segment's packs with their chunks, and the index packs that it lies in.
func (v *Vault) readSegment(ctx context.Context, ref format.SegmentRef) ([]packChunks, error) {
	s, err := v.openSegment(ctx, ref)
	if err != nil {
		return nil, err
	}
	out := make([]packChunks, len(s.packs), len(s.packs)+len(ref.Packs))
	for i, p := range s.packs {
		out[i].info = p
	}
	err = v.entries(ctx, s, func(es []format.IndexEntry) error {
		for _, e := range es {
			out[e.Pack].ids = append(out[e.Pack].ids, e.Prefix)
		}
		return nil
	})
	for _, p := range ref.Packs {
		out = append(out, packChunks{info: p})
	}
	return out, err
}

// Loose packs cost a new device one whole read each, so they are few and small before a segment takes them in.
const (
	maxLoose      = 48
	maxLooseBytes = 8 << 20
)

// indexPlan is what a commit does to the index.
type indexPlan struct {
	segments []format.SegmentRef
	loose    []format.PackInfo
	added    []format.PackInfo // index packs made now
	replaced []format.PackInfo // index packs of segments that were merged away
}

// planIndex keeps packs loose while that is cheap, else writes them, with the segments that are no larger, as one new
// segment: sizes grow geometrically, so each chunk is rewritten a logarithmic number of times.
// packs are all that become linked now; gone are packs that leave the root.
func (s *Session) planIndex(ctx context.Context, base *Head, packs []format.PackInfo, gone map[format.Digest]bool) (*indexPlan, error) {
	p := &indexPlan{}
	var size uint64
	_, anew, err := s.v.cat.Meta(ctx, metaReindex)
	if err != nil {
		return nil, err
	}
	if anew {
		return s.indexAnew(ctx, base, packs, gone)
	}
	if base != nil {
		p.segments = append(p.segments, base.Segments...)
		for _, l := range base.Loose {
			if !gone[l.Digest] {
				p.loose = append(p.loose, l)
			}
		}
	}
	p.loose = append(p.loose, packs...)
	for _, l := range p.loose {
		size += uint64(l.Size)
	}
	affected, err := s.segmentsWith(ctx, p.segments, gone)
	if err != nil {
		return nil, err
	}
	if len(p.loose) <= maxLoose && size <= maxLooseBytes && len(affected) == 0 {
		return p, nil
	}

	table := p.loose
	p.loose = nil
	count, err := s.countChunks(ctx, table)
	if err != nil {
		return nil, err
	}
	var kept []format.SegmentRef
	for i := len(p.segments) - 1; i >= 0; i-- { // oldest and largest first in the head: merge from the end
		ref := p.segments[i]
		if ref.Chunks > 2*count && !affected[ref.ID] {
			kept = append([]format.SegmentRef{ref}, kept...)
			continue
		}
		seg, err := s.v.openSegment(ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, x := range seg.packs {
			if !gone[x.Digest] {
				table = append(table, x)
			}
		}
		count += ref.Chunks
		p.replaced = append(p.replaced, ref.Packs...)
	}
	p.segments = kept
	if len(table) == 0 {
		return p, nil
	}
	ref, err := s.writeSegment(ctx, table, count)
	if err != nil {
		return nil, err
	}
	p.segments = append(p.segments, ref)
	p.added = ref.Packs
	return p, nil
}

// indexAnew writes the whole index from what the catalog knows, in place of one that cannot be read.
func (s *Session) indexAnew(ctx context.Context, base *Head, packs []format.PackInfo, gone map[format.Digest]bool) (*indexPlan, error) {
	p := &indexPlan{}
	table := slices.Clone(packs)
	for row, err := range s.v.cat.Packs(ctx) {
		if err != nil {
			return nil, err
		}
		if info := packInfo(row); row.Linked && info.Type != format.IndexPack && !gone[info.Digest] {
			table = append(table, info)
		}
	}
	if base != nil {
		for _, ref := range base.Segments {
			p.replaced = append(p.replaced, ref.Packs...)
		}
	}
	count, err := s.countChunks(ctx, table)
	if err != nil {
		return nil, err
	}
	ref, err := s.writeSegment(ctx, table, count)
	if err != nil {
		return nil, err
	}
	p.segments, p.added = []format.SegmentRef{ref}, ref.Packs
	return p, nil
}

// segmentsWith tells which segments name a pack that leaves.
func (s *Session) segmentsWith(ctx context.Context, refs []format.SegmentRef, gone map[format.Digest]bool) (map[format.ChunkID]bool, error) {
	out := map[format.ChunkID]bool{}
	if len(gone) == 0 {
		return out, nil
	}
	for _, ref := range refs {
		seg, err := s.v.openSegment(ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, p := range slices.Concat(seg.packs, ref.Packs) { // those that it lies in may be damaged in what nobody reads
			if gone[p.Digest] {
				out[ref.ID] = true
				break
			}
		}
	}
	return out, nil
}

func (s *Session) countChunks(ctx context.Context, packs []format.PackInfo) (uint64, error) {
	n := uint64(0)
	for _, p := range packs {
		ids, err := s.chunksOf(ctx, p)
		if err != nil {
			return 0, err
		}
		n += uint64(len(ids))
	}
	return n, nil
}

// chunksOf lists a pack's chunks from the catalog.
func (s *Session) chunksOf(ctx context.Context, p format.PackInfo) ([]catalog.ChunkID, error) {
	row, ok, err := s.v.cat.PackByDigest(ctx, p.Digest)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: pack %s is not in the catalog", ErrRedo, p.Digest.RawCID())
	}
	return s.v.cat.PackChunks(ctx, row.No)
}

// writeSegment writes one sorted segment over the packs, in index packs of its own. They hold about count chunks.
func (s *Session) writeSegment(ctx context.Context, table []format.PackInfo, count uint64) (ref format.SegmentRef, err error) {
	const most = format.PackSize / 32 // chunks that a pack holds: each has at least an id
	entries := make([]format.IndexEntry, 0, min(count, uint64(len(table))*most))
	for i, p := range table {
		ids, err := s.chunksOf(ctx, p)
		if err != nil {
			return ref, err
		}
		for _, id := range ids {
			entries = append(entries, format.IndexEntry{Prefix: id, Pack: uint32(i)})
		}
	}
	return s.writeEntries(ctx, table, entries)
}

// writeEntries writes a segment of entries, whose packs are rows of the table, and sorts them.
func (s *Session) writeEntries(ctx context.Context, table []format.PackInfo, entries []format.IndexEntry) (ref format.SegmentRef, err error) {
	format.SortEntries(entries)

	w := &indexWriter{s: s, b: format.NewBuilder(format.IndexPack)}
	root := &format.Segment{Chunks: uint64(len(entries)), Packs: uint64(len(table))}
	for rest := table; len(rest) > 0; {
		n := min(len(rest), format.IndexPacksPerChunk)
		w.add(&root.Tables, format.KindIndexPacks, nil, format.EncodePackTable(rest[:n]))
		rest = rest[n:]
	}
	for rest := entries; len(rest) > 0; {
		n := min(len(rest), format.IndexEntriesPerChunk)
		w.add(&root.Entries, format.KindIndexEntries, rest[0].Prefix[:], format.EncodeEntries(rest[:n]))
		rest = rest[n:]
	}
	w.flush(ctx)
	if w.err != nil {
		return ref, w.err
	}
	plain := format.EncodeSegment(root)
	if len(plain) > format.MaxChunk {
		return ref, fmt.Errorf("index of %d chunks: %w", len(entries), format.ErrTooLarge)
	}
	var last []format.Part
	w.add(&last, format.KindIndex, nil, plain)
	w.flush(ctx)
	if w.err != nil {
		return ref, w.err
	}
	return format.SegmentRef{Pack: w.packs[len(w.packs)-1], ID: last[0].ID, Chunks: root.Chunks, Packs: w.packs}, nil
}

// indexWriter fills index packs and, when one is sealed, tells its parts which pack they went to.
type indexWriter struct {
	s     *Session
	b     *format.Builder
	lists []*[]format.Part // where the parts now in b were noted
	packs []format.PackInfo
	err   error
}

func (w *indexWriter) add(list *[]format.Part, k format.Kind, first, plain []byte) {
	if w.err != nil {
		return
	}
	data, zstd := format.Compress(nil, plain)
	if w.b.Grown(len(data)) > format.PackSize {
		w.flush(w.s.ctx)
	}
	id := w.s.v.ids.ID(k, plain)
	w.b.Add(k, id, len(plain), zstd, data)
	*list = append(*list, format.Part{First: first, ID: id})
	w.lists = append(w.lists, list)
}

func (w *indexWriter) flush(ctx context.Context) {
	if w.err != nil || w.b.Len() == 0 {
		return
	}
	total := w.b.PaddedSize(format.MinPackSize)
	block := w.s.up.block(total)
	if w.err = w.b.SealInto(block, w.s.v.keys().Vault, w.s.v.keys().Current()); w.err != nil {
		return
	}
	info := format.PackInfo{Digest: format.Sum(block), Type: format.IndexPack, Size: uint32(total)}
	// The parts of this pack are, list by list, the last ones that have no pack yet.
	for _, l := range w.lists {
		for i := len(*l) - 1; i >= 0 && (*l)[i].Pack == (format.Digest{}); i-- {
			(*l)[i].Pack = info.Digest
		}
	}
	w.lists = w.lists[:0]
	w.b.Reset()
	w.packs = append(w.packs, info)
	w.err = w.s.up.add(ctx, sealedPack{info: info, block: block})
}
