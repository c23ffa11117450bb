package kit

import (
	"crypto/sha256"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// drawing renders a widget that is an SVG picture, drawn anew for every size.
type drawing struct {
	kind  string // begins the picture's name
	least fyne.Size
	svg   func(fyne.Size) string
	image *canvas.Image
}

func newDrawing(kind string, least fyne.Size, svg func(fyne.Size) string) *drawing {
	return &drawing{kind, least, svg, &canvas.Image{FillMode: canvas.ImageFillStretch}}
}

func (d *drawing) Destroy()                     {}
func (d *drawing) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{d.image} }
func (d *drawing) MinSize() fyne.Size           { return d.least }
func (d *drawing) Layout(size fyne.Size)        { d.image.Resize(size); d.Refresh() }

func (d *drawing) Refresh() {
	size := d.image.Size()
	if size.Width < 1 || size.Height < 1 {
		return
	}
	svg := d.svg(size)
	// Pictures are cached by name, so what is in it names it.
	name := fmt.Sprintf("%s-%x.svg", d.kind, sha256.Sum256([]byte(svg)))
	if d.image.Resource == nil || d.image.Resource.Name() != name {
		d.image.Resource = fyne.NewStaticResource(name, []byte(svg))
		d.image.Refresh()
	}
}
