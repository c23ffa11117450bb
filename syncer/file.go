package syncer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"roost/syncer/disk"
	"roost/vault/format"
)

// file saves one file, unless nothing of it changed since the catalog's last look.
func (p *pass) file(ctx context.Context, n *dirNode, i int, e *disk.Entry, path string, side uint64) {
	l := lookOf(e, side)
	if old := n.known[e.Name]; old != nil && !old.dir && old.look == l {
		ok, err := p.stored(ctx, old)
		if err != nil {
			p.fail(err)
			return
		}
		if ok {
			n.set(i, old, tally{1, old.size})
			p.files.Add(1)
			p.bytes.Add(old.size)
			return
		}
	}
	n.mu.Lock()
	n.left++
	n.mu.Unlock()
	entry := *e
	p.jobs <- func() {
		defer p.childDone(n)
		if p.failed() != nil || ctx.Err() != nil {
			return
		}
		p.current.Store(path)
		rec, err := p.save(ctx, n, &entry, path, side)
		switch {
		case err == nil:
			n.set(i, rec, tally{1, rec.size})
			p.files.Add(1)
			if err := p.maybeCheckpoint(ctx); err != nil {
				p.fail(err)
			}
		case isFileError(err):
			p.keepOld(ctx, n, i, entry.Name, err)
		default:
			p.fail(err)
		}
	}
}

// fileError is a failure of one file that the others do not share.
type fileError struct{ error }

func (e fileError) Unwrap() error { return e.error }

func isFileError(err error) bool {
	var f fileError
	return errors.As(err, &f)
}

// errChanging: the file was written to each time it was read.
var errChanging = errors.New("it was changing while it was saved")

// readTries is how often a file that changes under the reader is read.
const readTries = 3

// save reads a file into the session and returns its record. A file that changes meanwhile is read again; when two
// readings of the same length agree, that is the file as it was at a moment, and else it is said.
func (p *pass) save(ctx context.Context, n *dirNode, e *disk.Entry, path string, side uint64) (*record, error) {
	f, err := n.dir.OpenFile(e.Name)
	if err != nil {
		return nil, fileError{goneOr(err)}
	}
	defer f.Close()
	if side != 0 {
		return p.saveLive(ctx, n, e, f, path, side)
	}
	var last *content
	for try := 1; ; try++ {
		before, err := disk.StatFile(f)
		if err != nil {
			return nil, fileError{err}
		}
		before.Name = e.Name
		limit := before.Size
		if last != nil {
			limit = min(limit, last.size)
		}
		c, err := p.read(ctx, f, limit, &before)
		if err != nil {
			return nil, err
		}
		after, err := disk.StatFile(f)
		if err != nil {
			return nil, fileError{err}
		}
		after.Name = e.Name
		same := lookOf(&before, 0) == lookOf(&after, 0)
		if !same && last != nil && c.size == last.size && string(c.chunks) == string(last.chunks) && string(c.list) == string(last.list) {
			same = true
			before = last.seen // as it was then
		}
		if same || try == readTries {
			if !same {
				p.skip(path, errChanging.Error()+reasonMixed, true)
			}
			return p.fileRecord(n, &before, f, c, 0, same)
		}
		c.seen = before
		last = c
	}
}

// content is what reading a file gave.
type content struct {
	size   int64
	chunks []byte // ids, if they are few
	list   []byte // id of the list, otherwise
	holes  []format.Hole
	seen   disk.Entry
}

// fileRecord describes a file that was read. A look that is too fresh to prove anything is left empty.
func (p *pass) fileRecord(n *dirNode, e *disk.Entry, f *os.File, c *content, side uint64, stable bool) (*record, error) {
	xattrs, err := p.fileXattrs(n, e, f)
	if err != nil {
		p.skip(join(n.path, e.Name), reasonAttributes, false)
	}
	out := baseEntry(e, xattrs)
	out.Type, out.Size, out.Chunks, out.List, out.Holes = format.TypeFile, uint64(c.size), c.chunks, c.list, c.holes
	if e.Links > 1 {
		out.Link = p.linkID(e)
	}
	l := lookOf(e, side)
	changed := max(e.MTimeSec*1e9+int64(e.MTimeNsec), e.CTimeSec*1e9+int64(e.CTimeNsec))
	if !stable || changed > p.started.Add(-racy).UnixNano() {
		l = look{}
	}
	return &record{look: l, entry: format.EncodeEntry(out), size: c.size, name: e.Name}, nil
}

func (p *pass) fileXattrs(n *dirNode, e *disk.Entry, f *os.File) ([]disk.Xattr, error) {
	if r := n.known[e.Name]; r != nil && sameMeta(r.look, lookOf(e, 0)) {
		return p.xattrs(n, e)
	}
	return fitting(disk.FileXattrs(f))
}

// linkID is equal for the names of one file: a keyed hash, so that it tells a reader of trees nothing else.
func (p *pass) linkID(e *disk.Entry) []byte {
	b := binary.BigEndian.AppendUint64([]byte("roost/v1/link"), e.Inode)
	if e.Dev != p.dev {
		b = binary.BigEndian.AppendUint64(b, e.Dev)
	}
	id := p.e.vault().ID(0, b)
	return id[:8]
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 2*format.ChunkMax); return &b }}

// largeFile is the size from which a file's content has packs of its own, in bytes: it fills several, and is read and
// written while many small files are.
const largeFile = 4 << 20

