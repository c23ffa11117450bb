package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"roost/vault/format"
)

// ErrKeepsNothing: a rule would remove every version of this device. Nothing was removed.
var ErrKeepsNothing = errors.New("no version would be left")

// PruneOptions say what Prune removes.
type PruneOptions struct {
	// Remove is asked once about each version of this device; nil removes none. A folder's newest complete version stays
	// whatever it says, and an unfinished version that a complete one of its folder followed goes.
	Remove func(Version) bool
	// Repack is the share of a pack that has to be needed, below which what is needed is written anew; 0: half of it.
	// Negative: nothing is written anew, so that a full storage has to take little more than an index.
	Repack float64
	// Waste is the share of the stored bytes that may be padding or unneeded. Where more is, packs are written anew, those
	// that hold least first, until half of that is left, as far as it gains anything. 0: Repack decides.
	Waste float64
	// Budget bounds the packs that are read to be written anew, in bytes; 0: no bound. What versions reach is read in any
	// case: their folders, not their files.
	Budget int64
	Report Progress // counts versions that were walked and packs that were written anew; nil: nobody is told
}

// Pruned is what Prune did.
type Pruned struct {
	Head             *Head // the new state; nil: there was nothing to do
	RemovedSnapshots int
	DroppedPacks     int               // that the new state links no more
	RepackedPacks    int               // of those, the ones of which something was needed and was written anew
	FreedBytes       int64             // of packs that the new state links no more; a storage frees what no other device needs when it collects
	StoredBytes      int64             // of what was written instead
	Dropped          []format.PackInfo // the packs that FreedBytes counts
}

func (p *Pruned) drop(x format.PackInfo) {
	p.Dropped = append(p.Dropped, x)
	p.DroppedPacks++
	p.FreedBytes += int64(x.Size)
}

// Prune removes versions of this device and lets go of what only they needed. The storage frees it when it collects; see
// GC. When Prune returns nil, the storage has confirmed the new state, as after a commit, and as there a failed or
// interrupted Prune costs time only. Other devices keep what their own states need.
//
// All that the versions to keep reach is looked for first, by the index on the storage: if any of it is missing or
// cannot be read, nothing is changed.
//
// Errors: ErrKeepsNothing; ErrMissing and format.ErrDamaged (see IsDamage) when a version to keep is not whole;
// ErrRolledBack when the storage serves less than it confirmed, which the next backup mends; ErrRedo when another process
// of this device came first: it is run again.
func (v *Vault) Prune(ctx context.Context, o PruneOptions) (*Pruned, error) {
	if o.Report == nil {
		o.Report = func(int64, int64) {}
	}
	if o.Repack == 0 && o.Waste == 0 {
		o.Repack = 0.5
	}
	s, err := v.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if s.base == nil {
		return &Pruned{}, nil
	}
	if s.base.Seq < s.minSeq {
		return nil, fmt.Errorf("make room: %w", ErrRolledBack)
	}
	p := &prune{s: s, o: o, gone: map[format.Digest]bool{}}
	if err := p.choose(ctx); err != nil {
		return nil, err
	}
	if err := s.keepsBase(ctx); err != nil {
		return nil, err
	}
	for again := true; again; {
		if again, err = p.find(ctx); err != nil {
			return nil, err
		}
	}
	if len(p.gone) > 0 || len(p.anew) > 0 || p.out.RemovedSnapshots > 0 {
		if err := p.commit(ctx); err != nil {
			return nil, err
		}
	}
	return &p.out, nil
}

// GC lets the storage remove every block that nothing on it pins or links, also what is not Roost's.
func (v *Vault) GC(ctx context.Context) error {
	if err := v.node.GC(ctx); err != nil {
		return fmt.Errorf("let the storage free what nothing needs: %w", err)
	}
	return nil
}

