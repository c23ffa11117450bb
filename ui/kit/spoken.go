package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// spoken stands for a thing on a page where a screen reader looks for it. Fyne 2.8 tells screen readers what lies
// in containers, and stops at a scroll; so a page has, beside its scroll, a container with one of these for each
// thing in it. It is drawn as nothing, takes neither mouse nor keyboard, and lies where its thing lies now.
type spoken struct {
	widget.BaseWidget
	thing fyne.CanvasObject
	path  []fyne.CanvasObject // from the scroll down to the thing
}

// speak makes a stand-in for everything within content, the content of scroll, that says something.
func speak(scroll *container.Scroll, content fyne.CanvasObject) (all []fyne.CanvasObject) {
	var walk func(o fyne.CanvasObject, path []fyne.CanvasObject)
	walk = func(o fyne.CanvasObject, path []fyne.CanvasObject) {
		path = append(slices.Clone(path), o)
		if box, ok := o.(*fyne.Container); ok {
			for _, child := range box.Objects {
				walk(child, path)
			}
			return
		}
		if _, ok := o.(fyne.Accessible); ok {
			s := &spoken{thing: o, path: path}
			s.ExtendBaseWidget(s)
			all = append(all, s)
		}
	}
	walk(content, []fyne.CanvasObject{scroll})
	return all
}

// AccessibilityLabel implements [fyne.Accessible].
func (s *spoken) AccessibilityLabel() string { return s.thing.(fyne.Accessible).AccessibilityLabel() }

// AccessibilityRole implements [fyne.Accessible].
func (s *spoken) AccessibilityRole() fyne.AccessibleRole {
	return s.thing.(fyne.Accessible).AccessibilityRole()
}

// Position is where the thing lies, scrolled as it is.
func (s *spoken) Position() (at fyne.Position) {
	for _, o := range s.path {
		at = at.Add(o.Position())
	}
	return at
}

// Size is the thing's.
func (s *spoken) Size() fyne.Size { return s.thing.Size() }

// MinSize asks for no room.
func (s *spoken) MinSize() fyne.Size { return fyne.Size{} }

// Visible tells whether the thing is seen, or would be after scrolling.
func (s *spoken) Visible() bool {
	return !slices.ContainsFunc(s.path, func(o fyne.CanvasObject) bool { return !o.Visible() })
}

// CreateRenderer implements [fyne.Widget].
func (s *spoken) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewWithoutLayout())
}
