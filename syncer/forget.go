package syncer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/format"
)

// ForgetOptions say what is to be forgotten: a path in every version, or versions.
type ForgetOptions struct {
	Path     string   // a file or a folder, absolute, below a folder that is or was kept
	Versions []string // or these, by their ids; with Now also ones that were removed before
	Words    string   // the recovery words: needed to remove most versions of a folder or all of this device
	Now      bool     // it goes for good at once, and cannot be brought back
	Preview  bool     // nothing is changed: only what would be is said
}

// Forgotten is what Forget did, or would do.
type Forgotten struct {
	Path     string // as in the versions, after their folder; "" when versions were removed
	Folder   string
	Versions []Version // that it was in, newest first: listed ones, or where none has it, removed ones; or that were removed
	Files    int64     // below Path in the newest of them, or in the newest removed version
	Bytes    int64
	Left     int64     // versions of this device that are listed now
	OnDisk   bool      // it is there, and the next backup of its folder saves it again
	Until    time.Time // it can be brought back until then; zero: it cannot
	Freed    *Pruned   // with Now
}

// Forget takes a file or folder out of every version of this device, or removes versions, for a person who wants it so. A
// version that something is taken out of is written anew, with its time but another id; the one that has it is removed,
// and can be brought back as any removed version can. With Now, nothing of it can: it is taken out of the versions that were
// removed before, too, and they stay removed.
//
// An interrupted Forget is run again: until it is done, both are there. Errors: ErrUsage, ErrNotInVersion,
// ErrUnknownVersion, ErrAmbiguous; ErrWordsNeeded, ErrWrongWords; vault.IsDamage when a version cannot be read.
func (e *Engine) Forget(ctx context.Context, o ForgetOptions, r Report) (*Forgotten, error) {
	if (o.Path == "") == (len(o.Versions) == 0) {
		return nil, fmt.Errorf("%w: say what to forget, a path or versions", ErrUsage)
	}
	var c counters
	c.phaseName.Store("looking")
	stop := c.tell(r, o.Path, time.Now())
	defer stop()
	var out *Forgotten
	var went map[format.ChunkID]bool
	var err error
	for try := 1; ; try++ {
		out, went, err = e.forgetTurn(ctx, o, &c)
		if !errors.Is(err, vault.ErrRedo) || try == redoTries {
			break
		}
		e.log.Info("forgetting is run again", "reason", err)
	}
	if err != nil || o.Preview {
		return out, err
	}
	errs := []error{e.noteForgotten(ctx, out.Folder, len(out.Versions))}
	if o.Now {
		out.Until = time.Time{}
		e.uses.lookedAway(went)
		out.Freed, err = e.prune(ctx, cleaning{only: went}, nil)
		return out, errors.Join(append(errs, err)...)
	}
	return out, errors.Join(append(errs, e.mirror(ctx, nil))...)
}

// forgetTurn does it on the first storage, and returns which versions are removed by it.
func (e *Engine) forgetTurn(ctx context.Context, o ForgetOptions, c *counters) (*Forgotten, map[format.ChunkID]bool, error) {
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	p, err := e.plan(ctx, e.home.config(), cleaning{only: map[format.ChunkID]bool{}}, time.Now())
	if err != nil {
		return nil, nil, err
	}
	if len(o.Versions) > 0 {
		return e.forgetVersions(p, o)
	}
	return e.forgetPath(ctx, p, o, c)
}

func ids(list []Version) map[format.ChunkID]bool {
	out := map[format.ChunkID]bool{}
	for _, v := range list {
		out[v.ID] = true
	}
	return out
}

// forgetVersions removes whole versions.
func (e *Engine) forgetVersions(p *plan, o ForgetOptions) (*Forgotten, map[format.ChunkID]bool, error) {
	shown, c := p.shown(), e.home.config()
	among := shown
	if o.Now {
		among = p.own
	}
	known := e.vault().Known()
	stays := staying(known.Own(e.vault().Device()), p.own, p.marks)
	out := &Forgotten{}
	chosen := map[format.ChunkID]bool{}
	for _, name := range o.Versions {
		if strings.HasPrefix(name, "latest") {
			return nil, nil, fmt.Errorf("%w: a version that is removed is named by its id", ErrUsage)
		}
		found, err := chooseVersions(among, e.vault().Device(), name)
		if err != nil {
			return nil, nil, err
		}
		v := found[0]
		switch {
		case stays[v.ID]:
			return nil, nil, fmt.Errorf("%w: %.12s is the newest version of %s, which always stays", ErrUsage, v.ID, v.Path)
		case wasHeld(c, v):
			return nil, nil, fmt.Errorf("%w: %.12s is the version before a sudden change; answer that first: roost folder accept %s", ErrUsage, v.ID, v.Path)
		case !chosen[v.ID]:
			chosen[v.ID] = true
			out.Versions = append(out.Versions, v)
		}
	}
	listed := slices.DeleteFunc(slices.Clone(out.Versions), func(v Version) bool { return p.marks.removed(v.ID) })
	if bulk(shown, listed) && !o.Preview {
		if o.Words == "" {
			return nil, nil, ErrWordsNeeded
		}
		if err := e.CheckWords(context.Background(), o.Words); err != nil {
			return nil, nil, err
		}
	}
	slices.SortStableFunc(out.Versions, func(a, b Version) int { return b.Time().Compare(a.Time()) })
	newest := out.Versions[0]
	out.Folder, out.Files, out.Bytes = string(newest.Path), int64(newest.Files), int64(newest.Bytes)
	out.Left, out.Until = int64(len(shown)-len(listed)), p.now.Add(restorableFor)
	if o.Preview {
		return out, nil, nil
	}
	return out, chosen, e.remove(out.Versions, p.now)
}

