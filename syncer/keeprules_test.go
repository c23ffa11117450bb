package syncer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/vault/format"
)

// at makes versions of these times, newest first.
func versionsAt(t testing.TB, times ...string) []Version {
	t.Helper()
	var out []Version
	for i, s := range times {
		when, err := time.Parse("2006-01-02 15:04", s)
		must(t, err)
		v := Version{}
		v.ID, v.Seconds, v.Complete = format.ChunkID{byte(i), byte(i >> 8), 1}, when.Unix(), true
		out = append(out, v)
	}
	return out
}

func timesOf(list []Version) string {
	var out []string
	for _, v := range list {
		out = append(out, v.Time().UTC().Format("2006-01-02 15:04"))
	}
	return strings.Join(out, ", ")
}

// TestRulesKeepTheNewestOfEachBucket holds the rules to what restic's forget does with the same times.
func TestRulesKeepTheNewestOfEachBucket(t *testing.T) {
	days := []string{
		"2026-03-02 10:40", "2026-03-02 10:10", "2026-03-02 09:00", "2026-03-01 23:59", "2026-03-01 00:00", "2026-02-28 12:00",
		"2026-02-20 12:00", "2026-01-31 12:00", "2025-12-31 23:00", "2025-06-01 12:00", "2024-02-29 12:00",
	}
	for _, c := range []struct {
		what  string
		rules KeepRules
		goes  string
	}{
		{"nothing is said", KeepRules{}, ""},
		{"hours", KeepRules{Hourly: 2}, "2026-03-02 10:10, 2026-03-01 23:59, 2026-03-01 00:00, 2026-02-28 12:00, 2026-02-20 12:00, 2026-01-31 12:00, 2025-12-31 23:00, 2025-06-01 12:00, 2024-02-29 12:00"},
		{"days are those that have a version", KeepRules{Daily: 4}, "2026-03-02 10:10, 2026-03-02 09:00, 2026-03-01 00:00, 2026-01-31 12:00, 2025-12-31 23:00, 2025-06-01 12:00, 2024-02-29 12:00"},
		{"ISO weeks begin on Monday", KeepRules{Weekly: 2}, "2026-03-02 10:10, 2026-03-02 09:00, 2026-03-01 00:00, 2026-02-28 12:00, 2026-02-20 12:00, 2026-01-31 12:00, 2025-12-31 23:00, 2025-06-01 12:00, 2024-02-29 12:00"},
		{"months", KeepRules{Monthly: 3}, "2026-03-02 10:10, 2026-03-02 09:00, 2026-03-01 23:59, 2026-03-01 00:00, 2026-02-20 12:00, 2025-12-31 23:00, 2025-06-01 12:00, 2024-02-29 12:00"},
		{"years, and more than there are", KeepRules{Yearly: 9}, "2026-03-02 10:10, 2026-03-02 09:00, 2026-03-01 23:59, 2026-03-01 00:00, 2026-02-28 12:00, 2026-02-20 12:00, 2026-01-31 12:00, 2025-06-01 12:00"},
		{"a version stays if any rule wants it", KeepRules{Hourly: 1, Yearly: 2}, "2026-03-02 10:10, 2026-03-02 09:00, 2026-03-01 23:59, 2026-03-01 00:00, 2026-02-28 12:00, 2026-02-20 12:00, 2026-01-31 12:00, 2025-06-01 12:00, 2024-02-29 12:00"},
	} {
		if got := timesOf(c.rules.surplus(versionsAt(t, days...), time.UTC)); got != c.goes {
			t.Errorf("%s: go %s\nwant %s", c.what, got, c.goes)
		}
	}
}

// TestTheBeginningOfAHistoryStays: while a rule wants more than there is, the oldest version is one of those.
func TestTheBeginningOfAHistoryStays(t *testing.T) {
	list := versionsAt(t, "2026-03-02 12:00", "2026-03-02 11:00", "2026-03-02 10:00")
	if got := timesOf(KeepRules{Daily: 2}.surplus(list, time.UTC)); got != "2026-03-02 11:00" {
		t.Errorf("go %s", got)
	}
	if got := timesOf(KeepRules{Daily: 1}.surplus(list, time.UTC)); got != "2026-03-02 11:00, 2026-03-02 10:00" {
		t.Errorf("go %s", got)
	}
}

func TestDaysAreThoseOfTheLocalCalendar(t *testing.T) {
	zone := time.FixedZone("far east", 11*3600)
	list := versionsAt(t, "2026-03-02 20:00", "2026-03-02 14:00", "2026-03-02 12:00", "2026-02-01 12:00") // there: the 3rd, the 3rd, the 2nd
	if got := timesOf(KeepRules{Daily: 2}.surplus(list, zone)); got != "2026-03-02 14:00, 2026-02-01 12:00" {
		t.Errorf("go %s", got)
	}
}

// TestRulesAppliedAgainRemoveNothingMore, whatever the rules and times: what stays is what the rules want.
func TestRulesAppliedAgainRemoveNothingMore(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var list []Version
		for i := range r.IntN(60) {
			v := Version{}
			v.ID, v.Seconds = format.ChunkID{byte(i), 1}, at.Unix()
			list = append(list, v)
			at = at.Add(-time.Duration(r.Int64N(int64(90 * time.Hour))))
		}
		rules := KeepRules{r.IntN(5), r.IntN(9), r.IntN(5), r.IntN(5), r.IntN(3)}
		goes := rules.surplus(list, time.UTC)
		left := slices.DeleteFunc(slices.Clone(list), func(v Version) bool {
			return slices.ContainsFunc(goes, func(g Version) bool { return g.ID == v.ID })
		})
		if len(list) > 0 && (len(left) == 0 || left[0].ID != list[0].ID) {
			t.Fatalf("%+v take the newest of %s", rules, timesOf(list))
		}
		if again := rules.surplus(left, time.UTC); len(again) > 1 { // the oldest may stay for being the oldest
			t.Fatalf("%+v applied again take %s of %s", rules, timesOf(again), timesOf(left))
		}
	}
}
