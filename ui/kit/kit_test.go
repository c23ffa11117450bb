package kit

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

var variants = map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark}

// useTheme starts a test app that looks like Roost.
func useTheme(t testing.TB, variant fyne.ThemeVariant) fyne.App {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(Theme{Forced: &variant})
	return a
}

// window shows content, without padding, as large as it needs to be or larger.
func window(t *testing.T, content fyne.CanvasObject, size fyne.Size) fyne.Window {
	t.Helper()
	w := test.NewTempWindow(t, content)
	w.SetPadded(false)
	for range 2 { // text breaks at the width it got, and needs its height after that
		w.Resize(size.Max(content.MinSize()))
	}
	content.Refresh()
	return w
}

// masters are the widgets, each with the room it needs in a column 220 wide, rounded up.
var masters = []struct {
	name string
	make func() fyne.CanvasObject
	min  fyne.Size
}{
	{"button-primary", func() fyne.CanvasObject { return NewButton(Primary, "", "Back up now", func() {}) }, fyne.NewSize(117, 35)},
	{"button-secondary", func() fyne.CanvasObject { return NewButton(Secondary, "plus", "Add folder", func() {}) }, fyne.NewSize(125, 35)},
	{"button-danger", func() fyne.CanvasObject { return NewButton(Danger, "", "Delete 3 versions", func() {}) }, fyne.NewSize(149, 35)},
	{"button-disabled", func() fyne.CanvasObject { return NewButton(Primary, "", "Back up now", nil) }, fyne.NewSize(117, 35)},
	{"nav", func() fyne.CanvasObject {
		n := NewNav([]NavItem{{Icon: "home", Label: "Home"}, {Icon: "settings", Label: "Settings", Badge: true}}, func(int) {})
		n.Select(0)
		return n.Root
	}, fyne.NewSize(120, 80)},
	{"chip", func() fyne.CanvasObject { return NewChip("Safe", Good) }, fyne.NewSize(45, 21)},
	{"bar", func() fyne.CanvasObject { b := NewBar(Accent); b.Set(0.25, Accent); return b }, fyne.NewSize(60, 6)},
	{"halo", func() fyne.CanvasObject { return NewHalo("shield-check", Good) }, fyne.NewSize(64, 64)},
	{"donut", func() fyne.CanvasObject {
		d := NewDonut()
		d.Set("131 GB", "of 250 GB", "131 of 250 GB are used", Slice{0.4, ColourSeries1}, Slice{0.1, ColourSeries2})
		return d
	}, fyne.NewSize(168, 168)},
	{"chart", func() fyne.CanvasObject {
		c := NewChart()
		c.Set([]float64{1, 2, 2, 5}, "It grew")
		return c
	}, fyne.NewSize(120, 64)},
	{"row", func() fyne.CanvasObject {
		return NewRow(RowData{
			Icon: "folder", IconTone: Accent, Title: "Photos", Note: "~/Pictures", Detail: "31,022 files", Value: "96.4 GB",
			Chip: "Safe", Tone: Good,
		}, func() {})
	}, fyne.NewSize(243, 57)},
	{"row-busy", func() fyne.CanvasObject {
		return NewRow(RowData{Title: "Documents", Detail: "receipts.pdf", Chip: "Saving", Tone: Accent, Busy: true, Part: 0.5}, nil)
	}, fyne.NewSize(202, 73)},
	{"card", func() fyne.CanvasObject { return Card(Heading("Folders")) }, fyne.NewSize(98, 60)},
	{"notice", func() fyne.CanvasObject {
		return wide(NewNotice(Warn, "Your storage is full", "Saved files are safe.", NewButton(Secondary, "", "Free up space", func() {})).Root)
	}, fyne.NewSize(480, 71)},
	{"empty", func() fyne.CanvasObject { return Empty("folder", "No folder yet", "Choose one.", nil) }, fyne.NewSize(140, 171)},
	{"switch", func() fyne.CanvasObject {
		return NewSwitch(SwitchData{Title: "Notifications", Detail: "When you are needed."}, func(bool) {})
	}, fyne.NewSize(168, 52)},
	{"switch-on", func() fyne.CanvasObject {
		return NewSwitch(SwitchData{Title: "Notifications", On: true}, func(bool) {})
	}, fyne.NewSize(168, 36)},
	{"choice", func() fyne.CanvasObject {
		c := NewChoice(Alternative{"Keep both", "Nothing is lost."}, Alternative{Label: "Skip"})
		c.Choose(1)
		return c.Root
	}, fyne.NewSize(119, 83)},
	{"tabs", func() fyne.CanvasObject { return NewTabs("By folder", "By date").Root }, fyne.NewSize(153, 31)},
	{"field", func() fyne.CanvasObject {
		f := NewField("Address", "http://", "")
		f.SetError("Nothing answers.")
		return f.Root
	}, fyne.NewSize(100, 77)},
	{"text", func() fyne.CanvasObject {
		return VBox(4, Title("Title"), Heading("Heading"), Strong("Strong"), Muted("Muted"), Small("Small"))
	}, fyne.NewSize(65, 113)},
	{"paragraph", func() fyne.CanvasObject {
		return NewParagraph("It breaks at the width it is given, and goes on below.").Secondary()
	}, fyne.NewSize(100, 40)},
	{"tile", func() fyne.CanvasObject { return Tile("image", Accent) }, fyne.NewSize(40, 40)},
	{"option", func() fyne.CanvasObject {
		return NewOption(OptionData{Icon: "drive", Tone: Accent, Title: "An external drive", Detail: "Plugged in now and then.", Value: "61 GB"}, func() {})
	}, fyne.NewSize(253, 106)},
	{"option-ticked", func() fyne.CanvasObject {
		return NewOption(OptionData{Title: "Photos", Tick: true, Ticked: true}, func() {})
	}, fyne.NewSize(194, 45)},
	{"option-one", func() fyne.CanvasObject {
		return NewOption(OptionData{Title: "In a new folder", Tick: true, One: true}, func() {})
	}, fyne.NewSize(194, 45)},
}

