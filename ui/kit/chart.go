package kit

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Chart is an area under a smooth line through values of equal distance, such as one a day.
type Chart struct {
	widget.BaseWidget
	values []float64
	spoken string
}

// NewChart makes a chart without values.
func NewChart() *Chart {
	c := &Chart{}
	c.ExtendBaseWidget(c)
	return c
}

// Set changes the values; spoken is the sentence for a screen reader.
func (c *Chart) Set(values []float64, spoken string) {
	if c.spoken != spoken || !slices.Equal(c.values, values) {
		c.values, c.spoken = slices.Clone(values), spoken
		c.Refresh()
	}
}

// AccessibilityLabel implements [fyne.Accessible].
func (c *Chart) AccessibilityLabel() string { return c.spoken }

// AccessibilityRole implements [fyne.Accessible].
func (c *Chart) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (c *Chart) CreateRenderer() fyne.WidgetRenderer {
	return newDrawing("chart", fyne.NewSize(120, 64), func(size fyne.Size) string {
		return areaSVG(c.values, size, css(colour(ColourSeries1)), css(colour(ColourTrack)))
	})
}

// areaSVG draws the grid, and the values when there are two at least. The scale begins a little below the
// least of them, so that slow growth is seen as growth.
func areaSVG(values []float64, size fyne.Size, line, grid string) string {
	w, h := float64(size.Width), float64(size.Height)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`, w, h, w, h)
	for i := range 3 {
		fmt.Fprintf(&b, `<rect x="0" y="%.1f" width="%.0f" height="1" fill="%s"/>`, float64(i+1)*h/4, w, grid)
	}
	if len(values) > 1 {
		curve := areaCurve(values, w, h)
		fmt.Fprintf(&b, `<defs><linearGradient id="area" x1="0" y1="0" x2="0" y2="1">`+
			`<stop offset="0" stop-color="%[1]s" stop-opacity="0.4"/><stop offset="1" stop-color="%[1]s" stop-opacity="0.02"/>`+
			`</linearGradient></defs><path d="%[2]s V%.1[3]f H1 Z" fill="url(#area)"/>`+
			`<path d="%[2]s" fill="none" stroke="%[1]s" stroke-width="2" stroke-linecap="round"/>`, line, curve, h)
	}
	b.WriteString(`</svg>`)
	return b.String()
}

func areaCurve(values []float64, w, h float64) string {
	low, high := slices.Min(values)*0.9, slices.Max(values)
	x := func(i int) float64 { return 1 + float64(i)/float64(len(values)-1)*(w-2) }
	y := func(v float64) float64 {
		if high <= low {
			return h - 3
		}
		return 3 + (1-(v-low)/(high-low))*(h-6)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.1f", x(0), y(values[0]))
	for i := 1; i < len(values); i++ {
		half := (x(i-1) + x(i)) / 2
		fmt.Fprintf(&b, " C%.1f %.1f %.1f %.1f %.1f %.1f", half, y(values[i-1]), half, y(values[i]), x(i), y(values[i]))
	}
	return b.String()
}
