package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Dialog asks or tells one thing above the window. Esc closes it, also where nothing in it has the focus;
// the focus then returns to where it was.
type Dialog struct {
	widget.BaseWidget
	OnClosed func() // nil is allowed

	card     *fyne.Container
	canvas   fyne.Canvas // nil while closed
	before   fyne.Focusable
	typedKey func(*fyne.KeyEvent) // what the canvas did with a key before
}

// dialogWidth is how wide a dialog is, if the window is not narrower.
const dialogWidth = 460

// NewDialog makes a dialog. Its buttons stand in the given order: what closes it first, what it is for last.
func NewDialog(title string, body fyne.CanvasObject, buttons ...*Button) *Dialog {
	row := make([]fyne.CanvasObject, len(buttons))
	for i, b := range buttons {
		row[i] = b
	}
	content := VBox(14, NewParagraph(title).asHeading(), body)
	if len(row) > 0 {
		content.Add(Between(NewBox("", "", 0), HBox(8, row...)))
	}
	d := &Dialog{card: container.NewStack(NewBox(ColourSurface, ColourOutline, radiusCard), Pad(PageInset, content))}
	d.ExtendBaseWidget(d)
	return d
}

// Open shows the dialog over a window's canvas and gives its first control the focus.
func (d *Dialog) Open(over fyne.Canvas) {
	if d.canvas != nil {
		return
	}
	d.canvas, d.before, d.typedKey = over, over.Focused(), over.OnTypedKey()
	over.SetOnTypedKey(func(key *fyne.KeyEvent) {
		if key.Name == fyne.KeyEscape {
			d.Close()
		}
	})
	over.Overlays().Add(d)
	over.FocusNext()
}

// Close closes the dialog and those above it. Closing a closed one does nothing.
func (d *Dialog) Close() {
	over := d.canvas
	if over == nil {
		return
	}
	d.canvas = nil
	over.Overlays().Remove(d)
	over.SetOnTypedKey(d.typedKey)
	if d.before != nil {
		over.Focus(d.before)
	}
	if d.OnClosed != nil {
		d.OnClosed()
	}
}

// closeDialogOver closes the dialog that lies over the canvas of o, if there is one.
func closeDialogOver(o fyne.CanvasObject) {
	if o == nil {
		return
	}
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		return
	}
	all := c.Overlays().List()
	for _, overlay := range slices.Backward(slices.Clone(all)) {
		if d, ok := overlay.(*Dialog); ok {
			d.Close()
			return
		}
	}
}

// CreateRenderer implements [fyne.Widget].
func (d *Dialog) CreateRenderer() fyne.WidgetRenderer {
	r := &dialogRenderer{d, &canvas.Rectangle{}}
	r.Refresh()
	return r
}

type dialogRenderer struct {
	dialog *Dialog
	scrim  *canvas.Rectangle
}

func (r *dialogRenderer) Destroy()           {}
func (r *dialogRenderer) MinSize() fyne.Size { return r.dialog.card.MinSize() }

func (r *dialogRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.scrim, r.dialog.card}
}

func (r *dialogRenderer) Layout(size fyne.Size) {
	r.scrim.Resize(size)
	card := r.dialog.card
	width := max(min(dialogWidth, size.Width-2*PageInset), card.MinSize().Width)
	// Text breaks at the width it has, so the height is known at the second look only.
	card.Resize(fyne.NewSize(width, card.MinSize().Height))
	card.Resize(fyne.NewSize(width, card.MinSize().Height))
	card.Move(fyne.NewPos((size.Width-width)/2, (size.Height-card.Size().Height)/2))
}

func (r *dialogRenderer) Refresh() {
	paint(r.scrim, ColourScrim, "", 0, 0)
	r.dialog.card.Refresh()
	r.Layout(r.dialog.Size())
}
