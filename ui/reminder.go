package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// reminder asks on the home screen for the recovery words, when it is time to prove that they can be found.
type reminder struct {
	root *fyne.Container
}

func newReminder(w *Window) *reminder {
	var check *kit.Button
	check = kit.NewButton(kit.Secondary, "key", lang.L("Check them now"), func() { w.askForWords(check, func() {}) })
	r := &reminder{root: kit.VBox(0, kit.NewNotice(kit.Accent, lang.L("Check your recovery words"),
		lang.L("Can you still find your sheet? Three of its words are enough."), check).Root)}
	r.root.Hide()
	return r
}

func (r *reminder) draw(now Now) { shown(r.root, now.WordsDue) }

// askForWords asks for three words in a dialog; had is told when a person had them.
func (w *Window) askForWords(button *kit.Button, had func()) {
	var words []string
	button.Disable()
	w.do(func(ctx context.Context) (err error) {
		words, err = w.engine.Words(ctx)
		return err
	}, func(err error) {
		button.Enable()
		if err != nil {
			w.Tell(err)
			return
		}
		var d *kit.Dialog
		var done *kit.Button
		proof := newWordProof(words, func() {
			w.do(func(ctx context.Context) error { return w.engine.NoteWords(ctx, true) }, func(err error) {
				if err != nil {
					w.Tell(err)
				}
				had()
			})
			d.Close()
		})
		done = kit.NewButton(kit.Primary, "", lang.L("Check"), proof.check)
		d = kit.NewDialog(lang.L("Type three of the words from your sheet."), proof.root,
			kit.NewButton(kit.Secondary, "", lang.L("Close"), func() { d.Close() }), done)
		w.dialog(d)
		proof.fields[0].Focus()
	})
}
