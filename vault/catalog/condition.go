package catalog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// condition is how a database of someone else's stands, seen without touching it.
type condition struct {
	locked bool           // some program has a lock on it; in WAL mode: has it open
	wal    bool           // opening it needs a write-ahead log
	files  [3]fs.FileInfo // the database, its -wal, its -journal; nil where there is none
}

// SQLite's locks lie on these bytes of the database, whatever its size.
const (
	lockStart = 0x40000000
	lockBytes = 512
)

// settled is how long ago a file must have changed for its time to tell a next change from the last one.
const settled = 50 * time.Millisecond

// look inspects the database at path. It is ErrDamaged when path is not a SQLite database in a regular file.
func look(path string) (c condition, err error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return c, err
	}
	if !fi.Mode().IsRegular() {
		return c, fmt.Errorf("%w: not a regular file", ErrDamaged)
	}
	f, err := os.Open(path)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var header [100]byte
	if n, err := io.ReadFull(f, header[:]); err != nil && n == 0 {
		return c, errors.Join(fmt.Errorf("%w: it is empty", ErrDamaged), notEOF(err))
	} else if err != nil {
		return c, errors.Join(fmt.Errorf("%w: its header is cut off", ErrDamaged), notEOF(err))
	}
	if string(header[:16]) != "SQLite format 3\x00" {
		return c, fmt.Errorf("%w: not an SQLite database", ErrDamaged)
	}
	if c.locked, err = locked(f); err != nil {
		return c, fmt.Errorf("look at the locks: %w", err)
	}
	for i := range c.files {
		fi, err := os.Lstat(withSides(path)[i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return c, err
		case !fi.Mode().IsRegular():
			return c, fmt.Errorf("%w: what lies beside it is not a regular file", ErrDamaged)
		}
		c.files[i] = fi
	}
	c.wal = header[18] == 2 || header[19] == 2 || c.files[1] != nil
	return c, nil
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// fresh says that a change from now on could go unnoticed.
func (c condition) fresh() bool {
	for _, fi := range c.files {
		if fi != nil && time.Since(fi.ModTime()).Abs() < settled {
			return true
		}
	}
	return false
}

// same says that nobody has written and nobody is about to.
func (c condition) same(before condition) bool {
	for i, fi := range c.files {
		old := before.files[i]
		if (fi == nil) != (old == nil) {
			return false
		}
		if fi != nil && (!os.SameFile(fi, old) || fi.Size() != old.Size() || !fi.ModTime().Equal(old.ModTime())) {
			return false
		}
	}
	return c.locked == before.locked
}
