package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// advancedView is for who helps, and for who wants to know.
func (s *settingsScreen) advancedView() settingsView {
	home, log := s.w.desktop.Home(), s.w.desktop.Log()
	said := kit.VBox(0)
	said.Hide()
	say := func(n *kit.Notice) {
		said.Objects = []fyne.CanvasObject{n.Root}
		said.Show()
		s.refresh()
	}
	var save *kit.Button
	save = kit.NewButton(kit.Secondary, "download", lang.L("Save a report"), func() {
		s.w.chooseFolder(func(dir string) {
			var path string
			save.Disable()
			s.w.do(func(ctx context.Context) (err error) {
				path, err = s.w.desktop.SaveReport(ctx, dir)
				return err
			}, func(err error) {
				save.Enable()
				if err != nil {
					p := problemOf(err)
					say(kit.NewNotice(problemTone(p), translated(p.Title), problemText(p), s.w.detailsButton(p)))
					return
				}
				say(kit.NewNotice(kit.Good, lang.L("The report is saved"), kit.Shown(path),
					kit.NewButton(kit.Secondary, "folder", lang.L("Open folder"), func() { s.w.openPath(dir) })))
			})
		})
	})
	place := func(title, path, label string) fyne.CanvasObject {
		return kit.Between(kit.VBox(2, kit.Strong(title).Clipped(), kit.NewParagraph(kit.Shown(path)).Secondary().Small()),
			kit.NewButton(kit.Secondary, "folder", label, func() { s.w.openPath(path) }).Spoken(lang.L("{{.What}}: {{.Name}}", values{"What": label, "Name": title})))
	}
	return settingsView{
		title: lang.L("Advanced"),
		body: []fyne.CanvasObject{
			card(
				lang.L("When something does not work"), lang.L("A report for who helps you: versions, settings, how everything is, and what Roost noted. It has no recovery words, keys, addresses or names of your files and folders."),
				kit.HBox(0, save), said,
			),
			card(lang.L("On this disk"), "", place(lang.L("Roost's own folder"), home, lang.L("Open")), kit.Line(), place(lang.L("Log"), log, lang.L("Open"))),
			card(lang.L("Copies"), copiesHint(), outdent(9, s.settingTabs("copies", copiesMeanings()...))),
			s.checksCard(),
			card(lang.L("Times"), lang.L("Such as 30s, 10m or 6h."), kit.Columns(kit.Gap, []float32{1, 1},
				kit.VBox(12, s.timeField("max-wait", lang.L("Longest wait of a busy folder")).Root, s.timeField("rescan", lang.L("Full look through a watched folder")).Root),
				kit.VBox(12, s.timeField("rescan-unwatched", lang.L("Look through one that can't be watched")).Root,
					s.timeField("confirmed-within", lang.L("Trust what a storage confirmed for")).Root))),
			card(lang.L("Start over with the settings"), lang.L("Brings the usual value of every setting back. Folders, their rules, language and colours stay."),
				kit.HBox(0, kit.NewButton(kit.Secondary, "refresh", lang.L("Bring the usual settings back"), s.reset))),
		},
	}
}

// checksCard is how often Roost proves to itself that everything can come back.
func (s *settingsScreen) checksCard() fyne.CanvasObject {
	never := meaning{value: "never", label: lang.L("never")}
	line := func(title, key string, all ...meaning) fyne.CanvasObject {
		return kit.VBox(2, kit.NewParagraph(title), outdent(9, s.settingTabs(key, append(all, never)...)))
	}
	week, month := meaning{value: "168h", label: lang.L("every week")}, meaning{value: "720h", label: lang.L("every month")}
	return card(
		lang.L("Checks"), lang.L("Roost looks by itself whether everything that was saved can come back."),
		line(lang.L("Look at the storages"), "verify", meaning{value: "24h", label: lang.L("every day")}, week, month),
		line(lang.L("Read everything back once"), "verify-all", month, meaning{value: "2160h", label: lang.L("in 3 months")}, meaning{value: "8760h", label: lang.L("in a year")}),
		line(lang.L("Bring some files back, to try it"), "drill", week, month, meaning{value: "2160h", label: lang.L("in 3 months")}),
	)
}

func (s *settingsScreen) timeField(key, label string) *kit.Field {
	return s.settingField(key, settingField{label: label, wrong: lang.L("Type a time that fits, such as 30s, 10m or 6h.")})
}

// keptAtReset are the settings that a reset leaves: who can't read a language can't undo it either.
var keptAtReset = []string{"language", "theme"}

// reset brings the usual settings back, and offers to undo that.
func (s *settingsScreen) reset() {
	usual, before := make(map[string]string), make(map[string]string)
	for key, x := range s.values {
		usual[key], before[key] = "", x.Value
	}
	for _, key := range keptAtReset {
		delete(usual, key)
		delete(before, key)
	}
	s.change(usual, func(err error) {
		if err != nil {
			s.w.Tell(err)
			return
		}
		s.w.toldDone(lang.L("The usual settings are back"), func(ctx context.Context) error { return s.w.engine.SetAll(ctx, before) }, s.load)
	})
}
