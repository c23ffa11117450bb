// Package plain reads and writes files and folders as any IPFS program does: as UnixFS, which whoever has the blocks can read.
//
// Nothing that is read was written by us. Every block is compared with its name, a size that is claimed is no more than a
// claim, a block that is missing ends one file and not the rest, and no shape of a DAG makes reading it take longer than its
// blocks and its claims allow.
package plain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"
	"github.com/multiformats/go-multihash"

	"roost/vault/node"
)

// Errors that callers branch on.
var (
	// ErrNotFiles: the CID leads to something that is no file, folder or link.
	ErrNotFiles = errors.New("there are no files behind this CID")
	// ErrTooMuch: a file claims more bytes than any file has, or has more than it claims.
	ErrTooMuch = errors.New("what this file says of its size cannot be")
)

// MaxFile is the most bytes that one file may have: a few blocks can claim to be a file of any size.
const MaxFile = 16 << 40

// Source gives blocks by their name: a storage.
type Source interface {
	Get(ctx context.Context, c cid.Cid) ([]byte, error)
}

// Kind is what an item is.
type Kind int

// The kinds.
const (
	File Kind = iota + 1
	Folder
	Symlink
)

// Item is a file, a folder or a symbolic link.
type Item struct {
	CID    cid.Cid
	Kind   Kind
	Mode   uint32    // permission bits with setuid, setgid, sticky: 0o7777; 0: nothing is said
	Time   time.Time // of its last change; zero: nothing is said
	Size   uint64    // of a file, in bytes, as its top claims
	Below  uint64    // bytes of the blocks below it, as its top claims
	Target string    // of a link

	from Source
	node *part
}

// part is one block, read.
type part struct {
	raw    []byte // of a block without structure; nil: it has one
	links  []*ipld.Link
	unixfs *unixfs.FSNode
}

// IsMissing tells whether an error is about blocks that are missing, damaged or no UnixFS: what else is there can be read.
func IsMissing(err error) bool {
	return errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrWrongBytes) || errors.Is(err, ErrNotFiles) || errors.Is(err, ErrTooMuch)
}

// Open reads the top of an item. Errors: ErrNotFiles, those of the source.
func Open(ctx context.Context, from Source, c cid.Cid) (*Item, error) {
	p, err := get(ctx, from, c)
	if err != nil {
		return nil, err
	}
	x := &Item{CID: c, Kind: File, Size: uint64(len(p.raw)), from: from, node: p}
	if p.unixfs == nil {
		return x, nil
	}
	x.Mode, x.Time = mode(p.unixfs), p.unixfs.ModTime()
	for _, l := range p.links {
		x.Below += min(l.Size, math.MaxInt64-x.Below)
	}
	switch p.unixfs.Type() {
	case unixfs.TFile, unixfs.TRaw:
		if x.Size = p.unixfs.FileSize(); x.Size == 0 && len(p.links) == 0 { // some writers leave it out
			x.Size = uint64(len(p.unixfs.Data()))
		}
		if x.Size > MaxFile {
			return nil, fmt.Errorf("read %s: %w", c, ErrTooMuch)
		}
	case unixfs.TDirectory, unixfs.THAMTShard:
		x.Kind = Folder
	case unixfs.TSymlink:
		x.Kind, x.Target = Symlink, string(p.unixfs.Data())
	default:
		return nil, fmt.Errorf("read %s: %w: it is UnixFS of type %d", c, ErrNotFiles, p.unixfs.Type())
	}
	return x, nil
}

// mode is the permission bits of a node, as a file system has them.
func mode(n *unixfs.FSNode) uint32 {
	m := n.Mode()
	bits := uint32(m.Perm())
	for _, x := range special {
		if m&x.mode != 0 {
			bits |= x.bit
		}
	}
	return bits
}

// get reads a block and what is in it.
func get(ctx context.Context, from Source, c cid.Cid) (*part, error) {
	data, err := block(ctx, from, c)
	if err != nil {
		return nil, fmt.Errorf("read block %s: %w", c, err)
	}
	switch c.Type() {
	case cid.Raw:
		return &part{raw: data}, nil
	case cid.DagProtobuf:
	default:
		return nil, fmt.Errorf("read %s: %w: its codec is %d", c, ErrNotFiles, c.Type())
	}
	n, err := merkledag.DecodeProtobuf(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w: %w", c, ErrNotFiles, err)
	}
	fs, err := unixfs.FSNodeFromBytes(n.Data())
	if err != nil || len(n.Data()) == 0 {
		return nil, fmt.Errorf("read %s: %w: it is a node of another kind", c, ErrNotFiles)
	}
	return &part{links: n.Links(), unixfs: fs}, nil
}

// block reads one, or takes it out of a name that is its content.
func block(ctx context.Context, from Source, c cid.Cid) ([]byte, error) {
	if c.Prefix().MhType == multihash.IDENTITY {
		d, err := multihash.Decode(c.Hash())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotFiles, err)
		}
		return d.Digest, nil
	}
	return from.Get(ctx, c)
}

// Child is one name in a folder.
type Child struct {
	Name string
	CID  cid.Cid
	Size uint64 // bytes of the blocks below it, as its folder claims
}

