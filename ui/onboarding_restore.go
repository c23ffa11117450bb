package ui

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// showRestore brings folders back, and shows how far it is. Stopped, it goes on with what is missing.
func (o *onboarding) showRestore(wanted []guide.Return, total guide.Kept) {
	halo := kit.NewHalo("restore", kit.Accent)
	title, detail, bar := kit.Heading(lang.L("Your files come back")).Clipped(), kit.NewParagraph(lang.L("Looking at what is there")).Secondary(), kit.NewBar(kit.Accent)
	current := kit.Small("").Clipped()
	control := kit.NewButton(kit.Secondary, "", lang.L("Stop"), func() {})
	o.show(part{
		title: lang.L("Bringing your files back"), lead: lang.L("You can use what is here already. When the computer goes off, start again: only what is missing is fetched."),
		body: []fyne.CanvasObject{kit.Card(kit.Lead(18, kit.Middle(halo), kit.Middle(kit.VBox(8, title, detail, bar, current))))}, next: control,
	})
	var begin func()
	begin = func() {
		ctx, stop := context.WithCancel(context.Background())
		o.leave = append(o.leave, stop)
		control.SetLabel(lang.L("Stop"))
		control.SetTap(func() { control.Disable(); stop() })
		control.Enable()
		o.say()
		step, started := o.step, time.Now()
		draw := func(p syncer.Progress) {
			p.TotalFiles, p.TotalBytes, p.Started = max(total.Files, 1), max(total.Bytes, 1), started
			p.Bytes = min(p.Bytes, p.TotalBytes)
			words, part, _ := progressWords(p, time.Now())
			detail.SetText(words)
			bar.Set(part, kit.Accent)
			current.SetText(kit.Shown(p.Current))
		}
		var got *syncer.Restored
		o.inStep(func(running context.Context) (err error) {
			defer context.AfterFunc(running, stop)()
			got, err = o.restore(ctx, wanted, step, draw)
			return err
		}, func(err error) {
			switch {
			case err == nil:
				o.showReport(got)
				return
			case errors.Is(err, context.Canceled):
				o.say(kit.NewNotice(kit.Idle, lang.L("Stopped"), lang.L("What is back stays. The rest comes when you go on.")).Root)
			default:
				o.fail(err)
			}
			control.SetLabel(lang.L("Go on"))
			control.SetTap(begin)
			control.Enable()
		})
	}
	begin()
}

// restore runs away from the UI goroutine. Progress is a value: what the window is too slow for is skipped.
func (o *onboarding) restore(ctx context.Context, wanted []guide.Return, step int, draw func(syncer.Progress)) (*syncer.Restored, error) {
	newest := make(chan syncer.Progress, 1)
	done := make(chan struct{})
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		for {
			select {
			case p := <-newest:
				o.tell(step, func() { draw(p) })
			case <-done:
				return
			}
		}
	}()
	defer func() { close(done); <-drawn }()
	var before, last syncer.Progress // of the folders that are done
	folder := ""
	return o.starter.Restore(ctx, wanted, func(p syncer.Progress) {
		if p.Folder != folder {
			folder = p.Folder
			before.Files, before.Bytes = before.Files+last.Files, before.Bytes+last.Bytes
		}
		last = p
		p.Files, p.Bytes = p.Files+before.Files, p.Bytes+before.Bytes
		select {
		case <-newest:
		default:
		}
		select {
		case newest <- p:
		default:
		}
	})
}

// fewFailures is how many files that could not be brought back are named on the page.
const fewFailures = 50

// showReport says what came back and what did not, and keeps the folders from now on.
func (o *onboarding) showReport(got *syncer.Restored) {
	tone, text := kit.Good, lang.L("Every file passed its checks.")
	if len(got.Failed) > 0 {
		tone, text = kit.Warn, lang.N("{{.Number}} could not be restored. The reasons are below.", len(got.Failed), values{"Number": number(int64(len(got.Failed)))})
	}
	var notes []string
	if got.Same > 0 {
		notes = append(notes, lang.N("{{.Number}} were here already", int(got.Same), values{"Number": number(got.Same)}))
	}
	if got.Bare > 0 {
		notes = append(notes, lang.N("{{.Number}} came back without some of their properties", int(got.Bare), values{"Number": number(got.Bare)}))
	}
	body := []fyne.CanvasObject{kit.NewNotice(tone, lang.N("{{.Number}} files restored", int(got.Files), values{"Number": number(got.Files)}), facts(append([]string{text}, notes...)...)).Root}
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
				failed.Add(kit.NewParagraph(lang.N("and {{.Number}} more", len(got.Failed)-i, values{"Number": number(int64(len(got.Failed) - i))})).Secondary())
				break
			}
			failed.Add(kit.NewParagraph(lang.L("{{.Name}}: {{.Text}}", values{"Name": kit.Shown(f.Path), "Text": translated(f.Reason)})).Secondary())
		}
		body = append(body, kit.Card(failed))
	}
	var next *kit.Button
	next = kit.NewButton(kit.Primary, "", lang.L("Keep them from now on"), func() {
		o.run(next, lang.L("One moment"), func(ctx context.Context) error { return o.keep(ctx, got.Targets) }, func() { o.finish(next, o.showProgress) })
	})
	if len(got.Targets) == 0 {
		next.Disable()
	}
	leave := kit.NewButton(kit.Secondary, "", lang.L("Choose other folders"), o.showFolders)
	o.show(part{
		title: lang.L("Your files are back"), lead: lang.L("This computer can now keep them, like the old one did."), body: body, other: leave, next: next,
	})
}
