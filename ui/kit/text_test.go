package kit

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

func TestShownNamesCannotPretendToBeOthers(t *testing.T) {
	for name, want := range map[string]string{
		"photo\u202Egpj.exe":     "photogpj.exe",
		"a\u2066b\u2069\u200Ec":  "abc",
		"line\nbreak\ttab":       "line\uFFFDbreak\uFFFDtab",
		"bad\xffbyte":            "bad\uFFFDbyte",
		"Grüße 写真 😀 رسائل":       "Grüße 写真 😀 رسائل",
		"two\u2028lines\u2029":   "twolines",
		"family 👨\u200D👩\u200D👧": "family 👨\u200D👩\u200D👧",
	} {
		if got := Shown(name); got != want {
			t.Errorf("Shown(%q) is %q, want %q", name, got, want)
		}
	}
}

func FuzzShown(f *testing.F) {
	f.Add("photo\u202Egpj.exe")
	f.Add("\xff\x00\n")
	f.Fuzz(func(t *testing.T, name string) {
		shown := Shown(name)
		if !utf8.ValidString(shown) {
			t.Errorf("%q is not UTF-8", shown)
		}
		for _, r := range shown {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q holds %U", shown, r)
			}
		}
		if again := Shown(shown); again != shown {
			t.Errorf("Shown(%q) is not stable: %q", shown, again)
		}
	})
}

func TestClippedTextFitsAndSaysThatItWasCut(t *testing.T) {
	useTheme(t, theme.VariantLight)
	long := "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz.pdf"
	for width := float32(10); width < 600; width += 37 {
		got := clip(long, width, SizeBody, fyne.TextStyle{})
		if got == long {
			if fyne.MeasureText(long, SizeBody, fyne.TextStyle{}).Width > width {
				t.Errorf("at %v it was not cut", width)
			}
			continue
		}
		if !strings.HasSuffix(got, "…") {
			t.Errorf("at %v: %q does not say that it was cut", width, got)
		}
		if got != "…" && fyne.MeasureText(got, SizeBody, fyne.TextStyle{}).Width > width {
			t.Errorf("at %v: %q is too wide", width, got)
		}
	}
}

func TestParagraphsBreakAtTheirWidthAndLoseNothing(t *testing.T) {
	useTheme(t, theme.VariantLight)
	text := "It is kept on storage that you own. Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz.\nNew line."
	letters := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for width := float32(40); width < 500; width += 33 {
		lines := wrap(text, width, SizeBody, fyne.TextStyle{})
		for _, line := range lines {
			if fyne.MeasureText(line, SizeBody, fyne.TextStyle{}).Width > width {
				t.Errorf("at %v the line %q is too wide", width, line)
			}
		}
		if letters(strings.Join(lines, "")) != letters(text) {
			t.Errorf("at %v text was lost: %q", width, lines)
		}
	}
	p := NewParagraph(text)
	p.Resize(fyne.NewSize(120, 20))
	narrow := p.MinSize().Height
	p.Resize(fyne.NewSize(400, 20))
	if wide := p.MinSize().Height; wide >= narrow {
		t.Errorf("the paragraph asks for %v at 400 and %v at 120", wide, narrow)
	}
}

// A script without spaces breaks between its characters, and no line begins with a mark that ends something.
func TestJapaneseBreaksWithoutSpaces(t *testing.T) {
	useTheme(t, theme.VariantLight)
	text := "Roost は変更のたびに「暗号化」して、あなた自身の保存先に残します。読めるのはあなただけです（ほかの人には読めません）。"
	for width := float32(90); width < 900; width += 41 {
		lines := wrap(text, width, SizeBody, fyne.TextStyle{})
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
			t.Errorf("at %v text was lost: %q", width, lines)
		}
		for i, line := range lines {
			if fyne.MeasureText(line, SizeBody, fyne.TextStyle{}).Width > width {
				t.Errorf("at %v the line %q is too wide", width, line)
			}
			if i > 0 && strings.ContainsAny(line[:len("。")], "。、」）ー") {
				t.Errorf("at %v a line begins with %q", width, line)
			}
			if i < len(lines)-1 && fyne.MeasureText(line, SizeBody, fyne.TextStyle{}).Width < width/4 {
				t.Errorf("at %v the line %q leaves most of its room", width, line)
			}
		}
	}
}

// The space of French before a mark, and that within a number, hold together what they stand between.
func TestNoLineEndsAtASpaceThatHolds(t *testing.T) {
	useTheme(t, theme.VariantLight)
	text := "Vos fichiers reviennent\u202f: combien\u202f? 31\u202f022\u202f114 octets, \u00ab\u00a0tous\u00a0\u00bb\u00a0: oui"
	for width := float32(90); width < 500; width += 23 {
		for _, line := range wrap(text, width, SizeBody, fyne.TextStyle{}) {
			if strings.ContainsAny(line[:1], ":?") || strings.HasPrefix(line, "022") || strings.HasPrefix(line, "\u00bb") {
				t.Errorf("at %v a line begins with %q", width, line)
			}
		}
	}
}

func TestBarDrawsAnyNumber(t *testing.T) {
	useTheme(t, theme.VariantLight)
	b := NewBar(Accent)
	window(t, b, fyne.NewSize(100, 6))
	zero := 0.0
	for _, c := range []struct{ set, want float64 }{{-1, 0}, {2, 1}, {zero / zero, 0}, {0.5, 0.5}, {1 / zero, 1}} {
		if b.Set(c.set, Accent); b.part != c.want {
			t.Errorf("%v is shown as %v, want %v", c.set, b.part, c.want)
		}
	}
}
