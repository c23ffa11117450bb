package syncer

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"roost/syncer/disk"
	"roost/vault/format"
)

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

// entered readies a folder that was just opened.
func (w *walk) entered(f *folder, d *disk.Dir, created bool) error {
	f.made, f.fresh = created, created || f.was.Mode == disk.Unfinished
	f.holds, f.walked = 1, true
	if created {
		now := w.r.started
		// Where this is not possible, a repeated restore leaves the folder's metadata as it finds it.
		_ = d.SetDirMeta(disk.Meta{Mode: disk.Unfinished, MTimeSec: now.Unix(), MTimeNsec: int32(now.Nanosecond())})
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
