// Package catalog remembers what is known about files, chunks and packs in SQLite; a cache: delete it and nothing is lost.
//
// One process writes, through one connection; reads run beside it and see the last commit. A commit survives a
// crash of the process; a power cut may take the newest commits, never the order of them.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

var (
	// ErrNewer: a later version of the program wrote the catalog. Move it aside (MoveAside) and rebuild.
	ErrNewer = errors.New("catalog was written by a newer version")
	// ErrDamaged: the file is not a catalog, or is malformed; for CopyDatabase, not a sound SQLite database.
	// A damaged catalog is deleted (Remove) and rebuilt. Open cannot notice everything, so any call may return it.
	ErrDamaged = errors.New("database is damaged")
	// ErrBusy: another process kept the database locked for longer than we wait.
	ErrBusy = errors.New("database is busy")
	// ErrDiskFull: no room to write. The transaction is rolled back and what was there is whole.
	ErrDiskFull = errors.New("disk is full")
	// ErrReadOnly: the file, its folder or its file system does not let us write.
	ErrReadOnly = errors.New("database is read-only")
	// ErrClosed: the catalog was closed.
	ErrClosed = errors.New("catalog is closed")
)

const (
	busyWait    = 5 * time.Second // how long Open and Update wait for another process
	readerCount = 2               // a lookup takes microseconds, so two keep every worker fed
	writerCache = 8 << 10         // KiB; together with the readers' the page cache stays within 16 MiB
	readerCache = 4 << 10         // KiB, each
)

// Catalog is an open catalog. Its methods may be called from many goroutines at once.
type Catalog struct {
	path    string
	writer  chan *conn // holds one connection; nil stands for "open it again"
	readers chan *conn // holds readerCount of them; nil stands for "not opened yet"

	closing sync.Once
	closed  chan struct{}
}

// Open opens the catalog at path, makes it when the file is missing or empty, and brings an older one up to date.
// The file is readable by its owner only. The folder must exist.
//
// Errors to branch on: ErrDamaged, ErrNewer, ErrReadOnly, ErrDiskFull, ErrBusy.
func Open(ctx context.Context, path string) (*Catalog, error) {
	if err := prepareFile(path); err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	var w *conn
	for p := (patience{limit: busyWait}); ; {
		var err error
		if w, err = openWriter(ctx, path); err == nil {
			break
		}
		if errors.Is(err, ErrBusy) {
			err = p.wait(ctx, err)
		}
		if err != nil {
			return nil, fmt.Errorf("open catalog: %w", err)
		}
	}
	c := &Catalog{
		path:    path,
		writer:  make(chan *conn, 1),
		readers: make(chan *conn, readerCount),
		closed:  make(chan struct{}),
	}
	c.writer <- w
	for range readerCount {
		c.readers <- nil
	}
	return c, nil
}

// Close waits for what is running and closes the catalog. Calling it from inside Update would wait for ever.
func (c *Catalog) Close() error {
	var errs []error
	c.closing.Do(func() {
		close(c.closed)
		for range readerCount {
			errs = append(errs, (<-c.readers).close())
		}
		// The writer goes last: the last connection to close folds the write-ahead log into the file.
		errs = append(errs, (<-c.writer).close())
	})
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close catalog: %w", err)
	}
	return nil
}

// Check reads every page and says ErrDamaged when the structure is not sound. It takes about a second per million
// chunks; a caller runs it after a stop that was not a Close.
func (c *Catalog) Check(ctx context.Context) error {
	var verdict string
	err := c.read(ctx, func(r *conn) error {
		return r.each(ctx, `PRAGMA quick_check(1)`, 1, func(v []value) (err error) {
			verdict, err = text(v[0])
			return err
		})
	})
	if err == nil && verdict != "ok" {
		err = fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	if err != nil {
		return fmt.Errorf("check catalog: %w", err)
	}
	return nil
}

// read lends fn a reading connection. Nothing fn does there may outlast it.
func (c *Catalog) read(ctx context.Context, fn func(*conn) error) error {
	r, err := c.take(ctx, c.readers)
	if err != nil {
		return err
	}
	defer func() { c.readers <- r }()
	if r == nil {
		if r, err = openConn(c.path, connOptions{cacheKiB: readerCache, readOnly: true, lockWait: time.Second}); err != nil {
			return err
		}
	}
	return fn(r)
}

func (c *Catalog) take(ctx context.Context, from chan *conn) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-c.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case <-c.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case x := <-from:
		return x, nil
	}
}

