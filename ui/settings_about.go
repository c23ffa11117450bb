package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/ui/kit"
	"roost/ui/lang"
)

// aboutView says what this is, who may do what with it, and how what it stores can be read without it.
func (s *settingsScreen) aboutView() settingsView {
	a := s.w.desktop.About()
	row := func(icon, title, text, label string, which Document) fyne.CanvasObject {
		var open *kit.Button
		open = kit.NewButton(kit.Secondary, "", label, func() { s.openDocument(open, which) }).
			Spoken(lang.L("{{.What}}: {{.Name}}", values{"What": label, "Name": title}))
		return kit.Lead(14, kit.Middle(kit.Tile(icon, kit.Accent)),
			kit.Between(kit.VBox(2, kit.Strong(title).Clipped(), kit.NewParagraph(text).Secondary()), open))
	}
	what := facts(lang.L("Version {{.Version}}", values{"Version": a.Version}), a.Commit, a.System)
	copied := kit.NewButton(kit.Secondary, "copy", lang.L("Copy"), func() { fyne.CurrentApp().Clipboard().SetContent("Roost " + what) })
	return settingsView{
		title: lang.L("About Roost"),
		body: []fyne.CanvasObject{
			kit.Card(container.NewStack(kit.Between(kit.VBox(4, logo(), kit.NewParagraph(what).Secondary()), copied))),
			card("", "",
				row("document", lang.L("Licence"), lang.L("Roost is free software under the MIT licence."), lang.L("Read it"), Licence),
				kit.Line(),
				row("code", lang.L("How your backup is stored"), lang.L("Every byte, written down: so that your files can be read without Roost, too."), lang.L("Read it"), Format),
				kit.Line(),
				row("archive", lang.L("Open source notices"), lang.L("Roost is built from the work of many others. These are their licences."), lang.L("Read them"), Notices)),
		},
	}
}

// openDocument shows a document in the system's own program for texts.
func (s *settingsScreen) openDocument(button *kit.Button, which Document) {
	var path string
	button.Disable()
	s.w.do(func(ctx context.Context) (err error) {
		path, err = s.w.desktop.Document(ctx, which)
		return err
	}, func(err error) {
		button.Enable()
		if err != nil {
			s.w.Tell(err)
			return
		}
		s.w.openPath(path)
	})
}
