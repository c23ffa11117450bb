package main

import (
	"fmt"
	"strings"
	"time"
)

// morning is the hour at which a pause until a day ends.
const morning = 6

// parseUntil reads when something ends: a time from now (30m, 1h, 2d), tomorrow, a day, or a day and an hour. A day
// alone means its morning. The zero time stands for "".
func parseUntil(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "":
		return time.Time{}, nil
	case "tomorrow":
		return time.Date(now.Year(), now.Month(), now.Day()+1, morning, 0, 0, 0, now.Location()), nil
	}
	until, ok := fromNow(text, now)
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04", time.RFC3339} {
		if ok {
			break
		}
		t, err := time.ParseInLocation(layout, text, now.Location())
		if err != nil {
			continue
		}
		if ok, until = true, t; layout == "2006-01-02" {
			until = time.Date(t.Year(), t.Month(), t.Day(), morning, 0, 0, 0, now.Location())
		}
	}
	switch {
	case !ok:
		return time.Time{}, fmt.Errorf("%q is no time: give 30m, 1h, 2d, tomorrow or a date such as %s", text, now.AddDate(0, 0, 7).Format("2006-01-02"))
	case !until.After(now):
		return time.Time{}, fmt.Errorf("%s is over already", when(until))
	case until.Year() > lastYear:
		return time.Time{}, fmt.Errorf("%q is too far away", text)
	}
	return until, nil
}

// lastYear is the last one for which a pause has an end that is written with four digits.
const lastYear = 9998

// fromNow reads a number of days or what Go writes for a duration.
func fromNow(text string, now time.Time) (time.Time, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days, "%d", &n); err == nil && fmt.Sprint(n) == days && n < 10_000 {
			return now.AddDate(0, 0, n), true
		}
		return time.Time{}, false
	}
	d, err := time.ParseDuration(text)
	return now.Add(d), err == nil
}

// untilWords is when a pause ends.
func untilWords(t time.Time) string {
	if t.Year() > lastYear {
		return "until it is resumed: roost resume"
	}
	return "until " + when(t)
}
