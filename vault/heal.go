package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// CopyReport is what VerifyCopy found, and did about it.
type CopyReport struct {
	CheckedBlocks int64
	CheckedBytes  int64
	Sent          int        // packs that were missing, and were sent again
	Damaged       []LostPack // packs whose bytes are not what they should be
}

// VerifyCopy proves that another storage has every pack of this device's newest state: all are asked for, also below a root
// that is pinned, and what is missing is sent again. Damaged packs cannot be replaced there; see Replace. Errors: those of
// Mirror; ErrMissing when what is to be sent is not on the vault's own storage either.
func (v *Vault) VerifyCopy(ctx context.Context, to node.Node, progress Progress) (*CopyReport, error) {
	m, err := v.newMirror(ctx, to, progress)
	if err != nil {
		return nil, err
	}
	if err := m.run(ctx, true); err != nil {
		if errors.Is(err, node.ErrNotFound) {
			err = fmt.Errorf("%w: %w", ErrMissing, err)
		}
		return nil, err
	}
	out := &CopyReport{Sent: m.sent, Damaged: m.wrong}
	for i, p := range out.Damaged {
		if out.Damaged[i].Type, err = v.typeOf(ctx, p.Digest); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// typeOf is the kind of a pack; a data pack where it is not known.
func (v *Vault) typeOf(ctx context.Context, d format.Digest) (format.ObjectType, error) {
	row, ok, err := v.cat.PackByDigest(ctx, d)
	if !ok {
		return format.DataPack, err
	}
	return format.ObjectType(row.Type), nil
}

// ReadCopy reads a share of the packs of this device's newest state from another storage, compares them with their hashes, and
// adds what it finds to a report of VerifyCopy.
func (v *Vault) ReadCopy(ctx context.Context, to node.Node, share Share, out *CopyReport) error {
	st, err := Find(ctx, to, v.bundle)
	if err != nil {
		return err
	}
	own := st.Own(v.Device())
	if own == nil {
		return nil
	}
	known := map[format.Digest]bool{}
	for _, p := range out.Damaged {
		known[p.Digest] = true
	}
	get := func(ctx context.Context, id cid.Cid, d format.Digest) ([]byte, error) {
		return getBlock(ctx, to, id, d)
	}
	err = openSpine(own.root.Packs).leaves(ctx, get, func(l format.Link) error {
		out.CheckedBlocks++
		if known[l.Digest] || !share.has(l.Digest) {
			return nil
		}
		block, err := getBlock(ctx, to, l.CID(), l.Digest)
		out.CheckedBytes += int64(len(block))
		if !IsDamage(err) {
			return err
		}
		typ, terr := v.typeOf(ctx, l.Digest)
		out.Damaged = append(out.Damaged, LostPack{format.PackInfo{Digest: l.Digest, Type: typ, Size: uint32(l.File)}, errors.Is(err, node.ErrNotFound)})
		return terr
	})
	if err != nil {
		return fmt.Errorf("read from the other storage: %w", err)
	}
	return nil
}

// PutBack brings packs that are missing on the vault's storage back from others that have them, under their own names, so
// that every root that links them is whole again, also those of other devices. It returns the packs that it could not bring
// back.
func (v *Vault) PutBack(ctx context.Context, lost []LostPack, from []node.Node) (left []LostPack, err error) {
	var batch []sealedPack
	var infos []LostPack
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		root, blocks, err := batchBlocks(v.bundle, batch)
		if err != nil {
			return err
		}
		// Noted first, so that the next commit releases the batch; what it holds is linked by roots that are pinned.
		err = v.cat.Update(ctx, func(tx *catalog.Tx) error {
			return tx.AddBatch(catalog.Batch{Root: root.Bytes(), Time: time.Now()})
		})
		if err != nil {
			return err
		}
		if err := v.node.Import(ctx, root, blocks); err != nil {
			return fmt.Errorf("put back what was lost: %w", err)
		}
		back := map[format.Digest]bool{}
		for _, p := range infos {
			err := v.CheckPack(ctx, p.PackInfo)
			if IsDamage(err) {
				left = append(left, p)
			} else if err != nil {
				return err
			} else {
				back[p.Digest] = true
			}
		}
		batch, infos = nil, nil
		return v.noteBack(ctx, back)
	}
	for _, p := range lost {
		o, err := v.elsewhere(ctx, p, from)
		if err != nil {
			return nil, err
		}
		if o == nil || !p.Missing {
			left = append(left, p)
			continue
		}
		batch = append(batch, sealedPack{info: p.PackInfo, block: o.raw})
		if infos = append(infos, p); len(batch) == batchPacks {
			if err := send(); err != nil {
				return nil, err
			}
		}
	}
	return left, send()
}

// noteBack forgets that packs were lost. What they hold is read again from the indexes that name them.
func (v *Vault) noteBack(ctx context.Context, back map[format.Digest]bool) error {
	lost, err := v.lostPacks(ctx)
	if err != nil {
		return err
	}
	var still []byte
	for _, d := range lost {
		if !back[d] {
			still = append(still, d[:]...)
		}
	}
	if len(still) == len(lost)*len(format.Digest{}) {
		return nil
	}
	st := v.Known()
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		if st != nil {
			for _, h := range st.Heads {
				if err := tx.DeleteMeta(metaHead(h.Device)); err != nil {
					return err
				}
			}
		}
		if len(still) == 0 {
			return tx.DeleteMeta(metaLost)
		}
		return tx.SetMeta(metaLost, still)
	})
}

