package syncer

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"roost/syncer/host"
	"roost/vault/node/nodetest"
	"roost/watcher"
)

// schedule is a folder that has something to save, on a storage that cannot be reached, in a time of its own: each try is
// a moment at which the storage was asked. What runs is the engine's own loops; only the kernel tells nothing.
type schedule struct {
	e       *Engine
	k       *keeper
	src     string
	storage *cutOff

	mu    sync.Mutex // guards below
	asked []time.Time
}

// inItsOwnTime runs fn beside the loops. An engine has channels and encoders that must not be made within the bubble.
func inItsOwnTime(t *testing.T, before func(*schedule), fn func(t *testing.T, s *schedule)) {
	t.Helper()
	s := &schedule{src: t.TempDir()}
	s.storage = &cutOff{Node: &nodetest.Memory{}, asked: func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if now := time.Now(); len(s.asked) == 0 || !s.asked[len(s.asked)-1].Equal(now) {
			s.asked = append(s.asked, now)
		}
	}}
	s.e = testEngine(t, s.storage, testEntropy(t))
	write(t, s.src+"/a", "one")
	added(t, s.e, s.src)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		s.k = newKeeper(s.e)
		s.k.watch = func(f *keeping, _ context.Context, c config) started {
			f.noticed(watcher.Change{All: true})
			f.watched(watcher.State{Watching: true})
			return started{options: watchOptions(c), end: func() {}}
		}
		s.e.running.Store(s.k)
		defer s.e.running.Store(nil)
		before(s)
		wg.Go(func() { s.k.keepFolders(ctx) })
		synctest.Wait()
		fn(t, s)
	})
}

// afterAPass lets the folder begin as one of which everything has just been looked through.
func (s *schedule) afterAPass() {
	inner := s.k.watch
	s.k.watch = func(f *keeping, ctx context.Context, c config) started {
		f.k.mu.Lock()
		f.last, f.whole = time.Now(), time.Now()
		f.k.mu.Unlock()
		return inner(f, ctx, c)
	}
}

// tries is when the storage was asked since the last call, as time since the bubble began.
func (s *schedule) tries(began time.Time) []time.Duration {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []time.Duration
	for _, at := range s.asked {
		out = append(out, at.Sub(began))
	}
	s.asked = nil
	return out
}

func TestAnUnreachableStorageIsTriedAtLeastOnceAMinute(t *testing.T) {
	inItsOwnTime(t, func(*schedule) {}, func(t *testing.T, s *schedule) {
		began := time.Now()
		time.Sleep(3 * time.Hour)
		tries := s.tries(began)
		if len(tries) == 0 || tries[0] != 0 {
			t.Fatalf("the first tries are %v", tries[:min(len(tries), 5)])
		}
		var last time.Duration
		for i, at := range tries {
			gap := at - last
			if gap > time.Minute || i > 0 && gap < retryFirst*3/4 || i > 10 && gap < 45*time.Second {
				t.Fatalf("try %d comes %v after the one before", i+1, gap)
			}
			last = at
		}
		if 3*time.Hour-last > time.Minute {
			t.Errorf("the last try was %v before the end", 3*time.Hour-last)
		}
		gaps := map[time.Duration]bool{}
		for i := 20; i < 40; i++ {
			gaps[tries[i]-tries[i-1]] = true
		}
		if len(gaps) < 10 {
			t.Errorf("20 tries have only %d different distances: there is no jitter", len(gaps))
		}
	})
}

func TestTheHealthOfAStorageIsAskedForAtLeastOnceAMinuteWhileItIsAway(t *testing.T) {
	inItsOwnTime(t, func(s *schedule) { must(t, s.e.Pause(t.Context(), "", time.Time{})) }, func(t *testing.T, s *schedule) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		began := time.Now()
		wg.Go(func() { s.k.askStorages(ctx) })
		time.Sleep(time.Hour)
		tries := s.tries(began)
		if len(tries) < 60 || len(tries) > 90 {
			t.Errorf("in an hour it was asked %d times: %v", len(tries), tries)
		}
	})
}

