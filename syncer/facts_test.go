package syncer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/watcher"
)

// TestStateSaysWhatIsTrue is the specification of the states: everything that makes files safe, and what each thing less
// makes of it.
func TestStateSaysWhatIsTrue(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	type folder = folderFacts
	type storage = storageFacts
	for _, c := range []struct {
		when   string
		change func(*facts, *folder, *storage)
		want   string
	}{
		{"everything is saved, watched and confirmed", func(*facts, *folder, *storage) {}, StateSafe},
		{"no folder is kept", func(f *facts, _ *folder, _ *storage) { f.folders = nil }, StateUnprotected},
		{"nothing was saved yet", func(_ *facts, x *folder, _ *storage) { x.saved = nil }, StateUnprotected},
		{"the first backup runs", func(_ *facts, x *folder, _ *storage) { x.saved, x.busy = nil, true }, StateSaving},
		{"a change was seen", func(_ *facts, x *folder, _ *storage) { x.changed = ago(time.Second) }, StateWaiting},
		{"a change is on its way", func(_ *facts, x *folder, _ *storage) { x.changed, x.busy = ago(time.Second), true }, StateSaving},
		{"a change has waited for days", func(_ *facts, x *folder, _ *storage) { x.changed = ago(4 * 24 * time.Hour) }, StateUnprotected},
		{"the folder was not looked through since the start", func(_ *facts, x *folder, _ *storage) { x.scanned = false }, StateWaiting},
		{"files are known to differ", func(_ *facts, x *folder, _ *storage) { x.waiting = 3 }, StateWaiting},
		{"watching has stopped", func(_ *facts, x *folder, _ *storage) { x.watched, x.blind = false, watcher.ErrLimit }, StateWaiting},
		{"a folder that is saved by hand is not watched", func(_ *facts, x *folder, _ *storage) { x.watched, x.mode = false, Manual }, StateSafe},
		{"nobody watches, a look from outside found no change", func(f *facts, x *folder, _ *storage) { f.watching, x.watched = false, false }, StateSafe},
		{"the storage is away", func(_ *facts, _ *folder, s *storage) { s.err, s.since = node.ErrUnreachable, ago(time.Minute) }, StateWaiting},
		{"the storage is away for days", func(_ *facts, _ *folder, s *storage) { s.err, s.since = node.ErrUnreachable, ago(5*24*time.Hour) }, StateUnprotected},
		{"the storage's last word is old", func(_ *facts, _ *folder, s *storage) { s.confirmed = ago(time.Hour) }, StateWaiting},
		{"the storage never said anything", func(_ *facts, _ *folder, s *storage) { s.confirmed = time.Time{} }, StateWaiting},
		{"the storage refuses the key", func(_ *facts, _ *folder, s *storage) { s.err = node.ErrUnauthorized }, StateNeedsYou},
		{"the storage is full", func(_ *facts, x *folder, _ *storage) { x.err = node.ErrNoSpace }, StateNeedsYou},
		{"the storage does not keep what it confirmed", func(_ *facts, _ *folder, s *storage) { s.err = node.ErrNotPinned }, StateNeedsYou},
		{"a second storage is behind", func(f *facts, _ *folder, _ *storage) {
			f.storages = append(f.storages, storage{name: "second", confirmed: ago(time.Minute), err: errBehind})
		}, StateWaiting},
		{"two copies are wanted, and there are two of three", func(f *facts, _ *folder, _ *storage) {
			f.copies = "2"
			f.storages = append(f.storages, storage{name: "second", confirmed: ago(time.Minute)}, storage{name: "third", err: errBehind})
		}, StateSafe},
		{"two copies are wanted, and there is one of three", func(f *facts, _ *folder, _ *storage) {
			f.copies = "2"
			f.storages = append(f.storages, storage{name: "second", err: errBehind}, storage{name: "third", err: errBehind})
		}, StateWaiting},
		{"one copy is wanted, and the other storage has been away for days", func(f *facts, _ *folder, _ *storage) {
			f.copies = "1"
			f.storages = append(f.storages, storage{name: "second", err: node.ErrUnreachable, since: ago(5 * 24 * time.Hour)})
		}, StateSafe},
		{"two copies are wanted, and there is one storage", func(f *facts, _ *folder, _ *storage) { f.copies = "2" }, StateNeedsYou},
		{"the second storage confirmed something before the newest state was made", func(f *facts, _ *folder, s *storage) {
			f.newest = ago(30 * time.Second)
			s.confirmed = ago(time.Second)
			f.storages = append(f.storages, storage{name: "second", confirmed: ago(time.Minute)})
		}, StateWaiting},
		{"the newest state is on its way to a second storage", func(f *facts, _ *folder, _ *storage) {
			f.storages = append(f.storages, storage{name: "second", confirmed: ago(time.Minute), copying: &Progress{Bytes: 1, TotalBytes: 2}})
		}, StateWaiting},
		{"a pass failed and is run again", func(_ *facts, x *folder, _ *storage) { x.err = node.ErrTimeout }, StateWaiting},
		{"everything is paused", func(f *facts, _ *folder, _ *storage) { f.paused = now.Add(time.Hour) }, StatePaused},
		{"the folder is paused", func(_ *facts, x *folder, _ *storage) { x.paused = now.Add(time.Hour) }, StatePaused},
		{"paused, but nothing was saved yet", func(f *facts, x *folder, _ *storage) { f.paused, x.saved = now.Add(time.Hour), nil }, StateUnprotected},
		{"the folder is not there", func(_ *facts, x *folder, _ *storage) { x.there = false }, StateNeedsYou},
		{"most of the folder changed at once", func(_ *facts, x *folder, _ *storage) { x.held = &Held{Files: 100, Gone: 80} }, StateNeedsYou},
		{"the storage lost something", func(f *facts, _ *folder, _ *storage) { f.others = lostParts(2) }, StateNeedsYou},
		{"the storage is filling up", func(_ *facts, _ *folder, s *storage) { s.used, s.quota = 85, 100 }, StateSafe},
		{"the storage is nearly full, by its disk", func(_ *facts, _ *folder, s *storage) { s.used, s.disk = 96, 100 }, StateSafe},
		{"the storage holds as much as it may", func(_ *facts, _ *folder, s *storage) { s.used, s.quota = 100, 100 }, StateNeedsYou},
		{"the storage is beyond what it names itself, which nobody chose", func(_ *facts, _ *folder, s *storage) { s.used, s.limit = 12, 10 }, StateSafe},
		{"new content met the limit", func(_ *facts, x *folder, s *storage) { x.err, s.used, s.quota = vault.ErrLimit, 97, 100 }, StateNeedsYou},
		{"some files could not be saved", func(_ *facts, x *folder, _ *storage) { x.failed = 2 }, StateSafe},
	} {
		t.Run(c.when, func(t *testing.T) {
			f := facts{
				now: now, watching: true, within: 15 * time.Minute,
				folders:  []folder{{path: "/home/me/Photos", mode: Automatic, there: true, saved: &Version{}, watched: true, scanned: true}},
				storages: []storage{{name: "Pi", asked: ago(time.Minute), confirmed: ago(time.Minute)}},
			}
			x, s := f.folders[0], f.storages[0]
			c.change(&f, &x, &s)
			if len(f.folders) > 0 {
				f.folders[0] = x
			}
			f.storages[0] = s
			got := statusOf(f)
			if got.State != c.want {
				t.Errorf("the state is %s, want %s; the problems are %+v", got.State, c.want, got.Problems)
			}
			if got.State == StateNeedsYou && len(got.Problems) == 0 {
				t.Error("a person is needed, and nothing says for what")
			}
		})
	}
}

