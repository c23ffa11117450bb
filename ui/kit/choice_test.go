package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

func TestOneOfAChoiceIsAlwaysChosenAndTheKeyboardChooses(t *testing.T) {
	useTheme(t, theme.VariantLight)
	told := -1
	c := NewChoice(Alternative{Label: "Keep both"}, Alternative{Label: "Replace", Detail: "also when it is newer"}, Alternative{Label: "Skip"})
	c.OnChanged = func(i int) { told = i }
	canvas := window(t, c.Root, fyne.NewSize(300, 200)).Canvas()
	canvas.FocusNext()
	canvas.FocusNext()
	canvas.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if c.Chosen() != 1 || told != 1 {
		t.Errorf("chosen %d, told %d", c.Chosen(), told)
	}
	told = -1
	canvas.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace}) // choosing it again changes nothing
	c.Choose(2)
	if c.Chosen() != 2 || told != -1 {
		t.Errorf("chosen %d, told %d", c.Chosen(), told)
	}
	chosen := 0
	for _, o := range c.options {
		if o.chosen {
			chosen++
		}
	}
	if chosen != 1 {
		t.Errorf("%d are chosen", chosen)
	}
	if got := c.options[1].AccessibilityLabel(); got != "Replace, also when it is newer" {
		t.Errorf("it says %q", got)
	}
	if got := c.options[2].AccessibilityLabel(); got != "✓ Skip" {
		t.Errorf("what is chosen says %q", got)
	}
}

// A split gives the left side what is good to read, whatever the width, and the rest to the right one.
func TestASplitKeepsItsLeftSideReadable(t *testing.T) {
	useTheme(t, theme.VariantLight)
	left, right := NewBox("", "", 0), NewBox("", "", 0)
	root := Split(left, right)
	for width, want := range map[float32]float32{500: splitLeast, 1000: 300, 3000: splitMost} {
		root.Resize(fyne.NewSize(width, 100))
		if left.Size().Width != want || right.Position().X+right.Size().Width != width {
			t.Errorf("of %v the left has %v, and the right ends at %v", width, left.Size().Width, right.Position().X+right.Size().Width)
		}
	}
}
