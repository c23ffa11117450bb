package syncer

import (
	"context"
	"iter"

	"roost/vault"
	"roost/vault/format"
)

// ChangeKind says how something differs between two versions.
type ChangeKind string

// The kinds of changes.
const (
	Added   ChangeKind = "added"
	Changed ChangeKind = "changed"
	Removed ChangeKind = "removed"
)

// Change is a file or link that differs between two versions.
type Change struct {
	Path   string // raw bytes, relative to the folder
	Kind   ChangeKind
	Before int64 // bytes; 0 when it was added
	After  int64 // bytes; 0 when it was removed
}

// Comparison is how a version differs from another one. Folders count for what is in them.
type Comparison struct {
	Added, Changed, Removed int64 // files and links
	Before, After           int64 // bytes of those
	Changes                 []Change
	More                    bool // Changes names the first of them only
}

// mostChanges is how many changes are named.
const mostChanges = 100_000

// Compare says what became different from one version to another, below a path or, without one, in all of it. It reads
// no content, and no folder that is the same in both. The versions may be of different folders and devices.
//
// Errors: ErrUnknownVersion, ErrAmbiguous, ErrNotInVersion when neither holds the path. A damaged folder is left out, and
// the error speaks of it beside the comparison.
func (e *Engine) Compare(ctx context.Context, before, after, path string) (*Comparison, error) {
	c := comparing{e: e, out: &Comparison{}}
	var at [2]*format.Entry
	var rel string
	for i, name := range []string{before, after} {
		s, err := e.version(ctx, name)
		if err != nil {
			return nil, err
		}
		var ok bool
		if rel, ok = versionPath(path, string(s.Path)); !ok {
			return nil, notIn(path)
		}
		if at[i], err = e.lookup(ctx, &s.Root, rel); err != nil {
			return nil, err
		}
	}
	if at[0] == nil && at[1] == nil {
		return nil, notIn(path)
	}
	if err := c.entry(ctx, rel, at[0], at[1], 0); err != nil {
		return nil, err
	}
	return c.out, c.damage
}

// comparing is one comparison under way.
type comparing struct {
	e      *Engine
	out    *Comparison
	damage error
}

// entry compares what two versions hold at a path; nil is nothing.
func (c *comparing) entry(ctx context.Context, path string, a, b *format.Entry, depth int) error {
	dirA, dirB := a != nil && a.Type == format.TypeDir, b != nil && b.Type == format.TypeDir
	if !dirA && a != nil {
		switch {
		case b == nil || dirB:
			c.add(Change{Path: path, Kind: Removed, Before: int64(a.Size)})
		case !holdSame(a, b):
			c.add(Change{Path: path, Kind: Changed, Before: int64(a.Size), After: int64(b.Size)})
		}
	}
	if !dirB && b != nil && (a == nil || dirA) {
		c.add(Change{Path: path, Kind: Added, After: int64(b.Size)})
	}
	switch {
	case dirA && dirB && string(a.Tree) == string(b.Tree), !dirA && !dirB:
		return nil
	case depth > format.MaxDepth:
		c.damage = alsoDamage(c.damage, errTooDeep)
		return nil
	}
	return c.folders(ctx, path, a, b, dirA, dirB, depth)
}

// folders compares what lies in two folders of one path, of which one may not be there. Both list their names in the same
// order, so that one walk over both finds the pairs.
func (c *comparing) folders(ctx context.Context, path string, a, b *format.Entry, dirA, dirB bool, depth int) error {
	nextA, stopA := iter.Pull2(c.names(ctx, a, dirA))
	defer stopA()
	nextB, stopB := iter.Pull2(c.names(ctx, b, dirB))
	defer stopB()
	x, errX, moreA := nextA()
	y, errY, moreB := nextB()
	for moreA || moreB {
		if errX != nil {
			return errX
		}
		if errY != nil {
			return errY
		}
		var left, right *format.Entry
		if moreA && (!moreB || string(x.Name) <= string(y.Name)) {
			left = x
		}
		if moreB && (!moreA || string(y.Name) <= string(x.Name)) {
			right = y
		}
		name := left
		if name == nil {
			name = right
		}
		if err := c.entry(ctx, join(path, string(name.Name)), left, right, depth+1); err != nil {
			return err
		}
		if left != nil {
			x, errX, moreA = nextA()
		}
		if right != nil {
			y, errY, moreB = nextB()
		}
	}
	return ctx.Err()
}

// names yields a folder's entries. What is damaged is noted and passed over.
func (c *comparing) names(ctx context.Context, x *format.Entry, dir bool) iter.Seq2[*format.Entry, error] {
	return func(yield func(*format.Entry, error) bool) {
		if !dir {
			return
		}
		for child, err := range c.e.entries(ctx, x.Tree) {
			if vault.Unusable(err) {
				c.damage = alsoDamage(c.damage, err)
				continue
			}
			if !yield(child, err) || err != nil {
				return
			}
		}
	}
}

func (c *comparing) add(x Change) {
	o := c.out
	switch x.Kind {
	case Added:
		o.Added++
	case Changed:
		o.Changed++
	case Removed:
		o.Removed++
	}
	o.Before, o.After = sum(o.Before, x.Before), sum(o.After, x.After)
	if o.More = o.More || len(o.Changes) == mostChanges; !o.More {
		o.Changes = append(o.Changes, x)
	}
}
