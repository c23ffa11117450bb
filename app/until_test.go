package main

import (
	"testing"
	"time"
)

func TestWhenAPauseEnds(t *testing.T) {
	lisbon, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 24, 23, 30, 0, 0, lisbon) // the clock is set back that night
	for text, want := range map[string]string{
		"":                          "",
		"30m":                       "2026-10-25T00:00:00+01:00",
		"1h":                        "2026-10-25T00:30:00+01:00",
		"1h30m":                     "2026-10-25T01:00:00+01:00",
		"2d":                        "2026-10-26T23:30:00Z",
		"tomorrow":                  "2026-10-25T06:00:00Z",
		" Tomorrow":                 "2026-10-25T06:00:00Z",
		"2026-12-31":                "2026-12-31T06:00:00Z",
		"2026-12-31 18:00":          "2026-12-31T18:00:00Z",
		"2026-12-31T18:00":          "2026-12-31T18:00:00Z",
		"2026-12-31T18:00:00+02:00": "2026-12-31T18:00:00+02:00",
	} {
		got, err := parseUntil(text, now)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if text == "" != got.IsZero() || text != "" && got.Format(time.RFC3339) != want {
			t.Errorf("%q: %s, want %s", text, got.Format(time.RFC3339), want)
		}
	}
	for _, text := range []string{
		"0s", "-1h", "yesterday", "2026-10-24", "2026-13-01", "1", "d", "-1d", "1.5d", "99999d", "9999-12-31", "1h tomorrow", "0d", "\xff",
	} {
		if got, err := parseUntil(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzUntil(f *testing.F) {
	for _, text := range []string{"1h", "2d", "tomorrow", "2026-12-31 18:00", "-1ns"} {
		f.Add(text)
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		until, err := parseUntil(text, now)
		if err == nil && !until.IsZero() && (!until.After(now) || until.Year() > lastYear) {
			t.Errorf("%q ends %v", text, until)
		}
	})
}
