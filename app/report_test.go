//go:build !headless

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/syncer/sheet"
	"roost/ui"
	"roost/vault/keystore"
	"roost/vault/node/nodetest"
)

// secretive is a home in which everything that has a name has one that must not leave it.
type secretive struct {
	opts     syncer.Options
	words    []string
	folder   string
	password string
	token    string
	host     string
}

func newSecretive(t *testing.T) *secretive {
	t.Helper()
	kubo := nodetest.StartKubo(t)
	dir := filepath.Join(t.TempDir(), "Anastasia")
	s := &secretive{password: "Zwetschgenkuchen", token: kubo.Token, folder: filepath.Join(dir, "Liebesbriefe"), host: strings.TrimPrefix(kubo.URL, "http://")}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "passphrase"), s.password)
	write(t, filepath.Join(s.folder, "Kuendigung.odt"), "Sehr geehrter Herr Wirsing")
	write(t, filepath.Join(s.folder, "Unlesbar.odt"), "x")
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		if err := os.Chmod(filepath.Join(s.folder, "Unlesbar.odt"), 0); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(s.folder, ".roostignore"), "Tagebuch*\n")
	s.opts.Home = filepath.Join(dir, "home")
	keys, err := keystore.FromEnv(s.opts.Home, s.env(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.opts.Keys = keys
	got, err := syncer.Setup(t.Context(), s.opts, syncer.SetupOptions{URL: kubo.URL, Token: kubo.Token, Device: "Anastasias Rechner", NodeName: "Dachboden"})
	if err != nil {
		t.Fatal(err)
	}
	s.words = got.Words
	return s
}

func (s *secretive) env() func(string) string {
	return func(name string) string {
		return map[string]string{
			"ROOST_HOME": s.opts.Home, "ROOST_KEYSTORE": "file", "ROOST_PASSPHRASE_FILE": filepath.Join(filepath.Dir(s.opts.Home), "passphrase"), "ROOST_LOG": "debug",
		}[name]
	}
}

// unwanted is what must never be in a report.
func (s *secretive) unwanted() []string {
	all := []string{s.password, s.token, s.host, "Liebesbriefe", "Kuendigung", "Unlesbar", "Wirsing", "Tagebuch", "Anastasia", "Rechner", "Dachboden", "odt", s.opts.Home}
	for i := 1; i < len(s.words); i++ { // alone, many of them are words of any text
		all = append(all, s.words[i-1]+" "+s.words[i], s.words[i-1]+`","`+s.words[i], s.words[i-1]+`", "`+s.words[i])
	}
	return all
}

// unzipped are the files of a report.
func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(b)
	}
	return all
}

