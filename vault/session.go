package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// openDataPacks is how many data packs fill at once; see packer. Of 6,000 chunks of random data, 8 open packs leave 1.7 %
// unused, 16 leave 1.3 %.
const openDataPacks = 16

// Session takes chunks and commits snapshots. Put may be called from many goroutines. One session is open at a time per
// device: whoever opens it holds the home's lock.
type Session struct {
	v      *Vault
	ctx    context.Context // ends with Close; every upload runs under it
	cancel context.CancelFunc
	state  *State
	base   *Head  // this device's newest head on the storage, nil for a first backup
	minSeq uint64 // the storage served this number before: the next head is above it

	data, large, meta *packer // large: see PutLarge
	up                *uploader
	buffers           sync.Pool // *[]byte for compression

	mu       sync.Mutex                        // guards below
	pending  map[catalog.ChunkID]struct{}      // put, and not in the catalog yet
	fresh    *fresh                            // of what was put; nil when the session began with a catalog that knew some
	borrowed map[format.Digest]format.PackInfo // packs of other devices that chunks were found in
	ready    map[format.Digest]format.PackInfo // own packs on the storage that no root links yet
	batches  []batch                           // that hold them, pinned
	moved    map[format.Digest]bool            // small packs whose chunks were written again: dropped by the next commit

	extra []format.Folder // rows to add to the head's folder table; used by Commit alone

	newBytes, newChunks atomic.Int64
	allowed, taken      atomic.Int64 // most bytes of new content that are stored, and how many were; see Allow
}

// batch is a pinned upload.
type batch struct {
	root  cid.Cid
	packs []format.Digest
}

// Begin opens a session on the storage's present state.
func (v *Vault) Begin(ctx context.Context) (*Session, error) {
	st, err := v.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	switch taken, err := v.takeBack(ctx, st); {
	case err != nil:
		return nil, err
	case taken:
		if st, err = v.Refresh(ctx); err != nil {
			return nil, err
		}
	}
	s := &Session{
		v: v, state: st, base: st.Own(v.Device()), data: newPacker(format.DataPack, openDataPacks), large: newPacker(format.DataPack, openDataPacks), meta: newPacker(format.MetaPack, 2),
		pending: map[catalog.ChunkID]struct{}{}, borrowed: map[format.Digest]format.PackInfo{},
		ready: map[format.Digest]format.PackInfo{}, moved: map[format.Digest]bool{},
	}
	s.buffers.New = func() any { b := make([]byte, 0, format.MaxChunk+1024); return &b }
	s.allowed.Store(math.MaxInt64)
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.up = newUploader(v, s.uploaded)
	if err := s.resume(ctx); err != nil {
		s.cancel()
		return nil, err
	}
	_, chunks, err := v.cat.Counts(ctx)
	if err != nil {
		s.cancel()
		return nil, err
	}
	if chunks == 0 {
		s.fresh = &fresh{}
	}
	return s, nil
}

// Close ends the session; what was not committed stays in pinned batches that the next session finds.
func (s *Session) Close() {
	s.cancel()
	s.up.wg.Wait()
}

// uploaded takes a confirmed batch: its chunks are found through the catalog from now on.
func (s *Session) uploaded(packs []sealedPack, root cid.Cid) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := batch{root: root}
	defer func() { s.batches = append(s.batches, b) }()
	for _, p := range packs {
		b.packs = append(b.packs, p.info.Digest)
		s.ready[p.info.Digest] = p.info
		for _, id := range p.ids {
			delete(s.pending, id)
		}
	}
}

// metaScan is set once this catalog has looked for batches that an earlier one may have left.
const metaScan = "batches"

