package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// metaLost is the catalog's list of packs that are damaged or gone on the storage: they count as not stored, and the next
// commit unlinks them. What in them passes its own checks is read all the same, and is written anew by that commit.
const metaLost = "lost"

// torn knows what lost packs hold that can still be opened. The zero value is ready.
type torn struct {
	mu sync.Mutex // guards below, and is held while packs are opened
	of string     // the list of lost packs that at is about
	at map[format.ChunkID]packRef
}

// inLost finds a chunk in a pack that counts as lost.
func (v *Vault) inLost(ctx context.Context, id format.ChunkID) (ref packRef, ok bool, err error) {
	raw, _, err := v.cat.Meta(ctx, metaLost)
	if err != nil || len(raw) == 0 {
		return ref, false, err
	}
	v.torn.mu.Lock()
	defer v.torn.mu.Unlock()
	if v.torn.at == nil || v.torn.of != string(raw) {
		lost, err := v.lostPacks(ctx)
		if err != nil {
			return ref, false, err
		}
		at := map[format.ChunkID]packRef{}
		for _, d := range lost {
			p, ref, err := v.openLost(ctx, d)
			if err != nil {
				return ref, false, err
			}
			for i := 0; p != nil && i < len(p.Bodies); i++ {
				at[p.Bodies[i].ID] = ref
			}
		}
		v.torn.of, v.torn.at = string(raw), at
	}
	ref, ok = v.torn.at[id]
	return ref, ok, nil
}

// openLost opens a lost pack, whose type is not known; nil when it is gone or its header is damaged.
func (v *Vault) openLost(ctx context.Context, d format.Digest) (*openPack, packRef, error) {
	for _, t := range []format.ObjectType{format.DataPack, format.MetaPack, format.IndexPack} {
		ref := packRef{d, t}
		p, err := v.packs.get(ctx, ref)
		switch {
		case err == nil:
			return p, ref, nil
		case errors.Is(err, ErrMissing):
			return nil, ref, nil
		case !Unusable(err):
			return nil, ref, err
		}
	}
	return nil, packRef{}, nil
}

// rescue stores again what lost packs of the base hold unharmed and no other pack of this device does, and returns the packs
// that it lies in now: versions whose files are not on this computer any more need it.
func (s *Session) rescue(ctx context.Context) ([]format.PackInfo, error) {
	lost, err := s.v.lostPacks(ctx)
	if err != nil || len(lost) == 0 || s.base == nil {
		return nil, err
	}
	own := map[format.Digest]bool{}
	err = openSpine(s.base.root.Packs).leaves(ctx, s.v.block, func(l format.Link) error {
		own[l.Digest] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	waiting := s.linking(nil)
	added := false
	for _, d := range lost {
		if !own[d] {
			continue
		}
		p, ref, err := s.v.openLost(ctx, d)
		if err != nil {
			return nil, err
		}
		if p == nil || ref.typ == format.IndexPack { // an index is written anew
			continue
		}
		for i, b := range p.Bodies {
			row, stored, err := s.v.cat.Chunk(ctx, b.ID.Prefix())
			if err != nil {
				return nil, err
			}
			if stored && row.Owner == [16]byte(s.v.Device()) {
				continue
			}
			plain, err := p.Body(i)
			if err == nil {
				err = s.v.ids.Check(b.Kind, b.ID, plain)
			}
			if IsDamage(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			data, zstd := format.Compress(nil, plain)
			if err := s.add(b.Kind, b.ID, len(plain), zstd, data); err != nil {
				return nil, err
			}
			added = true
		}
	}
	if !added {
		return nil, nil
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(s.linking(nil), func(p format.PackInfo) bool {
		return slices.ContainsFunc(waiting, func(x format.PackInfo) bool { return x.Digest == p.Digest })
	}), nil
}

// NoteLost records packs whose chunks have to be sent again.
func (v *Vault) NoteLost(ctx context.Context, packs []format.Digest) error {
	have, err := v.lostPacks(ctx)
	if err != nil {
		return err
	}
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		var all []byte
		noted := map[format.Digest]bool{}
		for _, d := range append(have, packs...) {
			if noted[d] {
				continue
			}
			noted[d] = true
			if err := tx.DropPack(d); err != nil {
				return err
			}
			all = append(all, d[:]...)
		}
		if err := bumpGeneration(tx); err != nil {
			return err
		}
		return tx.SetMeta(metaLost, all)
	})
}

func (v *Vault) lostPacks(ctx context.Context) ([]format.Digest, error) {
	raw, _, err := v.cat.Meta(ctx, metaLost)
	if err != nil {
		return nil, err
	}
	if len(raw)%32 != 0 {
		return nil, fmt.Errorf("read the catalog: %w: list of lost packs", catalog.ErrDamaged)
	}
	var out []format.Digest
	for ; len(raw) > 0; raw = raw[32:] {
		out = append(out, format.Digest(raw[:32]))
	}
	return out, nil
}

// LostCount is how many packs wait to be replaced.
func (v *Vault) LostCount(ctx context.Context) (int, error) {
	l, err := v.lostPacks(ctx)
	return len(l), err
}

func (v *Vault) forgetPack(ctx context.Context, d format.Digest) error {
	return v.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.DropPack(d) })
}

// IsDamage reports whether err means that stored data is damaged or missing, rather than that it could not be asked for.
func IsDamage(err error) bool {
	return errors.Is(err, format.ErrDamaged) || errors.Is(err, format.ErrWrongKey) || errors.Is(err, ErrMissing) ||
		errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrWrongBytes)
}

// Unusable reports whether err means that one stored thing cannot be used here: it is damaged or missing, or a newer Roost
// wrote it. The rest can.
func Unusable(err error) bool { return IsDamage(err) || errors.Is(err, format.ErrNewer) }

// CheckPack reads a pack past every cache and checks every byte of it.
func (v *Vault) CheckPack(ctx context.Context, p format.PackInfo) error {
	o, err := v.fetchPack(ctx, packRef{p.Digest, p.Type})
	if err != nil {
		return err
	}
	return v.checkWhole(o)
}

func (v *Vault) checkWhole(o *openPack) error {
	if err := o.CheckPadding(); err != nil {
		return err
	}
	for i, b := range o.Bodies {
		plain, err := o.Body(i)
		if err != nil {
			return err
		}
		if err := v.ids.Check(b.Kind, b.ID, plain); err != nil {
			return err
		}
	}
	return nil
}
