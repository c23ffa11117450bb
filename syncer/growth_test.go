package syncer

import (
	"math/rand/v2"
	"testing"
	"time"

	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// grown are points of so many days until now that end at a size, each day's step as given.
func grown(now time.Time, days int, end int64, step func(day int) int64) []GrowthPoint {
	out := make([]GrowthPoint, days+1)
	for i := days; i >= 0; i-- {
		out[i] = GrowthPoint{Time: now.AddDate(0, 0, i-days), Bytes: end}
		end -= step(i)
	}
	return out
}

func TestAForecastSaysWhenItWillBeFullAndHowSureThatIs(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	const gb = int64(1e9)
	r := rand.New(rand.NewPCG(1, 2))
	steady := func(int) int64 { return gb }
	for _, c := range []struct {
		name         string
		points       []GrowthPoint
		most         int64
		least, most2 float64 // days until full; 0: nothing is said
	}{
		{"a steady gigabyte a day", grown(now, 30, 100*gb, steady), 149 * gb, 48, 50},
		{"steps that vary", grown(now, 60, 100*gb, func(int) int64 { return r.Int64N(2 * gb) }), 150 * gb, 40, 62},
		{"a large folder on one day changes nothing", grown(now, 40, 500*gb, func(d int) int64 {
			if d == 20 {
				return 300 * gb
			}
			return gb
		}), 549 * gb, 47, 51},
		{"twelve days are too few", grown(now, 12, 100*gb, steady), 149 * gb, 0, 0},
		{"few looks over a long time", []GrowthPoint{{Time: now.AddDate(0, 0, -60), Bytes: 1}, {Time: now, Bytes: 60 * gb}}, 100 * gb, 0, 0},
		{"no limit", grown(now, 30, 100*gb, steady), 0, 0, 0},
		{"it is full", grown(now, 30, 100*gb, steady), 100 * gb, 0, 0},
		{"it shrinks", grown(now, 30, 100*gb, func(int) int64 { return -gb }), 149 * gb, 0, 0},
		{"it does not grow", grown(now, 30, 100*gb, func(int) int64 { return 0 }), 149 * gb, 0, 0},
		{"it is decades away", grown(now, 30, 100*gb, func(int) int64 { return 1e6 }), 1000 * gb, 0, 0},
		{"it grows on some days and shrinks on others, and nobody knows", grown(now, 30, 100*gb, func(d int) int64 {
			return []int64{40 * gb, -38 * gb}[d%2]
		}), 149 * gb, 0, 0},
		{"what was before three months does not count", append(grown(now.AddDate(0, 0, -100), 30, gb, steady), grown(now, 8, 9*gb, steady)...), 50 * gb, 0, 0},
	} {
		used := c.points[len(c.points)-1].Bytes
		f := forecast(c.points, used, c.most, now)
		if (f != nil) != (c.least > 0) {
			t.Errorf("%s: %+v", c.name, f)
			continue
		}
		if f == nil {
			continue
		}
		if got := days(now, f.Full); got < c.least || got > c.most2 {
			t.Errorf("%s: full in %.1f days, want %v to %v", c.name, got, c.least, c.most2)
		}
		if f.Earliest.After(f.Full) || f.Latest.Before(f.Full) || f.Earliest.Before(now) {
			t.Errorf("%s: between %v and %v", c.name, f.Earliest, f.Latest)
		}
	}
	varies := forecast(grown(now, 60, 100*gb, func(int) int64 { return r.Int64N(2 * gb) }), 100*gb, 150*gb, now)
	exact := forecast(grown(now, 60, 100*gb, steady), 100*gb, 150*gb, now)
	if varies == nil || exact == nil || varies.Latest.Sub(varies.Earliest) < 5*exact.Latest.Sub(exact.Earliest)+72*time.Hour {
		t.Errorf("what varies is as certain as what does not: %+v, %+v", varies, exact)
	}
}

// TestARangeHoldsWhatComes: of many walks, about four in five are full within the range that was said.
func TestARangeHoldsWhatComes(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(3, 4))
	step := func(int) int64 { return int64(1e9 * (1 + r.NormFloat64())) }
	said, held := 0, 0
	for range 400 {
		f := forecast(grown(now, 60, 100e9, step), 100e9, 140e9, now)
		if f == nil {
			continue
		}
		said++
		bytes, day := 100e9, 0
		for ; bytes < 140e9 && day < 1000; day++ {
			bytes += float64(step(0))
		}
		if full := now.AddDate(0, 0, day); !full.Before(f.Earliest) && !full.After(f.Latest.AddDate(0, 0, 1)) {
			held++
		}
	}
	if share := float64(held) / float64(said); said < 350 || share < 0.68 || share > 0.92 {
		t.Errorf("%d forecasts, %.0f %% of them held", said, 100*share)
	}
}

func TestGrowthBeforeMeasuringIsWorkedOutFromVersions(t *testing.T) {
	now := time.Date(2026, 6, 30, 12, 0, 0, 0, time.Local)
	at := func(day int, folder byte, bytes uint64) Version {
		v := Version{FolderID: format.FolderID{folder}}
		v.Seconds, v.Bytes, v.Complete = time.Date(2026, 6, day, 9, 0, 0, 0, time.Local).Unix(), bytes, true
		return v
	}
	versions := []Version{at(29, 1, 900), at(22, 1, 600), at(20, 2, 400), at(11, 1, 500), at(10, 1, 1000)} // newest first
	samples := []GrowthPoint{{Time: time.Date(2026, 6, 25, 9, 0, 0, 0, time.Local), Bytes: 3000}}
	got := withRough(samples, versions, 3600, now)
	want := []GrowthPoint{ // 1000, 1000, 1400, 1500 of what they added, scaled to 3000
		{versions[4].Time(), 2000, true},
		{versions[3].Time(), 2000, true},
		{versions[2].Time(), 2800, true},
		{versions[1].Time(), 3000, true},
		samples[0],
		{now, 3600, false},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if !got[i].Time.Equal(want[i].Time) || got[i].Bytes != want[i].Bytes || got[i].Rough != want[i].Rough {
			t.Errorf("point %d is %v, want %v", i, got[i], want[i])
		}
	}
	if got := withRough(nil, nil, 0, now); len(got) != 1 || got[0].Rough {
		t.Errorf("of nothing: %v", got)
	}
}

// TestSamplesAreHourlyAndShownByDay also when the clock is set.
func TestSamplesAreHourlyAndShownByDay(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	start := time.Date(2026, 6, 1, 8, 0, 0, 0, time.Local)
	for minutes := 0; minutes < 3*24*60; minutes += 20 {
		must(t, e.sample(t.Context(), "Pi", int64(minutes), 0, start.Add(time.Duration(minutes)*time.Minute)))
	}
	now := start.Add(3 * 24 * time.Hour)
	all, err := e.cat.UsageSamples(t.Context(), "Pi", time.Time{})
	if err != nil || len(all) != 72 {
		t.Errorf("%d samples in three days, %v", len(all), err)
	}
	must(t, e.sample(t.Context(), "Pi", 1, 0, now.AddDate(1, 0, 0))) // the clock was wrong for a moment
	must(t, e.sample(t.Context(), "Pi", 5000, 0, now))
	points, err := e.samples(t.Context(), "Pi", now)
	if err != nil || len(points) != 4 || points[3].Bytes != 5000 || points[0].Bytes != 15*60 {
		t.Errorf("by day: %v, %v", points, err)
	}
}
