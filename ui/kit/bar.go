package kit

import (
	"fmt"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Bar is a thin progress bar, for what is unfinished only.
type Bar struct {
	widget.BaseWidget
	part float64 // 0 to 1
	tone Tone
}

// NewBar makes a bar that shows nothing done yet.
func NewBar(tone Tone) *Bar {
	b := &Bar{tone: tone}
	b.ExtendBaseWidget(b)
	return b
}

// Set shows the part that is done, 0 to 1; what lies outside is cut, and no number is 0.
func (b *Bar) Set(part float64, tone Tone) {
	part = min(max(part, 0), 1)
	if math.IsNaN(part) {
		part = 0
	}
	if b.part != part || b.tone != tone {
		b.part, b.tone = part, tone
		b.Refresh()
	}
}

// AccessibilityLabel implements [fyne.Accessible].
func (b *Bar) AccessibilityLabel() string { return fmt.Sprintf("%d %%", int(b.part*100)) }

// AccessibilityRole implements [fyne.Accessible].
func (b *Bar) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (b *Bar) CreateRenderer() fyne.WidgetRenderer {
	r := &barRenderer{b, &canvas.Rectangle{}, &canvas.Rectangle{}}
	r.Refresh()
	return r
}

type barRenderer struct {
	bar         *Bar
	track, done *canvas.Rectangle
}

const barHeight = 6

func (r *barRenderer) Destroy()                     {}
func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.done} }
func (r *barRenderer) MinSize() fyne.Size           { return fyne.NewSize(60, barHeight) }

func (r *barRenderer) Layout(size fyne.Size) {
	y := (size.Height - barHeight) / 2
	r.track.Resize(fyne.NewSize(size.Width, barHeight))
	r.track.Move(fyne.NewPos(0, y))
	r.done.Resize(fyne.NewSize(max(barHeight, size.Width*float32(r.bar.part)), barHeight))
	r.done.Move(fyne.NewPos(0, y))
}

func (r *barRenderer) Refresh() {
	r.Layout(r.bar.Size())
	show(r.done, r.bar.part > 0)
	paint(r.track, ColourTrack, "", 0, barHeight/2)
	paint(r.done, r.bar.tone.Colour(), "", 0, barHeight/2)
}
