package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"roost/syncer"
)

// count is a number with the thousands set apart: 1,204.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// many is a number with its noun: "1 file", "1,204 files".
func many(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + more
}

func files(n int64) string { return many(n, "file", "files") }

func size(n int64) string { return syncer.Size(n) }

// rate is bytes in a time, per second.
func rate(bytes int64, d time.Duration) string {
	if d <= 0 {
		return "–"
	}
	return size(int64(float64(bytes)/d.Seconds())) + "/s"
}

// took is a time that something needed.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// when is a moment in the person's own time.
func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("Mon 2 Jan 2006, 15:04")
}

// wordGrid shows recovery words as the sheet has them: numbered, four in a row.
func wordGrid(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i%4 == 3 || i == len(words)-1 {
			fmt.Fprintf(&b, "  %2d %s\n", i+1, w)
		} else {
			fmt.Fprintf(&b, "  %2d %-10s", i+1, w)
		}
	}
	return b.String()
}
