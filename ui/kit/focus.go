package kit

import "fyne.io/fyne/v2"

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
