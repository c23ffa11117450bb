package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Notice tells what happened, whether the files are safe, and one next step, in the place that it is about.
type Notice struct {
	Root *fyne.Container

	ground *Box
	icon   *Icon
	title  *Paragraph
	text   *Paragraph
	row    *fyne.Container
}

// NewNotice makes a notice. The buttons stand below the text; text may be empty.
func NewNotice(tone Tone, title, text string, buttons ...*Button) *Notice {
	n := &Notice{
		ground: NewBox("", "", radiusCard), icon: NewIcon("info", 20, ColourText),
		title: NewParagraph(""), text: NewParagraph("").Secondary(), row: HBox(8),
	}
	n.title.strong = true
	body := VBox(4, n.title, n.text, PadEach(6, 0, 0, 0, n.row))
	n.Root = container.NewStack(n.ground, PadXY(16, 14, container.New(leading{gap: 12}, n.icon, body)))
	n.Set(tone, title, text, buttons...)
	return n
}

// Set changes what the notice says.
func (n *Notice) Set(tone Tone, title, text string, buttons ...*Button) {
	n.ground.SetColours(tone.Dim(), "")
	n.icon.Set(noticeIcon(tone), tone.Colour())
	n.title.SetText(title)
	n.text.SetText(text)
	show(n.text, text != "")
	n.row.RemoveAll()
	for _, b := range buttons {
		n.row.Add(Middle(b))
	}
	n.Root.Refresh()
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

// leading sets a sign at the top left and gives the rest of the width to what follows.
type leading struct{ gap float32 }

func (l leading) MinSize(objects []fyne.CanvasObject) fyne.Size {
	sign, body := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(sign.Width+l.gap+body.Width, max(sign.Height, body.Height))
}

func (l leading) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	sign := objects[0].MinSize()
	objects[0].Resize(sign)
	objects[0].Move(fyne.NewPos(0, 0))
	objects[1].Resize(fyne.NewSize(max(size.Width-sign.Width-l.gap, 0), size.Height))
	objects[1].Move(fyne.NewPos(sign.Width+l.gap, 0))
}
