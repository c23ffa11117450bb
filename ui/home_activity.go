package ui

import (
	"path/filepath"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// activityCard shows the newest things that happened.
type activityCard struct {
	root  *fyne.Container
	w     *Window
	all   *kit.Button
	lines []*activityLine
	none  *kit.Paragraph
}

// fewActivities is how many are shown.
const fewActivities = 4

func newActivityCard(w *Window) *activityCard {
	a := &activityCard{w: w, none: kit.NewParagraph(lang.L("What Roost does will stand here.")).Secondary()}
	a.all = kit.NewButton(kit.Quiet, "", lang.L("See all"), func() { w.Show(ActivityLog) }).Spoken(lang.L("See all activity"))
	box := kit.VBox(12, kit.Between(kit.Heading(lang.L("Recent activity")).Clipped(), flush(a.all)), a.none)
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
	shown(a.all, a.w.has(ActivityLog))
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

func (l *activityLine) draw(a syncer.Activity, now Now) {
	text, glyph, tone := activityWords(a)
	l.text.SetText(text)
	l.icon.Set(glyph, tone.Colour())
	l.when.SetText(day(a.Time, now.At))
}

// failedFiles counts what should have been saved or restored and was not: pipes and sockets never are.
func failedFiles(a syncer.Activity) (n int64) {
	for _, s := range a.Skipped {
		if s.Failed {
			n++
		}
	}
	return n
}

// activityWords says what happened.
func activityWords(a syncer.Activity) (text, glyph string, tone kit.Tone) {
	folder, skipped := kit.Shown(filepath.Base(a.Folder)), failedFiles(a)
	switch {
	case a.Kind == syncer.ActivityBackup && skipped > 0:
		return lang.N("{{.Folder}} saved, but {{.Number}} files could not be", int(skipped), values{
			"Folder": folder, "Number": number(skipped),
		}), "warning", kit.Warn
	case a.Kind == syncer.ActivityBackup && a.Bytes > 0:
		return lang.L("{{.Folder}} saved, {{.Size}} new", values{"Folder": folder, "Size": size(a.Bytes)}), "shield-check", kit.Good
	case a.Kind == syncer.ActivityRestore && skipped > 0:
		return lang.N("{{.Done}} files restored, {{.Number}} could not be", int(skipped), values{
			"Done": number(a.Files), "Number": number(skipped),
		}), "warning", kit.Warn
	case a.Kind == syncer.ActivityRestore:
		return lang.N("{{.Number}} files restored", int(a.Files), values{"Number": number(a.Files)}), "restore", kit.Accent
	case a.Kind == syncer.ActivityVerify:
		return lang.L("Checked: everything that was looked at opens"), "shield-check", kit.Good
	case a.Kind == syncer.ActivityProblem:
		return aboutFolder(folder, a), "warning", kit.Warn
	default:
		return aboutFolder(folder, a), "info", kit.Idle
	}
}

// aboutFolder is the engine's own sentence, with the folder that it is about.
func aboutFolder(folder string, a syncer.Activity) string {
	if a.Folder == "" {
		return translated(a.Text)
	}
	return lang.L("{{.Name}}: {{.Text}}", values{"Name": folder, "Text": translated(a.Text)})
}
