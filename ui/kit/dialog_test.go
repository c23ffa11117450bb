package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

func TestEscClosesADialogAndReturnsTheFocus(t *testing.T) {
	useTheme(t, theme.VariantLight)
	behind := NewButton(Secondary, "", "Stop keeping it", func() {})
	field := NewField("Name", "", "")
	table := NewTable("Files", []Column{{Title: "Name", Weight: 1}}, func() int { return 1 }, func(int, int) Cell { return Cell{} })
	for name, body := range map[string]fyne.CanvasObject{
		"button": NewButton(Secondary, "", "Cancel", func() {}), "field": field.Root, "table": table.Root,
		"nothing that takes the focus": NewParagraph("Only text."),
	} {
		c := window(t, behind, fyne.NewSize(700, 500)).Canvas()
		c.Focus(behind)
		closed := 0
		d := NewDialog("Stop keeping Photos?", body)
		d.OnClosed = func() { closed++ }
		d.Open(c)
		if !d.IsOpen() || c.Overlays().Top() == nil {
			t.Fatalf("%s: the dialog is not there", name)
		}
		if focused := c.Focused(); focused != nil {
			focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		} else {
			c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
		}
		if d.IsOpen() || c.Overlays().Top() != nil || closed != 1 {
			t.Errorf("%s: Esc did not close the dialog, told %d times", name, closed)
		}
		if c.Focused() != behind {
			t.Errorf("%s: the focus did not return", name)
		}
		d.Close()
		if closed != 1 {
			t.Errorf("%s: closing twice was told twice", name)
		}
	}
}

func TestADialogHidesTheWindowFromMouseAndKeyboard(t *testing.T) {
	useTheme(t, theme.VariantLight)
	taps := 0
	c := window(t, NewButton(Secondary, "", "Behind", func() { taps++ }), fyne.NewSize(700, 500)).Canvas()
	NewDialog("Title", NewParagraph("Text"), NewButton(Secondary, "", "Close", func() {})).Open(c)
	test.TapCanvas(c, fyne.NewPos(20, 20))
	if taps != 0 {
		t.Error("a tap went through the dialog")
	}
	for range 3 {
		c.FocusNext()
		if b, ok := c.Focused().(*Button); !ok || b.label != "Close" {
			t.Errorf("Tab left the dialog for %v", c.Focused())
		}
	}
}

// A dialog is no larger than the smallest window, however long its words are.
func TestADialogFitsTheSmallestWindow(t *testing.T) {
	useTheme(t, theme.VariantLight)
	d := NewDialog("Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen wirklich nicht mehr sichern?",
		NewParagraph("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz. "+"Das ist ein langer Satz über Sicherungskopien. "),
		NewButton(Secondary, "", "Abbrechen", func() {}), NewButton(Danger, "", "Nicht mehr sichern", func() {}))
	c := window(t, NewBox(ColourPage, "", 0), fyne.NewSize(900, 600)).Canvas()
	d.Open(c)
	if size := d.card.Size(); size.Width > 500 || size.Height > 400 {
		t.Errorf("the dialog is %v", size)
	}
	if at := d.card.Position(); at.X < 0 || at.Y < 0 {
		t.Errorf("the dialog stands at %v", at)
	}
}

// A dialog grows with what comes to stand in it, so that its buttons stay below.
func TestADialogGrowsWithWhatItHolds(t *testing.T) {
	useTheme(t, theme.VariantLight)
	c := window(t, NewParagraph("Behind"), fyne.NewSize(900, 600)).Canvas()
	body := VBox(8, NewParagraph("One moment"))
	d := NewDialog("Free up space", body, NewButton(Primary, "", "Free up space", nil))
	d.Open(c)
	before := d.card.Size().Height
	body.Add(NewParagraph(strings.Repeat("Roost deletes what nothing needs any more. ", 12)))
	d.Refresh()
	if d.card.Size().Height < d.card.MinSize().Height || d.card.Size().Height < before+60 {
		t.Errorf("the dialog is %v high and needs %v; before, it was %v", d.card.Size().Height, d.card.MinSize().Height, before)
	}
}
