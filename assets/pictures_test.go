package assets

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The window recolours a glyph by its one fill, and its renderer does not scale stroke widths.
func TestGlyphsAreOneFilledPath(t *testing.T) {
	if len(GlyphNames()) == 0 {
		t.Fatal("there are no glyphs")
	}
	for _, name := range GlyphNames() {
		svg := string(Glyph(name))
		if strings.Count(svg, "<path") != 1 || strings.Count(svg, `fill="`+GlyphColour+`"`) != 1 {
			t.Errorf("%s is not one path filled with %s", name, GlyphColour)
		}
		if !strings.Contains(svg, `viewBox="0 0 24 24"`) || strings.Contains(svg, "stroke") {
			t.Errorf("%s is not drawn with filled shapes on 24×24", name)
		}
	}
}

func TestTrayIconsHaveTheSizesTheyPromise(t *testing.T) {
	for _, state := range TrayStates {
		for _, dense := range []bool{false, true} {
			for _, mono := range []bool{false, true} {
				want := 22
				if dense {
					want = 44
				}
				picture := decode(t, TrayIcon(state, mono, dense))
				if size := picture.Bounds().Size(); size != image.Pt(want, want) {
					t.Errorf("%s, mono %v: %v pixels, want %d", state, mono, size, want)
				}
			}
		}
	}
}

// A person who sees no colours, and a system that removes them, must still tell the states apart.
func TestTrayIconsDifferInShapeAndInColour(t *testing.T) {
	fill := regexp.MustCompile(`fill="(#[0-9A-F]{6})"`)
	colours := make(map[string]string)
	shapes := make(map[string]image.Image)
	for _, state := range TrayStates {
		source, err := os.ReadFile(filepath.Join("tray", state+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		found := fill.FindSubmatch(source)
		if found == nil {
			t.Fatalf("%s has no colour", state)
		}
		if other, taken := colours[string(found[1])]; taken {
			t.Errorf("%s has the colour of %s", state, other)
		}
		colours[string(found[1])] = state

		shape := decode(t, TrayIcon(state, true, false))
		for other, seen := range shapes {
			if n := differingPixels(shape, seen); n < 22 {
				t.Errorf("%s and %s differ in %d of 484 pixels only", state, other, n)
			}
		}
		shapes[state] = shape
	}
}

func TestMonochromeTrayIconsAreBlack(t *testing.T) {
	for _, state := range TrayStates {
		picture := decode(t, TrayIcon(state, true, true))
		seen := false
		for y := range 44 {
			for x := range 44 {
				r, g, b, a := picture.At(x, y).RGBA()
				if r+g+b != 0 {
					t.Fatalf("%s has a colour at %d,%d", state, x, y)
				}
				seen = seen || a == 0xffff
			}
		}
		if !seen {
			t.Errorf("%s is empty", state)
		}
	}
}

func TestFontsAndTheirLicenceAreThere(t *testing.T) {
	for name, font := range map[string][]byte{"FontRegular": FontRegular, "FontSemiBold": FontSemiBold} {
		if !bytes.HasPrefix(font, []byte("OTTO")) {
			t.Errorf("%s is not an OpenType font", name)
		}
	}
	if !strings.Contains(FontLicence, "The Inter Project Authors") || !strings.Contains(FontLicence, "SIL OPEN FONT LICENSE") {
		t.Error("the licence of Inter is not the one that has to lie beside it")
	}
}

// differingPixels counts where one picture is solid and the other is not.
func differingPixels(a, b image.Image) (n int) {
	for y := range 22 {
		for x := range 22 {
			_, _, _, one := a.At(x, y).RGBA()
			_, _, _, other := b.At(x, y).RGBA()
			if (one > 0x7fff) != (other > 0x7fff) {
				n++
			}
		}
	}
	return n
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}
