package ui

import (
	"fyne.io/fyne/v2/lang"

	"roost/ui/kit"
)

// startAgain asks whether this computer should begin anew with the recovery words.
func (w *Window) startAgain() {
	var d *kit.Dialog
	cancel := kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() })
	text := kit.NewParagraph(lang.L("Your saved files stay where they are, and so do the files on this computer. Roost's own notes are put aside, and you choose your folders again. You need your 24 words.")).Secondary()
	begin := kit.NewButton(kit.Primary, "", lang.L("Begin"), func() { d.Close(); w.again() })
	if w.again == nil {
		begin.Disable()
	}
	d = kit.NewDialog(lang.L("Set up again with your words?"), text, cancel, begin)
	w.dialog(d)
}
