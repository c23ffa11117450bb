package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
	"github.com/go-text/typesetting/segmenter"
)

// Paragraph is text that breaks into lines at the width it is given. A word that is wider than a line is
// cut where the line ends.
type Paragraph struct {
	widget.BaseWidget
	text   string
	size   float32
	colour fyne.ThemeColorName
	align  fyne.TextAlign
	strong bool
}

// NewParagraph makes ordinary text; Secondary makes it muted.
func NewParagraph(text string) *Paragraph {
	p := &Paragraph{text: text, size: SizeBody, colour: ColourText}
	p.ExtendBaseWidget(p)
	return p
}

// Secondary mutes the text.
func (p *Paragraph) Secondary() *Paragraph { p.colour = ColourMuted; return p }

// Small sets the text small.
func (p *Paragraph) Small() *Paragraph { p.size = SizeSmall; return p }

// Centred sets the lines in the middle.
func (p *Paragraph) Centred() *Paragraph { p.align = fyne.TextAlignCenter; return p }

// AsTitle makes it the name of a page, or the one sentence that matters most.
func (p *Paragraph) AsTitle() *Paragraph { p.size, p.strong = SizeTitle, true; return p }

// asHeading makes it the name of a card, which may need more than one line.
func (p *Paragraph) asHeading() *Paragraph { p.size, p.strong = SizeHeading, true; return p }

// SetText changes what is written.
func (p *Paragraph) SetText(text string) {
	if p.text != text {
		p.text = text
		p.Refresh()
	}
}

// SetColour changes the colour.
func (p *Paragraph) SetColour(colour fyne.ThemeColorName) {
	if p.colour != colour {
		p.colour = colour
		p.Refresh()
	}
}

func (p *Paragraph) style() fyne.TextStyle { return fyne.TextStyle{Bold: p.strong} }

// AccessibilityLabel implements [fyne.Accessible].
func (p *Paragraph) AccessibilityLabel() string { return p.text }

// AccessibilityRole implements [fyne.Accessible].
func (p *Paragraph) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer {
	r := &paragraphRenderer{paragraph: p}
	r.Refresh()
	return r
}

type paragraphRenderer struct {
	paragraph *Paragraph
	lines     []*canvas.Text
	width     float32 // that the lines were made for
}

func (r *paragraphRenderer) Destroy() {}

func (r *paragraphRenderer) Objects() []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, len(r.lines))
	for i, line := range r.lines {
		objects[i] = line
	}
	return objects
}

// narrowestLine keeps a paragraph from becoming a column of syllables.
const narrowestLine = 100

// lineHeight is the distance from line to line: large text needs less air.
func (r *paragraphRenderer) lineHeight() float32 {
	if r.paragraph.size > SizeHeading {
		return r.paragraph.size * 1.22
	}
	return r.paragraph.size * 1.4
}

func (r *paragraphRenderer) MinSize() fyne.Size {
	return fyne.NewSize(narrowestLine, float32(max(len(r.lines), 1))*r.lineHeight())
}

func (r *paragraphRenderer) Layout(size fyne.Size) {
	if size.Width != r.width {
		before := len(r.lines)
		r.breakLines(size.Width)
		if len(r.lines) != before {
			defer canvas.Refresh(r.paragraph) // the height that it needs is another one
		}
	}
	height := r.lineHeight()
	for i, line := range r.lines {
		line.Resize(fyne.NewSize(size.Width, height))
		line.Move(fyne.NewPos(0, float32(i)*height))
	}
}

func (r *paragraphRenderer) Refresh() {
	size := r.paragraph.Size()
	r.breakLines(size.Width)
	r.Layout(size)
	canvas.Refresh(r.paragraph)
}

func (r *paragraphRenderer) breakLines(width float32) {
	p := r.paragraph
	r.width, r.lines = width, nil
	for _, text := range wrap(p.text, width, p.size, p.style()) {
		r.lines = append(r.lines, &canvas.Text{
			Text: text, TextSize: p.size, TextStyle: p.style(), Color: colour(p.colour), Alignment: p.align,
		})
	}
}

// wrap breaks text at line feeds, then where a line may end. At no width yet it stays whole.
func wrap(text string, width, size float32, style fyne.TextStyle) (lines []string) {
	fits := func(s string) bool {
		return width <= 0 || fyne.MeasureText(s, size, style).Width <= width
	}
	for part := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, piece := range pieces(part) {
			if fits(strings.TrimRight(line+piece, space)) {
				line += piece
				continue
			}
			if line != "" {
				lines = append(lines, strings.TrimRight(line, space))
			}
			for line = piece; !fits(strings.TrimRight(line, space)); {
				head, rest := cutWord(line, fits)
				lines, line = append(lines, head), rest
			}
		}
		lines = append(lines, strings.TrimRight(line, space))
	}
	return lines
}

// space is what a line may end at. A space that is none of these holds what is beside it together.
const space = " \t"

// pieces are parts of a text after each of which a line may end: words with the space behind them, and in a script that sets
// no spaces whatever the rules of Unicode leave whole, so that no line begins with a full stop.
func pieces(text string) (all []string) {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(space, r) })
	for i, word := range words {
		if i < len(words)-1 {
			word += " "
		}
		if !strings.ContainsFunc(word, square) {
			all = append(all, word)
			continue
		}
		var rules segmenter.Segmenter
		rules.Init([]rune(word))
		first, before := true, 'x'
		for found := rules.LineIterator(); found.Next(); first = false {
			run := found.Line().Text
			if !first && !square(before) && !square(run[0]) { // such as after a slash: as everywhere, a word stays whole
				all[len(all)-1] += string(run)
			} else {
				all = append(all, string(run))
			}
			before = run[len(run)-1]
		}
	}
	return all
}

// square tells a character of Chinese or Japanese, and their marks: each is as wide as the text is high, and no space stands
// between them.
func square(r rune) bool {
	return r >= 0x2E80 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0xFF01 && r <= 0xFF60 || r >= 0x20000 && r <= 0x3FFFF
}

// cutWord takes as much from the front of a word as fits, and one character at least.
func cutWord(word string, fits func(string) bool) (head, rest string) {
	runes := []rune(word)
	n := 1
	for n < len(runes) && fits(string(runes[:n+1])) {
		n++
	}
	return string(runes[:n]), string(runes[n:])
}
