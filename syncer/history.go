package syncer

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/format"
)

// Edition is one content that a path had, over the versions that follow each other with it.
type Edition struct {
	Snapshot format.ChunkID // the newest version that holds it
	Folder   string         // that the version is of
	Device   string         // whose version it is
	First    time.Time      // of the oldest version that holds it
	Last     time.Time      // of the newest
	Newest   bool           // the newest version of that folder still holds it
	Item     Item           // as in Snapshot
}

// History lists what a path was over all versions, newest first: each content once for each time that it came, not for
// each version that holds it. It looks through the folder that the version is of, on every device that keeps a folder at
// that place. Times and permissions alone make no other content.
//
// Errors: ErrUnknownVersion, ErrAmbiguous, ErrNotInVersion when no version at all holds the path. Damage in one version
// does not hide the others: the error speaks of it beside the editions.
func (e *Engine) History(ctx context.Context, snapshot, path string) ([]Edition, error) {
	s, err := e.version(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	rel, ok := versionPath(path, string(s.Path))
	if !ok {
		return nil, notIn(path)
	}
	st, err := e.state(ctx)
	if err != nil {
		return nil, err
	}
	all, damage, err := e.versions(ctx, st)
	if err != nil {
		return nil, err
	}
	h := history{
		e: e, rel: rel, known: map[format.ChunkID]*format.Entry{}, last: map[string]*format.Entry{}, open: map[string]*Edition{},
		seen: map[string]bool{},
	}
	for _, v := range all {
		if !samePath(string(v.Path), string(s.Path)) {
			continue
		}
		if err := h.add(ctx, v); err != nil {
			if !vault.Unusable(err) {
				return nil, err
			}
			damage = errors.Join(damage, err)
		}
	}
	if len(h.editions) == 0 && damage == nil {
		return nil, notIn(path)
	}
	out := make([]Edition, len(h.editions))
	for i, x := range h.editions {
		out[i] = *x
	}
	slices.SortStableFunc(out, func(a, b Edition) int { return b.Last.Compare(a.Last) })
	return out, damage
}

// history collects the editions of one path, from versions newest first.
type history struct {
	e        *Engine
	rel      string
	known    map[format.ChunkID]*format.Entry // what is at rel below a tree; nil: nothing
	open     map[string]*Edition              // of each folder: the edition that an older version may hold too
	last     map[string]*format.Entry         // its entry
	seen     map[string]bool                  // folders of which a version was looked at
	editions []*Edition
}

func (h *history) add(ctx context.Context, v vault.Version) error {
	folder := string(v.Device[:]) + string(v.FolderID[:])
	newest := !h.seen[folder]
	h.seen[folder] = h.seen[folder] || v.Complete // a checkpoint holds a part only: what it lacks may well be there
	s, err := h.e.readVault().Snapshot(ctx, v.ID)
	if err != nil {
		return err
	}
	x, err := h.at(ctx, s)
	switch {
	case err != nil:
		return err
	case x == nil && v.Complete:
		delete(h.open, folder)
		return nil
	case x == nil:
		return nil
	}
	if now := h.open[folder]; now != nil && holdSame(h.last[folder], x) {
		now.First = v.Time()
		return nil
	}
	h.last[folder] = x
	h.open[folder] = &Edition{
		Snapshot: v.ID, Folder: string(v.Path), Device: v.DeviceName, First: v.Time(), Last: v.Time(), Newest: newest, Item: itemOf(h.rel, x),
	}
	h.editions = append(h.editions, h.open[folder])
	return nil
}

// at is what a version holds at the path. Versions that share their tree are looked at once.
func (h *history) at(ctx context.Context, s *format.Snapshot) (*format.Entry, error) {
	if len(s.Root.Tree) != len(format.ChunkID{}) {
		return nil, format.ErrDamaged
	}
	tree := format.ChunkID(s.Root.Tree)
	if x, ok := h.known[tree]; ok {
		return x, nil
	}
	x, err := h.e.lookup(ctx, &s.Root, h.rel)
	if err == nil {
		h.known[tree] = x
	}
	return x, err
}

// holdSame tells whether two entries hold the same, whatever their names, times and permissions.
func holdSame(a, b *format.Entry) bool {
	return a.Type == b.Type && a.Size == b.Size && bytes.Equal(a.Chunks, b.Chunks) && bytes.Equal(a.List, b.List) &&
		bytes.Equal(a.Tree, b.Tree) && bytes.Equal(a.Target, b.Target) && slices.Equal(a.Holes, b.Holes)
}
