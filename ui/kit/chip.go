package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Chip is a small tinted label for a state.
type Chip struct {
	widget.BaseWidget
	text string
	tone Tone
}

// NewChip makes a chip.
func NewChip(text string, tone Tone) *Chip {
	c := &Chip{text: text, tone: tone}
	c.ExtendBaseWidget(c)
	return c
}

// Set changes what the chip says.
func (c *Chip) Set(text string, tone Tone) {
	if c.text != text || c.tone != tone {
		c.text, c.tone = text, tone
		c.Refresh()
	}
}

// AccessibilityLabel implements [fyne.Accessible].
func (c *Chip) AccessibilityLabel() string { return c.text }

// AccessibilityRole implements [fyne.Accessible].
func (c *Chip) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (c *Chip) CreateRenderer() fyne.WidgetRenderer {
	r := &chipRenderer{chip: c, ground: NewBox("", "", 10), text: newText(c.text, SizeSmall, ColourText, true)}
	r.Refresh()
	return r
}

type chipRenderer struct {
	chip   *Chip
	ground *Box
	text   *Text
}

func (r *chipRenderer) Destroy()                     {}
func (r *chipRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.ground, r.text} }

func (r *chipRenderer) MinSize() fyne.Size { return r.text.MinSize().Add(fyne.NewSize(18, 6)) }

func (r *chipRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.text.Resize(size.Subtract(fyne.NewSize(18, 6)))
	r.text.Move(fyne.NewPos(9, 3))
}

func (r *chipRenderer) Refresh() {
	r.ground.SetColours(r.chip.tone.Dim(), "")
	r.ground.Refresh()
	r.text.SetText(r.chip.text)
	r.text.SetColour(r.chip.tone.Colour())
	r.text.Refresh()
}
