package vault

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// Committed is what a commit did.
type Committed struct {
	Head   *Head
	IDs    []format.ChunkID // of the snapshots, in the order given
	Stored int64            // bytes that this session has sent to the storage so far
}

// snapshotsPerList is how many summaries move to a list when a head is full.
const snapshotsPerList = 128

// Commit makes the snapshots part of this device's newest state on the storage. When it returns nil, the storage has
// confirmed the new root: pinned, and served as the newest. also runs in the catalog's transaction that records it.
//
// Order: every chunk of the snapshots is in confirmed packs → borrowed packs are still there → index, spine, keyring,
// head and root are put → the root is pinned → its pointer is made, exclusively → both are read back → the catalog is
// told → what the root made superfluous is released. A crash between any two costs time only.
//
// Errors: ErrRedo when another writer came first or a borrowed pack is gone; the pass is run again. ErrLimit when Put gave it.
func (s *Session) Commit(ctx context.Context, snaps []*format.Snapshot, also func(*catalog.Tx) error) (*Committed, error) {
	out := &Committed{}
	if s.taken.Load() > s.allowed.Load() {
		return nil, ErrLimit
	}
	sums, err := s.putSnapshots(snaps, out)
	if err != nil {
		return nil, err
	}
	if err := s.consolidate(ctx); err != nil {
		return nil, err
	}
	h := s.nextHead(sums)
	if err := s.spill(h); err != nil {
		return nil, err
	}
	c, err := s.commitHead(ctx, h, also)
	if err != nil {
		return nil, err
	}
	out.Head, out.Stored = c.found, s.Stats().StoredBytes+c.small
	return out, nil
}