// prune is one cleaning on its way.
type prune struct {
	s   *Session
	o   PruneOptions
	out Pruned

	kept  []format.Summary   // newest first
	inner int                // how many of kept the head itself holds; the others are in lists
	older []format.OlderList // the lists
	lists [][]byte           // plaintext of lists, which may have to be stored; nil: older is as it was

	x      *inventory
	chosen []chunkToStore
	linked []format.PackInfo      // packs that an interrupted Prune left, of which something is needed
	anew   []uint32               // rows of packs whose needed chunks are written anew
	gone   map[format.Digest]bool // packs that leave the root
	lost   bool                   // some of them are damaged or missing on the storage

	done, total int64 // as Report counts
}

// chunkToStore is metadata that the new head names and no pack holds.
type chunkToStore struct {
	kind  format.Kind
	id    format.ChunkID
	plain []byte
}

func (p *prune) step() {
	p.done++
	p.o.Report(p.done, p.total)
}

// choose asks which versions go.
func (p *prune) choose(ctx context.Context) error {
	all, inner, err := p.s.versions(ctx)
	if err != nil {
		return err
	}
	stays := stay(all)
	complete := map[format.FolderID]bool{} // a newer version of the folder is complete
	none, olderChanged := len(all) > 0, false
	for i, x := range all {
		remove := p.o.Remove != nil && p.o.Remove(x)
		none = none && remove
		remove = (remove || !x.Complete && complete[x.FolderID]) && !stays[i]
		complete[x.FolderID] = complete[x.FolderID] || x.Complete
		if remove {
			p.out.RemovedSnapshots++
			olderChanged = olderChanged || i >= inner
			continue
		}
		p.kept = append(p.kept, x.Summary)
		if i < inner {
			p.inner++
		}
	}
	if none {
		return ErrKeepsNothing
	}
	p.older = p.s.base.Older
	if olderChanged {
		p.split()
	}
	return nil
}

// versions lists this device's versions in the order in which they were committed, newest first, and how many of them the
// head itself holds.
func (s *Session) versions(ctx context.Context) (all []Version, inner int, err error) {
	h := s.base
	add := func(sums []format.Summary) {
		for _, x := range sums {
			all = append(all, h.version(x))
		}
	}
	add(h.Snapshots)
	inner = len(all)
	for _, l := range h.Older {
		sums, err := s.v.summaries(ctx, h, l)
		if err != nil {
			return nil, 0, err
		}
		add(sums)
	}
	return all, inner, nil
}

// stay marks the newest complete version of each folder, and of a folder without one the newest. Where a clock was set
// back, the newest by its time and the newest by its place both stay.
func stay(all []Version) map[int]bool {
	type newest struct{ byPlace, byTime int }
	best := map[format.FolderID]newest{}
	for i, x := range all {
		b, ok := best[x.FolderID]
		switch {
		case !ok, x.Complete && !all[b.byPlace].Complete:
			b = newest{i, i}
		case x.Complete == all[b.byTime].Complete && x.Time().After(all[b.byTime].Time()):
			b.byTime = i
		}
		best[x.FolderID] = b
	}
	out := map[int]bool{}
	for _, b := range best {
		out[b.byPlace], out[b.byTime] = true, true
	}
	return out
}

// split spreads the versions that stay over the head and lists, and leaves room in the head.
func (p *prune) split() {
	p.inner = roomInHead(len(p.kept))
	p.older, p.lists = nil, nil
	for part := range slices.Chunk(p.kept[p.inner:], snapshotsPerList) {
		plain := format.EncodeSummaries(part)
		p.lists = append(p.lists, plain)
		p.older = append(p.older, format.OlderList{ID: p.s.v.ids.ID(format.KindSnapshotList, plain), Count: uint64(len(part))})
	}
}

// roomInHead is how many of n summaries a head takes when all are spread anew, with room left for later ones.
func roomInHead(n int) int { return min(n, format.SummariesInHead-snapshotsPerList) }