// resume finds what an interrupted session left: batches that are pinned are taken over with their packs, packs that no
// pin holds are forgotten.
func (s *Session) resume(ctx context.Context) error {
	v := s.v
	batches, err := v.cat.Batches(ctx)
	if err != nil {
		return err
	}
	_, scanned, err := v.cat.Meta(ctx, metaScan)
	if err != nil {
		return err
	}
	if raw, ok, err := v.cat.Meta(ctx, metaOwnSeq); err != nil {
		return err
	} else if ok && len(raw) == 8 {
		s.minSeq = binary.BigEndian.Uint64(raw)
	}
	if s.base != nil && s.base.Seq > s.minSeq {
		s.minSeq = s.base.Seq
	}
	for _, h := range s.state.Heads { // a storage that was set back, and a new catalog: others may remember
		for _, x := range h.Seen {
			if x.Device == v.Device() && x.Seq > s.minSeq {
				s.minSeq = x.Seq
			}
		}
	}
	if len(batches) > 0 || !scanned {
		if err := s.adopt(ctx, batches, !scanned); err != nil {
			return err
		}
	}
	return s.forgetStrays(ctx)
}

// adopt looks at pinned batches: those that the catalog noted and, with a new catalog, every pin that could be one.
func (s *Session) adopt(ctx context.Context, noted []catalog.Batch, all bool) error {
	pins, err := s.v.node.Pins(ctx)
	if err != nil {
		return fmt.Errorf("list what the storage holds: %w", err)
	}
	label, err := s.v.pinLabel(ctx)
	if err != nil {
		return err
	}
	mine := map[cid.Cid]bool{}
	for _, b := range noted {
		_, c, err := cid.CidFromBytes(b.Root)
		if err != nil {
			return fmt.Errorf("read the catalog: %w: %w", catalog.ErrDamaged, err)
		}
		mine[c] = true
	}
	var found []cid.Cid
	for _, p := range pins {
		known := mine[p.CID]
		delete(mine, p.CID)
		if !known && (!all || p.CID.Type() != cid.DagProtobuf || (p.Name != "" && p.Name != label)) {
			continue
		}
		ours, err := s.adoptBatch(ctx, p.CID)
		if err != nil {
			return err
		}
		if ours && !known {
			found = append(found, p.CID)
		}
	}
	return s.v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for _, c := range found { // this session may end before it releases them
			if err := tx.AddBatch(catalog.Batch{Root: c.Bytes(), Time: time.Now()}); err != nil {
				return err
			}
		}
		for c := range mine { // noted, not pinned: it was never confirmed
			if err := tx.DropBatch(c.Bytes()); err != nil {
				return err
			}
		}
		return tx.SetMeta(metaScan, []byte{1})
	})
}

// adoptBatch takes over the packs of one batch of this installation, or releases a root that came to nothing. It tells
// whether the pin is this device's and has to be looked at again; a pin that is neither is left alone.
func (s *Session) adoptBatch(ctx context.Context, root cid.Cid) (ours bool, err error) {
	v := s.v
	d, codec, err := format.DigestOf(root)
	if err != nil || codec != cid.DagProtobuf {
		return false, nil
	}
	block, err := getBlock(ctx, v.node, root, d)
	if errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrWrongBytes) {
		v.log.Warn("a pin on the storage has no root block", "pin", root)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := format.DecodeRoot(block); err == nil {
		return s.releaseRoot(ctx, root)
	}
	links, marker, ok := format.DecodeBatch(block)
	if !ok {
		return false, nil
	}
	mb, err := getBlock(ctx, v.node, marker.CID(), marker.Digest)
	if errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrWrongBytes) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	m, err := format.OpenMarker(mb, v.keys())
	if err != nil || m.Device != v.Device() || m.Installation != v.bundle.b.Installation {
		return false, nil // another vault's, another device's, or a clone's
	}
	b := batch{root: root}
	for _, l := range links {
		b.packs = append(b.packs, l.Digest)
	}
	s.batches = append(s.batches, b)
	for _, l := range links {
		if err := s.adoptPack(ctx, l); err != nil {
			return true, err
		}
	}
	return true, nil
}

