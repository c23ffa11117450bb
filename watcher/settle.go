package watcher

import (
	"context"
	"maps"
	"slices"
	"time"
)

// maxDirs is how many directories a Change lists. More are All.
const maxDirs = 10_000

// news is what the follower tells the settler. The zero value says that something has changed.
type news struct {
	dirs   []string
	all    bool
	why    error // with all
	more   bool  // the rest is being found out: report nothing before the next news
	atOnce bool  // do not wait for quiet
	quiet  bool  // no change, only facts
	facts  *facts
}

// facts are the settler's share of State that it cannot know by itself.
type facts struct {
	watching bool
	watches  int
	err      error
}

// dirty is a Change in the making. The zero value is empty.
type dirty struct {
	dirs map[string]struct{}
	all  bool
	why  error
}

func (d *dirty) add(n news) {
	if n.all {
		d.all, d.dirs = true, nil
		if n.why != nil {
			d.why = n.why
		}
	}
	if d.all {
		return
	}
	if d.dirs == nil {
		d.dirs = map[string]struct{}{}
	}
	for _, dir := range n.dirs {
		d.dirs[dir] = struct{}{}
	}
	if len(d.dirs) > maxDirs {
		d.all, d.dirs = true, nil
	}
}

func (d *dirty) empty() bool { return !d.all && len(d.dirs) == 0 }

// take empties d.
func (d *dirty) take() Change {
	c := Change{All: d.all, Why: d.why}
	if !d.all {
		c.Dirs = slices.Sorted(maps.Keys(d.dirs))
	}
	*d = dirty{}
	return c
}

// settler turns news into reports, each when it has been quiet for a while, and into states. It knows nothing of file
// systems.
type settler struct {
	settle, maxWait time.Duration
	report          func(Change)
	state           func(State)

	dirty  dirty
	first  time.Time // when the first change of dirty came; zero: clean
	last   time.Time // when the last one came
	atOnce bool
	more   bool

	reporting time.Time // when the first change came of the report under way; zero: none is
	facts     facts
	told      State
	toldOnce  bool
}

// run works until ctx ends and the report under way has returned. It counts as dirty from its start until the first
// report.
func (s *settler) run(ctx context.Context, in <-chan news) {
	out, done, ended := make(chan Change), make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for c := range out {
			s.report(c)
			done <- struct{}{}
		}
	}()
	defer func() {
		close(out)
		<-ended
	}()
	s.first = time.Now()
	s.last, s.more = s.first, true
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.tell()
		timer.Stop()
		if due, ok := s.due(); ok {
			timer.Reset(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return
		case n := <-in:
			s.hear(n, time.Now())
		case <-done:
			s.reporting = time.Time{}
		case <-timer.C:
			s.reporting, s.first, s.atOnce = s.first, time.Time{}, false
			out <- s.dirty.take() // at once: the last one was returned from
		}
	}
}

func (s *settler) hear(n news, now time.Time) {
	if n.facts != nil {
		s.facts = *n.facts
	}
	if !n.quiet {
		if s.first.IsZero() {
			s.first = now
		}
		s.last = now
	}
	s.more = n.more
	s.atOnce = s.atOnce || n.atOnce
	s.dirty.add(n)
	if s.dirty.empty() && !s.more {
		s.first = time.Time{} // there was nothing to it
	}
}

// due tells when the next report is to be made, if any.
func (s *settler) due() (time.Time, bool) {
	switch {
	case s.dirty.empty() || s.more || !s.reporting.IsZero():
		return time.Time{}, false
	case s.atOnce:
		return s.first, true
	}
	due := s.last.Add(s.settle)
	if longest := s.first.Add(s.maxWait); longest.Before(due) {
		due = longest
	}
	return due, true
}

func (s *settler) tell() {
	st := State{Watching: s.facts.watching, Watches: s.facts.watches, Err: s.facts.err, DirtySince: s.first}
	if !s.reporting.IsZero() {
		st.DirtySince = s.reporting
	}
	if s.toldOnce && st == s.told {
		return
	}
	s.told, s.toldOnce = st, true
	s.state(st)
}
