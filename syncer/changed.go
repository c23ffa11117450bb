package syncer

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"

	"roost/vault/catalog"
)

// changedDirs keeps the directories that a pass found changed until the transaction that records its commit: earlier, they
// would tell of a state that nobody has confirmed. What does not fit its memory lies in a file of the private folder, so
// that a million new files take no more memory than ten thousand. The zero value with a folder is ready; it is not for
// concurrent use.
type changedDirs struct {
	dir  string // for the file
	room int    // bytes kept in memory; 0 means 1 MiB

	buf  []byte
	file *os.File // nil while everything fits
	sum  hash.Hash32
	size int64 // bytes in the file
}

const (
	changedInMemory = 1 << 20
	maxChanged      = 1 << 30 // bytes; what is believed of a length in the file
)

// add keeps a directory.
func (c *changedDirs) add(d *catalog.Dir) error {
	b := binary.AppendUvarint(c.buf, uint64(len(d.Path)))
	b = append(append(b, d.Path...), d.Tree[:]...)
	b = binary.AppendVarint(binary.AppendVarint(b, d.Files), d.Bytes)
	c.buf = append(binary.AppendUvarint(b, uint64(len(d.Entries))), d.Entries...)
	if len(c.buf) < cmp.Or(c.room, changedInMemory) {
		return nil
	}
	if c.file == nil {
		f, err := os.CreateTemp(c.dir, "folders-*")
		if err != nil {
			return homeError("keep what a backup found", err)
		}
		c.file, c.sum = f, crc32.New(crc32.MakeTable(crc32.Castagnoli))
	}
	n, err := c.file.Write(c.buf)
	c.size += int64(n)
	if err != nil {
		return homeError("keep what a backup found", err)
	}
	_, _ = c.sum.Write(c.buf) // a hash takes every write
	if c.buf = c.buf[:0]; cap(c.buf) > 2*changedInMemory {
		c.buf = nil // one very large directory
	}
	return nil
}

// each calls fn with every directory in the order of add. It may be called again. A file that does not hold what was
// written to it is an error; fn has seen a part of it by then.
func (c *changedDirs) each(fn func(catalog.Dir) error) error {
	if c.file != nil {
		sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
		src := bufio.NewReaderSize(io.TeeReader(io.NewSectionReader(c.file, 0, c.size), sum), 64<<10)
		if err := readDirs(src, fn); err != nil {
			return err
		}
		if sum.Sum32() != c.sum.Sum32() {
			return homeError("read back what a backup found", errChangedDirs)
		}
	}
	return readDirs(bufio.NewReader(bytes.NewReader(c.buf)), fn)
}

// errChangedDirs: the disk changed the file. The next backup finds the same changes again.
var errChangedDirs = errors.New("a temporary file does not hold what was written to it")

func readDirs(src *bufio.Reader, fn func(catalog.Dir) error) error {
	for {
		if _, err := src.Peek(1); errors.Is(err, io.EOF) {
			return nil
		}
		d, err := readDir(src)
		if err != nil {
			return homeError("read back what a backup found", fmt.Errorf("%w: %w", errChangedDirs, err))
		}
		if err := fn(d); err != nil {
			return err
		}
	}
}

func readDir(src *bufio.Reader) (d catalog.Dir, err error) {
	path, err := readBytes(src)
	if err != nil {
		return d, err
	}
	d.Path = string(path)
	if _, err := io.ReadFull(src, d.Tree[:]); err != nil {
		return d, err
	}
	for _, n := range []*int64{&d.Files, &d.Bytes} {
		if *n, err = binary.ReadVarint(src); err != nil {
			return d, err
		}
	}
	d.Entries, err = readBytes(src)
	return d, err
}

// readBytes reads a length and as many bytes. A length that the file does not have takes no memory.
func readBytes(src *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(src)
	if err != nil {
		return nil, err
	}
	if n > maxChanged {
		return nil, fmt.Errorf("a length of %d bytes", n)
	}
	var b bytes.Buffer
	b.Grow(int(min(n, 64<<10)))
	if _, err := io.CopyN(&b, src, int64(n)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// close gives up what is kept.
func (c *changedDirs) close() error {
	c.buf = nil
	if c.file == nil {
		return nil
	}
	f := c.file
	c.file, c.size = nil, 0
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
