package ui

import (
	"path/filepath"
	"time"

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
	count := values{"Number": number(a.Files), "Folder": folder}
	switch a.Kind {
	case KindSaved:
		return lang.N("{{.Number}} files of {{.Folder}} saved", int(a.Files), count), "shield-check", kit.Good
	case KindRestored:
		return lang.N("{{.Number}} files restored", int(a.Files), count), "restore", kit.Accent
	case KindChecked:
		return lang.L("Checked: every file can be restored"), "shield-check", kit.Good
	case KindOffline:
		minutes := int(time.Duration(a.Bytes) * time.Second / time.Minute)
		return lang.N("{{.Storage}} was away for {{.Count}} minutes", minutes, values{"Storage": kit.Shown(a.Text), "Count": minutes}), "offline", kit.Warn
	case KindSkipped:
		return lang.N("{{.Number}} files of {{.Folder}} could not be saved", int(a.Files), count), "warning", kit.Warn
	case KindAdded:
		return lang.L("{{.Folder}} is kept from now on", count), "folder-plus", kit.Accent
	case KindRemoved:
		return lang.L("{{.Folder}} is not kept any more", count), "folder", kit.Idle
	case KindFreed:
		return lang.L("{{.Size}} freed on your storage", values{"Size": size(a.Bytes)}), "trash", kit.Accent
	case KindProblem:
		return translated(a.Text), "warning", kit.Warn
	default:
		return translated(a.Text), "info", kit.Idle
	}
}
