package ui

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// bringBack writes down what comes back, and whom this computer replaces. From here on the engine does it: nothing depends on this
// window.
func (o *onboarding) bringBack(button *kit.Button, wanted []guide.Return) {
	title, old := lang.L("Your files come back"), o.old
	o.run(button, lang.L("One moment"), func(ctx context.Context) error {
		if err := o.starter.Replace(ctx, old); err != nil {
			return err
		}
		return o.starter.BringBack(ctx, title, wanted)
	}, func() {
		if o.w.begun != nil {
			o.w.begun()
		}
		o.showReturning()
	})
}

// showReturning shows how far that is, and at its end the report.
func (o *onboarding) showReturning() {
	halo := kit.NewHalo("restore", kit.Accent)
	title, detail, bar := kit.Heading(lang.L("Your files come back")).Clipped(), kit.NewParagraph(lang.L("Looking at what is there")).Secondary(), kit.NewBar(kit.Accent)
	current := kit.Small("").Clipped()
	control := kit.NewButton(kit.Secondary, "", lang.L("Pause"), nil)
	control.Disable()
	o.show(part{
		title: lang.L("Bringing your files back"), lead: lang.L("You can use what is here already. You can close this window: it goes on, also after the computer was off."),
		body: []fyne.CanvasObject{kit.Card(kit.Lead(18, kit.Middle(halo), kit.Middle(kit.VBox(8, title, detail, bar, current))))}, next: control,
	})
	told := "" // the state that the notice below is about
	o.now = func(now Now) {
		run := now.Restore
		if run == nil {
			return // the engine is about to begin
		}
		if run.State == syncer.ErrandOver {
			o.showReport(run)
			return
		}
		words, part, known := restoreProgress(run.Progress, now.At)
		if run.Parts > 1 {
			words = facts(lang.L("Part {{.Part}} of {{.All}}", values{"Part": min(run.Part+1, run.Parts), "All": run.Parts}), words)
		}
		if run.State == syncer.ErrandStopping {
			words = lang.L("Stopping…")
		}
		detail.SetText(words)
		shown(bar, known)
		bar.Set(part, kit.Accent)
		current.SetText(kit.Shown(run.Progress.Current))
		step, label := syncer.ErrandPause, lang.L("Pause")
		if run.State != syncer.ErrandGoing && run.State != syncer.ErrandStopping {
			step, label = syncer.ErrandGoOn, lang.L("Go on")
		}
		control.SetLabel(label)
		control.SetTap(func() {
			control.Disable()
			o.w.do(func(ctx context.Context) error { return o.w.engine.SteerRestore(ctx, run.ID, step) }, func(err error) {
				if err != nil {
					control.Enable()
					o.w.Tell(err)
				}
			})
		})
		if run.State == syncer.ErrandStopping {
			control.Disable()
		} else {
			control.Enable()
		}
		if run.State == told {
			return
		}
		switch told = run.State; {
		case run.State == syncer.ErrandPaused:
			o.say(kit.NewNotice(kit.Idle, lang.L("Paused"), lang.L("What came back until now is in its place. Going on brings the rest.")).Root)
		case run.State == syncer.ErrandStopped && run.Problem != nil:
			o.say(kit.NewNotice(problemTone(*run.Problem), translated(run.Problem.Title), problemText(*run.Problem)).Root)
		default:
			o.say()
		}
	}
	o.now(o.w.now)
}

// fewFailures is how many files that could not be brought back are named on the page.
const fewFailures = 50

// showReport says what came back and what did not, and keeps the folders from now on.
func (o *onboarding) showReport(run *syncer.RestoreRun) {
	got := run.Total
	tone, text := kit.Good, lang.L("Every file passed its checks.")
	if run.Failed > 0 {
		tone, text = kit.Warn, lang.N("{{.Number}} could not be restored. The reasons are below.", int(run.Failed), values{"Number": number(run.Failed)})
	}
	var notes []string
	if got.Same > 0 {
		notes = append(notes, lang.N("{{.Number}} were here already", int(got.Same), values{"Number": number(got.Same)}))
	}
	if got.Bare > 0 {
		notes = append(notes, lang.N("{{.Number}} came back without some of their properties", int(got.Bare), values{"Number": number(got.Bare)}))
	}
	body := []fyne.CanvasObject{kit.NewNotice(tone, lang.N("{{.Number}} files restored", int(got.Files), values{"Number": number(got.Files)}), strings.TrimSpace(text+" "+facts(notes...))).Root}
	places := kit.VBox(8, kit.Strong(lang.L("They are in")))
	for _, target := range got.Targets {
		places.Add(kit.NewParagraph(kit.Shown(tilde(target, o.home))).Secondary())
	}
	if len(got.Targets) > 0 {
		body = append(body, kit.Card(places))
	}
	if len(got.Failed) > 0 {
		failed := kit.VBox(8, kit.Strong(lang.L("Not restored")))
		for i, f := range got.Failed {
			if i == fewFailures {
				more := run.Failed - int64(i)
				failed.Add(kit.NewParagraph(lang.N("and {{.Number}} more", int(more), values{"Number": number(more)})).Secondary())
				break
			}
			failed.Add(kit.NewParagraph(lang.L("{{.Name}}: {{.Text}}", values{"Name": kit.Shown(f.Path), "Text": reasonWords(f.Reason)})).Secondary())
		}
		body = append(body, kit.Card(failed))
	}
	var next *kit.Button
	next = kit.NewButton(kit.Primary, "", lang.L("Keep them from now on"), func() {
		o.run(next, lang.L("One moment"), o.keeping(got.Targets), func() { o.finish(next, o.showProgress) })
	})
	if len(got.Targets) == 0 {
		next.Disable()
	}
	leave := kit.NewButton(kit.Secondary, "", lang.L("Choose other folders"), o.showFolders)
	o.show(part{
		title: lang.L("Your files are back"), lead: lang.L("This computer can now keep them, like the old one did."), body: body, other: leave, next: next,
	})
}
