package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Halo is a large sign on a round tint, for the state of everything.
type Halo struct {
	widget.BaseWidget
	icon string
	tone Tone
}

// NewHalo makes a halo.
func NewHalo(icon string, tone Tone) *Halo {
	h := &Halo{icon: icon, tone: tone}
	h.ExtendBaseWidget(h)
	return h
}

// Set changes what the halo shows.
func (h *Halo) Set(icon string, tone Tone) {
	if h.icon != icon || h.tone != tone {
		h.icon, h.tone = icon, tone
		h.Refresh()
	}
}

// CreateRenderer implements [fyne.Widget].
func (h *Halo) CreateRenderer() fyne.WidgetRenderer {
	r := &haloRenderer{h, NewBox("", "", haloSide/2), NewIcon(h.icon, haloIcon, ColourText)}
	r.Refresh()
	return r
}

type haloRenderer struct {
	halo  *Halo
	round *Box
	icon  *Icon
}

const (
	haloSide = 64
	haloIcon = 34
)

func (r *haloRenderer) Destroy()                     {}
func (r *haloRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.round, r.icon} }
func (r *haloRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(haloSide) }

func (r *haloRenderer) Layout(size fyne.Size) {
	place := func(o fyne.CanvasObject, side float32) {
		o.Resize(fyne.NewSquareSize(side))
		o.Move(fyne.NewPos((size.Width-side)/2, (size.Height-side)/2))
	}
	place(r.round, haloSide)
	place(r.icon, haloIcon)
}

func (r *haloRenderer) Refresh() {
	r.round.SetColours(r.halo.tone.Dim(), "")
	r.round.Refresh()
	r.icon.Set(r.halo.icon, r.halo.tone.Colour())
	r.icon.Refresh()
}