func TestTheHealthOfAStorageThatIsWellIsAskedForEachFiveMinutes(t *testing.T) {
	inItsOwnTime(t, func(s *schedule) {
		s.storage.left.Store(1_000_000) // it can be reached
		must(t, s.e.Pause(t.Context(), "", time.Time{}))
	}, func(t *testing.T, s *schedule) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		began := time.Now()
		wg.Go(func() { s.k.askStorages(ctx) })
		time.Sleep(2*time.Hour + time.Second)
		tries := s.tries(began)
		if len(tries) != 25 {
			t.Fatalf("in two hours it was asked %d times: %v", len(tries), tries)
		}
		for i, at := range tries {
			if want := time.Duration(i) * 5 * time.Minute; at != want {
				t.Errorf("it was asked after %v, want %v", at, want)
			}
		}
		if x := s.k.facts(time.Now()).storages[0]; x.err != nil || x.asked.IsZero() {
			t.Errorf("what is known of it: %+v", x)
		}
	})
}

// TestAfterSleepAStorageIsTriedAtOnce: a laptop that is opened after a week does not wait for the next retry.
func TestAfterSleepAStorageIsTriedAtOnce(t *testing.T) {
	inItsOwnTime(t, func(*schedule) {}, func(t *testing.T, s *schedule) {
		r := host.Reading{Awake: time.Hour, Boot: time.Hour, Wall: time.Now()}
		var clock host.Clock
		s.k.tick(&clock, r)
		time.Sleep(10 * time.Minute)
		s.tries(time.Now())
		time.Sleep(time.Second) // tries are 45 s apart by now
		began := time.Now()
		r.Awake, r.Boot, r.Wall = r.Awake+time.Minute, r.Boot+7*day, r.Wall.Add(7*day)
		s.k.tick(&clock, r)
		if tries := s.tries(began); len(tries) == 0 || tries[len(tries)-1] != 0 {
			t.Errorf("it was tried at %v after the computer woke up", tries)
		}
	})
}

// What a storage said before a sleep is as old as people know it to be.
func TestAgesAreCountedByTheClockOnTheWall(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	if now := newKeeper(e).facts(time.Now()).now; now != now.Round(0) {
		t.Errorf("%v is counted by a clock that stands still in sleep", now)
	}
	now := time.Now()
	for _, c := range []struct {
		confirmed time.Time
		want      string
	}{
		{now.Add(-time.Minute), StateSafe},
		{now.Add(-time.Hour), StateWaiting},
		{now.Add(time.Hour), StateWaiting}, // the clock was set back
	} {
		x := &storageFacts{confirmed: c.confirmed, asked: now}
		if got := x.status(facts{now: now, within: 15 * time.Minute}).State; got != c.want {
			t.Errorf("confirmed %v ago, a storage is %s, want %s", now.Sub(c.confirmed), got, c.want)
		}
	}
}

