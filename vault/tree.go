package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault/format"
	"roost/vault/node"
)

// Source gives blocks by their name: a storage, or a backup on a disk.
type Source interface {
	Get(ctx context.Context, c cid.Cid) ([]byte, error)
}

// Sources are asked one after the other.
type Sources []Source

// Get returns the block from the first that has it unharmed. The error is the first one's.
func (s Sources) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	var first error
	for _, x := range s {
		data, err := x.Get(ctx, c)
		if err == nil || ctx.Err() != nil {
			return data, err
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = node.ErrNotFound
	}
	return nil, first
}

// Pointer is the entry by which a root is found on a storage.
type Pointer struct {
	Dir, Name string // of MFS: "/label", and the entry in it
	Root      format.Link
}

func (p Pointer) path() string { return p.Dir + "/" + p.Name }

// Tree is everything that some roots hold, each block once: what a backup is to somebody without the words.
type Tree struct {
	Pointers []Pointer
	Small    []format.Link // spine nodes, keyrings, heads and the roots: what a pin is made of, children first
	Packs    []format.Link // in the order of the spines
	Bytes    int64         // of the packs

	Unread []error // roots that could not be followed, which are not in it

	nodes map[format.Digest][]byte // the blocks of Small that were read, to be written without asking again
}

// Blocks is how many blocks a tree has, the top excluded.
func (t *Tree) Blocks() int64 { return int64(len(t.Small) + len(t.Packs)) }

// readTree follows pointers through their roots' spines; packs are not read. A root with a part that is missing or damaged
// is left out and named.
func readTree(ctx context.Context, from Source, pointers []Pointer) (*Tree, error) {
	t := &Tree{nodes: map[format.Digest][]byte{}}
	packs := map[format.Digest]bool{}
	for _, p := range pointers {
		r := &rootReader{from: from, nodes: t.nodes}
		if err := r.root(ctx, p.Root); IsDamage(err) {
			t.Unread = append(t.Unread, fmt.Errorf("a computer's state: %w", err))
			continue
		} else if err != nil {
			return nil, err
		}
		t.Pointers = append(t.Pointers, p)
		t.Small = append(t.Small, r.small...)
		for _, l := range r.packs {
			if !packs[l.Digest] {
				packs[l.Digest] = true
				t.Packs = append(t.Packs, l)
				t.Bytes += int64(l.File)
			}
		}
	}
	return t, nil
}

// rootReader follows one root.
type rootReader struct {
	from  Source
	nodes map[format.Digest][]byte // of all roots: what is in it was listed
	small []format.Link
	packs []format.Link
}

func (r *rootReader) get(ctx context.Context, l format.Link) ([]byte, error) {
	data, err := r.from.Get(ctx, l.CID())
	if err == nil && format.Sum(data) != l.Digest {
		err = fmt.Errorf("%w: block %s", node.ErrWrongBytes, l.CID())
	}
	return data, err
}

func (r *rootReader) note(l format.Link, block []byte) {
	if _, listed := r.nodes[l.Digest]; !listed {
		r.nodes[l.Digest] = block
		r.small = append(r.small, l)
	}
}

func (r *rootReader) root(ctx context.Context, l format.Link) error {
	block, err := r.get(ctx, l)
	if err != nil {
		return fmt.Errorf("read a root: %w", err)
	}
	root, err := format.DecodeRoot(block)
	if err != nil {
		return err
	}
	blocks := map[format.Digest][]byte{}
	var read []format.Link
	if err := r.spine(ctx, openSpine(root.Packs), blocks, &read); err != nil {
		return err
	}
	for _, x := range []format.Link{root.Keys, root.Head} {
		if blocks[x.Digest], err = r.get(ctx, x); err != nil {
			return fmt.Errorf("read the keyring and the head of a root: %w", err)
		}
		read = append(read, x)
	}
	for _, x := range read {
		r.note(x, blocks[x.Digest])
	}
	r.note(l, block)
	return nil
}

// spine lists the nodes below s, children first, and the packs. Each node is followed once, whatever links it.
func (r *rootReader) spine(ctx context.Context, s *spine, blocks map[format.Digest][]byte, read *[]format.Link) error {
	if _, followed := blocks[s.link.Digest]; followed {
		return nil
	}
	err := s.load(ctx, func(ctx context.Context, _ cid.Cid, d format.Digest) ([]byte, error) {
		b, err := r.get(ctx, s.link)
		blocks[d] = b
		return b, err
	})
	if err != nil {
		return err
	}
	for _, k := range s.kids {
		if err := r.spine(ctx, k, blocks, read); err != nil {
			return err
		}
	}
	r.packs = append(r.packs, s.packs...)
	*read = append(*read, s.link)
	return nil
}

// Top is the directory that leads to a tree's roots, and the blocks of it: ordinary UnixFS, so that whoever has the blocks
// can put the pointers back with one `ipfs files cp` for each entry of the top.
func (t *Tree) Top() (cid.Cid, []node.Block) {
	byDir := map[string][]format.Link{}
	var dirs []string
	for _, p := range t.Pointers {
		if _, ok := byDir[p.Dir]; !ok {
			dirs = append(dirs, p.Dir)
		}
		l := p.Root
		l.Name = p.Name
		byDir[p.Dir] = append(byDir[p.Dir], l)
	}
	var blocks []node.Block
	add := func(links []format.Link) format.Link {
		data := format.EncodeDirectory(links)
		l := format.Link{Codec: cid.DagProtobuf, Digest: format.Sum(data), Total: uint64(len(data))}
		for _, x := range links {
			l.Total += x.Total
		}
		blocks = append(blocks, node.Block{CID: l.CID(), Data: data})
		return l
	}
	var top []format.Link
	for _, d := range dirs {
		l := add(byDir[d])
		l.Name = strings.TrimPrefix(d, "/")
		top = append(top, l)
	}
	return add(top).CID(), blocks
}

