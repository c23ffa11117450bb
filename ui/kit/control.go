package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// control is what the kit's own controls share: mouse, keyboard, focus. Who embeds it sets tap before it
// is shown, and calls paintFocus from its renderer. A control without tap takes no focus.
type control struct {
	widget.DisableableWidget
	tap              func()
	self             fyne.CanvasObject // the control itself, once it has had the focus
	hovered, focused bool
	passed           bool // the keyboard goes on from here, though it rests
}

// Tapped does what the control is for.
func (c *control) Tapped(*fyne.PointEvent) {
	if c.tap != nil && !c.Disabled() {
		c.tap()
	}
}

// Disabled tells whether the control does nothing now.
func (c *control) Disabled() bool {
	return !c.passed && (c.tap == nil || c.DisableableWidget.Disabled())
}

// AcceptsTab implements [fyne.Tabbable]. Fyne goes on from the beginning of the window where what has the keyboard rests, as a button
// does while its job runs: that one passes the keyboard on itself.
func (c *control) AcceptsTab() bool { return c.focused && c.Disabled() }

// passOn gives the keyboard to what comes after the control, or before it.
func (c *control) passOn(back bool) {
	over := fyne.CurrentApp().Driver().CanvasForObject(c.self)
	if over == nil {
		return
	}
	c.passed = true
	if back {
		over.FocusPrevious()
	} else {
		over.FocusNext()
	}
	c.passed = false
	c.Refresh()
}

// shifted tells whether a person holds Shift.
func shifted() bool {
	d, ok := fyne.CurrentApp().Driver().(desktop.Driver)
	return ok && d.CurrentKeyModifiers()&fyne.KeyModifierShift != 0
}

// TypedKey answers Space and Enter like a tap; Esc closes the dialog around it.
func (c *control) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		if c.self == nil { // it never had the keyboard
			c.Tapped(nil)
			return
		}
		keying(c.self, func() { c.Tapped(nil) })
	case fyne.KeyTab: // only where it rests
		c.passOn(shifted())
	case fyne.KeyEscape:
		closeDialogOver(c.self)
	}
}

// TypedRune implements [fyne.Focusable].
func (c *control) TypedRune(rune) {}

// MouseIn implements [desktop.Hoverable].
func (c *control) MouseIn(*desktop.MouseEvent) { c.hovered = true; c.Refresh() }

// MouseMoved implements [desktop.Hoverable].
func (c *control) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements [desktop.Hoverable].
func (c *control) MouseOut() { c.hovered = false; c.Refresh() }

// FocusLost implements [fyne.Focusable].
func (c *control) FocusLost() { c.focused = false; c.Refresh() }

// gainFocus is FocusGained of a control; self is what a page scrolls to.
func (c *control) gainFocus(self fyne.CanvasObject) {
	c.self, c.focused = self, true
	c.Refresh()
	reveal(self)
}

// Cursor implements [desktop.Cursorable].
func (c *control) Cursor() desktop.Cursor {
	if c.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// ringOff is how far a ring stands off from a control that has the ring's own colour.
const ringOff = 3

// standOff sets the ring, after paintFocus, off from a control of this size, where that is filled or outlined in its colour: it
// would else be lost in it.
func (c *control) standOff(filled bool, ring *canvas.Rectangle, size fyne.Size, radius float32) {
	off := float32(0)
	if c.focused && filled {
		off = ringOff
		ring.FillColor = colour("") // the veil ends where the control does
	}
	ring.CornerRadius = radius + off
	ring.Move(fyne.NewPos(-off, -off))
	ring.Resize(size.AddWidthHeight(2*off, 2*off))
	ring.Refresh()
}

// paintFocus draws the ring around what has the keyboard, and the veil under the mouse.
func (c *control) paintFocus(ring *canvas.Rectangle, radius float32) {
	fill, stroke := fyne.ThemeColorName(""), fyne.ThemeColorName("")
	if c.hovered && !c.Disabled() {
		fill = theme.ColorNameHover
	}
	if c.focused {
		stroke = ColourFocus
	}
	paint(ring, fill, stroke, 2, radius)
}
