package ui

import (
	"context"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// freeing has a storage delete at once what nothing on it keeps, and says how far it is, and what came free.
type freeing struct {
	w      *Window
	button *kit.Button // that begins it
	notice *kit.Notice
	resize func() // the notice came, went, or became another one
}

func newFreeing(w *Window, resize func()) *freeing {
	f := &freeing{w: w, notice: kit.NewNotice(kit.Accent, "", ""), resize: resize}
	f.button = kit.NewButton(kit.Secondary, "trash", lang.L("Free up space"), nil)
	f.notice.Root.Hide()
	return f
}

// ask asks before it begins; freed is told when something may be gone, and may be nil.
func (f *freeing) ask(storage string, freed func()) {
	var d *kit.Dialog
	d = kit.NewDialog(lang.L("Free up space on {{.Name}}?", values{"Name": kit.Shown(storage)}),
		kit.NewParagraph(lang.L("It deletes what nothing there needs any more: what Roost has let go, and what other programs left. All your versions stay.")),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }),
		kit.NewButton(kit.Primary, "", lang.L("Free up space"), func() { d.Close(); f.begin(storage, freed) }))
	f.w.dialog(d)
}

func (f *freeing) begin(storage string, then func()) {
	name := kit.Shown(storage)
	f.button.Disable()
	f.say(kit.Accent, lang.L("Freeing up space on {{.Name}}", values{"Name": name}), lang.L("This can take a few minutes."))
	var freed *syncer.Freed
	f.w.do(func(ctx context.Context) error {
		return f.w.follow(ctx, func(r syncer.Report) (err error) {
			freed, err = f.w.engine.FreeSpace(ctx, storage, r)
			return err
		}, func(p syncer.Progress) {
			if p.Bytes > 0 {
				f.say(kit.Accent, lang.L("Freeing up space on {{.Name}}", values{"Name": name}), lang.L("{{.Size}} came free so far.", values{"Size": size(p.Bytes)}))
			}
		})
	}, func(err error) {
		f.button.Enable()
		if err != nil {
			p := problemOf(err)
			f.say(problemTone(p), translated(p.Title), f.w.problemText(p), f.w.problemButtons(p)...)
			return
		}
		f.say(kit.Good, lang.L("{{.Size}} came free on {{.Name}}", values{"Size": size(max(freed.Before-freed.After, 0)), "Name": name}),
			lang.L("It holds {{.Size}} now.", values{"Size": size(freed.After)}),
			kit.NewButton(kit.Quiet, "close", "", f.hide).Spoken(lang.L("Close this message")))
		if then != nil {
			then()
		}
	})
}

func (f *freeing) say(tone kit.Tone, title, text string, buttons ...*kit.Button) {
	f.notice.Set(tone, title, text, buttons...)
	shown(f.notice.Root, true)
	f.resize()
}

func (f *freeing) hide() {
	shown(f.notice.Root, false)
	f.resize()
}
