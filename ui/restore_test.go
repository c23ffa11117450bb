package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2/theme"

	"roost/syncer"
)

// The three doors, each to its end, on a real engine.
func TestEveryDoorOfRestoreLeadsToFilesThatAreBack(t *testing.T) {
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Restore)
	r := d.w.screens[Restore].(*restoring)

	t.Run("a lost file", func(t *testing.T) {
		d.t = t
		d.tap("I lost a file")
		d.sees("Search every version")
		d.enter("marta")
		d.tap("marta.txt")
		d.tap("Restore…")
		d.tap("Restore")
		d.sees("1 file restored")
		if !strings.Contains(k.content("Letters/2024/marta.txt"), "the second version") {
			t.Error("the letter is not back")
		}
	})
	t.Run("restoring again finds it in its place", func(t *testing.T) {
		d.t = t
		d.w.Show(Files)
		d.tap("Restore…")
		d.tap("Restore")
		d.sees("Everything is there already", "1 was there already, the same")
		d.tap("Done")
	})
	t.Run("a date, with both files kept", func(t *testing.T) {
		d.t = t
		k.write("Letters/2024/marta.txt", "written since, and not saved yet")
		d.tap("Go back to a date")
		d.sees("Choose a moment")
		r.date.dates.table.Select(2) // the oldest
		d.settle()
		d.sees("2 files", "1 deleted since comes back", "1 made since stays", "Letters/2024/marta.txt", "beach.png")
		d.tap("Restore…")
		d.tap("Restore")
		d.sees("1 file restored", "1 was there already, the same")
		if got := k.content("Letters/2024/marta.txt"); got != "written since, and not saved yet" {
			t.Errorf("what was there became %q", got)
		}
		names, err := filepath.Glob(filepath.Join(k.dir, "Letters/2024/marta*.txt"))
		if err != nil || len(names) != 2 {
			t.Fatalf("there are %q, %v", names, err)
		}
		d.tap("Done")
	})
	t.Run("replacing, when somebody says so", func(t *testing.T) {
		d.t = t
		d.tap("Go back to a date")
		d.tap("Restore…")
		d.tap("Replace")
		d.tap("Restore")
		if got := k.content("Letters/2024/marta.txt"); !strings.Contains(got, "the first version") {
			t.Errorf("the letter holds %q", got)
		}
		d.tap("Done")
	})
	t.Run("skipping", func(t *testing.T) {
		d.t = t
		k.write("notes.md", "mine")
		d.tap("Go back to a date")
		d.tap("Restore…")
		d.tap("Skip")
		d.tap("Restore")
		d.sees("1 skipped, because another file is there")
		if k.content("notes.md") != "mine" {
			t.Error("the notes were overwritten")
		}
		d.tap("Done")
	})
	t.Run("a new computer", func(t *testing.T) {
		d.t = t
		to := t.TempDir()
		d.w.picked = func(chosen func(string)) { chosen(to) }
		d.tap("New computer")
		d.sees("To this computer", "To another computer", "Replacing an old computer deletes nothing")
		d.tap("Laptop")
		d.sees("Restore everything of Laptop")
		d.tap("To another folder")
		d.tap("Restore")
		d.sees("2 files restored", "In "+filepath.Join(to, "Papers"))
		if b, err := os.ReadFile(filepath.Join(to, "Papers", "beach.png")); err != nil || string(b) != k.content("beach.png") {
			t.Errorf("the picture did not come back: %v", err)
		}
		d.tap("Done")
	})
	t.Run("what could not be restored is said with its reason", func(t *testing.T) {
		d.t = t
		if err := errors.Join(os.Remove(filepath.Join(k.dir, "beach.png")), os.MkdirAll(filepath.Join(k.dir, "beach.png", "in the way"), 0o755)); err != nil {
			t.Fatal(err)
		}
		d.tap("Go back to a date")
		r.date.dates.table.Select(0)
		d.settle()
		d.tap("Restore…")
		d.tap("Replace")
		d.tap("Restore")
		d.sees("1 restored, 1 could not be", "What could not be restored, and why", "beach.png")
	})
	t.Run("a storage that went away, and came back", func(t *testing.T) {
		d.t = t
		d.tap("Done")
		to := t.TempDir()
		d.w.picked = func(chosen func(string)) { chosen(to) }
		d.tap("Go back to a date")
		r.date.dates.table.Select(1)
		d.settle()
		k.kubo.Stop(t)
		d.tap("Restore…")
		d.tap("To another folder")
		d.tap("Restore")
		d.sees("Your storage can't be reached", "Go on", "Cancel")
		d.tap("Cancel")
		d.sees("Cancelled before everything was back")
		k.kubo.Start(t)
	})
}

// elsewhere is an error that another process told.
type elsewhere struct{}

func (elsewhere) Error() string { return "told by another Roost" }

func (elsewhere) Problem() syncer.Problem {
	return syncer.Problem{Code: "storage_full", Severity: severityNeedsYou, Title: "Your storage is full"}
}

// An engine of another process says itself what went wrong, also beside what could be read.
func TestWhatAnotherProcessSaysIsShownInItsPlace(t *testing.T) {
	d := sampleDesk(t, "en", theme.VariantLight)
	d.w.Show(Files)
	d.settle()
	f := d.w.screens[Files].(*filesScreen)
	d.kept.err = fmt.Errorf("ask: %w", elsewhere{})
	f.openFile(f.known.folders[0].below("notes.md"))
	d.settle()
	d.sees("Your storage is full", "Try again")
	d.kept.err = nil
	d.tap("Try again")
	d.sees("The boiler man comes on Tuesday.")
	d.kept.err = elsewhere{}
	f.find("e")
	d.settle()
	d.sees("Your storage is full", "45 found") // and what was found all the same
}

