package syncer

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// unfinished is the mode of a folder that is being restored: private, and with a sticky bit that means nothing there. A
// restore that finds it knows that an interrupted one made the folder, and gives it the recorded metadata after all.
const unfinished = 0o1700

// openFolders is how many folders on the way down stay open. Of those above, one in anchorEvery does; the others are
// closed and, on the way back, opened again from there, name by name as on the way down.
const (
	openFolders = 64
	anchorEvery = 256
)

// walk goes through one version and hands its files to the restorers. It alone enters and leaves folders.
type walk struct {
	r     *restore
	t     *target
	jobs  chan job
	stack []*folder // from the top to where the walk is

	mu    sync.Mutex // guards below
	links map[linkKey]*linked
}

// job is a file or link to be restored in an open folder, which it holds.
type job struct {
	in    *folder
	dir   *disk.Dir
	entry *format.Entry
}

// folder is a directory that is being restored. It is finished, and gets its metadata, when the walk has left it and the
// last file in it is done, whoever comes last.
type folder struct {
	up    *folder // nil for the top
	name  string
	entry *format.Entry
	all   bool       // everything in it is wanted, and so are its times
	made  bool       // by this restore: nothing was in it
	fresh bool       // made by this restore or an interrupted one: it gets the recorded metadata
	rule  OnConflict // for what is in it
	was   disk.Entry // as it was found, unless made

	touched atomic.Bool // something was put into it
	walked  bool        // the walk holds it open; the walk's own

	mu     sync.Mutex // guards below
	dir    *disk.Dir  // nil while nobody holds it
	holds  int
	left   bool            // the walk will not come back
	listed map[string]bool // its names, exactly as they are; nil before somebody asked
}

// path is relative to the version's folder, "." for that itself.
func (f *folder) path() string {
	var names []string
	for ; f.up != nil; f = f.up {
		names = append(names, f.name)
	}
	if len(names) == 0 {
		return "."
	}
	var b strings.Builder
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteString(names[i])
		if i > 0 {
			b.WriteByte('/')
		}
	}
	return b.String()
}

// shown is the path of a name in f, as failures tell it.
func (w *walk) shown(f *folder, name string) string { return path.Join(w.t.prefix, f.path(), name) }

// hold keeps f open until release. It is false when f is closed.
func (f *folder) hold() (*disk.Dir, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == nil {
		return nil, false
	}
	f.holds++
	return f.dir, true
}

// release ends a hold. The last one closes the folder and, when the walk has left it, finishes it; a restore that was
// stopped leaves it unfinished.
func (w *walk) release(ctx context.Context, f *folder) {
	f.mu.Lock()
	f.holds--
	d, left := f.dir, f.left
	last := f.holds == 0
	if last {
		f.dir = nil
	}
	f.mu.Unlock()
	if !last {
		return
	}
	if left && ctx.Err() == nil {
		w.finish(f, d)
	}
	if d != w.t.ground {
		if err := d.Close(); err != nil {
			w.r.e.log.Debug("a folder could not be closed", "reason", err)
		}
	}
}

// finish gives a folder its metadata. One that was there keeps its owner and rights unless files are replaced, too.
func (w *walk) finish(f *folder, d *disk.Dir) {
	m := metaOf(f.entry)
	switch {
	case f.fresh, f.all && f.rule == Replace:
	case f.all && f.touched.Load() && f.was.Kind != 0:
		m = disk.Meta{Mode: f.was.Mode, HasOwner: true, UID: f.was.UID, GID: f.was.GID, MTimeSec: m.MTimeSec, MTimeNsec: m.MTimeNsec}
	default:
		return
	}
	if err := w.r.placed(d.SetDirMeta(m)); err != nil {
		w.r.e.log.Debug("a folder's metadata could not be set", "reason", err)
	}
}