// releaseRoot unpins a root of this device that was pinned and never published, or superseded: only the published newest
// one counts, and it is listed. One that is newer than that is left for later: its pointer may have been lost.
func (s *Session) releaseRoot(ctx context.Context, root cid.Cid) (later bool, err error) {
	v := s.v
	for _, h := range append(slices.Clone(s.state.Heads), s.state.Old...) {
		if h.Root.DagCID() == root {
			return h.Pin, nil // a commit's release ends what has a pointer; what has a pin alone is looked at again
		}
	}
	h, _, err := readHead(ctx, v.node, v.bundle, candidate{cid: root})
	switch {
	case IsDamage(err), err == nil && h.Device != v.Device():
		return false, nil
	case err != nil:
		return false, err
	case s.base == nil || h.Seq > s.base.Seq:
		return true, nil
	}
	err = v.node.PinRemove(ctx, root)
	if errors.Is(err, node.ErrUnauthorized) { // a token that may only add: another device can release it
		return true, nil
	}
	return false, err
}

func (s *Session) adoptPack(ctx context.Context, l format.Link) error {
	v := s.v
	row, ok, err := v.cat.PackByDigest(ctx, l.Digest)
	if err != nil {
		return err
	}
	if ok {
		if !row.Linked && format.ObjectType(row.Type) != format.IndexPack {
			s.ready[l.Digest] = packInfo(row)
		}
		return nil
	}
	for _, t := range []format.ObjectType{format.DataPack, format.MetaPack} {
		p, err := v.packs.get(ctx, packRef{l.Digest, t})
		if errors.Is(err, format.ErrDamaged) || errors.Is(err, ErrMissing) || errors.Is(err, node.ErrWrongBytes) || errors.Is(err, format.ErrWrongKey) {
			continue // not of this type, or not usable: its chunks are sent again
		}
		if err != nil {
			return err
		}
		info := format.PackInfo{Digest: l.Digest, Type: t, Size: uint32(l.Total)}
		s.ready[l.Digest] = info
		return v.cat.Update(ctx, func(tx *catalog.Tx) error {
			no, err := tx.AddPack(catalogPack(info, false, v.Device()))
			if err != nil {
				return err
			}
			return tx.AddChunks(no, prefixes(p.Bodies))
		})
	}
	return nil
}

