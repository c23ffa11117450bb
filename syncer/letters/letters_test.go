package letters

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
)

// page is a page to write on whose content is plain to read.
func page() (*fpdf.Fpdf, *Pen) {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCompression(false)
	pdf.SetMargins(20, 20, 20)
	pdf.AddPage()
	pdf.SetFont("Helvetica", "", 11)
	return pdf, New(pdf)
}

func written(t *testing.T, pdf *fpdf.Fpdf) string {
	t.Helper()
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// filled counts the glyphs that are drawn.
func filled(content string) int { return len(regexp.MustCompile(`(?m)^f$`).FindAllString(content, -1)) }

func TestWesternTextStandsAsText(t *testing.T) {
	pdf, pen := page()
	pen.Cell(0, 6, "Prêt…", 1, "L")
	pen.Lines(80, 6, "une\u202f? deux")
	if said := written(t, pdf); filled(said) > 0 || !strings.Contains(said, "(Pr\xeat\x85)") || !strings.Contains(said, "une\xa0?") {
		t.Errorf("the page has %d drawn glyphs and says %q", filled(said), said)
	}
}

// Greek is what Inter has and the standard fonts lack: it is drawn on every computer, letter by letter, and nothing of it is a dot.
func TestOtherTextIsDrawnWhereTextWouldStand(t *testing.T) {
	pdf, pen := page()
	pen.Cell(60, 6, "ΦΩΞ.", 0, "L")
	if x := pdf.GetX(); x != 80 {
		t.Errorf("the pen is at %v, want 80", x)
	}
	pen.Cell(60, 6, "ΦΩ", 2, "R")
	if x, y := pdf.GetXY(); x != 80 || y < 25 {
		t.Errorf("the pen is at %v, %v", x, y)
	}
	said := written(t, pdf)
	if n := filled(said); n != 6 {
		t.Errorf("%d glyphs are drawn, want 6", n)
	}
	if strings.Contains(said, "Tj") {
		t.Error("it stands as text too")
	}
	for _, m := range regexp.MustCompile(`([\d.]+) ([\d.]+) m\n`).FindAllStringSubmatch(said, -1) {
		if len(m[1]) > 7 && m[1] > "400" {
			t.Errorf("a glyph begins at %s %s, beside its box", m[1], m[2])
		}
	}
}

func TestDrawnLinesBreakWithinTheirWidth(t *testing.T) {
	pdf, pen := page()
	text := strings.Repeat("Το αντίγραφο ασφαλείας είναι κρυπτογραφημένο. ", 6)
	pen.Lines(90, 5, text)
	x, y := pdf.GetXY()
	if lines := (y - 20) / 5; x != 20 || lines < 4 || lines > 12 {
		t.Errorf("after %.1f lines the pen is at %v", lines, x)
	}
	if want := len(regexp.MustCompile(`\S`).FindAllString(text, -1)); filled(written(t, pdf)) < want {
		t.Errorf("%d glyphs are drawn, want %d at least", filled(written(t, pdf)), want)
	}
}

// What was black stays black, and so does what is filled afterwards.
func TestTheColoursStayAsTheyWere(t *testing.T) {
	pdf, pen := page()
	pdf.SetTextColor(200, 10, 10)
	pdf.SetFillColor(1, 2, 3)
	pen.Cell(0, 6, "Ω", 1, "L")
	if r, g, b := pdf.GetFillColor(); r != 1 || g != 2 || b != 3 {
		t.Errorf("the colour to fill with is %d %d %d", r, g, b)
	}
	if said := written(t, pdf); !strings.Contains(said, "0.784 0.039 0.039 rg") {
		t.Error("it is not drawn in the colour of text")
	}
}

// A character that no font has leaves its box, and what is beside it stays.
func TestWhatNoFontHasIsABox(t *testing.T) {
	pdf, pen := page()
	pen.Cell(0, 6, "Ω\U0010FFFEΩ", 1, "L")
	if n := filled(written(t, pdf)); n < 2 || n > 3 {
		t.Errorf("%d glyphs are drawn", n)
	}
}
