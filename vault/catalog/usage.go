package catalog

import (
	"context"
	"fmt"
	"time"
)

// usageKept is how many of the newest samples are kept for each node: over a year at one per hour.
const usageKept = 10_000

// Usage is how full a node was at some time.
type Usage struct {
	Time  time.Time
	Node  string // the caller's name for it
	Used  int64  // bytes
	Quota int64  // bytes; 0 when the node has no limit
}

// UsageSamples returns a node's samples from since on, oldest first; a zero since means all that are kept.
func (c *Catalog) UsageSamples(ctx context.Context, node string, since time.Time) ([]Usage, error) {
	var all []Usage
	err := c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT time, used, quota FROM usage WHERE node = ? AND time >= ? ORDER BY time`, 3, func(v []value) (err error) {
			u := Usage{Node: node}
			if u.Time, err = moment(v[0]); err != nil {
				return err
			}
			if u.Used, err = integer(v[1]); err != nil {
				return err
			}
			if u.Quota, err = integer(v[2]); err != nil {
				return err
			}
			all = append(all, u)
			return nil
		}, node, nanos(since))
	})
	if err != nil {
		return nil, fmt.Errorf("list usage: %w", err)
	}
	return all, nil
}

// AddUsage records how many bytes of its quota a node used at time t, 0 meaning no quota, and forgets its samples
// beyond the newest 10,000.
func (tx *Tx) AddUsage(t time.Time, node string, used, quota int64) error {
	err := tx.exec(`INSERT INTO usage (node, time, used, quota) VALUES (?, ?, ?, ?)
		ON CONFLICT (node, time) DO UPDATE SET used = excluded.used, quota = excluded.quota`,
		node, nanos(t), used, quota)
	if err == nil {
		err = tx.exec(`DELETE FROM usage WHERE node = ?1 AND time <
			(SELECT time FROM usage WHERE node = ?1 ORDER BY time DESC LIMIT 1 OFFSET ?2)`, node, int64(usageKept-1))
	}
	return tx.fail("add usage", err)
}