// forgetStrays drops own packs from the catalog that neither the root nor a pinned batch holds.
func (s *Session) forgetStrays(ctx context.Context) error {
	var stray []format.Digest
	for p, err := range s.v.cat.Packs(ctx) {
		if err != nil {
			return err
		}
		if _, ok := s.ready[p.Digest]; !ok && !p.Linked && p.Owner == [16]byte(s.v.Device()) {
			stray = append(stray, p.Digest)
		}
	}
	if len(stray) == 0 {
		return nil
	}
	return s.v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for _, d := range stray {
			if err := tx.DropPack(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget takes a pack out of what waits for a root.
func (s *Session) forget(ctx context.Context, d format.Digest) error {
	s.mu.Lock()
	delete(s.ready, d)
	s.mu.Unlock()
	return s.v.forgetPack(ctx, d)
}

// needless lists the batches none of whose packs waits for a root to link it.
func (s *Session) needless() []cid.Cid {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []cid.Cid
	for _, b := range s.batches {
		if !slices.ContainsFunc(b.packs, func(d format.Digest) bool { _, ok := s.ready[d]; return ok }) {
			out = append(out, b.root)
		}
	}
	return out
}

// Base is the hash of the head that this session builds on; zero for a first backup. What a caller remembers of earlier
// passes holds only together with the head it was remembered under.
func (s *Session) Base() format.Digest {
	if s.base == nil {
		return format.Digest{}
	}
	return s.base.Hash
}

// Previous lists this device's snapshots of a folder on the storage, newest first.
func (s *Session) Previous(f format.FolderID) []format.Summary {
	if s.base == nil {
		return nil
	}
	var out []format.Summary
	for _, x := range s.base.Snapshots {
		if s.base.Folders[x.Folder].ID == f && s.base.Maker(x.Folder) == s.base.Device {
			out = append(out, x)
		}
	}
	return out
}

// Allow bounds how many bytes of new content the session stores from now on, as they go into packs. Names, lists and versions
// do not count: a folder in which files were only moved or deleted is still saved. What is beyond is refused with ErrLimit,
// and then so is Commit, because others may have taken the refused chunk for one that is on its way.
func (s *Session) Allow(bytes int64) {
	s.taken.Store(0)
	s.allowed.Store(bytes)
}

// Put stores a chunk unless it is stored already, and returns its id. The bytes are the caller's again on return.
func (s *Session) Put(k format.Kind, plain []byte) (id format.ChunkID, fresh bool, err error) {
	return s.put(s.packer(k), k, plain)
}

// PutLarge is Put for content of a large file. Such chunks fill packs of their own: the files beside it are saved at the
// same time, and who reads one of them back would else read parts of all.
func (s *Session) PutLarge(plain []byte) (id format.ChunkID, fresh bool, err error) {
	return s.put(s.large, format.KindData, plain)
}

func (s *Session) put(pk *packer, k format.Kind, plain []byte) (id format.ChunkID, fresh bool, err error) {
	id = s.v.ids.ID(k, plain)
	p := id.Prefix()
	s.mu.Lock()
	_, dup := s.pending[p]
	isNew := !dup && s.fresh != nil && s.fresh.add(p)
	if isNew {
		s.pending[p] = struct{}{}
	}
	s.mu.Unlock()
	if dup {
		return id, false, nil
	}
	if !isNew {
		if ok, err := s.known(p); ok || err != nil {
			return id, false, err
		}
		s.mu.Lock()
		_, dup = s.pending[p]
		s.pending[p] = struct{}{}
		s.mu.Unlock()
		if dup {
			return id, false, nil
		}
	}
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	data, zstd := format.Compress(*buf, plain)
	if k == format.KindData {
		if s.taken.Add(int64(len(data))) > s.allowed.Load() {
			return id, false, ErrLimit
		}
		s.newBytes.Add(int64(len(plain)))
	}
	s.newChunks.Add(1)
	return id, true, s.fill(pk, k, id, len(plain), zstd, data)
}

func (s *Session) add(k format.Kind, id format.ChunkID, plain int, zstd bool, data []byte) error {
	return s.fill(s.packer(k), k, id, plain, zstd, data)
}

func (s *Session) packer(k format.Kind) *packer {
	if k.Meta() {
		return s.meta
	}
	return s.data
}

func (s *Session) fill(pk *packer, k format.Kind, id format.ChunkID, plain int, zstd bool, data []byte) error {
	if full := pk.add(k, id, plain, zstd, data); full != nil {
		return s.seal(pk, full, format.PackSize)
	}
	return nil
}

// known asks the catalog for a chunk, and notes the pack of another device that it is found in.
func (s *Session) known(p catalog.ChunkID) (bool, error) {
	row, ok, err := s.v.cat.Chunk(s.ctx, p)
	if err != nil || !ok {
		return false, err
	}
	if !row.Linked && s.state.Union.Revoked(row.Owner) != nil {
		return false, nil // what a removed device stored is read, and not built on
	}
	if !row.Linked && row.Owner != [16]byte(s.v.Device()) {
		s.mu.Lock()
		s.borrowed[row.Digest] = packInfo(row)
		s.mu.Unlock()
	}
	return true, nil
}

// Has tells whether every one of these chunks is stored, and takes note of where, as Put does.
func (s *Session) Has(ids []byte) (bool, error) {
	for ; len(ids) >= 32; ids = ids[32:] {
		p := catalog.ChunkID(ids[:16])
		s.mu.Lock()
		_, dup := s.pending[p]
		isNew := !dup && s.fresh != nil && !s.fresh.has(p)
		s.mu.Unlock()
		if dup {
			continue
		}
		if isNew {
			return false, nil
		}
		if ok, err := s.known(p); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *Session) seal(pk *packer, b *format.Builder, total int) error {
	ids := prefixes(b.Bodies())
	block := s.up.block(total)
	if err := b.SealInto(block, s.v.keys().Vault, s.v.keys().Current()); err != nil {
		return err
	}
	pk.recycle(b)
	info := format.PackInfo{Digest: format.Sum(block), Type: pk.typ, Size: uint32(total)}
	return s.up.add(s.ctx, sealedPack{info: info, block: block, ids: ids})
}

// flush seals what is open and waits until the storage has confirmed all packs.
func (s *Session) flush() error {
	s.data.takeOver(s.large)
	for _, pk := range []*packer{s.data, s.meta} {
		for _, b := range pk.rest() {
			total := min(b.PaddedSize(format.MinPackSize), format.PackSize)
			if err := s.seal(pk, b, total); err != nil {
				return err
			}
		}
	}
	return s.up.flush(s.ctx)
}

// Stats are what this session has stored so far.
type Stats struct {
	NewBytes    int64 // content that was not stored before, in bytes
	NewChunks   int64
	StoredBytes int64 // of packs that the storage confirmed
}

// Stats may be called at any time.
func (s *Session) Stats() Stats {
	s.up.mu.Lock()
	defer s.up.mu.Unlock()
	return Stats{NewBytes: s.newBytes.Load(), NewChunks: s.newChunks.Load(), StoredBytes: s.up.sent}
}

// Small packs of many small commits are written together when there are this many.
const (
	manyTails = 32
	smallPack = 256 << 10
)

// consolidate writes the chunks of small packs again, into packs that this commit makes; the small ones then leave.
func (s *Session) consolidate(ctx context.Context) error {
	if s.base == nil {
		return nil
	}
	var tails []format.PackInfo
	for p, err := range s.v.cat.Packs(ctx) {
		if err != nil {
			return err
		}
		if info := packInfo(p); p.Linked && info.Type != format.IndexPack && info.Size < smallPack && !s.moved[info.Digest] {
			tails = append(tails, info)
		}
	}
	if len(tails) < manyTails {
		return nil
	}
	var live []*openPack
	for _, info := range tails {
		p, err := s.v.packs.get(ctx, packRef{info.Digest, info.Type})
		if err != nil {
			s.v.log.Warn("small packs stay as they are", "reason", err)
			return nil // a damaged pack is verify's to report, not a reason to fail a backup
		}
		live = append(live, p)
	}
	for i, p := range live {
		if err := s.replace(tails[i].Digest, p); err != nil {
			return err
		}
	}
	return nil
}

// Confirm ends a session that found nothing new. It asks the storage whether the state that the session began on still
// holds: pinned, and served as the newest, which Begin has just read. What interrupted sessions sent and nobody needs is
// released.
func (s *Session) Confirm(ctx context.Context) error {
	if s.base == nil {
		return ErrNoVault
	}
	if err := s.keepsBase(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	unused := slices.Collect(maps.Keys(s.ready))
	clear(s.ready)
	s.mu.Unlock()
	if len(unused) > 0 {
		err := s.v.cat.Update(ctx, func(tx *catalog.Tx) error {
			for _, d := range unused {
				if err := tx.DropPack(d); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !errors.Is(s.state.ownProblem, ErrCloned) { // a copy of this device may still take its state back
		s.release(ctx, s.base)
	}
	return nil
}

// keepsBase makes sure that the storage keeps the state that the session builds on.
func (s *Session) keepsBase(ctx context.Context) error {
	ok, err := s.v.node.Pinned(ctx, s.base.Root.DagCID())
	if err != nil {
		return fmt.Errorf("confirm the last state: %w", err)
	}
	if ok {
		return nil
	}
	return s.pinAgain(ctx)
}

// pinAgain pins a published root that the storage does not list as pinned: it said so once and did not, or somebody
// unpinned it. The pin walks everything, so what is missing below comes out.
func (s *Session) pinAgain(ctx context.Context) error {
	v := s.v
	v.log.Warn("the storage does not keep the newest state; it is asked to again")
	label, err := v.pinLabel(ctx)
	if err != nil {
		return err
	}
	if err := v.notePin(ctx, s.base.Root.DagCID()); err != nil {
		return err
	}
	err = v.node.PinAdd(ctx, s.base.Root.DagCID(), label)
	if errors.Is(err, node.ErrTimeout) || errors.Is(err, node.ErrNotFound) {
		if e := v.findLost(ctx); e != nil {
			return e
		}
	}
	if err != nil {
		return fmt.Errorf("keep the last state: %w", err)
	}
	ok, err := v.node.Pinned(ctx, s.base.Root.DagCID())
	if err == nil && !ok {
		err = node.ErrNotPinned
	}
	if err != nil {
		return fmt.Errorf("confirm the last state: %w", err)
	}
	return nil
}
