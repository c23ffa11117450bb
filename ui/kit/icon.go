package kit

import (
	"bytes"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"roost/assets"
)

// Icon is a glyph of assets in a colour of the theme.
type Icon struct {
	widget.BaseWidget
	name   string
	side   float32
	colour fyne.ThemeColorName
}

// NewIcon makes an icon of the given side.
func NewIcon(name string, side float32, colour fyne.ThemeColorName) *Icon {
	i := &Icon{name: name, side: side, colour: colour}
	i.ExtendBaseWidget(i)
	return i
}

// Tile is an icon on a tinted, rounded square: what a row or a card begins with.
func Tile(name string, tone Tone) *fyne.Container {
	return Fixed(40, 40, container.NewStack(NewBox(tone.Dim(), "", 11), container.NewCenter(NewIcon(name, 20, tone.Colour()))))
}

// Set changes what the icon shows.
func (i *Icon) Set(name string, colour fyne.ThemeColorName) {
	if i.name != name || i.colour != colour {
		i.name, i.colour = name, colour
		i.Refresh()
	}
}

// CreateRenderer implements [fyne.Widget].
func (i *Icon) CreateRenderer() fyne.WidgetRenderer {
	r := &iconRenderer{i, &canvas.Image{FillMode: canvas.ImageFillContain}}
	r.Refresh()
	return r
}

type iconRenderer struct {
	icon  *Icon
	image *canvas.Image
}

func (r *iconRenderer) Destroy()                     {}
func (r *iconRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.image} }
func (r *iconRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(r.icon.side) }
func (r *iconRenderer) Layout(size fyne.Size)        { r.image.Resize(size) }

func (r *iconRenderer) Refresh() {
	glyph := glyphResource(r.icon.name, css(colour(r.icon.colour)))
	if r.image.Resource == nil || r.image.Resource.Name() != glyph.Name() {
		r.image.Resource = glyph
		r.image.Refresh()
	}
}

// glyphResource is a glyph in a colour. Pictures are cached by name, so the colour is part of it.
func glyphResource(name, colour string) fyne.Resource {
	svg := bytes.Replace(assets.Glyph(name), []byte(assets.GlyphColour), []byte(colour), 1)
	return fyne.NewStaticResource(name+"-"+colour[1:]+".svg", svg)
}
