package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Empty is what stands where there is nothing yet: a sign, what it means, and what to do. action may be nil.
func Empty(icon, title, text string, action *Button) *fyne.Container {
	box := VBox(10, container.NewCenter(NewHalo(icon, Accent)), Heading(title).Clipped().Aligned(fyne.TextAlignCenter),
		NewParagraph(text).Secondary().Centred())
	if action != nil {
		box.Add(PadEach(6, 0, 0, 0, container.NewCenter(action)))
	}
	return PadXY(20, 24, box)
}
