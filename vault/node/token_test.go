package node_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// TestAfterANewTokenTheOldOneIsRefused: also whoever shares the daemon goes on, and nothing is lost.
func TestAfterANewTokenTheOldOneIsRefused(t *testing.T) {
	dir := t.TempDir()
	m := startManaged(t, dir)
	b := nodetest.Raw([]byte("kept"))
	if err := m.Node().Import(t.Context(), b.CID, []node.Block{b}); err != nil {
		t.Fatal(err)
	}
	shares := startManaged(t, dir)
	has(t, shares.Node(), b)
	old := m.Token()
	if err := m.NewToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.Token() == old || len(m.Token()) < 64 {
		t.Error("the token is the old one, or none")
	}
	thief := dial(t, node.Options{URL: m.URL(), Token: old})
	if _, err := thief.Info(t.Context()); !errors.Is(err, node.ErrUnauthorized) {
		t.Errorf("with the old token: %v, want ErrUnauthorized", err)
	}
	has(t, m.Node(), b)
	has(t, shares.Node(), b)
	if err := shares.NewToken(t.Context()); err != nil {
		t.Fatalf("a process that stands by cannot change it: %v", err)
	}
	waitFor(t, func() bool { return m.URL() != "" }) // the one who looks after the daemon may hear of it a moment later
	has(t, m.Node(), b)
	if _, err := os.Stat(filepath.Join(dir, "token.old")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old token is left in a file: %v", err)
	}
}

// TestAnInterruptedNewTokenIsFinishedByTheNextStart: the configuration has the new token, the daemon still the old one, and
// whoever wanted the change is gone.
func TestAnInterruptedNewTokenIsFinishedByTheNextStart(t *testing.T) {
	dir := t.TempDir()
	cmd, _, url := supervisor(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	file := filepath.Join(dir, "repo", "config")
	config, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(config, []byte("bearer:"))
	old := string(config[at : at+len("bearer:")+64])
	if err := os.WriteFile(filepath.Join(dir, "token.old"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(config), old, "bearer:"+strings.Repeat("5", 64), 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if !listens(url) {
		t.Fatal("the daemon died with its supervisor")
	}
	m := startManaged(t, dir)
	if _, err := m.Node().Info(t.Context()); err != nil {
		t.Error(err)
	}
	thief := dial(t, node.Options{URL: m.URL(), Token: old})
	if _, err := thief.Info(t.Context()); !errors.Is(err, node.ErrUnauthorized) {
		t.Errorf("with the old token: %v, want ErrUnauthorized", err)
	}
}

// heard is a log that a test reads while others write.
type heard struct {
	mu   sync.Mutex // guards below
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// TestANewTokenIsNotCalledAnEndByItself: it is this program that ends the daemon.
func TestANewTokenIsNotCalledAnEndByItself(t *testing.T) {
	log, before := &heard{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	m := startManaged(t, t.TempDir())
	if err := m.NewToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Contains(text, "by itself") || !strings.Contains(text, "with its new key") {
		t.Errorf("the log says %q", text)
	}
}
