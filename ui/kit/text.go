package kit

import (
	"sort"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Text is one line without padding of its own. It draws what it is given: names from outside go through
// [Shown] first.
type Text struct {
	widget.BaseWidget
	text    string
	size    float32
	colour  fyne.ThemeColorName
	strong  bool
	clipped bool // may become narrower than its text, which then ends in "…"
	align   fyne.TextAlign
}

// Title is the name of a page.
func Title(text string) *Text { return newText(text, SizeTitle, ColourText, true) }

// Heading is the name of a card.
func Heading(text string) *Text { return newText(text, SizeHeading, ColourText, true) }

// Strong is what a line is about.
func Strong(text string) *Text { return newText(text, SizeBody, ColourText, true) }

// Body is ordinary text.
func Body(text string) *Text { return newText(text, SizeBody, ColourText, false) }

// Muted is secondary text in the ordinary size.
func Muted(text string) *Text { return newText(text, SizeBody, ColourMuted, false) }

// Small is secondary text in the small size.
func Small(text string) *Text { return newText(text, SizeSmall, ColourMuted, false) }

func newText(text string, size float32, colour fyne.ThemeColorName, strong bool) *Text {
	t := &Text{text: text, size: size, colour: colour, strong: strong}
	t.ExtendBaseWidget(t)
	return t
}

// Clipped lets the text shrink: what does not fit becomes "…".
func (t *Text) Clipped() *Text { t.clipped = true; return t }

// Aligned sets where in its width the text stands.
func (t *Text) Aligned(align fyne.TextAlign) *Text { t.align = align; return t }

// Coloured sets another colour.
func (t *Text) Coloured(colour fyne.ThemeColorName) *Text { t.SetColour(colour); return t }

// SetText changes what is written.
func (t *Text) SetText(text string) {
	if t.text != text {
		t.text = text
		t.Refresh()
	}
}

// SetColour changes the colour.
func (t *Text) SetColour(colour fyne.ThemeColorName) {
	if t.colour != colour {
		t.colour = colour
		t.Refresh()
	}
}

// AccessibilityLabel implements [fyne.Accessible].
func (t *Text) AccessibilityLabel() string { return t.text }

// AccessibilityRole implements [fyne.Accessible].
func (t *Text) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{text: t, line: &canvas.Text{}}
	r.Refresh()
	return r
}

type textRenderer struct {
	text *Text
	line *canvas.Text
}

// narrowest is what a clipped text may shrink to.
const narrowest = 24

func (r *textRenderer) Destroy()                     {}
func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.line} }
func (r *textRenderer) style() fyne.TextStyle        { return fyne.TextStyle{Bold: r.text.strong} }

func (r *textRenderer) MinSize() fyne.Size {
	min := fyne.MeasureText(r.text.text, r.text.size, r.style())
	if r.text.clipped {
		min.Width = narrowest
	}
	return min
}

func (r *textRenderer) Layout(size fyne.Size) {
	text := r.text.text
	if r.text.clipped {
		text = clip(text, size.Width, r.text.size, r.style())
	}
	if r.line.Text != text {
		r.line.Text = text
		r.line.Refresh()
	}
	r.line.Resize(size)
}

func (r *textRenderer) Refresh() {
	t := r.text
	r.line.Color, r.line.TextSize, r.line.TextStyle, r.line.Alignment = colour(t.colour), t.size, r.style(), t.align
	r.line.Text = t.text
	r.Layout(t.Size())
	r.line.Refresh()
}

// clip returns the longest start of text that fits into width, with "…" where it was cut.
func clip(text string, width, size float32, style fyne.TextStyle) string {
	if fyne.MeasureText(text, size, style).Width <= width {
		return text
	}
	runes := []rune(text)
	cut := sort.Search(len(runes), func(n int) bool {
		return fyne.MeasureText(string(runes[:n+1])+"…", size, style).Width > width
	})
	return string(runes[:cut]) + "…"
}
