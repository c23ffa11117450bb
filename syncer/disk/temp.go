package disk

import (
	"errors"
	"math"
	"os"
	"sync"
)

// TempFile is a file that has no name of its own yet: it is written in the directory it belongs to, and
// [TempFile.Commit] gives it its metadata and its name in one step. Until then whatever has the name stays as it was.
// The directory must stay open.
//
// WriteAt may be called by several goroutines; every other method by one at a time.
type TempFile struct {
	// NoSync leaves it to the caller to call [Dir.SyncFS] before relying on the file. Otherwise Commit returns when
	// the file would survive a power cut. Windows always syncs.
	NoSync bool

	dir  *Dir
	name string // of the temporary file; empty when it is gone
	f    *os.File
	pos  int64 // where Write continues
	told int64 // what lies before, the system was told to write to the disk

	mu  sync.Mutex
	end int64 // where the furthest write ended
	err error // of the first write that failed: what is there is not what was meant
}

// tellAfter is how many bytes Write collects before it tells the system to begin with them, if nothing else syncs the
// file: left alone, all of a large restore would wait in memory for the sync at its end. Smaller files do; the system
// writes many of them at once better than each by itself.
const tellAfter = 1 << 20

var errTooLarge = errors.New("file too large")

// Write continues where the last Write or Hole ended.
func (t *TempFile) Write(p []byte) (int, error) {
	n, err := t.WriteAt(p, t.pos)
	t.pos += int64(n)
	if t.NoSync && t.pos-t.told >= tellAfter {
		beginWriting(t.f, t.told, t.pos-t.told)
		t.told = t.pos
	}
	return n, err
}

// WriteAt writes p at off, and leaves alone where Write continues. What is never written reads as zeros.
func (t *TempFile) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off > math.MaxInt64-int64(len(p)) {
		return 0, t.failed(fail("write", t.name, errTooLarge))
	}
	n, err := t.f.WriteAt(p, off)
	t.mu.Lock()
	if n > 0 {
		t.end = max(t.end, off+int64(n))
	}
	t.mu.Unlock()
	if err != nil {
		return n, t.failed(fail("write", t.name, err))
	}
	return n, nil
}

// Hole leaves the next n bytes unwritten: they read as zeros and, where the file system can, take no space.
func (t *TempFile) Hole(n int64) error {
	if n < 0 || n > math.MaxInt64-t.pos {
		return t.failed(fail("write", t.name, errTooLarge))
	}
	t.pos += n
	return nil
}

// failed keeps a file with a gap in it from being committed.
func (t *TempFile) failed(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
	return err
}

// finish gives the file its length. It returns the error of an earlier write, if there was one.
func (t *TempFile) finish() error {
	if t.err != nil {
		return t.err
	}
	if t.pos > t.end {
		if err := t.f.Truncate(t.pos); err != nil {
			return fail("write", t.name, err)
		}
	}
	return nil
}

// Commit gives the file its metadata and the name, and ends the use of t.
//
// Something that has the name already is replaced when replace is true, atomically and without being followed; a
// directory never is ([ErrConflict]). When replace is false it stays and Commit returns [ErrExists], also when it
// appeared a moment ago.
//
// A [*MetaWarning] means that the file is in place without some of its metadata. With any other error the temporary
// file is gone, and the name is as it was unless the directory could not be synced after the change.
func (t *TempFile) Commit(name string, m Meta, replace bool) error {
	if t.name == "" {
		return fail("commit", name, os.ErrClosed)
	}
	err := CheckName(name)
	if err == nil {
		err = t.finish()
	}
	var w MetaWarning
	if err == nil {
		err = t.commit(name, m, replace, &w)
	}
	if err != nil {
		return errors.Join(err, t.Abort())
	}
	return w.orNil()
}
