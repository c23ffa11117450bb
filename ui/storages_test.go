package ui

import (
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
	"roost/vault/node/nodetest"
)

// tell draws how the engine says that things are now.
func (d *desk) tell(e *syncer.Engine) {
	d.t.Helper()
	acts, err := e.Activity(d.t.Context(), 50)
	if err != nil {
		d.t.Fatal(err)
	}
	d.w.draw(Now{Status: e.Status(d.t.Context()), At: time.Now(), Activity: acts})
	d.settle()
}

// typed types into a line that is on screen, in place of what was there.
func (d *desk) typed(name, text string) {
	d.t.Helper()
	for _, o := range visible(d.w.over.Canvas()) {
		if e, ok := o.(interface {
			AccessibilityLabel() string
			SetText(string)
		}); ok && strings.HasPrefix(e.AccessibilityLabel(), name) {
			if _, isText := o.(*kit.Text); !isText {
				e.SetText(text)
				return
			}
		}
	}
	d.t.Fatalf("there is no field %q", name)
}

// A second storage is added, checked, moved, and takes the place of the first: each by what a person sees.
func TestStoragesAreAddedCheckedMovedAndRemoved(t *testing.T) {
	k, second := keep(t), nodetest.StartKubo(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	s := d.w.screens[Storages].(*storagesScreen)
	d.tell(k.engine)
	d.sees("1 of 1 copy", "Holds your newest versions", "Pi")
	d.seesNot("Kubo", "http://", "peer")

	d.tap("Check connection")
	d.sees("It answers.", "It takes what it is given, and gives it back.", "Your backup is there and opens.", "It keeps your newest versions.")
	d.tap("Close what was checked")
	d.seesNot("It answers.")
	d.tap("Details")
	d.sees("Kubo 0.", k.kubo.URL, "peer ID")
	d.tap("Close")

	d.tap("Remove…") // the only one cannot go
	d.sees("Pi is your only storage")
	d.tap("Add storage")
	d.sees("Where should another copy be kept?")
	d.tap("A device that I already run")
	d.typed("Address", second.URL)
	d.typed("Key", "bearer:wrong")
	d.tap("Test it")
	d.sees("Your storage didn't accept this computer's key")
	d.typed("Key", second.Token)
	d.tap("Test it")
	d.sees("It works")
	d.tap("Continue")
	d.sees("holds everything now")
	d.tell(k.engine)
	d.sees("2 of 2 copies", "Your newest versions are on every storage.")

	// It lets go of everything, and Roost mends that by itself when it is told to.
	there := second.Node(t)
	pins, err := there.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pins {
		if err := there.PinRemove(t.Context(), p.CID); err != nil {
			t.Fatal(err)
		}
	}
	s.panels[1].check.Tapped(nil)
	d.settle()
	d.sees("Fix it", "a second.")
	d.tap("Fix it")
	d.settle()
	d.sees("It keeps your newest versions.")
	d.seesNot("Fix it")
	d.tap("Close what was checked")

	was := second.URL
	second.Stop(t)
	d.tell(k.engine)
	d.sees("1 of 2 copies", "Your storage can't be reached")
	d.tap("Check connection")
	d.sees("Your storage can't be reached")
	second.Start(t)
	if second.URL == was {
		t.Fatal("the storage was not moved")
	}
	d.tap("Change address…")
	d.sees("Where is 127.0.0.1 now?")
	d.typed("Address", second.URL)
	d.typed("Key", second.Token)
	d.tap("Continue")
	d.sees("It answers.", "It keeps your newest versions.")
	d.tell(k.engine)
	d.sees("2 of 2 copies")

	s.panels[0].remove.Tapped(nil)
	d.sees("Remove Pi?", "Your newest versions are on 127.0.0.1.")
	d.tap("Remove Pi")
	d.tell(k.engine)
	d.sees("1 of 1 copy")
	d.seesNot("Pi")
	k.write("after.txt", "goes to the second")
	k.save()
	d.tell(k.engine)
	d.sees("Holds your newest versions")
}

// A storage in a folder of this computer, chosen by hand.
func TestAStorageInAFolderIsAdded(t *testing.T) {
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	d.tell(k.engine)
	dir := t.TempDir()
	d.w.picked = func(chosen func(string)) { chosen(dir) }
	d.tap("Add storage")
	d.tap("An external drive")
	d.tap("Another folder")
	d.tap("Use it anyway") // it is the disk of the test's home
	d.sees("holds everything now")
	d.tell(k.engine)
	d.sees("2 of 2 copies", "Open folder", filepath.Base(dir))
	d.tap("Add storage")
	d.seesNot("This computer") // there is one here
	d.tap("Back")
	d.sees("2 of 2 copies")
}

// What may be sent in a month is typed as people do.
func TestTheMonthsDataIsSet(t *testing.T) {
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	d.tell(k.engine)
	d.tap("Change how much is sent in a month")
	d.typed("Gigabytes a month", "much")
	d.tap("Save")
	d.sees("This is no number of gigabytes.")
	d.typed("Gigabytes a month", " 12,5 ")
	d.tap("Save")
	d.tell(k.engine)
	d.sees("of 12.5 GB")
	d.tap("Change how much is sent in a month")
	d.typed("Gigabytes a month", "")
	d.tap("Save")
	d.tell(k.engine)
	d.seesNot("of 12.5 GB")
	for typed, want := range map[string]string{"1": "1GB", "0.5": "0.5GB", "": "none", "0": "", "-1": "", "1e9": "", "NaN": "", "1,000,000": ""} {
		if got, ok := readBudget(typed); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v", typed, got, ok)
		}
	}
}

