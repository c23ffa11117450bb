package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Box is a rounded rectangle in colours of the theme, the ground that other things are drawn on.
type Box struct {
	widget.BaseWidget
	fill, stroke fyne.ThemeColorName
	radius       float32
	min          fyne.Size
}

// NewBox makes a box; an empty colour is not drawn.
func NewBox(fill, stroke fyne.ThemeColorName, radius float32) *Box {
	b := &Box{fill: fill, stroke: stroke, radius: radius}
	b.ExtendBaseWidget(b)
	return b
}

// Line is a hairline between two things that lie above each other.
func Line() *Box {
	b := NewBox(ColourOutline, "", 0)
	b.min = fyne.NewSize(1, 1)
	return b
}

// Card is an outlined surface around content.
func Card(content fyne.CanvasObject) *fyne.Container {
	return container.NewStack(NewBox(ColourSurface, ColourOutline, radiusCard), Pad(Inset, content))
}

// SetColours changes how the box looks.
func (b *Box) SetColours(fill, stroke fyne.ThemeColorName) {
	if b.fill != fill || b.stroke != stroke {
		b.fill, b.stroke = fill, stroke
		b.Refresh()
	}
}

// CreateRenderer implements [fyne.Widget].
func (b *Box) CreateRenderer() fyne.WidgetRenderer {
	r := &boxRenderer{b, &canvas.Rectangle{}}
	r.Refresh()
	return r
}

type boxRenderer struct {
	box  *Box
	rect *canvas.Rectangle
}

func (r *boxRenderer) Destroy()                     {}
func (r *boxRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rect} }
func (r *boxRenderer) MinSize() fyne.Size           { return r.box.min }
func (r *boxRenderer) Layout(size fyne.Size)        { r.rect.Resize(size) }

func (r *boxRenderer) Refresh() {
	paint(r.rect, r.box.fill, r.box.stroke, 1, r.box.radius)
}

// paint draws a rectangle in the theme's colours of now.
func paint(rect *canvas.Rectangle, fill, stroke fyne.ThemeColorName, width, radius float32) {
	rect.FillColor, rect.StrokeColor, rect.CornerRadius, rect.StrokeWidth = colour(fill), colour(stroke), radius, 0
	if stroke != "" {
		rect.StrokeWidth = width
	}
	rect.Refresh()
}
