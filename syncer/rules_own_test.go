package syncer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"roost/vault/node/nodetest"
)

// ruled is a folder with something for every reason to be left out.
func ruled(t *testing.T) (e *Engine, src string) {
	t.Helper()
	e = testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src = t.TempDir()
	write(t, src+"/letter.txt", "1234")
	write(t, src+"/a.tmp", "12")
	write(t, src+"/deep/b.tmp", "123")
	write(t, src+"/deep/.roostignore", "*.log\n")
	write(t, src+"/deep/x.log", "12345")
	write(t, src+"/node_modules/x/index.js", "123456")
	write(t, src+"/node_modules/.roostignore", "!*")
	write(t, src+"/large.iso", strings.Repeat("x", 3000))
	must(t, e.Set(t.Context(), "max-file-size", "2kB"))
	added(t, e, src)
	return e, src
}

func TestWhatRulesWouldLeaveOutIsCountedByReasonBeforeTheyAreSaved(t *testing.T) {
	e, src := ruled(t)
	got, err := e.TryRules(t.Context(), src, "*.tmp\n[\n")
	must(t, err)
	if want := (Measured{3, 5 + 5}); got.Own != want { // a.tmp, b.tmp, x.log
		t.Errorf("its own rules leave out %+v, want %+v", got.Own, want)
	}
	if want := (Measured{2, 8}); got.Presets["ignore-node_modules"] != want || len(got.Presets) != 1 {
		t.Errorf("presets leave out %+v, want %+v", got.Presets, want)
	}
	if want := (Measured{1, 3000}); got.Large != want {
		t.Errorf("the limit leaves out %+v", got.Large)
	}
	if want := (Measured{2, 4 + 6}); got.Kept != want { // letter.txt, deep/.roostignore
		t.Errorf("kept is %+v, want %+v", got.Kept, want)
	}
	if len(got.Faults) != 1 || got.Faults[0] != (RulesFault{Line: 2, Text: "["}) {
		t.Errorf("the faults are %+v", got.Faults)
	}
	if _, err := os.Stat(src + "/.roostignore"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("trying wrote a file: %v", err)
	}
	if got, err := e.TryRules(t.Context(), src, "*"); err != nil || got.Kept.Files != 0 || len(got.Faults) != 1 || !got.Faults[0].All {
		t.Errorf("a rule for everything: %+v, %v", got, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := e.TryRules(ctx, src, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("a trial that was stopped: %v", err)
	}
}

// What a trial says is what a backup then does.
func TestRulesLeaveOutWhatTheTrialSaid(t *testing.T) {
	e, src := ruled(t)
	want, err := e.TryRules(t.Context(), src, "*.tmp")
	must(t, err)
	must(t, e.SetRules(t.Context(), src, "", "*.tmp"))
	s := backup(t, e)
	if s.Files != want.Kept.Files+1 || s.Bytes != want.Kept.Bytes+5 { // and the rules themselves
		t.Errorf("kept are %d files, %d bytes; the trial said %+v", s.Files, s.Bytes, want.Kept)
	}
}

func TestRulesAreWrittenOnlyOverWhatAPersonSaw(t *testing.T) {
	e, src := ruled(t)
	ctx := t.Context()
	file := filepath.Join(src, ".roostignore")
	must(t, e.SetRules(ctx, src, "", "*.tmp\n"))
	if text, err := e.Rules(ctx, src); err != nil || text != "*.tmp\n" {
		t.Errorf("the rules are %q, %v", text, err)
	}
	if runtime.GOOS != "windows" {
		must(t, os.Chmod(file, 0o600))
	}
	must(t, e.SetRules(ctx, src, "*.tmp\n", "*.bak\n"))
	if fi, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("other people may read the rules now: %v, %v", fi.Mode(), err)
	}
	write(t, file, "by somebody else")
	if err := e.SetRules(ctx, src, "*.bak\n", ""); !errors.Is(err, ErrRulesChanged) {
		t.Errorf("the rules of another program were replaced: %v", err)
	}
	must(t, e.SetRules(ctx, src, "by somebody else", ""))
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the empty rules are still there: %v", err)
	}
	must(t, e.SetRules(ctx, src, "", "")) // nothing is fine as well
}

