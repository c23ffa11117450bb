package syncer

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// safeBuffer is a log that several goroutines write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// TestNothingReadableLeavesThisComputer: neither what the storage holds, nor its names and pins, nor the log above Debug
// contains a file's name, its content, a word or a key.
func TestNothingReadableLeavesThisComputer(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	log := &safeBuffer{}
	e.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	e.use(connection{node: m})
	src := t.TempDir() + "/Zebrafolder"
	write(t, src+"/Aardvarkname.txt", strings.Repeat("Pangolincontent", 40))
	write(t, src+"/Okapidir/Lemurname", noise(1, 800_000))
	write(t, src+"/Tapir.db-wal", "a side file")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink("Narwhaltarget", src+"/Quokkalink"))
	added(t, e, src)
	backup(t, e)
	must(os.Rename(src, src+".away"))
	backup(t, e) // missing: said, and logged
	must(os.Rename(src+".away", src))
	for _, p := range packsOf(t, e) {
		if p.Type == format.DataPack {
			m.Lose(p.Digest.RawCID())
		}
	}
	if _, err := e.Verify(t.Context(), 100, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: t.TempDir()}, nil); err != nil {
		t.Fatal(err)
	}
	backup(t, e)

	secrets := []string{"Zebrafolder", "Aardvark", "Pangolin", "Okapi", "Lemur", "Tapir", "Narwhal", "Quokka", "Laptop", string(secret[:16])}
	for _, ep := range e.bundle.Keys().Epochs {
		secrets = append(secrets, string(ep.Secret[:16]))
	}
	words := format.WordsFromEntropy(secret)
	secrets = append(secrets, strings.Join(words[:3], " "))
	clean := func(where, text string) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s contains %q", where, s)
			}
		}
	}
	clean("the log", log.b.String())
	pins, err := m.Pins(t.Context())
	must(err)
	seen := map[cid.Cid]bool{}
	var below func(c cid.Cid)
	below = func(c cid.Cid) {
		if seen[c] {
			return
		}
		seen[c] = true
		b, err := m.Get(t.Context(), c)
		must(err)
		clean("a block", string(b))
		if c.Type() != cid.DagProtobuf {
			return
		}
		links, err := format.DecodeDirectory(b)
		if err != nil {
			links, err = format.DecodeFile(b)
			must(err)
		}
		for _, l := range links {
			below(l.CID())
		}
	}
	for _, p := range pins {
		clean("a pin's name", p.Name)
		below(p.CID)
	}
	if len(seen) < 5 {
		t.Errorf("only %d blocks were looked at", len(seen))
	}
	entries, err := m.List(t.Context(), e.bundle.Keys().PointerDir())
	must(err)
	for _, x := range entries {
		clean("a pointer's name", x.Name)
	}
}
