package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node"
)

// A CARv1 (https://ipld.io/specs/transport/car/carv1/) is a header that names one root, and then every block after its
// length and CID. The header of a root of ours always has the same length, so that it can be written last.

// header is the length-prefixed dag-cbor map {"roots": [top], "version": 1}.
func header(top cid.Cid) []byte {
	link := append([]byte{0}, top.Bytes()...) // the identity multibase prefix that dag-cbor wants in a CID
	h := append([]byte{0xa2, 0x65}, "roots"...)
	h = append(h, 0x81, 0xd8, 42, 0x58, byte(len(link)))
	h = append(h, link...)
	h = append(append(h, 0x67), "version"...)
	h = append(h, 1)
	return append(binary.AppendUvarint(nil, uint64(len(h))), h...)
}

// unwritten stands in the header until the top is known: no block has this name.
var unwritten = format.Digest{}.DagCID()

// headerSize is the same for every root of ours.
var headerSize = int64(len(header(unwritten)))

// readHeader reads the header of a CAR that names one root as ours do.
func readHeader(b []byte) (top cid.Cid, err error) {
	at := len("\x3a\xa2\x65roots\x81\xd8\x2a\x58\x25\x00")
	if int64(len(b)) < headerSize {
		return top, ErrNotArchive
	}
	if top, err = cid.Cast(b[at : at+len(unwritten.Bytes())]); err != nil {
		return top, fmt.Errorf("%w: the root of the CAR: %w", ErrNotArchive, err)
	}
	if string(header(top)) != string(b[:headerSize]) {
		return top, fmt.Errorf("%w: a CAR with another header", ErrNotArchive)
	}
	return top, nil
}

// span is where a block's bytes are in the file.
type span struct {
	at   int64
	size int
}

// errCut: the file ends within a block.
var errCut = fmt.Errorf("%w: it ends within a block", ErrDamaged)

// index reads where each block is, from the header's end; it stops with errCut where the file was cut. end is where the
// last whole block ends.
func index(r io.ReaderAt, size int64) (blocks map[format.Digest]span, end int64, err error) {
	blocks = map[format.Digest]span{}
	in := bufio.NewReaderSize(io.NewSectionReader(r, headerSize, size-headerSize), 64<<10)
	end = headerSize
	for end < size {
		n, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return blocks, end, errCut
		}
		if err != nil {
			return blocks, end, fmt.Errorf("%w: the length of a block: %w", ErrDamaged, err)
		}
		nameSize := uint64(len(unwritten.Bytes()))
		if n < nameSize || n > nameSize+node.MaxBlockSize {
			return blocks, end, fmt.Errorf("%w: a block of %d bytes", ErrDamaged, n)
		}
		name := make([]byte, nameSize)
		if _, err := io.ReadFull(in, name); err != nil {
			return blocks, end, errCut
		}
		c, err := cid.Cast(name)
		if err != nil {
			return blocks, end, fmt.Errorf("%w: the name of a block: %w", ErrDamaged, err)
		}
		d, _, err := format.DigestOf(c)
		if err != nil {
			return blocks, end, fmt.Errorf("%w: the name of a block: %w", ErrDamaged, err)
		}
		head := int64(len(binary.AppendUvarint(nil, n))) + int64(nameSize)
		data := int64(n - nameSize)
		if end+head+data > size {
			return blocks, end, errCut
		}
		if _, err := in.Discard(int(data)); err != nil {
			return blocks, end, fmt.Errorf("read the CAR: %w: %w", ErrDamaged, err)
		}
		blocks[d] = span{end + head, int(data)}
		end += head + data
	}
	return blocks, end, nil
}

// car is a CAR file; it reads and writes.
type car struct {
	file *os.File
	path string // of the complete file
	top  cid.Cid

	mu     sync.Mutex // guards below
	blocks map[format.Digest]span
	end    int64 // where the next block goes
}

