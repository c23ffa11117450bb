package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Page is the scrolled content of a screen. It follows the keyboard: what gets the focus is scrolled to.
type Page struct {
	widget.BaseWidget
	scroll *container.Scroll
}

// NewPage makes a page around content.
func NewPage(content fyne.CanvasObject) *Page {
	p := &Page{scroll: container.NewVScroll(Pad(PageInset, content))}
	p.ExtendBaseWidget(p)
	return p
}

// ScrollToTop shows the beginning.
func (p *Page) ScrollToTop() { p.scroll.ScrollToTop() }

// CreateRenderer implements [fyne.Widget].
func (p *Page) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(NewBox(ColourPage, "", 0), p.scroll))
}

// reveal scrolls the page that o lies on until all of o is seen.
func reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	c := driver.CanvasForObject(o)
	if c == nil || c.Overlays().Top() != nil {
		return
	}
	p := openPage(c.Content())
	if p == nil {
		return
	}
	at, view := driver.AbsolutePositionForObject(o), driver.AbsolutePositionForObject(p.scroll)
	if at.X < view.X || at.X > view.X+p.scroll.Size().Width {
		return // beside the page, in the navigation
	}
	const air = 8
	top := at.Y - view.Y
	bottom := top + o.Size().Height
	offset := p.scroll.Offset
	switch {
	case top < air:
		offset.Y += top - air
	case bottom > p.scroll.Size().Height-air:
		offset.Y += bottom - p.scroll.Size().Height + air
	default:
		return
	}
	p.scroll.ScrollToOffset(fyne.NewPos(offset.X, max(offset.Y, 0)))
}

// openPage finds the page that a window shows.
func openPage(o fyne.CanvasObject) *Page {
	if !o.Visible() {
		return nil
	}
	switch o := o.(type) {
	case *Page:
		return o
	case *fyne.Container:
		for _, child := range o.Objects {
			if p := openPage(child); p != nil {
				return p
			}
		}
	}
	return nil
}
