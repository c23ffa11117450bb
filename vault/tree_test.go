package vault_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/archive"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// exported writes what a storage has to a disk and opens that.
func exported(t *testing.T, w *writer, from node.Node, name string) archive.Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	tree, source, err := vault.Live(t.Context(), w.bundle, []node.Node{from})
	if err != nil {
		t.Fatal(err)
	}
	to, err := archive.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tree.Export(t.Context(), source, to, nil)
	if err = errors.Join(err, to.Close()); err != nil || len(got.Missing) > 0 || got.Bytes != tree.Bytes {
		t.Fatalf("exported %+v, error %v", got, err)
	}
	disk, err := archive.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	})
	return disk
}

func imported(ctx context.Context, disk archive.Reader, to node.Node) error {
	tree, err := vault.OpenTree(ctx, disk, disk.Top())
	if err != nil {
		return err
	}
	_, err = tree.Import(ctx, disk, to, "", nil)
	return err
}

func TestEveryComputersStateComesBackFromADisk(t *testing.T) {
	for _, name := range []string{"folder", "one.car"} {
		t.Run(name, func(t *testing.T) {
			e, first := entropy(t), &nodetest.Memory{}
			w, other := newWriter(t, first, e, "laptop"), newWriter(t, first, e, "desk")
			w.commit(t, bigFile(1), 1_000)
			w.commit(t, map[string][]byte{"a": []byte("a")}, 2_000)
			other.commit(t, bigFile(2), 3_000)
			second := newSecond()
			if err := imported(t.Context(), exported(t, w, first, name), second); err != nil {
				t.Fatal(err)
			}
			wholeAlone(t, second, e, 3, 2)
		})
	}
}

