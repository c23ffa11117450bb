// Package sheet prints the recovery sheet: the page of paper that brings a backup back.
package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"

	"roost/syncer/letters"
)

// Sheet is what stands on the paper. The words are the one secret on it; the address is none, and the key of a storage
// never belongs here: whoever finds the paper would need that too.
type Sheet struct {
	Words       []string // 24, in order
	Fingerprint string   // four words that name the backup without giving it away
	Storage     string   // address or folder of the storage, also drawn for a camera
	Device      string   // where it was printed
	Date        time.Time
	Texts       Texts
}

// Texts are the sentences on the sheet, in the language of who prints it. An empty Title stands for all of them in English.
type Texts struct {
	Title       string
	Why         string   // what the words are, and what happens without them
	Fingerprint string   // names the four words
	Storage     string   // names the address
	Device      string   // names the computer
	Date        string   // names the date
	Printed     string   // the date itself, as the language writes it; "" is 2006-01-02
	How         string   // heading of Steps
	Steps       []string // how to use it
	Keep        string   // where to keep it, and what to do when it is lost
}

// English are the texts of a sheet that is printed without a window.
func English() Texts {
	return Texts{
		Title:       "Recovery sheet",
		Why:         "With these 24 words and your storage, all your files come back on any computer. Without the words nobody can bring them back, not even the people who made Roost.",
		Fingerprint: "This backup",
		Storage:     "Your storage",
		Device:      "Computer",
		Date:        "Printed",
		How:         "How to get your files back",
		Steps: []string{
			"Install Roost on any computer and open it.",
			"Choose \"Get my files back, or add this device\".",
			"Type the 24 words in their order.",
			"Tell Roost where your storage is: the address is on this sheet. It may ask for the storage's own key, which is not.",
		},
		Keep: "Keep this sheet where your computer is not, and show it to nobody: who has it and your storage can read everything. If it is lost, print another one while this computer works.",
	}
}

// errWords: a sheet without all its words would be worse than none.
var errWords = errors.New("a recovery sheet has 24 words")

// Measures of the page, in millimetres.
const (
	pageWidth = 210
	margin    = 20
	inner     = pageWidth - 2*margin
	qrSide    = 34
	columns   = 4
	cell      = 11
)

// mostDrawn is how many bytes of an address a camera can read from the picture; a longer one stands there as text only.
const mostDrawn = 2000

// Write writes the sheet as a PDF of one A4 page. The picture for the camera has the address exactly, whatever fonts there are.
func Write(w io.Writer, s Sheet) error {
	if len(s.Words) != 24 {
		return fmt.Errorf("%w, and these are %d", errWords, len(s.Words))
	}
	t := s.Texts
	if t.Title == "" {
		t = English()
	}
	if t.Printed == "" {
		t.Printed = s.Date.Format(time.DateOnly)
	}
	p := &page{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.pen = letters.New(p.Fpdf)
	p.SetTitle(plain(t.Title), true)
	p.SetCreator("Roost", false)
	p.SetCreationDate(s.Date)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, margin)
	p.AddPage()

	p.line("B", 24, 10, t.Title)
	p.Ln(2)
	p.text("", 11, 5.2, inner, t.Why)
	p.Ln(5)
	p.words(s.Words)
	p.Ln(7)
	if err := p.facts(s, t); err != nil {
		return err
	}
	p.line("B", 14, 8, t.How)
	for i, step := range t.Steps {
		p.SetX(margin)
		p.font("B", 11)
		p.CellFormat(8, 5.6, fmt.Sprint(i+1), "", 0, "L", false, 0, "")
		p.text("", 11, 5.6, inner-8, step)
		p.Ln(1.2)
	}
	p.Ln(4)
	p.text("", 11, 5.2, inner, t.Keep)
	if err := p.Output(w); err != nil {
		return fmt.Errorf("write the recovery sheet: %w", err)
	}
	return nil
}

// plain takes from a text what would break the page or the library that draws it: bytes that are no UTF-8, which the name of
// a folder may have, and control characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// page is the PDF with the few kinds of text that are on it.
type page struct {
	*fpdf.Fpdf
	pen *letters.Pen
}

func (p *page) font(style string, size float64) { p.SetFont("Helvetica", style, size) }

func (p *page) line(style string, size, height float64, text string) {
	p.font(style, size)
	p.pen.Cell(0, height, plain(text), 1, "L")
}

// text breaks within a width, from where the pen is.
func (p *page) text(style string, size, height, width float64, text string) {
	p.font(style, size)
	p.pen.Lines(width, height, plain(text))
}

// words draws them numbered, four in a row, as every screen has them.
func (p *page) words(words []string) {
	const width = float64(inner) / columns
	p.SetDrawColor(0xC8, 0xCC, 0xD4)
	for i, word := range words {
		end := 0
		if i%columns == columns-1 {
			end = 1
		}
		x, y := p.GetXY()
		p.SetTextColor(0x70, 0x76, 0x82)
		p.font("", 9)
		p.CellFormat(9, cell, fmt.Sprint(i+1), "LTB", 0, "R", false, 0, "")
		p.SetTextColor(0, 0, 0)
		p.SetFont("Courier", "B", 14) // no letter of it is taken for another one
		p.CellFormat(width-9, cell, word, "TRB", 0, "L", false, 0, "")
		if p.SetXY(x+width, y); end == 1 {
			p.SetXY(margin, y+cell)
		}
	}
}

// facts draws what names the backup, beside the address for a camera.
func (p *page) facts(s Sheet, t Texts) error {
	top := p.GetY()
	width := float64(inner)
	if s.Storage != "" && len(s.Storage) <= mostDrawn {
		code, err := qrcode.Encode(s.Storage, qrcode.Medium, -6) // six points for a square of it
		if err != nil {
			return fmt.Errorf("draw the storage's address: %w", err)
		}
		image := fpdf.ImageOptions{ImageType: "PNG"}
		p.RegisterImageOptionsReader("address", image, bytes.NewReader(code))
		p.ImageOptions("address", pageWidth-margin-qrSide, top, qrSide, qrSide, false, image, 0, "")
		width -= qrSide + 6
	}
	for _, fact := range [][2]string{{t.Fingerprint, s.Fingerprint}, {t.Storage, s.Storage}, {t.Device, s.Device}, {t.Date, t.Printed}} {
		if fact[1] == "" {
			continue
		}
		p.SetX(margin)
		p.SetTextColor(0x70, 0x76, 0x82)
		p.font("", 10)
		p.pen.Cell(34, 6.5, plain(fact[0]), 0, "L")
		p.SetTextColor(0, 0, 0)
		p.text("B", 11, 6.5, width-34, fact[1])
	}
	p.SetXY(margin, max(p.GetY(), top+qrSide)+5)
	return nil
}
