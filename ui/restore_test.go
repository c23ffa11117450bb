package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
	"roost/vault/node"
)

// The three doors, each to its end, on a real engine.
func TestEveryDoorOfRestoreLeadsToFilesThatAreBack(t *testing.T) {
	k := keep(t)
	k.runs()
	d := newDesk(t, realEngine{Engine: k.engine}, Restore)
	r := d.w.screens[Restore].(*restoring)
	restored := func(label, state string) { d.t.Helper(); d.restored(k, label, state) }

	t.Run("a lost file", func(t *testing.T) {
		d.t = t
		d.tap("I lost a file")
		d.sees("Search every version")
		d.enter("marta")
		d.tap("marta.txt")
		d.tap("Restore…")
		restored("Restore", syncer.ErrandOver)
		d.sees("1 file restored")
		if !strings.Contains(k.content("Letters/2024/marta.txt"), "the second version") {
			t.Error("the letter is not back")
		}
	})
	t.Run("restoring again finds it in its place", func(t *testing.T) {
		d.t = t
		d.w.Show(Files)
		d.tap("Restore…")
		restored("Restore", syncer.ErrandOver)
		d.sees("Everything is there already", "1 was there already, the same")
		restored("Done", "")
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
		restored("Restore", syncer.ErrandOver)
		d.sees("1 file restored", "1 was there already, the same")
		if got := k.content("Letters/2024/marta.txt"); got != "written since, and not saved yet" {
			t.Errorf("what was there became %q", got)
		}
		names, err := filepath.Glob(filepath.Join(k.dir, "Letters/2024/marta*.txt"))
		if err != nil || len(names) != 2 {
			t.Fatalf("there are %q, %v", names, err)
		}
		restored("Done", "")
	})
	t.Run("replacing, when somebody says so", func(t *testing.T) {
		d.t = t
		d.tap("Go back to a date")
		d.tap("Restore…")
		d.tap("Replace")
		restored("Restore", syncer.ErrandOver)
		if got := k.content("Letters/2024/marta.txt"); !strings.Contains(got, "the first version") {
			t.Errorf("the letter holds %q", got)
		}
		restored("Done", "")
	})
	t.Run("skipping", func(t *testing.T) {
		d.t = t
		k.write("notes.md", "mine")
		d.tap("Go back to a date")
		d.tap("Restore…")
		d.tap("Skip")
		restored("Restore", syncer.ErrandOver)
		d.sees("1 skipped, because another file is there")
		if k.content("notes.md") != "mine" {
			t.Error("the notes were overwritten")
		}
		restored("Done", "")
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
		restored("Restore", syncer.ErrandOver)
		d.sees("2 files restored", "In "+filepath.Join(to, "Papers"))
		if b, err := os.ReadFile(filepath.Join(to, "Papers", "beach.png")); err != nil || string(b) != k.content("beach.png") {
			t.Errorf("the picture did not come back: %v", err)
		}
		restored("Done", "")
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
		restored("Restore", syncer.ErrandOver)
		d.sees("1 restored, 1 could not be", "What could not be restored, and why", "beach.png")
	})
	t.Run("a storage that went away, and came back", func(t *testing.T) {
		d.t = t
		restored("Done", "")
		to := t.TempDir()
		d.w.picked = func(chosen func(string)) { chosen(to) }
		d.tap("Go back to a date")
		r.date.dates.table.Select(1)
		d.settle()
		k.kubo.Stop(t)
		d.tap("Restore…")
		d.tap("To another folder")
		restored("Restore", syncer.ErrandStopped)
		d.sees("Your storage can't be reached", "Go on", "Cancel")
		restored("Cancel", syncer.ErrandOver)
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

// A restore is paused and gone on with by the person, and its report is that of the whole.
func TestARestoreIsSteeredFromItsScreen(t *testing.T) {
	s := newStage(t)
	e := &steered{steps: make(chan string, 10)}
	s.engine.browser = e
	r := s.w.screens[Restore].(*restoring)
	r.loaded, r.known = true, newTimeline(nil, false)
	s.w.Show(Restore)
	now := sampleNow()
	tell := func(state string, total syncer.Restored) {
		now.Restore = sampleRun(state, total)
		s.show(now)
	}
	sees := func(wanted ...string) {
		t.Helper()
		said := texts(s.w.over.Canvas())
		for _, want := range wanted {
			if !said[want] {
				t.Errorf("it lacks %q: %v", want, said)
			}
		}
	}
	did := func(want string) {
		t.Helper()
		if got := <-e.steps; got != want {
			t.Errorf("the engine was asked to %s, want %s", got, want)
		}
		(<-s.posts)()
	}
	r.begin(wish{title: "Restore Pictures", parts: []syncer.RestoreOptions{{Snapshot: "ab", InPlace: true, OnConflict: syncer.SkipFile}}})
	did("start Restore Pictures from ab")
	sees("Restore Pictures", "Working out what has to come back")
	tell(syncer.ErrandGoing, syncer.Restored{})
	sees("500 of 1,206 files · 5.0 GB of 12.0 GB", "2024/beach-house-0412.jpg")
	start := time.Now()
	s.tap("Pause")
	if took := time.Since(start); took > noBlock {
		t.Errorf("pausing took %v", took)
	}
	sees("Stopping…")
	did("pause a1")
	tell(syncer.ErrandPaused, syncer.Restored{})
	sees("What came back until now is in its place. Going on brings the rest.")
	s.tap("Go on")
	did("go on a1")
	tell(syncer.ErrandGoing, syncer.Restored{})
	s.tap("Cancel")
	did("cancel a1")
	tell(syncer.ErrandOver, syncer.Restored{
		Files: 1204, Bytes: 12_000_000, Same: 1, Targets: []string{"/home/ana/Pictures"},
		Failed: []syncer.Failure{{Path: "a.jpg", Reason: "its stored data is damaged"}, {Path: "b.jpg", Reason: "no permission to write it"}},
	})
	sees("1,204 restored, 2 could not be", "12.0 MB · 1 was there already, the same", "Its stored data is damaged", "No permission to write it", "a.jpg")
	s.tap("Done")
	did("put away a1")
}

// The restore of the first steps is paused and gone on with from its own page, and a step that was asked for is not asked twice.
func TestARestoreOfTheFirstStepsIsPausedAndGoesOn(t *testing.T) {
	e := &steered{browser: sampleKept(), steps: make(chan string, 10)}
	d := newDesk(t, stillEngine{browser: e, chooser: sampleChosen(), now: sampleNow()}, Home)
	d.w.onboarding = newOnboarding(d.w, nil)
	d.w.over.SetContent(d.w.onboarding.root())
	d.w.onboarding.showReturning()
	now := sampleNow()
	tell := func(state string) {
		now.Restore = sampleRun(state, syncer.Restored{Files: 1206, Targets: []string{"/home/ana/Documents"}})
		d.w.draw(now)
	}
	did := func(want string) {
		t.Helper()
		select {
		case got := <-e.steps:
			if got != want {
				t.Errorf("the engine was asked to %s, want %s", got, want)
			}
		default:
			t.Errorf("the engine was not asked to %s", want)
		}
	}
	tell(syncer.ErrandGoing)
	d.sees("Bringing your files back", "500 of 1,206 files")
	d.tap("Pause")
	did("pause a1")
	for _, o := range visible(d.w.over.Canvas()) {
		if b, ok := o.(*kit.Button); ok && b.AccessibilityLabel() == "Pause" && !b.Disabled() {
			t.Error("pausing can be asked for twice")
		}
	}
	tell(syncer.ErrandStopping)
	d.sees("Stopping…")
	tell(syncer.ErrandPaused)
	d.sees("Paused", "What came back until now is in its place. Going on brings the rest.")
	d.tap("Go on")
	did("go on a1")
	tell(syncer.ErrandGoing)
	d.seesNot("What came back until now is in its place.")
	unreachable := syncer.Describe(node.ErrUnreachable)
	now.Restore = sampleRun(syncer.ErrandStopped, syncer.Restored{})
	now.Restore.Problem = &unreachable
	d.w.draw(now)
	d.sees("Your storage can't be reached")
	d.tap("Go on")
	did("go on a1")
	tell(syncer.ErrandOver)
	d.sees("Your files are back", "1,206 files restored")
}

// steered notes what it is asked.
type steered struct {
	browser
	steps chan string
}

func (e *steered) StartRestore(_ context.Context, w syncer.RestoreWish) error {
	e.steps <- "start " + w.Title + " from " + w.Parts[0].Snapshot
	return nil
}

func (e *steered) SteerRestore(_ context.Context, id string, step syncer.ErrandStep) error {
	e.steps <- string(step) + " " + id
	return nil
}
