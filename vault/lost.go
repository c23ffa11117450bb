package vault

import (
	"context"
	"errors"
	"fmt"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// metaLost is the catalog's list of packs that are damaged or gone on the storage: they count as not stored, and the next
// commit unlinks them.
const metaLost = "lost"

// NoteLost records packs whose chunks have to be sent again.
func (v *Vault) NoteLost(ctx context.Context, packs []format.Digest) error {
	have, err := v.lostPacks(ctx)
	if err != nil {
		return err
	}
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		var all []byte
		for _, d := range append(have, packs...) {
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
