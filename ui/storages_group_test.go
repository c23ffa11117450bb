package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// met waits until a member of a cluster knows of so many that answer.
func met(t *testing.T, m *nodetest.Member, want int) {
	t.Helper()
	c := m.Node(t, 0)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) { // it tells nobody
		all, err := c.Members(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(slices.DeleteFunc(all, func(m node.Member) bool { return m.Reason != "" })) == want {
			return
		}
	}
	t.Fatalf("the member never knew of %d", want)
}

// toldOf draws how the engine says that things are until the window says all of that.
func (d *desk) toldOf(e *syncer.Engine, wanted ...string) {
	d.t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) { // a cluster tells nobody
		d.tell(e)
		all := strings.Join(d.said(), "\n")
		if !slices.ContainsFunc(wanted, func(text string) bool { return !strings.Contains(all, text) }) {
			return
		}
	}
	d.sees(wanted...)
}

// Two storages that act as one become a second place: every field that can be filled in wrongly says so, who is away is named,
// and how many of them shall hold everything is changed by what a person sees.
func TestAGroupOfStoragesIsAddedAndToldOf(t *testing.T) {
	one := nodetest.StartMember(t, "attic", nil)
	two := nodetest.StartMember(t, "cellar", one)
	met(t, one, 2)
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	d.tell(k.engine)
	d.tap("Add storage")
	d.tap("A device that I already run")
	d.typed("Address", one.Kubo.URL)
	d.seesNot("Address of the group")
	d.tap("It is one of several storages acting as one, off")
	d.sees("It is one of several storages acting as one, on", "Name and password of the group")
	for _, wrong := range []struct{ address, password, want string }{
		{"two words", "", "This is no address. It looks like this: http://raspberrypi:9094"},
		{"http://127.0.0.1:1", "", "Check the group's address, and that the program which joins the storages runs on the device."},
		{one.API, "", "The group of your storage didn't accept this computer's password"},
		{one.API, "roost:wrong", "Compare the group's name and password with those on the device."},
		{two.API, "roost:cluster-of-a-test", "The group's address leads to another storage than this one"},
	} {
		d.typed("Address of the group", wrong.address)
		d.typed("Name and password of the group", wrong.password)
		d.tap("Test it")
		d.sees(wrong.want)
		d.seesNot("It works")
		d.tap("Continue")
		d.sees(wrong.want)
	}
	d.typed("Address of the group", strings.TrimPrefix(one.API, "http://")) // as people type it
	d.typed("Name and password of the group", "roost:cluster-of-a-test")
	d.tap("Test it")
	d.sees("It works")
	d.seesNot("roost:cluster-of-a-test")
	d.tap("Continue")
	d.sees("holds everything now")
	d.toldOf(k.engine, "2 of 2 copies", "2 of 2 hold your newest versions", "attic", "cellar")
	group := d.w.screens[Storages].(*storagesScreen).panels[1]
	group.check.Tapped(nil)
	d.settle()
	d.sees("It is one of several storages that act as one, and they can be asked.", "As many of the storages that act as one hold your newest versions as you want.")
	d.tap("Close what was checked")

	two.Stop(t)
	d.toldOf(k.engine, "1 of 2 copies", "1 of 2 hold your newest versions", "cellar, Does not answer")
	group.check.Tapped(nil)
	d.settle()
	d.sees("Not enough storages of the group hold your newest versions", "Fix it")
	d.tap("Close what was checked")
	d.tap("Change how many of them hold everything")
	d.sees("How many of them shall hold everything?", "✓ all that are there now")
	d.tap("2 of them") // one of two is away, and was seen: it may come back
	d.tap("Save")
	d.toldOf(k.engine, "1 of 2 hold your newest versions")
	d.tap("Change how many of them hold everything")
	d.sees("✓ 2 of them")
	d.tap("1 of them")
	d.tap("Cancel") // which changes nothing
	d.toldOf(k.engine, "1 of 2 hold your newest versions")
	d.tap("Change how many of them hold everything")
	d.tap("1 of them")
	d.tap("Save")
	d.toldOf(k.engine, "2 of 2 copies", "1 of 1 holds your newest versions")

	// Its password was changed: it is told, and the storage is found again with the new one.
	d.tap("Details")
	d.sees("peer ID")
	d.seesNot("cluster-of-a-test")
	d.tap("Close")
	group.move.Tapped(nil)
	d.settle()
	d.sees("Where is 127.0.0.1 now?", "It is one of several storages acting as one, on")
	d.typed("Name and password of the group", "roost:wrong")
	d.tap("Continue")
	d.sees("The group of your storage didn't accept this computer's password")
	d.typed("Name and password of the group", "roost:cluster-of-a-test")
	d.tap("Continue")
	d.sees("It answers.", "It keeps your newest versions.")
	d.toldOf(k.engine, "2 of 2 copies", "1 of 1 holds your newest versions")
}

// What a person wants stays so where nobody changes it, also while fewer members are known, and a long list is one that the
// keyboard walks through.
func TestTheCopiesOfALargeGroupAreChosenWithTheKeyboard(t *testing.T) {
	s := newStage(t)
	s.show(storageSamples()["group-few"])
	s.w.Show(Storages)
	s.tap("Change how many of them hold everything")
	s.tap("Save")
	s.finish(nil)
	if got := s.called(); !slices.Equal(got, []string{"want 40 copies on Pi in the living room"}) {
		t.Errorf("the engine was asked %q", got)
	}

	d := recordDesk(t, "en", theme.VariantLight)
	keepingStates()["storage-group-few-copies"](d)
	d.w.over.Resize(MinSize)
	c := d.w.over.Canvas()
	driver := fyne.CurrentApp().Driver()
	var list fyne.CanvasObject
	for _, o := range visibleIn(c.Overlays().Top()) {
		if scroll, ok := o.(*container.Scroll); ok {
			list = scroll
		}
	}
	if list == nil {
		t.Fatal("a list of forty does not scroll")
	}
	var walked []string
	for range 43 { // the list, Cancel and Save, from what is chosen on
		o := c.Focused().(fyne.CanvasObject)
		walked = append(walked, o.(fyne.Accessible).AccessibilityLabel())
		top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(list).Y
		if _, button := o.(*kit.Button); !button && (top < -1 || top+o.Size().Height > list.Size().Height+1) {
			t.Errorf("%q has the keyboard, and is not seen: it is at %v of %v", walked[len(walked)-1], top, list.Size().Height)
		}
		c.FocusNext()
	}
	if got := strings.Join(walked[:5], ", "); got != "✓ 40 of them, Cancel, Save, all that are there now, 1 of them" || walked[42] != "39 of them" {
		t.Errorf("the keyboard goes through %q", walked)
	}
}
