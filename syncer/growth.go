package syncer

import (
	"context"
	"math"
	"slices"
	"time"

	"roost/vault/catalog"
)

// GrowthPoint is how much there was at some time.
type GrowthPoint struct {
	Time  time.Time
	Bytes int64
	Rough bool // worked out from the versions, because nobody measured then
}

// Forecast is when a storage will be full if it goes on as it did. It is not made of too little.
type Forecast struct {
	Full             time.Time // most likely
	Earliest, Latest time.Time // in four cases of five, it is between these
	PerDay           int64     // bytes that come on a usual day
	Rough            bool      // days before this computer began to measure were worked out from the versions
}

// ownGrowth names the samples of what this backup takes on all devices; the others have a storage's name.
const ownGrowth = ""

const (
	sampleEvery = time.Hour
	growthDays  = 400 // that are shown
)

// sample writes down how much there is, once an hour.
func (e *Engine) sample(ctx context.Context, name string, bytes, quota int64, now time.Time) error {
	lately, err := e.cat.UsageSamples(ctx, name, now.Add(-sampleEvery))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(lately, func(u catalog.Usage) bool { return u.Time.Sub(now).Abs() < sampleEvery }) {
		return nil
	}
	return e.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.AddUsage(now, name, bytes, quota) })
}

// sampleAll writes down how much each storage holds, and this backup in all.
func (k *keeper) sampleAll(ctx context.Context) error {
	now := time.Now()
	k.mu.Lock()
	var all []storageFacts
	for _, x := range k.storages {
		if x.err == nil && x.used > 0 {
			all = append(all, *x)
		}
	}
	k.mu.Unlock()
	for _, x := range all {
		if err := k.e.sample(ctx, x.name, x.used, x.most(), now); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return nil
	}
	total, _, err := k.e.cat.Sizes(ctx)
	if err != nil {
		return err
	}
	return k.e.sample(ctx, ownGrowth, total, 0, now)
}

// samples are the last ones of each day, oldest first.
func (e *Engine) samples(ctx context.Context, name string, now time.Time) ([]GrowthPoint, error) {
	all, err := e.cat.UsageSamples(ctx, name, now.AddDate(0, 0, -growthDays))
	if err != nil {
		return nil, err
	}
	var out []GrowthPoint
	for _, u := range all {
		if u.Time.After(now) {
			break // the clock was set back
		}
		p := GrowthPoint{Time: u.Time, Bytes: u.Used}
		if n := len(out); n > 0 && sameDay(out[n-1].Time, p.Time) {
			out[n-1] = p
		} else {
			out = append(out, p)
		}
	}
	return out, nil
}

func sameDay(a, b time.Time) bool {
	y, m, d := a.Local().Date()
	Y, M, D := b.Local().Date()
	return y == Y && m == M && d == D
}

// withRough puts before the samples what the versions tell of earlier days, and now behind them. A version can only have
// added what its folder grew by since the one before; that sum is scaled to what was there when measuring began.
func withRough(samples []GrowthPoint, versions []Version, bytes int64, now time.Time) []GrowthPoint {
	points := slices.DeleteFunc(slices.Clone(samples), func(p GrowthPoint) bool { return sameDay(p.Time, now) })
	points = append(points, GrowthPoint{Time: now, Bytes: bytes})
	first := points[0]
	var rough []GrowthPoint
	held := map[string]int64{}
	sum := 0.0
	for _, v := range slices.Backward(versions) { // oldest first
		folder := string(v.Device[:]) + string(v.FolderID[:])
		sum += math.Max(float64(int64(v.Bytes)-held[folder]), 0)
		held[folder] = int64(v.Bytes)
		at := v.Time()
		if !at.Before(first.Time) {
			break
		}
		p := GrowthPoint{Time: at, Bytes: int64(math.Min(sum, math.MaxInt64/2)), Rough: true}
		if n := len(rough); n > 0 && sameDay(rough[n-1].Time, at) {
			rough[n-1] = p
		} else {
			rough = append(rough, p)
		}
	}
	if n := len(rough); n > 0 {
		scale := float64(first.Bytes) / math.Max(float64(rough[n-1].Bytes), 1)
		for i := range rough {
			rough[i].Bytes = int64(float64(rough[i].Bytes) * scale)
		}
		if sameDay(rough[n-1].Time, first.Time) {
			rough = rough[:n-1]
		}
	}
	points = append(rough, points...)
	since := now.AddDate(0, 0, -growthDays)
	return slices.DeleteFunc(points, func(p GrowthPoint) bool { return p.Time.Before(since) })
}