// find marks what the versions to keep need and decides what becomes of each pack. It has to be called again when a pack
// that an interrupted Prune left turned out not to be whole, and was forgotten.
func (p *prune) find(ctx context.Context) (again bool, err error) {
	s, v := p.s, p.s.v
	p.done, p.total = 0, int64(len(p.kept))
	p.gone, p.anew, p.linked, p.chosen = map[format.Digest]bool{}, nil, nil, nil
	lost, err := v.lostPacks(ctx)
	if err != nil {
		return false, err
	}
	for _, d := range lost {
		p.gone[d], p.lost = true, true
	}
	if p.x, err = v.readInventory(ctx, s.base, p.gone); err != nil {
		return false, err
	}
	for _, w := range s.linking(nil) {
		ids, err := s.chunksOf(ctx, w)
		if err != nil {
			return false, err
		}
		p.x.add(w, waitingPack, ids)
	}
	p.x.order()
	m := &marker{v, p.x}
	for _, k := range p.kept {
		if err := m.snapshot(ctx, k.ID); err != nil {
			return false, fmt.Errorf("look for what version %.12s needs: %w", k.ID, err)
		}
		p.step()
	}
	for i, l := range p.older {
		if p.lists == nil {
			if _, err := m.visit(ctx, format.KindSnapshotList, l.ID); err != nil {
				return false, fmt.Errorf("read the list of older versions: %w", err)
			}
			continue
		}
		_, err := p.x.mark(l.ID, uint64(len(p.lists[i])))
		if errors.Is(err, ErrMissing) {
			p.chosen, err = append(p.chosen, chunkToStore{format.KindSnapshotList, l.ID, p.lists[i]}), nil
		}
		if err != nil {
			return false, err
		}
	}
	p.x.settle()
	return p.decide(ctx)
}

// decide sorts the packs into those that stay, go, and are written anew; again as find.
func (p *prune) decide(ctx context.Context) (again bool, err error) {
	for row := range p.x.packs {
		k := &p.x.packs[row]
		switch {
		case k.segment == waitingPack:
			if k.live == 0 {
				continue // of a backup that was interrupted: the next one takes it up
			}
			if err := p.s.v.checkWaiting(ctx, p.x, uint32(row)); IsDamage(err) {
				p.s.v.log.Warn("a pack that was sent before cannot be used", "pack", k.info.Digest.RawCID(), "reason", err)
				return true, p.s.forget(ctx, k.info.Digest)
			} else if err != nil {
				return false, err
			}
			p.linked = append(p.linked, k.info)
		case k.live == 0:
			p.gone[k.info.Digest] = true
		case p.o.Waste == 0 && k.share() < p.o.Repack:
			p.anew = append(p.anew, uint32(row))
		}
	}
	if p.o.Waste > 0 {
		if p.anew, err = p.wasteful(ctx); err != nil {
			return false, err
		}
	}
	slices.SortFunc(p.anew, func(a, b uint32) int { return cmp.Compare(p.x.packs[a].share(), p.x.packs[b].share()) })
	if p.o.Budget > 0 {
		read := int64(0)
		for i, row := range p.anew {
			if read += int64(p.x.packs[row].info.Size); read > p.o.Budget {
				p.anew = p.anew[:i]
				break
			}
		}
	}
	p.total += int64(len(p.anew))
	return false, nil
}

// wasteful chooses packs to be written anew, where more than Waste is wasted: those that hold least first, until half of
// that is left, so that it is not reached again at once. Packs that are needed whole and only padded much are among
// them where writing them together is worth it, which their headers tell.
func (p *prune) wasteful(ctx context.Context) ([]uint32, error) {
	type row struct {
		row     uint32
		content float64
		*packUse
	}
	var all []row
	wasted, stored := 0.0, 0.0
	for i := range p.x.packs {
		k := &p.x.packs[i]
		if k.live == 0 || k.segment == waitingPack {
			continue
		}
		size, content := float64(k.info.Size), k.content()
		stored += size
		wasted += size - content
		all = append(all, row{uint32(i), content, k})
	}
	if wasted <= p.o.Waste*stored {
		return nil, nil
	}
	full := func(r row) float64 { return r.content / float64(r.info.Size) }
	slices.SortStableFunc(all, func(a, b row) int { return cmp.Compare(full(a), full(b)) })
	chosen := map[format.ObjectType][]row{}
	for _, r := range all {
		if wasted <= p.o.Waste/2*stored {
			break
		}
		if full(r) < 1-p.o.Waste/2 {
			less := float64(r.info.Size) - r.content
			wasted, stored = wasted-less, stored-less
			chosen[r.info.Type] = append(chosen[r.info.Type], r)
		}
	}
	var out []uint32
	for _, rows := range chosen {
		worth := func() bool {
			size, content := 0.0, 0.0
			for _, r := range rows {
				size, content = size+float64(r.info.Size), content+r.content
			}
			return size-packedSize(content) >= p.o.Waste*size
		}
		together := worth()
		for i := range rows { // what was counted so far is an average
			if k := rows[i].packUse; together && k.live == k.chunks {
				o, err := p.s.v.packs.get(ctx, packRef{k.info.Digest, k.info.Type})
				if err != nil {
					return nil, err
				}
				rows[i].content = 0
				for _, b := range o.Bodies {
					rows[i].content += float64(b.Stored) + 64 // its tag, and its row of the header
				}
			}
		}
		if !together || !worth() {
			rows = slices.DeleteFunc(rows, func(r row) bool { return r.live == r.chunks })
			if !worth() {
				continue
			}
		}
		for _, r := range rows {
			out = append(out, r.row)
		}
	}
	return out, nil
}

