package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// OptionData is what an Option shows. Empty fields are left out.
type OptionData struct {
	Icon   string // in a tile at the left
	Tone   Tone   // of the tile
	Title  string
	Detail string // below, in as many lines as it takes
	Value  string // at the right: how much
	Tick   bool   // it is one of several to tick, rather than a way to go
	Ticked bool
	One    bool   // of those to tick, only one can be
	Spoken string // for a screen reader; "" is title and detail
}

// Option is one of several ways to go, or one of several things to tick, as a card of its own.
type Option struct {
	control
	data OptionData
}

// NewOption makes an option; tap goes the way, or ticks it.
func NewOption(data OptionData, tap func()) *Option {
	o := &Option{data: data}
	o.tap = tap
	o.ExtendBaseWidget(o)
	return o
}

// Set changes what the option shows.
func (o *Option) Set(data OptionData) {
	if o.data != data {
		o.data = data
		o.Refresh()
	}
}

// Data is what the option shows.
func (o *Option) Data() OptionData { return o.data }

// FocusGained implements [fyne.Focusable].
func (o *Option) FocusGained() { o.gainFocus(o) }

// AccessibilityLabel implements [fyne.Accessible].
func (o *Option) AccessibilityLabel() string {
	switch {
	case o.data.Spoken != "":
		return o.data.Spoken
	case o.data.Detail == "":
		return o.data.Title
	default:
		return o.data.Title + ". " + o.data.Detail
	}
}

// AccessibilityRole implements [fyne.Accessible].
func (o *Option) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements [fyne.Widget].
func (o *Option) CreateRenderer() fyne.WidgetRenderer {
	r := &optionRenderer{
		option: o, ground: &canvas.Rectangle{}, ring: &canvas.Rectangle{}, tile: NewBox("", "", 11), sign: NewIcon("folder", 20, ColourText),
		box: NewBox("", "", 6), check: NewIcon("check", 16, ColourOnButton), way: NewIcon("chevron-right", 18, ColourMuted),
		title: Strong("").Clipped(), value: Muted(""), detail: NewParagraph("").Secondary(),
	}
	r.Refresh()
	return r
}

type optionRenderer struct {
	option           *Option
	ground, ring     *canvas.Rectangle
	tile, box        *Box
	sign, check, way *Icon
	title, value     *Text
	detail           *Paragraph
}

// Measures of an option.
const (
	optionInset = 14
	optionTile  = 40
	optionBox   = 20
	optionGap   = 14
	optionWay   = 18
)

func (r *optionRenderer) Destroy() {}

func (r *optionRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.tile, r.sign, r.box, r.check, r.title, r.value, r.detail, r.way, r.ring}
}

// left is where the texts begin.
func (r *optionRenderer) left() float32 {
	x := float32(optionInset)
	if r.option.data.Tick {
		x += optionBox + optionGap
	}
	if r.option.data.Icon != "" {
		x += optionTile + optionGap
	}
	return x
}

func (r *optionRenderer) texts() (height float32) {
	height = r.title.MinSize().Height
	if r.option.data.Detail != "" {
		height += 2 + r.detail.MinSize().Height
	}
	return height
}

func (r *optionRenderer) MinSize() fyne.Size {
	height := r.texts()
	if r.option.data.Icon != "" {
		height = max(height, optionTile)
	}
	return fyne.NewSize(r.left()+narrowestLine+r.value.MinSize().Width+optionGap+optionWay+optionInset, height+2*optionInset)
}

func (r *optionRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.option.standOff(true, r.ring, size, radiusCard)
	middle := func(o fyne.CanvasObject, x, side float32) {
		o.Resize(fyne.NewSquareSize(side))
		o.Move(fyne.NewPos(x, (size.Height-side)/2))
	}
	x := float32(optionInset)
	if r.option.data.Tick {
		middle(r.box, x, optionBox)
		middle(r.check, x+2, optionBox-4)
		x += optionBox + optionGap
	}
	middle(r.tile, x, optionTile)
	middle(r.sign, x+10, 20)
	right := size.Width - optionInset
	if !r.option.data.Tick {
		middle(r.way, right-optionWay, optionWay)
		right -= optionWay + optionGap
	}
	value := r.value.MinSize()
	r.value.Resize(value)
	r.value.Move(fyne.NewPos(right-value.Width, (size.Height-value.Height)/2))
	if r.option.data.Value != "" {
		right -= value.Width + optionGap
	}
	left := r.left()
	width := max(right-left, 0)
	r.detail.Resize(fyne.NewSize(width, r.detail.MinSize().Height)) // first, for the lines that it takes
	y := (size.Height - r.texts()) / 2
	title := r.title.MinSize().Height
	r.title.Resize(fyne.NewSize(width, title))
	r.title.Move(fyne.NewPos(left, y))
	r.detail.Move(fyne.NewPos(left, y+title+2))
}

func (r *optionRenderer) Refresh() {
	o := r.option
	d := o.data
	stroke := ColourOutline
	if d.Tick && d.Ticked {
		stroke = ColourAccent
	}
	paint(r.ground, ColourSurface, stroke, 1, radiusCard)
	o.paintFocus(r.ring, radiusCard)
	o.standOff(true, r.ring, o.Size(), radiusCard)
	show(r.tile, d.Icon != "")
	show(r.sign, d.Icon != "")
	if d.Icon != "" {
		r.tile.SetColours(d.Tone.Dim(), "")
		r.sign.Set(d.Icon, d.Tone.Colour())
	}
	fill := ColourSurface
	boxStroke := colourInputBorder
	if d.Ticked {
		fill, boxStroke = ColourButton, ColourButton
	}
	r.box.radius = 6
	if d.One {
		r.box.radius = optionBox / 2
	}
	r.box.SetColours(fill, boxStroke)
	show(r.box, d.Tick)
	show(r.check, d.Tick && d.Ticked)
	show(r.way, !d.Tick)
	r.title.SetText(d.Title)
	r.value.SetText(d.Value)
	show(r.value, d.Value != "")
	r.detail.SetText(d.Detail)
	show(r.detail, d.Detail != "")
	for _, part := range []fyne.CanvasObject{r.tile, r.sign, r.box, r.check, r.title, r.value, r.detail, r.way} {
		part.Refresh()
	}
	r.Layout(o.Size())
	canvas.Refresh(o)
}

// Narrow keeps what it holds in the middle, and no wider than is good to read.
func Narrow(width float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: narrow{width}, Objects: []fyne.CanvasObject{o}}
}

type narrow struct{ width float32 }

func (c narrow) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (c narrow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(c.width, size.Width)
	objects[0].Resize(fyne.NewSize(width, size.Height))
	objects[0].Move(fyne.NewPos((size.Width-width)/2, 0))
}
