package vault_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
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

// secondStorage is a storage in memory that is not the one of newWriter.
type secondStorage struct{ *nodetest.Memory }

func newSecond() secondStorage {
	return secondStorage{&nodetest.Memory{PinTimeout: 50 * time.Millisecond}}
}

func (s secondStorage) Info(ctx context.Context) (node.Info, error) {
	i, err := s.Memory.Info(ctx)
	i.PeerID = "second"
	return i, err
}

// collecting runs the storage's collection right before the first pin of a root.
type collecting struct {
	secondStorage
	done *bool
}

func (c collecting) PinAdd(ctx context.Context, id cid.Cid, name string) error {
	if !*c.done {
		*c.done = true
		if err := c.GC(ctx); err != nil {
			return err
		}
	}
	return c.secondStorage.PinAdd(ctx, id, name)
}

func entropy(t *testing.T) format.Entropy {
	t.Helper()
	e, err := vault.NewEntropy()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// random is content that does not compress, from a seed.
func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, seed)))
	_, _ = r.Read(b) // never fails
	return b
}

func bigFile(seed uint64) map[string][]byte {
	return map[string][]byte{"large": random(seed, 19<<20), "small": []byte("a few words")}
}

func mirror(t *testing.T, w *writer, to node.Node) {
	t.Helper()
	if err := w.v.Mirror(t.Context(), to, nil); err != nil {
		t.Fatal(err)
	}
}

// wholeAlone proves, from a storage alone and after its collection, that the versions are there and open, and that nothing
// but the pins is left that there should be.
func wholeAlone(t *testing.T, to secondStorage, e format.Entropy, versions, pins int) {
	t.Helper()
	if err := to.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := newWriter(t, to.Memory, e, "reader")
	r, err := d.v.Verify(t.Context(), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("%s: %v", p.What, p.Err)
	}
	list, err := d.v.Versions(t.Context(), d.v.Known())
	if err != nil || len(list) != versions {
		t.Errorf("%d versions are there, want %d; error %v", len(list), versions, err)
	}
	if got, err := to.Pins(t.Context()); err != nil || len(got) != pins {
		t.Errorf("%d pins are left, want %d; error %v", len(got), pins, err)
	}
}

func TestMirrorSendsOnlyWhatIsNotThere(t *testing.T) {
	e := entropy(t)
	w := newWriter(t, &nodetest.Memory{}, e, "laptop")
	second := newSecond()
	to := nodetest.NewFaulty(second, 1)
	mirror(t, w, to)
	if n := to.Calls("Import") + to.Calls("Put") + to.Calls("Link"); n != 0 {
		t.Errorf("without a state, %d calls wrote", n)
	}

	w.commit(t, bigFile(1), 1_000)
	var done, total int64
	if err := w.v.Mirror(t.Context(), to, func(d, all int64) { done, total = d, all }); err != nil {
		t.Fatal(err)
	}
	if done != total || total < 19<<20 {
		t.Errorf("progress ended at %d of %d bytes", done, total)
	}
	if to.Calls("Import") < 2 || to.Calls("PinAdd") != 1 {
		t.Errorf("a first copy of 19 MiB took %d batches and %d pins", to.Calls("Import"), to.Calls("PinAdd"))
	}
	wholeAlone(t, second, e, 1, 1)

	to.Script()
	mirror(t, w, to)
	for _, call := range []string{"Import", "Put", "Stat", "PinAdd", "PinUpdate", "PinRemove", "Link", "Unlink", "Pins"} {
		if n := to.Calls(call); n != 0 {
			t.Errorf("confirming a copy called %s %d times", call, n)
		}
	}

	files := bigFile(1)
	files["more"] = random(2, 100_000)
	w.commit(t, files, 2_000)
	to.Script()
	mirror(t, w, to)
	if to.Calls("Import") != 1 || to.Calls("Stat") > 8 || to.Calls("PinUpdate") != 1 || to.Calls("PinAdd") != 0 || to.Calls("Pins") != 0 {
		t.Errorf("a small change took %d batches, %d questions, %d updates, %d pins and %d lists of pins",
			to.Calls("Import"), to.Calls("Stat"), to.Calls("PinUpdate"), to.Calls("PinAdd"), to.Calls("Pins"))
	}
	wholeAlone(t, second, e, 2, 1)
}

