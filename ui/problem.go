package ui

import (
	"errors"
	"strings"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
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

// NoticeButton is what the button on a notice says: it opens the window where the notice's problem stands.
func NoticeButton() string { return lang.L("Open Roost") }

// NoticeWords are a notice's title and text in the person's language.
func NoticeWords(n syncer.Notice) (title, text string) {
	text = translated(n.Text)
	if n.Storage != "" {
		text = lang.L("{{.Name}}: {{.Text}}", values{"Name": kit.Shown(n.Storage), "Text": text})
	}
	if n.Action != "" {
		text += "\n" + sentence(translated(n.Action))
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
	about := p.Path
	if about == "" {
		about = p.Storage
	}
	if about == "" {
		return translated(p.Text)
	}
	return lang.L("{{.Name}}: {{.Text}}", values{"Name": kit.Shown(about), "Text": translated(p.Text)})
}

// problemText leaves out the name of the storage where there is no other.
func (w *Window) problemText(p syncer.Problem) string {
	if len(w.now.Storages) == 1 {
		p.Storage = ""
	}
	return problemText(p)
}

// problemButtons are the next steps that a problem offers, and always what is behind it.
func (w *Window) problemButtons(p syncer.Problem) []*kit.Button {
	return w.stepButtons(p, w.stepsOf(p))
}

// stepButtons stand beside a problem: what is behind it, then the steps.
func (w *Window) stepButtons(p syncer.Problem, steps []step) []*kit.Button {
	buttons := []*kit.Button{w.detailsButton(p)}
	for _, s := range steps {
		buttons = append(buttons, w.stepButton(s))
	}
	return buttons
}

// detailsButton shows what is behind a problem.
func (w *Window) detailsButton(p syncer.Problem) *kit.Button {
	return kit.NewButton(kit.Quiet, "", lang.L("Details"), func() { w.showProblem(p) }).
		Spoken(lang.L("Details of: {{.Title}}", values{"Title": translated(p.Title)}))
}

// showProblem shows all that is known of a problem, to be read or copied to somebody who helps.
func (w *Window) showProblem(p syncer.Problem) {
	body := kit.VBox(12, kit.NewParagraph(w.problemText(p)))
	if p.Action != "" {
		body.Add(kit.NewNotice(kit.Accent, lang.L("What to do"), sentence(translated(p.Action))).Root)
	}
	if p.Detail != "" {
		body.Add(kit.NewParagraph(p.Detail).Small())
	}
	body.Add(kit.Small(p.Code))
	var d *kit.Dialog
	copied := kit.NewButton(kit.Secondary, "copy", lang.L("Copy"), func() {
		fyne.CurrentApp().Clipboard().SetContent(strings.Join([]string{p.Code + ": " + p.Title, p.Text, p.Detail, p.OnTerminal(), p.Path, p.Storage}, "\n"))
		d.Close()
	})
	d = kit.NewDialog(translated(p.Title), body, copied, kit.NewButton(kit.Primary, "", lang.L("Close"), func() { d.Close() }))
	w.dialog(d)
}
