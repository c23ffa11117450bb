package ui

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
)

// doer is an engine that notes what it is asked, and does it at once.
type doer struct {
	stillEngine
	did []string
}

func (e *doer) Backup(_ context.Context, dirs []string, _ syncer.Report) ([]syncer.Saved, error) {
	e.did = append(e.did, fmt.Sprint("back up ", dirs))
	return nil, nil
}

func (e *doer) CheckNode(_ context.Context, name string) (syncer.NodeInfo, error) {
	e.did = append(e.did, "check "+name)
	return checked(nil), nil
}

func (e *doer) Accept(_ context.Context, dir string) error {
	e.did = append(e.did, "accept "+dir)
	return nil
}

func (e *doer) Verify(context.Context, int, syncer.Report) (*syncer.Checked, error) {
	e.did = append(e.did, "verify")
	return &syncer.Checked{}, nil
}

func (e *doer) Words(context.Context) ([]string, error) {
	e.did = append(e.did, "words")
	return strings.Fields(strings.Repeat("abandon ability about ", 8)), nil
}

// opener notes what it is told to open outside.
type opener struct {
	fyne.App
	opened []string
}

func (o *opener) OpenURL(u *url.URL) error {
	o.opened = append(o.opened, u.String())
	return nil
}

// elsewhereSolved are the problems that keep a window from having an engine: the first steps, the question for the password
// and the cover have their steps.
var elsewhereSolved = []string{"not_set_up", "no_passphrase", "wrong_passphrase", "passphrases_differ", "no_keyring"}

// Every problem of the engine's table has a step in the window, and each step does something that can be seen: it asks the
// engine, opens another place, a dialog or a folder.
func TestEveryProblemHasAStepThatWorks(t *testing.T) {
	all := syncer.Problems()
	if len(all) < 60 {
		t.Fatalf("there are only %d problems: does the list still have all of them?", len(all))
	}
	speak(t, "en")
	light := theme.VariantLight
	app := &opener{App: test.NewTempApp(t)}
	app.Settings().SetTheme(kit.Theme{Forced: &light})
	fyne.SetCurrentApp(app)
	now := storageSamples()["two"]
	e := &doer{stillEngine: stillEngine{chooser: sampleChosen(), browser: sampleKept(), record: sampleRecord(3), now: now}}
	w, err := New(Options{Engine: e, Window: test.NewTempWindow(t, nil), Post: func(f func()) { f() }, Again: func() { e.did = append(e.did, "again") }})
	if err != nil {
		t.Fatal(err)
	}
	w.over.Resize(fyne.NewSize(1180, 780))
	if !w.has(Settings) {
		w.add(Settings, blank{})
	}
	w.picked = func(func(string)) { e.did = append(e.did, "a folder was asked for") }
	d := &desk{t: t, w: w}
	w.draw(now)
	d.settle()
	for _, p := range all {
		if slices.Contains(elsewhereSolved, p.Code) {
			continue
		}
		p.Path = ""
		switch p.Code {
		case "folder_missing", "folder_empty", "sudden_change", "some_files":
			p.Path = now.Folders[0].Path
		}
		steps := w.stepsOf(p)
		if len(steps) == 0 {
			t.Errorf("%s: %q leads nowhere", p.Code, p.Action)
		}
		for _, s := range steps {
			w.Show(Home)
			for _, o := range w.over.Canvas().Overlays().List() {
				w.over.Canvas().Overlays().Remove(o)
			}
			e.did, app.opened = nil, nil
			w.stepButton(s).Tapped(nil)
			d.settle()
			if len(e.did) == 0 && len(app.opened) == 0 && w.Opened() == Home && w.over.Canvas().Overlays().Top() == nil {
				t.Errorf("%s: %q does nothing", p.Code, s.label)
			}
		}
	}
}

