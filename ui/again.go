package ui

import (
	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// mendedAnew tells whether only the recovery words help: this computer's own key or settings are lost, or not its alone.
func mendedAnew(p syncer.Problem) bool {
	switch p.Code {
	case "retired", "cloned", "storages_disagree", "key_missing", "key_damaged", "settings_damaged":
		return true
	}
	return false
}

// startAgain asks whether this computer should begin anew with the recovery words.
func (w *Window) startAgain() { askAgain(w.over.Canvas(), w.again) }

// askAgain says what beginning anew means; begin is nil where it is not possible.
func askAgain(over fyne.Canvas, begin func()) {
	var d *kit.Dialog
	cancel := kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() })
	text := kit.NewParagraph(lang.L("Your saved files stay where they are, and so do the files on this computer. Roost's own notes are put aside, and you choose your folders again. You need your 24 words.")).Secondary()
	start := kit.NewButton(kit.Primary, "", lang.L("Begin"), func() { d.Close(); begin() })
	if begin == nil {
		start.Disable()
	}
	d = kit.NewDialog(lang.L("Set up again with your words?"), text, cancel, start)
	d.Open(over)
}
