package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"roost/syncer"
)

func TestProgressLine(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		p     syncer.Progress
		speed float64
		width int
		want  string
	}{
		{
			syncer.Progress{Phase: "looking", Files: 12345, Bytes: 3_200_000_000, TotalFiles: 99999, TotalBytes: 1e12},
			1e6, 79,
			"Looking  12,345 files  3.2 GB  1.0 MB/s", // no promise while it is still being looked
		},
		{
			syncer.Progress{Phase: "saving", Files: 1204, TotalFiles: 3001, Bytes: 1.2e9, TotalBytes: 3e9},
			85e6, 100,
			"Saving  [########------------]  40 %  1,204 of 3,001 files  1.2 GB of 3.0 GB  85 MB/s  22 s left",
		},
		{
			syncer.Progress{Phase: "saving", Files: 1204, TotalFiles: 3001, Bytes: 1.2e9, TotalBytes: 3e9},
			85e6, 79,
			"Saving  40 %  1,204 of 3,001 files  1.2 GB of 3.0 GB  85 MB/s  22 s left",
		},
		{
			syncer.Progress{Phase: "saving", Files: 1204, TotalFiles: 3001, Bytes: 1.2e9, TotalBytes: 3e9},
			85e6, 30,
			"Saving  [#####---------]  40 %",
		},
		{syncer.Progress{Phase: "saving", Files: 7, Bytes: 7000}, 0, 79, "Saving  7 files  7.0 kB"},
		{
			syncer.Progress{Phase: "checking", Files: 5, TotalFiles: 10},
			0, 79,
			"Checking  [##########----------]  50 %  5 of 10 blocks",
		},
		{syncer.Progress{Phase: "confirming", Started: start}, 0, 79, "Confirming  61 s"},
		{syncer.Progress{Phase: "something new"}, 0, 79, "Working"},
		{syncer.Progress{Phase: "saving", Bytes: 9, TotalBytes: 3}, 0, 50, "Saving  [####################]  100 %  9 B of 3 B"},
		{syncer.Progress{Phase: "saving"}, 0, 3, "Sav"},
		{syncer.Progress{Phase: "saving"}, 0, 0, ""},
	} {
		got := progressLine(tc.p, start.Add(61*time.Second), tc.speed, tc.width)
		if len(got) > tc.width {
			t.Errorf("%d columns of %d: %s", len(got), tc.width, got)
		}
		if got != tc.want {
			t.Errorf("width %d:\ngot  %q\nwant %q", tc.width, got, tc.want)
		}
	}
}

func TestSpeedIsThatOfTheLastSeconds(t *testing.T) {
	var s speed
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := s.at(at, syncer.Progress{Phase: "saving"}); got != 0 {
		t.Errorf("at once: %v", got)
	}
	bytes := int64(0)
	run := func(seconds int, perSecond int64) (got float64) {
		for range seconds {
			at, bytes = at.Add(time.Second), bytes+perSecond
			got = s.at(at, syncer.Progress{Phase: "saving", Bytes: bytes})
		}
		return got
	}
	if got := run(60, 100e6); got < 99e6 || got > 101e6 {
		t.Errorf("steady: %v", got)
	}
	if got := run(20, 1e6); got < 0.9e6 || got > 1.1e6 {
		t.Errorf("after it became slow: %v", got)
	}
	if len(s.marks) > 20 {
		t.Errorf("%d marks are kept", len(s.marks))
	}
	if got := s.at(at.Add(time.Second), syncer.Progress{Phase: "confirming", Bytes: bytes}); got != 0 {
		t.Errorf("another phase begins at once with %v", got)
	}
	if got := s.at(at.Add(2*time.Second), syncer.Progress{Phase: "confirming", Bytes: 0}); got != 0 {
		t.Errorf("counting anew begins with %v", got)
	}
}

func TestTheMeterLeavesAnEmptyLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m := newMeter(&out, func() int { return 80 })
		report := m.report()
		report(syncer.Progress{Phase: "saving", Files: 1})
		report(syncer.Progress{Phase: "saving", Files: 2}) // a slow reader skips
		time.Sleep(time.Second)
		m.end()
		m.end()
		if got := out.String(); !strings.HasPrefix(got, "\rSaving  2 files") || strings.Contains(got, "1 files") {
			t.Errorf("%q", got)
		}
		if screen := onScreen(out.String()); strings.TrimSpace(screen) != "" {
			t.Errorf("left on the line: %q", screen)
		}
	})
}

// onScreen is what a terminal shows after these bytes of one line.
func onScreen(text string) string {
	var line []rune
	at := 0
	for _, r := range text {
		if r == '\r' {
			at = 0
			continue
		}
		if at < len(line) {
			line[at] = r
		} else {
			line = append(line, r)
		}
		at++
	}
	return string(line)
}

func TestNoMeterIsQuiet(t *testing.T) {
	var m *meter
	m.tell(syncer.Progress{})
	m.end()
	if m.report() != nil {
		t.Error("the engine would count for nobody")
	}
}