// packedSize is about what packs take that hold so many bytes: their headers and what does not fit exactly, and the last
// ones, which are not full.
func packedSize(content float64) float64 {
	content *= 1.02
	if content > format.PackSize {
		return content + format.PackSize
	}
	one := float64(format.MinPackSize)
	for one < content {
		one *= 2
	}
	return one
}

// checkWaiting reads a pack that no root links yet and that others are to be dropped for: it is whole, and holds what the
// catalog says.
func (v *Vault) checkWaiting(ctx context.Context, x *inventory, row uint32) error {
	info := x.packs[row].info
	o, err := v.fetchPack(ctx, packRef{info.Digest, info.Type})
	if err != nil {
		return err
	}
	if err := v.checkWhole(o); err != nil {
		return err
	}
	if len(o.Bodies) != x.packs[row].chunks {
		return fmt.Errorf("%w: pack with %d chunks, %d are listed", format.ErrDamaged, len(o.Bodies), x.packs[row].chunks)
	}
	for _, b := range o.Bodies {
		from, to := x.places(b.ID.Prefix())
		if !slices.ContainsFunc(x.chunks[from:to], func(e format.IndexEntry) bool { return e.Pack == row }) {
			return fmt.Errorf("%w: chunk %s is in a pack and not listed", format.ErrDamaged, b.ID)
		}
	}
	return nil
}

// commit writes what has to be written anew and makes the state without the rest the newest one.
func (p *prune) commit(ctx context.Context) error {
	s := p.s
	added, err := p.rewrite(ctx)
	if err != nil {
		return err
	}
	for _, row := range p.anew {
		p.gone[p.x.packs[row].info.Digest] = true
	}
	for _, k := range p.x.packs {
		if k.segment != waitingPack && p.gone[k.info.Digest] {
			p.out.drop(k.info)
		}
	}
	plan, err := p.index(ctx, added)
	if err != nil {
		return err
	}
	if err := s.up.flush(s.ctx); err != nil { // the index packs
		return err
	}
	for _, r := range plan.replaced {
		p.gone[r.Digest] = true
		p.out.drop(r)
	}
	h := s.nextHead(nil)
	h.Snapshots, h.Older = p.kept[:p.inner], p.older
	h.Segments, h.Loose = plan.segments, plan.loose
	c := &commit{s: s, head: h, added: append(added, plan.added...), gone: p.gone, lost: p.lost}
	// What callers remember of earlier passes may need chunks that are gone now.
	if err := s.bring(ctx, c, bumpGeneration); err != nil {
		return err
	}
	p.out.Head, p.out.RepackedPacks, p.out.StoredBytes = c.found, len(p.anew), s.Stats().StoredBytes+c.small
	return nil
}

