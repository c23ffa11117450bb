package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"roost/vault/node"
)

// logged is what the log of a home says after say.
func logged(t *testing.T, home string, say func(*slog.Logger)) string {
	t.Helper()
	l, err := openLog(home)
	if err != nil {
		t.Fatal(err)
	}
	say(slog.New(l.handler()))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(home, logName))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheLogSaysWhatHappenedAndNoName(t *testing.T) {
	home := t.TempDir()
	denied := &fs.PathError{Op: "open", Path: "Letter to Marta.txt", Err: syscall.EACCES}
	text := logged(t, home, func(l *slog.Logger) {
		l.Debug("nobody needs this", "path", "/home/ana/secret")
		l.Info("a folder could not be saved for now", "folder", strings.Repeat("0a", 16), "problem", "unreachable", "again", 3*time.Second, "files", 7)
		l.Warn("it cannot be read", "reason", denied, "file", "Letter to Marta.txt", "folder", "/home/ana/Letters", "problem", "Marta")
		l.With("home", "/home/ana").WithGroup("msg").Warn("in a group", "msg", "Letter to Marta.txt")
		l.Info("odd keys", "time", "Ana", "level", "Marta")
		l.Error("no answer", "error", fmt.Errorf("ask http://user:token@pi.home: %w", node.ErrUnreachable), "what", fmt.Errorf("Marta"), "as", struct{ N string }{"Ana"})
	})
	for _, said := range []string{
		"could not be saved for now", "unreachable", "again=3s", "files=7", "permission: permission denied", strings.Repeat("0a", 16), "error=unreachable", "time=", unsaid,
	} {
		if !strings.Contains(text, said) {
			t.Errorf("it does not say %q:\n%s", said, text)
		}
	}
	for _, kept := range []string{"Marta", "ana", "Ana", "token", "pi.home", "secret", "nobody needs"} {
		if strings.Contains(text, kept) {
			t.Errorf("it says %q:\n%s", kept, text)
		}
	}
	if fi, err := os.Stat(filepath.Join(home, logName)); err != nil || fi.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may read it: %v, %v", fi.Mode(), err)
	}
}

func TestTheLogGoesOnAndNeverGrowsWithoutEnd(t *testing.T) {
	home := t.TempDir()
	logged(t, home, func(l *slog.Logger) { l.Info("the first") })
	if text := logged(t, home, func(l *slog.Logger) { l.Info("the second") }); !strings.Contains(text, "the first") || !strings.Contains(text, "the second") {
		t.Errorf("it says %q", text)
	}
	l, err := openLog(home)
	if err != nil {
		t.Fatal(err)
	}
	l.most = 1000
	line := strings.Repeat("x", 99) + "\n"
	for i := range 100 {
		if n, err := l.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatalf("line %d: %d, %v", i, n, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{l.path, olderLog(l.path)} {
		if fi, err := os.Stat(path); err != nil || fi.Size() > 1000 || fi.Size() == 0 {
			t.Errorf("%s: %v, %v", filepath.Base(path), fi, err)
		}
	}
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) != 2 {
		t.Errorf("the home holds %v, %v", entries, err)
	}
}

func TestAHomeThatCannotBeWrittenHasNoLog(t *testing.T) {
	if _, err := openLog(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
