//go:build cgo

package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/mattn/go-sqlite3"
)

// How much is copied before the lock on a database in rollback mode is let go. A writer waits for milliseconds; each
// time it makes the copy begin again the slice doubles, up to a tenth of a second's worth.
const (
	firstSlice = 4 << 20
	lastSlice  = 64 << 20
)

// errHotJournal: a writer died in mid-transaction; only a connection that may write can read the database.
var errHotJournal = errors.New("database has a transaction to roll back")

// copying makes copies take turns. POSIX locks belong to the process: closing one descriptor of a file would drop
// the locks that another copy of the same file holds.
var copying = make(chan struct{}, 1)

// CopyDatabase makes a consistent copy of a SQLite database that other programs may be using, into dst, which must
// not exist and becomes one ordinary file of mode 0600 in rollback mode, without a log beside it.
//
// Nothing at or beside src is written, and in WAL mode no writer is held up. A database that is in use is copied
// through SQLite's backup API; one that is at rest in WAL mode is copied with its log as files and recovered in the
// copy, because to open it would leave new files beside it.
//
// Errors to branch on: ErrBusy, when for busyFor it stayed locked or kept changing under the copy; ErrDamaged, when it
// is no sound SQLite database; ErrDiskFull. After any error dst is gone and src can still be read as plain files.
// While a copy runs, nothing else in this process may open and close src: that would drop SQLite's locks on it.
func CopyDatabase(ctx context.Context, src, dst string, busyFor time.Duration) (err error) {
	select {
	case copying <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("copy database: %w", ctx.Err())
	}
	defer func() { <-copying }()
	f, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copy database: %w", fileError(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("copy database: %w", err), removeDatabase(dst))
		}
	}()
	if err := f.Close(); err != nil {
		return fileError(err)
	}
	p := patience{limit: busyFor}
	for {
		err := copyOnce(ctx, src, dst, &p)
		if errors.Is(err, ErrBusy) {
			if err = p.wait(ctx, err); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		return settle(ctx, dst)
	}
}

// copyOnce makes one try. ErrBusy means that another may succeed.
func copyOnce(ctx context.Context, src, dst string, p *patience) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	before, err := look(src)
	if err != nil {
		return err
	}
	if before.wal && !before.locked {
		return copyAtRest(ctx, src, dst, before)
	}
	err = copyLive(ctx, src, dst, p)
	if errors.Is(err, errHotJournal) && !before.locked {
		return copyAtRest(ctx, src, dst, before)
	}
	return err
}

// copyLive copies through SQLite, which arbitrates with the programs that use the database.
func copyLive(ctx context.Context, src, dst string, p *patience) (err error) {
	if err := os.Truncate(dst, 0); err != nil { // of an earlier try
		return fileError(err)
	}
	// readonly_shm keeps SQLite from creating or writing the shared memory file beside src.
	from, err := openCopy(src, "mode=ro", "readonly_shm=1", "_query_only=1")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	mode, err := from.journalMode(ctx)
	if err != nil {
		return err
	}
	pageSize, err := from.number(ctx, `PRAGMA page_size`)
	if err != nil {
		return err
	}
	if pageSize < 512 {
		return fmt.Errorf("%w: page size %d", ErrDamaged, pageSize)
	}
	if mode == "wal" {
		// One snapshot for the whole copy. It stops nobody, while without it every commit would start the copy
		// again. In rollback mode it would lock writers out, so there the copy does start again.
		if err := from.exec(`BEGIN`); err != nil {
			return err
		}
		if _, err := from.number(ctx, `SELECT count(*) FROM sqlite_master`); err != nil {
			return err
		}
	}
	to, err := openCopy(dst, "mode=rw", "_journal_mode=OFF", "_synchronous=OFF") // not a database before it is whole
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	b, err := to.d.(*sqlite3.SQLiteConn).Backup("main", from.d.(*sqlite3.SQLiteConn), "main")
	if err != nil {
		return classify(err)
	}
	defer func() {
		if cerr := b.Close(); err == nil {
			err = classify(cerr)
		}
	}()
	slice := firstSlice / pageSize
	least := -1 // pages left at best; a copy that was started again has gained nothing until it is past that
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := b.Step(int(slice))
		if err = classify(err); done {
			return nil
		}
		if err != nil && !errors.Is(err, ErrBusy) {
			return err
		}
		// The driver does not tell "locked" from "go on"; without pages nothing was read yet.
		if left := b.Remaining(); err == nil && b.PageCount() > 0 && (least < 0 || left < least) {
			least = left
			p.gained()
			continue
		}
		slice = min(2*slice, lastSlice/pageSize)
		if err := p.wait(ctx, ErrBusy); err != nil {
			return err
		}
	}
}

// copyAtRest copies the files of a database that nobody has open, and makes sure that nobody came meanwhile.
func copyAtRest(ctx context.Context, src, dst string, before condition) error {
	if before.fresh() {
		return fmt.Errorf("%w: it was changed a moment ago", ErrBusy)
	}
	for i, side := range before.files {
		if side == nil {
			continue
		}
		if err := copyFile(ctx, withSides(src)[i], withSides(dst)[i]); err != nil {
			return err
		}
	}
	after, err := look(src)
	if err != nil {
		return err
	}
	if !after.same(before) {
		return fmt.Errorf("%w: it changed under the copy", ErrBusy)
	}
	return nil
}

func copyFile(ctx context.Context, src, dst string) (err error) {
	in, err := os.Open(src)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it changed under the copy", ErrBusy)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fileError(err)
	}
	defer func() { err = errors.Join(err, fileError(out.Close())) }()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(out, in, 8<<20); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fileError(err)
		}
	}
}

// settle lets SQLite recover the private copy and brings it to rollback mode, in which it is one file.
func settle(ctx context.Context, dst string) (err error) {
	c, err := openCopy(dst, "mode=rw", "_synchronous=OFF")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, c.close()); err == nil {
			err = onlyFile(dst)
		}
	}()
	if _, err := c.number(ctx, `SELECT count(*) FROM sqlite_master`); err != nil {
		return err
	}
	var mode string
	err = c.each(ctx, `PRAGMA journal_mode = DELETE`, 1, func(v []value) (err error) {
		mode, err = text(v[0])
		return err
	})
	if err == nil && mode != "delete" {
		err = fmt.Errorf("bring the copy to rollback mode: it stays in mode %q", mode)
	}
	return err
}

// onlyFile makes sure that the copy is complete in itself.
func onlyFile(path string) error {
	for _, name := range withSides(path)[1:] {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(errors.New("bring the copy to rollback mode: a log is left beside it"), err)
		}
	}
	return nil
}

// openCopy opens a database that is not a catalog.
func openCopy(path string, params ...string) (*conn, error) {
	uri, err := fileURI(path, append(params, "_busy_timeout=0")...)
	if err != nil {
		return nil, err
	}
	return dial(uri)
}

func (c *conn) journalMode(ctx context.Context) (mode string, err error) {
	err = c.each(ctx, `PRAGMA journal_mode`, 1, func(v []value) (err error) {
		mode, err = text(v[0])
		return err
	})
	return mode, err
}
