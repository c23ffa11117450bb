package catalog

import (
	"context"
	"fmt"
	"iter"
	"math"
)

// Pack is a pack that some device's head links, or that this device has uploaded.
type Pack struct {
	No     int64    // number within this catalog, never used twice; 0: unknown, or not given yet
	Digest [32]byte // of the pack's bytes, as in its CID
	Type   uint8    // kind of pack; the caller's values
	Size   uint32   // bytes
	Linked bool     // in this device's committed root
	Owner  [16]byte // device whose head it was learnt from
}

const packColumns = `p.no, p.digest, p.type, p.size, p.linked, p.owner`

// scanPack reads packColumns.
func scanPack(v []value) (p Pack, err error) {
	if p.No, err = integer(v[0]); err != nil {
		return Pack{}, err
	}
	if err := fixed(p.Digest[:], v[1]); err != nil {
		return Pack{}, err
	}
	typ, err := ranged(v[2], math.MaxUint8)
	if err != nil {
		return Pack{}, err
	}
	size, err := ranged(v[3], math.MaxUint32)
	if err != nil {
		return Pack{}, err
	}
	if p.Linked, err = boolean(v[4]); err != nil {
		return Pack{}, err
	}
	if err := fixed(p.Owner[:], v[5]); err != nil {
		return Pack{}, err
	}
	p.Type, p.Size = uint8(typ), uint32(size)
	return p, nil
}

// PackByDigest finds a pack by the digest of its bytes.
func (c *Catalog) PackByDigest(ctx context.Context, digest [32]byte) (p Pack, ok bool, err error) {
	err = c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT `+packColumns+` FROM packs p WHERE p.digest = ?`, 6, func(v []value) (err error) {
			ok = true
			p, err = scanPack(v)
			return err
		}, digest[:])
	})
	if err != nil {
		return Pack{}, false, fmt.Errorf("find pack: %w", err)
	}
	return p, ok, nil
}

// Packs yields every pack in the order of their numbers. It reads in portions and holds nothing in between, so the
// loop may take its time and may update the catalog; packs added or dropped meanwhile may or may not be seen. An error
// is the last thing it yields.
func (c *Catalog) Packs(ctx context.Context) iter.Seq2[Pack, error] {
	return func(yield func(Pack, error) bool) {
		const rows = 512
		for last, more := int64(0), true; more; {
			packs := make([]Pack, 0, rows)
			err := c.read(ctx, func(r *conn) error {
				return r.each(ctx, `SELECT `+packColumns+` FROM packs p WHERE p.no > ? ORDER BY p.no`, 6, func(v []value) error {
					p, err := scanPack(v)
					if err != nil {
						return err
					}
					if packs = append(packs, p); len(packs) == rows {
						return errStop
					}
					return nil
				}, last)
			})
			more = len(packs) == rows
			for _, p := range packs {
				if last = p.No; !yield(p, nil) {
					return
				}
			}
			if err != nil {
				yield(Pack{}, fmt.Errorf("list packs: %w", err))
				return
			}
		}
	}
}

// Counts returns how many packs and chunks are known. It walks an index, tens of milliseconds per million chunks.
func (c *Catalog) Counts(ctx context.Context) (packs, chunks int64, err error) {
	err = c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT (SELECT count(*) FROM packs), (SELECT count(*) FROM chunks)`, 2, func(v []value) (err error) {
			if packs, err = integer(v[0]); err != nil {
				return err
			}
			chunks, err = integer(v[1])
			return err
		})
	})
	if err != nil {
		return 0, 0, fmt.Errorf("count packs: %w", err)
	}
	return packs, chunks, nil
}

// AddPack adds a pack, whose No is ignored, and returns its number. A pack that is known by its digest keeps its
// number and its fields, except that one not linked so far takes over Linked and Owner when p is linked.
func (tx *Tx) AddPack(p Pack) (no int64, err error) {
	linked := false
	err = tx.each(`SELECT no, linked FROM packs WHERE digest = ?`, 2, func(v []value) (err error) {
		if no, err = integer(v[0]); err != nil {
			return err
		}
		linked, err = boolean(v[1])
		return err
	}, p.Digest[:])
	switch {
	case err != nil:
	case no == 0:
		no, err = tx.insert(`INSERT INTO packs (digest, type, size, linked, owner) VALUES (?, ?, ?, ?, ?)`,
			p.Digest[:], int64(p.Type), int64(p.Size), flag(p.Linked), p.Owner[:])
	case p.Linked && !linked:
		err = tx.exec(`UPDATE packs SET linked = 1, owner = ? WHERE no = ?`, p.Owner[:], no)
	}
	if err != nil {
		return 0, tx.fail("add pack", err)
	}
	return no, nil
}

// DropPack forgets a pack and that chunks were to be found in it; an unknown pack is fine.
func (tx *Tx) DropPack(digest [32]byte) error {
	err := tx.exec(`DELETE FROM chunks WHERE pack = (SELECT no FROM packs WHERE digest = ?)`, digest[:])
	if err == nil {
		err = tx.exec(`DELETE FROM holders WHERE pack = (SELECT no FROM packs WHERE digest = ?)`, digest[:])
	}
	if err == nil {
		err = tx.exec(`DELETE FROM packs WHERE digest = ?`, digest[:])
	}
	return tx.fail("drop pack", err)
}

// known fails for a number that no pack has.
func (tx *Tx) known(no int64) error {
	found := false
	err := tx.each(`SELECT 1 FROM packs WHERE no = ?`, 1, func([]value) error { found = true; return nil }, no)
	if err == nil && !found {
		err = fmt.Errorf("no pack has number %d", no)
	}
	return err
}