// A person hands the report to somebody they do not know: whatever was saved, failed and logged before, nothing in it is
// theirs.
func TestAReportHasNoSecretAndNoName(t *testing.T) {
	s := newSecretive(t)
	c := &call{unattended: true, streams: streams{err: os.Stderr, env: s.env()}}
	log, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c.err = log
	to := t.TempDir()
	var path string
	err = c.keep(t.Context(), nil, func(ctx context.Context, e engine) error {
		v := view{e, ctx}
		d := thisDesktop{home: s.opts.Home, env: s.env(), running: func() *view { return &v }}
		if _, err := e.AddFolders(ctx, []string{s.folder}); err != nil {
			return err
		}
		if _, err := e.Backup(ctx, nil, nil); err != nil {
			return err
		}
		c.engineLog.Error("it failed", "reason", &os.PathError{Op: "open", Path: filepath.Join(s.folder, "Kuendigung.odt"), Err: os.ErrPermission}, "token", s.token, "storage", "Dachboden")
		if err := os.RemoveAll(s.folder); err != nil { // now a problem has its path
			return err
		}
		for st, err := range e.Watch(ctx) {
			if err != nil || len(st.Problems) > 0 {
				break
			}
		}
		if _, err := e.Restore(ctx, syncer.RestoreOptions{Snapshot: "latest", To: filepath.Join(to, "Anastasia")}, nil); err != nil {
			return err
		}
		path, err = d.SaveReport(ctx, to)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files := unzipped(t, path)
	for name, text := range files {
		for _, secret := range s.unwanted() {
			if strings.Contains(text, secret) || strings.Contains(name, secret) {
				t.Errorf("%s holds %q:\n%s", name, secret, text)
			}
		}
	}
	var r report
	if err := json.Unmarshal([]byte(files["report.json"]), &r); err != nil {
		t.Fatal(err)
	}
	if r.Version != versionNumber || r.Settings["settle"] != "5s" || len(r.Folders) != 1 || len(r.Storages) != 1 || len(r.Problems) == 0 || len(r.Activity) < 2 || r.Key != "file" || len(r.Errors) != 0 {
		t.Errorf("it does not say enough:\n%s", files["report.json"])
	}
	if text := files[logName]; !strings.Contains(text, "keeps the folders") || !strings.Contains(text, "it failed") || !strings.Contains(text, unsaid) {
		t.Errorf("the log is\n%s", text)
	}
	if again, err := (thisDesktop{home: s.opts.Home, env: s.env(), running: func() *view { return nil }}).SaveReport(t.Context(), to); err != nil || again == path {
		t.Errorf("a second report is %s, %v", again, err)
	} else if text := unzipped(t, again)["report.json"]; !strings.Contains(text, "no engine runs") {
		t.Errorf("without an engine it says\n%s", text)
	}
}

// What cannot be asked is said, in the code of what is wrong.
func TestAReportOfAnEngineThatRefusesSaysSo(t *testing.T) {
	home := t.TempDir()
	d := thisDesktop{home: home, env: func(string) string { return "" }, running: func() *view { return &view{refusing{}, t.Context()} }}
	path, err := d.SaveReport(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text := unzipped(t, path)["report.json"]
	if !strings.Contains(text, "status: internal") || !strings.Contains(text, `"keyring"`) || strings.Contains(text, errRefused.Error()) {
		t.Errorf("it says\n%s", text)
	}
}

func TestOnlyThePasswordOfTheKeyUnlocks(t *testing.T) {
	s := newSecretive(t)
	g, err := guide.New(guide.Options{Runtime: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	d := thisDesktop{home: s.opts.Home, env: s.env(), paper: g.Paper()}
	if !d.Locked() {
		t.Error("a key in a file counts as not locked")
	}
	if err := d.Unlock(t.Context(), "Apfelkuchen"); syncer.Describe(err).Code != "wrong_passphrase" {
		t.Errorf("another password: %v", err)
	}
	if err := d.Unlock(t.Context(), s.password); err != nil {
		t.Error(err)
	}
	if d.home = t.TempDir(); d.Locked() {
		t.Error("a home without a key file counts as locked")
	}
}

func TestDocumentsAreMadeToBeLookedAtAndGoAtTheEnd(t *testing.T) {
	g, err := guide.New(guide.Options{Runtime: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	d := thisDesktop{paper: g.Paper()}
	var made []string
	for which, says := range map[ui.Document]string{ui.Licence: "MIT License", ui.Format: "sealed", ui.Notices: "fyne.io/fyne/v2 v2"} {
		for range 2 {
			path, err := d.Document(t.Context(), which)
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, path)
			if text, err := os.ReadFile(path); err != nil || !bytes.Contains(text, []byte(says)) {
				t.Errorf("%s does not say %q: %v", path, says, err)
			}
		}
	}
	words := strings.Fields(strings.Repeat("abandon ", 24))
	path, err := d.PrintSheet(t.Context(), sheet.Sheet{Words: words, Fingerprint: "a b c d", Storage: "http://pi", Texts: sheet.English()})
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, path)
	if fi, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("others may read the sheet: %v, %v", fi, err)
	}
	saved, err := d.SaveSheet(t.Context(), t.TempDir(), sheet.Sheet{Words: words, Texts: sheet.English()})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range made {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	if _, err := os.Stat(saved); err != nil {
		t.Errorf("the sheet that was saved is gone: %v", err)
	}
	if _, err := d.Document(t.Context(), ui.Document(99)); err == nil {
		t.Error("there is a document 99")
	}
}
