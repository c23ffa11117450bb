package syncer

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// sample fills a folder with files of several sizes.
func sample(t *testing.T, dir string, seed uint64) {
	t.Helper()
	write(t, dir+"/small.txt", "a few words")
	write(t, dir+"/empty", "")
	write(t, dir+"/photos/one.jpg", noise(seed, 700_000))
	write(t, dir+"/photos/two.jpg", noise(seed+1, 1_500_000))
	for i := range 30 {
		write(t, fmt.Sprintf("%s/notes/%d.txt", dir, i), fmt.Sprintf("note %d of %d", i, seed))
	}
}

func added(t testing.TB, e *Engine, dirs ...string) {
	t.Helper()
	if _, err := e.AddFolders(t.Context(), dirs); err != nil {
		t.Fatal(err)
	}
}

func verified(t *testing.T, e *Engine) {
	t.Helper()
	c, err := e.Verify(t.Context(), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.OK {
		t.Fatalf("verify found %q", c.Problems)
	}
}

// packsOf lists the data packs that the catalog knows.
func packsOf(t *testing.T, e *Engine) []format.PackInfo {
	t.Helper()
	var out []format.PackInfo
	for p, err := range e.cat.Packs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, format.PackInfo{Digest: p.Digest, Type: format.ObjectType(p.Type), Size: p.Size})
	}
	return out
}

func TestCatalogLostCostsNothingButTime(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		secret := testEntropy(t)
		e := testEngine(t, n, secret)
		src := t.TempDir()
		sample(t, src, 1)
		added(t, e, src)
		first := backup(t, e)
		if err := e.cat.Close(); err != nil {
			t.Fatal(err)
		}
		if err := catalog.Remove(e.home.path(catalogFile)); err != nil {
			t.Fatal(err)
		}
		e = reopen(t, e, n)
		again := backup(t, e)
		if again.NewBytes != 0 || again.ID != first.ID {
			t.Errorf("with a new catalog, %d bytes were stored again as %+v", again.NewBytes, again)
		}
		write(t, src+"/new", "new")
		if s := backup(t, e); s.NewBytes > 100_000 {
			t.Errorf("one small file stored %d bytes", s.NewBytes)
		}
		verified(t, e)
		sameContents(t, recovered(t, n, secret), onDisk(t, src))
	})
}

func TestTwoDevicesStoreTheSameOnceAndNeitherNeedsTheOther(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		secret := testEntropy(t)
		a, b := testEngine(t, n, secret), testEngine(t, n, secret)
		src := t.TempDir()
		sample(t, src, 1)
		added(t, a, src)
		added(t, b, src)
		first := backup(t, a)
		second := backup(t, b)
		if second.NewBytes > first.NewBytes/20 {
			t.Errorf("the second device stored %d bytes of the %d that were there", second.NewBytes, first.NewBytes)
		}
		write(t, src+"/only b", noise(9, 100_000))
		backup(t, b)
		verified(t, a)
		verified(t, b)
		versions, _, err := a.Snapshots(t.Context(), "")
		if err != nil || len(versions) != 3 {
			t.Fatalf("%d versions of two devices, error %v", len(versions), err)
		}

		// Device a disappears with everything that only it pinned.
		st, err := b.state(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h := st.Own(a.vault().Device())
		k := a.bundle.Keys()
		if err := n.PinRemove(t.Context(), h.Root.DagCID()); err != nil {
			t.Fatal(err)
		}
		if err := n.Unlink(t.Context(), k.PointerDir()+"/"+k.PointerName(h.Device, h.Seq)); err != nil {
			t.Fatal(err)
		}
		if err := n.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
		sameContents(t, recovered(t, n, secret), onDisk(t, src))
	})
}

