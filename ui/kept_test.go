package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
	"roost/vault/node/nodetest"
)

// realEngine is the engine with what is left of the window's interface: it tells how things are when a test asks.
type realEngine struct {
	*syncer.Engine
	now Now
}

func (e realEngine) Watch(ctx context.Context) iter.Seq[Now] {
	return func(yield func(Now) bool) {
		if yield(e.now) {
			<-ctx.Done()
		}
	}
}

func (e realEngine) Settings(ctx context.Context) ([]syncer.Setting, error) {
	return e.Engine.Settings(ctx), nil
}

// memoryKeys keep keys as long as the test runs.
type memoryKeys struct {
	mu   sync.Mutex // guards keys
	keys map[string][32]byte
}

func (k *memoryKeys) Get(_ context.Context, vault string) ([32]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[vault]
	if !ok {
		return key, errors.New("no key")
	}
	return key, nil
}

func (k *memoryKeys) Set(_ context.Context, vault string, key [32]byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[vault] = key
	return nil
}

func (k *memoryKeys) Delete(_ context.Context, vault string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, vault)
	return nil
}

// keptFolder is a real engine on a real storage, with a folder of three versions.
type keptFolder struct {
	t      *testing.T
	engine *syncer.Engine
	dir    string // Papers
	kubo   *nodetest.Daemon
}

// keep makes a home, and a folder Papers that was saved three times: a letter was written, changed, and lost with the
// folder that it was in; a picture came last.
func keep(t *testing.T) *keptFolder {
	t.Helper()
	k := &keptFolder{t: t, dir: filepath.Join(t.TempDir(), "Papers"), kubo: nodetest.StartKubo(t)}
	opts := syncer.Options{Home: filepath.Join(t.TempDir(), "home"), Keys: &memoryKeys{keys: map[string][32]byte{}}}
	if _, err := syncer.Setup(t.Context(), opts, syncer.SetupOptions{URL: k.kubo.URL, Token: k.kubo.Token, Device: "Laptop", NodeName: "Pi"}); err != nil {
		t.Fatal(err)
	}
	e, err := syncer.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	k.engine = e
	k.write("Letters/2024/marta.txt", "Dear Marta,\nthe first version.")
	k.write("notes.md", "# Notes\nthe same in all")
	if _, err := e.AddFolders(t.Context(), []string{k.dir}); err != nil {
		t.Fatal(err)
	}
	k.save()
	k.write("Letters/2024/marta.txt", "Dear Marta,\nthe second version, which is longer.")
	k.save()
	if err := os.RemoveAll(filepath.Join(k.dir, "Letters")); err != nil {
		t.Fatal(err)
	}
	k.write("beach.png", picture(t, 1200, 800))
	k.save()
	return k
}

// runs lets the engine run, until the test ends, without saving anything by itself.
func (k *keptFolder) runs() {
	k.t.Helper()
	if err := k.engine.SetMode(k.t.Context(), k.dir, syncer.Manual); err != nil {
		k.t.Fatal(err)
	}
	running, stop := context.WithCancel(k.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.engine.Run(running) }()
	k.t.Cleanup(func() { stop(); <-ended })
}

