package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Toasts is the layer of a window where short messages appear at the bottom, one at a time, above what the
// window shows and without taking the mouse from the rest of it. It has no clock: who shows a toast decides
// when to take it away.
type Toasts struct {
	Layer *fyne.Container
}

// NewToasts makes an empty layer, to be stacked above a window's content.
func NewToasts() *Toasts { return &Toasts{Layer: container.New(atBottom{})} }

// Show replaces what is shown. Dismiss takes this toast away, and does nothing when another one stands there.
func (t *Toasts) Show(tone Tone, text string, buttons ...*Button) (dismiss func()) {
	row := container.NewStack(
		NewBox(ColourSurface, ColourOutline, radiusCard),
		PadXY(16, 10, Between(HBox(10, NewIcon(noticeIcon(tone), 18, tone.Colour()), Body(text)), HBox(8, objects(buttons)...))),
	)
	t.Layer.Objects = []fyne.CanvasObject{row}
	t.Layer.Refresh()
	return func() {
		if len(t.Layer.Objects) == 1 && t.Layer.Objects[0] == row {
			t.Layer.Objects = nil
			t.Layer.Refresh()
		}
	}
}

func objects(buttons []*Button) []fyne.CanvasObject {
	all := make([]fyne.CanvasObject, len(buttons))
	for i, b := range buttons {
		all[i] = b
	}
	return all
}

// atBottom sets what it holds in the middle of the lower edge. It asks for no room.
type atBottom struct{}

func (atBottom) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (atBottom) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		min := o.MinSize()
		o.Resize(min)
		o.Move(fyne.NewPos((size.Width-min.Width)/2, size.Height-min.Height-PageInset))
	}
}