func TestWidgetsLookAsTheyDidInLightAndDark(t *testing.T) {
	for name, variant := range variants {
		for _, m := range masters {
			t.Run(m.name+"-"+name, func(t *testing.T) {
				useTheme(t, variant)
				w := window(t, m.make(), fyne.NewSize(220, 20))
				test.AssertRendersToMarkup(t, m.name+"-"+name+".xml", w.Canvas())
			})
		}
	}
}

func TestWidgetsNeedTheRoomThatTheyDid(t *testing.T) {
	useTheme(t, theme.VariantLight)
	for _, m := range masters {
		got := window(t, m.make(), fyne.NewSize(220, 20)).Content().MinSize()
		got.Width, got.Height = float32(math.Ceil(float64(got.Width))), float32(math.Ceil(float64(got.Height)))
		if got != m.min {
			t.Errorf("%s needs %v, want %v", m.name, got, m.min)
		}
	}
}

// What is on screen follows the system when it turns dark, without being made again.
func TestColoursChangeWithTheTheme(t *testing.T) {
	for _, m := range masters {
		light, dark := theme.VariantLight, theme.VariantDark
		a := useTheme(t, light)
		w := window(t, m.make(), fyne.NewSize(220, 20))
		before := test.RenderToMarkup(w.Canvas())
		a.Settings().SetTheme(Theme{Forced: &dark})
		w.Content().Refresh()
		changed := test.RenderToMarkup(w.Canvas())
		fresh := test.RenderToMarkup(window(t, m.make(), fyne.NewSize(220, 20)).Canvas())
		if changed == before || changed != fresh {
			t.Errorf("%s does not follow the theme", m.name)
		}
	}
}

