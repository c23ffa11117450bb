package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Alternative is one thing that can be chosen.
type Alternative struct {
	Label  string
	Detail string // what it means; "" for none, and in tabs
}

// Choice lets a person choose one of a few things, which all are seen. One is always chosen.
type Choice struct {
	Root      *fyne.Container
	OnChanged func(chosen int) // nil is allowed

	options []*option
	chosen  int
}

// NewChoice makes a choice of things below each other, the first of them chosen.
func NewChoice(options ...Alternative) *Choice {
	c := newChoice(false, options)
	c.Root = VBox(2, c.objects()...)
	return c
}

// NewTabs makes a choice of things beside each other, for ways to look at the same.
func NewTabs(labels ...string) *Choice {
	options := make([]Alternative, len(labels))
	for i, label := range labels {
		options[i].Label = label
	}
	c := newChoice(true, options)
	c.Root = HBox(4, c.objects()...)
	return c
}

func newChoice(tabs bool, options []Alternative) *Choice {
	c := &Choice{}
	for i, data := range options {
		o := &option{data: data, tab: tabs, chosen: i == 0}
		o.tap = func() {
			if c.chosen != i {
				c.Choose(i)
				if c.OnChanged != nil {
					c.OnChanged(i)
				}
			}
		}
		o.ExtendBaseWidget(o)
		c.options = append(c.options, o)
	}
	return c
}

func (c *Choice) objects() []fyne.CanvasObject {
	all := make([]fyne.CanvasObject, len(c.options))
	for i, o := range c.options {
		all[i] = o
	}
	return all
}

// Chosen is the index of what is chosen.
func (c *Choice) Chosen() int { return c.chosen }

// Choose chooses, without telling OnChanged.
func (c *Choice) Choose(i int) {
	c.chosen = i
	for j, o := range c.options {
		if o.chosen != (j == i) {
			o.chosen = j == i
			o.Refresh()
		}
	}
}

// Focus gives the keyboard to what is chosen, and scrolls there.
func (c *Choice) Focus() { focus(c.options[c.chosen]) }

// SetDetail changes what an option says below its label.
func (c *Choice) SetDetail(i int, detail string) {
	if o := c.options[i]; o.data.Detail != detail {
		o.data.Detail = detail
		o.Refresh()
		c.Root.Refresh()
	}
}

// option is one thing of a Choice.
type option struct {
	control
	data   Alternative
	tab    bool
	chosen bool
}

// FocusGained implements [fyne.Focusable].
func (o *option) FocusGained() { o.gainFocus(o) }

// AccessibilityLabel implements [fyne.Accessible]. What is chosen begins with a check mark, which readers speak.
func (o *option) AccessibilityLabel() string {
	said := o.data.Label
	if o.data.Detail != "" {
		said += ", " + o.data.Detail
	}
	if o.chosen {
		said = "✓ " + said
	}
	return said
}

// AccessibilityRole implements [fyne.Accessible].
func (o *option) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements [fyne.Widget].
func (o *option) CreateRenderer() fyne.WidgetRenderer {
	r := &choiceRenderer{
		option: o, ground: &canvas.Rectangle{}, ring: &canvas.Rectangle{}, outer: &canvas.Circle{}, inner: &canvas.Circle{},
		label: Strong(o.data.Label), detail: NewParagraph(o.data.Detail).Secondary().Small(),
	}
	if !o.tab {
		r.label.strong = false
	}
	r.Refresh()
	return r
}

type choiceRenderer struct {
	option       *option
	ground, ring *canvas.Rectangle
	outer, inner *canvas.Circle // of what is not a tab
	label        *Text
	detail       *Paragraph
}

// Measures of an option.
const (
	optionX    = 12
	optionTabX = 9
	optionY    = 7
	optionDot  = 16
	optionText = optionX + optionDot + 10
)

func (r *choiceRenderer) Destroy() {}

func (r *choiceRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.ring, r.outer, r.inner, r.label, r.detail}
}

func (r *choiceRenderer) left() float32 {
	if r.option.tab {
		return optionTabX
	}
	return optionText
}

func (r *choiceRenderer) right() float32 {
	if r.option.tab {
		return optionTabX
	}
	return optionX
}

func (r *choiceRenderer) MinSize() fyne.Size {
	min := r.label.MinSize()
	if r.option.data.Detail != "" {
		min.Height += 2 + r.detail.MinSize().Height
	}
	return min.Add(fyne.NewSize(r.left()+r.right(), 2*optionY))
}

func (r *choiceRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.ring.Resize(size)
	label := r.label.MinSize()
	width := max(size.Width-r.left()-r.right(), 0)
	r.label.Resize(fyne.NewSize(width, label.Height))
	r.label.Move(fyne.NewPos(r.left(), optionY))
	r.detail.Resize(fyne.NewSize(width, r.detail.MinSize().Height))
	r.detail.Move(fyne.NewPos(r.left(), optionY+label.Height+2))
	y := optionY + (label.Height-optionDot)/2
	r.outer.Resize(fyne.NewSquareSize(optionDot))
	r.outer.Move(fyne.NewPos(optionX, y))
	r.inner.Resize(fyne.NewSquareSize(optionDot - 8))
	r.inner.Move(fyne.NewPos(optionX+4, y+4))
}

func (r *choiceRenderer) Refresh() {
	o := r.option
	fill, text := fyne.ThemeColorName(""), fyne.ThemeColorName(ColourText)
	if o.tab && o.chosen {
		fill = ColourSelected
	} else if o.tab {
		text = ColourMuted
	}
	paint(r.ground, fill, "", 0, radiusControl)
	o.paintFocus(r.ring, radiusControl)
	r.label.SetColour(text)
	r.label.Refresh()
	r.detail.SetText(o.data.Detail)
	r.detail.Refresh()
	show(r.detail, o.data.Detail != "")
	show(r.outer, !o.tab)
	show(r.inner, !o.tab && o.chosen)
	dot := colour(colourInputBorder)
	if o.chosen {
		dot = colour(ColourAccent)
	}
	r.outer.StrokeColor, r.outer.StrokeWidth, r.inner.FillColor = dot, 2, dot
	r.Layout(o.Size())
	canvas.Refresh(o)
}
