package ui

import (
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// wish is what somebody wants back.
type wish struct {
	title string                  // "Restore Pictures"
	parts []syncer.RestoreOptions // Snapshot and Paths of each; where to and the rule for conflicts are asked for
}

// conflictRules are in the order in which they are offered.
var conflictRules = []syncer.OnConflict{syncer.KeepBoth, syncer.Replace, syncer.SkipFile}

// askRestore asks, once for everything, where to and what to do with files that are there; then it begins.
func (w *Window) askRestore(wish wish) {
	target, ok := w.screens[Restore].(*restoring)
	if !ok {
		return // no screen would show how far it is
	}
	to := ""
	var d *kit.Dialog
	begin := kit.NewButton(kit.Primary, "restore", lang.L("Restore"), nil)
	where := kit.NewChoice(
		kit.Alternative{Label: lang.L("To where it was"), Detail: lang.L("Nothing that is there now is deleted.")},
		kit.Alternative{Label: lang.L("To another folder"), Detail: lang.L("It gets a folder of its own there.")},
	)
	rules := kit.NewChoice(
		kit.Alternative{Label: lang.L("Keep both"), Detail: lang.L("The restored file gets a name of its own beside the one that is there.")},
		kit.Alternative{Label: lang.L("Replace"), Detail: lang.L("The file that is there is overwritten, also when it is newer.")},
		kit.Alternative{Label: lang.L("Skip"), Detail: lang.L("What is there stays, and the file is not restored.")},
	)
	choose := kit.NewButton(kit.Quiet, "folder", lang.L("Choose a folder…"), func() {
		w.chooseFolder(func(dir string) {
			to = dir
			where.Choose(1)
			where.SetDetail(1, kit.Shown(dir))
			begin.Enable()
		})
	})
	where.OnChanged = func(i int) {
		if i == 0 || to != "" {
			begin.Enable()
			return
		}
		begin.Disable() // until a folder is chosen
		choose.Tapped(nil)
	}
	begin.SetTap(func() {
		d.Close()
		parts := make([]syncer.RestoreOptions, len(wish.parts))
		for i, part := range wish.parts {
			part.OnConflict = conflictRules[rules.Chosen()]
			part.InPlace = where.Chosen() == 0
			if !part.InPlace {
				part.To = to
			}
			parts[i] = part
		}
		wish.parts = parts
		w.Show(Restore)
		target.begin(wish)
	})
	body := kit.VBox(10, where.Root, kit.PadEach(0, 0, 36, 0, kit.HBox(0, choose)),
		kit.Strong(lang.L("When a file of that name is there already")).Clipped(), rules.Root)
	d = kit.NewDialog(wish.title, body, kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), begin)
	w.dialog(d)
}

// chooseFolder lets a person pick a folder of this computer; nothing is told when they change their mind.
func (w *Window) chooseFolder(chosen func(dir string)) {
	if w.picked != nil {
		w.picked(chosen)
		return
	}
	dialog.ShowFolderOpen(func(folder fyne.ListableURI, err error) {
		switch {
		case err != nil:
			w.tell(problemOf(err))
		case folder != nil:
			chosen(filepath.FromSlash(folder.Path()))
		}
	}, w.over)
}