// read stores a file's first limit bytes as chunks: holes are left out, databases are cut into pages, all else by content.
func (p *pass) read(ctx context.Context, f *os.File, limit int64, e *disk.Entry) (*content, error) {
	c := &content{}
	if e.Size == limit && e.Blocks*512 < e.Size {
		holes, err := disk.Holes(f, e.Size, format.MaxHoles)
		if err != nil {
			return nil, fileError{err}
		}
		for _, h := range holes {
			c.holes = append(c.holes, format.Hole{Off: uint64(h.Off), Len: uint64(h.Len)})
		}
	}
	w := &listWriter{p: p, large: limit >= largeFile}
	paged := false
	at, first := int64(0), true
	for i := 0; i <= len(c.holes); i++ {
		end := limit
		if i < len(c.holes) {
			end = int64(c.holes[i].Off)
		}
		if first && end > at {
			var magic [16]byte
			if k, err := f.ReadAt(magic[:], 0); err == nil || errors.Is(err, io.EOF) {
				paged = at == 0 && isDatabase(magic[:k])
			}
			first = false
		}
		n, err := p.readRange(ctx, f, at, end, paged, w)
		if err != nil {
			return nil, err
		}
		c.size += n
		if at+n < end { // the file became shorter: what follows is not there
			c.holes = c.holes[:i]
			break
		}
		at = end
		if i < len(c.holes) {
			c.size += int64(c.holes[i].Len)
			at += int64(c.holes[i].Len)
		}
	}
	var err error
	c.chunks, c.list, err = w.finish()
	return c, err
}

// readRange stores the bytes from at to end and returns how many there were.
func (p *pass) readRange(ctx context.Context, f *os.File, at, end int64, paged bool, w *listWriter) (int64, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b, have, total, eof := *buf, 0, int64(0), false
	for {
		for !eof && have < format.ChunkMax && at < end {
			n, err := f.ReadAt(b[have:min(int64(len(b)), int64(have)+end-at)], at)
			have += n
			at += int64(n)
			total += int64(n)
			if errors.Is(err, io.EOF) {
				eof = true
			} else if err != nil {
				return total, fileError{err}
			}
		}
		if have == 0 {
			return total, nil
		}
		pos := 0
		for pos < have && (have-pos >= format.ChunkMax || eof || at >= end) {
			n := min(have-pos, format.PageChunk)
			if !paged {
				n = p.e.vault().Chunker().Cut(b[pos:have])
			}
			if err := w.add(b[pos : pos+n]); err != nil {
				return total, err
			}
			p.bytes.Add(int64(n))
			pos += n
			if err := ctx.Err(); err != nil {
				return total, err
			}
		}
		have = copy(b, b[pos:have])
		if err := p.maybeCheckpoint(ctx); err != nil {
			return total, err
		}
	}
}

// listWriter collects a file's chunk ids and stores lists of them as they get many.
type listWriter struct {
	p      *pass
	large  bool                // its content goes to packs of large files
	levels [][]format.ListItem // open lists, level 0 first; empty while the ids are few
}

func (w *listWriter) add(plain []byte) error {
	w.p.gate.RLock()
	id, err := w.store(plain)
	w.p.gate.RUnlock()
	if err != nil {
		return err
	}
	return w.item(0, format.ListItem{ID: id, Size: uint64(len(plain))})
}

func (w *listWriter) store(plain []byte) (id format.ChunkID, err error) {
	if w.large {
		id, _, err = w.p.s.PutLarge(plain)
	} else {
		id, _, err = w.p.s.Put(format.KindData, plain)
	}
	return id, err
}

func (w *listWriter) item(level int, it format.ListItem) error {
	if level == len(w.levels) {
		w.levels = append(w.levels, nil)
	}
	if len(w.levels[level]) == format.MaxListItems {
		if err := w.close(level); err != nil {
			return err
		}
	}
	w.levels[level] = append(w.levels[level], it)
	return nil
}

// close stores the open list of a level and names it in the level above.
func (w *listWriter) close(level int) error {
	if level >= format.MaxListLevel {
		return fileError{fmt.Errorf("a file of this size: %w", format.ErrTooLarge)}
	}
	it, err := w.put(level)
	if err != nil {
		return err
	}
	w.levels[level] = w.levels[level][:0]
	return w.item(level+1, it)
}

func (w *listWriter) put(level int) (format.ListItem, error) {
	size := uint64(0)
	for _, x := range w.levels[level] {
		size += x.Size
	}
	w.p.gate.RLock()
	id, _, err := w.p.s.Put(format.KindList, format.EncodeList(level, w.levels[level]))
	w.p.gate.RUnlock()
	return format.ListItem{ID: id, Size: size}, err
}

// finish returns the ids themselves when they are few, else the id of the top list.
func (w *listWriter) finish() (inline, list []byte, err error) {
	if len(w.levels) == 0 {
		return nil, nil, nil
	}
	if len(w.levels) == 1 && len(w.levels[0]) <= format.InlineChunks {
		for _, it := range w.levels[0] {
			inline = append(inline, it.ID[:]...)
		}
		return inline, nil, nil
	}
	for level := 0; ; level++ {
		if level == len(w.levels)-1 {
			it, err := w.put(level)
			return nil, it.ID[:], err
		}
		if len(w.levels[level]) > 0 {
			if err := w.close(level); err != nil {
				return nil, nil, err
			}
		}
	}
}

// isDatabase knows a SQLite database by its header.
func isDatabase(head []byte) bool { return strings.HasPrefix(string(head), "SQLite format 3\x00") }
