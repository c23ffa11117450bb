package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Slice is a part of a Donut: 1 is the whole ring.
type Slice struct {
	Part   float64
	Colour fyne.ThemeColorName
}

// Donut is a ring that shows parts of a whole, with two lines in its middle.
type Donut struct {
	widget.BaseWidget
	slices     []Slice
	big, small string
	spoken     string
}

// NewDonut makes an empty ring.
func NewDonut() *Donut {
	d := &Donut{}
	d.ExtendBaseWidget(d)
	return d
}

// Set changes what the ring shows; spoken is the sentence for a screen reader.
func (d *Donut) Set(big, small, spoken string, parts ...Slice) {
	if d.big == big && d.small == small && d.spoken == spoken && slices.Equal(d.slices, parts) {
		return
	}
	d.big, d.small, d.spoken, d.slices = big, small, spoken, slices.Clone(parts)
	d.Refresh()
}

// AccessibilityLabel implements [fyne.Accessible].
func (d *Donut) AccessibilityLabel() string { return d.spoken }

// AccessibilityRole implements [fyne.Accessible].
func (d *Donut) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (d *Donut) CreateRenderer() fyne.WidgetRenderer {
	r := &donutRenderer{
		donut: d, track: &canvas.Arc{CutoutRatio: cutout, EndAngle: 360},
		big: newText("", SizeTitle, ColourText, true), small: Small(""),
	}
	r.Refresh()
	return r
}

type donutRenderer struct {
	donut      *Donut
	track      *canvas.Arc
	arcs       []*canvas.Arc
	big, small *Text
}

const (
	donutSide = 168
	cutout    = 0.78 // the hole's part of the ring
	arcGap    = 2    // degrees between two slices
	arcLeast  = 4    // degrees of the smallest slice: it is there, so it is seen
)

func (r *donutRenderer) Destroy()           {}
func (r *donutRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(donutSide) }

func (r *donutRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.track}
	for _, arc := range r.arcs {
		objects = append(objects, arc)
	}
	return append(objects, r.big, r.small)
}

func (r *donutRenderer) Layout(size fyne.Size) {
	side := min(size.Width, size.Height)
	for _, arc := range append(slices.Clone(r.arcs), r.track) {
		arc.Resize(fyne.NewSquareSize(side))
		arc.Move(fyne.NewPos((size.Width-side)/2, (size.Height-side)/2))
	}
	big, small := r.big.MinSize(), r.small.MinSize()
	top := (size.Height - big.Height - small.Height) / 2
	r.big.Resize(big)
	r.big.Move(fyne.NewPos((size.Width-big.Width)/2, top))
	r.small.Resize(small)
	r.small.Move(fyne.NewPos((size.Width-small.Width)/2, top+big.Height))
}

func (r *donutRenderer) Refresh() {
	r.track.FillColor = colour(ColourTrack)
	r.arcs = r.arcs[:0]
	from := float32(0)
	for _, s := range r.donut.slices {
		if s.Part <= 0 || from >= 360 {
			continue
		}
		to := min(from+max(float32(s.Part*360), arcLeast+arcGap), 360)
		end := to - arcGap
		if from == 0 && to == 360 {
			end = 360 // all of it has no gap
		}
		r.arcs = append(r.arcs, &canvas.Arc{
			CutoutRatio: cutout, FillColor: colour(s.Colour), CornerRadius: 4, StartAngle: from, EndAngle: end,
		})
		from = to
	}
	r.big.SetText(r.donut.big)
	r.small.SetText(r.donut.small)
	r.big.Refresh()
	r.small.Refresh()
	r.Layout(r.donut.Size())
	canvas.Refresh(r.donut)
}