// createCAR begins path.part, or goes on where an interrupted one ends. Every block that is there is read and checked.
func createCAR(path string) (_ *car, err error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%w: the file %s", ErrOther, path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, writeError("look for the file", err)
	}
	f, err := os.OpenFile(path+partSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, writeError("make the file", err)
	}
	c := &car{file: f, path: path, blocks: map[format.Digest]span{}, end: headerSize}
	if err := c.goOn(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

// goOn keeps what is whole of an interrupted file, and cuts the rest off.
func (c *car) goOn() error {
	info, err := c.file.Stat()
	if err != nil {
		return writeError("look at the file", err)
	}
	head := make([]byte, headerSize)
	if _, err := c.file.ReadAt(head, 0); err == nil {
		if _, err := readHeader(head); err != nil {
			return fmt.Errorf("%w: the file %s", ErrOther, c.file.Name())
		}
		blocks, end, err := index(c.file, info.Size())
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		c.blocks, c.end = blocks, end
		for d, s := range blocks {
			if data, err := c.read(s); err != nil || format.Sum(data) != d {
				delete(c.blocks, d) // it is written again
				c.end = min(c.end, s.at)
			}
		}
		if c.end != end { // a damaged block within: what comes after it could not be found by a reader
			return c.restart()
		}
	} else if info.Size() > headerSize {
		return writeError("read the file", err)
	} else if err := c.restart(); err != nil {
		return err
	}
	if err := c.file.Truncate(c.end); err != nil {
		return writeError("cut the file", err)
	}
	return nil
}

func (c *car) restart() error {
	c.blocks, c.end = map[format.Digest]span{}, headerSize
	if err := c.file.Truncate(0); err != nil {
		return writeError("cut the file", err)
	}
	if _, err := c.file.WriteAt(header(unwritten), 0); err != nil {
		return writeError("write the file", err)
	}
	return nil
}

func openCAR(path string) (*car, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w: %w", path, ErrNotArchive, err)
	}
	c := &car{file: f, path: path}
	if err := c.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), f.Close())
	}
	return c, nil
}

func (c *car) open() error {
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, headerSize)
	if _, err := c.file.ReadAt(head, 0); err != nil {
		return ErrNotArchive
	}
	if c.top, err = readHeader(head); err != nil {
		return err
	}
	if c.top == unwritten {
		return ErrUnfinished
	}
	// What a cut file still has can be used: that a block is missing is said when it is asked for.
	c.blocks, c.end, err = index(c.file, info.Size())
	if errors.Is(err, errCut) {
		err = nil
	}
	return err
}

func (c *car) read(s span) ([]byte, error) {
	data := make([]byte, s.size)
	_, err := c.file.ReadAt(data, s.at)
	return data, err
}

func (c *car) Top() cid.Cid { return c.top }

func (c *car) Get(ctx context.Context, id cid.Cid) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d, _, err := format.DigestOf(id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	s, ok := c.blocks[d]
	c.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("read block %s from the file: %w", id, node.ErrNotFound)
	}
	data, err := c.read(s)
	if err != nil {
		return nil, fmt.Errorf("read block %s from the file: %w: %w", id, ErrDamaged, err)
	}
	return data, check(id, data)
}

// Has needs no reading: what was there at the beginning was read then.
func (c *car) Has(id cid.Cid) (bool, error) {
	d, _, err := format.DigestOf(id)
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.blocks[d]
	return ok, nil
}

func (c *car) Put(id cid.Cid, data []byte) error {
	if err := toWrite(id, data); err != nil {
		return err
	}
	d, _, err := format.DigestOf(id)
	if err != nil {
		return err
	}
	name := id.Bytes()
	head := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(name)), uint64(len(name)+len(data)))
	head = append(head, name...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.blocks[d]; ok {
		return nil
	}
	_, err = c.file.WriteAt(head, c.end)
	if err == nil {
		_, err = c.file.WriteAt(data, c.end+int64(len(head)))
	}
	if err != nil {
		return writeError("write the file", err) // what was begun is written over by the next, or cut off
	}
	c.blocks[d] = span{c.end + int64(len(head)), len(data)}
	c.end += int64(len(head) + len(data))
	return nil
}

// Finish flushes the blocks, then names the top, then gives the file its name. Nothing can be read or written after it.
func (c *car) Finish(top cid.Cid) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := header(top)
	if int64(len(h)) != headerSize {
		return fmt.Errorf("finish the file: %s is no root of ours", top)
	}
	err := c.file.Truncate(c.end)
	if err == nil {
		err = c.file.Sync()
	}
	if err == nil {
		_, err = c.file.WriteAt(h, 0)
	}
	if err == nil {
		err = c.file.Sync()
	}
	if cerr := c.file.Close(); err == nil { // Windows renames no open file
		err = cerr
	}
	if err != nil {
		return writeError("finish the file", err)
	}
	if err := os.Rename(c.path+partSuffix, c.path); err != nil {
		return writeError("finish the file", err)
	}
	if err := syncDir(filepath.Dir(c.path)); err != nil {
		return writeError("finish the file", err)
	}
	return nil
}

func (c *car) Close() error {
	if err := c.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}
