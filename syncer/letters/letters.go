// Package letters writes on the page of a PDF in any script.
package letters

import (
	"bytes"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/fontscan"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"

	"roost/assets"
)

// Pen writes with the page's font, size and colour. Western European text stands in the PDF as text, in the standard fonts
// that every reader has. Other text is drawn: a PDF may not count on the reader's fonts, and the usual fonts of computers for
// other scripts are of kinds, and of sizes, that do not go into one.
type Pen struct {
	pdf     *fpdf.Fpdf
	latin   func(string) string // as cp1252; what that lacks is a dot
	regular *faces              // nil until something is drawn
	bold    *faces
	kana    bool // Japanese was written: characters that it shares with Chinese get its shapes
}

// New makes the pen of a document.
func New(pdf *fpdf.Fpdf) *Pen { return &Pen{pdf: pdf, latin: pdf.UnicodeTranslatorFromDescriptor("")} }

// hardSpace is what the standard fonts have of spaces at which no line ends.
var hardSpace = strings.NewReplacer("\u202f", "\u00a0")

// western tells whether the standard fonts have a text.
func (p *Pen) western(text string) bool {
	return strings.Count(p.latin(text), ".") == strings.Count(text, ".")
}

// Cell writes one line into a box w wide, or to the right margin where that is 0. It then goes on as fpdf's CellFormat does: 0
// to the right, 1 at the beginning of the next line, 2 below.
func (p *Pen) Cell(w, h float64, text string, next int, align string) {
	text = hardSpace.Replace(text)
	if p.western(text) {
		p.pdf.CellFormat(w, h, p.latin(text), "", next, align, false, 0, "")
		return
	}
	left, _, right, _ := p.pdf.GetMargins()
	if w == 0 {
		page, _ := p.pdf.GetPageSize()
		w = page - right - p.pdf.GetX()
	}
	p.pdf.CellFormat(w, h, "", "", 0, "", false, 0, "") // which begins a new page where it has to
	x, y := p.pdf.GetX()-w, p.pdf.GetY()
	start := x + p.pdf.GetCellMargin()
	if align == "R" {
		start = x + w - p.pdf.GetCellMargin() - p.width(text)
	}
	_, size := p.pdf.GetFontSize()
	p.draw(start, y+0.5*h+0.3*size, text)
	switch next { // drawing has moved the page's own place
	case 1:
		p.pdf.SetXY(left, y+h)
	case 2:
		p.pdf.SetXY(x, y+h)
	default:
		p.pdf.SetXY(x+w, y)
	}
}

// Lines breaks a text into lines within a width from where the pen is, h apart, and goes on at the left margin below them.
func (p *Pen) Lines(w, h float64, text string) {
	text = hardSpace.Replace(text)
	if p.western(text) {
		p.pdf.MultiCell(w, h, p.latin(text), "", "L", false)
		return
	}
	room := w - 2*p.pdf.GetCellMargin()
	line := ""
	var rules segmenter.Segmenter
	rules.Init([]rune(text))
	for found := rules.LineIterator(); found.Next(); {
		piece := string(found.Line().Text)
		if line != "" && p.width(strings.TrimRight(line+piece, " ")) > room {
			p.Cell(w, h, line, 2, "L")
			line = ""
		}
		line += piece
	}
	p.Cell(w, h, line, 1, "L")
}

// Width is how wide a line is in the page's units, without the margins of a box around it.
func (p *Pen) Width(text string) float64 {
	text = hardSpace.Replace(text)
	if p.western(text) {
		return p.pdf.GetStringWidth(p.latin(text))
	}
	return p.width(text)
}

// width is how wide a text is when it is drawn.
func (p *Pen) width(text string) float64 {
	var ems float64
	for _, run := range p.shape(text) {
		ems += em(run.Advance)
	}
	_, size := p.pdf.GetFontSize()
	return ems * size
}

// draw draws a text from a point of its base line, in the colour of text.
func (p *Pen) draw(x, y float64, text string) {
	r, g, b := p.pdf.GetFillColor()
	defer p.pdf.SetFillColor(r, g, b)
	p.pdf.SetFillColor(p.pdf.GetTextColor())
	_, size := p.pdf.GetFontSize()
	for _, run := range p.shape(text) {
		for _, glyph := range run.Glyphs {
			outline, ok := run.Face.GlyphData(glyph.GlyphID).(font.GlyphOutline)
			if ok && len(outline.Segments) > 0 {
				p.fill(outline, x+em(glyph.XOffset)*size, y-em(glyph.YOffset)*size, size/float64(run.Face.Upem()))
			}
			x += em(glyph.Advance) * size
		}
	}
}

