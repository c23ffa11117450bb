package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Dialog asks or tells one thing above the window. Esc closes it, also where nothing in it has the focus;
// the focus then returns to where it was.
type Dialog struct {
	OnClosed func() // nil is allowed

	root     *fyne.Container // over the whole window
	card     *fyne.Container
	canvas   fyne.Canvas // nil while closed
	before   fyne.Focusable
	typedKey func(*fyne.KeyEvent) // what the canvas did with a key before
}

// dialogWidth is how wide a dialog is, if the window is not narrower.
const dialogWidth = 460

// NewDialog makes a dialog. Its buttons stand in the given order: what closes it first, what it is for last.
func NewDialog(title string, body fyne.CanvasObject, buttons ...*Button) *Dialog {
	content := VBox(14, NewParagraph(title).asHeading(), body)
	if len(buttons) > 0 {
		content.Add(Between(NewBox("", "", 0), HBox(8, objects(buttons)...)))
	}
	d := &Dialog{card: container.NewStack(NewBox(ColourSurface, ColourOutline, radiusCard), Pad(PageInset, content))}
	d.root = container.New(dialogLayout{d}, NewBox(ColourScrim, "", 0), d.card)
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
	over.Overlays().Add(d.root)
	over.FocusNext()
}

// Refresh lays the dialog out again, after what it holds has changed.
func (d *Dialog) Refresh() {
	d.root.Refresh()
	d.root.Refresh() // new text has broken into lines only now
}

// IsOpen tells whether the dialog is shown.
func (d *Dialog) IsOpen() bool { return d.canvas != nil }

// Close closes the dialog and those above it. Closing a closed one does nothing.
func (d *Dialog) Close() {
	over := d.canvas
	if over == nil {
		return
	}
	d.canvas = nil
	over.Overlays().Remove(d.root)
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
	for _, overlay := range slices.Backward(slices.Clone(c.Overlays().List())) {
		if box, ok := overlay.(*fyne.Container); ok {
			if open, ok := box.Layout.(dialogLayout); ok {
				open.dialog.Close()
				return
			}
		}
	}
}

// dialogLayout lays the scrim over the whole window and the card into its middle.
type dialogLayout struct{ dialog *Dialog }

func (dialogLayout) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[1].MinSize() }

func (dialogLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	card := objects[1]
	width := max(min(dialogWidth, size.Width-2*PageInset), card.MinSize().Width)
	// Text breaks at the width it has, so the height is known at the second look only.
	card.Resize(fyne.NewSize(width, card.MinSize().Height))
	card.Resize(fyne.NewSize(width, card.MinSize().Height))
	card.Move(fyne.NewPos((size.Width-width)/2, (size.Height-card.Size().Height)/2))
}