// Text has to be read by people who do not see well: 4.5 to 1 as WCAG AA asks.
func TestTextStandsOutFromWhatItIsDrawnOn(t *testing.T) {
	pairs := [][2]fyne.ThemeColorName{
		{ColourText, ColourPage},
		{ColourText, ColourSurface},
		{ColourText, ColourSidebar},
		{ColourText, ColourSelected},
		{ColourMuted, ColourPage},
		{ColourMuted, ColourSurface},
		{ColourMuted, ColourSidebar},
		{ColourAccent, ColourSurface},
		{ColourOnButton, ColourButton},
		{ColourOnButton, ColourDanger},
		{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground},
		{ColourBad, ColourSurface},
		{ColourBad, ColourPage},
	}
	for _, tone := range []Tone{Idle, Accent, Good, Warn, Bad} {
		pairs = append(pairs, [2]fyne.ThemeColorName{tone.Colour(), tone.Dim()}, [2]fyne.ThemeColorName{ColourText, tone.Dim()},
			[2]fyne.ThemeColorName{ColourMuted, tone.Dim()})
	}
	for name, variant := range variants {
		for _, pair := range pairs {
			th := Theme{}
			if got := contrast(th, pair[0], pair[1], variant); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, pair[0], pair[1], got)
			}
		}
	}
}

func contrast(th fyne.Theme, text, ground fyne.ThemeColorName, variant fyne.ThemeVariant) float64 {
	luminance := func(name fyne.ThemeColorName) float64 {
		r, g, b, _ := th.Color(name, variant).RGBA()
		linear := func(v uint32) float64 {
			f := float64(v) / 0xffff
			if f <= 0.04045 {
				return f / 12.92
			}
			return math.Pow((f+0.055)/1.055, 2.4)
		}
		return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
	}
	one, two := luminance(text), luminance(ground)
	return (max(one, two) + 0.05) / (min(one, two) + 0.05)
}

// Both palettes name the same colours, or one of the variants would fall back to another look.
func TestLightAndDarkHaveTheSameColours(t *testing.T) {
	for name := range light {
		if _, ok := dark[name]; !ok {
			t.Errorf("dark has no %s", name)
		}
	}
	if len(light) != len(dark) {
		t.Errorf("light has %d colours, dark %d", len(light), len(dark))
	}
}

// focusables are the controls that a person reaches with Tab.
func focusables(t *testing.T) map[string]fyne.CanvasObject {
	t.Helper()
	field, word := NewField("Address", "", ""), NewWordField("Word 7", []string{"abandon", "ability"})
	nav := NewNav([]NavItem{{Icon: "home", Label: "Home"}, {Icon: "folder", Label: "Files"}}, func(int) {})
	table := NewTable("Files of Photos", []Column{{Title: "Name", Weight: 1}}, func() int { return 3 },
		func(row, _ int) Cell { return Cell{Text: fmt.Sprint("file ", row)} })
	tree := NewTree("Folders", func(id string) []string {
		if id == "" {
			return []string{"a"}
		}
		return nil
	}, func(id string) bool { return id == "" }, func(id string) Cell { return Cell{Text: id} })
	return map[string]fyne.CanvasObject{
		"button": NewButton(Primary, "", "Back up now", func() {}),
		"row":    NewRow(RowData{Title: "Photos", Chip: "Safe"}, func() {}),
		"switch": NewSwitch(SwitchData{Title: "Notifications"}, func(bool) {}), "text": NewTextField("Rules", "", 4).Root,
		"nav": nav.Root, "field": field.Root, "word": word.Root, "table": table.Root, "tree": tree,
	}
}

