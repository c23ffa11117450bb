package watcher

import (
	"context"
	"errors"
	"time"
)

// patience is how long a folder with too many directories is left alone, unless the limit is raised: each attempt
// walks through it and takes, for a moment, all watches there are. A part that was left out is tried again as often.
const patience = 15 * time.Minute

// follower keeps a folder watched, and watches it anew whenever that was lost.
type follower struct {
	*Watcher
	dir  string // absolute
	tell func(news)
}

func (f *follower) run(ctx context.Context) {
	var why error // with the next All that says that it works
	var failed error
	for ctx.Err() == nil {
		s, err := begin(ctx, f.dir, f.o.Skip)
		if err == nil {
			failed = nil
			facts := s.facts()
			if facts.err != nil {
				why = facts.err
			}
			f.o.Log.Debug("A folder is watched.", "watches", facts.watches, "left_out", facts.err)
			f.tell(news{all: true, why: why, atOnce: true, facts: facts})
			err = f.follow(ctx, s)
			if cerr := s.close(); cerr != nil {
				f.o.Log.Warn("Watches could not be given back.", "error", withoutPath(cerr))
			}
		}
		if ctx.Err() != nil {
			return
		}
		why = nil
		switch {
		case errors.Is(err, ErrOverflow):
			why = err
			fallthrough
		case errors.Is(err, errAgain):
			f.o.Log.Info("A folder is watched anew.", "reason", err)
			f.tell(news{more: true, facts: &facts{}})
		default:
			f.lost(err, failed)
			failed = err
			f.wait(ctx, err)
		}
	}
}

// lost says that the folder is not watched: with a report if before is something else, as nobody knows what happened
// until then.
func (f *follower) lost(err, before error) {
	n := news{quiet: true, facts: &facts{err: err}}
	if before == nil || err.Error() != before.Error() {
		f.o.Log.Warn("A folder cannot be watched.", "error", err)
		n = news{all: true, why: err, atOnce: true, facts: n.facts}
	}
	f.tell(n)
}

// wait returns when another attempt is due.
func (f *follower) wait(ctx context.Context, err error) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !errors.Is(err, ErrLimit) || raised(err) || time.Since(began) >= patience {
			return
		}
	}
}

// follow hands on what the session finds until that is not to be relied on any more, and says why: ErrOverflow and
// errAgain mend themselves, ErrGone and ErrLimit have to be waited for.
func (f *follower) follow(ctx context.Context, s *session) error {
	check := time.NewTicker(f.every)
	defer check.Stop()
	var lost error
	var lostAt time.Time
	calm := time.NewTimer(0) // runs once events were lost
	calm.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-check.C:
			if err := s.check(); err != nil {
				return err
			}
		case <-calm.C:
			return lost
		case <-s.backlog.ready:
			f.tell(news{more: true})
			b := s.backlog.take()
			if lost == nil && b.lost != nil {
				lost, lostAt = b.lost, time.Now()
			}
			if lost != nil { // watching anew in the middle of a storm would be lost again
				calm.Reset(min(f.o.Settle, f.o.MaxWait-time.Since(lostAt)))
				f.tell(news{more: true, facts: &facts{}})
				continue
			}
			dirs, err := s.examine(ctx, b)
			if err != nil {
				return err
			}
			f.tell(news{dirs: dirs, all: b.all, facts: s.facts()})
		}
	}
}
