package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/ui/kit"
	"roost/ui/lang"
)

// failure stands where an answer should be: what happened, and a way to ask again.
func (w *Window) failure(err error, again func()) fyne.CanvasObject {
	p := problemOf(err)
	retry := kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), again)
	return container.NewVScroll(kit.VBox(0, kit.Empty("warning", translated(p.Title), problemText(p), retry), container.NewCenter(w.detailsButton(p))))
}

// partly stands above an answer of which a part is missing.
func (w *Window) partly(err error) *fyne.Container {
	p := problemOf(err)
	return kit.Lead(8, kit.Middle(kit.NewIcon("warning", 18, problemTone(p).Colour())),
		kit.Between(kit.Strong(translated(p.Title)).Clipped(), w.detailsButton(p)))
}
