package ui

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/vault/node"
)

// keepingStates are what the Storage and Activity screens can look like, each made with what a person would tap.
func keepingStates() map[string]func(d *desk) {
	states := map[string]func(d *desk){}
	for name, now := range storageSamples() {
		states["storage-"+name] = func(d *desk) { d.w.Show(Storages); d.w.draw(now); d.settle() }
	}
	storages := func(d *desk, name string) *storagesScreen {
		states["storage-"+name](d)
		return d.w.screens[Storages].(*storagesScreen)
	}
	asked := func(now string, failed error) func(d *desk) {
		return func(d *desk) {
			s := storages(d, now)
			d.record.info = checked(failed)
			s.panels[0].ask()
			d.settle()
		}
	}
	states["storage-checked"] = asked("one", nil)
	states["storage-checked-away"] = asked("one", node.ErrUnreachable)
	states["storage-details"] = func(d *desk) { storages(d, "two").panels[0].showDetails(); d.settle() }
	states["storage-remove"] = func(d *desk) { storages(d, "two").panels[1].askRemove(); d.settle() }
	states["storage-remove-last"] = func(d *desk) { storages(d, "one").panels[0].askRemove(); d.settle() }
	states["storage-budget"] = func(d *desk) { storages(d, "two").panels[0].askBudget(); d.settle() }
	states["storage-group-details"] = func(d *desk) { storages(d, "group").panels[0].showDetails(); d.settle() }
	states["storage-group-copies"] = func(d *desk) { storages(d, "group").panels[0].askMembers(); d.settle() }
	states["storage-group-few-copies"] = func(d *desk) { storages(d, "group-few").panels[0].askMembers(); d.settle() }
	states["storage-add"] = func(d *desk) { storages(d, "one").add(); d.settle() }
	states["storage-moved"] = func(d *desk) { storages(d, "refused").readdress("Pi in the living room"); d.settle() }
	states["storage-joining"] = func(d *desk) {
		s := storages(d, "one")
		s.joining = &joining{how: syncer.SetupOptions{NodeName: "USB drive"}}
		s.drawJoining()
	}
	states["storage-joining-failed"] = func(d *desk) {
		s := storages(d, "one")
		p := syncer.Describe(fmt.Errorf("copy: %w", node.ErrTimeout))
		s.joining = &joining{how: syncer.SetupOptions{NodeName: "USB drive"}, problem: &p}
		s.drawJoining()
	}

	pins := func(d *desk, of []syncer.Pin, err error) *pinsPage {
		s := storages(d, "one")
		d.record.pins, d.record.err = of, err
		p := newPinsPage(s, "Pi in the living room")
		s.top.Objects = []fyne.CanvasObject{p.root}
		p.look()
		return p
	}
	states["pins"] = func(d *desk) { pins(d, samplePins(), nil); d.settle() }
	states["pins-none"] = func(d *desk) { pins(d, nil, nil); d.settle() }
	states["pins-ours"] = func(d *desk) { pins(d, samplePins()[:2], nil); d.settle() }
	states["pins-away"] = func(d *desk) { pins(d, nil, node.ErrUnreachable); d.settle() }
	states["pins-slow"] = func(d *desk) { pins(d, nil, nil) } // no answer yet
	states["pins-own"] = func(d *desk) { p := pins(d, samplePins(), nil); d.settle(); p.tellOwn(p.pins[0]) }
	states["pins-other"] = func(d *desk) { p := pins(d, samplePins(), nil); d.settle(); p.tellOther(p.pins[6]) }
	states["pins-let-go"] = func(d *desk) { p := pins(d, samplePins(), nil); d.settle(); p.askLetGo(p.pins[6]) }
	states["pins-let-go-backup"] = func(d *desk) { p := pins(d, samplePins(), nil); d.settle(); p.askLetGo(p.pins[5]) }
	states["pins-keep"] = func(d *desk) { p := pins(d, samplePins(), nil); d.settle(); p.askKeep() }
	states["pins-free"] = func(d *desk) { p := pins(d, samplePins(), nil); d.settle(); p.free.ask(p.storage, p.look) }
	states["pins-freed"] = func(d *desk) {
		p := pins(d, samplePins(), nil)
		p.free.begin(p.storage, p.look)
		d.settle()
	}
	drilled := func(all []syncer.Drilled, err error) func(d *desk) {
		return func(d *desk) {
			s := storages(d, "two")
			d.record.drill, d.record.err = all, err
			s.proof.drill()
			d.settle()
		}
	}
	states["drill"] = func(d *desk) { storages(d, "two").proof.drill() } // no answer yet
	states["drill-good"] = drilled([]syncer.Drilled{{Files: 23, Back: 23, Same: 20}, {Files: 23, Back: 23, Same: 21}}, nil)
	states["drill-bad"] = drilled([]syncer.Drilled{{Files: 23, Back: 22, Failed: []syncer.Failure{{Path: "/home/ana/a\u202Eb.txt", Reason: "A part of what was saved is damaged"}}}}, nil)
	states["drill-nothing"] = drilled(nil, nil)
	states["drill-away"] = drilled(nil, node.ErrUnreachable)
	replacing := func(r syncer.Replacing) func(d *desk) {
		return func(d *desk) {
			now := sampleNow()
			now.Replaces = &r
			d.w.Show(Home)
			d.w.draw(now)
			d.settle()
		}
	}
	states["replacing"] = replacing(syncer.Replacing{Name: "Old laptop\u202E", Folders: 4, Saved: 3})
	states["replacing-drill"] = replacing(syncer.Replacing{Name: strings.Repeat("the very old laptop ", 5), Folders: 4, Saved: 4})
	states["replaced"] = replacing(syncer.Replacing{Name: "Old laptop", Folders: 4, Saved: 4, Done: morning})
	states["replacing-keep-both"] = func(d *desk) {
		states["replacing"](d)
		d.w.screens[Home].(*home).replacing.askKeepBoth()
	}

	activity := func(n int) func(d *desk) *activityScreen {
		return func(d *desk) *activityScreen {
			*d.record = *sampleRecord(n)
			d.w.Show(ActivityLog)
			d.settle()
			return d.w.screens[ActivityLog].(*activityScreen)
		}
	}
	tab := func(d *desk, a *activityScreen, i int) {
		a.tabs.Choose(i)
		a.tabs.OnChanged(i)
		d.settle()
	}
	states["activity"] = func(d *desk) { activity(1000)(d) }
	states["activity-one"] = func(d *desk) { activity(1)(d) }
	states["activity-none"] = func(d *desk) { activity(0)(d) }
	states["activity-problems"] = func(d *desk) { tab(d, activity(200)(d), tabProblems) }
	states["activity-well"] = func(d *desk) { tab(d, activity(2)(d), tabProblems) }
	states["activity-details"] = func(d *desk) {
		a := activity(20)(d)
		a.choose(3)
		a.one.list.choose(1)
		d.settle()
	}
	states["activity-good"] = func(d *desk) { activity(20)(d).choose(0); d.settle() }
	states["activity-restored"] = func(d *desk) { a := activity(20)(d); a.choose(5); a.one.list.choose(0); d.settle() }
	states["activity-lacks"] = func(d *desk) {
		a := activity(20)(d)
		a.showNotSaved()
		d.settle()
		a.lacks.list.choose(0)
		d.settle()
	}
	states["activity-lacks-long"] = func(d *desk) {
		a := activity(20)(d)
		a.showNotSaved()
		d.settle()
		a.lacks.list.choose(6)
		d.settle()
	}
	states["activity-complete"] = func(d *desk) {
		a := activity(20)(d)
		d.record.lacks = nil
		a.showNotSaved()
		d.settle()
	}
	states["activity-leave-out"] = func(d *desk) {
		a := activity(20)(d)
		a.showNotSaved()
		d.settle()
		a.lacks.list.choose(0)
		a.lacks.list.askLeaveOut()
		d.settle()
	}
	states["activity-error"] = func(d *desk) {
		d.record.err = fmt.Errorf("list: %w", syncer.ErrHome)
		d.w.Show(ActivityLog)
		d.settle()
	}
	states["again"] = func(d *desk) { d.w.again = func() {}; d.w.startAgain(); d.settle() }
	return states
}

// recordDesk is a window over a record.
func recordDesk(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
	t.Helper()
	r := &record{}
	d := newDeskIn(t, stillEngine{browser: sampleKept(), record: r, now: sampleNow()}, Home, language, variant)
	d.w.draw(sampleNow())
	d.record = r
	return d
}

// Whatever is shown fits the smallest window, in every language, and no trick of a name reaches the screen.
func TestStorageAndActivityFitTheSmallestWindowInEveryLanguage(t *testing.T) {
	for _, language := range languages() {
		for name, look := range keepingStates() {
			fitsTheSmallestWindow(t, language+", "+name, recordDesk(t, language, theme.VariantLight), look)
		}
	}
}

func TestTheKeyboardReachesEverythingOfStorageAndActivity(t *testing.T) {
	for name, look := range keepingStates() {
		d := recordDesk(t, "en", theme.VariantLight)
		look(d)
		everythingIsReached(t, name, d.w.over.Canvas())
	}
}
