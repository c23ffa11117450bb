//go:build screenshots

package ui

import (
	"fmt"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/ui/kit"
)

// picturesDir is where the pictures go, the folder that ROOST_SCREENSHOTS names.
func picturesDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ROOST_SCREENSHOTS")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// shot is one picture: a screen in one language and one size.
type shot struct {
	name string
	lang string
	size fyne.Size
	now  Now
	open Place
}

func shots() (all []shot) {
	roomy, least := fyne.NewSize(1180, 780), MinSize
	for name, now := range samples() {
		all = append(all, shot{"home-" + name, "en", roomy, now, Home})
	}
	for _, language := range []string{"de", "es", "fr", "ja"} {
		for _, name := range []string{"safe", "saving", "waiting", "needs-you", "odd", "empty"} {
			all = append(all, shot{"home-" + name + "-least", language, least, samples()[name], Home})
		}
	}
	for name, now := range spaceSamples() {
		all = append(all, shot{"space-" + name, "en", roomy, now, Space}, shot{"space-" + name + "-least", "de", least, now, Space})
	}
	return append(all, shot{"home-safe-least", "en", least, samples()["safe"], Home}, shot{"home-odd-wide", "en", fyne.NewSize(1900, 1100), samples()["odd"], Home})
}

// TestScreenshots is no test: it draws every screen in light and dark, at 1x and 2x, for people to look at.
func TestScreenshots(t *testing.T) {
	dir := picturesDir(t)
	for variant, v := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for _, s := range shots() {
			for _, scale := range []float32{1, 2} {
				speak(t, s.lang)
				a := test.NewTempApp(t)
				a.Settings().SetTheme(kit.Theme{Forced: &v})
				w := shownWindow(t, s.now)
				w.Show(s.open)
				capture(t, w.root, nil, s.size, scale, filepath.Join(dir, fmt.Sprintf("%s-%s-%s-%.0fx.png", s.name, s.lang, variant, scale)))
			}
		}
		captureStates(t, dir, variant, v, browsingStates(), sampleDesk)
		captureStates(t, dir, variant, v, keepingStates(), recordDesk)
		captureStates(t, dir, variant, v, bringStates(), recordDesk)
		captureStates(t, dir, variant, v, keptStates(), keptDesk)
		for _, scale := range []float32{1, 2} {
			a := test.NewTempApp(t)
			a.Settings().SetTheme(kit.Theme{Forced: &v})
			name := filepath.Join(dir, fmt.Sprintf("%%s-%s-%.0fx.png", variant, scale))
			capture(t, gallery(), nil, fyne.NewSize(1180, 780), scale, fmt.Sprintf(name, "kit"))
			speak(t, "en")
			capture(t, shownWindow(t, sampleNow()).root, stopDialog(), MinSize, scale, fmt.Sprintf(name, "kit-dialog"))
		}
	}
}

// TestStepScreenshots draws every one of the first steps.
func TestStepScreenshots(t *testing.T) {
	dir := picturesDir(t)
	all := steps()
	for variant, v := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			shots := []deskShot{{"en", fyne.NewSize(1180, 780), 1}, {"en", MinSize, 2}, {"de", MinSize, 1}, {"es", MinSize, 1}, {"fr", MinSize, 1}, {"ja", MinSize, 1}}
			for _, s := range shots {
				speak(t, s.lang)
				appIn(v)
				w := shownStep(t, all[name])
				capture(t, w.onboarding.root(), nil, s.size, s.scale, filepath.Join(dir, fmt.Sprintf("start-%s-%s-%s-%.0fx.png", name, s.lang, variant, s.scale)))
			}
		}
	}
}

// captureStates draws the screens that something was tapped on, and what is open above them.
func captureStates(t *testing.T, dir, variant string, v fyne.ThemeVariant, states map[string]func(*desk),
	made func(*testing.T, string, fyne.ThemeVariant) *desk,
) {
	t.Helper()
	for name, look := range states {
		for _, shot := range []deskShot{{"en", fyne.NewSize(1180, 780), 1}, {"en", MinSize, 2}, {"de", MinSize, 1}, {"fr", MinSize, 1}, {"ja", MinSize, 1}} {
			d := made(t, shot.lang, v)
			look(d)
			shot.capture(t, d, dir, name, variant)
		}
	}
}

// deskShot is one picture of a desk.
type deskShot struct {
	lang  string
	size  fyne.Size
	scale float32
}

func (s deskShot) capture(t *testing.T, d *desk, dir, name, variant string) {
	t.Helper()
	c := d.w.over.Canvas()
	d.w.over.Resize(s.size)
	d.w.root.Refresh()
	overlay := c.Overlays().Top()
	if overlay != nil {
		c.Overlays().Remove(overlay)
	}
	captureOver(t, d.w.root, overlay, s.size, s.scale, filepath.Join(dir, fmt.Sprintf("%s-%s-%s-%.0fx.png", name, s.lang, variant, s.scale)))
}

func capture(t *testing.T, content fyne.CanvasObject, over *kit.Dialog, size fyne.Size, scale float32, path string) {
	t.Helper()
	fits(t, content, size, path)
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetScale(scale)
	c.SetContent(content)
	for range 3 { // text breaks at the width it got, and moves what is below it
		c.Resize(size)
		content.Refresh()
	}
	if over != nil {
		over.Open(c)
	}
	save(t, c, path)
}

// fits is where Japanese is measured: the letters of it come from the system's fonts, which other tests do without.
func fits(t *testing.T, shown fyne.CanvasObject, size fyne.Size, path string) {
	t.Helper()
	if least := shown.MinSize(); least.Width > size.Width || least.Height > size.Height {
		t.Errorf("%s: needs %v", filepath.Base(path), least)
	}
}

// captureOver is capture with something that lies over the content already.
func captureOver(t *testing.T, content, over fyne.CanvasObject, size fyne.Size, scale float32, path string) {
	t.Helper()
	fits(t, content, size, path)
	if over != nil {
		fits(t, over, size, path)
	}
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetScale(scale)
	c.SetContent(content)
	for range 3 { // text breaks at the width it got, and moves what is below it
		c.Resize(size)
		content.Refresh()
	}
	if over != nil {
		c.Overlays().Add(over)
		c.Resize(size)
	}
	save(t, c, path)
}

func save(t *testing.T, c software.WindowlessCanvas, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, c.Capture()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSettingsScreenshots draws the pages of the settings.
func TestSettingsScreenshots(t *testing.T) {
	dir := picturesDir(t)
	for variant, v := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for name, page := range settingsPages() {
			for _, shot := range []deskShot{
				{"en", fyne.NewSize(1180, 780), 1}, {"en", MinSize, 2}, {"de", MinSize, 1}, {"es", fyne.NewSize(900, 1400), 1}, {"fr", MinSize, 1}, {"ja", MinSize, 1},
			} {
				shot.capture(t, page(t, shot.lang, v), dir, name, variant)
			}
		}
	}
}
