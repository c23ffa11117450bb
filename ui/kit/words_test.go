package kit

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

var someWords = []string{"abandon", "ability", "canal", "cancel", "candy", "cannon", "zoo"}

// wordField shows a field that says what the screens say of a wrong word.
func wordField(t *testing.T) (f *WordField, done *int) {
	t.Helper()
	useTheme(t, theme.VariantLight)
	f, done = NewWordField("Word 7", someWords), new(int)
	f.Done = func() { *done++ }
	f.Wrong = func(typed, near string) string { return typed + " is not in the list, " + near + " is" }
	window(t, f.Root, fyne.NewSize(300, 80))
	f.Focus()
	return f, done
}

func TestTheOnlyWordLeftIsCompleted(t *testing.T) {
	for name, finish := range map[string]func(*WordField){
		"space": func(f *WordField) { test.Type(f.entry, " ") },
		"enter": func(f *WordField) { f.entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) },
	} {
		f, done := wordField(t)
		test.Type(f.entry, "Aban")
		finish(f)
		if word, known := f.Word(); word != "abandon" || !known || *done != 1 {
			t.Errorf("%s: %q, known %v, done %d times", name, word, known, *done)
		}
	}
}

func TestWordsThatFitAreShownAndChosenWithArrows(t *testing.T) {
	f, done := wordField(t)
	test.Type(f.entry, "can")
	for _, word := range []string{"canal", "cancel", "candy", "cannon"} {
		if !strings.Contains(f.below.text, word) {
			t.Errorf("%q does not offer %s", f.below.text, word)
		}
	}
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn} {
		f.entry.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if word, _ := f.Word(); word != "cancel" || *done != 1 {
		t.Errorf("chose %q, done %d times", word, *done)
	}
}

func TestAWrongWordIsNamedWithTheNearestOne(t *testing.T) {
	f, done := wordField(t)
	test.Type(f.entry, "cnaal")
	f.entry.FocusLost()
	if f.below.text != "cnaal is not in the list, canal is" || *done != 0 {
		t.Errorf("it says %q, done %d times", f.below.text, *done)
	}
	if f.entry.AccessibilityLabel() != "Word 7. cnaal is not in the list, canal is" {
		t.Errorf("a screen reader says %q", f.entry.AccessibilityLabel())
	}
	f.SetText("canal")
	if f.entry.FocusLost(); f.below.Visible() {
		t.Errorf("a right word is blamed: %q", f.below.text)
	}
}

func TestAllWordsCanBePastedAtOnce(t *testing.T) {
	f, _ := wordField(t)
	var got []string
	f.Words = func(words []string) { got = words }
	f.SetText(" zoo  canal\nabandon ")
	if !slices.Equal(got, []string{"zoo", "canal", "abandon"}) {
		t.Errorf("pasted %q", got)
	}
}

func TestDistanceCountsAnExchangeOfNeighboursOnce(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"canal", "canal", 0}, {"cnaal", "canal", 1}, {"canl", "canal", 1}, {"cabal", "canal", 1}, {"zoo", "canal", 3}} {
		if got := distance(c.a, c.b, 3); got < c.want || (c.want < 3 && got != c.want) {
			t.Errorf("distance(%s, %s) is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