// most of what the top of a backup on a disk may lead to
const (
	maxVaults  = 64
	maxDevices = 10_000
)

// OpenTree reads the tree below the top of a backup on a disk. It needs no keys.
func OpenTree(ctx context.Context, from Source, top cid.Cid) (*Tree, error) {
	r := &rootReader{from: from}
	list := func(c cid.Cid, most int) ([]format.Link, error) {
		d, codec, err := format.DigestOf(c)
		if err != nil {
			return nil, err
		}
		block, err := r.get(ctx, format.Link{Codec: codec, Digest: d})
		if err != nil {
			return nil, fmt.Errorf("read the top: %w", err)
		}
		links, err := format.DecodeDirectory(block)
		if err == nil && len(links) > most {
			err = fmt.Errorf("%w: a directory of %d entries", format.ErrDamaged, len(links))
		}
		for _, l := range links {
			if l.Name == "" || l.Name == "." || l.Name == ".." || strings.ContainsAny(l.Name, "/\x00") || l.Codec != cid.DagProtobuf {
				return nil, fmt.Errorf("%w: a directory that is no way to a backup", format.ErrDamaged)
			}
		}
		return links, err
	}
	dirs, err := list(top, maxVaults)
	if err != nil {
		return nil, err
	}
	var pointers []Pointer
	for _, d := range dirs {
		entries, err := list(d.CID(), maxDevices)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			p := Pointer{Dir: "/" + d.Name, Name: e.Name, Root: e}
			p.Root.Name = ""
			pointers = append(pointers, p)
		}
	}
	return readTree(ctx, from, pointers)
}

// Live is the newest state of every device that the storages serve, and a source that has their blocks.
func Live(ctx context.Context, b *Bundle, from []node.Node) (*Tree, Sources, error) {
	return live(ctx, b, from, func(*Head) bool { return true })
}

// Others is what other devices have on a storage and not, as new, on another one; an empty tree where that is nothing.
func Others(ctx context.Context, b *Bundle, from, to node.Node) (*Tree, error) {
	there, err := Find(ctx, to, b)
	if err != nil {
		return nil, err
	}
	t, _, err := live(ctx, b, []node.Node{from}, func(h *Head) bool {
		o := there.Own(h.Device)
		return h.Device != b.Device() && (o == nil || o.Seq < h.Seq || o.Pin)
	})
	if errors.Is(err, ErrNoVault) {
		return &Tree{}, nil
	}
	return t, err
}

func live(ctx context.Context, b *Bundle, from []node.Node, wanted func(*Head) bool) (*Tree, Sources, error) {
	newest := map[format.DeviceID]*Head{}
	var gone format.Registry
	var damaged []error
	var all Sources
	for _, n := range from {
		st, err := Find(ctx, n, b)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, n)
		gone = gone.Merge(st.Union)
		for _, d := range st.Damaged {
			if !errors.Is(d, ErrRolledBack) { // another storage has what is meant, or nobody
				damaged = append(damaged, d)
			}
		}
		for _, h := range st.Heads {
			if o := newest[h.Device]; o == nil || h.Seq > o.Seq {
				newest[h.Device] = h
			}
		}
	}
	var heads []*Head
	for _, h := range newest {
		if wanted(h) && gone.Accepts(h.Device, h.Seq, h.Hash) == nil {
			heads = append(heads, h)
		}
	}
	if len(heads) == 0 {
		return nil, nil, errors.Join(append(damaged, ErrNoVault)...)
	}
	slices.SortFunc(heads, func(a, b *Head) int { return b.Time().Compare(a.Time()) })
	var pointers []Pointer
	for _, h := range heads {
		root := format.Link{Codec: cid.DagProtobuf, Digest: h.Root, Total: h.root.Packs.Total + h.root.Keys.Total + h.root.Head.Total}
		pointers = append(pointers, Pointer{Dir: b.Keys().PointerDir(), Name: b.Keys().PointerName(h.Device, h.Seq), Root: root})
	}
	t, err := readTree(ctx, all, pointers)
	if err != nil {
		return nil, nil, err
	}
	t.Unread = append(t.Unread, damaged...)
	return t, all, nil
}

// Check reads every block of a tree and compares it with its name. What is missing or damaged is returned; an error means
// that the check could not be done. progress counts bytes of packs.
func (t *Tree) Check(ctx context.Context, at Source, progress Progress) (bad []cid.Cid, err error) {
	for _, l := range t.Small {
		switch err := whole(ctx, at, l); {
		case IsDamage(err):
			bad = append(bad, l.CID())
		case err != nil:
			return bad, err
		}
	}
	done := int64(0)
	for part := range slices.Chunk(t.Packs, batchPacks) {
		lost := make([]bool, len(part))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(readsAtOnce)
		for i, l := range part {
			g.Go(func() error {
				err := whole(gctx, at, l)
				lost[i] = IsDamage(err)
				if lost[i] {
					return nil
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return bad, err
		}
		for i, l := range part {
			if lost[i] {
				bad = append(bad, l.CID())
			}
			done += int64(l.File)
		}
		if progress != nil {
			progress(done, t.Bytes)
		}
	}
	return bad, nil
}

func whole(ctx context.Context, at Source, l format.Link) error {
	data, err := at.Get(ctx, l.CID())
	if err == nil && (format.Sum(data) != l.Digest || l.Codec == cid.Raw && l.File > 0 && uint64(len(data)) != l.File) {
		err = fmt.Errorf("%w: block %s", node.ErrWrongBytes, l.CID())
	}
	if err != nil {
		return fmt.Errorf("read block %s: %w", l.CID(), err)
	}
	return nil
}
