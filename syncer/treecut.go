package syncer

import (
	"context"
	"fmt"
	"strings"

	"roost/vault"
	"roost/vault/format"
)

// treeCut takes a path out of trees. What many versions share is done once.
type treeCut struct {
	e     *Engine
	s     *vault.Session
	known map[cutKey]*cut
	sums  map[format.ChunkID]tally
}

type cutKey struct {
	tree format.ChunkID
	rel  string
}

// cut is a tree without something, and what that was.
type cut struct {
	tree []byte
	gone tally
}

// without stores a tree again without what is at rel below it; nil when nothing is there.
func (t *treeCut) without(ctx context.Context, tree []byte, rel string, depth int) (*cut, error) {
	if len(tree) != len(format.ChunkID{}) || depth > format.MaxDepth {
		return nil, fmt.Errorf("read a folder: %w", format.ErrDamaged)
	}
	key := cutKey{format.ChunkID(tree), rel}
	if c, ok := t.known[key]; ok {
		return c, nil
	}
	name, rest, deeper := strings.Cut(rel, "/")
	var out *cut
	var recs []*record
	for x, err := range t.e.vault().Entries(ctx, tree) {
		if err != nil {
			return nil, err
		}
		if string(x.Name) == name {
			switch {
			case !deeper:
				sum, err := t.sum(ctx, x, depth)
				if err != nil {
					return nil, err
				}
				out = &cut{gone: sum}
				continue
			case x.Type == format.TypeDir:
				inner, err := t.without(ctx, x.Tree, rest, depth+1)
				if err != nil {
					return nil, err
				}
				if inner != nil {
					out = &cut{gone: inner.gone}
					x.Tree = inner.tree
				}
			}
		}
		recs = append(recs, &record{name: string(x.Name), entry: format.EncodeEntry(x)})
	}
	if out != nil {
		id, err := putTree(t.s, recs)
		if err != nil {
			return nil, err
		}
		out.tree = id[:]
	}
	t.known[key] = out
	return out, nil
}

// sum counts the files at and below an entry.
func (t *treeCut) sum(ctx context.Context, x *format.Entry, depth int) (tally, error) {
	switch x.Type {
	case format.TypeFile:
		return tally{1, int64(x.Size)}, nil
	case format.TypeSymlink:
		return tally{files: 1}, nil
	}
	if len(x.Tree) != len(format.ChunkID{}) || depth > format.MaxDepth {
		return tally{}, fmt.Errorf("read a folder: %w", format.ErrDamaged)
	}
	id := format.ChunkID(x.Tree)
	if known, ok := t.sums[id]; ok {
		return known, nil
	}
	var out tally
	for child, err := range t.e.vault().Entries(ctx, x.Tree) {
		if err != nil {
			return tally{}, err
		}
		one, err := t.sum(ctx, child, depth+1)
		if err != nil {
			return tally{}, err
		}
		out.files, out.bytes = out.files+one.files, out.bytes+one.bytes
	}
	t.sums[id] = out
	return out, nil
}
