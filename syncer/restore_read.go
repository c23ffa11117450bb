package syncer

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"sync"

	"roost/syncer/disk"
	"roost/vault/format"
)

// readAhead is how many chunks of one file are asked for before the first is there.
const readAhead = 8

// pieces are memory for chunks that are being restored.
var pieces = sync.Pool{New: func() any { return new([format.MaxChunk]byte) }}

// chunks yields a file's content in order, reading ahead. Every chunk was verified, and is valid until the next.
func (r *restore) chunks(ctx context.Context, x *format.Entry) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if len(x.List) == 0 && len(x.Chunks) <= len(format.ChunkID{}) {
			piece := pieces.Get().(*[format.MaxChunk]byte)
			defer pieces.Put(piece)
			for id, err := range r.e.readVault().Chunks(ctx, x) {
				var plain []byte
				if err == nil {
					plain, err = r.read(ctx, piece, id)
				}
				yield(plain, err)
				return
			}
			return
		}
		type reading struct {
			piece *[format.MaxChunk]byte // nil: none was needed
			plain []byte
			err   error
		}
		inner, cancel := context.WithCancel(ctx)
		ahead := make(chan chan reading, readAhead)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() {
			defer close(ahead)
			for id, err := range r.e.readVault().Chunks(inner, x) {
				c := make(chan reading, 1)
				select {
				case ahead <- c:
				case <-inner.Done():
					return
				}
				if err != nil {
					c <- reading{err: err}
					return
				}
				wg.Go(func() {
					piece := pieces.Get().(*[format.MaxChunk]byte)
					plain, err := r.read(inner, piece, id)
					c <- reading{piece, plain, err}
				})
			}
		})
		for c := range ahead {
			got := <-c
			more := yield(got.plain, got.err)
			if got.piece != nil {
				pieces.Put(got.piece)
			}
			if !more || got.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil { // the list of chunks may have ended early
			yield(nil, err)
		}
	}
}

// read reads one chunk into piece when its turn has come.
func (r *restore) read(ctx context.Context, piece *[format.MaxChunk]byte, id format.ChunkID) ([]byte, error) {
	select {
	case r.reads <- struct{}{}:
		defer func() { <-r.reads }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return r.e.readVault().ReadInto(ctx, piece[:0], format.KindData, id)
}

// equals tells whether what is there is what would be restored: the same kind, with the same content. Neither is read
// from the storage: the file that is there is cut as a backup would cut it, and the ids are compared.
func (f *placing) equals(ctx context.Context, there disk.Entry, name string) (bool, error) {
	x := f.entry
	if there.Kind == disk.Symlink && x.Type == format.TypeSymlink {
		target, err := f.dir.Readlink(name)
		return err == nil && target == string(x.Target), nil
	}
	if there.Kind != disk.File || x.Type != format.TypeFile || there.Size != int64(x.Size) {
		return false, nil
	}
	file, err := f.dir.OpenFile(name)
	if err != nil {
		return false, nil // one that may not be read counts as another one
	}
	defer file.Close()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	c := newCutter(f.r.e.vault().Chunker(), file, x, *buf)
	for id, err := range f.r.e.readVault().Chunks(ctx, x) {
		if err != nil {
			return false, err
		}
		plain, ok, err := c.next()
		if err != nil || !ok || f.r.e.vault().ID(format.KindData, plain) != id {
			return false, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	_, more, err := c.next()
	return !more && err == nil, nil
}

// cutter cuts a file on disk as the backup cut the one of an entry: the same holes, each range between them on its own,
// databases into pages and all else by content.
type cutter struct {
	chunker *format.Chunker
	file    *os.File
	size    int64
	holes   []format.Hole // not passed yet
	sparse  []disk.Range  // holes that the file has: no need to read these
	paged   bool
	buf     []byte // of twice the largest chunk at least
	pos     int    // buf[pos:have] was read and not cut yet
	have    int
	at, end int64 // where reading goes on, and where the range ends
}

// errDiffers: the file is not the one that was cut.
var errDiffers = errors.New("not the same content")

func newCutter(c *format.Chunker, file *os.File, x *format.Entry, buf []byte) *cutter {
	k := &cutter{chunker: c, file: file, size: int64(x.Size), holes: x.Holes, buf: buf}
	if k.end = k.rangeEnd(); k.end > 0 {
		var magic [16]byte
		n, _ := file.ReadAt(magic[:], 0) // what cannot be read now cannot be read below either
		k.paged = isDatabase(magic[:n])
	}
	if len(x.Holes) > 0 {
		k.sparse, _ = disk.Holes(file, k.size, format.MaxHoles) // those not known are read
	}
	return k
}

func (c *cutter) rangeEnd() int64 {
	if len(c.holes) > 0 {
		return int64(c.holes[0].Off)
	}
	return c.size
}

// next returns the next chunk, which is valid until the call after, or false at the end of the file.
func (c *cutter) next() ([]byte, bool, error) {
	for c.pos == c.have && c.at == c.end {
		if len(c.holes) == 0 {
			return nil, false, nil
		}
		if err := c.passHole(); err != nil {
			return nil, false, err
		}
	}
	if c.have-c.pos < format.ChunkMax && c.at < c.end {
		c.have = copy(c.buf, c.buf[c.pos:c.have])
		c.pos = 0
		n, err := c.file.ReadAt(c.buf[c.have:min(int64(len(c.buf)), int64(c.have)+c.end-c.at)], c.at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		if n == 0 {
			return nil, false, errDiffers // it became shorter
		}
		c.have += n
		c.at += int64(n)
	}
	n := min(c.have-c.pos, format.PageChunk)
	if !c.paged {
		n = c.chunker.Cut(c.buf[c.pos:c.have])
	}
	c.pos += n
	return c.buf[c.pos-n : c.pos], true, nil
}

// passHole makes sure that the file reads as zeros where the entry has its next hole.
func (c *cutter) passHole() error {
	h := c.holes[0]
	c.holes = c.holes[1:]
	end := int64(h.Off + h.Len)
	for c.at < end {
		if k := c.sparseUntil(); k > c.at {
			c.at = min(k, end)
			continue
		}
		n, err := c.file.ReadAt(c.buf[:min(int64(len(c.buf)), end-c.at)], c.at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n == 0 || !zeros(c.buf[:n]) {
			return errDiffers
		}
		c.at += int64(n)
	}
	c.end = c.rangeEnd()
	c.pos, c.have = 0, 0
	return nil
}

// sparseUntil is where the hole of the file ends that the reading position is in; 0 if it is in none.
func (c *cutter) sparseUntil() int64 {
	for len(c.sparse) > 0 && c.sparse[0].Off+c.sparse[0].Len <= c.at {
		c.sparse = c.sparse[1:]
	}
	if len(c.sparse) > 0 && c.sparse[0].Off <= c.at {
		return c.sparse[0].Off + c.sparse[0].Len
	}
	return 0
}

func zeros(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