// TestImportThatStopsAnywhereGoesOn cuts the connection at every call in turn, before and after it reached the storage: what
// is found there is whole, and the next import ends it and leaves nothing behind.
func TestImportThatStopsAnywhereGoesOn(t *testing.T) {
	e, first := entropy(t), &nodetest.Memory{}
	w := newWriter(t, first, e, "laptop")
	w.commit(t, map[string][]byte{"a": random(1, 3_000_000)}, 1_000)
	disk := exported(t, w, first, "folder")
	for _, method := range []string{"Import", "Put", "Get", "Stat", "PinAdd", "PinRemove", "Pinned", "Link", "List"} {
		for _, kind := range []nodetest.Kind{nodetest.Fail, nodetest.FailAfter} {
			for call := 1; ; call++ {
				second := newSecond()
				to := nodetest.NewFaulty(second, 1, nodetest.Fault{Method: method, Kind: kind, Call: call})
				err := imported(t.Context(), disk, to)
				if err == nil {
					if call == 1 && (method != "Stat" || kind == nodetest.Fail) { // its answer is an error anyway
						t.Errorf("%s is not called at all", method)
					}
					break
				}
				if !errors.Is(err, node.ErrUnreachable) {
					t.Fatalf("%s %d: %v", method, call, err)
				}
				st, err := vault.Find(t.Context(), second, w.bundle)
				if err != nil || len(st.Damaged) > 0 {
					t.Fatalf("%s %d: found %+v, error %v", method, call, st, err)
				}
				if call > 3 && method != "Import" && method != "PinRemove" {
					break // the rest of such calls is alike
				}
				if err := second.GC(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := imported(t.Context(), disk, second); err != nil {
					t.Fatalf("%s %d, once more: %v", method, call, err)
				}
				wholeAlone(t, second, e, 1, 1)
			}
		}
	}
}

func TestImportBelievesNoLie(t *testing.T) {
	e, first := entropy(t), &nodetest.Memory{}
	w := newWriter(t, first, e, "laptop")
	w.commit(t, map[string][]byte{"a": random(1, 3_000_000)}, 1_000)
	disk := exported(t, w, first, "one.car")
	for _, fault := range []nodetest.Fault{
		{Method: "Import", Kind: nodetest.Drop, Rate: 0.5},
		{Method: "Put", Kind: nodetest.Drop, Rate: 0.5},
		{Method: "Put", Kind: nodetest.Lie},
		{Method: "PinAdd", Kind: nodetest.Lie},
		{Method: "Link", Kind: nodetest.Lie},
		{Method: "Get", Kind: nodetest.WrongBytes},
	} {
		second := newSecond()
		if err := imported(t.Context(), disk, nodetest.NewFaulty(second, 1, fault)); err == nil {
			t.Errorf("%s: an import was confirmed through a storage that lies", fault.Method)
		}
		if err := imported(t.Context(), disk, second); err != nil {
			t.Errorf("%s, once more: %v", fault.Method, err)
		}
		wholeAlone(t, second, e, 1, 1)
	}
}

func TestImportReplacesNoOtherState(t *testing.T) {
	e, first := entropy(t), &nodetest.Memory{}
	w := newWriter(t, first, e, "laptop")
	w.commit(t, map[string][]byte{"a": []byte("a")}, 1_000)
	disk := exported(t, w, first, "folder")
	tree, err := vault.OpenTree(t.Context(), disk, disk.Top())
	if err != nil {
		t.Fatal(err)
	}
	second, dir := newSecond(), nodetest.Dir()
	if err := second.Import(t.Context(), dir.CID, []node.Block{dir}); err != nil {
		t.Fatal(err)
	}
	path := tree.Pointers[0].Dir + "/" + tree.Pointers[0].Name
	if err := second.Link(t.Context(), path, dir.CID); err != nil {
		t.Fatal(err)
	}
	if err := imported(t.Context(), disk, second); !errors.Is(err, vault.ErrOtherState) {
		t.Errorf("another state was in the way: %v", err)
	}
	there, err := second.List(t.Context(), tree.Pointers[0].Dir)
	if err != nil || len(there) != 1 || there[0].CID != dir.CID {
		t.Errorf("the pointers are %v, error %v", there, err)
	}
}

func TestExportNamesWhatIsLostAndWritesTheRest(t *testing.T) {
	e, first := entropy(t), &nodetest.Memory{}
	w := newWriter(t, first, e, "laptop")
	w.commit(t, bigFile(1), 1_000)
	second := newSecond()
	mirror(t, w, second)
	pins, err := first.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var gone cid.Cid
	for c := range packsBelow(t, first, pins[0].CID) {
		gone = c
	}
	first.Lose(gone)
	path := filepath.Join(t.TempDir(), "copy")
	export := func(from ...node.Node) *vault.Copied {
		t.Helper()
		tree, source, err := vault.Live(t.Context(), w.bundle, from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := archive.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tree.Export(t.Context(), source, to, nil)
		if err = errors.Join(err, to.Close()); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := export(first); len(got.Missing) != 1 || got.Missing[0] != gone || got.Blocks < 10 {
		t.Errorf("exported %+v, want all but %s", got, gone)
	}
	disk, err := archive.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	empty := secondStorage{&nodetest.Memory{}}
	if err := imported(t.Context(), disk, empty); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("importing what is incomplete: %v", err)
	}
	if st, err := vault.Find(t.Context(), empty, w.bundle); err != nil || len(st.Heads) != 0 {
		t.Errorf("an incomplete backup is to be found: %+v, %v", st, err)
	}
	if got := export(first, second); len(got.Missing) != 0 || got.Sent == 0 || got.Sent > 2<<20 {
		t.Errorf("another storage has it: exported %+v", got)
	}
	if err := imported(t.Context(), disk, empty); err != nil {
		t.Error(err)
	}
	wholeAlone(t, empty, e, 1, 1)
}

// FuzzOpenTree: whatever a disk claims to have, it is refused in words or read, and nothing grows beyond what is there.
func FuzzOpenTree(f *testing.F) {
	e, err := vault.NewEntropy()
	if err != nil {
		f.Fatal(err)
	}
	keys := format.DeriveKeys(e, 1)
	f.Add(format.EncodeDirectory([]format.Link{{Name: keys.PointerDir()[1:], Codec: cid.DagProtobuf, Digest: format.Sum([]byte("x"))}}), []byte("x"))
	f.Add(format.EncodeDirectory(nil), []byte{})
	f.Fuzz(func(t *testing.T, top, below []byte) {
		m := &nodetest.Memory{}
		blocks := []node.Block{{CID: format.Sum(top).DagCID(), Data: top}}
		for _, c := range []cid.Cid{format.Sum(below).DagCID(), format.Sum(below).RawCID()} {
			blocks = append(blocks, node.Block{CID: c, Data: below})
		}
		src := fixed{}
		for _, b := range blocks {
			src[b.CID] = b.Data
		}
		tree, err := vault.OpenTree(t.Context(), src, blocks[0].CID)
		if err == nil {
			_, _ = tree.Import(t.Context(), src, m, "", nil) // refused or done; it must end
		} else if !vault.IsDamage(err) {
			t.Errorf("not said to be damage: %v", err)
		}
	})
}

// fixed is a source of a few blocks.
type fixed map[cid.Cid][]byte

func (f fixed) Get(_ context.Context, c cid.Cid) ([]byte, error) {
	if b, ok := f[c]; ok {
		return b, nil
	}
	return nil, node.ErrNotFound
}
