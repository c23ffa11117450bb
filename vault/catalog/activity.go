package catalog

import (
	"context"
	"fmt"
	"time"
)

// activityKept is how many of the newest activities are kept.
const activityKept = 10_000

// Activity is one thing that happened and that the person may look up: a backup, a restore, a skipped file.
type Activity struct {
	ID     int64 // grows with every activity; not given by the caller
	Time   time.Time
	Kind   string
	Folder string // its path; "" when no folder is concerned
	Text   string
	Files  int64
	Bytes  int64
	Detail []byte // the caller's encoding, such as a restore report; empty is read back as nil
}

// Activities returns the newest activities, newest first: at most limit of them, all that are kept when it is 0.
func (c *Catalog) Activities(ctx context.Context, limit int) ([]Activity, error) {
	if limit <= 0 {
		limit = activityKept
	}
	var all []Activity
	err := c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT id, time, kind, folder, text, files, bytes, detail FROM activity
			ORDER BY id DESC LIMIT ?`, 8, func(v []value) error {
			a, err := scanActivity(v)
			all = append(all, a)
			return err
		}, int64(limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list activities: %w", err)
	}
	return all, nil
}

func scanActivity(v []value) (a Activity, err error) {
	if a.ID, err = integer(v[0]); err != nil {
		return a, err
	}
	if a.Time, err = moment(v[1]); err != nil {
		return a, err
	}
	for i, s := range []*string{&a.Kind, &a.Folder, &a.Text} {
		if *s, err = text(v[2+i]); err != nil {
			return a, err
		}
	}
	if a.Files, err = integer(v[5]); err != nil {
		return a, err
	}
	if a.Bytes, err = integer(v[6]); err != nil {
		return a, err
	}
	a.Detail, err = blob(v[7])
	return a, err
}

// AddActivity records an activity, whose ID is ignored, and forgets those beyond the newest 10,000.
func (tx *Tx) AddActivity(a Activity) error {
	id, err := tx.insert(`INSERT INTO activity (time, kind, folder, text, files, bytes, detail) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		nanos(a.Time), a.Kind, a.Folder, a.Text, a.Files, a.Bytes, bytesOf(a.Detail))
	if err == nil {
		err = tx.exec(`DELETE FROM activity WHERE id <= ?`, id-activityKept)
	}
	return tx.fail("add activity", err)
}