func TestMirrorOutlivesACollectionBeforeItsPin(t *testing.T) {
	e := entropy(t)
	w := newWriter(t, &nodetest.Memory{}, e, "laptop")
	w.commit(t, bigFile(1), 1_000)
	second, done := newSecond(), false
	mirror(t, w, collecting{second, &done})
	if !done {
		t.Error("the storage did not collect")
	}
	wholeAlone(t, second, e, 1, 1)
}

func TestMirrorNeedsNothingOfTheOldState(t *testing.T) {
	e := entropy(t)
	w := newWriter(t, &nodetest.Memory{}, e, "laptop")
	w.commit(t, map[string][]byte{"a": random(1, 100_000)}, 1_000)
	second := newSecond()
	mirror(t, w, second)
	// The storage loses the old root's lists of packs, one level after the other.
	for depth := 3; depth >= 1; depth-- {
		w.commit(t, map[string][]byte{"a": random(1, 100_000), "b": random(uint64(depth), 200_000)}, 2_000+int64(depth))
		held, err := second.Pins(t.Context())
		if err != nil || len(held) != 1 {
			t.Fatalf("pins %v, error %v", held, err)
		}
		lose(t, second, held[0].CID, depth)
		mirror(t, w, second)
	}
	wholeAlone(t, second, e, 4, 1)
}

