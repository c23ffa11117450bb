package vault

import (
	"context"
	"fmt"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node"
)

// spine is the UnixFS file whose leaves are all packs of a root: three levels of nodes, read only where they are needed.
// Appending touches the right edge; dropping takes a leaf out of its own node and shifts no other, so that the storage's
// pin update reads only what changed.
type spine struct {
	link  format.Link // as stored; zero for a new node
	level int         // 0: the children are packs
	kids  []*spine    // level > 0, once loaded
	packs []format.Link
	ready bool // kids or packs are loaded
	dirty bool
}

type getFunc func(context.Context, cid.Cid, format.Digest) ([]byte, error)

// openSpine returns the spine below link, or an empty one for a zero link.
func openSpine(link format.Link) *spine {
	s := &spine{link: link, level: format.SpineDepth - 1}
	if link.Codec == 0 {
		s.ready, s.dirty = true, true
	}
	return s
}

func (s *spine) load(ctx context.Context, get getFunc) error {
	if s.ready {
		return nil
	}
	block, err := get(ctx, s.link.CID(), s.link.Digest)
	if err != nil {
		return fmt.Errorf("read the list of packs: %w", err)
	}
	links, err := format.DecodeFile(block)
	if err != nil {
		return fmt.Errorf("read the list of packs: %w", err)
	}
	want := uint64(cid.Raw)
	if s.level > 0 {
		want = cid.DagProtobuf
	}
	for _, l := range links {
		if l.Codec != want {
			return fmt.Errorf("read the list of packs: %w: a link of codec %d at level %d", format.ErrDamaged, l.Codec, s.level)
		}
		if s.level > 0 {
			s.kids = append(s.kids, &spine{link: l, level: s.level - 1})
		}
	}
	if s.level == 0 {
		s.packs = links
	}
	s.ready = true
	return nil
}

// append adds a pack at the right edge; false when there is no room.
func (s *spine) append(ctx context.Context, get getFunc, l format.Link) (bool, error) {
	if err := s.load(ctx, get); err != nil {
		return false, err
	}
	if s.level == 0 {
		if len(s.packs) >= format.SpineWidth {
			return false, nil
		}
		s.packs, s.dirty = append(s.packs, l), true
		return true, nil
	}
	if n := len(s.kids); n > 0 {
		if ok, err := s.kids[n-1].append(ctx, get, l); ok || err != nil {
			s.dirty = s.dirty || ok
			return ok, err
		}
	}
	if len(s.kids) >= format.SpineWidth {
		return false, nil
	}
	kid := &spine{level: s.level - 1, ready: true}
	s.kids, s.dirty = append(s.kids, kid), true
	return kid.append(ctx, get, l)
}

// drop removes packs in place.
func (s *spine) drop(ctx context.Context, get getFunc, gone map[format.Digest]bool) error {
	if err := s.load(ctx, get); err != nil {
		return err
	}
	if s.level == 0 {
		kept := s.packs[:0]
		for _, p := range s.packs {
			if !gone[p.Digest] {
				kept = append(kept, p)
			}
		}
		s.dirty = s.dirty || len(kept) < len(s.packs)
		s.packs = kept
		return nil
	}
	kept := s.kids[:0]
	for _, k := range s.kids {
		if err := k.drop(ctx, get, gone); err != nil {
			return err
		}
		s.dirty = s.dirty || k.dirty
		if len(k.kids)+len(k.packs) > 0 {
			kept = append(kept, k)
		}
	}
	s.kids = kept
	return nil
}

// leaves calls fn for every pack.
func (s *spine) leaves(ctx context.Context, get getFunc, fn func(format.Link) error) error {
	if err := s.load(ctx, get); err != nil {
		return err
	}
	for _, p := range s.packs {
		if err := fn(p); err != nil {
			return err
		}
	}
	for _, k := range s.kids {
		if err := k.leaves(ctx, get, fn); err != nil {
			return err
		}
	}
	return nil
}

// flush encodes what changed and returns the link to this node.
func (s *spine) flush(out *[]node.Block) format.Link {
	if !s.dirty {
		return s.link
	}
	children := s.packs
	if s.level > 0 {
		children = make([]format.Link, 0, len(s.kids))
		for _, k := range s.kids {
			children = append(children, k.flush(out))
		}
	}
	block := format.EncodeFile(children)
	l := format.Link{Codec: cid.DagProtobuf, Digest: format.Sum(block), Total: uint64(len(block))}
	for _, c := range children {
		l.File += c.File
		l.Total += c.Total
	}
	*out = append(*out, node.Block{CID: l.CID(), Data: block})
	s.link, s.dirty = l, false
	return l
}

// packLink is a pack as a leaf.
func packLink(p format.PackInfo) format.Link {
	return format.Link{Codec: cid.Raw, Digest: p.Digest, File: uint64(p.Size), Total: uint64(p.Size)}
}