// The steps lead where they say.
func TestStepsLeadWhereTheySay(t *testing.T) {
	for _, c := range []struct {
		code, path, step string
		place            Place
		asked            []string
	}{
		{"unreachable", "", "Check connection", Storages, []string{"check USB drive"}},
		{"refused", "", "Check connection", Storages, []string{"check USB drive"}},
		{"storage_full", "", "Add storage", Storages, nil},
		{"copy_behind", "", "Back up now", Home, []string{"back up []"}},
		{"missing", "", "Check and save again", Home, []string{"verify", "back up []"}},
		{"sudden_change", "/home/ana/src", "It was me", Home, []string{"accept /home/ana/src"}},
		{"sudden_change", "/home/ana/src", "Get the files back", Restore, nil},
		{"folder_missing", "/home/ana/src", "Look again", Home, []string{"back up [/home/ana/src]"}},
		{"some_files", "/home/ana/src", "See which, and why", ActivityLog, nil},
		{"data_budget", "", "Raise the limit", Storages, nil},
		{"words_other", "", "Check the words", Home, []string{"words"}},
	} {
		now := storageSamples()["two"]
		now.Storages[0].Budget = 50 * gigabyte
		e := &doer{stillEngine: stillEngine{chooser: sampleChosen(), browser: sampleKept(), record: sampleRecord(3), now: now}}
		d := newDesk(t, e, Home)
		d.w.draw(now)
		p := syncer.Problem{Code: c.code, Path: c.path, Storage: "USB drive"}
		i := slices.IndexFunc(d.w.stepsOf(p), func(s step) bool { return s.label == c.step })
		if i < 0 {
			t.Errorf("%s has no step %q", c.code, c.step)
			continue
		}
		d.w.take(d.w.stepsOf(p)[i])
		d.settle()
		if d.w.Opened() != c.place || !reflect.DeepEqual(e.did, c.asked) {
			t.Errorf("%s: %q opens %d and asks %q", c.code, c.step, d.w.Opened(), e.did)
		}
	}
}

// What went wrong for a moment can be tried again where it is told.
func TestWhatMayGoWellTheNextTimeCanBeTriedAgain(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	s.tap("Back up now")
	s.finish(fmt.Errorf("lock: %w", syncer.ErrBusy))
	s.tap("Try again")
	s.finish(nil)
	if got := s.called(); !slices.Equal(got, []string{"back up []", "back up []"}) {
		t.Errorf("the engine was asked %q", got)
	}
}

// leftColumn are the words of the code, which no person has to know; Details may say them.
var leftColumn = wordsOfTheCode()

// No screen says a word of the code, whatever is wrong, but where somebody asks for details.
func TestNoScreenSaysAWordOfTheCode(t *testing.T) {
	said := func(name string, d *desk) {
		t.Helper()
		for text := range texts(d.w.over.Canvas()) {
			if word := leftColumn.FindString(strings.ReplaceAll(text, "roost-node", "")); word != "" { // a line to type
				t.Errorf("%s: %q says %q", name, text, word)
			}
		}
	}
	for name, look := range browsingStates() {
		d := sampleDesk(t, "en", theme.VariantLight)
		look(d)
		said(name, d)
	}
	for name, look := range keepingStates() {
		if strings.HasSuffix(name, "-details") {
			continue
		}
		d := recordDesk(t, "en", theme.VariantLight)
		look(d)
		said(name, d)
	}
	for name, now := range samples() {
		d := recordDesk(t, "en", theme.VariantLight)
		d.w.draw(now)
		d.settle()
		said("home-"+name, d)
	}
	for name, build := range steps() {
		speak(t, "en")
		appIn(theme.VariantLight)
		said("start-"+name, &desk{t: t, w: shownStep(t, build)})
	}
	d, over := recordDesk(t, "en", theme.VariantLight), test.NewTempWindow(t, nil)
	for _, p := range syncer.Problems() { // on the home screen, on the storage's, above all, and instead of everything
		p.Since, p.Storage = time.Time{}, "Pi in the living room"
		now := storageSamples()["one"]
		now.Problems = []syncer.Problem{p}
		d.w.Show(Home)
		d.w.draw(now)
		said("home with "+p.Code, d)
		d.w.Show(Storages)
		said("storage with "+p.Code, d)
		d.w.tell(p)
		said("told "+p.Code, d)
		if err := Cover(over, p, nil); err != nil {
			t.Fatal(err)
		}
		for text := range texts(over.Canvas()) {
			if word := leftColumn.FindString(text); word != "" {
				t.Errorf("the cover for %s: %q says %q", p.Code, text, word)
			}
		}
		for _, text := range []string{p.Title, p.Text, p.Action} {
			if word := leftColumn.FindString(text); word != "" {
				t.Errorf("%s: %q says %q", p.Code, text, word)
			}
			if strings.Contains(text, "roost ") || strings.Contains(text, "--") || strings.Contains(text, "ROOST_") {
				t.Errorf("%s: %q is for a terminal", p.Code, text)
			}
		}
	}
}
