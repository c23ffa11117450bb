package catalog

import (
	"context"
	"fmt"
)

const selectMeta = `SELECT value FROM meta WHERE key = ?`

// Meta returns the value kept under key; an empty one is nil and true.
func (c *Catalog) Meta(ctx context.Context, key string) (v []byte, ok bool, err error) {
	err = c.read(ctx, func(r *conn) error {
		return r.each(ctx, selectMeta, 1, func(row []value) (err error) {
			ok = true
			v, err = blob(row[0])
			return err
		}, key)
	})
	if err != nil {
		return nil, false, fmt.Errorf("get %q: %w", key, err)
	}
	return v, ok, nil
}

// Meta is Catalog.Meta within the transaction, for a value that depends on the one before.
func (tx *Tx) Meta(key string) (v []byte, ok bool, err error) {
	err = tx.each(selectMeta, 1, func(row []value) (err error) {
		ok = true
		v, err = blob(row[0])
		return err
	}, key)
	if err != nil {
		return nil, false, tx.fail(fmt.Sprintf("get %q", key), err)
	}
	return v, ok, nil
}

// SetMeta keeps v under key.
func (tx *Tx) SetMeta(key string, v []byte) error {
	err := tx.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, bytesOf(v))
	return tx.fail(fmt.Sprintf("set %q", key), err)
}

// DeleteMeta forgets what is kept under key; nothing there is fine.
func (tx *Tx) DeleteMeta(key string) error {
	return tx.fail(fmt.Sprintf("delete %q", key), tx.exec(`DELETE FROM meta WHERE key = ?`, key))
}
