package syncer

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// openFolders is how many folders on the way down stay open. Of those above, one in anchorEvery does, the top among them;
// the others are closed and, on the way back, opened again from there, name by name as on the way down.
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
		case vault.Unusable(err):
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
		case vault.Unusable(err):
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
	} else if f.made {
		sub.rule = KeepBoth
	} else if sub.rule == Replace {
		// A disk that ignores capitals has led us into another folder of the version: nothing of that is replaced.
		if exact, err := w.hasName(f, f.dir, name); err != nil || !exact {
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
	i := len(w.stack) - 1
	from, ok := f.hold()
	if ok { // a file is still being written in it
		f.walked = true
		return nil
	}
	for ; !ok; i-- { // ends at the top, which the walk does not let go
		from, ok = w.stack[i-1].hold()
	}
	up := w.stack[i]
	release := func() { w.release(ctx, up) }
	for i++; i < len(w.stack); i++ {
		x := w.stack[i]
		d, _, err := from.Mkdir(x.name)
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
