package catalog

import (
	"context"
	"fmt"
	"slices"
)

// applicationID marks the file as a catalog ("Rost"), so that no other database is taken for one.
const applicationID = 0x526F7374

// migrations lead from an empty database to the newest schema; PRAGMA user_version counts those that ran. They are
// append-only: what was released is never edited.
var migrations = []string{
	// Times are nanoseconds since 1970, 0 for the zero time. Paths are blobs, which compare as raw bytes.
	//
	// packs.no is never used twice, so that a number kept in memory cannot come to mean another pack.
	// chunks has no rowid: the id is the place, and a lookup is one descent. A chunk may lie in several packs: when one
	// of them is dropped, it is still found in the others. chunks_pack holds the ids too.
	`CREATE TABLE packs (
		no     INTEGER PRIMARY KEY AUTOINCREMENT,
		digest BLOB NOT NULL UNIQUE,
		type   INTEGER NOT NULL,
		size   INTEGER NOT NULL,
		linked INTEGER NOT NULL,
		owner  BLOB NOT NULL
	);
	CREATE TABLE chunks (
		id   BLOB NOT NULL,
		pack INTEGER NOT NULL,
		PRIMARY KEY (id, pack)
	) WITHOUT ROWID;
	CREATE INDEX chunks_pack ON chunks (pack);
	CREATE TABLE dirs (
		folder  BLOB NOT NULL,
		path    BLOB NOT NULL,
		tree    BLOB NOT NULL,
		files   INTEGER NOT NULL,
		bytes   INTEGER NOT NULL,
		entries BLOB NOT NULL,
		UNIQUE (folder, path)
	);
	CREATE TABLE batches (
		root   BLOB PRIMARY KEY,
		time   INTEGER NOT NULL,
		linked INTEGER NOT NULL
	) WITHOUT ROWID;
	CREATE TABLE meta (
		key   TEXT PRIMARY KEY,
		value BLOB NOT NULL
	) WITHOUT ROWID;
	CREATE TABLE activity (
		id     INTEGER PRIMARY KEY,
		time   INTEGER NOT NULL,
		kind   TEXT NOT NULL,
		folder TEXT NOT NULL,
		text   TEXT NOT NULL,
		files  INTEGER NOT NULL,
		bytes  INTEGER NOT NULL,
		detail BLOB NOT NULL
	);
	CREATE TABLE usage (
		node  TEXT NOT NULL,
		time  INTEGER NOT NULL,
		used  INTEGER NOT NULL,
		quota INTEGER NOT NULL,
		PRIMARY KEY (node, time)
	) WITHOUT ROWID;`,
	// Several devices' heads may name one pack; packs.owner is one of them.
	`CREATE TABLE holders (
		device BLOB NOT NULL,
		pack   INTEGER NOT NULL,
		PRIMARY KEY (device, pack)
	) WITHOUT ROWID;
	CREATE INDEX holders_pack ON holders (pack);
	INSERT INTO holders (device, pack) SELECT owner, no FROM packs;`,
}

// schemaVersion returns how many migrations the database has seen, 0 for an empty one. A database that is not a
// catalog is ErrDamaged, one of the future ErrNewer. It writes nothing.
func schemaVersion(ctx context.Context, c *conn) (int, error) {
	app, err := c.number(ctx, `PRAGMA application_id`)
	if err != nil {
		return 0, err
	}
	version, err := c.number(ctx, `PRAGMA user_version`)
	if err != nil {
		return 0, err
	}
	objects, err := c.number(ctx, `SELECT count(*) FROM sqlite_master`)
	if err != nil {
		return 0, err
	}
	switch {
	case app == 0 && version == 0 && objects == 0:
		return 0, nil
	case app != applicationID:
		return 0, fmt.Errorf("%w: application id %#x is not a catalog's", ErrDamaged, app)
	case version > int64(len(migrations)):
		return 0, fmt.Errorf("%w: schema %d, this version knows %d", ErrNewer, version, len(migrations))
	case version < 1:
		return 0, fmt.Errorf("%w: schema version %d", ErrDamaged, version)
	}
	return int(version), nil
}

// migrate brings the database to the newest schema in one transaction.
func migrate(ctx context.Context, c *conn) (err error) {
	if err := c.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	defer func() {
		if err != nil && !c.rollback() {
			err = fmt.Errorf("%w (and the rollback failed)", err)
		}
	}()
	version, err := schemaVersion(ctx, c) // again: another process may have been faster
	if err != nil {
		return err
	}
	for _, m := range migrations[version:] {
		if err := c.script(m); err != nil {
			return err
		}
	}
	if err := c.script(fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, len(migrations))); err != nil {
		return err
	}
	return c.exec(`COMMIT`)
}

// verifySchema compares every table and index with those of a catalog made just now.
func verifySchema(ctx context.Context, c *conn) (err error) {
	fresh, err := openConn("", connOptions{})
	if err != nil {
		return err
	}
	defer func() {
		if cerr := fresh.close(); err == nil {
			err = cerr
		}
	}()
	for _, m := range migrations {
		if err := fresh.script(m); err != nil {
			return err
		}
	}
	want, err := schemaOf(ctx, fresh)
	if err != nil {
		return err
	}
	got, err := schemaOf(ctx, c)
	if err != nil {
		return err
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%w: its tables are not the catalog's", ErrDamaged)
	}
	return nil
}

func schemaOf(ctx context.Context, c *conn) ([]string, error) {
	var all []string
	err := c.each(ctx, `SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1`, 1, func(v []value) error {
		s, err := text(v[0])
		all = append(all, s)
		return err
	})
	return all, err
}