// Whatever the order of stops and goes, nothing is counted twice and no failure is forgotten.
func TestTheReportCountsEachFileOnce(t *testing.T) {
	bad := []syncer.Failure{{Path: "a", Reason: "it was there"}}
	for name, c := range map[string]struct {
		tries              []partDone
		cancelled          bool
		files, same, fails int64
	}{
		"at once":               {[]partDone{{&syncer.Restored{Files: 7, Same: 2, Failed: bad}, true}}, false, 7, 2, 1},
		"paused":                {[]partDone{{&syncer.Restored{Files: 4, Same: 1, Failed: bad}, false}, {&syncer.Restored{Files: 3, Same: 6, Failed: bad}, true}}, false, 7, 2, 1},
		"paused twice":          {[]partDone{{&syncer.Restored{Files: 4}, false}, {&syncer.Restored{Files: 1, Same: 4}, false}, {&syncer.Restored{Files: 2, Same: 7}, true}}, false, 7, 2, 0},
		"cancelled":             {[]partDone{{&syncer.Restored{Files: 4, Same: 1, Failed: bad}, false}}, true, 4, 1, 1},
		"two parts":             {[]partDone{{&syncer.Restored{Files: 4, Failed: bad}, true}, {&syncer.Restored{Files: 3, Same: 2, Failed: bad}, true}}, false, 7, 2, 2},
		"stopped at its start":  {[]partDone{{nil, false}, {&syncer.Restored{Files: 7, Same: 2}, true}}, false, 7, 2, 0},
		"cancelled and nothing": {[]partDone{{nil, false}}, true, 0, 0, 0},
	} {
		var r run
		for _, x := range c.tries {
			r.total.add(x.got, x.whole)
		}
		if c.cancelled {
			r.cancel()
		}
		if o := r.total; o.files != c.files || o.same != c.same || int64(len(o.failed)) != c.fails || o.cancelled != c.cancelled {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// stepped is a restore that goes as far as it is let.
type stepped struct {
	browser
	mu    sync.Mutex // guards asked
	asked []syncer.RestoreOptions
	begun chan syncer.Report
	let   chan *syncer.Restored
}

func (e *stepped) Restore(ctx context.Context, o syncer.RestoreOptions, r syncer.Report) (*syncer.Restored, error) {
	e.mu.Lock()
	e.asked = append(e.asked, o)
	e.mu.Unlock()
	e.begun <- r
	select {
	case got := <-e.let:
		return got, nil
	case <-ctx.Done():
		return &syncer.Restored{Files: 700, Bytes: 7_000_000, Targets: []string{"/home/ana/Pictures"}}, ctx.Err()
	}
}

// A restore that is paused goes on with the same, and its report is that of the whole.
func TestAPausedRestoreGoesOnWithTheSameAndReportsTheWhole(t *testing.T) {
	s := newStage(t)
	e := &stepped{begun: make(chan syncer.Report), let: make(chan *syncer.Restored)}
	s.engine.browser = e
	r := s.w.screens[Restore].(*restoring)
	r.loaded, r.known = true, newTimeline(nil, false)
	s.w.Show(Restore)
	r.begin(wish{title: "Restore Pictures", parts: []syncer.RestoreOptions{{Snapshot: "ab", InPlace: true, OnConflict: syncer.SkipFile}}})
	report := <-e.begun
	report(syncer.Progress{Phase: "restoring", Files: 500, TotalFiles: 1206, Bytes: 5_000_000, TotalBytes: 12_000_000, Current: "2024/beach.jpg"})
	(<-s.posts)()
	if said := texts(s.w.over.Canvas()); !said["500 of 1,206 files · 5.0 MB of 12.0 MB"] || !said["2024/beach.jpg"] {
		t.Errorf("the progress is not shown: %v", said)
	}
	start := time.Now()
	s.tap("Pause")
	if took := time.Since(start); took > 50*time.Millisecond {
		t.Errorf("pausing took %v", took)
	}
	s.until(func() bool { return r.run.state == runPaused })
	if said := texts(s.w.over.Canvas()); !said["What came back until now is in its place. Going on brings the rest."] {
		t.Error("it does not say that it is paused")
	}
	s.tap("Go on")
	<-e.begun
	go func() {
		e.let <- &syncer.Restored{
			Files: 504, Bytes: 5_000_000, Same: 701, Targets: []string{"/home/ana/Pictures"},
			Failed: []syncer.Failure{{Path: "a.jpg", Reason: "its stored data is damaged"}, {Path: "b.jpg", Reason: "no permission to write it"}},
		}
	}()
	s.until(func() bool { return r.run.state == runOver })
	said := texts(s.w.over.Canvas())
	for _, want := range []string{"1,204 restored, 2 could not be", "12.0 MB · 1 was there already, the same", "Its stored data is damaged", "No permission to write it", "a.jpg"} {
		if !said[want] {
			t.Errorf("the report lacks %q: %v", want, said)
		}
	}
	if len(e.asked) != 2 || e.asked[0].Snapshot != e.asked[1].Snapshot || e.asked[0].OnConflict != e.asked[1].OnConflict {
		t.Errorf("the engine was asked %+v", e.asked)
	}
}

// until draws what comes until something is so.
func (s *stage) until(so func() bool) {
	s.t.Helper()
	for !so() {
		select {
		case f := <-s.posts:
			f()
		case <-time.After(20 * time.Second):
			s.t.Fatal("it never came to that")
		}
	}
}
