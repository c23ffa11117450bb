package sheet

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

func sample() Sheet {
	s := Sheet{
		Fingerprint: "canal-ocean-tiger-lamp", Storage: "https://raspberrypi.local:5001", Device: "Laptop",
		Date: time.Date(2026, time.November, 20, 9, 41, 0, 0, time.UTC),
	}
	for i := range 24 {
		s.Words = append(s.Words, fmt.Sprintf("word%c", 'a'+i))
	}
	return s
}

// content unpacks the streams of a PDF.
func content(t testing.TB, pdf []byte) string {
	t.Helper()
	var all strings.Builder
	for _, m := range regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`).FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // a picture, or an uncompressed stream
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestTheSheetHasAllThatBringsABackupBack(t *testing.T) {
	s := sample()
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	said := content(t, b.Bytes())
	for i, word := range s.Words {
		number, at := strings.Index(said, fmt.Sprintf("(%d)", i+1)), strings.Index(said, "("+word+")")
		if number < 0 || at < 0 || number > at {
			t.Errorf("word %d is not on the sheet behind its number", i+1)
		}
	}
	for _, want := range []string{s.Fingerprint, s.Storage, s.Device, "2026-11-20", "How to get your files back"} {
		if !strings.Contains(said, want) {
			t.Errorf("the sheet lacks %q", want)
		}
	}
	if n := strings.Count(b.String(), "/Type /Page\n"); n != 1 {
		t.Errorf("the sheet has %d pages", n)
	}
}

func TestASheetWithoutAllItsWordsIsNotMade(t *testing.T) {
	s := sample()
	s.Words = s.Words[:23]
	if err := Write(io.Discard, s); !errors.Is(err, errWords) {
		t.Errorf("error %v", err)
	}
}

// Long sentences of other languages and long addresses stay on the one page.
func TestLongTextsStayOnThePage(t *testing.T) {
	s := sample()
	s.Storage = "https://netzwerklaufwerk-im-hauswirtschaftsraum-neben-der-waschmaschine.familie.example:5001/api"
	s.Texts = English()
	s.Texts.Why = strings.Repeat("Überprüfungszeitraum für die Wiederherstellung. ", 8)
	for i := range s.Texts.Steps {
		s.Texts.Steps[i] = strings.Repeat("Öffne Roost auf einem beliebigen Computer. ", 4)
	}
	s.Texts.Keep = s.Texts.Why
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	lowest := 842.0 // of an A4 page, in points, from below
	for _, m := range regexp.MustCompile(`BT ([\d.]+) (-?[\d.]+) Td`).FindAllStringSubmatch(content(t, b.Bytes()), -1) {
		var y float64
		if _, err := fmt.Sscan(m[2], &y); err != nil {
			t.Fatal(err)
		}
		lowest = min(lowest, y)
	}
	if lowest < 20 || lowest == 842 {
		t.Errorf("the lowest line lies at %v points", lowest)
	}
}

// The picture is the address alone: a reader for cameras sees nothing that opens the backup.
func TestThePictureForTheCameraHoldsNoWord(t *testing.T) {
	with, without := sample(), sample()
	for i := range without.Words {
		without.Words[i] = "other"
	}
	if a, b := picture(t, with), picture(t, without); !bytes.Equal(a, b) {
		t.Error("the picture depends on the words")
	}
	elsewhere := sample()
	elsewhere.Storage = "https://another:5001"
	if a, b := picture(t, with), picture(t, elsewhere); bytes.Equal(a, b) {
		t.Error("the picture does not hold the address")
	}
}

// picture is the data of the one image of a sheet.
func picture(t *testing.T, s Sheet) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)/Subtype /Image.*?stream\n(.*?)\nendstream`).FindSubmatch(b.Bytes())
	if m == nil {
		t.Fatal("the sheet has no picture")
	}
	return m[1]
}

func FuzzAnyNameIsPrinted(f *testing.F) {
	f.Add("https://pi:5001", "Laptop", "Ü\u202E写真\x00(\\)")
	f.Fuzz(func(t *testing.T, storage, device, title string) {
		s := sample()
		s.Storage, s.Device, s.Texts = storage, device, English()
		if title != "" {
			s.Texts.Title = title
		}
		var b bytes.Buffer
		if err := Write(&b, s); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) {
			t.Error("what was written is no PDF")
		}
	})
}