func TestOneFolderThatIsNotSafeMakesTheWholeNotSafe(t *testing.T) {
	now := time.Now()
	f := facts{now: now, watching: true, within: time.Hour, storages: []storageFacts{{confirmed: now}}}
	for i := range 3 {
		f.folders = append(f.folders, folderFacts{path: fmt.Sprint(i), mode: Automatic, there: true, saved: &Version{}, watched: true, scanned: true})
	}
	if s := statusOf(f); s.State != StateSafe {
		t.Fatalf("three safe folders are %s", s.State)
	}
	f.folders[1].changed = now
	if s := statusOf(f); s.State != StateWaiting || s.Folders[0].State != StateSafe || s.Folders[1].State != StateWaiting {
		t.Errorf("one changed folder makes %+v", s)
	}
}

func TestOneCauseIsToldOnce(t *testing.T) {
	now := time.Now()
	f := facts{
		now: now, watching: true, within: time.Hour,
		storages: []storageFacts{{name: "Pi", err: node.ErrUnreachable, since: now}, {name: "second", err: errBehind}},
	}
	for i := range 5 {
		f.folders = append(f.folders, folderFacts{path: fmt.Sprint(i), there: true, saved: &Version{}, scanned: true, err: fmt.Errorf("save: %w", node.ErrUnreachable)})
	}
	var codes []string
	for _, p := range problemsOf(f) {
		codes = append(codes, p.Code)
	}
	if !slices.Equal(codes, []string{"unreachable"}) {
		t.Errorf("an unreachable storage gives the problems %v", codes)
	}
}

