package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/watcher"
)

// keeping is one folder while Run runs. Its goroutine decides when the folder is looked through; what is known of it is
// guarded by the keeper's lock.
type keeping struct {
	k      *keeper
	folder folderConfig // as it was added: its id and its path stay
	began  time.Time
	wake   chan struct{} // holds one when something may be due
	stop   func()

	// The keeper's lock guards what follows.
	config      folderConfig
	told        bool          // the watcher has made its first report: what a look misses from now on, it tells
	pending     pending       // what the next pass looks at
	doing       pending       // what the one under way looks at; back in pending when it fails
	watch       watcher.State // as the watcher says
	looked      bool          // by look, since Run began
	differ      int64         // files that look found to have changed
	differSince time.Time     // the first time that it did; zero: nothing differs
	missed      error         // why the watcher does not know what changed; nil: it does, or a pass over everything went well since
	whole       time.Time     // when the last pass over the whole folder began that went well; zero: none since Run began
	last        time.Time     // when the last pass ended, well or not
	skipped     []Skipped     // what the last good pass left out
	saved       *Version      // newest complete version
	passing     *Progress     // nil: no pass is under way
	found       int64         // new plaintext of the pass under way: it has something to save
	err         error         // why the last pass failed
	tries       int           // passes that failed in a row
	retry       time.Time     // when a pass that failed is run again
}

// pending is what is known to have changed.
type pending struct {
	all   bool            // anything may have
	dirs  map[string]bool // or: the entries of these directories
	since time.Time       // of the first change; zero: it is only a routine look
}

// mostDirs is how many changed directories are remembered one by one.
const mostDirs = 20_000

func (t *pending) none() bool { return !t.all && len(t.dirs) == 0 }

func (t *pending) add(o pending) {
	t.all = t.all || o.all
	for d := range o.dirs {
		if t.dirs == nil {
			t.dirs = map[string]bool{}
		}
		t.dirs[d] = true
	}
	if t.all || len(t.dirs) > mostDirs {
		t.all, t.dirs = true, nil
	}
	if t.since.IsZero() || !o.since.IsZero() && o.since.Before(t.since) {
		t.since = o.since
	}
}

func (k *keeper) newKeeping(fc folderConfig) *keeping {
	f := &keeping{k: k, folder: fc, wake: make(chan struct{}, 1), config: fc, began: time.Now()}
	known, _, err := k.e.knownVersions(context.Background())
	if err != nil {
		k.e.log.Warn("the known versions cannot be read", "reason", err)
	}
	f.saved = newest(known, fc.id())
	return f
}

