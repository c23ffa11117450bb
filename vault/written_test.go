package vault_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// writer commits small folders through the real session, as the engine does.
type writer struct {
	v       *vault.Vault
	bundle  *vault.Bundle
	catalog *catalog.Catalog
	file    string // of the catalog
	folder  format.FolderID
	path    string // of the folder

	checkpoint bool // commits are not complete
}

func newWriter(t testing.TB, m node.Node, e format.Entropy, name string) *writer {
	t.Helper()
	b, err := vault.NewBundle(e, name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{bundle: b, path: "/home/" + name}
	w.open(t, filepath.Join(t.TempDir(), "catalog.db"), m)
	copy(w.folder[:], name)
	return w
}

// open gives the device a catalog.
func (w *writer) open(t testing.TB, file string, n node.Node) {
	t.Helper()
	c, err := catalog.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	w.catalog, w.file = c, file
	w.reopen(n)
}

// reopen is the device after its process ended; the storage may have another door.
func (w *writer) reopen(n node.Node) {
	w.v = vault.New(vault.Options{Bundle: w.bundle, Node: n, Catalog: w.catalog})
}

// copyOf makes a copy of what a computer keeps: its catalog, which is closed, from one file to another, and its keys.
func copyOf(t testing.TB, b *vault.Bundle, from, to string) *vault.Bundle {
	t.Helper()
	sealed, err := b.Seal([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	out, err := vault.OpenBundle(sealed, b.Vault(), [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, known, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// commit saves files as one version.
func (w *writer) commit(t testing.TB, files map[string][]byte, at int64) {
	t.Helper()
	s, err := w.v.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tree := &format.Tree{}
	total := uint64(0)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		x := format.Entry{Name: []byte(name), Type: format.TypeFile, Mode: 0o644, MTime: at, Size: uint64(len(content))}
		total += x.Size
		var items []format.ListItem
		for rest := content; len(rest) > 0; {
			n := w.v.Chunker().Cut(rest)
			id, _, err := s.Put(format.KindData, rest[:n])
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, format.ListItem{ID: id, Size: uint64(n)})
			rest = rest[n:]
		}
		if len(items) <= format.InlineChunks {
			for _, it := range items {
				x.Chunks = append(x.Chunks, it.ID[:]...)
			}
		} else {
			id, _, err := s.Put(format.KindList, format.EncodeList(0, items))
			if err != nil {
				t.Fatal(err)
			}
			x.List = id[:]
		}
		tree.Entries = append(tree.Entries, x)
	}
	id, _, err := s.Put(format.KindTree, format.EncodeTree(tree))
	if err != nil {
		t.Fatal(err)
	}
	snap := &format.Snapshot{
		Version: format.Version, Folder: w.folder, Path: []byte(w.path), Device: w.v.Device(), DeviceName: w.bundle.Name(),
		Seconds: at, Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: id[:]}, Files: uint64(len(files)), Bytes: total, Complete: !w.checkpoint,
	}
	if _, err := s.Commit(t.Context(), []*format.Snapshot{snap}, nil); err != nil {
		t.Fatal(err)
	}
}

// TestTheReaderReadsWhatTheVaultWrites: two devices, hundreds of versions, so that summaries spill into lists, small packs
// are written together and the index gets segments; then the reader of the text alone brings every version back.
func TestTheReaderReadsWhatTheVaultWrites(t *testing.T) {
	m := &nodetest.Memory{}
	e, err := vault.NewEntropy()
	if err != nil {
		t.Fatal(err)
	}
	a, b := newWriter(t, m, e, "Laptop"), newWriter(t, m, e, "Desktop")
	want := map[string]map[string]string{}
	save := func(w *writer, files map[string][]byte, at int64) {
		w.commit(t, files, at)
		x := map[string]string{}
		for n, c := range files {
			x[n] = string(c)
		}
		want[fmt.Sprintf("%s %d", w.bundle.Name(), at)] = x
	}
	files := map[string][]byte{"long": noise(1, 6<<20), "text": []byte(strings.Repeat("all work and no play ", 9000)), "empty": nil}
	for i := range 330 {
		files[fmt.Sprintf("file %d", i%25)] = noise(byte(i), 500+i)
		save(a, files, 1_700_000_000+int64(i))
		if i%60 == 0 {
			save(b, files, 1_800_000_000+int64(i))
		}
		delete(files, "long") // a version of each device has it: reading it 300 times tells no more
	}
	readsBack(t, m, e, want)
}

// TestTheReaderReadsWhatWasTakenOver: in a new epoch, with versions of both devices in lists.
func TestTheReaderReadsWhatWasTakenOver(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, versions := twoDevices(t, m, e, 140)
	retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e, Lost: true})
	a.commit(t, note("in the new epoch"), 1_900_000_000)
	versions["laptop 1900000000"] = note("in the new epoch")
	want := map[string]map[string]string{}
	for key, files := range versions {
		want[key] = map[string]string{}
		for name, content := range files {
			want[key][name] = string(content)
		}
	}
	readsBack(t, m, e, want)
}

// readsBack lets the reader of the text read a storage that has collected, by device and time.
func readsBack(t *testing.T, m *nodetest.Memory, e format.Entropy, want map[string]map[string]string) {
	t.Helper()
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}

	keys := format.DeriveKeys(e, 1)
	entries, err := m.List(t.Context(), keys.PointerDir())
	if err != nil {
		t.Fatal(err)
	}
	pointers := map[string]string{}
	for _, x := range entries {
		pointers[x.Name] = x.CID.String()
	}
	get := func(s string) ([]byte, error) {
		c, err := cid.Decode(s)
		if err != nil {
			return nil, err
		}
		return m.Get(t.Context(), c)
	}
	got, err := readVault(strings.Join(format.WordsFromEntropy(e), " "), pointers, get)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("the reader finds %d versions of %d", len(got), len(want))
	}
	for _, s := range got {
		x := want[fmt.Sprintf("%s %d", s.DeviceName, s.Seconds)]
		for n, c := range x {
			if y := s.Entries[n]; y == nil || string(y.Content) != c {
				t.Fatalf("version %d of %s: %s came back changed", s.Seconds, s.DeviceName, n)
			}
		}
		if len(s.Entries) != len(x)+1 { // and the folder itself
			t.Errorf("version %d of %s has %d names of %d", s.Seconds, s.DeviceName, len(s.Entries)-1, len(x))
		}
	}
}
