package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// focus gives what is in a window the keyboard.
//
// Fyne knows where a thing is once it was drawn. What was only just put into a window gets the keyboard after the present
// event instead: a page that the space bar brought would else find that space in its first field.
func focus(x fyne.Focusable) {
	object, ok := x.(fyne.CanvasObject)
	if !ok {
		return
	}
	driver := fyne.CurrentApp().Driver()
	if c := driver.CanvasForObject(object); c != nil {
		c.Focus(x)
		return
	}
	go fyne.Do(func() {
		if c := driver.CanvasForObject(object); c != nil {
			c.Focus(x)
			return
		}
		for _, w := range driver.AllWindows() { // Fyne looks for it there
			w.Canvas().Focus(x)
		}
	})
}

// keying does what a key does to a control. Where the control is gone by that, because another view took the place of its own,
// the keyboard goes to the first control of what stands there now: a person goes on there, not at the beginning of the window.
// A key that is held down goes on there too, so only what leads back or lists something gets the keyboard like that.
func keying(o fyne.CanvasObject, do func()) {
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		do()
		return
	}
	path := wayTo(shownOn(c), o)
	do()
	now := shownOn(c)
	if at, ok := c.Focused().(fyne.CanvasObject); !ok || at != o || !o.Visible() || len(path) == 0 || wayTo(now, o) != nil {
		return
	}
	for _, box := range slices.Backward(path[1:]) {
		if wayTo(now, box) == nil {
			continue
		}
		if first := firstControl(box); first != nil {
			if harmless(first) {
				c.Focus(first)
			}
			return
		}
	}
}

// harmless tells whether a key that comes unmeant does nothing to a control that cannot be undone with one more.
func harmless(f fyne.Focusable) bool {
	switch x := f.(type) {
	case *Button:
		return x.importance == Quiet
	case *list, *Tree:
		return true
	}
	return false
}

// shownOn is what a person can reach: what lies over the window, or else that itself.
func shownOn(c fyne.Canvas) fyne.CanvasObject {
	if over := c.Overlays().Top(); over != nil {
		return over
	}
	return c.Content()
}

// within are the things that a box or a page that scrolls holds.
func within(o fyne.CanvasObject) []fyne.CanvasObject {
	switch box := o.(type) {
	case *fyne.Container:
		return box.Objects
	case *container.Scroll:
		return []fyne.CanvasObject{box.Content}
	}
	return nil
}

// wayTo are the boxes around a thing, from the outermost on, and the thing; nil where it cannot be seen.
func wayTo(from, to fyne.CanvasObject) []fyne.CanvasObject {
	if from == nil || !from.Visible() {
		return nil
	}
	if from == to {
		return []fyne.CanvasObject{to}
	}
	for _, child := range within(from) {
		if way := wayTo(child, to); way != nil {
			return append([]fyne.CanvasObject{from}, way...)
		}
	}
	return nil
}

// firstControl is what Tab would come to first in a box; nil without one.
func firstControl(in fyne.CanvasObject) fyne.Focusable {
	if in == nil || !in.Visible() {
		return nil
	}
	rests, can := in.(fyne.Disableable)
	if f, ok := in.(fyne.Focusable); ok && !(can && rests.Disabled()) {
		return f
	}
	for _, child := range within(in) {
		if f := firstControl(child); f != nil {
			return f
		}
	}
	return nil
}