func (k *keptFolder) write(name, text string) {
	k.t.Helper()
	path := filepath.Join(k.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keptFolder) save() {
	k.t.Helper()
	saved, err := k.engine.Backup(k.t.Context(), nil, nil)
	if err != nil || len(saved) != 1 || !saved[0].Complete {
		k.t.Fatalf("saved %+v: %v", saved, err)
	}
}

func (k *keptFolder) content(name string) string {
	b, err := os.ReadFile(filepath.Join(k.dir, filepath.FromSlash(name)))
	if err != nil {
		return ""
	}
	return string(b)
}

// picture is a PNG with a gradient.
func picture(t testing.TB, w, h int) string {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / w), uint8(y * 255 / h), 120, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// desk is a window whose jobs run when the test says so, on its own goroutine.
type desk struct {
	t    *testing.T
	w    *Window
	kept *sampleBrowser // of a sampleDesk

	record *record // of a recordDesk
}

func newDesk(t *testing.T, e Engine, at Place) *desk {
	t.Helper()
	return newDeskIn(t, e, at, "en", theme.VariantLight)
}

func newDeskIn(t *testing.T, e Engine, at Place, language string, variant fyne.ThemeVariant) *desk {
	t.Helper()
	speak(t, language)
	appIn(variant)
	w, err := New(Options{Engine: e, Window: test.NewTempWindow(t, nil), Post: func(f func()) { f() }})
	if err != nil {
		t.Fatal(err)
	}
	w.over.Resize(fyne.NewSize(1180, 780))
	t.Cleanup(w.removeCopies)
	d := &desk{t: t, w: w}
	w.Show(at)
	w.draw(Now{At: time.Now()})
	d.settle()
	return d
}

// apps are by variant.
var apps = map[fyne.ThemeVariant]fyne.App{}

// appIn makes an app in the theme's variant the current one. It is one for all desks: each new one makes the toolkit parse all
// fonts again.
func appIn(variant fyne.ThemeVariant) {
	if a := apps[variant]; a != nil {
		fyne.SetCurrentApp(a)
		return
	}
	a := test.NewApp()
	a.Settings().SetTheme(kit.Theme{Forced: &variant})
	apps[variant] = a
}

// restored taps what begins or steers a restore, and draws what the engine tells until that is so; "": there is none any more.
func (d *desk) restored(k *keptFolder, label, state string) {
	d.t.Helper()
	before := ""
	if run := d.w.now.Restore; run != nil && label == "Restore" {
		before = run.ID
	}
	d.tap(label)
	limited, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	for s := range k.engine.Watch(limited) {
		if s.Restore == nil && state == "" || s.Restore != nil && s.Restore.State == state && s.Restore.ID != before {
			d.w.draw(Now{Status: s, At: time.Now()})
			d.settle()
			return
		}
	}
	d.t.Fatalf("after %s the restore never was %q", label, state)
}

// settle does all that taps have asked for.
func (d *desk) settle() {
	for {
		select {
		case j := <-d.w.jobs:
			j.done(j.do(d.t.Context()))
		default:
			d.w.root.Refresh()
			d.w.over.Resize(d.w.over.Canvas().Size())
			return
		}
	}
}

// tap taps the thing with this text that lies on top: a button, a row, a line of a list or a choice.
func (d *desk) tap(text string) {
	d.t.Helper()
	d.tapOnly(text)
	d.settle()
}

func (d *desk) tapOnly(text string) {
	d.t.Helper()
	var found fyne.Tappable
	matches := func(o fyne.CanvasObject) bool {
		a, ok := o.(fyne.Accessible)
		if !ok {
			return false
		}
		label := strings.TrimPrefix(a.AccessibilityLabel(), "✓ ")
		return label == text || (isOption(o) || isRow(o)) && strings.HasPrefix(label, text+", ")
	}
	var walk func(o fyne.CanvasObject, in fyne.Tappable)
	walk = func(o fyne.CanvasObject, in fyne.Tappable) {
		if !o.Visible() {
			return
		}
		if t, ok := o.(fyne.Tappable); ok {
			in = t
		}
		disabled, can := in.(fyne.Disableable)
		if in != nil && matches(o) && !(can && disabled.Disabled()) {
			found = in
		}
		switch o := o.(type) {
		case *fyne.Container:
			for _, child := range o.Objects {
				walk(child, in)
			}
		case *container.Scroll:
			walk(o.Content, in)
		case fyne.Widget:
			for _, child := range test.WidgetRenderer(o).Objects() {
				walk(child, in)
			}
		}
	}
	c := d.w.over.Canvas()
	walk(c.Content(), nil)
	for _, overlay := range c.Overlays().List() {
		walk(overlay, nil)
	}
	if found == nil {
		d.t.Fatalf("there is no %q to tap on among %q", text, d.said())
	}
	found.Tapped(&fyne.PointEvent{})
}

func isOption(o fyne.CanvasObject) bool { return strings.HasSuffix(fmt.Sprintf("%T", o), ".option") }
func isRow(o fyne.CanvasObject) bool    { _, ok := o.(*kit.Row); return ok }

// said is every text on screen.
func (d *desk) said() (all []string) {
	for text := range texts(d.w.over.Canvas()) {
		all = append(all, text)
	}
	return all
}

// sees wants texts on screen, each a part of one that is shown.
func (d *desk) sees(wanted ...string) {
	d.t.Helper()
	all := "\n" + strings.Join(d.said(), "\n") + "\n"
	for _, text := range wanted {
		if !strings.Contains(all, text) {
			d.t.Fatalf("%q is not on screen:%s", text, all)
		}
	}
}

func (d *desk) seesNot(unwanted ...string) {
	d.t.Helper()
	all := strings.Join(d.said(), "\n")
	for _, text := range unwanted {
		if strings.Contains(all, text) {
			d.t.Fatalf("%q is on screen:\n%s", text, all)
		}
	}
}

// enter types into the search field and presses Enter.
func (d *desk) enter(text string) {
	d.t.Helper()
	f := d.w.screens[Files].(*filesScreen)
	f.search.SetText(text)
	f.search.OnEnter()
	d.settle()
}