// top opens the folder that the version goes to, and makes it the walk's first.
func (w *walk) top() (*folder, error) {
	f := &folder{entry: w.t.root, all: w.t.pick == nil, rule: w.r.rule}
	if w.t.name == "" {
		st, err := w.t.ground.Stat()
		if err != nil {
			return nil, local(err)
		}
		f.dir, f.was = w.t.ground, st
		if err := w.entered(f, w.t.ground, false); err != nil {
			return nil, err
		}
		return f, nil
	}
	was, err := lookAt(w.t.ground, w.t.name)
	if err != nil {
		return nil, local(err)
	}
	d, created, err := w.t.ground.Mkdir(w.t.name)
	if err != nil {
		return nil, local(inTheWay(err, was))
	}
	f.dir, f.was = d, was
	if err := w.entered(f, d, created); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return f, nil
}

// lookAt is what is there under a name, an Entry without a kind if nothing is.
func lookAt(d *disk.Dir, name string) (disk.Entry, error) {
	e, err := d.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return disk.Entry{}, nil
	}
	return e, err
}

// inTheWay names what stands where a folder should be.
func inTheWay(err error, is disk.Entry) error {
	if errors.Is(err, disk.ErrConflict) && is.Kind != 0 {
		return conflict{is.What(), "folder"}
	}
	return err
}

// entered readies a folder that was just opened.
func (w *walk) entered(f *folder, d *disk.Dir, created bool) error {
	f.made, f.fresh = created, created || f.was.Mode == unfinished
	f.holds, f.walked = 1, true
	if created {
		now := w.r.started
		// Where this is not possible, a repeated restore leaves the folder's metadata as it finds it.
		_ = d.SetDirMeta(disk.Meta{Mode: unfinished, MTimeSec: now.Unix(), MTimeNsec: int32(now.Nanosecond())})
		if f.up != nil {
			return nil
		}
	} else if n, err := disk.SweepTemp(d); err != nil || n > 0 {
		w.r.e.log.Debug("an interrupted restore had left files", "removed", n, "reason", err)
	}
	return w.note(f, d)
}

// note keeps one folder open on each file system that is written to, to be synced in the end.
func (w *walk) note(f *folder, d *disk.Dir) error {
	st, err := d.Stat()
	if err != nil {
		return local(err)
	}
	r := w.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.devices[st.Dev] != nil {
		return nil
	}
	var again *disk.Dir
	switch {
	case f.up != nil:
		again, err = f.up.dir.OpenDir(f.name)
	case w.t.name != "":
		again, err = w.t.ground.OpenDir(w.t.name)
	default:
		again, err = disk.OpenRoot(w.t.within)
	}
	if err != nil {
		return local(err)
	}
	r.devices[st.Dev] = again
	return nil
}

// run restores everything that is wanted.
func (w *walk) run(ctx context.Context, top *folder) error {
	w.stack = []*folder{top}
	err := w.folder(ctx, top, w.t.pick)
	w.leave(ctx)
	return err
}

// folder restores what a folder holds: files first, so that it need not stay open for them while the walk is further
// down.
func (w *walk) folder(ctx context.Context, f *folder, pick selection) error {
	told := false
	damaged := func(err error) {
		if !told {
			told = true
			w.r.fail(w.shown(f, ""), err)
		}
	}
	for x, err := range w.r.e.selected(ctx, f.entry.Tree, pick) {
		switch {
		case vault.IsDamage(err):
			damaged(err)
		case err != nil:
			return err
		case x.Type != format.TypeDir:
			d, _ := f.hold() // the walk holds it
			select {
			case w.jobs <- job{f, d, x}:
			case <-ctx.Done():
				w.release(ctx, f)
				return ctx.Err()
			}
		}
	}
	for x, err := range w.r.e.selected(ctx, f.entry.Tree, pick) {
		switch {
		case vault.IsDamage(err):
			damaged(err)
		case err != nil:
			return err
		case x.Type == format.TypeDir:
			if err := w.below(ctx, f, x, pick[string(x.Name)]); err != nil {
				return err
			}
		}
	}
	return nil
}