// commitHead stores what is open and makes h the newest state.
func (s *Session) commitHead(ctx context.Context, h *format.Head, also func(*catalog.Tx) error) (*commit, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	borrowed, err := s.checkBorrowed(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.commitOf(ctx, h, s.linking(borrowed))
	if err != nil {
		return nil, err
	}
	if err := s.bring(ctx, c, also); err != nil {
		return nil, err
	}
	s.mu.Lock()
	clear(s.pending)
	clear(s.borrowed)
	clear(s.moved)
	s.mu.Unlock()
	return c, nil
}

// commitOf plans the index of a head that links these packs beside what the base links, and writes it.
func (s *Session) commitOf(ctx context.Context, h *format.Head, added []format.PackInfo) (*commit, error) {
	saved, err := s.rescue(ctx)
	if err != nil {
		return nil, fmt.Errorf("write anew what is in damaged packs: %w", err)
	}
	added = append(added, saved...)
	gone, lost, err := s.leaving(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := s.planIndex(ctx, s.base, added, gone)
	if err != nil {
		return nil, err
	}
	if err := s.up.flush(s.ctx); err != nil { // the index packs
		return nil, err
	}
	h.Segments, h.Loose = plan.segments, plan.loose
	for _, p := range plan.replaced {
		gone[p.Digest] = true
	}
	return &commit{s: s, head: h, added: append(added, plan.added...), gone: gone, lost: lost}, nil
}

func (s *Session) putSnapshots(snaps []*format.Snapshot, out *Committed) ([]format.Summary, error) {
	var sums []format.Summary
	for _, x := range snaps {
		plain := format.EncodeSnapshot(x)
		if len(plain) > format.MaxChunk {
			return nil, fmt.Errorf("describe the version: %w", format.ErrTooLarge)
		}
		id, _, err := s.Put(format.KindSnapshot, plain)
		if err != nil {
			return nil, err
		}
		out.IDs = append(out.IDs, id)
		sums = append(sums, format.Summary{
			ID: id, Folder: s.folderRow(x), Seconds: x.Seconds, Nanos: x.Nanos, Files: x.Files, Bytes: x.Bytes, Complete: x.Complete,
		})
	}
	return sums, nil
}

// nextHead is the base head with the new snapshots in front. A checkpoint is replaced by what follows it.
func (s *Session) nextHead(sums []format.Summary) *format.Head {
	now := time.Now()
	h := &format.Head{
		Vault: s.v.keys().Vault, Device: s.v.Device(), Seq: s.minSeq + 1, Seconds: now.Unix(), Nanos: uint32(now.Nanosecond()),
		Folders: s.folders(), MinReader: format.Version,
		Registry: s.state.Union.Merge(s.v.bundle.registry()),
	}
	replaced := map[uint32]bool{}
	for _, x := range sums {
		replaced[x.Folder] = true
	}
	h.Snapshots = slices.Clone(sums)
	slices.Reverse(h.Snapshots)
	if s.base != nil {
		h.Previous, h.Older, h.Taken = s.base.Hash[:], s.base.Older, s.base.Taken
		for _, x := range s.base.Snapshots {
			if x.Complete || !replaced[x.Folder] {
				h.Snapshots = append(h.Snapshots, x)
			}
		}
	}
	h.Seen = s.state.known
	return h
}

func (s *Session) folders() []format.Folder {
	if s.base == nil {
		return s.extra
	}
	return append(slices.Clone(s.base.Folders), s.extra...)
}

// folderRow returns the row of a snapshot's folder in the head's table, adding it when it is new or has moved.
func (s *Session) folderRow(x *format.Snapshot) uint32 {
	rows := s.folders()
	for i, f := range rows {
		if f.ID == x.Folder && slices.Equal(f.Path, x.Path) && (s.base == nil || s.base.Maker(uint32(i)) == s.v.Device()) {
			return uint32(i)
		}
	}
	s.extra = append(s.extra, format.Folder{ID: x.Folder, Path: x.Path})
	return uint32(len(rows))
}

// spill moves the oldest summaries to a list when the head holds too many.
func (s *Session) spill(h *format.Head) error {
	for len(h.Snapshots) > format.SummariesInHead {
		at := len(h.Snapshots) - min(snapshotsPerList, len(h.Snapshots)-1)
		id, _, err := s.Put(format.KindSnapshotList, format.EncodeSummaries(h.Snapshots[at:]))
		if err != nil {
			return err
		}
		h.Older = append([]format.OlderList{{ID: id, Count: uint64(len(h.Snapshots) - at)}}, h.Older...)
		h.Snapshots = h.Snapshots[:at]
	}
	return nil
}

// checkBorrowed makes sure that packs of other devices, which the new root is going to link, are on the storage whole.
// All are asked for, and a few are read and opened.
func (s *Session) checkBorrowed(ctx context.Context) ([]format.PackInfo, error) {
	s.mu.Lock()
	packs := slices.Collect(maps.Values(s.borrowed))
	s.mu.Unlock()
	gone := 0
	for _, p := range packs {
		size, err := s.v.node.Stat(ctx, p.Digest.RawCID())
		if err == nil && size != int64(p.Size) {
			err = fmt.Errorf("%w: %d bytes of %d", node.ErrWrongBytes, size, p.Size)
		}
		if err == nil && rand.IntN(len(packs)) < 4 {
			err = s.v.CheckPack(ctx, p)
		}
		switch {
		case err == nil:
		case IsDamage(err):
			s.v.log.Warn("a pack of another device cannot be used", "pack", p.Digest.RawCID(), "reason", err)
			gone++
			if err := s.v.forgetPack(ctx, p.Digest); err != nil {
				return nil, err
			}
		default:
			return nil, err
		}
	}
	if gone > 0 {
		return nil, fmt.Errorf("%w: %d packs of other devices are gone", ErrRedo, gone)
	}
	return packs, nil
}

// linking lists the packs that the new root links and the old one did not.
func (s *Session) linking(borrowed []format.PackInfo) []format.PackInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Collect(maps.Values(s.ready))
	out = slices.DeleteFunc(out, func(p format.PackInfo) bool { return p.Type == format.IndexPack })
	out = append(out, borrowed...)
	slices.SortFunc(out, func(a, b format.PackInfo) int {
		if a.Type != b.Type {
			return int(a.Type) - int(b.Type)
		}
		return slices.Compare(a.Digest[:], b.Digest[:])
	})
	return out
}

// leaving lists the packs that the new root does not link any more: small ones written together, and damaged ones.
func (s *Session) leaving(ctx context.Context) (gone map[format.Digest]bool, anyLost bool, err error) {
	gone = maps.Clone(s.moved)
	lost, err := s.v.lostPacks(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, d := range lost {
		gone[d] = true
	}
	return gone, len(lost) > 0, nil
}

// release unpins what the newest root makes superfluous: the batches whose packs it links, and this device's earlier
// roots with their pointers. What fails here is tried again the next time.
func (s *Session) release(ctx context.Context, newest *Head) {
	v := s.v
	batches := s.needless()
	s.mu.Lock()
	s.batches = slices.DeleteFunc(s.batches, func(b batch) bool { return slices.Contains(batches, b.root) })
	s.mu.Unlock()
	for _, b := range batches {
		err := v.node.PinRemove(ctx, b)
		if err == nil {
			err = v.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.DropBatch(b.Bytes()) })
		}
		if err != nil {
			v.log.Warn("an upload batch stays pinned for now", "batch", b, "reason", err)
		}
	}
	if err := v.node.Unlink(ctx, v.keys().StagingDir(newest.Device)); err != nil {
		v.log.Warn("a staging link stays for now", "reason", err)
	}
	for _, old := range s.state.Old {
		if !newest.supersedes(old) {
			continue
		}
		// The pointer goes last: while it is there, the next commit knows what is left to do.
		err := v.node.PinRemove(ctx, old.Root.DagCID())
		if err == nil && old.name != "" {
			err = v.node.Unlink(ctx, v.keys().PointerDir()+"/"+old.name)
		}
		if err != nil {
			v.log.Warn("an earlier state stays pinned for now", "root", old.Root.DagCID(), "reason", err)
		}
	}
}
