// Package watcher reports which paths under a folder may have changed, or "everything" when it cannot know.
//
// It is a hint: a scan tells what did change, and scans from time to time find what no system reports. These are
// writes to a mapped file, writes through a hard link whose other name lies outside the folder, and on a network
// what another computer did.
//
// One inotify watch per directory is all that Linux needs. On macOS every file costs an open descriptor (kqueue): folders
// of more than some thousand entries end as [ErrLimit]. On Windows every directory costs an open handle
// with a buffer, and a directory cannot be renamed while one below it is watched.
package watcher

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// Why a folder, or a part of it, is not watched. The caller scans such a folder from time to time instead.
var (
	// ErrLimit: the system allows no more watches. The text says which limit it is and how to raise it.
	ErrLimit = errors.New("too many folders to watch")
	// ErrOverflow: changes came faster than the system reports them, so some are not known.
	ErrOverflow = errors.New("too many changes at once")
	// ErrUnsupported: the file system does not tell of every change, or a part of the folder cannot be watched.
	ErrUnsupported = errors.New("cannot be watched")
	// ErrGone: the folder is not there.
	ErrGone = errors.New("folder is not there")
)

// Change says where to look.
type Change struct {
	// Dirs are the directories whose entries may have changed: relative to the folder, "/" between names, "" for the
	// folder itself, sorted. One that is listed says nothing about those below it, and may be gone by now. Where
	// entries have come or gone, the directory's own times have changed too; other attributes of a directory are told
	// by the one that it lies in.
	Dirs []string
	// All: anything may have changed, and Dirs is nil.
	All bool
	// Why, with All: what keeps the watcher from knowing, an Err* of this package or of the system. nil: nothing is
	// wrong, as at the start, when a folder has come back, or when too much has changed to be listed.
	Why error
}

// State is what the watcher knows of itself.
type State struct {
	Watching bool  // every directory is watched. false and no Err: being prepared
	Watches  int   // directories that are watched
	Err      error // why not every one is: ErrLimit, ErrUnsupported, ErrGone, or an error of the system

	// DirtySince is when the first change came that no report has taken up and returned from. Zero: none.
	DirtySince time.Time
}

// Options of a watcher. The zero value is fine.
type Options struct {
	Settle  time.Duration // quiet time before a change is reported; 0 means 5 s
	MaxWait time.Duration // longest that a change waits for quiet; 0 means 30 s

	// Skip names directories, relative with "/", that are not to be watched, nor anything below them. It is called
	// often and by several goroutines, and for one directory must answer the same as long as Run lasts. nil: none.
	Skip func(dir string) bool

	Log *slog.Logger // nil: none
}

// Watcher watches one folder. Make it with [New].
type Watcher struct {
	dir   string
	o     Options
	every time.Duration // between safety checks, and between attempts to watch what could not be watched
}

// safetyCheck is the time between looks at what no event tells of: mounts, and the folder itself moved or replaced.
const safetyCheck = time.Minute

// New returns a watcher of the folder dir, which need not be there yet. The path to it may lead through links; below
// it none is followed.
func New(dir string, o Options) *Watcher {
	if o.Settle == 0 {
		o.Settle = 5 * time.Second
	}
	if o.MaxWait == 0 {
		o.MaxWait = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{dir: dir, o: o, every: safetyCheck}
}

// Run watches until ctx ends, and returns ctx's error then; it fails otherwise only if dir cannot be made absolute.
//
// report is never called twice at once and may take its time: what comes meanwhile is reported in one when it has
// returned. Its first call is All, once every directory is watched or it is known why not: a scan begun then misses
// nothing. It is All again whenever watching is lost, and whenever it works again.
//
// state is called with every new State, one at a time, and must return at once. A change is told there in the moment
// it comes, long before it is reported; DirtySince is cleared only after report has returned.
func (w *Watcher) Run(ctx context.Context, report func(Change), state func(State)) error {
	dir, err := filepath.Abs(w.dir)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	in := make(chan news)
	wg.Go(func() {
		s := settler{settle: w.o.Settle, maxWait: w.o.MaxWait, report: report, state: state}
		s.run(ctx, in)
	})
	f := follower{dir: dir, Watcher: w, tell: func(n news) {
		select {
		case in <- n:
		case <-ctx.Done():
		}
	}}
	f.run(ctx)
	return ctx.Err()
}