func TestEveryControlTakesTheFocusShowsItAndSaysASentence(t *testing.T) {
	useTheme(t, theme.VariantLight)
	for name, o := range focusables(t) {
		w := window(t, o, fyne.NewSize(300, 200))
		without := test.RenderToMarkup(w.Canvas())
		w.Canvas().FocusNext()
		focused := w.Canvas().Focused()
		if focused == nil {
			t.Errorf("%s cannot be reached with Tab", name)
			continue
		}
		if with := test.RenderToMarkup(w.Canvas()); with == without {
			t.Errorf("%s does not show that it has the focus", name)
		}
		said, ok := focused.(fyne.Accessible)
		if !ok || said.AccessibilityLabel() == "" {
			t.Errorf("%s says nothing to a screen reader", name)
		}
	}
}

func TestSpaceAndEnterTapAButton(t *testing.T) {
	useTheme(t, theme.VariantLight)
	taps := 0
	b := NewButton(Primary, "", "Back up now", func() { taps++ })
	window(t, b, fyne.Size{})
	for _, key := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter} {
		b.TypedKey(&fyne.KeyEvent{Name: key})
	}
	b.Disable()
	test.Tap(b)
	if taps != 3 {
		t.Errorf("%d taps, want 3", taps)
	}
}

// A switch shows what is so, not what somebody tapped: turning may fail.
func TestASwitchShowsWhatIsSo(t *testing.T) {
	useTheme(t, theme.VariantLight)
	var wanted []bool
	s := NewSwitch(SwitchData{Title: "Notifications", Spoken: "Notifications, off"}, func(on bool) { wanted = append(wanted, on) })
	window(t, s, fyne.Size{})
	s.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	test.Tap(s)
	if s.Data().On || fmt.Sprint(wanted) != "[true true]" {
		t.Errorf("it is on: %v; it was to be turned %v", s.Data().On, wanted)
	}
	s.Set(SwitchData{Title: "Notifications", On: true, Spoken: "Notifications, on"})
	test.Tap(s)
	if fmt.Sprint(wanted) != "[true true false]" || s.AccessibilityLabel() != "Notifications, on" {
		t.Errorf("it was to be turned %v, and says %q", wanted, s.AccessibilityLabel())
	}
}

func TestAPasswordIsShownWithTheKeyboardToo(t *testing.T) {
	useTheme(t, theme.VariantLight)
	f := NewPasswordField("Password", "", "Show what is typed")
	f.SetText("secret")
	c := window(t, f.Root, fyne.NewSize(300, 80)).Canvas()
	f.Focus()
	hidden := test.RenderToMarkup(c)
	c.FocusNext()
	if said, ok := c.Focused().(fyne.Accessible); !ok || said.AccessibilityLabel() != "Show what is typed" {
		t.Fatalf("Tab leads to %T", c.Focused())
	}
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if strings.Contains(hidden, "secret") || !strings.Contains(test.RenderToMarkup(c), "secret") {
		t.Error("what is typed is shown before, or not after")
	}
}

// A button rests while its job runs: the keyboard stays there, and goes on from there.
func TestTabGoesOnFromAButtonThatRests(t *testing.T) {
	useTheme(t, theme.VariantLight)
	var b [4]*Button
	for i := range b {
		b[i] = NewButton(Secondary, "", fmt.Sprint("Button ", i), func() {})
	}
	b[2].tap = func() { b[2].Disable() }
	c := window(t, VBox(8, b[0], b[1], b[2], b[3]), fyne.NewSize(300, 300)).Canvas()
	for _, way := range []struct {
		back bool
		to   *Button
	}{{false, b[3]}, {true, b[1]}} {
		b[2].Enable()
		if tab, ok := fyne.Focusable(b[2]).(fyne.Tabbable); !ok || tab.AcceptsTab() {
			t.Error("Fyne does not take Tab from a button that can be tapped")
		}
		c.Focus(b[2])
		b[2].TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
		if !b[2].AcceptsTab() || c.Focused() != fyne.Focusable(b[2]) {
			t.Fatalf("while it rests, the keyboard is at %v", c.Focused())
		}
		if b[2].passOn(way.back); c.Focused() != fyne.Focusable(way.to) || !b[2].Disabled() {
			t.Errorf("the keyboard went to %v", c.Focused())
		}
	}
	c.Focus(b[0])
	b[2].Enable()
	c.Focus(b[2])
	b[2].Disable()
	b[2].TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
	if c.Focused() != fyne.Focusable(b[3]) {
		t.Errorf("Tab led to %v", c.Focused())
	}
}

