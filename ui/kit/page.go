package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Page is the scrolled content of a screen. It follows the keyboard: what gets the focus is scrolled to.
type Page struct {
	Root *fyne.Container

	content fyne.CanvasObject
	scroll  *container.Scroll
	spoken  *fyne.Container
}

// NewPage makes a page around content.
func NewPage(content fyne.CanvasObject) *Page {
	p := &Page{content: Pad(PageInset, content), spoken: container.NewWithoutLayout()}
	p.scroll = container.NewVScroll(p.content)
	p.Root = container.New(pageLayout{p}, NewBox(ColourPage, "", 0), p.scroll, p.spoken)
	p.spoken.Objects = speak(p.scroll, p.content)
	return p
}

// ScrollToTop shows the beginning.
func (p *Page) ScrollToTop() { p.scroll.ScrollToTop() }

// Refresh lays the page out again, after something in it was added or became larger.
func (p *Page) Refresh() {
	p.spoken.Objects = speak(p.scroll, p.content)
	p.Root.Refresh()
}

// pageLayout gives the whole page to each of its layers, and leads from a container to the page.
type pageLayout struct{ page *Page }

func (pageLayout) MinSize(objects []fyne.CanvasObject) (min fyne.Size) {
	for _, o := range objects {
		min = min.Max(o.MinSize())
	}
	return min
}

func (pageLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
		o.Move(fyne.NewPos(0, 0))
	}
}

// reveal scrolls what o lies on until all of o is seen: the page, or a list in the dialog above it.
func reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	c := driver.CanvasForObject(o)
	if c == nil {
		return
	}
	if over := c.Overlays().Top(); over != nil {
		for _, box := range slices.Backward(wayTo(over, o)) {
			if scroll, ok := box.(*container.Scroll); ok {
				scrollTo(driver, scroll, o)
				return
			}
		}
		return
	}
	p := openPage(c.Content())
	if p == nil || beside(c.Content(), p, o) {
		return
	}
	at, view := driver.AbsolutePositionForObject(o), driver.AbsolutePositionForObject(p.scroll)
	if at.X < view.X || at.X > view.X+p.scroll.Size().Width {
		return // beside the page, in the navigation
	}
	scrollTo(driver, p.scroll, o)
}

// scrollTo scrolls until all of o is seen.
func scrollTo(driver fyne.Driver, scroll *container.Scroll, o fyne.CanvasObject) {
	const air = 8
	top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(scroll).Y
	bottom := top + o.Size().Height
	offset := scroll.Offset
	switch {
	case top < air:
		offset.Y += top - air
	case bottom > scroll.Size().Height-air:
		offset.Y += bottom - scroll.Size().Height + air
	default:
		return
	}
	scroll.ScrollToOffset(fyne.NewPos(offset.X, max(offset.Y, 0)))
}

// beside tells whether o lies in the containers around a page, rather than on it.
func beside(within fyne.CanvasObject, p *Page, o fyne.CanvasObject) bool {
	if within == o {
		return true
	}
	box, ok := within.(*fyne.Container)
	if !ok || box == p.Root {
		return false
	}
	return slices.ContainsFunc(box.Objects, func(child fyne.CanvasObject) bool { return beside(child, p, o) })
}

// openPage finds the page that a window shows.
func openPage(o fyne.CanvasObject) *Page {
	box, ok := o.(*fyne.Container)
	if !ok || !box.Visible() {
		return nil
	}
	if found, ok := box.Layout.(pageLayout); ok {
		return found.page
	}
	for _, child := range box.Objects {
		if p := openPage(child); p != nil {
			return p
		}
	}
	return nil
}
