package plain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"
	"github.com/multiformats/go-multihash"

	"roost/vault/node"
)

// special are the permission bits that Go has elsewhere.
var special = []struct {
	bit  uint32
	mode os.FileMode
}{{0o4000, os.ModeSetuid}, {0o2000, os.ModeSetgid}, {0o1000, os.ModeSticky}}

func goMode(bits uint32) os.FileMode {
	m := os.FileMode(bits & 0o777)
	for _, x := range special {
		if bits&x.bit != 0 {
			m |= x.mode
		}
	}
	return m
}

const (
	leafSize  = 1 << 20 // bytes of a file in one block
	fileWidth = 1024    // children of one block of a file
	batchSize = 32 << 20
	batchMost = 64 // blocks
)

var builder = cid.V1Builder{Codec: cid.DagProtobuf, MhType: multihash.SHA2_256}

// Link is something that was written.
type Link struct {
	Name string // in its folder
	CID  cid.Cid
	Size uint64 // bytes of the blocks below it
}

// Writer makes UnixFS. It is used by one goroutine.
type Writer struct {
	put     func(ctx context.Context, blocks []node.Block) error
	pending []node.Block
	bytes   int
}

// NewWriter returns a writer that hands its blocks to put, some tens of them at a time, children before what links them.
func NewWriter(put func(ctx context.Context, blocks []node.Block) error) *Writer {
	return &Writer{put: put}
}

// Flush hands over what was not yet.
func (w *Writer) Flush(ctx context.Context) error {
	if len(w.pending) == 0 {
		return nil
	}
	err := w.put(ctx, w.pending)
	w.pending, w.bytes = nil, 0
	return err
}

func (w *Writer) block(ctx context.Context, c cid.Cid, data []byte) error {
	if len(data) > node.MaxBlockSize {
		return fmt.Errorf("write block %s: %d bytes are more than a block has", c, len(data))
	}
	w.pending = append(w.pending, node.Block{CID: c, Data: data})
	if w.bytes += len(data); w.bytes < batchSize && len(w.pending) < batchMost {
		return nil
	}
	return w.Flush(ctx)
}

// File writes one. read calls its argument with the content, piece by piece.
func (w *Writer) File(ctx context.Context, bits uint32, at time.Time, read func(write func([]byte) error) error) (Link, error) {
	t := fileTree{w: w}
	buf := make([]byte, 0, leafSize)
	err := read(func(b []byte) error {
		for len(b) > 0 {
			n := min(len(b), leafSize-len(buf))
			buf, b = append(buf, b[:n]...), b[n:]
			if len(buf) < leafSize {
				continue
			}
			if err := t.leaf(ctx, buf); err != nil {
				return err
			}
			buf = make([]byte, 0, leafSize)
		}
		return nil
	})
	if err == nil && len(buf) > 0 {
		err = t.leaf(ctx, buf)
	}
	if err != nil {
		return Link{}, err
	}
	return t.finish(ctx, bits, at)
}

// fileTree is a file on its way: a row of links for each level, the leaves first.
type fileTree struct {
	w      *Writer
	levels [][]fileLink
}

type fileLink struct {
	Link
	file uint64 // bytes of content below
}

func (t *fileTree) leaf(ctx context.Context, data []byte) error {
	c, err := (cid.V1Builder{Codec: cid.Raw, MhType: multihash.SHA2_256}).Sum(data)
	if err == nil {
		err = t.w.block(ctx, c, data)
	}
	if err != nil {
		return err
	}
	return t.add(ctx, 0, fileLink{Link{CID: c, Size: uint64(len(data))}, uint64(len(data))})
}

func (t *fileTree) add(ctx context.Context, level int, l fileLink) error {
	if level == len(t.levels) {
		t.levels = append(t.levels, nil)
	}
	if len(t.levels[level]) == fileWidth {
		up, err := t.node(ctx, t.levels[level], 0, time.Time{})
		if err != nil {
			return err
		}
		t.levels[level] = nil
		if err := t.add(ctx, level+1, up); err != nil {
			return err
		}
	}
	t.levels[level] = append(t.levels[level], l)
	return nil
}

