package vault_test

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// TestTheGoldenVaultIsRestoredByThisVersion: what version 1 wrote opens for ever, from the words and the storage alone.
func TestTheGoldenVaultIsRestoredByThisVersion(t *testing.T) {
	d, want := loadGolden(t, goldenDir)
	e, err := format.EntropyFromWords(d.words)
	if err != nil {
		t.Fatal(err)
	}
	b, err := vault.NewBundle(e, "New laptop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m := &nodetest.Memory{}
	for s, data := range d.blocks {
		if err := m.Put(t.Context(), []node.Block{{CID: cid.MustParse(s), Data: data}}); err != nil {
			t.Fatal(err)
		}
	}
	for name, root := range d.pointers {
		if err := m.Link(t.Context(), b.Keys().PointerDir()+"/"+name, cid.MustParse(root)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := catalog.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v := vault.New(vault.Options{Bundle: b, Node: m, Catalog: c})
	st, err := v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	versions, err := v.Versions(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	if len(versions) != len(want) {
		t.Fatalf("%d versions of %d are found", len(versions), len(want))
	}
	for _, w := range want {
		for _, x := range versions {
			if x.DeviceName == w.Device && x.Seconds == w.Seconds && shown(string(x.Path)) == w.Path {
				goldenVersion(t, v, x, w)
			}
		}
	}
}

// goldenVersion compares one version's files with what they have to be.
func goldenVersion(t *testing.T, v *vault.Vault, x vault.Version, want expectedSnapshot) {
	t.Helper()
	s, err := v.Snapshot(t.Context(), x.ID)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	var walk func(path string, tree []byte)
	walk = func(path string, tree []byte) {
		for e, err := range v.Entries(t.Context(), tree) {
			if err != nil {
				t.Fatal(err)
			}
			name := path + string(e.Name)
			w, ok := want.Entries[shown(name)]
			if !ok {
				t.Errorf("%q was never there", name)
			}
			switch e.Type {
			case format.TypeDir:
				walk(name+"/", e.Tree)
			case format.TypeFile:
				files++
				h, data := sha256.New(), contents(t, v, e)
				h.Write(data)
				if got := hex.EncodeToString(h.Sum(nil)); got != w.SHA256 || len(data) != w.Size {
					t.Errorf("%q came back with other content", name)
				}
			case format.TypeSymlink:
				if shown(string(e.Target)) != w.Target {
					t.Errorf("%q points to %q", name, e.Target)
				}
			}
		}
	}
	walk("", s.Root.Tree)
	if uint64(files) != want.Files {
		t.Errorf("version %.8s has %d files of %d", x.ID, files, want.Files)
	}
}

// contents is a file's content with its holes filled.
func contents(t *testing.T, v *vault.Vault, e *format.Entry) []byte {
	t.Helper()
	out := make([]byte, 0, e.Size)
	holes := e.Holes
	fill := func() {
		for len(holes) > 0 && holes[0].Off == uint64(len(out)) {
			out = append(out, make([]byte, holes[0].Len)...)
			holes = holes[1:]
		}
	}
	fill()
	for id, err := range v.Chunks(t.Context(), e) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := v.Read(t.Context(), format.KindData, id)
		if err != nil {
			t.Fatal(err)
		}
		for len(b) > 0 { // a chunk may reach over a hole
			n := len(b)
			if len(holes) > 0 {
				n = min(n, int(holes[0].Off)-len(out))
			}
			out, b = append(out, b[:n]...), b[n:]
			fill()
		}
	}
	return out
}
