package watcher

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// desk is a settler at work, with everything it has said.
type desk struct {
	in      chan news
	reports []timed[Change]
	states  []timed[State]
	hold    chan struct{} // if not nil, a report takes until this is closed
	began   time.Time
	stop    func()
}

type timed[T any] struct {
	at  time.Duration // since the settler began
	val T
}

// settling runs body beside a settler whose first report has been made.
func settling(t *testing.T, body func(t *testing.T, d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &desk{in: make(chan news), began: time.Now(), stop: cancel}
		s := settler{settle: 5 * time.Second, maxWait: 30 * time.Second, report: func(c Change) {
			d.reports = append(d.reports, timed[Change]{time.Since(d.began), c})
			if d.hold != nil {
				<-d.hold
			}
		}, state: func(st State) { d.states = append(d.states, timed[State]{time.Since(d.began), st}) }}
		ended := make(chan struct{})
		go func() {
			s.run(ctx, d.in)
			close(ended)
		}()
		synctest.Wait()
		if len(d.states) != 1 || d.states[0].val != (State{DirtySince: d.began}) {
			t.Errorf("at the start, before anything was looked at, the state is %v", d.states)
		}
		time.Sleep(time.Hour)
		if len(d.reports) != 0 {
			t.Errorf("reported before anything is watched: %v", d.reports)
		}
		d.in <- news{all: true, atOnce: true, facts: &facts{watching: true, watches: 1}}
		synctest.Wait()
		if len(d.reports) != 1 || !d.reports[0].val.All || d.reports[0].at != time.Hour {
			t.Errorf("the first report is %v", d.reports)
		}
		d.reports, d.states, d.began = nil, nil, time.Now()
		body(t, d)
		cancel()
		<-ended
	})
}

func (d *desk) changed(dirs ...string) {
	d.in <- news{dirs: dirs, facts: &facts{watching: true, watches: 1}}
}

func (d *desk) wants(t *testing.T, want ...timed[Change]) {
	t.Helper()
	synctest.Wait()
	if !reflect.DeepEqual(d.reports, want) {
		t.Errorf("reported %v\nwanted   %v", d.reports, want)
	}
}

func dirs(at time.Duration, names ...string) timed[Change] {
	return timed[Change]{at, Change{Dirs: names}}
}

func TestAChangeIsReportedWhenItHasBeenQuiet(t *testing.T) {
	settling(t, func(t *testing.T, d *desk) {
		d.changed("b")
		time.Sleep(4 * time.Second)
		d.changed("a", "b")
		time.Sleep(5*time.Second - time.Nanosecond)
		d.wants(t)
		time.Sleep(time.Nanosecond)
		d.wants(t, dirs(9*time.Second, "a", "b"))
		time.Sleep(24 * time.Hour)
		d.wants(t, dirs(9*time.Second, "a", "b"))
	})
}

func TestAChangeWaitsNoLongerThanMaxWait(t *testing.T) {
	settling(t, func(t *testing.T, d *desk) {
		for range 50 {
			d.changed("busy")
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		d.wants(t, dirs(30*time.Second, "busy"), dirs(54*time.Second, "busy"))
	})
}

func TestTheFirstChangeIsToldAtOnce(t *testing.T) {
	settling(t, func(t *testing.T, d *desk) {
		time.Sleep(time.Minute)
		since := time.Now()
		d.in <- news{more: true}
		synctest.Wait()
		watched := State{Watching: true, Watches: 1}
		dirty := watched
		dirty.DirtySince = since
		if got := d.states[len(d.states)-1]; got.val != dirty || got.at != time.Minute {
			t.Errorf("told %+v, wanted %+v", got, dirty)
		}
		time.Sleep(time.Minute) // looking takes long: nothing is reported in part
		d.wants(t)
		d.changed("a")
		d.wants(t, dirs(2*time.Minute, "a")) // MaxWait is long over
		if got := d.states[len(d.states)-1]; got.val != watched {
			t.Errorf("after the report: told %+v, wanted %+v", got, watched)
		}
	})
}

func TestNothingIsCleanBeforeItsReportHasReturned(t *testing.T) {
	settling(t, func(t *testing.T, d *desk) {
		d.hold = make(chan struct{})
		first := time.Now()
		d.changed("a")
		time.Sleep(10 * time.Second)
		second := time.Now()
		d.changed("b")
		time.Sleep(time.Hour)
		d.wants(t, dirs(5*time.Second, "a")) // the second waits: never two at once
		if got := d.states[len(d.states)-1].val; got.DirtySince != first {
			t.Errorf("during the report, dirty since %v, wanted %v", got.DirtySince, first)
		}
		close(d.hold)
		d.wants(t, dirs(5*time.Second, "a"), dirs(10*time.Second+time.Hour, "b"))
		since := []time.Time{}
		for _, st := range d.states {
			since = append(since, st.val.DirtySince)
		}
		if want := []time.Time{first, second, {}}; !slices.Equal(since, want) {
			t.Errorf("dirty since %v\nwanted      %v", since, want)
		}
	})
}

func TestStoppingWaitsForTheReportUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		returned := false
		s := settler{report: func(Change) {
			<-ctx.Done()
			time.Sleep(time.Second)
			returned = true
		}, state: func(State) {}}
		in := make(chan news)
		go func() {
			in <- news{all: true, atOnce: true}
			time.Sleep(time.Second)
			cancel()
		}()
		s.run(ctx, in)
		if !returned {
			t.Error("Run would have returned while report still ran")
		}
	})
}

func TestTooManyDirectoriesAreAll(t *testing.T) {
	settling(t, func(t *testing.T, d *desk) {
		for i := range maxDirs + 1 {
			d.changed(fmt.Sprint(i))
		}
		d.changed("one more")
		time.Sleep(time.Minute)
		d.wants(t, timed[Change]{5 * time.Second, Change{All: true}})
	})
}

func TestWhyIsKeptWhenMoreChanges(t *testing.T) {
	settling(t, func(t *testing.T, d *desk) {
		why := errors.New("why")
		d.changed("a")
		d.in <- news{all: true, why: why}
		d.in <- news{all: true}
		d.changed("b")
		time.Sleep(time.Minute)
		d.wants(t, timed[Change]{5 * time.Second, Change{All: true, Why: why}})
	})
}

func TestAnEventWithNothingBehindItLeavesNothingDirty(t *testing.T) {
	settling(t, func(t *testing.T, d *desk) {
		d.in <- news{more: true}
		d.changed()
		time.Sleep(time.Minute)
		d.wants(t)
		if got := d.states[len(d.states)-1].val; !got.DirtySince.IsZero() {
			t.Errorf("still dirty: %+v", got)
		}
	})
}

// A folder with too many directories is not walked through each minute, but soon when the limit was raised; others are
// cheap to look at.
func TestWhatCannotBeWatchedIsTriedAgain(t *testing.T) {
	for err, want := range map[error]time.Duration{ErrGone: time.Minute, ErrUnsupported: time.Minute, ErrLimit: patience} {
		synctest.Test(t, func(t *testing.T) {
			f := follower{Watcher: New("/", Options{})}
			began := time.Now()
			f.wait(t.Context(), fmt.Errorf("x: %w", err))
			if got := time.Since(began); got != want {
				t.Errorf("after %q tried again in %v, wanted %v", err, got, want)
			}
		})
	}
}
