package ui

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"roost/syncer"
	"roost/ui/kit"
)

// The severities of syncer.Problem.
const (
	severityInfo     = "info"
	severityNeedsYou = "needs_you"
)

// problemOf says what an error means. One that knows it says so itself: the engine may be that of another process.
func problemOf(err error) syncer.Problem {
	if own, ok := errors.AsType[interface {
		error
		Problem() syncer.Problem
	}](err); ok {
		return own.Problem()
	}
	return syncer.Describe(err)
}

// Tell shows in the window what went wrong with something that was asked for elsewhere.
func (w *Window) Tell(err error) { w.tell(problemOf(err)) }

// NoticeWords are a notice's title and text in the person's language.
func NoticeWords(n syncer.Notice) (title, text string) {
	text = translated(n.Text)
	if n.Action != "" {
		text += "\n" + translated(n.Action) + "."
	}
	return translated(n.Title), text
}

// problemTone is how loud a problem is shown.
func problemTone(p syncer.Problem) kit.Tone {
	switch p.Severity {
	case severityNeedsYou:
		return kit.Bad
	case severityInfo:
		return kit.Accent
	default:
		return kit.Warn
	}
}

// problemText is what a problem says below its title, with what it is about.
func problemText(p syncer.Problem) string {
	if p.Path == "" {
		return translated(p.Text)
	}
	return lang.L("{{.Name}}: {{.Text}}", values{"Name": kit.Shown(p.Path), "Text": translated(p.Text)})
}

// problemButtons are the next steps that a problem offers: the one that mends it, where the window has one, and
// always what is behind it.
func (w *Window) problemButtons(p syncer.Problem) []*kit.Button {
	var buttons []*kit.Button
	step := func(icon, label string, do func(context.Context) error) {
		var b *kit.Button
		b = kit.NewButton(kit.Secondary, icon, label, func() { w.start(b, do) })
		buttons = append(buttons, b)
	}
	switch p.Code {
	case "unreachable", "storage_slow", "storage_changed":
		storage := w.now.Node
		step("refresh", lang.L("Check connection"), func(ctx context.Context) error {
			_, err := w.engine.CheckNode(ctx, storage)
			return err
		})
	case "copy_behind", "quiet_hours", "metered", "on_battery", "data_budget":
		step("refresh", lang.L("Back up now"), func(ctx context.Context) error {
			_, err := w.engine.Backup(ctx, nil, nil)
			return err
		})
	case "sudden_change", "folder_empty":
		if w.has(Restore) {
			buttons = append(buttons, kit.NewButton(kit.Secondary, "restore", lang.L("Get the files back"), func() { w.Show(Restore) }))
		}
		step("check", lang.L("It was me"), func(ctx context.Context) error { return w.engine.Accept(ctx, p.Path) })
	case "some_files":
		if w.has(ActivityLog) {
			buttons = append(buttons, kit.NewButton(kit.Secondary, "clock", lang.L("See which, and why"), func() { w.Show(ActivityLog) }))
		}
	case "space_short", "space_low", "space_limit", "space_hold":
		if w.has(Space) {
			buttons = append(buttons, kit.NewButton(kit.Secondary, "chart", lang.L("See what takes space"), func() { w.Show(Space) }))
		}
	case "storage_full", "refused", "certificate", "not_a_storage":
		if w.has(Storages) {
			buttons = append(buttons, kit.NewButton(kit.Secondary, "storage", lang.L("Open storage"), func() { w.Show(Storages) }))
		}
	}
	return append([]*kit.Button{w.detailsButton(p)}, buttons...)
}

// detailsButton shows what is behind a problem.
func (w *Window) detailsButton(p syncer.Problem) *kit.Button {
	return kit.NewButton(kit.Quiet, "", lang.L("Details"), func() { w.showProblem(p) }).
		Spoken(lang.L("Details of: {{.Title}}", values{"Title": translated(p.Title)}))
}

// showProblem shows all that is known of a problem, to be read or copied to somebody who helps.
func (w *Window) showProblem(p syncer.Problem) {
	body := kit.VBox(12, kit.NewParagraph(problemText(p)))
	if p.Action != "" {
		body.Add(kit.NewNotice(kit.Accent, lang.L("What to do"), translated(p.Action)+".").Root)
	}
	body.Add(kit.Small(p.Code))
	var d *kit.Dialog
	copied := kit.NewButton(kit.Secondary, "copy", lang.L("Copy"), func() {
		fyne.CurrentApp().Clipboard().SetContent(p.Code + ": " + p.Title + "\n" + p.Text + "\n" + p.Action + "\n" + p.Path)
		d.Close()
	})
	d = kit.NewDialog(translated(p.Title), body, copied, kit.NewButton(kit.Primary, "", lang.L("Close"), func() { d.Close() }))
	w.dialog(d)
}
