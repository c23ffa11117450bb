package catalog

import (
	"context"
	"fmt"
)

// Held returns the packs that a device's head is known to name, in the order of their numbers.
func (c *Catalog) Held(ctx context.Context, device [16]byte) ([]Pack, error) {
	var all []Pack
	err := c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT `+packColumns+` FROM holders h JOIN packs p ON p.no = h.pack WHERE h.device = ? ORDER BY p.no`, 6, func(v []value) error {
			p, err := scanPack(v)
			all = append(all, p)
			return err
		}, device[:])
	})
	if err != nil {
		return nil, fmt.Errorf("list packs of a device: %w", err)
	}
	return all, nil
}

// Hold says that a device's head names the pack with this number. An unknown number is an error.
func (tx *Tx) Hold(no int64, device [16]byte) error {
	err := tx.known(no)
	if err == nil {
		err = tx.exec(`INSERT OR IGNORE INTO holders (device, pack) VALUES (?, ?)`, device[:], no)
	}
	return tx.fail("hold pack", err)
}

// HoldAlone forgets which packs the heads of all devices but this one name. The packs stay.
func (tx *Tx) HoldAlone(device [16]byte) error {
	return tx.fail("forget holders", tx.exec(`DELETE FROM holders WHERE device <> ?`, device[:]))
}

// Release says that a device's head does not name a pack any more. A pack that was this device's (its Owner) passes,
// not linked, to another whose head names it; without one it is forgotten, and that chunks were to be found in it. An
// unknown pack is fine.
func (tx *Tx) Release(digest [32]byte, device [16]byte) error {
	return tx.fail("release pack", tx.release(digest, device))
}

func (tx *Tx) release(digest [32]byte, device [16]byte) error {
	var p Pack
	err := tx.each(`SELECT `+packColumns+` FROM packs p WHERE p.digest = ?`, 6, func(v []value) (err error) {
		p, err = scanPack(v)
		return err
	}, digest[:])
	if err != nil || p.No == 0 {
		return err
	}
	if err := tx.exec(`DELETE FROM holders WHERE device = ? AND pack = ?`, device[:], p.No); err != nil || p.Owner != device {
		return err
	}
	var heir [16]byte
	found := false
	err = tx.each(`SELECT device FROM holders WHERE pack = ? LIMIT 1`, 1, func(v []value) error {
		found = true
		return fixed(heir[:], v[0])
	}, p.No)
	switch {
	case err != nil:
		return err
	case !found:
		return tx.DropPack(digest)
	default:
		return tx.exec(`UPDATE packs SET linked = 0, owner = ? WHERE no = ?`, heir[:], p.No)
	}
}
