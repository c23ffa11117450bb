package ui

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// foldersView lists the kept folders; each leads to its own page.
func (s *settingsScreen) foldersView() settingsView {
	list := kit.VBox(2)
	empty := kit.NewParagraph(lang.L("No folder is kept yet")).Secondary()
	var paths []string
	var rows []*kit.Row
	home, _ := os.UserHomeDir() // without one, paths are shown whole
	add := kit.NewButton(kit.Primary, "plus", lang.L("Add folder"), func() {
		s.w.chooseFolder(func(dir string) { s.w.addFolders([]string{dir}) })
	})
	draw := func(now Now) {
		s.now = now
		shown(empty, len(now.Folders) == 0)
		for i, f := range now.Folders {
			if i == len(rows) {
				paths = append(paths, "")
				rows = append(rows, kit.NewRow(kit.RowData{}, func() { s.show(section{sectionFolder, paths[i]}) }))
				list.Add(rows[i])
			}
			paths[i] = f.Path
			rows[i].Set(folderLine(f, home))
		}
		if len(rows) > len(now.Folders) {
			for _, row := range rows[len(now.Folders):] {
				list.Remove(row)
			}
			rows, paths = rows[:len(now.Folders)], paths[:len(now.Folders)]
		}
		s.refresh()
	}
	return settingsView{
		title: lang.L("Folders"), lead: lang.L("Everything below them is kept, with every change. You can also drop folders on this window."),
		draw: draw,
		body: []fyne.CanvasObject{
			kit.HBox(0, add),
			container.NewStack(kit.NewBox(kit.ColourSurface, kit.ColourOutline, 14), kit.PadXY(8, 8, kit.VBox(0, empty, list))),
			card(lang.L("Good to know"), "",
				answer(lang.L("I delete a file here: is it gone there?"), lang.L("No. Older versions keep it until you decide otherwise.")),
				answer(lang.L("Does Roost keep two computers the same?"), lang.L("No. It is a backup: it never changes the files in your folders by itself."))),
		},
	}
}

func folderLine(f syncer.FolderStatus, home string) kit.RowData {
	d := kit.RowData{
		Icon: folderGlyph(f.Path), IconTone: kit.Accent, Title: kit.Shown(filepath.Base(f.Path)), Note: kit.Shown(tilde(f.Path, home)),
		Detail: lang.L("Automatic"),
	}
	if f.Mode == syncer.Manual {
		d.Detail = lang.L("Only when I say")
	}
	if f.Low {
		d.Detail = facts(d.Detail, lang.L("may wait when data gets short"))
	}
	if f.Bytes > 0 {
		d.Value = facts(files(f.Files), size(f.Bytes))
	}
	d.Chip, d.Tone = folderChip(f.State)
	return d
}

// folderView is what can be chosen for one folder.
func (s *settingsScreen) folderView(path string) settingsView {
	of := func() (syncer.FolderStatus, bool) {
		i := slices.IndexFunc(s.now.Folders, func(f syncer.FolderStatus) bool { return f.Path == path })
		if i < 0 {
			return syncer.FolderStatus{Path: path}, false
		}
		return s.now.Folders[i], true
	}
	home, _ := os.UserHomeDir()
	name := kit.Shown(filepath.Base(path))
	mode := kit.NewChoice(
		kit.Alternative{Label: lang.L("Automatic"), Detail: lang.L("Every change is saved as it comes.")},
		kit.Alternative{Label: lang.L("Only when I say"), Detail: lang.L("Roost counts what has changed, and waits for \"Back up now\".")},
	)
	modes := []string{syncer.Automatic, syncer.Manual}
	mode.OnChanged = func(i int) {
		s.w.do(func(ctx context.Context) error { return s.w.engine.SetMode(ctx, path, modes[i]) }, s.tellOnly)
	}
	waitTitle, waitText := lang.L("May wait when data gets short"), lang.L("With a limit a month, the other folders go first.")
	var low *kit.Switch
	low = kit.NewSwitch(turned(waitTitle, waitText, false), func(on bool) {
		s.w.do(func(ctx context.Context) error { return s.w.engine.SetPriority(ctx, path, on) }, func(err error) {
			if err == nil {
				low.Set(turned(waitTitle, waitText, on))
			}
			s.tellOnly(err)
		})
	})
	open := kit.NewButton(kit.Secondary, "folder", lang.L("Open folder"), func() { s.w.openPath(path) })
	remove := kit.NewButton(kit.Danger, "", lang.L("Stop keeping it"), func() {
		f, _ := of()
		s.askRemove(f)
	})
	rules := s.newRulesEditor(path)
	keep := s.newKeepEditor(path, lang.L("Which versions are kept"), "")
	known := false
	draw := func(now Now) {
		s.now = now
		f, there := of()
		if !there && known {
			s.show(section{kind: sectionFolders}) // it was removed elsewhere
			return
		}
		known = known || there
		mode.Choose(max(slices.Index(modes, f.Mode), 0))
		low.Set(turned(waitTitle, waitText, f.Low))
	}
	return settingsView{
		title: name, lead: kit.Shown(tilde(path, home)), draw: draw, left: func() { rules.trying.drop(); keep.trying.drop() },
		body: []fyne.CanvasObject{
			kit.HBox(0, open),
			card(lang.L("How it is kept"), "", outdent(12, mode.Root), outdent(8, low)),
			rules.root,
			keep.root,
			card(lang.L("Stop keeping this folder"), lang.L("Its versions stay on your storage, and the files stay where they are. Only new changes are not saved any more."),
				kit.HBox(0, remove)),
		},
	}
}

func (s *settingsScreen) tellOnly(err error) {
	if err != nil {
		s.w.Tell(err)
	}
}

// askRemove says what stays, and stops keeping a folder.
func (s *settingsScreen) askRemove(f syncer.FolderStatus) {
	name := kit.Shown(filepath.Base(f.Path))
	text := lang.L("Nothing of it was saved yet. Its files stay where they are.")
	if !f.Time.IsZero() {
		text = lang.N("{{.Number}} files are not saved any more when they change. All versions that are on your storage stay there, and can be restored at any time.",
			int(f.Files), values{"Number": number(f.Files)})
	}
	var d *kit.Dialog
	stop := kit.NewButton(kit.Danger, "", lang.L("Stop keeping it"), func() {
		d.Close()
		s.remove(f.Path, name)
	})
	d = kit.NewDialog(lang.L("Stop keeping {{.Name}}?", values{"Name": name}), kit.NewParagraph(text).Secondary(),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), stop)
	s.w.dialog(d)
}

func (s *settingsScreen) remove(path, name string) {
	s.w.do(func(ctx context.Context) error { return s.w.engine.RemoveFolder(ctx, path) }, func(err error) {
		if err != nil {
			s.w.Tell(err)
			return
		}
		s.show(section{kind: sectionFolders})
		s.w.toldDone(lang.L("{{.Name}} is not kept any more", values{"Name": name}), func(ctx context.Context) error {
			_, err := s.w.engine.AddFolders(ctx, []string{path})
			return err
		}, func() {})
	})
}

// openPath shows a file or folder in the system's own program for it.
func (w *Window) openPath(path string) {
	if err := fyne.CurrentApp().OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}); err != nil {
		w.Tell(err)
	}
}