func TestNextPassIsWhenSomethingIsDue(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) time.Time { return now.Add(d) }
	usual := duty{last: in(-time.Minute), whole: in(-time.Hour), rescan: 6 * time.Hour, tryFailed: 15 * time.Minute}
	for _, c := range []struct {
		when   string
		change func(*duty)
		want   time.Time
	}{
		{"nothing happened: the routine look", func(*duty) {}, in(5 * time.Hour)},
		{"something changed", func(d *duty) { d.changed = true }, now},
		{"just started", func(d *duty) { d.whole, d.last = time.Time{}, time.Time{} }, now},
		{"only by hand", func(d *duty) { d.manual, d.changed = true, true }, time.Time{}},
		{"the last pass failed", func(d *duty) { d.changed, d.retry = true, in(40*time.Second) }, in(40 * time.Second)},
		{"some files could not be saved", func(d *duty) { d.failed = true }, in(14 * time.Minute)},
		{"paused", func(d *duty) { d.changed, d.paused = true, in(time.Hour) }, in(time.Hour)},
		{"in quiet hours", func(d *duty) { d.changed, d.hold = true, in(7*time.Hour) }, in(7 * time.Hour)},
		{"paused for longer than the quiet hours", func(d *duty) { d.changed, d.hold, d.paused = true, in(time.Hour), in(2*time.Hour) }, in(2 * time.Hour)},
		{"many commits lately", func(d *duty) { d.changed, d.distance = true, 5*time.Minute }, in(4 * time.Minute)},
		{"not watched", func(d *duty) { d.rescan, d.whole = 15*time.Minute, in(-20*time.Minute) }, in(-5 * time.Minute)},
	} {
		d := usual
		c.change(&d)
		if got := nextPass(d, now); !got.Equal(c.want) {
			t.Errorf("%s: the next pass is at %v, want %v", c.when, got, c.want)
		}
	}
}

func TestManyCommitsGrowApart(t *testing.T) {
	if d := distanceAfter(manyCommits - 1); d != 0 {
		t.Errorf("few commits wait for %v", d)
	}
	last := time.Duration(0)
	for n := manyCommits; n < 200; n++ {
		d := distanceAfter(n)
		if d < last || d > 5*time.Minute {
			t.Fatalf("after %d commits the next waits for %v, after one less %v", n, d, last)
		}
		last = d
	}
	if last != 5*time.Minute {
		t.Errorf("the longest wait is %v", last)
	}
}