// openWriter opens the writing connection and makes sure that the file is a catalog of this version.
func openWriter(ctx context.Context, path string) (w *conn, err error) {
	w, err = openConn(path, connOptions{cacheKiB: writerCache, lockWait: 20 * time.Millisecond})
	if err != nil {
		return nil, asDamage(err, path)
	}
	opened := w
	defer func() {
		if err != nil {
			err = errors.Join(asDamage(err, path), opened.close())
			w = nil
		}
	}()
	version, err := schemaVersion(ctx, w)
	if err != nil {
		return nil, err
	}
	// Only now is it known to be ours: a foreign database must not be turned into WAL mode. Where the file
	// system cannot do WAL, SQLite keeps its rollback journal, which is slower and as correct.
	for _, q := range []string{
		`PRAGMA page_size = 8192`, // of a new file; directories are read a third faster than with 4096
		`PRAGMA journal_mode = WAL`,
		`PRAGMA journal_size_limit = 16777216`, // one huge transaction does not leave a huge log behind
		`PRAGMA temp_store = MEMORY`,           // no plaintext path in a temporary file
	} {
		if err := w.each(ctx, q, 1, func([]value) error { return nil }); err != nil {
			return nil, err
		}
	}
	if version < len(migrations) {
		if err := migrate(ctx, w); err != nil {
			return nil, err
		}
	} else if err := probeWrite(w, version); err != nil {
		return nil, err
	}
	return w, verifySchema(ctx, w)
}

// probeWrite finds out at Open, not at the first backup, that the catalog cannot be written.
func probeWrite(w *conn, version int) error {
	err := w.exec(`BEGIN IMMEDIATE`)
	if errors.Is(err, ErrBusy) { // someone else is writing to it right now
		return nil
	}
	if err != nil {
		return err
	}
	// The lock alone proves nothing: SQLite silently gives a lesser one where it cannot write.
	err = w.script(fmt.Sprintf(`PRAGMA user_version = %d`, version))
	if !w.rollback() {
		return errors.Join(err, errors.New("end the test of writing"))
	}
	return err
}

// asDamage is for Open, where some errors have one cause more than elsewhere.
func asDamage(err error, path string) error {
	switch {
	case errors.Is(err, errStatement): // our SQL is fixed, so the schema is not ours
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case errors.Is(err, ErrReadOnly) && formatUnknown(path):
		return fmt.Errorf("%w: its header forbids writing", ErrDamaged)
	}
	return err
}

// formatUnknown says whether a format byte in the header was changed; SQLite calls such a file read-only.
func formatUnknown(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var versions [2]byte
	_, err = f.ReadAt(versions[:], 18)
	return err == nil && (versions[0] > 2 || versions[1] > 2)
}

// prepareFile makes a missing catalog and takes other people's rights away from an existing one. An existing file
// is not opened here: closing it would drop the locks of a connection that this process already has.
func prepareFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return fileError(err)
	}
	var size int64
	logged := false // what the file lacks may be in the log
	for _, name := range withSides(path) {
		fi, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != path:
			continue
		case err != nil:
			return fileError(err)
		case !fi.Mode().IsRegular():
			return fmt.Errorf("%w: not a regular file", ErrDamaged)
		case fi.Mode().Perm()&0o077 != 0:
			// Windows reports rights here that it does not have; the call is harmless there.
			if err := os.Chmod(name, fi.Mode().Perm()&0o600); err != nil {
				return fileError(err)
			}
		}
		if name == path {
			size = fi.Size()
		} else {
			logged = true
		}
	}
	if size%512 != 0 && !logged { // SQLite would take the missing end of a page for zeros
		return fmt.Errorf("%w: it was cut off", ErrDamaged)
	}
	return nil
}
