package ui

import (
	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// AskQuit asks whether Roost should end, over a window that was told to close where there is no tray to go on in. It returns
// whether the question is still open.
func AskQuit(over fyne.Window, quit func()) (open func() bool) {
	var d *kit.Dialog
	d = kit.NewDialog(lang.L("Quit Roost?"),
		kit.NewParagraph(lang.L("Until you start it again, changes are not saved. This desktop has no place for Roost's sign, so it cannot go on without its window; on GNOME, the AppIndicator extension makes that place.")).Secondary(),
		kit.NewButton(kit.Secondary, "", lang.L("Keep it open"), func() { d.Close() }), kit.NewButton(kit.Danger, "", lang.L("Quit"), quit))
	d.Open(over.Canvas())
	return d.IsOpen
}
