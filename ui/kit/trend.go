package kit

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// TrendPoint is a value at some time, both in any unit.
type TrendPoint struct{ X, Y float64 }

// TrendData is what a Trend shows.
type TrendData struct {
	Past              []TrendPoint // in rising X
	Rough             int          // how many of them, from the first on, are not measured: their line is fainter
	Most              float64      // a height that the line must not reach; 0: none
	Full, Early, Late float64      // X at which it will reach Most, most likely and at the extremes; 0: nobody knows
	Spoken            string       // the sentence for a screen reader
}

// Trend is a line through what was, and where it leads: to a limit, dashed, with the width of what nobody knows.
type Trend struct {
	widget.BaseWidget
	data TrendData
}

// NewTrend makes one without values.
func NewTrend() *Trend {
	t := &Trend{}
	t.ExtendBaseWidget(t)
	return t
}

// Set changes what is shown.
func (t *Trend) Set(data TrendData) {
	same := slices.Equal(t.data.Past, data.Past)
	a, b := t.data, data
	a.Past, b.Past = nil, nil
	if same && fmt.Sprint(a) == fmt.Sprint(b) {
		return
	}
	data.Past = slices.Clone(data.Past)
	t.data = data
	t.Refresh()
}

// AccessibilityLabel implements [fyne.Accessible].
func (t *Trend) AccessibilityLabel() string { return t.data.Spoken }

// AccessibilityRole implements [fyne.Accessible].
func (t *Trend) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (t *Trend) CreateRenderer() fyne.WidgetRenderer {
	return newDrawing("trend", fyne.NewSize(160, 130), func(size fyne.Size) string {
		return trendSVG(t.data, size, trendColours{css(colour(ColourSeries1)), css(colour(ColourTrack)), css(colour(ColourWarn))})
	})
}

type trendColours struct{ line, grid, most string }

// trendSVG draws the grid, the line when there are two points at least, and what is to come where that is known. What is to
// come takes half of the width at most.
func trendSVG(d TrendData, size fyne.Size, c trendColours) string {
	w, h := float64(size.Width), float64(size.Height)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`, w, h, w, h)
	for i := range 4 {
		fmt.Fprintf(&b, `<rect x="0" y="%.1f" width="%.0f" height="1" fill="%s"/>`, float64(i)*(h-1)/3, w, c.grid)
	}
	if len(d.Past) > 1 && d.Past[len(d.Past)-1].X > d.Past[0].X {
		s := trendScale(d, w, h)
		s.draw(&b, d, c)
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// scale places points in the picture.
type scale struct {
	w, h, left, right, top float64
}

func trendScale(d TrendData, w, h float64) scale {
	first, last := d.Past[0], d.Past[len(d.Past)-1]
	s := scale{w: w, h: h, left: first.X, right: last.X, top: 1}
	for _, p := range d.Past {
		s.top = max(s.top, p.Y)
	}
	if d.Full > last.X {
		s.right = min(max(d.Full, d.Late), last.X+(last.X-first.X))
	}
	if d.Most > 0 && (d.Full > 0 || d.Most < 2*s.top) {
		s.top = max(s.top, d.Most)
	}
	return s
}

func (s scale) at(p TrendPoint) (x, y float64) {
	return 1 + (p.X-s.left)/(s.right-s.left)*(s.w-2), s.h - 2 - p.Y/s.top*(s.h-8)
}

func (s scale) draw(b *strings.Builder, d TrendData, c trendColours) {
	last := d.Past[len(d.Past)-1]
	if d.Most > 0 && d.Most <= s.top {
		_, y := s.at(TrendPoint{s.left, d.Most})
		fmt.Fprintf(b, `<path d="M0 %.1f H%.1f" stroke="%s" stroke-width="1.5" stroke-dasharray="2 4" fill="none"/>`, y, s.w, c.most)
	}
	line := s.path(d.Past)
	x, _ := s.at(d.Past[0])
	X, _ := s.at(last)
	fmt.Fprintf(b, `<path d="%s L%.1f %.1f L%.1f %.1f Z" fill="%s" fill-opacity="0.14"/>`, line, X, s.h, x, s.h, c.line)
	if d.Full > last.X && d.Most > last.Y {
		if d.Early > last.X && d.Late >= d.Early {
			fmt.Fprintf(b, `<path d="%s L%s Z" fill="%s" fill-opacity="0.12"/>`, s.path([]TrendPoint{last, s.until(last, d.Early, d.Most)}),
				strings.TrimPrefix(s.path([]TrendPoint{s.until(last, d.Late, d.Most)}), "M"), c.line)
		}
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="5 5"/>`, s.path([]TrendPoint{last, s.until(last, d.Full, d.Most)}), c.line)
	}
	if rough := min(d.Rough+1, len(d.Past)); d.Rough > 0 {
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-opacity="0.45" stroke-width="2"/>`, s.path(d.Past[:rough]), c.line)
		d.Past = d.Past[rough-1:]
	}
	if len(d.Past) > 1 {
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2.2" stroke-linejoin="round"/>`, s.path(d.Past), c.line)
	}
}

// until is where a straight line from a point, which reaches a height at x, leaves the picture.
func (s scale) until(from TrendPoint, x, height float64) TrendPoint {
	if x <= s.right {
		return TrendPoint{x, height}
	}
	return TrendPoint{s.right, from.Y + (height-from.Y)*(s.right-from.X)/(x-from.X)}
}

func (s scale) path(points []TrendPoint) string {
	var b strings.Builder
	for i, p := range points {
		x, y := s.at(p)
		fmt.Fprintf(&b, "%c%.1f %.1f", "ML"[min(i, 1)], x, y)
	}
	return b.String()
}
