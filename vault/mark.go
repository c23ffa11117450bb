package vault

import (
	"context"
	"fmt"

	"roost/vault/format"
)

// marker walks what versions reach and marks it in an inventory. Whatever is not read whole is an error: what is not
// marked is dropped.
type marker struct {
	v *Vault
	x *inventory
}

// read returns a chunk of metadata from a pack that the inventory names.
func (m *marker) read(ctx context.Context, k format.Kind, id format.ChunkID) ([]byte, error) {
	from, to := m.x.places(id.Prefix())
	err := fmt.Errorf("%w: chunk %s is in no pack", ErrMissing, id)
	for _, c := range m.x.chunks[from:to] {
		var plain []byte
		p := m.x.packs[c.Pack].info
		if plain, err = m.v.readFrom(ctx, nil, packRef{p.Digest, p.Type}, k, id); err == nil {
			return plain, nil
		}
		if !IsDamage(err) {
			return nil, err
		}
	}
	return nil, err
}

// visit reads and marks a chunk of metadata; nil when it was marked before, and so was all below it.
func (m *marker) visit(ctx context.Context, k format.Kind, id format.ChunkID) ([]byte, error) {
	if m.x.marked(id) {
		return nil, nil
	}
	plain, err := m.read(ctx, k, id)
	if err != nil {
		return nil, err
	}
	_, err = m.x.mark(id, uint64(len(plain)))
	return plain, err
}

func (m *marker) snapshot(ctx context.Context, id format.ChunkID) error {
	plain, err := m.visit(ctx, format.KindSnapshot, id)
	if err != nil || plain == nil {
		return err
	}
	s, err := format.DecodeSnapshot(plain)
	if err != nil {
		return err
	}
	return m.tree(ctx, s.Root.Tree, 0, 0)
}

func (m *marker) tree(ctx context.Context, id []byte, level, depth int) error {
	if len(id) != 32 || level > format.MaxTreeLevel || depth > format.MaxDepth {
		return fmt.Errorf("read a folder: %w: at level %d, depth %d", format.ErrDamaged, level, depth)
	}
	plain, err := m.visit(ctx, format.KindTree, format.ChunkID(id))
	if err != nil {
		return fmt.Errorf("read a folder: %w", err)
	}
	if plain == nil {
		return nil
	}
	t, err := format.DecodeTree(plain)
	if err != nil {
		return err
	}
	for _, b := range t.Branches {
		if err := m.tree(ctx, b.Node, level+1, depth); err != nil {
			return err
		}
	}
	for i := range t.Entries {
		e := &t.Entries[i]
		switch e.Type {
		case format.TypeDir:
			err = m.tree(ctx, e.Tree, 0, depth+1)
		case format.TypeFile:
			err = m.file(ctx, e)
		case format.TypeSymlink:
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *marker) file(ctx context.Context, e *format.Entry) error {
	size := e.Size
	for _, h := range e.Holes {
		size -= min(size, h.Len)
	}
	if n := uint64(len(e.Chunks) / 32); n > 0 {
		for ids := e.Chunks; len(ids) >= 32; ids = ids[32:] {
			if _, err := m.x.mark(format.ChunkID(ids[:32]), size/n); err != nil { // of several, only the sum is known
				return fmt.Errorf("read a file: %w", err)
			}
		}
	}
	if len(e.List) != 32 {
		return nil
	}
	return m.list(ctx, format.ChunkID(e.List), -1)
}

// list marks what a list holds, which must be of that level (any for -1).
func (m *marker) list(ctx context.Context, id format.ChunkID, level int) error {
	plain, err := m.visit(ctx, format.KindList, id)
	if err != nil {
		return fmt.Errorf("read a file's list: %w", err)
	}
	if plain == nil {
		return nil
	}
	at, items, err := format.DecodeList(plain)
	if err != nil {
		return err
	}
	if level >= 0 && at != level {
		return fmt.Errorf("read a file's list: %w: level %d, wanted level %d", format.ErrDamaged, at, level)
	}
	for _, it := range items {
		if at > 0 {
			err = m.list(ctx, it.ID, at-1)
		} else if _, err = m.x.mark(it.ID, it.Size); err != nil {
			err = fmt.Errorf("read a file: %w", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
