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

// NewNotice makes a notice. The buttons stand at its right, the next step last; text may be empty.
func NewNotice(tone Tone, title, text string, buttons ...*Button) *Notice {
	n := &Notice{
		ground: NewBox(ColourSurface, "", radiusCard), tile: NewBox("", "", 11), icon: NewIcon("info", 20, ColourText),
		title: NewParagraph(""), text: NewParagraph("").Secondary(), row: container.New(hbox{8}),
	}
	n.title.strong = true
	tile := Fixed(40, 40, container.NewStack(n.tile, container.NewCenter(n.icon)))
	n.Root = container.NewStack(n.ground, PadXY(Inset, 14, Lead(14, Middle(tile), Between(VBox(2, n.title, n.text), n.row))))
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
