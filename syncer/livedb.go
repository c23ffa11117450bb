package syncer

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roost/syncer/disk"
	"roost/vault/catalog"
)

// databaseBusy is how long a locked database is waited for before it is saved as it lies.
const databaseBusy = 30 * time.Second

// sides are the files beside databases in one directory: a write-ahead log or a rollback journal says that somebody has
// the database open, or left it so.
type sides map[string]*disk.Entry

var sideEndings = []string{"-wal", "-journal", "-shm"}

func sideFiles(entries []disk.Entry) sides {
	var s sides
	for i := range entries {
		e := &entries[i]
		for _, end := range sideEndings {
			if e.Kind == disk.File && strings.HasSuffix(e.Name, end) && len(e.Name) > len(end) {
				if s == nil {
					s = sides{}
				}
				s[e.Name] = e
			}
		}
	}
	return s
}

// taken lists the side files that belong to a database beside them: its consistent copy includes them. Databases are
// looked at here, before any of them is copied, because closing a file drops the locks that a copy under way holds.
func (s sides) taken(dir *disk.Dir) map[string]bool {
	out := map[string]bool{}
	for name := range s {
		for _, end := range sideEndings {
			owner, ok := strings.CutSuffix(name, end)
			if ok && startsAsDatabase(dir, owner) {
				out[name] = true
			}
		}
	}
	return out
}

// startsAsDatabase tells whether a file has a database's header; one that cannot be read has none.
func startsAsDatabase(dir *disk.Dir, name string) bool {
	f, err := dir.OpenFile(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [16]byte
	k, err := f.ReadAt(magic[:], 0)
	return (err == nil || errors.Is(err, io.EOF)) && isDatabase(magic[:k])
}

// of sums up how the side files of a name look; 0 when nobody has it open.
func (s sides) of(name string) uint64 {
	wal, journal := s[name+"-wal"], s[name+"-journal"]
	if wal == nil && journal == nil {
		return 0
	}
	h := fnv.New64a()
	for _, e := range []*disk.Entry{wal, journal} {
		if e != nil {
			_, _ = h.Write(lookOf(e, 0).append([]byte(e.Name))) // a hash takes every write
		}
	}
	return h.Sum64() | 1
}

// saveLive saves a file beside which a log or journal lies. If it is a database, SQLite's own backup gives a consistent
// copy, of which the side files are part; else it is a file like any other, and so are they.
func (p *pass) saveLive(ctx context.Context, n *dirNode, e *disk.Entry, f *os.File, path string, side uint64) (*record, error) {
	var magic [16]byte
	k, err := f.ReadAt(magic[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fileError{err}
	}
	if !isDatabase(magic[:k]) {
		return p.save(ctx, n, e, path, 0)
	}
	copied := filepath.Join(p.temp, fmt.Sprintf("db-%d", p.tempSeq.Add(1)))
	src := filepath.Join(string(p.folder.Path), filepath.FromSlash(path))
	err = catalog.CopyDatabase(ctx, src, copied, databaseBusy)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	defer os.Remove(copied) // the temporary folder is emptied at the next start in any case
	if err != nil {
		p.e.log.Info("a database could not be copied consistently", "reason", rootCause(err))
		p.e.log.Debug("the database that could not be copied", "path", path, "error", err)
		return p.saveBusy(ctx, n, e, path)
	}
	c, err := os.Open(copied)
	if err != nil {
		return nil, homeError("read a database's copy", err)
	}
	defer c.Close()
	st, err := disk.StatFile(c)
	if err != nil {
		return nil, homeError("read a database's copy", err)
	}
	got, err := p.read(ctx, c, st.Size, &st)
	if err != nil {
		return nil, err
	}
	return p.fileRecord(n, e, f, got, side, true)
}

// saveBusy saves a database that stayed locked as it lies, with its side files, and says so.
func (p *pass) saveBusy(ctx context.Context, n *dirNode, e *disk.Entry, path string) (*record, error) {
	p.skip(path, reasonInUse, true)
	for _, end := range sideEndings {
		st, err := n.dir.Lstat(e.Name + end)
		if err != nil || st.Kind != disk.File {
			continue // this one is not there
		}
		rec, err := p.save(ctx, n, &st, path+end, 0)
		if err != nil {
			return nil, err
		}
		n.add(rec)
	}
	rec, err := p.save(ctx, n, e, path, 0)
	if err == nil {
		rec.look = look{} // a better copy is tried next time
	}
	return rec, err
}

// add takes a record that has no slot of its own.
func (n *dirNode) add(r *record) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slots = append(n.slots, slot{r, tally{1, r.size}})
}
