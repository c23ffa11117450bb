package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Notice tells what happened, whether the files are safe, and one next step, in the place that it is about.
type Notice struct {
	Root *fyne.Container

	ground *Box
	tile   *Box
	icon   *Icon
	title  *Paragraph
	text   *Paragraph
	row    *fyne.Container
}

// NewNotice makes a notice. The buttons stand at its right, or below where it is narrow, the next step last; text may be empty.
func NewNotice(tone Tone, title, text string, buttons ...*Button) *Notice {
	n := &Notice{
		ground: NewBox(ColourSurface, "", radiusCard), tile: NewBox("", "", 11), icon: NewIcon("info", 20, ColourText),
		title: NewParagraph(""), text: NewParagraph("").Secondary(), row: container.New(hbox{8}),
	}
	n.title.strong = true
	tile := Fixed(40, 40, container.NewStack(n.tile, container.NewCenter(n.icon)))
	n.Root = container.NewStack(n.ground, PadXY(Inset, 14, Lead(14, Middle(tile), container.New(&aside{}, VBox(2, n.title, n.text), n.row))))
	n.Set(tone, title, text, buttons...)
	return n
}

// Set changes what the notice says.
func (n *Notice) Set(tone Tone, title, text string, buttons ...*Button) {
	n.ground.SetColours(ColourSurface, ColourOutline)
	n.tile.SetColours(tone.Dim(), "")
	n.icon.Set(noticeIcon(tone), tone.Colour())
	n.title.SetText(title)
	n.text.SetText(text)
	show(n.text, text != "")
	show(n.row, len(buttons) > 0)
	n.row.RemoveAll()
	for _, b := range buttons {
		n.row.Add(Middle(b))
	}
	n.Root.Refresh()
}

// aside sets the second object at the right of the first one, or below it where that would leave too little room for text.
// Its height hangs on the width that it was given last, like that of a paragraph.
type aside struct{ width float32 }

const (
	asideGap  = 12
	asideText = 230 // narrower than this, text is hard to read
)

func (a *aside) below(objects []fyne.CanvasObject) bool {
	return objects[1].Visible() && a.width > 0 && a.width-objects[1].MinSize().Width-asideGap < asideText
}

func (a *aside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	text, row := objects[0].MinSize(), objects[1].MinSize()
	switch {
	case !objects[1].Visible():
		return text
	case a.below(objects):
		return fyne.NewSize(max(text.Width, row.Width), text.Height+asideGap+row.Height)
	}
	return fyne.NewSize(max(text.Width, row.Width), max(text.Height, row.Height))
}

func (a *aside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	a.width = size.Width
	text, row := objects[0], objects[1]
	wide := size.Width
	if row.Visible() {
		room := row.MinSize()
		row.Resize(room)
		if a.below(objects) {
			row.Move(fyne.NewPos(0, size.Height-room.Height))
		} else {
			wide -= room.Width + asideGap
			row.Move(fyne.NewPos(size.Width-room.Width, (size.Height-room.Height)/2))
		}
	}
	text.Resize(fyne.NewSize(max(wide, 0), text.MinSize().Height)) // it breaks anew
	height := text.MinSize().Height
	text.Resize(fyne.NewSize(max(wide, 0), height))
	y := (size.Height - height) / 2
	if a.below(objects) {
		y = 0
	}
	text.Move(fyne.NewPos(0, max(y, 0)))
}

func noticeIcon(tone Tone) string {
	switch tone {
	case Good:
		return "check"
	case Warn, Bad:
		return "warning"
	default:
		return "info"
	}
}
