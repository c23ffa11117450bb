package syncer

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// testEngine makes an engine on a storage: a new device of the vault that the entropy spells.
func testEngine(t testing.TB, n node.Node, e format.Entropy) *Engine {
	t.Helper()
	dir := t.TempDir()
	b, err := vault.NewBundle(e, "Laptop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return testEngineIn(t, dir, n, b)
}

func testEngineIn(t testing.TB, dir string, n node.Node, b *vault.Bundle) *Engine {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	c, err := catalog.Open(t.Context(), filepath.Join(dir, catalogFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	e := &Engine{
		log: log, home: &home{dir: dir, cfg: config{Version: 1, Nodes: []nodeConfig{{Name: "storage", URL: "http://127.0.0.1:1"}}}},
		bundle: b, cat: c,
	}
	e.use(connection{node: n})
	return e
}

func testEntropy(t testing.TB) format.Entropy {
	t.Helper()
	e, err := vault.NewEntropy()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// eachNode runs a test on the memory node and on a real Kubo.
func eachNode(t *testing.T, fn func(t *testing.T, n node.Node)) {
	t.Run("memory", func(t *testing.T) { fn(t, &nodetest.Memory{}) })
	t.Run("kubo", func(t *testing.T) { fn(t, nodetest.StartKubo(t).Node(t)) })
}

func backup(t testing.TB, e *Engine) Saved {
	t.Helper()
	s, err := e.Backup(context.Background(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s) != 1 {
		t.Fatalf("%d folders saved", len(s))
	}
	return s[0]
}

func TestBackupThenVerifyFromTheStorage(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		src := t.TempDir()
		write(t, src+"/a.txt", "hello")
		write(t, src+"/deep/er/b.txt", "world")
		if _, err := e.AddFolders(t.Context(), []string{src}); err != nil {
			t.Fatal(err)
		}
		first := backup(t, e)
		if first.Files != 2 || !first.Complete || len(first.Skipped) != 0 {
			t.Fatalf("saved %+v", first)
		}
		again := backup(t, e)
		if !again.Unchanged || again.ID != first.ID {
			t.Errorf("an unchanged folder made a version: %+v", again)
		}
		write(t, src+"/deep/c.txt", "more")
		second := backup(t, e)
		if second.ID == first.ID || second.Files != 3 {
			t.Errorf("a new file made %+v", second)
		}
		c, err := e.Verify(t.Context(), 100, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !c.OK || c.Blocks == 0 {
			t.Errorf("verify found %+v", c)
		}
		versions, _, err := e.Snapshots(t.Context(), "")
		if err != nil || len(versions) != 2 {
			t.Errorf("versions %v, error %v", versions, err)
		}
		if s := e.Status(t.Context()); s.State != "safe" {
			t.Errorf("status is %+v", s)
		}
	})
}