// What a forecast is made of, and how far it looks.
const (
	forecastDays    = 90
	leastPoints     = 10
	leastSpan       = 14 // days
	farthest        = 5 * 365
	mostUncertain   = 4    // times as late as early: then nothing is said
	fourOfFive      = 1.28 // standard deviations to each side
	dayNanos        = float64(24 * time.Hour)
	farthestNoRange = 20 * 365
)

// recent are the points that a forecast is made of.
func recent(points []GrowthPoint, now time.Time) []GrowthPoint {
	since := now.AddDate(0, 0, -forecastDays)
	i := slices.IndexFunc(points, func(p GrowthPoint) bool { return !p.Time.Before(since) })
	if i < 0 {
		return nil
	}
	return points[i:]
}

// enough tells whether points are enough for a forecast.
func enough(points []GrowthPoint) bool {
	return len(points) >= leastPoints && days(points[0].Time, points[len(points)-1].Time) >= leastSpan
}

func days(from, to time.Time) float64 { return float64(to.Sub(from)) / dayNanos }

// forecast says when so many used bytes will have become most, if growth goes on as the points of the last three months have
// it; nil when too little is known, when it varies too much to say anything, or when it is years away.
//
// Growth is taken for a walk of daily steps. The usual step is that of the median week, which holds a weekday's habit and which
// the day on which a large folder was added does not change. How far it may be off comes from how much the steps vary, less the
// tenth of them that stand out most: over the days to come, and over the few days that the usual step was learnt from, which
// weighs half as much again for a median as for a mean.
func forecast(points []GrowthPoint, used, most int64, now time.Time) *Forecast {
	points = recent(points, now)
	left := float64(most - used)
	if most <= 0 || left <= 0 || !enough(points) {
		return nil
	}
	slope := usualStep(points)
	if slope <= 0 || left/slope > farthest {
		return nil
	}
	spread, span := stepSpread(points, slope), days(points[0].Time, points[len(points)-1].Time)
	// at is how much more there is after t days, with the luck of so many standard deviations.
	at := func(t, luck float64) float64 { return slope*t + luck*spread*math.Sqrt(t+1.57*t*t/span) }
	reach := func(luck float64) float64 {
		lo, hi := 0.0, float64(farthestNoRange)
		if at(hi, luck) < left {
			return math.Inf(1)
		}
		for range 60 {
			if mid := (lo + hi) / 2; at(mid, luck) < left {
				lo = mid
			} else {
				hi = mid
			}
		}
		return hi
	}
	early, late := reach(fourOfFive), reach(-fourOfFive)
	if late > mostUncertain*math.Max(early, 1) {
		return nil
	}
	when := func(t float64) time.Time { return now.Add(time.Duration(t * dayNanos)) }
	return &Forecast{
		Full: when(left / slope), Earliest: when(early), Latest: when(late), PerDay: int64(slope),
		Rough: slices.ContainsFunc(points, func(p GrowthPoint) bool { return p.Rough }),
	}
}

// usualStep is a day's, in bytes: of each point and the next one a week later, the median.
func usualStep(points []GrowthPoint) float64 {
	var slopes []float64
	for i, a := range points {
		for _, b := range points[i+1:] {
			if d := days(a.Time, b.Time); d > 6.5 {
				slopes = append(slopes, float64(b.Bytes-a.Bytes)/d)
				break
			}
		}
	}
	if len(slopes) == 0 {
		return 0
	}
	slices.Sort(slopes)
	return slopes[len(slopes)/2]
}

// stepSpread is the standard deviation of a day's step around the usual one.
func stepSpread(points []GrowthPoint, slope float64) float64 {
	var off []float64
	for i, b := range points[1:] {
		d := math.Max(days(points[i].Time, b.Time), 0.25)
		off = append(off, math.Abs(float64(b.Bytes-points[i].Bytes)-slope*d)/math.Sqrt(d))
	}
	slices.Sort(off)
	off = off[:len(off)-(len(off)+9)/10]
	sum := 0.0
	for _, x := range off {
		sum += x * x
	}
	return math.Sqrt(sum / float64(max(len(off), 1)))
}
