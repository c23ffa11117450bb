package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Split sets a place to look around in at the left of what is seen there, with a line between them. The left one takes a
// third of the width, and never less or more than is good to read.
func Split(left, right fyne.CanvasObject) *fyne.Container {
	return container.New(split{}, left, Line(), right)
}

type split struct{}

// Measures of a split, beside the distance at both sides of the line.
const (
	splitLeast = 210
	splitMost  = 320
	splitGap   = 14
)

func (split) MinSize(objects []fyne.CanvasObject) fyne.Size {
	left, right := objects[0].MinSize(), objects[2].MinSize()
	return fyne.NewSize(max(left.Width, splitLeast)+2*splitGap+1+right.Width, max(left.Height, right.Height))
}

func (split) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := max(min(size.Width*0.3, splitMost), splitLeast, objects[0].MinSize().Width)
	objects[0].Resize(fyne.NewSize(width, size.Height))
	objects[0].Move(fyne.NewPos(0, 0))
	objects[1].Resize(fyne.NewSize(1, size.Height))
	objects[1].Move(fyne.NewPos(width+splitGap, 0))
	x := width + 2*splitGap + 1
	objects[2].Resize(fyne.NewSize(max(size.Width-x, 0), size.Height))
	objects[2].Move(fyne.NewPos(x, 0))
}