// fill paints the inside of an outline.
func (p *Pen) fill(outline font.GlyphOutline, x, y, scale float64) {
	at := func(point opentype.SegmentPoint) (float64, float64) {
		return x + float64(point.X)*scale, y - float64(point.Y)*scale
	}
	for i, s := range outline.Segments {
		x0, y0 := at(s.Args[0])
		x1, y1 := at(s.Args[1])
		x2, y2 := at(s.Args[2])
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				p.pdf.ClosePath()
			}
			p.pdf.MoveTo(x0, y0)
		case opentype.SegmentOpLineTo:
			p.pdf.LineTo(x0, y0)
		case opentype.SegmentOpQuadTo:
			p.pdf.CurveTo(x0, y0, x1, y1)
		case opentype.SegmentOpCubeTo:
			p.pdf.CurveBezierCubicTo(x0, y0, x1, y1, x2, y2)
		}
	}
	p.pdf.ClosePath()
	p.pdf.DrawPath("F")
}

// perEm is how fine glyphs are placed, in parts of the size.
const perEm = 1000

func em(v fixed.Int26_6) float64 { return float64(v) / 64 / perEm }

// shape finds the glyphs of a text.
func (p *Pen) shape(text string) (runs []shaping.Output) {
	p.kana = p.kana || strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) })
	var shaper shaping.HarfbuzzShaper
	var parts shaping.Segmenter
	whole := shaping.Input{Text: []rune(text), RunEnd: len([]rune(text)), Direction: di.DirectionLTR, Size: fixed.I(perEm)}
	for _, part := range parts.Split(whole, p.faces()) {
		runs = append(runs, shaper.Shape(part))
	}
	return runs
}

// faces are the fonts of the page's present style.
func (p *Pen) faces() *faces {
	which, data, weight := &p.regular, assets.FontRegular, font.WeightNormal
	if strings.Contains(p.pdf.GetFontStyle(), "B") {
		which, data, weight = &p.bold, assets.FontSemiBold, font.WeightBold
	}
	if *which == nil {
		inter, err := font.ParseTTF(bytes.NewReader(data))
		if err != nil {
			panic(err) // it is embedded
		}
		*which = &faces{first: []*font.Face{inter}, query: fontscan.Query{Families: []string{fontscan.SansSerif}, Aspect: font.Aspect{Weight: weight}}}
	}
	(*which).kana = p.kana
	return *which
}

// faces finds a font for each character: Inter, or one of the system.
type faces struct {
	first []*font.Face // Inter, and what was found
	query fontscan.Query
	kana  bool
	asked bool // for the font of Japanese
}

// ResolveFace implements [shaping.Fontmap]. A character that no font has gets the box that Inter has for it.
func (f *faces) ResolveFace(r rune) *font.Face {
	has := func(face *font.Face) bool {
		_, ok := face.NominalGlyph(r)
		return ok
	}
	for _, face := range f.first {
		if has(face) {
			return face
		}
	}
	system, err := systems()
	if err != nil {
		return f.first[0] // a computer without any font: the words and the address of a sheet are Western in any case
	}
	systemLock.Lock()
	defer systemLock.Unlock()
	system.SetQuery(f.query)
	var face *font.Face
	if f.kana && !f.asked {
		f.asked = true
		face = system.ResolveFaceForLang(language.LangJa)
	}
	if face == nil || !has(face) {
		system.SetScript(language.LookupScript(r))
		face = system.ResolveFace(r)
	}
	if face == nil || !has(face) {
		return f.first[0]
	}
	f.first = append(f.first, face)
	return face
}

var systemLock sync.Mutex // guards what systems returns

// systems are the fonts of this computer. Looking for them takes a second, so it is done once and when one is needed.
var systems = sync.OnceValues(func() (*fontscan.FontMap, error) {
	found := fontscan.NewFontMap(quiet{})
	return found, found.UseSystemFonts("")
})

// quiet takes what is said about fonts that are damaged: others are used.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
