package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// keptView says which versions stay, of all folders and of each.
func (s *settingsScreen) keptView() settingsView {
	editor := s.newKeepEditor("", lang.L("Older versions"), lang.L("The newest version of every folder always stays, and so does everything while a sudden change waits for your answer."))
	list := kit.VBox(2)
	folders := card(lang.L("Each folder"), lang.L("A folder can have rules of its own, on its page."), outdent(8, list))
	folders.Hide()
	var rows []*kit.Row
	var paths []string
	var keep syncer.Keep
	words := func(path string) string {
		for _, f := range keep.Folders {
			if f.Path == path {
				return rulesWords(f.Rules)
			}
		}
		return lang.L("As for all folders")
	}
	draw := func(now Now) {
		s.now = now
		shown(folders, len(now.Folders) > 0)
		for i, f := range now.Folders {
			if i == len(rows) {
				paths = append(paths, "")
				rows = append(rows, kit.NewRow(kit.RowData{}, func() { s.show(section{sectionFolder, paths[i]}) }))
				list.Add(rows[i])
			}
			paths[i] = f.Path
			rows[i].Set(kit.RowData{Icon: folderGlyph(f.Path), IconTone: kit.Accent, Title: baseName(f.Path), Detail: words(f.Path)})
		}
		if len(rows) > len(now.Folders) {
			for _, row := range rows[len(now.Folders):] {
				list.Remove(row)
			}
			rows, paths = rows[:len(now.Folders)], paths[:len(now.Folders)]
		}
		s.refresh()
	}
	asking := question{w: s.w}
	asking.ask(func(ctx context.Context) (err error) {
		keep, err = s.w.engine.Keep(ctx)
		return err
	}, func(err error) {
		if err == nil { // else the card above says so
			draw(s.now)
		}
	})
	return settingsView{
		title: lang.L("What is kept"), lead: lang.L("How long older versions stay. A version that leaves the list can be brought back for 30 days."),
		left: func() { editor.trying.drop(); asking.drop() }, draw: draw,
		body: []fyne.CanvasObject{
			editor.root,
			folders,
			card(lang.L("Space"), lang.L("What goes leaves the list within a day while Roost runs, and its space comes free 30 days later. Both can be done now."), kit.HBox(
				8,
				kit.NewButton(kit.Secondary, "trash", lang.L("Free up space now"), s.w.askRoom),
				kit.NewButton(kit.Secondary, "restore", lang.L("Removed versions"), func() { s.show(section{kind: sectionRemoved}) }),
			)),
		},
	}
}