// Adding that does not go well says why, can be tried again, and can be stopped.
func TestAddingAStorageCanBeStoppedAndTriedAgain(t *testing.T) {
	s := newStage(t)
	s.show(storageSamples()["one"])
	s.w.Show(Storages)
	screen := s.w.screens[Storages].(*storagesScreen)
	screen.join(syncer.SetupOptions{NodeName: "USB drive", LocalDir: "/x"})
	s.w.root.Refresh()
	if !texts(s.w.over.Canvas())["Everything is being copied to USB drive"] {
		t.Error("it is not said that everything is being copied")
	}
	s.finish(syncer.ErrNoRoom)
	if !texts(s.w.over.Canvas())["There is not enough space on this disk"] {
		t.Error("it is not said what went wrong")
	}
	s.tap("Try again")
	s.finish(nil)
	if !texts(s.w.over.Canvas())["USB drive holds everything now"] {
		t.Error("it is not said that it went well")
	}
	screen.join(syncer.SetupOptions{NodeName: "Server", URL: "https://x"})
	s.tap("Stop")
	(<-s.posts)() // without an answer
	if screen.joining != nil {
		t.Error("it goes on")
	}
}

// What happened, what was not saved and why, and what helps, on the real engine.
func TestActivitySaysWhatWasNotSavedAndMendsIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Fatal("sockets need another place there") // these tests run on Linux
	}
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, ActivityLog)
	d.tell(k.engine)
	d.sees("Papers saved", "Pi", "Today")
	d.tap("Problems")
	d.sees("Nothing went wrong")
	d.tap("Not saved")
	d.sees("Nothing is missing")

	l, err := net.Listen("unix", filepath.Join(k.dir, "agent.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	k.write("old/.roostignore", "[\n")
	k.write("new.txt", "new")
	k.save()
	now := d.w.now
	d.tell(k.engine)
	if d.w.now.Saved.Equal(now.Saved) {
		t.Fatal("nothing new was saved")
	}
	d.sees("agent.sock", "It is no file", "old/.roostignore", "A line of this file makes no sense")
	d.tap("old/.roostignore")
	d.sees("mend the line")
	d.seesNot("Leave it out")
	d.tap("agent.sock")
	d.tap("Leave it out")
	d.sees("Leave out agent.sock?", "What was saved of it before stays")
	d.tap("Leave it out")
	d.sees("agent.sock is left out from now on")
	if got := k.content(".roostignore"); got != "/agent.sock\n" {
		t.Errorf("the rules are %q", got)
	}
	k.save()
	d.tell(k.engine)
	for _, x := range d.w.screens[ActivityLog].(*activityScreen).lacks.list.lines {
		if x.Path == "agent.sock" {
			t.Error("it is still told as not saved")
		}
	}
	d.tap("All")
	d.tap("Papers saved, 5 bytes new")
	d.sees("to Pi", "agent.sock", "old/.roostignore")
	d.tap("Back")
	d.sees("When")
}

// "See all" of the home screen leads to what happened.
func TestSeeAllLeadsToTheActivity(t *testing.T) {
	d := recordDesk(t, "en", theme.VariantLight)
	*d.record = *sampleRecord(40)
	d.tap("See all activity")
	if d.w.Opened() != ActivityLog {
		t.Errorf("it opens %d", d.w.Opened())
	}
	d.sees("Pictures saved, 1.7 MB new", "When")
}

// The list follows what happens while it is open, and keeps what somebody looks at.
func TestTheActivityIsLive(t *testing.T) {
	d := recordDesk(t, "en", theme.VariantLight)
	*d.record = *sampleRecord(3)
	d.w.Show(ActivityLog)
	d.settle()
	a := d.w.screens[ActivityLog].(*activityScreen)
	if len(a.rows) != 3 {
		t.Fatalf("%d are listed", len(a.rows))
	}
	a.choose(1)
	looked := a.one.of
	newest := syncer.Activity{Time: morning, Kind: syncer.ActivityBackup, Folder: "/home/ana/Music", Bytes: 5000}
	d.record.acts = append([]syncer.Activity{newest}, d.record.acts...)
	now := sampleNow()
	now.Activity = d.record.acts
	d.w.draw(now)
	d.settle()
	if len(a.rows) != 4 || a.rows[0].Folder != "/home/ana/Music" {
		t.Errorf("the list has %d", len(a.rows))
	}
	if a.open == nil || a.one.of.Folder != looked.Folder {
		t.Error("what was looked at went away")
	}
	d.tap("Back")
	d.sees("Music saved, 5.0 kB new")
	d.w.draw(now) // the same again asks nothing
	if len(d.w.jobs) != 0 {
		t.Error("the same value is asked for again")
	}
}

// A thousand lines, and many thousand, scroll without a stall; a slow engine holds up nothing.
func TestTheActivityScrollsAndNeverHoldsUpTheWindow(t *testing.T) {
	d := recordDesk(t, "en", theme.VariantLight)
	*d.record = *sampleRecord(10_000)
	d.w.Show(ActivityLog)
	d.settle()
	a := d.w.screens[ActivityLog].(*activityScreen)
	if len(a.rows) != manyActivities {
		t.Fatalf("%d are listed", len(a.rows))
	}
	slowest := time.Duration(0)
	for row := 0; row < len(a.rows); row += 37 {
		slowest = max(slowest, least(func() { a.table.ScrollTo(row) }))
	}
	t.Logf("the slowest step took %v", slowest)
	if slowest > noStall {
		t.Errorf("a step of scrolling took %v", slowest)
	}
	d.tap("Show older ones too")
	if len(a.rows) != 10_000 {
		t.Errorf("%d are listed", len(a.rows))
	}
	if took := least(func() { a.show() }); took > noBlock {
		t.Errorf("drawing the list took %v", took)
	}
	d.tap("Problems")
	if len(a.rows) == 0 || len(a.rows) == 10_000 {
		t.Errorf("%d problems are listed", len(a.rows))
	}
}