func TestDamageIsFoundAndSentAgain(t *testing.T) {
	for _, how := range []string{"lost", "damaged"} {
		t.Run(how, func(t *testing.T) {
			m, secret := &nodetest.Memory{PinTimeout: 100 * time.Millisecond}, testEntropy(t)
			e := testEngine(t, m, secret)
			src := t.TempDir()
			sample(t, src, 1)
			added(t, e, src)
			backup(t, e)
			for _, p := range packsOf(t, e) {
				if p.Type == format.DataPack {
					if how == "lost" {
						m.Lose(p.Digest.RawCID())
					} else {
						m.Damage(p.Digest.RawCID())
					}
					break
				}
			}
			e = reopen(t, e, m)
			c, err := e.Verify(t.Context(), 100, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.OK {
				t.Fatal("verify missed the damage")
			}
			if s := e.Status(t.Context()); s.State == "safe" {
				t.Error("status is safe although a part is lost")
			}
			s := backup(t, e)
			if s.Unchanged || s.NewBytes == 0 {
				t.Errorf("the backup after the damage was found stored nothing: %+v", s)
			}
			verifiedNewest(t, m, secret, src)
		})
	}
}

// verifiedNewest proves that the newest version is whole.
func verifiedNewest(t *testing.T, n node.Node, secret format.Entropy, src string) {
	t.Helper()
	sameContents(t, recovered(t, n, secret), onDisk(t, src))
}

func TestEmptiedStorageIsFilledAgain(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	empty := &nodetest.Memory{}
	e = reopen(t, e, empty)
	if s := e.Status(t.Context()); s.State == "safe" {
		t.Error("status is safe although the storage is empty")
	}
	backup(t, e)
	verified(t, e)
	sameContents(t, recovered(t, empty, secret), onDisk(t, src))
}

func TestStorageSetBackIsSaidAndFilledAgain(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	old := m.Clone()
	write(t, src+"/later", noise(5, 400_000))
	backup(t, e)

	e = reopen(t, e, old)
	s := e.Status(t.Context())
	if s.State == "safe" {
		t.Errorf("status is safe although the storage was set back")
	}
	backup(t, e)
	verified(t, e)
	sameContents(t, recovered(t, old, secret), onDisk(t, src))
	st, err := e.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if own := st.Own(e.vault().Device()); own.Seq != 3 {
		t.Errorf("the state after a set-back has number %d, want 3", own.Seq)
	}
}

func TestClonedComputerLosesNothing(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	clone := testEngineIn(t, t.TempDir(), m, e.bundle)
	other := t.TempDir()
	sample(t, other, 50)
	added(t, clone, other)
	write(t, src+"/x", noise(7, 100_000))
	backup(t, e)
	backup(t, clone)
	write(t, src+"/y", noise(8, 100_000))
	backup(t, e)
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	verified(t, e)
	want := onDisk(t, src)
	maps.Copy(want, onDisk(t, other))
	sameContents(t, recovered(t, m, secret), want)
}

// TestFoldersEndWhileACheckpointIsMade: a checkpoint looks at the folders that are under way while others of them end.
func TestFoldersEndWhileACheckpointIsMade(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	e.checkpointBytes = 40_000
	src := t.TempDir()
	for i := range 120 {
		write(t, fmt.Sprintf("%s/%d/%d/file", src, i/30, i), noise(uint64(i), 20_000))
		write(t, fmt.Sprintf("%s/%d/%d/below/file", src, i/30, i), noise(uint64(1000+i), 2_000))
	}
	added(t, e, src)
	backup(t, e)
	must(t, m.GC(t.Context()))
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
}

func TestCheckpointComesBackWhenTheComputerIsLost(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	e.checkpointBytes = 1 << 20
	src := t.TempDir()
	for i := range 12 {
		write(t, fmt.Sprintf("%s/dir%d/file", src, i), noise(uint64(100+i), 900_000))
	}
	added(t, e, src)
	cut := &cutOff{Node: m}
	cut.left.Store(60)
	e = reopen(t, e, cut)
	e.checkpointBytes = 1 << 20
	if _, err := e.Backup(t.Context(), nil, nil); !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("the backup was not cut off: %v", err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := testEngine(t, m, secret)
	versions, _, err := d.Snapshots(t.Context(), "")
	if err != nil || len(versions) == 0 {
		t.Fatalf("no version is left of a long first backup: %v", err)
	}
	if versions[0].Complete {
		t.Error("an unfinished version passes for a complete one")
	}
	got, want := versionContents(t, d, versions[0].ID), onDisk(t, src)
	if len(got) == 0 {
		t.Error("the checkpoint holds nothing")
	}
	for p, c := range got {
		if want[p] != c {
			t.Errorf("%s came back changed", p)
		}
	}
	e = reopen(t, e, m)
	backup(t, e)
	sameContents(t, recovered(t, m, secret), want)
	versions, _, err = d.Snapshots(t.Context(), "")
	if err != nil || len(versions) != 1 {
		t.Errorf("the checkpoint was not replaced: %d versions, %v", len(versions), err)
	}
	st, err := d.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rows := st.Own(e.vault().Device()).Folders; len(rows) != 1 {
		t.Errorf("several commits of one pass left %d rows for one folder", len(rows))
	}
}

func TestManySmallCommitsStaySmallAndWhole(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	for i := range 300 {
		write(t, fmt.Sprintf("%s/notes/%d.txt", src, i%40), fmt.Sprintf("edit %d", i))
		backup(t, e)
	}
	packs := packsOf(t, e)
	if len(packs) > 120 {
		t.Errorf("%d packs after 300 small commits", len(packs))
	}
	verified(t, e)
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
	versions, _, err := e.Snapshots(t.Context(), "")
	if err != nil || len(versions) != 301 {
		t.Errorf("%d versions, error %v", len(versions), err)
	}
}

func TestMissingFolderKeepsItsLastVersion(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	sample(t, src, 1)
	want := onDisk(t, src)
	added(t, e, src)
	backup(t, e)
	if err := os.Rename(src, src+".away"); err != nil {
		t.Fatal(err)
	}
	s := backup(t, e)
	if !s.Missing {
		t.Errorf("a missing folder was saved as %+v", s)
	}
	sameContents(t, recovered(t, m, secret), want)
	if err := os.Rename(src+".away", src); err != nil {
		t.Fatal(err)
	}
}