// run keeps the folder until ctx ends.
func (f *keeping) run(ctx context.Context) {
	c := f.k.e.home.config()
	watching, rules := f.k.watch(f, ctx, c), rulesOf(c)
	defer func() { watching.end() }()
	for ctx.Err() == nil {
		now := time.Now()
		c := f.k.e.home.config()
		if o := watchOptions(c); o != watching.options {
			watching.end()
			watching = f.k.watch(f, ctx, c)
		}
		if r := rulesOf(c); r != rules {
			rules = r
			f.noticed(watcher.Change{All: true})
		}
		f.k.mu.Lock()
		d := f.duty(c, now)
		f.k.mu.Unlock()
		at := nextPass(d, now)
		if !at.After(now) && !at.IsZero() {
			f.pass(ctx)
			continue
		}
		if d.manual && d.changed {
			f.look(ctx)
			continue
		}
		if f.isBack() {
			f.k.mu.Lock()
			f.retry = time.Time{}
			f.k.mu.Unlock()
			watching.end()
			watching = f.k.watch(f, ctx, c)
		}
		// Without a time, something has to happen first.
		timer := time.NewTimer(time.Hour)
		if !at.IsZero() {
			timer.Reset(time.Until(at))
		}
		if d.gone {
			timer.Reset(goneEvery)
		}
		select {
		case <-f.wake:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// pass looks through the folder, whole or where something changed, and copies the result to every storage.
func (f *keeping) pass(ctx context.Context) {
	now, c := time.Now(), f.k.e.home.config()
	f.k.mu.Lock()
	fc, sc := f.config, f.scope(f.duty(c, now), now)
	f.k.mu.Unlock()
	s, err := f.k.e.save(ctx, fc, sc, nil)
	if sc == nil {
		debug.FreeOSMemory() // what a look at everything took is not needed for hours
	}
	if err != nil || s.Unchanged || s.Missing {
		return // written down by save
	}
	if err := f.k.e.mirror(ctx, nil); err != nil && ctx.Err() == nil {
		f.k.e.log.Info("a storage stays behind for now", "reason", err)
	}
}

// look counts what waits in a folder that is saved only when a person says so.
func (f *keeping) look(ctx context.Context) {
	f.k.mu.Lock()
	fc, skipped := f.config, make([]format.Skip, 0, len(f.skipped))
	for _, s := range f.skipped {
		skipped = append(skipped, format.Skip{Path: []byte(s.Path), Reason: s.Reason})
	}
	since := f.pending.since
	f.pending = pending{}
	f.k.mu.Unlock()
	n, err := f.k.e.lookThrough(ctx, fc, skipped)
	f.k.mu.Lock()
	defer f.k.mu.Unlock()
	f.looked, f.differ = err == nil, n
	switch {
	case err != nil:
		f.k.e.log.Debug("a folder could not be looked through", "folder", fc.ID, "error", err)
	case n == 0:
		f.differSince = time.Time{}
	case f.differSince.IsZero():
		f.differSince = since
		if since.IsZero() {
			f.differSince = time.Now()
		}
	}
	poke(f.k.news)
}

// isBack tells whether a folder that the watcher missed is there again.
func (f *keeping) isBack() bool {
	f.k.mu.Lock()
	gone := errors.Is(f.watch.Err, watcher.ErrGone)
	f.k.mu.Unlock()
	if !gone {
		return false
	}
	fi, err := os.Stat(string(f.folder.Path))
	return err == nil && fi.IsDir()
}

// scope is where the next pass looks: where something changed, and where something could not be saved. A routine look is
// for everything. Called with the keeper's lock.
func (f *keeping) scope(d duty, now time.Time) *scope {
	failed := parents(f.skipped)
	if f.pending.all || d.whole.IsZero() || d.whole.Add(d.rescan).Before(now) || len(f.pending.dirs)+len(failed) == 0 {
		return nil
	}
	return scopeOf(slices.AppendSeq(failed, maps.Keys(f.pending.dirs)), f.skipped)
}

// begin notes that a pass over a folder begins, whoever asked for it, and follows its progress. The function it returns
// notes how it ended.
func (k *keeper) begin(fc folderConfig, sc *scope, r *Report) func(*Saved, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.folders[fc.id()]
	if f == nil {
		return func(*Saved, error) {}
	}
	began := time.Now()
	f.doing, f.pending = f.pending, pending{}
	f.passing = &Progress{Phase: "looking", Folder: string(fc.Path), Started: began}
	f.found = 0
	told := *r
	*r = func(p Progress) {
		k.mu.Lock()
		f.passing = &p
		k.mu.Unlock()
		poke(k.news)
		if told != nil {
			told(p)
		}
	}
	poke(k.news)
	return func(s *Saved, err error) { k.end(f, sc == nil, began, s, err) }
}

// end notes how a pass ended.
func (k *keeper) end(f *keeping, whole bool, began time.Time, s *Saved, err error) {
	k.learnDamage()
	to := k.e.home.config().Nodes[0]
	first, several := to.Name, to.Cluster != nil
	k.mu.Lock()
	now := time.Now()
	f.passing, f.last = nil, now
	switch {
	case errors.Is(err, context.Canceled):
		f.pending.add(f.doing)
	case err != nil:
		f.err = err
		f.tries++
		f.retry = now.Add(backoff(err, f.tries))
		f.pending.add(f.doing)
		k.e.log.Info("a folder could not be saved for now", "folder", f.config.ID, "problem", Describe(err).Code, "again", time.Until(f.retry).Round(time.Second))
		k.e.log.Debug("why it could not be saved", "folder", f.config.ID, "error", err)
	case s.Missing:
		f.pending.add(f.doing)
		f.retry = now.Add(missingEvery)
	default:
		f.err, f.tries, f.retry = nil, 0, time.Time{}
		f.skipped = s.Skipped
		f.differ, f.differSince = 0, time.Time{}
		if whole {
			f.whole, f.missed = began, nil
		}
		if !s.Unchanged {
			k.commits = append(k.commits, now)
			k.newest = now // what storages confirmed before says nothing of it
			if x := k.storages[first]; x != nil && !several {
				x.confirmed = now // the pass ended with its word
			}
		}
		if s.Complete && (s.Held == nil || !s.Held.Empty) {
			f.saved = savedVersion(f, s)
		}
	}
	f.doing = pending{}
	k.mu.Unlock()
	poke(k.beacons)
	if err == nil && !s.Missing && several {
		poke(k.stores) // the others that it acts for have no word in it yet
	} else if err == nil && !s.Missing && s.Held == nil {
		x := k.storage(first)
		x.asked = now
		x.answered(nil, true)
		k.setStorage(x)
	} else if err == nil && !s.Missing && !s.Unchanged {
		poke(k.stores)
	} else if err != nil && (errors.Is(err, node.ErrUnreachable) || errors.Is(err, node.ErrTimeout) || errors.Is(err, vault.ErrLimit)) {
		poke(k.stores)
	}
	if err == nil && k.e.home.config().Replaces != "" { // it may have been the last folder that was waited for
		poke(k.stores)
	}
	poke(k.news)
	poke(f.wake)
}

// savedVersion is the version that a pass made or confirmed.
func savedVersion(f *keeping, s *Saved) *Version {
	v := Version{FolderID: f.config.id(), Path: f.config.Path}
	v.ID, v.Files, v.Bytes, v.Complete = s.ID, uint64(s.Files), uint64(s.Bytes), true
	v.Seconds, v.Nanos = s.Time.Unix(), uint32(s.Time.Nanosecond())
	return &v
}

// fill adds what only the keeper knows of a folder; called with its lock.
func (f *keeping) fill(x *folderFacts, c config, now time.Time) {
	x.saved, x.watched, x.blind = f.saved, f.watch.Watching && f.watch.Err == nil, cmp.Or(f.watch.Err, f.missed)
	x.scanned = !f.whole.IsZero() || f.looked
	for _, s := range []time.Time{f.pending.since, f.doing.since, f.watch.DirtySince, f.differSince} {
		if !s.IsZero() && (x.changed.IsZero() || s.Before(x.changed)) {
			x.changed = s
		}
	}
	x.left = int64(len(f.skipped))
	for _, s := range f.skipped {
		if s.Failed {
			x.failed++
		}
	}
	x.progress, x.busy = f.passing, f.passing != nil && (x.saved == nil || !f.doing.since.IsZero() || f.passing.New > 0)
	if x.busy {
		x.waiting = max(f.passing.TotalFiles-f.passing.Files, 0)
	} else {
		x.waiting = f.differ + int64(len(f.pending.dirs)) // directories: the files in them are counted when they are looked at
		if !f.watch.DirtySince.IsZero() {
			x.waiting = max(x.waiting, 1)
		}
	}
	x.err, x.retry = f.err, f.retry
	x.hold = f.k.holdOn(f, c, now)
}

// Waiting before a pass that failed is run again.
const (
	retryFirst   = 2 * time.Second
	retryMost    = time.Minute     // where it may help by itself
	retryRarely  = 5 * time.Minute // where a person is needed
	missingEvery = time.Minute     // a folder that is not there
	goneEvery    = 5 * time.Second // between looks whether it is back
)

// backoff is how long to wait after a number of failures in a row, with some jitter so that the devices of one person do
// not all come at once.
func backoff(err error, tries int) time.Duration {
	most := retryMost
	if !Describe(err).Retry {
		most = retryRarely
	}
	d := doubled(retryFirst, most, tries)
	return d*3/4 + rand.N(d/4+1)
}

// doubled is how long to wait after a number of failures in a row: twice as long after each, up to a limit.
func doubled(first, most time.Duration, tries int) time.Duration {
	return min(first<<min(tries-1, 10), most)
}

// started is a watcher at work.
type started struct {
	options watcherOptions
	end     func()
}

// watcherOptions are the settings that a watcher is started with.
type watcherOptions struct{ settle, most time.Duration }

func watchOptions(c config) watcherOptions {
	return watcherOptions{c.duration("settle"), c.duration("max-wait")}
}

// startWatcher watches the folder and turns what is seen into pending.
func (f *keeping) startWatcher(ctx context.Context, c config) started {
	s := started{options: watchOptions(c)}
	own, err := f.k.e.ownFolders()
	if err != nil {
		f.k.e.log.Warn("Roost's own folders cannot be told apart while watching", "reason", err)
	}
	w := watcher.New(string(f.folder.Path), watcher.Options{
		Settle: s.options.settle, MaxWait: s.options.most, Log: f.k.e.log, Skip: func(dir string) bool { return own.hasPath(f.folder, dir) },
	})
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := w.Run(ctx, f.noticed, f.watched); err != nil && ctx.Err() == nil {
			f.watched(watcher.State{Err: fmt.Errorf("watch the folder: %w", err)})
		}
	}()
	s.end = func() {
		cancel()
		<-ended
	}
	return s
}

// noticed takes what the watcher saw.
func (f *keeping) noticed(c watcher.Change) {
	t := pending{all: c.All, since: time.Now()}
	if len(c.Dirs) > 0 {
		t.dirs = make(map[string]bool, len(c.Dirs))
		for _, d := range c.Dirs {
			t.dirs[d] = true
		}
	}
	f.k.mu.Lock()
	if c.All && c.Why == nil && f.whole.IsZero() {
		t.since = time.Time{} // the look that every start begins with
	}
	f.pending.add(t)
	f.told = true
	if c.Why != nil {
		f.missed = c.Why
	}
	f.k.mu.Unlock()
	poke(f.wake)
	poke(f.k.news)
}

// watched takes what the watcher knows of itself.
func (f *keeping) watched(s watcher.State) {
	f.k.mu.Lock()
	f.watch = s
	f.k.mu.Unlock()
	poke(f.k.news)
	poke(f.wake)
}
