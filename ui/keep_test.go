package ui

import (
	"strings"
	"testing"
	"time"

	"roost/syncer"
)

// told draws how things are, space included.
func (d *desk) told(k *keptFolder) {
	d.t.Helper()
	s, err := k.engine.Space(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	d.w.draw(Now{Status: k.engine.Status(d.t.Context()), At: time.Now(), Space: *s})
	d.settle()
}

func (k *keptFolder) listed() int {
	k.t.Helper()
	all, _, err := k.engine.Snapshots(k.t.Context(), "")
	if err != nil {
		k.t.Fatal(err)
	}
	return len(all)
}

func (k *keptFolder) keeps() syncer.Keep {
	k.t.Helper()
	keep, err := k.engine.Keep(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return keep
}

func (k *keptFolder) removed() int {
	k.t.Helper()
	all, err := k.engine.Removed(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return len(all)
}

// What is kept is chosen after it was said what would go, undone, and room is made: on a real storage.
func TestWhatIsKeptIsChosenAndRoomIsMade(t *testing.T) {
	d, k := chosenDesk(t)
	k.write("more.txt", "a fourth version")
	k.save()
	d.told(k)

	d.tap("What is kept")
	d.sees("It is kept so now.", "As for all folders")
	d.tap("A month")
	d.sees("2 versions would leave the list. About ", "Until then they can be brought back.") // of four in an hour, the newest and the oldest stay
	if keep := k.keeps(); !keep.All.Everything() {
		t.Errorf("looking at it changed what is kept to %+v", keep)
	}
	d.tap("Own numbers")
	d.fill("Days", "x")
	d.sees("Type a number.")
	d.fill("Days", "0")
	d.sees("Type how many, in one of these at least.")
	d.fill("Days", "7")
	d.sees("2 versions would leave the list.")
	d.tap("Keep it so")
	if keep := k.keeps(); keep.All != (syncer.KeepRules{Daily: 7}) {
		t.Errorf("it keeps %+v", keep)
	}
	d.sees("It is kept so now.", "leaves the list within a day")
	d.tap("Undo: What is kept has changed. What goes by that leaves the list within a day.")
	if keep := k.keeps(); !keep.All.Everything() {
		t.Errorf("undoing left %+v", keep)
	}

	d.tap("As much as fits")
	d.sees("Say how much space there is.")
	d.fill("Space for your backup", "some")
	d.sees("Type a size, such as 500 GB.")
	d.fill("Space for your backup", "500 GB")
	d.sees("No version would leave the list.")
	d.tap("Keep it so")
	if keep := k.keeps(); keep.Fit != 500_000_000_000 || !keep.All.Everything() {
		t.Errorf("it keeps %+v", keep)
	}
	d.tap("Every version")
	d.tap("Keep it so")
	if keep := k.keeps(); keep.Fit != 0 {
		t.Errorf("the bound stayed: %+v", keep)
	}

	d.tap("Papers")
	d.tap("A month")
	d.sees("2 versions would leave the list.")
	d.tap("Keep it so")
	if keep := k.keeps(); len(keep.Folders) != 1 || !keep.All.Everything() {
		t.Errorf("it keeps %+v", keep)
	}
	d.w.onSettings(section{kind: sectionKept})
	d.settle()
	d.sees("A month")

	d.tap("Free up space now")
	d.sees("2 versions leave the list, as you chose.", "Removed versions keep their 30 days", "They can be brought back until then.")
	d.tap("Free up space")
	d.sees("2 versions were removed.", "Until then, removed versions can be brought back.")
	d.tap("Done")
	if k.listed() != 2 || k.removed() != 2 {
		t.Errorf("%d versions are listed, %d removed", k.listed(), k.removed())
	}

	d.w.Show(Space)
	d.told(k)
	d.w.Show(Space)
	d.settle() // they are weighed
	d.sees("2 removed versions can be brought back, the last of them until", "come free by then.", "Could be freed")
	d.tap("Removed versions")
	d.sees("Papers", "Can be brought back until")
	d.tap("Pick all")
	d.sees("2 picked, stop picking")
	d.tap("2 picked, stop picking")
	d.tap("Papers") // the last row
	d.sees("1 picked, stop picking")
	d.tap("Remove for good…")
	d.sees("Remove a version for good?", "2 versions of this computer remain.", "This can't be undone.")
	d.tap("Remove for good")
	d.sees("came free")
	if k.listed() != 2 || k.removed() != 1 {
		t.Fatalf("%d versions are listed, %d removed", k.listed(), k.removed())
	}
	d.tap("Pick all")
	d.tap("Bring back")
	d.sees("A version is back", "No version was removed")
	if k.listed() != 3 || k.removed() != 0 {
		t.Errorf("%d versions are listed, %d removed", k.listed(), k.removed())
	}
}

// Removed versions go at once where a person wants the room, after being told that they do not come back.
func TestRoomIsMadeAtOnce(t *testing.T) {
	d, k := chosenDesk(t)
	d.told(k)
	rules := syncer.KeepRules{Daily: 7}
	if _, err := k.engine.SetKeep(t.Context(), syncer.KeepChange{Rules: &rules}); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"storage_full", "space_limit"} {
		steps := d.w.stepsOf(syncer.Problem{Code: code, Storage: "Pi"})
		if len(steps) == 0 || steps[0].label != "Free up space" {
			t.Fatalf("%s: the first step is none to make room: %v", code, steps)
		}
	}
	d.w.take(d.w.stepsOf(syncer.Problem{Code: "storage_full"})[0])
	d.settle()
	if d.w.Opened() != Space {
		t.Error("another place is open")
	}
	d.tap("Removed versions go for good now")
	d.sees("They can't be brought back.")
	d.tap("Remove for good")
	d.sees("A version was removed.")
	d.seesNot("more come free by")
	d.tap("Done")
	if k.listed() != 2 || k.removed() != 0 {
		t.Errorf("%d versions are listed, %d removed", k.listed(), k.removed())
	}
}

// A file, a folder and a version are forgotten from the Files screen, and come back by an undo.
func TestForgettingIsCountedDoneAndUndone(t *testing.T) {
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Files)
	d.refresh(k)
	f := d.w.screens[Files].(*filesScreen)

	d.tap("notes.md")
	d.tap("Forget…")
	d.sees("Forget notes.md in every version?", "It is in 3 versions, with 1 file,", "3 versions of this computer remain.", "It is still on this computer")
	d.tap("Leave it out from now on")
	d.sees("It is left out from now on")
	d.seesNot("It is still on this computer")
	if rules := k.content(".roostignore"); !strings.Contains(rules, "notes.md") {
		t.Errorf("it is not left out by %q", rules)
	}
	d.tap("Forget it")
	d.sees("notes.md is forgotten", "beach.png") // the folder, as it is without it
	d.seesNot("notes.md,")
	if found, err := k.engine.Find(t.Context(), "notes"); err != nil || len(found) != 0 {
		t.Errorf("it is still found: %v, %v", found, err)
	}
	d.tap("Undo: notes.md is forgotten")
	if found, err := k.engine.Find(t.Context(), "notes"); err != nil || len(found) == 0 {
		t.Errorf("it did not come back: %v, %v", found, err)
	}
	d.sees("notes.md")

	t.Run("a folder that is not there any more, for good", func(t *testing.T) {
		d.t = t
		d.tap("By date")
		f.dates.table.Select(2)
		d.settle()
		d.tap("Letters")
		d.tap("Forget…")
		d.sees("Forget Letters in every version?", "It is in 2 versions")
		d.seesNot("It is still on this computer")
		d.tap("For good, at once, off")
		d.tap("Forget it")
		d.sees("Letters is forgotten · ", "came free")
		if found, err := k.engine.Find(t.Context(), "marta"); err != nil || len(found) != 0 {
			t.Errorf("it is still found: %v, %v", found, err)
		}
		if k.removed() != 0 {
			t.Errorf("%d versions could be brought back", k.removed())
		}
	})
	t.Run("several at once", func(t *testing.T) {
		d.t = t
		f.listing.show(f.known.folders[0])
		d.settle()
		d.tap("Pick several")
		d.tap("notes.md")
		d.tap("beach.png")
		d.tap("Forget…")
		d.sees("Forget 2 files and folders in every version?")
		d.tap("Cancel")
		d.tap("2 picked, stop picking")
	})
	t.Run("a version, and most of them only with the words", func(t *testing.T) {
		d.t = t
		f.dates.table.Select(2)
		d.settle()
		d.tap("Remove this version…")
		d.sees("Remove this version of Papers", "2 versions of this computer remain.")
		d.tap("Remove it")
		d.sees("A version of Papers is removed")
		if k.listed() != 2 {
			t.Fatalf("%d versions are listed", k.listed())
		}
		// A second one of three would still be half; with two left, none is more than half either.
		d.tap("Undo: A version of Papers is removed")
		if k.listed() != 3 {
			t.Errorf("%d versions are listed after the undo", k.listed())
		}
		words, err := k.engine.Words(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, v := range f.known.versions[1:] {
			ids = append(ids, v.ID.String())
		}
		d.w.askForget(forgetting{title: "Two of three?", verb: "Remove it", done: "They are removed", asks: []syncer.ForgetOptions{{Versions: ids}}})
		d.settle()
		d.tap("Remove it")
		d.sees("Your recovery words are needed for this", "So many versions go only with them.")
		if k.listed() != 3 {
			t.Fatalf("without the words, %d versions are listed", k.listed())
		}
		d.fill("Your 24 recovery words", "abandon")
		d.tap("Remove it")
		if k.listed() != 3 {
			t.Fatalf("with other words, %d versions are listed", k.listed())
		}
		d.fill("Your 24 recovery words", strings.Join(words, " "))
		d.tap("Remove it")
		d.sees("They are removed")
		if k.listed() != 1 {
			t.Errorf("%d versions are listed", k.listed())
		}
	})
	t.Run("the newest version is not offered", func(t *testing.T) {
		d.t = t
		f.listing.show(f.known.folders[0])
		d.settle()
		d.seesNot("Remove this version…")
	})
}