// finish makes the top, which alone says what the file is like.
func (t *fileTree) finish(ctx context.Context, bits uint32, at time.Time) (Link, error) {
	for level := 0; level+1 < len(t.levels); level++ {
		up, err := t.node(ctx, t.levels[level], 0, time.Time{})
		if err == nil {
			err = t.add(ctx, level+1, up)
		}
		if err != nil {
			return Link{}, err
		}
	}
	var top []fileLink
	if len(t.levels) > 0 {
		top = t.levels[len(t.levels)-1]
	}
	l, err := t.node(ctx, top, bits, at)
	return l.Link, err
}

func (t *fileTree) node(ctx context.Context, children []fileLink, bits uint32, at time.Time) (fileLink, error) {
	fs, n := unixfs.NewFSNode(unixfs.TFile), new(merkledag.ProtoNode)
	out := fileLink{}
	for _, c := range children {
		fs.AddBlockSize(c.file)
		out.file += c.file
		if err := n.AddRawLink("", &ipld.Link{Cid: c.CID, Size: c.Size}); err != nil {
			return out, err
		}
	}
	fs.SetMode(goMode(bits))
	fs.SetModTime(at)
	var err error
	out.Link, err = t.w.proto(ctx, n, fs)
	return out, err
}

// proto writes a node of UnixFS.
func (w *Writer) proto(ctx context.Context, n *merkledag.ProtoNode, fs *unixfs.FSNode) (Link, error) {
	data, err := fs.GetBytes()
	if err != nil {
		return Link{}, fmt.Errorf("make a node: %w", err)
	}
	n.SetData(data)
	if err := n.SetCidBuilder(builder); err != nil {
		return Link{}, fmt.Errorf("make a node: %w", err)
	}
	return w.node(ctx, n)
}

func (w *Writer) node(ctx context.Context, n ipld.Node) (Link, error) {
	size, err := n.Size()
	if err != nil {
		return Link{}, fmt.Errorf("make a node: %w", err)
	}
	return Link{CID: n.Cid(), Size: size}, w.block(ctx, n.Cid(), n.RawData())
}

// Symlink writes one.
func (w *Writer) Symlink(ctx context.Context, target string, at time.Time) (Link, error) {
	fs := unixfs.NewFSNode(unixfs.TSymlink)
	fs.SetData([]byte(target))
	fs.SetModTime(at)
	return w.proto(ctx, new(merkledag.ProtoNode), fs)
}

// Folder writes one, in parts when it is large, as other programs do.
func (w *Writer) Folder(ctx context.Context, bits uint32, at time.Time, children []Link) (Link, error) {
	d, err := uio.NewDirectory(sink{w: w}, uio.WithCidBuilder(builder), uio.WithStat(goMode(bits), at))
	if err != nil {
		return Link{}, fmt.Errorf("make a folder: %w", err)
	}
	for _, c := range children {
		if err := d.AddChild(ctx, c.Name, linked{l: c}); err != nil {
			return Link{}, fmt.Errorf("make a folder: %w", err)
		}
	}
	n, err := d.GetNode()
	if err != nil {
		return Link{}, fmt.Errorf("make a folder: %w", err)
	}
	return w.node(ctx, n)
}

// linked stands for something that was written already.
type linked struct {
	ipld.Node
	l Link
}

func (x linked) Cid() cid.Cid          { return x.l.CID }
func (x linked) Size() (uint64, error) { return x.l.Size, nil }

// sink takes the parts of large folders. Nothing is read back from it.
type sink struct {
	ipld.DAGService
	w *Writer
}

func (s sink) Add(ctx context.Context, n ipld.Node) error {
	if _, written := n.(linked); written {
		return nil
	}
	_, err := s.w.node(ctx, n)
	return err
}

func (s sink) AddMany(ctx context.Context, nodes []ipld.Node) error {
	var errs []error
	for _, n := range nodes {
		errs = append(errs, s.Add(ctx, n))
	}
	return errors.Join(errs...)
}