// lose takes the lists of packs at a depth below a root from a storage's disk.
func lose(t *testing.T, s secondStorage, root cid.Cid, depth int) {
	t.Helper()
	block, err := s.Get(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	children, err := nodetest.Links(node.Block{CID: root, Data: block})
	if err != nil {
		t.Fatal(err)
	}
	if depth == 0 {
		s.Lose(root)
		return
	}
	for _, c := range children {
		if c.CID.Type() == cid.DagProtobuf {
			lose(t, s, c.CID, depth-1)
		}
	}
}

func TestMirrorBelievesNoLie(t *testing.T) {
	for _, method := range []string{"Import", "Put", "Get", "Stat", "PinAdd", "PinUpdate", "Pins", "Pinned", "Link", "Unlink", "List"} {
		t.Run(method, func(t *testing.T) {
			e := entropy(t)
			w := newWriter(t, &nodetest.Memory{}, e, "laptop")
			w.commit(t, map[string][]byte{"a": random(1, 3_000_000)}, 1_000)
			second := newSecond()
			to := nodetest.NewFaulty(second, 1)
			for i := range int64(2) {
				to.Script(nodetest.Fault{Method: method, Kind: nodetest.Lie})
				if err := w.v.Mirror(t.Context(), to, nil); err == nil {
					if err := second.GC(t.Context()); err != nil {
						t.Fatal(err)
					}
					st, err := vault.Find(t.Context(), second, w.bundle)
					if err != nil || st.Own(w.v.Device()) == nil || st.Own(w.v.Device()).Seq != uint64(i)+1 {
						t.Fatalf("a copy was confirmed that is not there: %+v, %v", st, err)
					}
				}
				to.Script()
				mirror(t, w, to)
				w.commit(t, map[string][]byte{"a": random(1, 3_000_000), "b": random(2, 300_000)}, 2_000+i)
			}
			mirror(t, w, to)
			wholeAlone(t, second, e, 3, 1)
		})
	}
}

func TestMirrorLeavesWhatIsNotItsOwn(t *testing.T) {
	e, first := entropy(t), &nodetest.Memory{}
	w := newWriter(t, first, e, "laptop")
	w.commit(t, bigFile(1), 1_000)
	second := newSecond()
	// On the second storage: a state of another device, an interrupted upload of it and of another vault, and a stranger's
	// directory.
	other, stranger := newWriter(t, second.Memory, e, "desk"), newWriter(t, second.Memory, entropy(t), "stranger")
	other.commit(t, map[string][]byte{"theirs": random(5, 100_000)}, 500)
	for _, x := range []*writer{other, stranger} {
		s, err := x.v.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; s.Stats().StoredBytes == 0; i++ {
			if _, _, err := s.Put(format.KindData, random(uint64(100+i), 500_000)); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
	}
	dir := nodetest.Dir(node.Entry{Name: "x", CID: nodetest.Raw([]byte("x")).CID})
	if err := second.Import(t.Context(), dir.CID, []node.Block{dir, nodetest.Raw([]byte("x"))}); err != nil {
		t.Fatal(err)
	}
	before, err := second.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Interrupted twice: after its batches, and after its pin; then this computer loses its catalog.
	to := nodetest.NewFaulty(second, 1, nodetest.Fault{Method: "Put", Kind: nodetest.Fail})
	if err := w.v.Mirror(t.Context(), to, nil); !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("not interrupted: %v", err)
	}
	to.Script(nodetest.Fault{Method: "Link", Kind: nodetest.Fail})
	if err := w.v.Mirror(t.Context(), to, nil); !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("not interrupted: %v", err)
	}
	if to.Calls("Import") != 0 {
		t.Errorf("%d batches were sent again", to.Calls("Import"))
	}
	w.commit(t, map[string][]byte{"small": []byte("now")}, 2_000)
	c, err := catalog.Open(t.Context(), filepath.Join(t.TempDir(), "new.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	w.v = vault.New(vault.Options{Bundle: w.bundle, Node: first, Catalog: c})
	mirror(t, w, second)
	after, err := second.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := map[cid.Cid]bool{}
	for _, p := range after {
		left[p.CID] = true
	}
	for _, p := range before {
		if !left[p.CID] {
			t.Errorf("pin %s of somebody else is gone", p.CID)
		}
	}
	wholeAlone(t, second, e, 3, len(before)+1)
}

func TestMirrorStopsAtADamagedPack(t *testing.T) {
	for _, how := range []string{"lost", "damaged"} {
		m, e := &nodetest.Memory{}, entropy(t)
		w := newWriter(t, m, e, "laptop")
		w.commit(t, map[string][]byte{"a": random(1, 3_000_000)}, 1_000)
		second := newSecond()
		mirror(t, w, second)
		before, err := second.Pins(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.commit(t, map[string][]byte{"a": random(1, 3_000_000), "b": random(2, 3_000_000)}, 2_000)
		pins, err := m.Pins(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for c := range packsBelow(t, m, pins[len(pins)-1].CID) {
			if _, err := second.Stat(t.Context(), c); err == nil {
				continue
			}
			if how == "lost" {
				m.Lose(c)
			} else {
				m.Damage(c)
			}
		}
		if err := w.v.Mirror(t.Context(), second, nil); !vault.IsDamage(err) {
			t.Errorf("%s: copying gave %v", how, err)
		}
		after, err := second.Pins(t.Context())
		if err != nil || len(after) != len(before) || after[0] != before[0] {
			t.Errorf("%s: pins %v became %v, error %v", how, before, after, err)
		}
		wholeAlone(t, second, e, 1, 1)
	}
}

// packsBelow lists the raw blocks below a root.
func packsBelow(t *testing.T, n node.Node, root cid.Cid) map[cid.Cid]bool {
	t.Helper()
	out := map[cid.Cid]bool{}
	var walk func(cid.Cid, bool)
	walk = func(c cid.Cid, top bool) {
		block, err := n.Get(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		children, err := nodetest.Links(node.Block{CID: c, Data: block})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range children {
			if k.CID.Type() == cid.DagProtobuf {
				walk(k.CID, false)
			} else if !top {
				out[k.CID] = true
			}
		}
	}
	walk(root, true)
	return out
}

func TestMirrorRefusesTheSameStorage(t *testing.T) {
	m := &nodetest.Memory{}
	w := newWriter(t, m, entropy(t), "laptop")
	w.commit(t, map[string][]byte{"a": []byte("a")}, 1_000)
	if err := w.v.Mirror(t.Context(), m, nil); !errors.Is(err, vault.ErrSameStorage) {
		t.Errorf("copying a storage to itself: %v", err)
	}
}
