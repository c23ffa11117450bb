package host

import (
	"testing"
	"time"
)

const week = 7 * 24 * time.Hour

// worn is a set of clocks at which time goes by.
type worn struct{ r Reading }

func newWorn() *worn {
	return &worn{Reading{Awake: time.Hour, Boot: 5 * time.Hour, Wall: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
}

func (w *worn) run(d time.Duration) *worn {
	w.r.Awake += d
	return w.sleep(d)
}

func (w *worn) sleep(d time.Duration) *worn {
	if w.r.Boot != 0 {
		w.r.Boot += d
	}
	w.r.Wall = w.r.Wall.Add(d)
	return w
}

func (w *worn) set(d time.Duration) *worn {
	w.r.Wall = w.r.Wall.Add(d)
	return w
}

func TestSleepAndAClockThatWasSetAreToldApart(t *testing.T) {
	for _, c := range []struct {
		what string
		do   func(*worn)
		want Jump
	}{
		{"a minute goes by", func(w *worn) { w.run(time.Minute) }, Jump{}},
		{"a week of work without a look", func(w *worn) { w.run(week) }, Jump{}},
		{"a week of sleep", func(w *worn) { w.run(time.Minute).sleep(week) }, Jump{Slept: week}},
		{"a short sleep", func(w *worn) { w.sleep(30 * time.Second).run(time.Second) }, Jump{Slept: 30 * time.Second}},
		{"set a week forward", func(w *worn) { w.run(time.Minute).set(week) }, Jump{Set: week}},
		{"set a week back", func(w *worn) { w.run(time.Minute).set(-week) }, Jump{Set: -week}},
		{"asleep for a week, then set back by a day", func(w *worn) { w.sleep(week).set(-24 * time.Hour) }, Jump{Slept: week, Set: -24 * time.Hour}},
		{"asleep for a week, and the clock with it", func(w *worn) { w.sleep(week).set(-week) }, Jump{Slept: week, Set: -week}},
		{"pulled right by the network", func(w *worn) { w.run(time.Minute).set(-time.Second) }, Jump{}},
		{"summer time, which no clock but the shown one knows", func(w *worn) {
			w.run(time.Minute)
			w.r.Wall = w.r.Wall.In(time.FixedZone("summer", 3600))
		}, Jump{}},
	} {
		w, clock := newWorn(), Clock{}
		if j := clock.Next(w.r); j != (Jump{}) {
			t.Errorf("%s: the first reading tells %+v", c.what, j)
		}
		c.do(w)
		if j := clock.Next(w.r); j != c.want {
			t.Errorf("%s: told %+v, wanted %+v", c.what, j, c.want)
		}
		if j := clock.Next(w.run(time.Minute).r); j != (Jump{}) {
			t.Errorf("%s: told once more, as %+v", c.what, j)
		}
	}
}

func TestWithoutAClockThatRunsOnInSleepNoSleepIsMissed(t *testing.T) {
	for _, c := range []struct {
		what string
		do   func(*worn)
		want Jump
	}{
		{"a minute goes by", func(w *worn) { w.run(time.Minute) }, Jump{}},
		{"a week of sleep", func(w *worn) { w.run(time.Minute).sleep(week) }, Jump{Slept: week}},
		{"set a week forward", func(w *worn) { w.set(week) }, Jump{Slept: week}},
		{"set a week back", func(w *worn) { w.set(-week) }, Jump{Set: -week}},
	} {
		w, clock := newWorn(), Clock{}
		w.r.Boot = 0
		clock.Next(w.r)
		c.do(w)
		if j := clock.Next(w.r); j != c.want {
			t.Errorf("%s: told %+v, wanted %+v", c.what, j, c.want)
		}
	}
}

func TestTheClocksOfThisComputerAgree(t *testing.T) {
	var clock Clock
	clock.Next(Now())
	last := Now()
	for range 1000 {
		now := Now()
		if now.Awake < last.Awake || now.Boot < last.Boot || now.Awake <= 0 || now.Boot+time.Second < now.Awake {
			t.Fatalf("%+v after %+v", now, last)
		}
		last = now
	}
	if j := clock.Next(Now()); j != (Jump{}) {
		t.Errorf("nothing happened, and told %+v", j)
	}
}
