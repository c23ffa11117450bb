package syncer

import (
	"errors"
	"slices"
	"time"

	"roost/watcher"
)

// duty is what decides when a folder is looked through next.
type duty struct {
	manual    bool
	gone      bool      // the folder is not there
	changed   bool      // something is known to have changed, or nothing was looked at since the start
	retry     time.Time // a pass failed: not before then; zero: none did
	last      time.Time // when the last pass ended; zero: none since the start
	whole     time.Time // when the last good pass over everything began; zero: none since the start
	rescan    time.Duration
	failed    bool // files that should have been saved could not be: they are tried again
	tryFailed time.Duration
	untold    time.Time     // the first look waits until then for the watcher; zero: it has told something
	paused    time.Time     // zero: not paused
	hold      time.Time     // automatic work waits until then; zero: it does not
	distance  time.Duration // least time between two passes, when there were many
}

// nextPass is when the next pass is due: now or in the past for at once, zero when something has to happen first.
func nextPass(d duty, now time.Time) time.Time {
	if d.manual {
		return time.Time{}
	}
	var at time.Time
	earliest := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if d.changed {
		earliest(now)
	}
	if d.whole.IsZero() {
		earliest(now)
	} else {
		earliest(d.whole.Add(d.rescan))
	}
	if d.failed && !d.last.IsZero() {
		earliest(d.last.Add(d.tryFailed))
	}
	for _, t := range []time.Time{d.retry, d.untold, d.paused, d.hold} {
		if t.After(at) {
			at = t
		}
	}
	if d.distance > 0 && !d.last.IsZero() && d.last.Add(d.distance).After(at) {
		at = d.last.Add(d.distance)
	}
	return at
}

// Many commits in a short time cost the storage more than they are worth: their distance grows.
const (
	manyCommits  = 20
	manyWithin   = 10 * time.Minute
	distanceStep = 15 * time.Second
	distanceMost = 5 * time.Minute
)

// distanceAfter is the least time between two passes after a number of commits within manyWithin.
func distanceAfter(commits int) time.Duration {
	if commits < manyCommits {
		return 0
	}
	return min(time.Duration(commits-manyCommits+1)*distanceStep, distanceMost)
}

// watcherPatience is how long the first look at a folder waits for its watches to stand: then it misses nothing. A large
// folder takes seconds.
const watcherPatience = time.Minute

// duty gathers what decides for a folder; called with the keeper's lock.
func (f *keeping) duty(c config, now time.Time) duty {
	k := f.k
	for len(k.commits) > 0 && now.Sub(k.commits[0]) > manyWithin {
		k.commits = k.commits[1:]
	}
	d := duty{
		manual: f.config.Mode == Manual, gone: errors.Is(f.watch.Err, watcher.ErrGone), changed: !f.pending.none(), retry: f.retry, last: f.last, whole: f.whole,
		rescan: c.duration("rescan"), tryFailed: c.duration("rescan-unwatched"), paused: c.pausedUntil(&f.config, now),
		distance: distanceAfter(len(k.commits)),
	}
	if !f.told {
		d.untold = f.began.Add(watcherPatience)
	}
	if f.watch.Err != nil {
		d.rescan = c.duration("rescan-unwatched")
	}
	d.failed = slices.ContainsFunc(f.skipped, func(s Skipped) bool { return s.Failed })
	if p := k.holdOn(f, c, now); p != nil {
		d.hold = p.Until
	}
	return d
}
