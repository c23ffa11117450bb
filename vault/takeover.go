package vault

import (
	"context"
	"encoding/binary"
	"fmt"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// TakeOver makes the vault's storage the one that commits go to, in the place of from (nil: it is not there any more):
// the catalog forgets what only from may hold. It changes no storage.
//
// Errors: node.ErrNotPinned when the storage does not hold the newest state of this device that from serves or was ever
// confirmed; where neither can be asked, from's error.
func (v *Vault) TakeOver(ctx context.Context, from node.Node) error {
	seq, hash, err := v.newest(ctx, from)
	if err != nil {
		return err
	}
	st, err := Find(ctx, v.node, v.bundle)
	if err != nil {
		return err
	}
	own := st.Own(v.Device())
	if own == nil && seq > 0 {
		return fmt.Errorf("take over: %w: no state of this computer is there", node.ErrNotPinned)
	}
	if own != nil {
		if own.Seq < seq || own.Seq == seq && own.Hash != hash {
			return fmt.Errorf("take over: %w: state %d of this computer is there, the newest is %d", node.ErrNotPinned, own.Seq, seq)
		}
		ok, err := v.node.Pinned(ctx, own.Root.DagCID())
		if err != nil {
			return fmt.Errorf("ask what the storage keeps: %w", err)
		}
		if !ok {
			return fmt.Errorf("take over: %w", node.ErrNotPinned)
		}
	}
	since := seq
	if own != nil {
		since = own.Seq
	}
	return v.forgetStorage(ctx, since)
}

// TakeOverAsItIs is TakeOver for a storage that may hold an earlier state than was confirmed elsewhere, where that is gone
// for good. The next commit says what it goes on from, under a number that was never used.
func (v *Vault) TakeOverAsItIs(ctx context.Context) error {
	st, err := Find(ctx, v.node, v.bundle)
	if err != nil {
		return err
	}
	own := st.Own(v.Device())
	if own == nil {
		return v.forgetStorage(ctx, 0)
	}
	ok, err := v.node.Pinned(ctx, own.Root.DagCID())
	if err != nil {
		return fmt.Errorf("ask what the storage keeps: %w", err)
	}
	if !ok {
		return fmt.Errorf("take over: %w", node.ErrNotPinned)
	}
	return v.forgetStorage(ctx, own.Seq)
}

// newest is the newest state of this device that is known of: what from serves or what was confirmed; seq 0 for none.
func (v *Vault) newest(ctx context.Context, from node.Node) (seq uint64, hash format.Digest, err error) {
	raw, known, err := v.cat.Meta(ctx, metaOwnSeq)
	if err != nil {
		return 0, hash, err
	}
	noted, _, err := v.cat.Meta(ctx, metaOwn)
	if err != nil {
		return 0, hash, err
	}
	if known = known && len(raw) == 8 && len(noted) == len(hash); known {
		seq, hash = binary.BigEndian.Uint64(raw), format.Digest(noted)
	}
	st, ferr := (*State)(nil), fmt.Errorf("ask the storage that is replaced: %w", node.ErrUnreachable)
	if from != nil {
		st, ferr = Find(ctx, from, v.bundle)
	}
	if ferr != nil {
		if known {
			return seq, hash, ctx.Err()
		}
		return 0, hash, ferr
	}
	if own := st.Own(v.Device()); own != nil && own.Seq >= seq {
		seq, hash = own.Seq, own.Hash
	}
	return seq, hash, nil
}

// forgetStorage takes from the catalog what it knows of the storage rather than of this device's newest state: packs that
// no root of ours links, what other devices' heads said, and what was noted as pinned or lost. The rest is read again.
// What other devices have on the storage that is left is not missed on the new one, also not what this device's heads up
// to number since have seen.
func (v *Vault) forgetStorage(ctx context.Context, since uint64) error {
	owners := map[format.DeviceID]bool{}
	var strays []format.Digest
	for p, err := range v.cat.Packs(ctx) {
		if err != nil {
			return err
		}
		owners[p.Owner] = true
		if !p.Linked {
			strays = append(strays, p.Digest)
		}
	}
	delete(owners, v.Device())
	batches, err := v.cat.Batches(ctx)
	if err != nil {
		return err
	}
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for _, d := range strays {
			if err := tx.DropPack(d); err != nil {
				return err
			}
		}
		if err := tx.HoldAlone(v.Device()); err != nil {
			return err
		}
		for d := range owners {
			if err := tx.DeleteMeta(metaHead(d)); err != nil {
				return err
			}
		}
		for _, b := range batches {
			if err := tx.DropBatch(b.Root); err != nil {
				return err
			}
		}
		for _, key := range []string{metaScan, metaLost, metaMirrored} {
			if err := tx.DeleteMeta(key); err != nil {
				return err
			}
		}
		if err := tx.SetMeta(metaSeen, memory{since: since}.encode()); err != nil {
			return err
		}
		// Known, and of no head: the index is read again, and no state at all is noticed.
		if _, ok, err := tx.Meta(metaHead(v.Device())); err != nil {
			return err
		} else if ok {
			if err := tx.SetMeta(metaHead(v.Device()), []byte{0}); err != nil {
				return err
			}
		}
		return bumpGeneration(tx)
	})
}
