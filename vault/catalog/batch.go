package catalog

import (
	"context"
	"fmt"
	"time"
)

// Batch is the intent of a pinned upload batch, recorded before the node is asked to pin it.
type Batch struct {
	Root   []byte    // bytes of the batch root's CID
	Time   time.Time // when it was begun
	Linked bool      // a committed root links its packs: the pin may go
}

// Batches returns the batches that were begun and not dropped, oldest first.
func (c *Catalog) Batches(ctx context.Context) ([]Batch, error) {
	var all []Batch
	err := c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT root, time, linked FROM batches ORDER BY time, root`, 3, func(v []value) (err error) {
			var b Batch
			if b.Root, err = blob(v[0]); err != nil {
				return err
			}
			if b.Time, err = moment(v[1]); err != nil {
				return err
			}
			if b.Linked, err = boolean(v[2]); err != nil {
				return err
			}
			all = append(all, b)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	return all, nil
}

// AddBatch records a batch, or replaces what was known of the one with this root.
func (tx *Tx) AddBatch(b Batch) error {
	return tx.fail("add batch", tx.exec(`INSERT INTO batches (root, time, linked) VALUES (?, ?, ?)
		ON CONFLICT (root) DO UPDATE SET time = excluded.time, linked = excluded.linked`,
		bytesOf(b.Root), nanos(b.Time), flag(b.Linked)))
}

// DropBatch forgets a batch; an unknown one is fine.
func (tx *Tx) DropBatch(root []byte) error {
	return tx.fail("drop batch", tx.exec(`DELETE FROM batches WHERE root = ?`, bytesOf(root)))
}
