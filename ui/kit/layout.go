package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// Distances and corners that repeat.
const (
	Gap           = 16 // between cards
	Inset         = 20 // inside a card
	PageInset     = 24 // around a page
	radiusCard    = 14
	radiusControl = 9
)

// VBox stacks objects with gap between them.
func VBox(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedVBoxLayout(gap), objects...)
}

// HBox sets objects beside each other with gap between them, each in the middle of the height.
func HBox(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	middle := make([]fyne.CanvasObject, len(objects))
	for i, o := range objects {
		middle[i] = Middle(o)
	}
	return container.New(hbox{gap}, middle...)
}

// hbox gives each object its minimum width and the whole height. Unlike Fyne's own it does not treat
// spacers, and it skips what is hidden, also inside Middle.
type hbox struct{ gap float32 }

func (h hbox) MinSize(objects []fyne.CanvasObject) (min fyne.Size) {
	for _, o := range objects {
		if !shownIn(o) {
			continue
		}
		if min.Width > 0 {
			min.Width += h.gap
		}
		size := o.MinSize()
		min = fyne.NewSize(min.Width+size.Width, max(min.Height, size.Height))
	}
	return min
}

func (h hbox) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for _, o := range objects {
		if !shownIn(o) {
			continue
		}
		width := o.MinSize().Width
		o.Resize(fyne.NewSize(width, size.Height))
		o.Move(fyne.NewPos(x, 0))
		x += width + h.gap
	}
}

// shownIn looks through a container of one.
func shownIn(o fyne.CanvasObject) bool {
	if box, ok := o.(*fyne.Container); ok && len(box.Objects) == 1 {
		return box.Visible() && box.Objects[0].Visible()
	}
	return o.Visible()
}

// Pad keeps a distance around an object.
func Pad(distance float32, o fyne.CanvasObject) *fyne.Container { return PadXY(distance, distance, o) }

// PadXY keeps x at the sides of an object, and y above and below it.
func PadXY(x, y float32, o fyne.CanvasObject) *fyne.Container { return PadEach(y, y, x, x, o) }

// PadEach keeps a distance at each side of an object.
func PadEach(top, bottom, left, right float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(top, bottom, left, right), o)
}

// Middle centres an object in the height and gives it the whole width.
func Middle(o fyne.CanvasObject) *fyne.Container { return container.New(middle{}, o) }

type middle struct{}

func (middle) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	height := objects[0].MinSize().Height
	objects[0].Resize(fyne.NewSize(size.Width, height))
	objects[0].Move(fyne.NewPos(0, (size.Height-height)/2))
}

// Between sets one object at the left, taking what is left over, and one at the right. The left one comes
// first in Tab order.
func Between(left, right fyne.CanvasObject) *fyne.Container {
	return container.New(between{gap: 12}, Middle(left), Middle(right))
}

type between struct{ gap float32 }

func (b between) MinSize(objects []fyne.CanvasObject) fyne.Size {
	left, right := objects[0].MinSize(), objects[1].MinSize()
	if !shownIn(objects[1]) {
		return left
	}
	return fyne.NewSize(left.Width+b.gap+right.Width, max(left.Height, right.Height))
}

func (b between) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	rest := size.Width
	if shownIn(objects[1]) {
		width := objects[1].MinSize().Width
		objects[1].Resize(fyne.NewSize(width, size.Height))
		objects[1].Move(fyne.NewPos(size.Width-width, 0))
		rest -= width + b.gap
	}
	objects[0].Resize(fyne.NewSize(max(rest, 0), size.Height))
	objects[0].Move(fyne.NewPos(0, 0))
}

// Lead gives the first object its own width and the rest of it to the second, both in the whole height.
func Lead(gap float32, first, rest fyne.CanvasObject) *fyne.Container {
	return container.New(lead{gap}, first, rest)
}

type lead struct{ gap float32 }

func (l lead) MinSize(objects []fyne.CanvasObject) fyne.Size {
	first, rest := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(first.Width+l.gap+rest.Width, max(first.Height, rest.Height))
}

func (l lead) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := objects[0].MinSize().Width
	objects[0].Resize(fyne.NewSize(width, size.Height))
	objects[0].Move(fyne.NewPos(0, 0))
	objects[1].Resize(fyne.NewSize(max(size.Width-width-l.gap, 0), size.Height))
	objects[1].Move(fyne.NewPos(width+l.gap, 0))
}

// Stretch stacks objects with gap between them and gives the one with the given index what height is left.
func Stretch(gap float32, index int, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(stretch{gap, objects[index]}, objects...)
}

type stretch struct {
	gap    float32
	taking fyne.CanvasObject
}

func (s stretch) MinSize(objects []fyne.CanvasObject) (min fyne.Size) {
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		if min.Height > 0 {
			min.Height += s.gap
		}
		size := o.MinSize()
		min = fyne.NewSize(max(min.Width, size.Width), min.Height+size.Height)
	}
	return min
}

func (s stretch) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := size.Height - s.MinSize(objects).Height
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		height := o.MinSize().Height
		if o == s.taking {
			height += max(left, 0)
		}
		o.Resize(fyne.NewSize(size.Width, height))
		o.Move(fyne.NewPos(0, y))
		y += height + s.gap
	}
}

// Columns sets objects beside each other with the widths given by weights, as tall as the tallest.
func Columns(gap float32, weights []float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(columns{weights, gap}, objects...)
}

type columns struct {
	weights []float32
	gap     float32
}

func (c columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var total, unit, height float32
	for i, o := range objects {
		min := o.MinSize()
		total += c.weights[i]
		unit = max(unit, min.Width/c.weights[i])
		height = max(height, min.Height)
	}
	return fyne.NewSize(unit*total+c.gap*float32(len(objects)-1), height)
}

func (c columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	var total, x float32
	for i := range objects {
		total += c.weights[i]
	}
	room := size.Width - c.gap*float32(len(objects)-1)
	for i, o := range objects {
		width := room * c.weights[i] / total
		o.Resize(fyne.NewSize(width, size.Height))
		o.Move(fyne.NewPos(x, 0))
		x += width + c.gap
	}
}

// Fixed gives an object a size of its own; 0 leaves that side to the surroundings.
func Fixed(width, height float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(fixed{fyne.NewSize(width, height)}, o)
}

type fixed struct{ size fyne.Size }

func (f fixed) MinSize([]fyne.CanvasObject) fyne.Size { return f.size }

func (f fixed) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	want := f.size
	if want.Width == 0 {
		want.Width = size.Width
	}
	if want.Height == 0 {
		want.Height = size.Height
	}
	objects[0].Resize(want)
	objects[0].Move(fyne.NewPos((size.Width-want.Width)/2, (size.Height-want.Height)/2))
}
