package reader

import (
	"image"
	"image/draw"
	"image/png"
	"os"
	"testing"
)

// The picture in the README was taken of the window on a real screen.
func TestTextsOfARealWindowAreFound(t *testing.T) {
	f, err := os.Open("../../assets/window.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	in := image.NewRGBA(p.Bounds())
	draw.Draw(in, in.Rect, p, in.Rect.Min, draw.Src)
	r := New(t)
	for _, text := range []string{"Everything is safe", "Home", "Files", "Back up now", "Connected", "Folders", "Recent activity"} {
		if found := r.Find(in, text); len(found) != 1 {
			t.Errorf("%q is at %v", text, found)
		}
	}
	for _, text := range []string{"Everything", "safe", "Nothing is safe", "Hom", "Paus"} {
		if found := r.Find(in, text); len(found) > 0 {
			t.Errorf("%q is at %v", text, found)
		}
	}
}
