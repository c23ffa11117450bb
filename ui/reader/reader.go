// Package reader finds texts in pictures of the window, as a person does: for tests of what is on a real screen.
package reader

import (
	"image"
	"image/color"
	"iter"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/ui/kit"
)

// Reader knows what texts look like at scale 1, in every size and weight that the window has.
type Reader struct {
	drawn map[string][]shape
}

// New makes a Reader for a test, and a Fyne app that it draws with.
func New(t *testing.T) *Reader {
	light := theme.VariantLight
	test.NewTempApp(t).Settings().SetTheme(kit.Theme{Forced: &light})
	return &Reader{drawn: map[string][]shape{}}
}

// Ring is the colour of the ring around what has the keyboard.
func (r *Reader) Ring() color.RGBA {
	return color.RGBAModel.Convert(theme.Color(kit.ColourFocus)).(color.RGBA)
}

// shape is how much of each pixel a text covers: 0 to 255.
type shape struct {
	cover      *image.Gray
	full, none image.Point // a pixel that it covers, and one that it does not touch
}

// Find returns where a text stands, top to bottom; nil where it does not. A part of a longer text is not found.
func (r *Reader) Find(in *image.RGBA, text string) (all []image.Rectangle) {
	for _, s := range r.shapes(text) {
		for at := range s.in(in) {
			all = append(all, s.cover.Rect.Add(at))
		}
	}
	return all
}

func (r *Reader) shapes(text string) []shape {
	if known, ok := r.drawn[text]; ok {
		return known
	}
	var all []shape
	for _, size := range []float32{kit.SizeBody, kit.SizeSmall, kit.SizeHeading, kit.SizeTitle} {
		for _, bold := range []bool{true, false} {
			if s, ok := inked(text, size, bold); ok {
				all = append(all, s)
			}
		}
	}
	r.drawn[text] = all
	return all
}

// inked writes black on white, and keeps what is not white.
func inked(text string, size float32, bold bool) (shape, bool) {
	line := &canvas.Text{Text: text, TextSize: size, TextStyle: fyne.TextStyle{Bold: bold}, Color: color.Black}
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	c.SetContent(line)
	c.Resize(line.MinSize())
	picture := c.Capture()
	b := picture.Bounds()
	cover := image.NewGray(b)
	var ink image.Rectangle
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			_, _, _, a := picture.At(x, y).RGBA()
			if a > 0 {
				cover.SetGray(x, y, color.Gray{Y: uint8(a >> 8)})
				ink = ink.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	s := shape{cover: image.NewGray(image.Rectangle{Max: ink.Size()})}
	best, least := -1, 256
	for y := range ink.Dy() {
		for x := range ink.Dx() {
			v := cover.GrayAt(ink.Min.X+x, ink.Min.Y+y)
			s.cover.SetGray(x, y, v)
			if int(v.Y) > best {
				best, s.full = int(v.Y), image.Pt(x, y)
			}
			if int(v.Y) < least {
				least, s.none = int(v.Y), image.Pt(x, y)
			}
		}
	}
	return s, best > 200 && least == 0
}

// in yields where a shape is in a picture, in any two colours.
func (s shape) in(p *image.RGBA) iter.Seq[image.Point] {
	size := s.cover.Rect.Size()
	return func(yield func(image.Point) bool) {
		for y := p.Rect.Min.Y; y+size.Y <= p.Rect.Max.Y; y++ {
			for x := p.Rect.Min.X; x+size.X <= p.Rect.Max.X; x++ {
				if s.at(p, image.Pt(x, y)) && !yield(image.Pt(x, y)) {
					return
				}
			}
		}
	}
}

const (
	leastContrast = 60 // between text and ground, in the green of 255
	tolerance     = 40 // of a pixel, in parts of 255 of the contrast
)

func (s shape) at(p *image.RGBA, at image.Point) bool {
	green := func(x, y int) int { return int(p.Pix[p.PixOffset(at.X+x, at.Y+y)+1]) }
	ink, ground := green(s.full.X, s.full.Y), green(s.none.X, s.none.Y)
	contrast := ink - ground
	if contrast > -leastContrast && contrast < leastContrast {
		return false
	}
	size := s.cover.Rect.Size()
	for y := range size.Y {
		for x := range size.X {
			want := int(s.cover.Pix[y*s.cover.Stride+x])
			got := (green(x, y) - ground) * 255 / contrast
			if got-want > tolerance || want-got > tolerance {
				return false
			}
		}
	}
	return s.alone(p, at, ground)
}

// alone tells whether nothing stands right before or after it.
func (s shape) alone(p *image.RGBA, at image.Point, ground int) bool {
	size := s.cover.Rect.Size()
	alone := max(7, size.Y/2) // wider than a space
	for _, side := range []image.Rectangle{image.Rect(-alone, 0, 0, size.Y), image.Rect(size.X, 0, size.X+alone, size.Y)} {
		side = side.Add(at).Intersect(p.Rect)
		for y := side.Min.Y; y < side.Max.Y; y++ {
			for x := side.Min.X; x < side.Max.X; x++ {
				if d := int(p.Pix[p.PixOffset(x, y)+1]) - ground; d > tolerance || d < -tolerance {
					return false
				}
			}
		}
	}
	return true
}