// TestWhatWaitsBeginsOnTime: nothing is tried before its time, and then at once.
func TestWhatWaitsBeginsOnTime(t *testing.T) {
	metered := func(s *schedule, a host.Answer) {
		s.k.mu.Lock()
		s.k.computer.Metered = a
		s.k.mu.Unlock()
		s.k.wakeAll()
	}
	for _, c := range []struct {
		what   string
		before func(*testing.T, *schedule)
		during func(*testing.T, *schedule) // after which it is due
		due    func() time.Time            // when, seen from the beginning
	}{
		{
			what:   "a pause for some hours",
			before: func(t *testing.T, s *schedule) { must(t, s.e.Pause(t.Context(), "", time.Now().Add(5*time.Hour))) },
			due:    func() time.Time { return time.Now().Add(5 * time.Hour) },
		},
		{
			what:   "a pause of one folder over a week",
			before: func(t *testing.T, s *schedule) { must(t, s.e.Pause(t.Context(), s.src, time.Now().Add(7*day))) },
			due:    func() time.Time { return time.Now().Add(7 * day) },
		},
		{
			what:   "a pause that is ended",
			before: func(t *testing.T, s *schedule) { must(t, s.e.Pause(t.Context(), "", time.Time{})) },
			during: func(t *testing.T, s *schedule) {
				time.Sleep(40*day + 3*time.Second)
				must(t, s.e.Resume(t.Context(), ""))
			},
			due: func() time.Time { return time.Now().Add(40*day + 3*time.Second) },
		},
		{
			what: "quiet hours",
			before: func(t *testing.T, s *schedule) {
				now := time.Now()
				must(t, s.e.Set(t.Context(), "quiet-hours", now.Add(-time.Hour).Format("15:04")+"-"+now.Add(6*time.Hour).Format("15:04")))
			},
			due: func() time.Time { return time.Now().Add(6 * time.Hour) },
		},
		{
			what: "quiet hours that are set aside",
			before: func(t *testing.T, s *schedule) {
				must(t, s.e.Set(t.Context(), "quiet-hours", time.Now().Format("15:04")+"-"+time.Now().Add(6*time.Hour).Format("15:04")))
			},
			during: func(t *testing.T, s *schedule) {
				time.Sleep(time.Hour)
				must(t, s.e.Set(t.Context(), "quiet-hours", "none"))
			},
			due: func() time.Time { return time.Now().Add(time.Hour) },
		},
		{
			what:   "a network that is paid by use",
			before: func(_ *testing.T, s *schedule) { metered(s, host.Yes) },
			during: func(_ *testing.T, s *schedule) {
				time.Sleep(3*time.Hour + 10*time.Second)
				metered(s, host.No)
			},
			due: func() time.Time { return time.Now().Add(3*time.Hour + 10*time.Second) },
		},
		{
			what: "a month's data that is used up",
			before: func(t *testing.T, s *schedule) {
				must(t, s.e.Set(t.Context(), "data-budget", "10MB"))
				s.e.traffic.mu.Lock()
				s.e.countTraffic(time.Now())
				s.e.traffic.sent["storage"] = 10_000_000
				s.e.traffic.mu.Unlock()
			},
			due: func() time.Time { return nextMonth(time.Now()) },
		},
		{
			what: "many commits in a short time",
			before: func(_ *testing.T, s *schedule) {
				s.k.commits = slices.Repeat([]time.Time{time.Now()}, manyCommits+9)
				s.afterAPass()
			},
			due: func() time.Time { return time.Now().Add(10 * distanceStep) },
		},
		{
			what: "a computer on battery, some minutes after a pass",
			before: func(_ *testing.T, s *schedule) {
				s.k.computer.OnBattery = host.Yes
				s.afterAPass()
			},
			due: func() time.Time { return time.Now().Add(gentleEvery) },
		},
		{
			what:   "a folder that is saved only when a person says so",
			before: func(t *testing.T, s *schedule) { must(t, s.e.SetMode(t.Context(), s.src, Manual)) },
			during: func(t *testing.T, s *schedule) {
				time.Sleep(30 * day)
				must(t, s.e.SetMode(t.Context(), s.src, Automatic))
			},
			due: func() time.Time { return time.Now().Add(30 * day) },
		},
		{
			what: "a watcher that has not told anything yet",
			before: func(_ *testing.T, s *schedule) {
				s.k.watch = func(_ *keeping, _ context.Context, c config) started {
					return started{options: watchOptions(c), end: func() {}}
				}
			},
			due: func() time.Time { return time.Now().Add(watcherPatience) },
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			var began, due time.Time
			inItsOwnTime(t, func(s *schedule) {
				began = time.Now()
				due = c.due()
				c.before(t, s)
			}, func(t *testing.T, s *schedule) {
				if c.during != nil {
					c.during(t, s)
				} else {
					time.Sleep(time.Until(due))
				}
				tries := s.tries(began)
				if len(tries) == 0 || tries[0] != due.Sub(began) {
					t.Errorf("it was tried after %v, want %v", tries[:min(len(tries), 3)], due.Sub(began))
				}
			})
		})
	}
}