// below restores a folder in f with what it holds.
func (w *walk) below(ctx context.Context, f *folder, x *format.Entry, pick selection) error {
	sub, err := w.enter(ctx, f, x, pick == nil)
	if failsAlone(err) {
		w.r.fail(w.shown(f, string(x.Name)), err)
		return nil
	}
	if err != nil {
		return err
	}
	defer w.leave(ctx)
	return w.folder(ctx, sub, pick)
}

// enter makes or opens a folder in f, the walk's present one.
func (w *walk) enter(ctx context.Context, f *folder, x *format.Entry, all bool) (*folder, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(w.stack) > format.MaxDepth {
		return nil, errTooDeep
	}
	name := string(x.Name)
	if err := disk.CheckName(name); err != nil {
		return nil, fileError{err}
	}
	if err := w.reopen(ctx, f); err != nil {
		return nil, err
	}
	sub := &folder{up: f, name: name, entry: x, all: all, rule: f.rule}
	var err error
	if !f.made {
		if sub.was, err = lookAt(f.dir, name); err != nil {
			return nil, local(err)
		}
	}
	d, created, err := f.dir.Mkdir(name)
	if err != nil {
		return nil, local(inTheWay(err, sub.was))
	}
	if created {
		f.touched.Store(true)
	} else if sub.rule == Replace {
		// A disk that ignores capitals has led us into another folder of the version: nothing of that is replaced.
		if exact, err := w.hasName(f, f.dir, name); err != nil || !exact || f.made {
			sub.rule = KeepBoth
		}
	}
	sub.dir = d
	if err := w.entered(sub, d, created); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	w.stack = append(w.stack, sub)
	if up := len(w.stack) - 1 - openFolders; up >= 0 && up%anchorEvery != 0 {
		w.away(ctx, w.stack[up])
	}
	return sub, nil
}

// away lets go of a folder that the walk comes back to.
func (w *walk) away(ctx context.Context, f *folder) {
	if f.walked {
		f.walked = false
		w.release(ctx, f)
	}
}

// leave is the end of the walk's present folder.
func (w *walk) leave(ctx context.Context) {
	f := w.stack[len(w.stack)-1]
	if ctx.Err() == nil {
		if err := w.reopen(ctx, f); err != nil { // somebody moved or removed it meanwhile
			w.r.e.log.Debug("a folder's metadata could not be set", "reason", err)
		}
	}
	f.mu.Lock()
	f.left = true
	f.mu.Unlock()
	w.away(ctx, f)
	w.stack = w.stack[:len(w.stack)-1]
}

// reopen makes sure that the walk holds its present folder.
func (w *walk) reopen(ctx context.Context, f *folder) error {
	if f.walked {
		return nil
	}
	if _, ok := f.hold(); ok { // a file is still being written in it
		f.walked = true
		return nil
	}
	from, i := w.t.ground, len(w.stack)-1
	release := func() {}
	for ; i > 0; i-- {
		if d, ok := w.stack[i-1].hold(); ok {
			up := w.stack[i-1]
			from, release = d, func() { w.release(ctx, up) }
			break
		}
	}
	for ; i < len(w.stack); i++ {
		x := w.stack[i]
		name := x.name
		if x.up == nil {
			name = w.t.name // never "": the ground is not closed before the end
		}
		d, _, err := from.Mkdir(name)
		release()
		if err != nil {
			return local(err)
		}
		if len(w.stack)-i > openFolders/2 {
			release = func() { _ = d.Close() } // only on the way
		} else {
			x.mu.Lock()
			x.dir, x.holds = d, x.holds+1
			x.mu.Unlock()
			x.walked = true
			release = func() {}
		}
		from = d
	}
	return nil
}

// hasName tells whether the directory d of f has this very name. A disk that ignores capitals, or spells letters in its
// own way, finds files under names that they do not have.
func (w *walk) hasName(f *folder, d *disk.Dir, name string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listed == nil {
		list, err := d.ReadDir()
		if _, some := errors.AsType[disk.EntryErrors](err); err != nil && !some {
			return false, local(err)
		}
		f.listed = make(map[string]bool, len(list))
		for _, e := range list {
			f.listed[e.Name] = true
		}
	}
	return f.listed[name], nil
}