// bulk tells whether these are more than half of the listed versions of a folder, or all that there are.
func bulk(shown, chosen []Version) bool {
	had, lost := map[format.FolderID]int{}, map[format.FolderID]int{}
	for _, v := range shown {
		had[v.FolderID]++
	}
	for _, v := range chosen {
		lost[v.FolderID]++
	}
	for id, n := range lost {
		if 2*n > had[id] {
			return true
		}
	}
	return len(chosen) > 0 && len(chosen) == len(shown)
}

// forgetPath takes a path out of every version that has it.
func (e *Engine) forgetPath(ctx context.Context, p *plan, o ForgetOptions, c *counters) (*Forgotten, map[format.ChunkID]bool, error) {
	shown, path := p.shown(), realPath(o.Path)
	out := &Forgotten{Until: p.now.Add(restorableFor), Left: int64(len(shown))}
	below := false
	var with []Version // all that have it
	rels := map[format.ChunkID]string{}
	trees := &treeCut{e: e, known: map[cutKey]*cut{}, sums: map[format.ChunkID]tally{}}
	among := shown
	if o.Now {
		among = p.own
	}
	for _, v := range among {
		rel, ok := pathBelow(o.Path, path, string(v.Path))
		if !ok {
			continue
		}
		if below = true; rel == "" {
			return nil, nil, fmt.Errorf("%w: %s is a whole folder. Stop keeping it with roost folder remove, and remove its versions by their ids", ErrUsage, o.Path)
		}
		s, err := e.vault().Snapshot(ctx, v.ID)
		if err != nil {
			return nil, nil, err
		}
		x, err := e.lookup(ctx, &s.Root, rel)
		if err != nil {
			return nil, nil, err
		}
		if x == nil {
			continue
		}
		if len(with) == 0 {
			sum, err := trees.sum(ctx, x, 0)
			if err != nil {
				return nil, nil, err
			}
			out.Path, out.Folder, out.Files, out.Bytes = rel, string(v.Path), sum.files, sum.bytes
		}
		with = append(with, v)
		rels[v.ID] = rel
	}
	if !below {
		return nil, nil, fmt.Errorf("%w: no version of this computer has a folder that %s lies in", ErrUsage, o.Path)
	}
	if len(with) == 0 {
		return nil, nil, notIn(o.Path)
	}
	out.Versions = slices.DeleteFunc(slices.Clone(with), func(v Version) bool { return p.marks.removed(v.ID) })
	if len(out.Versions) == 0 {
		out.Versions = with
	}
	for _, f := range e.home.config().Folders {
		if f.Held != nil && slices.ContainsFunc(with, func(v Version) bool { return v.FolderID == f.id() }) {
			return nil, nil, fmt.Errorf("%w: something sudden happened in %s; answer that first: roost folder accept %s", ErrUsage, f.Path, f.Path)
		}
		_, err := os.Lstat(o.Path)
		out.OnDisk = out.OnDisk || err == nil && within(path, string(f.Path))
	}
	if o.Preview {
		return out, nil, nil
	}
	// One that was written in the place of a listed one holds nothing that that one does not, and just goes.
	anew := slices.DeleteFunc(slices.Clone(with), func(v Version) bool { return p.marks.hidesAnother(v.ID) })
	c.totalFiles.Store(int64(len(anew)))
	instead, err := e.writeWithout(ctx, anew, rels, trees, c)
	if err != nil {
		return nil, nil, err
	}
	// Now both are there; from here on the old ones are not listed any more.
	there := ids(p.own)
	err = e.changeMarks(func(m marks) error {
		for _, v := range anew {
			if p.marks.removed(v.ID) {
				continue
			}
			there[instead[v.ID]] = true
			delete(m, instead[v.ID]) // it may have been there before, and have been removed
			m[v.ID] = mark{ID: v.ID.String(), On: p.now.UTC(), Instead: instead[v.ID].String(), Path: []byte(o.Path)}
		}
		for _, v := range anew {
			id := instead[v.ID]
			if !p.marks.removed(v.ID) || there[id] {
				continue
			}
			was := m[v.ID]
			was.ID = id.String()
			if next, ok := versionID(was.Instead); ok && instead[next] != (format.ChunkID{}) {
				was.Instead = instead[next].String()
			}
			m[id] = was
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return out, ids(with), e.noteVersions(ctx)
}

// writeWithout writes versions anew without a path, and returns their new ids.
func (e *Engine) writeWithout(ctx context.Context, list []Version, rels map[format.ChunkID]string, trees *treeCut, c *counters) (map[format.ChunkID]format.ChunkID, error) {
	s, err := e.vault().Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	trees.s = s
	anew := map[format.ChunkID]*format.Snapshot{}
	for _, v := range list {
		snap, err := e.vault().Snapshot(ctx, v.ID)
		if err != nil {
			return nil, err
		}
		rel := rels[v.ID]
		cut, err := trees.without(ctx, snap.Root.Tree, rel, 0)
		if err != nil {
			return nil, err
		}
		if cut == nil {
			return nil, fmt.Errorf("%w: %s was in version %.12s a moment ago", vault.ErrRedo, rel, v.ID)
		}
		snap.Root.Tree = cut.tree
		snap.Files -= min(uint64(cut.gone.files), snap.Files)
		snap.Bytes -= min(uint64(cut.gone.bytes), snap.Bytes)
		named := len(snap.Skipped)
		snap.Skipped = slices.DeleteFunc(snap.Skipped, func(k format.Skip) bool {
			return string(k.Path) == rel || strings.HasPrefix(string(k.Path), rel+"/")
		})
		snap.SkipCount -= min(uint64(named-len(snap.Skipped)), snap.SkipCount)
		anew[v.ID] = snap
		c.files.Add(1)
	}
	c.phaseName.Store("confirming")
	instead, err := s.Rewrite(ctx, anew, nil)
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		if instead[v.ID] == (format.ChunkID{}) {
			return nil, fmt.Errorf("%w: version %.12s is not there any more", vault.ErrRedo, v.ID)
		}
	}
	return instead, nil
}

// realPath follows the links on the way to a path, as far as that way exists; the last name is left as it is.
func realPath(path string) string {
	path = filepath.Clean(path)
	for dir, rest := filepath.Dir(path), filepath.Base(path); ; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == filepath.Dir(dir) {
			return path
		}
	}
}

// pathBelow is a path, under either of its names, relative to the folder of a version.
func pathBelow(given, real, folder string) (rel string, ok bool) {
	for _, p := range []string{real, filepath.Clean(given)} {
		if within(p, filepath.Clean(folder)) {
			return versionPath(p, folder)
		}
	}
	return "", false
}

// RemovedVersion is a version that was removed and can be brought back.
type RemovedVersion struct {
	Version
	On        time.Time // when it was removed
	Until     time.Time // when it goes for good, or earlier if its room is needed
	Forgotten string    // the path that was taken out of it; "" when the whole version was removed
}

// Removed lists this device's versions that can be brought back, newest first.
func (e *Engine) Removed(ctx context.Context) ([]RemovedVersion, error) {
	st, err := e.state(ctx)
	if err != nil {
		return nil, err
	}
	all, damage, err := e.everyVersion(ctx, st)
	if err != nil {
		return nil, err
	}
	m, err := e.marks()
	if err != nil {
		return nil, err
	}
	var out []RemovedVersion
	for _, v := range all {
		if x := m[v.ID]; v.Device == e.vault().Device() && m.removed(v.ID) && !m.hidesAnother(v.ID) {
			out = append(out, RemovedVersion{v, x.On, x.until(), string(x.Path)})
		}
	}
	return out, damage
}

// hidesAnother tells a version that was only written in the place of one that was brought back since.
func (m marks) hidesAnother(id format.ChunkID) bool {
	was, ok := versionID(m[id].Instead)
	return ok && m[was].Kept
}

// BringBack lists removed versions again: those with these ids, and those in which one of these paths was forgotten. The
// rules do not take them again. Errors: ErrUnknownVersion where there is none of that name.
func (e *Engine) BringBack(ctx context.Context, names []string) ([]Version, error) {
	removed, err := e.Removed(ctx)
	if err != nil && !vault.IsDamage(err) {
		return nil, err
	}
	all := make([]Version, len(removed))
	for i, x := range removed {
		all[i] = x.Version
	}
	var back []Version
	for _, name := range names {
		n := len(back)
		for _, x := range removed {
			if x.Forgotten != "" && filepath.IsAbs(name) && realPath(x.Forgotten) == realPath(name) {
				back = append(back, x.Version)
			}
		}
		if len(back) > n {
			continue
		}
		found, err := chooseVersions(all, e.vault().Device(), name)
		if strings.HasPrefix(name, "latest") || errors.Is(err, ErrUnknownVersion) {
			return nil, fmt.Errorf("%w: no removed version and no forgotten path is %s", ErrUnknownVersion, name)
		}
		if err != nil {
			return nil, err
		}
		back = append(back, found...)
	}
	now := time.Now()
	err = e.changeMarks(func(m marks) error {
		for _, v := range back {
			// What was written without the path goes instead: it holds nothing that this one does not.
			if shown := m.instead(v.ID); shown != v.ID {
				m[shown] = mark{ID: shown.String(), On: now.UTC(), Instead: v.ID.String()}
			}
			m[v.ID] = mark{ID: v.ID.String(), Kept: true}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return back, e.noteVersions(ctx)
}