// maxShardDepth bounds the levels of a sharded folder: the hash that places names has 64 bits, and a level takes three at least.
const maxShardDepth = 64/3 + 1

// Children calls each with what a folder holds, in the order in which it is stored. A part of a large folder that cannot be read
// is told to lost, and the rest is gone through. What each returns ends it.
func (x *Item) Children(ctx context.Context, each func(Child) error, lost func(error)) error {
	if x.Kind != Folder {
		return fmt.Errorf("list %s: %w: it is no folder", x.CID, ErrNotFiles)
	}
	if x.node.unixfs.Type() == unixfs.TDirectory {
		for _, l := range x.node.links {
			if err := each(Child{l.Name, l.Cid, l.Size}); err != nil {
				return err
			}
		}
		return nil
	}
	s := shards{from: x.from, each: each, lost: lost, seen: cid.NewSet()}
	return s.walk(ctx, x.node, 1)
}

// shards goes through a folder that is a tree of blocks.
type shards struct {
	from Source
	each func(Child) error
	lost func(error)
	seen *cid.Set // a part that comes twice is none: names differ, and so do the parts that hold them
}

func (s *shards) walk(ctx context.Context, p *part, depth int) error {
	width := p.unixfs.Fanout()
	if depth > maxShardDepth || width == 0 || width > 1<<16 {
		s.lost(fmt.Errorf("%w: a folder in parts that do not fit together", ErrNotFiles))
		return nil
	}
	prefix := len(fmt.Sprintf("%X", width-1)) // of a name: the place in this part
	for _, l := range p.links {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case len(l.Name) < prefix:
			s.lost(fmt.Errorf("%w: a name without its place", ErrNotFiles))
		case len(l.Name) > prefix:
			if err := s.each(Child{l.Name[prefix:], l.Cid, l.Size}); err != nil {
				return err
			}
		case s.seen.Visit(l.Cid):
			below, err := get(ctx, s.from, l.Cid)
			if err == nil && (below.unixfs == nil || below.unixfs.Type() != unixfs.THAMTShard) {
				err = fmt.Errorf("%w: a part of a folder that is none", ErrNotFiles)
			}
			if err != nil && !IsMissing(err) {
				return err
			}
			if err != nil {
				s.lost(err)
				continue
			}
			if err := s.walk(ctx, below, depth+1); err != nil {
				return err
			}
		default:
			s.lost(fmt.Errorf("%w: a part of a folder that comes twice", ErrNotFiles))
		}
	}
	return nil
}

const (
	maxFileDepth = 64 // levels of blocks in a file
	readAhead    = 4  // blocks that are on their way while one is taken
)

// Read calls write with a file's content, piece by piece; a piece is write's until it returns. Errors: those of the source
// and of write; ErrNotFiles and ErrTooMuch for a file that is not what it says.
func (x *Item) Read(ctx context.Context, write func([]byte) error) error {
	if x.Kind != File {
		return fmt.Errorf("read %s: %w: it is no file", x.CID, ErrNotFiles)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := fileReader{from: x.from, left: x.Size, write: write}
	if err := r.part(ctx, x.node, 1); err != nil {
		return fmt.Errorf("read the file %s: %w", x.CID, err)
	}
	if r.left != 0 {
		return fmt.Errorf("read the file %s: %w: %d bytes are missing", x.CID, ErrTooMuch, r.left)
	}
	return nil
}

type fileReader struct {
	from  Source
	left  uint64 // bytes that the top claims and that were not read yet
	write func([]byte) error
}

func (r *fileReader) part(ctx context.Context, p *part, depth int) error {
	if depth > maxFileDepth {
		return fmt.Errorf("%w: a file of more than %d levels", ErrNotFiles, maxFileDepth)
	}
	data := p.raw
	if p.unixfs != nil {
		if t := p.unixfs.Type(); t != unixfs.TFile && t != unixfs.TRaw {
			return fmt.Errorf("%w: a part of a file that is none", ErrNotFiles)
		}
		data = p.unixfs.Data()
	}
	if uint64(len(data)) > r.left {
		return ErrTooMuch
	}
	r.left -= uint64(len(data))
	if len(data) > 0 {
		if err := r.write(data); err != nil {
			return err
		}
	}
	type answer struct {
		part *part
		err  error
	}
	ahead := make([]chan answer, 0, len(p.links))
	for i := range p.links {
		for len(ahead) < min(i+readAhead, len(p.links)) {
			c, on := p.links[len(ahead)].Cid, make(chan answer, 1)
			go func() {
				got, err := get(ctx, r.from, c)
				on <- answer{got, err}
			}()
			ahead = append(ahead, on)
		}
		got := <-ahead[i]
		if got.err == nil {
			got.err = r.part(ctx, got.part, depth+1)
		}
		if got.err != nil {
			for _, on := range ahead[i+1:] {
				<-on
			}
			return got.err
		}
	}
	return nil
}

// NameProblem says, in words, why a folder cannot hold a name; "" when it can.
func NameProblem(name string) string {
	switch {
	case name == "":
		return "it has no name"
	case name == "." || name == "..":
		return "its name leads out of its folder"
	case strings.ContainsAny(name, "/\x00"):
		return "its name has a sign that no name can have"
	case len(name) > 4096:
		return "its name is too long"
	}
	return ""
}