// Who uses the keyboard alone gets out of a field of many lines.
func TestTabLeavesAFieldOfManyLines(t *testing.T) {
	useTheme(t, theme.VariantLight)
	left := 0
	rules := NewTextField("Rules", "", 3)
	rules.OnLeft = func() { left++ }
	c := window(t, VBox(8, rules.Root, NewButton(Primary, "", "Save", func() {})), fyne.NewSize(300, 200)).Canvas()
	rules.Focus()
	if tab, ok := c.Focused().(fyne.Tabbable); ok && tab.AcceptsTab() {
		t.Error("Tab stays in the field")
	}
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if rules.Text() != "\n" {
		t.Errorf("Enter wrote %q", rules.Text())
	}
	if c.FocusNext(); left != 1 {
		t.Errorf("it was told %d times that the keyboard went elsewhere", left)
	}
}

func TestArrowsMoveThroughTheNavigation(t *testing.T) {
	useTheme(t, theme.VariantLight)
	went := -1
	nav := NewNav([]NavItem{{Icon: "home", Label: "Home"}, {Icon: "folder", Label: "Files"}}, func(place int) { went = place })
	c := window(t, nav.Root, fyne.NewSize(200, 90)).Canvas()
	c.FocusNext()
	for _, key := range []fyne.KeyName{fyne.KeyUp, fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn} {
		c.Focused().TypedKey(&fyne.KeyEvent{Name: key})
	}
	if went != 1 {
		t.Errorf("Enter opened place %d, want 1", went)
	}
}

func TestARowWithNothingToDoIsOnlyRead(t *testing.T) {
	useTheme(t, theme.VariantLight)
	c := window(t, NewRow(RowData{Title: "Restored 3 photos"}, nil), fyne.Size{}).Canvas()
	if c.FocusNext(); c.Focused() != nil {
		t.Error("a row that does nothing takes the focus")
	}
}

// wide is a place as wide as a card on a page, as high as what stands in it.
func wide(o fyne.CanvasObject) fyne.CanvasObject { return VBox(0, Fixed(480, 1, NewBox("", "", 0)), o) }

func TestAnOptionIsChosenWithTheKeyboardAndSaysAllOfIt(t *testing.T) {
	useTheme(t, theme.VariantLight)
	chosen := 0
	o := NewOption(OptionData{Title: "A drive", Detail: "Plugged in now and then."}, func() { chosen++ })
	c := window(t, o, fyne.NewSize(300, 80)).Canvas()
	c.Focus(o)
	for _, key := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn} {
		o.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if chosen != 2 {
		t.Errorf("chosen %d times", chosen)
	}
	if got := o.AccessibilityLabel(); got != "A drive. Plugged in now and then." {
		t.Errorf("it says %q", got)
	}
}

// A sentence that is too long for the line makes the card taller, not the text shorter.
func TestAnOptionGrowsWithItsText(t *testing.T) {
	useTheme(t, theme.VariantLight)
	o := NewOption(OptionData{Icon: "drive", Title: "A drive", Detail: strings.Repeat("Plugged in now and then. ", 8)}, func() {})
	window(t, o, fyne.NewSize(900, 80))
	o.Resize(fyne.NewSize(900, 80))
	wide := o.MinSize().Height
	o.Resize(fyne.NewSize(300, 80))
	if narrow := o.MinSize().Height; narrow < wide+40 {
		t.Errorf("needs %v at 300 and %v at 900", narrow, wide)
	}
}
