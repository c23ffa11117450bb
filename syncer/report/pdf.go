package report

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"

	"roost/syncer"
	"roost/syncer/letters"
)

// Page is what the printed page needs beside the numbers.
type Page struct {
	Device string // where it is printed
	Date   time.Time
	Texts  Texts
}

// Texts are the words on the page, in the language of who prints it. An empty Title stands for all of them in English.
type Texts struct {
	Title, Printed, Device                 string
	Storages, Growth, Folders, Large, Cost string // headings
	Used, Newest, Older, Free              string // names of numbers
	Versions, Dedup, Compression           string

	Size  func(bytes int64) string
	Of    func(used, most string) string                 // "3 GB of 10 GB"
	Full  func(f *syncer.Forecast, now time.Time) string // when a storage will be full
	Stale string                                         // a storage that did not answer
	Rough string                                         // a part of the line is worked out from versions
}

// English are the words of a page that is printed without a window.
func English() Texts {
	return Texts{
		Title: "What your backup takes", Printed: "Printed", Device: "Computer",
		Storages: "Storages", Growth: "Growth", Folders: "Folders", Large: "Largest files", Cost: "What it is made of",
		Used: "Your backup", Newest: "Newest versions", Older: "What only older versions need", Versions: "Versions in all", Free: "Cleaning would free",
		Dedup: "Saved because it is there already", Compression: "Saved by compression",
		Size:  syncer.Size,
		Of:    func(used, most string) string { return used + " of " + most },
		Full:  FullWords,
		Stale: "It did not answer. This is what was known before.",
		Rough: "The lighter part of the line is worked out from the times of versions.",
	}
}

// FullWords says in English when a storage will be full: "Full in about 7 weeks (5 weeks to 10 weeks)".
func FullWords(f *syncer.Forecast, now time.Time) string {
	about, early, late := Span(f.Full.Sub(now)), Span(f.Earliest.Sub(now)), Span(f.Latest.Sub(now))
	if early == late {
		return "Full in about " + about
	}
	return fmt.Sprintf("Full in about %s (%s to %s)", about, early, late)
}

// Span is a time as somebody would say it.
func Span(d time.Duration) string {
	days := int(d.Hours()/24 + 0.5)
	count := func(n int, one, more string) string {
		if n <= 1 {
			return one
		}
		return fmt.Sprintf("%d %s", n, more)
	}
	switch {
	case days < 14:
		return count(days, "a day", "days")
	case days < 12*7:
		return count((days+3)/7, "a week", "weeks")
	case days < 2*365:
		return count((days+15)/30, "a month", "months")
	}
	return count((days+182)/365, "a year", "years")
}

// Measures of the page, in millimetres.
const (
	pageWidth   = 210
	pageHeight  = 297
	margin      = 20
	inner       = pageWidth - 2*margin
	chartHeight = 38
)

// How much of each list fits the page.
const (
	mostStorages = 4
	mostFolders  = 8
	mostFiles    = 7
)

// PDF writes a space as one A4 page. Names stand on it in their own script, as far as this computer has letters for it.
func PDF(w io.Writer, s *syncer.Space, o Page) error {
	t := o.Texts
	if t.Title == "" {
		t = English()
	}
	p := &page{Fpdf: fpdf.New("P", "mm", "A4", ""), t: t, now: o.Date}
	p.pen = letters.New(p.Fpdf)
	p.SetTitle(plain(t.Title), true)
	p.SetCreator("Roost", false)
	p.SetCreationDate(o.Date)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, margin)
	p.SetCellMargin(0)
	p.AddPage()

	p.ink(dark)
	p.font("B", 22)
	p.cell(0, 10, t.Title, 1, "L")
	p.ink(grey)
	p.font("", 10)
	p.cell(0, 6, fmt.Sprintf("%s: %s    %s: %s", t.Device, o.Device, t.Printed, o.Date.Format(time.DateOnly)), 1, "L")
	p.storages(s)
	p.cost(s)
	p.growth(s.Growth)
	p.folders(s)
	p.large(s)
	if err := p.Output(w); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// page is the PDF with the few kinds of text that are on it.
type page struct {
	*fpdf.Fpdf
	t   Texts
	pen *letters.Pen
	now time.Time
}

type colour [3]int

var (
	dark   = colour{0x16, 0x1C, 0x2C}
	grey   = colour{0x66, 0x6E, 0x80}
	pale   = colour{0xE4, 0xE8, 0xF0}
	accent = colour{0x35, 0x5C, 0xD0}
	light  = colour{0xA9, 0xBC, 0xEC}
	warm   = colour{0xD9, 0x8A, 0x1E}
)

func (p *page) ink(c colour)                    { p.SetTextColor(c[0], c[1], c[2]) }
func (p *page) fill(c colour)                   { p.SetFillColor(c[0], c[1], c[2]) }
func (p *page) draw(c colour)                   { p.SetDrawColor(c[0], c[1], c[2]) }
func (p *page) font(style string, size float64) { p.SetFont("Helvetica", style, size) }

// cell writes one line as [letters.Pen.Cell] does.
func (p *page) cell(w, h float64, text string, next int, align string) {
	p.pen.Cell(w, h, plain(text), next, align)
}

func (p *page) heading(text string) {
	p.SetX(margin)
	p.Ln(5)
	p.ink(dark)
	p.font("B", 13)
	p.cell(0, 7, text, 1, "L")
}