// rewrite stores the needed chunks of packs that go, and lists that are new, in new packs, and returns all packs that
// the new root links and the old one did not.
func (p *prune) rewrite(ctx context.Context) ([]format.PackInfo, error) {
	s := p.s
	waiting := map[format.Digest]bool{}
	for _, w := range s.linking(nil) {
		waiting[w.Digest] = true
	}
	for _, c := range p.chosen {
		data, zstd := format.Compress(nil, c.plain)
		if err := s.add(c.kind, c.id, len(c.plain), zstd, data); err != nil {
			return nil, err
		}
	}
	var buf []byte
	for _, row := range p.anew {
		if err := p.move(ctx, row, &buf); err != nil {
			return nil, fmt.Errorf("write packs anew: %w", err)
		}
		p.step()
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	fresh := slices.DeleteFunc(s.linking(nil), func(x format.PackInfo) bool { return waiting[x.Digest] })
	return append(p.linked, fresh...), nil
}

// move stores again what is needed of one pack.
func (p *prune) move(ctx context.Context, row uint32, buf *[]byte) error {
	s, k := p.s, p.x.packs[row]
	o, err := s.v.fetchPack(ctx, packRef{k.info.Digest, k.info.Type})
	if err != nil {
		return err
	}
	moved := 0
	for i, b := range o.Bodies {
		if !p.x.from(row, b.ID.Prefix()) {
			continue
		}
		plain, err := o.Body(i)
		if err == nil {
			err = s.v.ids.Check(b.Kind, b.ID, plain)
		}
		if err != nil {
			return err
		}
		data, zstd := format.Compress((*buf)[:0], plain)
		*buf = data
		if err := s.add(b.Kind, b.ID, len(plain), zstd, data); err != nil {
			return err
		}
		moved++
	}
	if moved != k.live {
		return fmt.Errorf("%w: %d chunks of pack %s are needed, %d are in it", format.ErrDamaged, k.live, k.info.Digest.RawCID(), moved)
	}
	return nil
}

// index plans the index without the packs that go: the segments that name one are written as one, with the loose packs.
func (p *prune) index(ctx context.Context, added []format.PackInfo) (*indexPlan, error) {
	base, plan := p.s.base, &indexPlan{}
	leave := make([]bool, len(base.Segments))
	for _, k := range p.x.packs {
		if k.segment >= 0 && p.gone[k.info.Digest] {
			leave[k.segment] = true
		}
	}
	size := int64(0)
	for _, l := range slices.Concat(base.Loose, added) {
		if !p.gone[l.Digest] {
			plan.loose = append(plan.loose, l)
			size += int64(l.Size)
		}
	}
	for i, ref := range base.Segments {
		if leave[i] {
			plan.replaced = append(plan.replaced, ref.Packs...)
		} else {
			plan.segments = append(plan.segments, ref)
		}
	}
	if len(plan.replaced) == 0 && len(plan.loose) <= maxLoose && size <= maxLooseBytes {
		return plan, nil
	}
	var table []format.PackInfo
	const out = math.MaxUint32
	rows := make([]uint32, len(p.x.packs))
	for i, k := range p.x.packs {
		rows[i] = out
		if !p.gone[k.info.Digest] && (k.segment == loosePack || k.segment >= 0 && leave[k.segment]) {
			rows[i] = uint32(len(table))
			table = append(table, k.info)
		}
	}
	var entries []format.IndexEntry
	for _, e := range p.x.chunks {
		if rows[e.Pack] != out {
			entries = append(entries, format.IndexEntry{Prefix: e.Prefix, Pack: rows[e.Pack]})
		}
	}
	for _, a := range added {
		ids, err := p.s.chunksOf(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			entries = append(entries, format.IndexEntry{Prefix: id, Pack: uint32(len(table))})
		}
		table = append(table, a)
	}
	plan.loose = nil
	if len(table) == 0 {
		return plan, nil
	}
	ref, err := p.s.writeEntries(ctx, table, entries)
	if err != nil {
		return nil, err
	}
	plan.added = ref.Packs
	at := slices.IndexFunc(plan.segments, func(x format.SegmentRef) bool { return x.Chunks < ref.Chunks })
	if at < 0 {
		at = len(plan.segments)
	}
	plan.segments = slices.Insert(plan.segments, at, ref) // largest first
	return plan, nil
}
