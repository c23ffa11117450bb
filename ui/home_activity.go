package ui

import (
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"roost/ui/kit"
)

// activityCard shows the newest things that happened.
type activityCard struct {
	root  *fyne.Container
	lines []*activityLine
	none  *kit.Paragraph
}

// fewActivities is how many are shown.
const fewActivities = 4

func newActivityCard(w *Window) *activityCard {
	a := &activityCard{none: kit.NewParagraph(lang.L("What Roost does will stand here.")).Secondary()}
	all := kit.NewButton(kit.Quiet, "", lang.L("See all"), func() { w.Show(ActivityLog) }).Spoken(lang.L("See all activity"))
	shown(all, w.has(ActivityLog))
	box := kit.VBox(12, kit.Between(kit.Heading(lang.L("Recent activity")).Clipped(), all), a.none)
	for range fewActivities {
		line := newActivityLine()
		a.lines = append(a.lines, line)
		box.Add(line.root)
	}
	a.root = kit.Card(box)
	return a
}

func (a *activityCard) draw(now Now) {
	shown(a.none, len(now.Activity) == 0)
	for i, line := range a.lines {
		shown(line.root, i < len(now.Activity))
		if i < len(now.Activity) {
			line.draw(now.Activity[i], now)
		}
	}
}

// activityLine is one thing that happened.
type activityLine struct {
	root *fyne.Container
	icon *kit.Icon
	text *kit.Text
	when *kit.Text
}

func newActivityLine() *activityLine {
	l := &activityLine{icon: kit.NewIcon("info", 17, kit.ColourMuted), text: kit.Body("").Clipped(), when: kit.Small("")}
	l.root = kit.Lead(12, kit.Middle(l.icon), kit.Between(l.text, l.when))
	return l
}

func (l *activityLine) draw(a Activity, now Now) {
	text, glyph, tone := activityWords(a)
	l.text.SetText(text)
	l.icon.Set(glyph, tone.Colour())
	l.when.SetText(day(a.Time, now.At))
}

// activityWords says what happened.
func activityWords(a Activity) (text, glyph string, tone kit.Tone) {
	folder := kit.Shown(filepath.Base(a.Folder))
	switch {
	case a.Kind == kindSaved && a.Skipped > 0:
		return lang.N("{{.Folder}} saved, but {{.Number}} files could not be", int(a.Skipped), values{
			"Folder": folder, "Number": number(a.Skipped),
		}), "warning", kit.Warn
	case a.Kind == kindSaved && a.Bytes > 0:
		return lang.L("{{.Folder}} saved, {{.Size}} new", values{"Folder": folder, "Size": size(a.Bytes)}), "shield-check", kit.Good
	case a.Kind == kindRestored && a.Skipped > 0:
		return lang.N("{{.Done}} files restored, {{.Number}} could not be", int(a.Skipped), values{
			"Done": number(a.Files), "Number": number(a.Skipped),
		}), "warning", kit.Warn
	case a.Kind == kindRestored:
		return lang.N("{{.Number}} files restored", int(a.Files), values{"Number": number(a.Files)}), "restore", kit.Accent
	case a.Kind == kindChecked:
		return lang.L("Checked: every file can be restored"), "shield-check", kit.Good
	case a.Kind == kindProblem:
		return aboutFolder(folder, a), "warning", kit.Warn
	default:
		return aboutFolder(folder, a), "info", kit.Idle
	}
}

// aboutFolder is the engine's own sentence, with the folder that it is about.
func aboutFolder(folder string, a Activity) string {
	if a.Folder == "" {
		return translated(a.Text)
	}
	return lang.L("{{.Name}}: {{.Text}}", values{"Name": folder, "Text": translated(a.Text)})
}
