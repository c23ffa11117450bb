package ui

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif" // what can be shown
	_ "image/jpeg"
	_ "image/png"
	"strings"
	"unicode/utf8"

	"roost/ui/kit"
)

// Limits of a preview.
const (
	previewBytes  = 24 << 20   // of a picture, which is shown whole or not at all
	previewText   = 16 << 10   // of anything else
	previewLines  = 300        // of a text
	previewPixels = 40_000_000 // of a picture, before it is made smaller
	previewSide   = 900        // of the picture that is shown
)

// preview is the beginning of a file as it can be shown: a picture, a text, or neither.
type preview struct {
	picture image.Image
	text    string
	cut     bool // the text goes on
}

// previewLimit is how much of a file is read for its preview, by its name.
func previewLimit(name string) int64 {
	switch strings.ToLower(name[max(strings.LastIndexByte(name, '.'), 0):]) {
	case ".png", ".jpg", ".jpeg", ".gif":
		return previewBytes
	default:
		return previewText
	}
}

// readPreview makes a preview of the first bytes of a file of whole bytes. It takes whatever the file holds.
func readPreview(data []byte, whole int64) preview {
	if picture := readPicture(data); picture != nil {
		return preview{picture: picture}
	}
	if text, cut, ok := readText(data, whole); ok {
		return preview{text: text, cut: cut}
	}
	return preview{}
}

// readPicture decodes a picture that is not too large to be held, and makes it small; nil for anything else.
func readPicture(data []byte) image.Image {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > previewPixels/c.Height {
		return nil
	}
	full, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	return smaller(full, previewSide)
}

// smaller returns a picture of at most side by side, each dot the mean of a few of those that it stands for.
func smaller(full image.Image, side int) image.Image {
	b := full.Bounds()
	if b.Dx() <= side && b.Dy() <= side {
		return full
	}
	w, h := side, max(b.Dy()*side/b.Dx(), 1)
	if b.Dy() > b.Dx() {
		w, h = max(b.Dx()*side/b.Dy(), 1), side
	}
	const samples = 3 // in each direction
	small := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var red, green, blue, alpha uint32
			for i := range samples * samples {
				at := image.Pt(b.Min.X+((x*samples+i%samples)*b.Dx())/(w*samples), b.Min.Y+((y*samples+i/samples)*b.Dy())/(h*samples))
				c := color.NRGBA64Model.Convert(full.At(at.X, at.Y)).(color.NRGBA64)
				red, green, blue, alpha = red+uint32(c.R), green+uint32(c.G), blue+uint32(c.B), alpha+uint32(c.A)
			}
			const n = samples * samples * 257
			small.SetNRGBA(x, y, color.NRGBA{uint8(red / n), uint8(green / n), uint8(blue / n), uint8(alpha / n)})
		}
	}
	return small
}

// readText takes what is text, without the tricks that text can play on a screen.
func readText(data []byte, whole int64) (text string, cut, ok bool) {
	cut = int64(len(data)) < whole
	if len(data) > previewText {
		data, cut = data[:previewText], true
	}
	for i := 0; cut && i < utf8.UTFMax && len(data) > 0; i++ { // a letter that is cut in two
		if r, n := utf8.DecodeLastRune(data); r != utf8.RuneError || n > 1 {
			break
		}
		data = data[:len(data)-1]
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return "", false, false
	}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if len(lines) > previewLines {
		lines, cut = lines[:previewLines], true
	}
	for i, line := range lines {
		lines[i] = kit.Shown(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n"), cut, true
}