// found is a pack that another storage has whole.
type found struct {
	*openPack
	raw []byte
}

// elsewhere looks for a pack on other storages, and checks every byte of it; nil when none has it whole. One that cannot be
// asked counts as having none.
func (v *Vault) elsewhere(ctx context.Context, p LostPack, from []node.Node) (*found, error) {
	for _, n := range from {
		raw, err := getBlock(ctx, n, p.Digest.RawCID(), p.Digest)
		if err == nil {
			var s *format.Sealed
			if s, err = format.Open(raw, p.Type, v.keys().Vault, v.keys().Epochs); err == nil {
				o := newOpenPack(s)
				if err = v.checkWhole(o); err == nil {
					return &found{o, raw}, nil
				}
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		v.log.Info("a lost pack is not to be had from another storage", "pack", p.Digest.RawCID(), "reason", err)
	}
	return nil, nil
}

// Replace writes what damaged packs of this device's state hold into new packs, from other storages that have them whole,
// and publishes a state without the damaged ones: a storage does not replace a block that it believes to have. It returns
// the packs for which there is no remedy here: other devices', and those that nobody has whole.
func (v *Vault) Replace(ctx context.Context, damaged []LostPack, from []node.Node) (left []LostPack, err error) {
	s, err := v.beginChange(ctx)
	if err != nil {
		return damaged, err
	}
	defer s.Close()
	own, err := s.named(ctx)
	if err != nil {
		return nil, err
	}
	replaced := 0
	for _, p := range damaged {
		if p.Type == format.IndexPack && own[p.Digest] {
			replaced++ // the index is written anew by the commit
			continue
		}
		var o *found
		if own[p.Digest] {
			if o, err = v.elsewhere(ctx, p, from); err != nil {
				return nil, err
			}
		}
		if o == nil {
			left = append(left, p)
			continue
		}
		if err := s.replace(p.Digest, o.openPack); err != nil {
			return nil, err
		}
		replaced++
	}
	if replaced == 0 {
		return left, nil
	}
	_, err = s.Commit(ctx, nil, bumpGeneration)
	return left, err
}

// named are the packs that the base's index names, as far as it can be read.
func (s *Session) named(ctx context.Context) (map[format.Digest]bool, error) {
	out := map[format.Digest]bool{}
	if s.base == nil {
		return out, nil
	}
	for _, p := range s.base.Loose {
		out[p.Digest] = true
	}
	for _, ref := range s.base.Segments {
		for _, p := range ref.Packs {
			out[p.Digest] = true
		}
		seg, err := s.v.openSegment(ctx, ref)
		if IsDamage(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, p := range seg.packs {
			out[p.Digest] = true
		}
	}
	return out, nil
}

// replace stores a pack's chunks again, and has the next commit drop the pack.
func (s *Session) replace(d format.Digest, o *openPack) error {
	for i, b := range o.Bodies {
		plain, err := o.Body(i)
		if err == nil {
			err = s.v.ids.Check(b.Kind, b.ID, plain)
		}
		if err != nil {
			return fmt.Errorf("write a pack anew: %w", err)
		}
		data, zstd := format.Compress(nil, plain)
		if err := s.add(b.Kind, b.ID, len(plain), zstd, data); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved[d] = true
	return nil
}