func TestRetriesGrowUpToAMinute(t *testing.T) {
	for tries := 1; tries < 40; tries++ {
		d := backoff(node.ErrUnreachable, tries)
		if d > time.Minute || d < time.Second {
			t.Errorf("after %d failures the next try is in %v", tries, d)
		}
		if tries > 6 && d < 40*time.Second {
			t.Errorf("after %d failures the next try is in only %v", tries, d)
		}
	}
}

func TestSettingsTakeWhatPeopleWrite(t *testing.T) {
	e := &Engine{home: &home{dir: t.TempDir()}}
	for _, c := range []struct{ key, value, want string }{
		{"settle", "10s", "10s"},
		{"settle", " 2m ", "2m"},
		{"rescan", "360m", "6h"},
		{"limit-up", "500 kB/s", "500kB"},
		{"limit-up", "0", "none"},
		{"limit-down", "1.5MB", "1.5MB"},
		{"data-budget", "50gb", "50GB"},
		{"quiet-hours", "22:00 - 7:00", "22:00-07:00"},
		{"quiet-hours", "none", "none"},
		{"on-battery", "Wait", "wait"},
		{"notifications", "off", "off"},
		{"settle", "", "5s"},
	} {
		if err := e.Set(t.Context(), c.key, c.value); err != nil {
			t.Errorf("%s = %q: %v", c.key, c.value, err)
			continue
		}
		if got := e.home.config().value(c.key); got != c.want {
			t.Errorf("%s = %q is kept as %q, want %q", c.key, c.value, got, c.want)
		}
	}
	for _, c := range []struct{ key, value string }{
		{"settle", "soon"},
		{"settle", "0s"},
		{"settle", "-5s"},
		{"limit-up", "fast"},
		{"limit-up", "-1"},
		{"limit-up", "NaN"},
		{"limit-up", "1e99TB"},
		{"quiet-hours", "22-7"},
		{"quiet-hours", "07:00-07:00"},
		{"quiet-hours", "25:00-07:00"},
		{"on-metered", "maybe"},
		{"nothing", "1"},
	} {
		if err := e.Set(t.Context(), c.key, c.value); Describe(err).Exit != ExitUsage {
			t.Errorf("%s = %q: error %v", c.key, c.value, err)
		}
	}
}

func FuzzSettings(f *testing.F) {
	for _, s := range settings {
		f.Add(s.key, s.standard)
	}
	f.Add("quiet-hours", "22:00-07:00")
	f.Fuzz(func(t *testing.T, key, value string) {
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
		if i < 0 {
			return
		}
		tidy, err := settings[i].tidy(value)
		if err != nil {
			return
		}
		if again, err := settings[i].tidy(tidy); err != nil || again != tidy {
			t.Errorf("%s: %q is tidied to %q, and that to %q, %v", key, value, tidy, again, err)
		}
	})
}

