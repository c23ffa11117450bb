package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// Someone without a mouse has to see what has the focus, also below the edge of the window.
func TestAPageFollowsTheKeyboard(t *testing.T) {
	useTheme(t, theme.VariantLight)
	column := VBox(10)
	for range 40 {
		column.Add(NewButton(Secondary, "", "Restore", func() {}))
	}
	p := NewPage(column)
	c := window(t, p.Root, fyne.NewSize(300, 200)).Canvas()
	for range 40 {
		c.FocusNext()
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(c.Focused().(fyne.CanvasObject))
		if at.Y < 0 || at.Y+35 > c.Size().Height {
			t.Fatalf("the focus is at %v, out of sight", at)
		}
	}
	c.FocusNext() // from the last to the first
	if p.scroll.Offset.Y > PageInset {
		t.Errorf("the page did not return to the top: %v", p.scroll.Offset)
	}
}

// What lies below a page is in sight already; going there does not move the page.
func TestAPageStaysWhereItIsForWhatLiesBesideIt(t *testing.T) {
	useTheme(t, theme.VariantLight)
	column := VBox(10)
	for range 40 {
		column.Add(Body("text"))
	}
	p, next := NewPage(column), NewButton(Primary, "", "Continue", func() {})
	c := window(t, Stretch(0, 0, p.Root, Pad(20, HBox(0, next))), fyne.NewSize(300, 300)).Canvas()
	c.Focus(next)
	if p.scroll.Offset.Y != 0 {
		t.Errorf("the page moved by %v", p.scroll.Offset.Y)
	}
}

// readable collects what Fyne tells a screen reader of: it looks into containers and nowhere else.
func readable(o fyne.CanvasObject, at fyne.Position, found map[string]fyne.Position) {
	if !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	if said, ok := o.(fyne.Accessible); ok && said.AccessibilityRole() != fyne.AccessibleRoleContainer {
		found[said.AccessibilityLabel()] = at
	}
	if box, ok := o.(*fyne.Container); ok {
		for _, child := range box.Objects {
			readable(child, at, found)
		}
	}
}

func TestAScreenReaderFindsWhatIsOnAPageAndWhere(t *testing.T) {
	useTheme(t, theme.VariantLight)
	button, gone := NewButton(Secondary, "", "Restore", func() {}), NewBox("", "", 0)
	secret := VBox(0, Body("Not now"))
	secret.Hide()
	p := NewPage(VBox(10, Title("Files"), Fixed(0, 900, gone), secret, Card(button)))
	c := window(t, container.NewStack(p.Root), fyne.NewSize(300, 200)).Canvas()
	for _, offset := range []float32{0, 500} {
		p.scroll.ScrollToOffset(fyne.NewPos(0, offset))
		found := make(map[string]fyne.Position)
		readable(c.Content(), fyne.NewPos(0, 0), found)
		if want := fyne.CurrentApp().Driver().AbsolutePositionForObject(button); found["Restore"] != want || want.Y == 0 {
			t.Errorf("scrolled by %v, the button is said to be at %v, it is at %v", offset, found["Restore"], want)
		}
		if _, ok := found["Files"]; !ok {
			t.Error("the title is not found")
		}
		if _, ok := found["Not now"]; ok {
			t.Error("what is hidden is found")
		}
	}
	p.scroll.Content.(*fyne.Container).Objects[0].(*fyne.Container).Add(Body("Later"))
	p.Refresh()
	found := make(map[string]fyne.Position)
	if readable(c.Content(), fyne.NewPos(0, 0), found); found["Later"] == (fyne.Position{}) {
		t.Error("what was added is not found")
	}
	NewDialog("Stop keeping Photos?", Body("They stay where they are.")).Open(c)
	found = make(map[string]fyne.Position)
	readable(c.Overlays().Top(), fyne.NewPos(0, 0), found)
	if _, ok := found["They stay where they are."]; !ok {
		t.Error("the dialog is not found")
	}
}

func TestAToastLeavesTheMouseToTheWindow(t *testing.T) {
	useTheme(t, theme.VariantLight)
	behind, undone := 0, 0
	toasts := NewToasts()
	below := NewButton(Secondary, "", "Behind", func() { behind++ })
	w := window(t, container.NewStack(below, toasts.Layer), fyne.NewSize(600, 400))
	undo := NewButton(Quiet, "", "Undo", func() { undone++ })
	first := toasts.Show(Good, "3 files are back", undo)
	test.TapCanvas(w.Canvas(), fyne.NewPos(20, 20))
	test.Tap(undo)
	if behind != 1 || undone != 1 {
		t.Errorf("behind was tapped %d times, undo %d times", behind, undone)
	}
	second := toasts.Show(Warn, "Something else")
	if first(); len(toasts.Layer.Objects) != 1 {
		t.Error("an old toast took a new one away")
	}
	if second(); len(toasts.Layer.Objects) != 0 {
		t.Error("the toast stays")
	}
}

func TestQRHoldsACodeAndRefusesABook(t *testing.T) {
	useTheme(t, theme.VariantLight)
	q, err := NewQR("roost-connection:"+strings.Repeat("x", 300), "The connection code")
	if err != nil {
		t.Fatal(err)
	}
	if size := q.MinSize(); size.Width < 200 || size.Width != size.Height {
		t.Errorf("the picture is %v", size)
	}
	corner := q.picture.Image.At(0, 0)
	if r, g, b, _ := corner.RGBA(); r&g&b != 0xffff {
		t.Error("the picture has no white border")
	}
	if _, err := NewQR(strings.Repeat("x", 10_000), ""); err == nil {
		t.Error("10,000 bytes are said to fit")
	}
}
