package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"roost/syncer"
)

// meter shows on a terminal how far a piece of work has come, on one line that is drawn again and again. It keeps the
// newest value only. A nil meter shows nothing.
type meter struct {
	w     io.Writer
	width func() int // columns

	mu     sync.Mutex // guards below
	latest syncer.Progress
	known  bool // latest was told at least once

	speed speed // of the drawing goroutine, as is all below
	drawn int   // columns of the line that stands there

	done, ended chan struct{}
}

const (
	redrawEvery = 200 * time.Millisecond
	barWidth    = 20 // columns at most
	barLeast    = 6  // below that a bar says nothing
)

// meter starts one; nil with --json and where standard error is no terminal.
func (c *call) meter() *meter {
	if c.json || !isTerminal(c.err) {
		return nil
	}
	return newMeter(c.err, func() int { return columns(c.err) })
}

func newMeter(w io.Writer, width func() int) *meter {
	m := &meter{w: w, width: width, done: make(chan struct{}), ended: make(chan struct{})}
	go m.run()
	return m
}

func columns(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// report is what the engine is to call; nil for a nil meter.
func (m *meter) report() syncer.Report {
	if m == nil {
		return nil
	}
	return m.tell
}

func (m *meter) tell(p syncer.Progress) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest, m.known = p, true
}

// end wipes the line. It may be called again.
func (m *meter) end() {
	if m == nil {
		return
	}
	select {
	case <-m.done:
	default:
		close(m.done)
	}
	<-m.ended
}

func (m *meter) run() {
	defer close(m.ended)
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			m.draw(now)
		case <-m.done:
			m.put("")
			return
		}
	}
}

func (m *meter) draw(now time.Time) {
	m.mu.Lock()
	p, known := m.latest, m.known
	m.mu.Unlock()
	if known {
		m.put(progressLine(p, now, m.speed.at(now, p), m.width()-1))
	}
}

// put replaces the line. Spaces cover what the last one had more: not every terminal knows how to erase.
func (m *meter) put(line string) {
	n := len([]rune(line))
	fmt.Fprint(m.w, "\r"+line+strings.Repeat(" ", max(0, m.drawn-n)))
	if line == "" && m.drawn > 0 {
		fmt.Fprint(m.w, "\r")
	}
	m.drawn = n
}

// speed knows the bytes per second of the last few seconds.
type speed struct {
	phase string
	marks []mark // oldest first
}

type mark struct {
	at    time.Time
	bytes int64
}

const speedWindow = 10 * time.Second

// at notes where the work is and returns bytes per second; 0 when it is too early to tell.
func (s *speed) at(now time.Time, p syncer.Progress) float64 {
	if p.Phase != s.phase || len(s.marks) > 0 && p.Bytes < s.marks[len(s.marks)-1].bytes {
		s.phase, s.marks = p.Phase, nil
	}
	s.marks = append(s.marks, mark{now, p.Bytes})
	for len(s.marks) > 2 && now.Sub(s.marks[1].at) >= speedWindow {
		s.marks = s.marks[1:]
	}
	first := s.marks[0]
	if d := now.Sub(first.at); d >= time.Second/2 {
		return float64(p.Bytes-first.bytes) / d.Seconds()
	}
	return 0
}

var phaseWords = map[string]string{
	"looking":    "Looking",
	"saving":     "Saving",
	"confirming": "Confirming",
	"restoring":  "Restoring",
	"checking":   "Checking",
	"comparing":  "Comparing",
	"cleaning":   "Cleaning up",
	"freeing":    "Freeing space",
	"starting":   "Starting the storage",
	"moving":     "Copying",
	"exporting":  "Exporting",
	"importing":  "Importing",
	"sampling":   "Sampling",
}

// progressLine is at most width columns: phase, bar, percentage, files, bytes, rate and the time left; the time passed
// where there is nothing to count. What is not known is left out, and no time is promised while it is still being looked
// how much there is.
func progressLine(p syncer.Progress, now time.Time, perSecond float64, width int) string {
	phase, known := phaseWords[p.Phase]
	if !known {
		phase = "Working"
	}
	noun := "files"
	if p.Phase == "checking" {
		noun = "blocks"
	}
	parts := []string{phase}
	looking := p.Phase == "looking"
	part, whole := p.Bytes, p.TotalBytes
	if whole == 0 {
		part, whole = p.Files, p.TotalFiles
	}
	done := -1.0 // the share that is done; below 0: not known
	if whole > 0 && !looking {
		done = max(0, min(1, float64(part)/float64(whole)))
		parts = append(parts, fmt.Sprintf("%d %%", int(done*100)))
	}
	if p.Files > 0 || p.TotalFiles > 0 {
		parts = append(parts, ofTotal(count(p.Files), count(p.TotalFiles), p.TotalFiles, looking)+" "+noun)
	}
	if p.Bytes > 0 || p.TotalBytes > 0 {
		parts = append(parts, ofTotal(size(p.Bytes), size(p.TotalBytes), p.TotalBytes, looking))
	}
	if perSecond > 0 {
		parts = append(parts, size(int64(perSecond))+"/s")
		if left := p.TotalBytes - p.Bytes; left > 0 && !looking {
			parts = append(parts, timeLeft(float64(left)/perSecond))
		}
	}
	if len(parts) == 1 && !p.Started.IsZero() {
		parts = append(parts, fmt.Sprintf("%d s", int(now.Sub(p.Started).Seconds())))
	}
	for len(parts) > 1 && len(strings.Join(parts, "  ")) > width {
		parts = parts[:len(parts)-1]
	}
	if room := width - len(strings.Join(parts, "  ")) - len("  []"); done >= 0 && room >= barLeast {
		parts = slices.Insert(parts, 1, progressBar(done, min(room, barWidth)))
	}
	line := strings.Join(parts, "  ")
	return line[:min(len(line), max(0, width))]
}

func ofTotal(part, total string, known int64, looking bool) string {
	if known == 0 || looking {
		return part
	}
	return part + " of " + total
}

func progressBar(done float64, width int) string {
	full := int(done * float64(width))
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", width-full) + "]"
}

// timeLeft is rounded to what an estimate is worth.
func timeLeft(seconds float64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%d s left", int(seconds)+1)
	case seconds < 3600:
		return fmt.Sprintf("%d min left", int(seconds/60)+1)
	case seconds < 72*3600:
		return fmt.Sprintf("%d h left", int(seconds/3600)+1)
	}
	return fmt.Sprintf("%d days left", int(seconds/86400)+1)
}
