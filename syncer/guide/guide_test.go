package guide

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roost/syncer"
	"roost/syncer/sheet"
	"roost/vault/keystore"
	"roost/vault/node/nodetest"
)

// noKeyring is a computer without one.
type noKeyring struct{}

func (noKeyring) Get(context.Context, string) (key [32]byte, err error) {
	return key, keystore.ErrNoService
}
func (noKeyring) Set(context.Context, string, [32]byte) error { return keystore.ErrNoService }
func (noKeyring) Delete(context.Context, string) error        { return keystore.ErrNoService }

// newGuide is one on a computer without a keyring: its key lies under a passphrase.
func newGuide(t *testing.T, home, runtime string) *Guide {
	t.Helper()
	g, err := New(Options{
		Engine: syncer.Options{Home: home}, Runtime: runtime,
		Keys: func(func(string) ([]byte, error)) (keystore.Store, error) { return noKeyring{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func stage(t *testing.T, g *Guide) Stage {
	t.Helper()
	s, err := g.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whoever closes the window half-way goes on where they were, with the passphrase that they chose.
func TestEveryStageIsFoundAgainAfterARestart(t *testing.T) {
	d := nodetest.StartKubo(t)
	home, runtime := filepath.Join(t.TempDir(), "home"), t.TempDir()
	g := newGuide(t, home, runtime)
	if got := stage(t, g); got != Nothing {
		t.Fatalf("an empty computer is at stage %d", got)
	}
	how := syncer.SetupOptions{URL: d.URL, Token: d.Token}
	if found := g.Check(t.Context(), how); len(found) != 1 || !errors.Is(found[0], keystore.ErrNoService) {
		t.Fatalf("found %v in the way, want that there is no keyring", found)
	}
	if _, err := g.Begin(t.Context(), how); !errors.Is(err, keystore.ErrNoPassphrase) {
		t.Fatalf("without a passphrase: %v", err)
	}
	if got := stage(t, g); got != Nothing {
		t.Fatalf("what failed left stage %d", got)
	}
	g.UsePassphrase("two words")
	made, err := g.Begin(t.Context(), how)
	if err != nil {
		t.Fatal(err)
	}
	if got := stage(t, g); got != Words {
		t.Fatalf("a new backup is at stage %d", got)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}

	g = newGuide(t, home, runtime)
	if _, _, err := g.Words(t.Context()); !errors.Is(err, keystore.ErrNoPassphrase) {
		t.Fatalf("the words without the passphrase: %v", err)
	}
	g.UsePassphrase("other words")
	if _, _, err := g.Words(t.Context()); !errors.Is(err, keystore.ErrWrongPassphrase) {
		t.Fatalf("the words with a wrong passphrase: %v", err)
	}
	g.UsePassphrase("two words")
	words, fingerprint, err := g.Words(t.Context())
	if err != nil || strings.Join(words, " ") != strings.Join(made.Words, " ") || fingerprint != made.Fingerprint {
		t.Fatalf("the words are others after a restart, or %v", err)
	}
	if err := g.NoteWords(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got := stage(t, g); got != Folders {
		t.Fatalf("with the words put off it is stage %d", got)
	}
	if err := g.AddFolders(t.Context(), []string{t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if got := stage(t, g); got != Done {
		t.Fatalf("with a folder it is stage %d", got)
	}
}

func TestThePrintedSheetIsPrivateAndGoneAtTheEnd(t *testing.T) {
	d := nodetest.StartKubo(t)
	runtime := t.TempDir()
	g := newGuide(t, t.TempDir(), runtime)
	g.UsePassphrase("two words")
	if _, err := g.Begin(t.Context(), syncer.SetupOptions{URL: d.URL, Token: d.Token}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // printed again
		path, err := g.Sheet(t.Context(), sheet.English())
		if err != nil {
			t.Fatal(err)
		}
		pdf, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
			t.Fatalf("%s is no sheet: %v", path, err)
		}
		if bytes.Contains(pdf, []byte(d.Token)) {
			t.Error("the sheet holds the storage's key")
		}
		for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
			if fi, err := os.Stat(p); err != nil || fi.Mode() != want {
				t.Errorf("%s has mode %v, want %v", p, fi.Mode(), want)
			}
		}
	}
	saved := t.TempDir()
	for _, want := range []string{"Roost recovery sheet.pdf", "Roost recovery sheet (2).pdf"} {
		if path, err := g.SaveSheet(t.Context(), saved, sheet.English()); err != nil || path != filepath.Join(saved, want) {
			t.Errorf("saved to %s, want %s, error %v", path, want, err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(runtime); err != nil || len(left) != 0 {
		t.Errorf("%v is left, error %v", left, err)
	}
	if left, err := os.ReadDir(saved); err != nil || len(left) != 2 {
		t.Errorf("of the saved sheets %v is left, error %v", left, err)
	}
}

// The computer went off before the sheet could be removed.
func TestASheetThatWasLeftBehindIsRemovedAtTheNextStart(t *testing.T) {
	runtime := t.TempDir()
	left := filepath.Join(runtime, "recovery-sheet", sheetName+".pdf")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	newGuide(t, t.TempDir(), runtime)
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestAFolderOfAnotherComputerFindsItsPlaceHere(t *testing.T) {
	home := filepath.Join(string(filepath.Separator)+"home", "new")
	for was, want := range map[string]string{
		"/home/ana/Documents":        filepath.Join(home, "Documents"),
		"/Users/ana/Pictures/2026":   filepath.Join(home, "Pictures", "2026"),
		`C:\Users\ana\Desktop`:       filepath.Join(home, "Desktop"),
		"/home/ana":                  "",
		"/srv/data/x":                "",
		"/home/ana/../../etc":        "",
		`C:\Users\ana\..\..\Windows`: "",
		"":                           "",
	} {
		if got := Place(was, home); got != want {
			t.Errorf("%s belongs to %q, want %q", was, got, want)
		}
	}
}

func TestFoldersThatSystemsMakeAreSuggested(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	for _, dir := range []string{"Dokumente/Bilder", "Musik", "Downloads", ".config"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text := "# a comment\nXDG_DOCUMENTS_DIR=\"$HOME/Dokumente\"\nXDG_PICTURES_DIR=\"$HOME/Dokumente/Bilder\"\n" +
		"XDG_MUSIC_DIR=\"$HOME/Musik\"\nXDG_VIDEOS_DIR=\"$HOME/\"\nXDG_DESKTOP_DIR=relative\n"
	if err := os.WriteFile(filepath.Join(home, ".config", "user-dirs.dirs"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range Suggested(home) {
		if rel := strings.TrimPrefix(s.Path, home); s.Usual {
			got = append(got, rel)
		} else {
			got = append(got, "perhaps "+rel)
		}
	}
	if said := strings.Join(got, ", "); said != "/Dokumente, /Musik, perhaps /Downloads" {
		t.Errorf("suggested %s", said)
	}
}

func FuzzUserDirs(f *testing.F) {
	f.Add("XDG_MUSIC_DIR=\"$HOME/Musik\"\nXDG_X_DIR=\"\\\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, dir := range parseUserDirs(strings.NewReader(text), "/home/ana") {
			if !strings.HasPrefix(name, "XDG_") || !filepath.IsAbs(dir) || dir == "/home/ana" {
				t.Errorf("%s is %q", name, dir)
			}
		}
	})
}
