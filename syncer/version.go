package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/format"
)

// IsFolder tells a folder from what has content of its own.
func (i Item) IsFolder() bool { return i.Type == format.TypeDir }

// IsLink tells a symbolic link, which names another place and has no content.
func (i Item) IsLink() bool { return i.Type == format.TypeSymlink }

// version reads the one version that a name means, as resolve has it. A whole id is read without asking the storage what
// is new, so that looking around in a version costs only what is looked at. ErrAmbiguous: the name means several.
func (e *Engine) version(ctx context.Context, name string) (*format.Snapshot, error) {
	if err := e.connect(ctx); err != nil && !e.readsSeveral() {
		return nil, err
	}
	if id, ok := wholeID(name); ok {
		e.uses.look(id, time.Now())
		e.noteUse(ctx, id)
		s, err := e.readVault().Snapshot(ctx, id)
		if !errors.Is(err, vault.ErrMissing) { // what another device just saved is found below
			return s, err
		}
	}
	found, err := e.resolve(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(found) > 1 {
		return nil, ambiguous(name, found, func(v vault.Version) string { return fmt.Sprintf("%.12s (%s)", v.ID, v.Path) })
	}
	e.uses.look(found[0].ID, time.Now())
	return e.readVault().Snapshot(ctx, found[0].ID)
}

// wholeID parses an id that is written out.
func wholeID(name string) (id format.ChunkID, ok bool) {
	if len(name) != 2*len(id) {
		return id, false
	}
	for i := range id {
		hi, lo := strings.IndexByte(hexDigits, name[2*i]), strings.IndexByte(hexDigits, name[2*i+1])
		if hi < 0 || lo < 0 {
			return id, false
		}
		id[i] = byte(hi<<4 | lo)
	}
	return id, true
}

const hexDigits = "0123456789abcdef"

// entryAt finds a path in a version. ErrNotInVersion: it is not there.
func (e *Engine) entryAt(ctx context.Context, s *format.Snapshot, path string) (rel string, x *format.Entry, err error) {
	rel, ok := versionPath(path, string(s.Path))
	if !ok {
		return "", nil, notIn(path)
	}
	x, err = e.lookup(ctx, &s.Root, rel)
	if err == nil && x == nil {
		err = notIn(path)
	}
	return rel, x, err
}

// Children lists what lies directly in a folder of one version, folders first, both by name; an empty path is the whole
// folder that is kept. Unlike List it reads nothing below.
//
// Errors: ErrUnknownVersion, ErrAmbiguous, ErrNotInVersion, which a path of a file also is. What damage left readable is
// returned beside the error.
func (e *Engine) Children(ctx context.Context, snapshot, path string) ([]Item, error) {
	s, err := e.version(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	rel, x, err := e.entryAt(ctx, s, path)
	if err != nil {
		return nil, err
	}
	if x.Type != format.TypeDir {
		return nil, notIn(path + "/")
	}
	var items []Item
	var damage error
	for child, err := range e.entries(ctx, x.Tree) {
		switch {
		case err == nil:
			items = append(items, itemOf(join(rel, string(child.Name)), child))
		case vault.Unusable(err):
			damage = alsoDamage(damage, err)
		default:
			return items, err
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int { // by name they are
		switch {
		case a.IsFolder() == b.IsFolder():
			return 0
		case a.IsFolder():
			return -1
		}
		return 1
	})
	return items, damage
}
