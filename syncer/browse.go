package syncer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"roost/vault"
	"roost/vault/format"
)

// List returns everything at and below a path of a version: the file itself, or what the folder holds, each folder
// before what is in it. An empty path is the whole version. Where the name means several versions, those that hold the
// path follow each other.
//
// Errors: ErrUnknownVersion, ErrAmbiguous, ErrNotInVersion. What damage left readable is returned beside the error.
func (e *Engine) List(ctx context.Context, snapshot, path string) ([]Item, error) {
	versions, err := e.resolve(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	var items []Item
	var damage error
	found := false
	for _, v := range versions {
		ok, err := e.list(ctx, v, path, &items)
		if err != nil && !vault.Unusable(err) {
			return items, err
		}
		damage = alsoDamage(damage, err)
		found = found || ok
	}
	if !found && damage == nil {
		return nil, notIn(path)
	}
	return items, damage
}

func notIn(path string) error { return fmt.Errorf("%w: %s", ErrNotInVersion, path) }

// list adds what one version holds at and below a path, and tells whether it holds the path.
func (e *Engine) list(ctx context.Context, v vault.Version, path string, items *[]Item) (found bool, err error) {
	s, err := e.readVault().Snapshot(ctx, v.ID)
	if err != nil {
		return false, err
	}
	rel, ok := versionPath(path, string(s.Path))
	if !ok {
		return false, nil
	}
	at, err := e.lookup(ctx, &s.Root, rel)
	if at == nil || err != nil {
		return false, err
	}
	if at.Type != format.TypeDir {
		*items = append(*items, itemOf(rel, at))
		return true, nil
	}
	return true, e.listBelow(ctx, at.Tree, rel, 0, items)
}

func (e *Engine) listBelow(ctx context.Context, tree []byte, dir string, depth int, items *[]Item) error {
	if depth > format.MaxDepth {
		return errTooDeep
	}
	var damage error
	for x, err := range e.entries(ctx, tree) {
		if err == nil {
			at := path.Join(dir, string(x.Name))
			*items = append(*items, itemOf(at, x))
			if x.Type != format.TypeDir {
				continue
			}
			err = e.listBelow(ctx, x.Tree, at, depth+1, items)
		}
		if err != nil && !vault.Unusable(err) {
			return err
		}
		damage = alsoDamage(damage, err)
	}
	return damage
}

// alsoDamage adds err to what was damaged before. One alone stays as it is: it is passed up through many folders.
func alsoDamage(damage, err error) error {
	if damage == nil {
		return err
	}
	if err == nil {
		return damage
	}
	return errors.Join(damage, err)
}

// errTooDeep: folders within folders, deeper than anything that is written.
var errTooDeep = fmt.Errorf("%w: folders are nested deeper than %d", format.ErrDamaged, format.MaxDepth)

func itemOf(path string, x *format.Entry) Item {
	return Item{Path: path, Type: x.Type, Size: int64(x.Size), MTime: time.Unix(x.MTime, int64(x.MNano)).UTC(), Mode: x.Mode}
}

// versionPath makes a path that a person gave relative to a version's folder: "" for the folder itself. It may be given
// from the folder or, as it was on the computer, from the root.
func versionPath(given, folder string) (rel string, ok bool) {
	if filepath.IsAbs(given) && within(filepath.Clean(given), filepath.Clean(folder)) {
		given = strings.TrimPrefix(filepath.Clean(given), filepath.Clean(folder))
	}
	rel = path.Clean(strings.TrimLeft(filepath.ToSlash(given), "/"))
	if rel == "." {
		return "", true
	}
	return rel, rel != ".." && !strings.HasPrefix(rel, "../")
}

// lookup finds a relative path below a directory entry; nil when it is not there.
func (e *Engine) lookup(ctx context.Context, at *format.Entry, rel string) (*format.Entry, error) {
	for rel != "" {
		var name string
		name, rel, _ = strings.Cut(rel, "/")
		if at.Type != format.TypeDir {
			return nil, nil
		}
		next, err := e.readVault().Entry(ctx, at.Tree, []byte(name))
		if next == nil || err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// entries yields what a directory holds, in the order of the names' bytes. Unlike the vault's own walk it goes on behind
// a part of a large directory that cannot be read; that part is yielded as an error.
func (e *Engine) entries(ctx context.Context, tree []byte) iter.Seq2[*format.Entry, error] {
	return func(yield func(*format.Entry, error) bool) { e.entriesBelow(ctx, tree, 0, yield) }
}

func (e *Engine) entriesBelow(ctx context.Context, id []byte, level int, yield func(*format.Entry, error) bool) bool {
	t, err := e.treeNode(ctx, id, level)
	if err != nil {
		return yield(nil, fmt.Errorf("read a folder: %w", err))
	}
	for i := range t.Entries {
		if !yield(&t.Entries[i], nil) {
			return false
		}
	}
	for _, b := range t.Branches {
		if !e.entriesBelow(ctx, b.Node, level+1, yield) {
			return false
		}
	}
	return true
}

func (e *Engine) treeNode(ctx context.Context, id []byte, level int) (*format.Tree, error) {
	if len(id) != len(format.ChunkID{}) || level > format.MaxTreeLevel {
		return nil, format.ErrDamaged
	}
	b, err := e.readVault().Read(ctx, format.KindTree, format.ChunkID(id))
	if err != nil {
		return nil, err
	}
	return format.DecodeTree(b)
}

// Find looks for names in every version of every device, newest version first. A pattern with any of *?[ is matched as
// such against the whole name; any other is looked for inside the name, whatever the capitals. A pattern with a slash is
// held against the path relative to the folder instead of the name.
//
// Damage in one version does not hide the others: the error speaks of it beside the matches. ErrUsage: not a pattern.
func (e *Engine) Find(ctx context.Context, pattern string) ([]Match, error) {
	match, err := matcher(pattern)
	if err != nil {
		return nil, err
	}
	st, err := e.state(ctx)
	if err != nil {
		return nil, err
	}
	all, damage, err := e.versions(ctx, st)
	if err != nil {
		return nil, err
	}
	f := &finder{e: e, match: match, paths: strings.Contains(pattern, "/"), known: map[searched]*found{}}
	var matches []Match
	for _, v := range all {
		hits, err := f.version(ctx, v)
		if err != nil && !vault.Unusable(err) {
			return matches, err
		}
		damage = alsoDamage(damage, err)
		hits.each("", func(path string, size int64) {
			matches = append(matches, Match{Snapshot: v.ID, Path: path, Time: v.Time(), Size: size})
		})
	}
	return matches, damage
}

// matcher returns what decides whether a name, or a path, is a hit.
func matcher(pattern string) (func(string) bool, error) {
	pattern = norm.NFC.String(strings.TrimLeft(pattern, "/"))
	if strings.ContainsAny(pattern, "*?[") {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("%w: %q is not a pattern", ErrUsage, pattern)
		}
		return func(s string) bool {
			ok, err := path.Match(pattern, norm.NFC.String(s))
			return ok && err == nil
		}, nil
	}
	if pattern == "" {
		return nil, fmt.Errorf("%w: nothing to look for", ErrUsage)
	}
	pattern = strings.ToLower(pattern)
	return func(s string) bool { return strings.Contains(strings.ToLower(norm.NFC.String(s)), pattern) }, nil
}

// finder searches trees, each once however many versions share it.
type finder struct {
	e     *Engine
	match func(string) bool
	paths bool // match is for whole paths
	known map[searched]*found
}

// searched is a tree that was searched and, if paths are matched, where it was.
type searched struct {
	tree format.ChunkID
	dir  string
}

// found is what of a tree matches: names in it and, for its folders, what was found below them. Nil is nothing.
type found struct{ names []foundName }

type foundName struct {
	name  string
	match bool
	size  int64
	below *found
}

// each calls fn with every match below dir.
func (f *found) each(dir string, fn func(path string, size int64)) {
	if f == nil {
		return
	}
	for _, n := range f.names {
		at := path.Join(dir, n.name)
		if n.match {
			fn(at, n.size)
		}
		n.below.each(at, fn)
	}
}

func (f *finder) version(ctx context.Context, v vault.Version) (*found, error) {
	s, err := f.e.readVault().Snapshot(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	return f.tree(ctx, s.Root.Tree, "", 0)
}

// tree returns what is found below a tree. Damage is an error the first time only.
func (f *finder) tree(ctx context.Context, tree []byte, dir string, depth int) (*found, error) {
	if depth > format.MaxDepth {
		return nil, errTooDeep
	}
	if len(tree) != len(format.ChunkID{}) {
		return nil, fmt.Errorf("read a folder: %w", format.ErrDamaged)
	}
	key := searched{tree: format.ChunkID(tree)}
	if f.paths {
		key.dir = dir
	}
	if known, ok := f.known[key]; ok {
		return known, nil
	}
	var here []foundName
	var damage error
	for x, err := range f.e.entries(ctx, tree) {
		if err == nil {
			n := foundName{name: string(x.Name), size: int64(x.Size)}
			at := n.name
			if f.paths {
				at = path.Join(dir, n.name)
			}
			n.match = f.match(at)
			if x.Type == format.TypeDir {
				n.below, err = f.tree(ctx, x.Tree, at, depth+1)
			}
			if n.match || n.below != nil {
				here = append(here, n)
			}
		}
		if err != nil && !vault.Unusable(err) {
			return nil, err
		}
		damage = alsoDamage(damage, err)
	}
	var all *found
	if here != nil {
		all = &found{here}
	}
	f.known[key] = all
	return all, damage
}