func TestRulesThatAreNoTextAreLeftAlone(t *testing.T) {
	e, src := ruled(t)
	ctx := t.Context()
	for name, text := range map[string]string{"zero bytes": "a\x00b", "far too long": strings.Repeat("x", 2<<20)} {
		if err := e.SetRules(ctx, src, "", text); Describe(err).Exit != ExitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, os.Mkdir(filepath.Join(src, ".roostignore"), 0o700))
	if _, err := e.Rules(ctx, src); Describe(err).Exit != ExitUsage {
		t.Errorf("a folder as rules: %v", err)
	}
	if err := e.SetRules(ctx, src, "", "*"); Describe(err).Exit != ExitUsage {
		t.Errorf("a folder was replaced: %v", err)
	}
	if _, err := e.Rules(ctx, t.TempDir()); !errors.Is(err, ErrNotAdded) {
		t.Errorf("a folder that is not kept: %v", err)
	}
	if _, err := e.TryRules(ctx, t.TempDir(), ""); !errors.Is(err, ErrNotAdded) {
		t.Errorf("a folder that is not kept: %v", err)
	}
}

// A disk that is not there is not made by asking what its rules are.
func TestRulesOfAFolderThatIsGoneMakeNoFolder(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src := filepath.Join(t.TempDir(), "drive")
	write(t, src+"/a", "1")
	added(t, e, src)
	must(t, os.RemoveAll(src))
	if err := e.SetRules(t.Context(), src, "", "*.tmp"); err == nil {
		t.Error("rules were written to a folder that is gone")
	}
	if _, err := os.Stat(src); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there again: %v", err)
	}
}

// Removing a folder can be undone: its versions are those of the folder that is added again.
func TestAFolderThatIsAddedAgainGoesOnWithItsVersions(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	ctx, src := t.Context(), t.TempDir()
	write(t, src+"/a", "1")
	added(t, e, src)
	before := backup(t, e)
	must(t, e.SetMode(ctx, src, Manual))
	must(t, e.SetPriority(ctx, src, true))
	was := e.Folders()[0]
	must(t, e.RemoveFolder(ctx, src))
	if len(e.Folders()) != 0 {
		t.Fatal("it is still kept")
	}
	added(t, e, src)
	if now := e.Folders()[0]; now.ID != was.ID || now.Mode != Manual {
		t.Errorf("it is %+v, and was %+v", now, was)
	}
	if c := e.home.config(); !c.Folders[0].Low || len(c.Former) != 0 {
		t.Errorf("the settings are %+v", c)
	}
	if s := backup(t, e); !s.Unchanged || s.ID != before.ID {
		t.Errorf("it does not go on with %x: %+v", before.ID, s)
	}
	must(t, e.RemoveFolder(ctx, src))
	other := t.TempDir()
	write(t, other+"/b", "2")
	added(t, e, other)
	if e.Folders()[0].ID == was.ID {
		t.Error("another folder took its place")
	}
}

func TestSeveralSettingsChangeTogetherOrNotAtAll(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	ctx := t.Context()
	if err := e.SetAll(ctx, map[string]string{"theme": "dark", "settle": "soon"}); Describe(err).Exit != ExitUsage {
		t.Errorf("a value that is none: %v", err)
	}
	if look := LookOf(e.home.dir); look != (Look{"system", "system"}) {
		t.Errorf("half of it was taken: %+v", look)
	}
	must(t, e.SetAll(ctx, map[string]string{"theme": "dark", "language": "de"}))
	if look, s := LookOf(e.home.dir), e.Status(ctx); look != (Look{"de", "dark"}) || s.Look != look {
		t.Errorf("the look is %+v in the home, %+v in the status", look, s.Look)
	}
	if look := LookOf(t.TempDir()); look != (Look{"system", "system"}) {
		t.Errorf("a home that is none has %+v", look)
	}
}