// line has a name at the left, which is cut where it is too long, and a number at the right.
func (p *page) line(name, number string) {
	p.font("B", 10)
	right := p.pen.Width(plain(number)) + 4
	p.SetX(margin)
	p.ink(dark)
	p.font("", 10)
	p.cell(inner-right, 5.4, p.cut(name, inner-right-2), 0, "L")
	p.font("B", 10)
	p.cell(right, 5.4, number, 1, "R")
}

// cut shortens a name in its middle to a width: of a path, both ends say something.
func (p *page) cut(name string, width float64) string {
	name = plain(name)
	if p.pen.Width(name) <= width {
		return name
	}
	r := []rune(name)
	without := func(gone int) string { // so many characters of each half
		half := len(r)/2 - gone
		return string(r[:half]) + "..." + string(r[len(r)-half:])
	}
	return without(sort.Search(max(len(r)/2-3, 0), func(gone int) bool { return p.pen.Width(without(gone)) <= width }))
}

func (p *page) small(text string) {
	p.SetX(margin)
	p.ink(grey)
	p.font("", 9)
	p.pen.Lines(inner, 4.4, plain(text))
}

func (p *page) storages(s *syncer.Space) {
	p.heading(p.t.Storages)
	for i, x := range s.Storages {
		if i == mostStorages {
			break
		}
		most, number := x.Quota, p.t.Size(x.RepoSize)
		if most > 0 {
			number = p.t.Of(number, p.t.Size(most))
		}
		p.line(x.Name, number)
		if most > 0 {
			share := min(float64(x.RepoSize)/float64(most), 1)
			p.fill(pale)
			p.Rect(margin, p.GetY()+0.6, inner, 2.6, "F")
			p.fill(accent)
			if share >= 0.8 {
				p.fill(warm)
			}
			p.Rect(margin, p.GetY()+0.6, inner*share, 2.6, "F")
			p.Ln(4.2)
		}
		switch {
		case x.Stale:
			p.small(p.t.Stale)
		case x.Full != nil:
			p.small(p.t.Full(x.Full, p.now))
		}
		p.Ln(0.8)
	}
}

func (p *page) cost(s *syncer.Space) {
	p.heading(p.t.Cost)
	p.line(p.t.Used, p.t.Size(s.Used))
	if k := s.Kept; k != nil {
		p.line(p.t.Newest, p.t.Size(k.Newest))
		p.line(p.t.Older, p.t.Size(k.Older))
		p.line(p.t.Versions, fmt.Sprint(k.Versions))
		p.line(p.t.Free, p.t.Size(s.Reclaimable))
		p.line(p.t.Dedup, p.t.Size(k.Dedup))
		p.line(p.t.Compression, p.t.Size(k.Compression))
	}
}

// growth draws the line of what the backup took.
func (p *page) growth(points []syncer.GrowthPoint) {
	if len(points) < 2 {
		return
	}
	p.heading(p.t.Growth)
	first, last := points[0], points[len(points)-1]
	most := int64(1)
	for _, x := range points {
		most = max(most, x.Bytes)
	}
	top := p.GetY() + 1
	at := func(x syncer.GrowthPoint) (float64, float64) {
		span := max(last.Time.Sub(first.Time).Seconds(), 1)
		return margin + inner*x.Time.Sub(first.Time).Seconds()/span, top + chartHeight*(1-float64(x.Bytes)/float64(most))
	}
	p.draw(pale)
	p.SetLineWidth(0.2)
	for i := range 3 {
		y := top + chartHeight*float64(i)/2
		p.Line(margin, y, margin+inner, y)
	}
	p.SetLineWidth(0.7)
	rough := false
	for i, b := range points[1:] {
		p.draw(accent)
		if points[i].Rough {
			p.draw(light)
			rough = true
		}
		x, y := at(points[i])
		X, Y := at(b)
		p.Line(x, y, X, Y)
	}
	p.SetY(top + chartHeight + 1)
	p.ink(grey)
	p.font("", 9)
	p.SetX(margin)
	p.cell(inner/2, 4.4, first.Time.Local().Format(time.DateOnly), 0, "L")
	p.cell(inner/2, 4.4, last.Time.Local().Format(time.DateOnly)+", "+p.t.Size(last.Bytes), 1, "R")
	if rough {
		p.small(p.t.Rough)
	}
}

func (p *page) folders(s *syncer.Space) {
	if len(s.Folders) == 0 || !p.room(2) {
		return
	}
	p.heading(p.t.Folders)
	for i, f := range s.Folders {
		if i == mostFolders || !p.room(1) {
			return
		}
		name := f.Path
		if len(s.Devices) > 1 {
			name += " (" + f.Device + ")"
		}
		p.line(name, p.t.Size(f.Bytes))
	}
}

func (p *page) large(s *syncer.Space) {
	if s.Kept == nil || len(s.Kept.Files) == 0 || !p.room(3) {
		return
	}
	p.heading(p.t.Large)
	for i, f := range s.Kept.Files {
		if i == mostFiles || !p.room(1) {
			return
		}
		p.line(f.Path, p.t.Size(f.Bytes))
	}
}

// room tells whether so many more lines fit the page.
func (p *page) room(lines int) bool { return p.GetY()+float64(lines)*6 < pageHeight-margin }

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