func TestQuietHoursMaySpanMidnight(t *testing.T) {
	at := func(h, m int) time.Time { return time.Date(2026, 3, 1, h, m, 0, 0, time.UTC) }
	for _, c := range []struct {
		now, want time.Time
		hours     string
	}{
		{at(23, 0), at(7, 0).AddDate(0, 0, 1), "22:00-07:00"},
		{at(3, 0), at(7, 0), "22:00-07:00"},
		{at(7, 0), time.Time{}, "22:00-07:00"},
		{at(12, 0), time.Time{}, "22:00-07:00"},
		{at(12, 0), at(13, 30), "09:00-13:30"},
		{at(8, 59), time.Time{}, "09:00-13:30"},
	} {
		from, to, ok := parseHours(c.hours)
		if !ok {
			t.Fatal(c.hours)
		}
		if got := quietUntil(c.now, from, to); !got.Equal(c.want) {
			t.Errorf("%s at %v: until %v, want %v", c.hours, c.now, got, c.want)
		}
	}

	// On the days on which clocks are changed, too.
	lisbon, err := time.LoadLocation("Europe/Lisbon")
	must(t, err)
	from, to, _ := parseHours("22:00-07:00")
	for _, day := range []time.Time{time.Date(2026, 3, 29, 0, 0, 0, 0, lisbon), time.Date(2026, 10, 25, 0, 0, 0, 0, lisbon)} {
		at := func(h, m int) time.Time { return time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, lisbon) }
		if got := quietUntil(at(6, 30), from, to); !got.Equal(at(7, 0)) {
			t.Errorf("at %v: until %v", at(6, 30), got)
		}
		if got := quietUntil(at(7, 30), from, to); !got.IsZero() {
			t.Errorf("at %v: until %v", at(7, 30), got)
		}
		if got := quietUntil(at(21, 30), from, to); !got.IsZero() {
			t.Errorf("at %v: until %v", at(21, 30), got)
		}
	}
}

func TestPeopleAreToldOnceAndOnlyWhatNeedsThem(t *testing.T) {
	now := time.Now()
	var n notices
	full := Describe(node.ErrNoSpace)
	away := Describe(node.ErrUnreachable)
	told := func(after time.Duration, ps ...Problem) (codes []string) {
		now = now.Add(after)
		for _, x := range n.due(Status{Problems: ps}, now) {
			codes = append(codes, x.Code)
		}
		return codes
	}
	for i, c := range []struct {
		after time.Duration
		now   []Problem
		want  []string
	}{
		{0, []Problem{away}, nil}, // it may be back in a moment
		{time.Minute, []Problem{away, full}, []string{"storage_full"}},
		{time.Minute, []Problem{away, full}, nil}, // said already
		{2 * time.Hour, []Problem{away, full}, []string{"unreachable"}},
		{time.Minute, nil, nil},
		{time.Minute, []Problem{full}, []string{"storage_full"}}, // again, after it was gone
		{time.Minute, []Problem{{Code: "quiet_hours", Severity: info}}, nil},
	} {
		if got := told(c.after, c.now...); !slices.Equal(got, c.want) {
			t.Errorf("step %d: told of %v, want %v", i, got, c.want)
		}
	}
}

func TestSuddenIsWhenMostIsGoneOrDifferent(t *testing.T) {
	before := format.Summary{Files: 100, Bytes: 1e6}
	for _, c := range []struct {
		when          string
		now           tally
		gone, changed int64
		fresh         int64
		empty, most   bool
	}{
		{"an everyday change", tally{101, 1e6}, 0, 5, 1e4, false, false},
		{"everything is gone", tally{0, 0}, 100, 0, 0, true, false},
		{"most is gone", tally{30, 3e5}, 70, 0, 0, false, true},
		{"most is different", tally{100, 1e6}, 0, 80, 8e5, false, true},
		{"a tree was renamed", tally{100, 1e6}, 100, 0, 0, false, false},
		{"everything was renamed and is different", tally{100, 1e6}, 100, 0, 1e6, false, true},
		{"half is gone and half of the rest is different", tally{50, 5e5}, 50, 25, 2e5, false, true},
		{"much was added", tally{1000, 1e7}, 0, 0, 9e6, false, false},
	} {
		h := sudden(before, c.now, c.gone, c.changed, c.fresh)
		if got := h != nil && h.Empty; got != c.empty {
			t.Errorf("%s: empty is %v", c.when, got)
		}
		if got := h != nil && !h.Empty; got != c.most {
			t.Errorf("%s: most changed is %v", c.when, got)
		}
	}
	if h := sudden(format.Summary{Files: 3, Bytes: 10}, tally{1, 1}, 2, 0, 0); h != nil {
		t.Errorf("two of three files deleted are %+v", h)
	}
}
