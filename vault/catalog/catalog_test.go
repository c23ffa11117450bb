package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func newCatalog(t testing.TB) *Catalog {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "catalog.db"))
}

func openAt(t testing.TB, path string) *Catalog {
	t.Helper()
	c, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func update(t testing.TB, c *Catalog, fn func(*Tx) error) {
	t.Helper()
	if err := c.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// must returns v of a call that may not fail.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func dirsOf(t testing.TB, c *Catalog, folder [16]byte) []Dir {
	t.Helper()
	var dirs []Dir
	for d, err := range c.Dirs(context.Background(), folder) {
		if err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, d)
	}
	return dirs
}

func packsOf(t testing.TB, c *Catalog) []Pack {
	t.Helper()
	var packs []Pack
	for p, err := range c.Packs(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		packs = append(packs, p)
	}
	return packs
}

func TestCatalogIsTheSameAfterReopening(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "catalog.db")
	folder := [16]byte{1, 2, 3}
	now := time.Now().UTC().Round(0)
	pack := Pack{Digest: [32]byte{9, 31: 8}, Type: 255, Size: 1<<32 - 1, Linked: true, Owner: [16]byte{7, 15: 6}}
	ids := numberedChunks(3, 10_000)
	dir := Dir{Path: "a/\xff\x00b", Tree: [32]byte{4}, Entries: []byte{0, 1, 2}, Files: 5, Bytes: 1 << 60}
	batch := Batch{Root: []byte{1, 85, 18}, Time: now, Linked: true}
	act := Activity{Time: now, Kind: "backup", Folder: "/home/ä", Text: "saved \x00 it", Files: 3, Bytes: 4, Detail: []byte("{}")}

	c, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	update(t, c, func(tx *Tx) error {
		no, err := tx.AddPack(pack)
		pack.No = no
		return errors.Join(
			err,
			tx.AddChunks(no, ids),
			tx.PutDir(folder, Dir{Path: "a"}),
			tx.PutDir(folder, dir),
			tx.SetMeta("root", []byte("cid")),
			tx.SetMeta("empty", nil),
			tx.AddBatch(batch),
			tx.AddBatch(Batch{Root: []byte{2}}),
			tx.AddActivity(act),
			tx.AddUsage(now, "node", 10, 20),
		)
	})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log is left after Close: %v", err)
	}

	c = openAt(t, path)
	if err := c.Check(ctx); err != nil {
		t.Error(err)
	}
	if got := packsOf(t, c); !reflect.DeepEqual(got, []Pack{pack}) {
		t.Errorf("packs = %+v", got)
	}
	if got, ok, err := c.PackByDigest(ctx, pack.Digest); got != pack || !ok || err != nil {
		t.Errorf("PackByDigest = %+v, %v, %v", got, ok, err)
	}
	if _, ok, err := c.PackByDigest(ctx, [32]byte{}); ok || err != nil {
		t.Errorf("PackByDigest of an unknown pack = %v, %v", ok, err)
	}
	if got, ok, err := c.Chunk(ctx, ids[77]); got != pack || !ok || err != nil {
		t.Errorf("Chunk = %+v, %v, %v", got, ok, err)
	}
	if _, ok, err := c.Chunk(ctx, ChunkID{1}); ok || err != nil {
		t.Errorf("Chunk of an unknown chunk = %v, %v", ok, err)
	}
	asked := append(slices.Clone(ids), ChunkID{1}, ids[0])
	got := must[[]Pack](t)(c.Chunks(ctx, asked))
	for i, p := range got {
		if want := i != len(ids); (p == pack) != want || p.No == 0 == want {
			t.Fatalf("Chunks[%d] = %+v", i, p)
		}
	}
	if got := must[[]Pack](t)(c.Chunks(ctx, nil)); len(got) != 0 {
		t.Errorf("Chunks of nothing = %v", got)
	}
	inPack := must[[]ChunkID](t)(c.PackChunks(ctx, pack.No))
	slices.SortFunc(ids, func(a, b ChunkID) int { return bytes.Compare(a[:], b[:]) })
	if !slices.Equal(inPack, ids) {
		t.Errorf("PackChunks returned %d ids, want the %d added, sorted", len(inPack), len(ids))
	}
	if p, n, err := c.Counts(ctx); p != 1 || n != int64(len(ids)) || err != nil {
		t.Errorf("Counts = %d, %d, %v", p, n, err)
	}
	if got := dirsOf(t, c, folder); !reflect.DeepEqual(got, []Dir{{Path: "a"}, dir}) {
		t.Errorf("Dirs = %+v", got)
	}
	if got, ok, err := c.Dir(ctx, folder, dir.Path); !reflect.DeepEqual(got, dir) || !ok || err != nil {
		t.Errorf("Dir = %+v, %v, %v", got, ok, err)
	}
	if _, ok, err := c.Dir(ctx, [16]byte{}, dir.Path); ok || err != nil {
		t.Errorf("Dir of another folder = %v, %v", ok, err)
	}
	if v, ok, err := c.Meta(ctx, "root"); string(v) != "cid" || !ok || err != nil {
		t.Errorf("Meta = %q, %v, %v", v, ok, err)
	}
	if v, ok, err := c.Meta(ctx, "empty"); len(v) != 0 || !ok || err != nil {
		t.Errorf("Meta of an empty value = %q, %v, %v", v, ok, err)
	}
	if got := must[[]Batch](t)(c.Batches(ctx)); !reflect.DeepEqual(got, []Batch{{Root: []byte{2}}, batch}) {
		t.Errorf("Batches = %+v", got)
	}
	act.ID = 1
	if got := must[[]Activity](t)(c.Activities(ctx, 5)); !reflect.DeepEqual(got, []Activity{act}) {
		t.Errorf("Activities = %+v", got)
	}
	if got := must[[]Usage](t)(c.UsageSamples(ctx, "node", now)); !reflect.DeepEqual(got, []Usage{{now, "node", 10, 20}}) {
		t.Errorf("UsageSamples = %+v", got)
	}
}

func TestCatalogIsReadableByItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // rights come from the folder there
	}
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := openAt(t, path)
	update(t, c, func(tx *Tx) error { return tx.SetMeta("k", nil) })
	want := func() {
		t.Helper()
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			fi, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if fi.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", filepath.Base(name), fi.Mode())
			}
		}
	}
	want()
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(name, 0o664); err != nil {
			t.Fatal(err)
		}
	}
	openAt(t, path)
	want()
}

func TestFailedUpdateLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := newCatalog(t)
	boom := errors.New("boom")
	var kept *Tx
	for name, fn := range map[string]func(*Tx) error{
		"error":   func(*Tx) error { return boom },
		"ignored": func(tx *Tx) error { _ = tx.AddChunks(99, nil); return nil },
		"later": func(tx *Tx) error {
			_ = tx.Hold(99, [16]byte{})
			if err := tx.SetMeta("b", nil); err == nil {
				t.Error("a step ran after a failed one")
			}
			return nil
		},
		"panic": func(*Tx) error { panic(boom) },
		"canceled": func(tx *Tx) error {
			cancel()
			return nil
		},
	} {
		func() {
			defer func() {
				if r := recover(); (r != nil) != (name == "panic") {
					t.Errorf("%s: recovered %v", name, r)
				}
			}()
			ctx := ctx
			if name != "canceled" {
				ctx = context.Background()
			}
			err := c.Update(ctx, func(tx *Tx) error {
				kept = tx
				if err := errors.Join(addNumbered(tx, 1, 10), tx.SetMeta("a", nil)); err != nil {
					return err
				}
				return fn(tx)
			})
			if err == nil {
				t.Errorf("%s: Update succeeded", name)
			}
		}()
		if packs, chunks, err := c.Counts(context.Background()); packs != 0 || chunks != 0 || err != nil {
			t.Errorf("%s: %d packs and %d chunks stayed, %v", name, packs, chunks, err)
		}
		if _, ok, err := c.Meta(context.Background(), "a"); ok || err != nil {
			t.Errorf("%s: meta stayed, %v", name, err)
		}
	}
	if err := kept.SetMeta("late", nil); !errors.Is(err, errTxDone) {
		t.Errorf("a Tx kept beyond Update says %v", err)
	}
	update(t, c, func(tx *Tx) error { return addNumbered(tx, 1, 10) })
}

func TestTransactionSeesItselfAndReadersDoNot(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	update(t, c, func(tx *Tx) error {
		if err := tx.SetMeta("seq", []byte("2")); err != nil {
			return err
		}
		if v, ok, err := tx.Meta("seq"); string(v) != "2" || !ok || err != nil {
			t.Errorf("tx.Meta = %q, %v, %v", v, ok, err)
		}
		if _, ok, err := c.Meta(ctx, "seq"); ok || err != nil {
			t.Errorf("a reader sees what is not committed: %v, %v", ok, err)
		}
		return nil
	})
	update(t, c, func(tx *Tx) error { return tx.DeleteMeta("seq") })
	if _, ok, err := c.Meta(ctx, "seq"); ok || err != nil {
		t.Errorf("deleted, and still there: %v, %v", ok, err)
	}
}

func TestChunkIsFoundInALinkedPackFirstAndInAnyThatIsLeft(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	ids := numberedChunks(1, 3)
	var a, b int64
	update(t, c, func(tx *Tx) (err error) {
		if a, err = tx.AddPack(numberedPack(1)); err != nil {
			return err
		}
		if b, err = tx.AddPack(numberedPack(2)); err != nil {
			return err
		}
		return errors.Join(tx.AddChunks(a, ids[:2]), tx.AddChunks(b, []ChunkID{ids[2], ids[1], ids[1]}))
	})
	for _, linked := range []int64{a, b} {
		update(t, c, func(tx *Tx) error { return tx.exec(`UPDATE packs SET linked = (no = ?)`, linked) })
		if got := must[[]Pack](t)(c.Chunks(ctx, ids)); got[0].No != a || got[1].No != linked || got[2].No != b {
			t.Errorf("chunks are in packs %d, %d, %d, want %d, %d, %d", got[0].No, got[1].No, got[2].No, a, linked, b)
		}
		if got, _, err := c.Chunk(ctx, ids[1]); err != nil || got.No != linked {
			t.Errorf("a chunk of two packs is found in %d, want the linked %d, error %v", got.No, linked, err)
		}
	}
	update(t, c, func(tx *Tx) error { return tx.DropPack(numberedPack(1).Digest) })
	if got := must[[]Pack](t)(c.Chunks(ctx, ids)); got[0].No != 0 || got[1].No != b || got[2].No != b {
		t.Errorf("after a pack was dropped, chunks are in %+v", got)
	}
	if got := must[[]ChunkID](t)(c.PackChunks(ctx, a)); len(got) != 0 {
		t.Errorf("a dropped pack has chunks: %v", got)
	}
	update(t, c, func(tx *Tx) error { return tx.AddChunks(b, ids) })
	if got := must[[]Pack](t)(c.Chunks(ctx, ids)); got[0].No != b {
		t.Errorf("a forgotten chunk cannot be added again: %+v", got)
	}
}

func TestPackIsKnownByItsDigest(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	foreign := Pack{Digest: [32]byte{1}, Type: 1, Size: 5, Owner: [16]byte{1}}
	mine := Pack{Digest: [32]byte{1}, Type: 2, Size: 6, Owner: [16]byte{2}, Linked: true}
	var no int64
	for i, step := range []struct {
		add  Pack
		want Pack
	}{
		{foreign, Pack{Type: 1, Size: 5, Owner: [16]byte{1}}},
		{Pack{Digest: [32]byte{1}, Owner: [16]byte{9}}, Pack{Type: 1, Size: 5, Owner: [16]byte{1}}},
		{mine, Pack{Type: 1, Size: 5, Owner: [16]byte{2}, Linked: true}},
		{foreign, Pack{Type: 1, Size: 5, Owner: [16]byte{2}, Linked: true}},
	} {
		update(t, c, func(tx *Tx) error {
			n, err := tx.AddPack(step.add)
			if i > 0 && n != no {
				t.Errorf("step %d: number %d, before it was %d", i, n, no)
			}
			no = n
			return err
		})
		step.want.No, step.want.Digest = no, [32]byte{1}
		if got, _, err := c.PackByDigest(ctx, step.want.Digest); got != step.want || err != nil {
			t.Errorf("step %d: %+v, want %+v, %v", i, got, step.want, err)
		}
	}
}

func TestPackNumberIsNeverUsedTwice(t *testing.T) {
	c := newCatalog(t)
	seen := map[int64]bool{}
	for i, forget := range []func(*Tx) error{
		func(tx *Tx) error { return tx.DropPack(numberedPack(1).Digest) },
		(*Tx).Reset,
		func(*Tx) error { return nil },
	} {
		update(t, c, func(tx *Tx) error {
			no, err := tx.AddPack(numberedPack(1))
			if no == 0 || seen[no] {
				t.Errorf("round %d: number %d again", i, no)
			}
			seen[no] = true
			return errors.Join(err, forget(tx))
		})
	}
}

func TestResetKeepsWhatCannotBeRebuilt(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	update(t, c, func(tx *Tx) error {
		return errors.Join(addNumbered(tx, 1, 5), tx.PutDir([16]byte{}, Dir{}), tx.AddBatch(Batch{Root: []byte{1}}),
			tx.SetMeta("k", nil), tx.AddActivity(Activity{}), tx.AddUsage(time.Now(), "n", 1, 2))
	})
	update(t, c, (*Tx).Reset)
	packs, chunks, err := c.Counts(ctx)
	if packs+chunks != 0 || err != nil {
		t.Errorf("%d packs, %d chunks, %v", packs, chunks, err)
	}
	if n := len(dirsOf(t, c, [16]byte{})) + len(must[[]Batch](t)(c.Batches(ctx))); n != 0 {
		t.Errorf("%d directories and batches stayed", n)
	}
	_, ok, err := c.Meta(ctx, "k")
	if !ok || err != nil || len(must[[]Activity](t)(c.Activities(ctx, 0))) != 1 || len(must[[]Usage](t)(c.UsageSamples(ctx, "n", time.Time{}))) != 1 {
		t.Error("Reset took meta, activity or usage")
	}
}

func TestDirsComeInTheOrderOfTheirBytes(t *testing.T) {
	c := newCatalog(t)
	folder, other := [16]byte{1}, [16]byte{2}
	paths := []string{"", "\x00", "A", "a", "a\x00", "a b", "a-b", "a/b", "a/b/c", "aa", "Ä", "é", "\xff", "\xff\xff", strings.Repeat("x/", 2000)}
	slices.Sort(paths)
	update(t, c, func(tx *Tx) error {
		var errs []error
		for _, i := range []int{3, 1, 0, 2} { // not in order
			for j := i; j < len(paths); j += 4 {
				errs = append(errs, tx.PutDir(folder, Dir{Path: paths[j], Files: int64(j)}), tx.PutDir(other, Dir{Path: paths[j]}))
			}
		}
		return errors.Join(errs...)
	})
	var got []string
	for _, d := range dirsOf(t, c, folder) {
		got = append(got, d.Path)
		if paths[d.Files] != d.Path {
			t.Errorf("%q has the fields of %q", d.Path, paths[d.Files])
		}
	}
	if !slices.Equal(got, paths) {
		t.Errorf("order is %q, want %q", got, paths)
	}
	update(t, c, func(tx *Tx) error { return errors.Join(tx.DropDir(folder, "a"), tx.DropFolder(other)) })
	if _, ok, err := c.Dir(context.Background(), folder, "a"); ok || err != nil {
		t.Errorf("a dropped directory is there: %v, %v", ok, err)
	}
	if a, b := len(dirsOf(t, c, folder)), len(dirsOf(t, c, other)); a != len(paths)-1 || b != 0 {
		t.Errorf("after dropping one of %d and a folder, %d and %d are left", len(paths), a, b)
	}
}

// A first backup walks for hours while it records what it finds: the pass may neither block that nor lose its place.
func TestDirsPassSurvivesUpdatesInsideIt(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	const count = 1000
	name := func(i int) string { return fmt.Sprintf("%05d", i) }
	update(t, c, func(tx *Tx) error {
		for i := range count {
			size := 100
			if i%100 == 0 {
				size = 2 << 20 // ends a portion by itself
			}
			if err := tx.PutDir([16]byte{}, Dir{Path: name(i), Entries: make([]byte, size)}); err != nil {
				return err
			}
		}
		return nil
	})
	seen := 0
	for d, err := range c.Dirs(ctx, [16]byte{}) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Path != name(seen) {
			t.Fatalf("directory %d is %q", seen, d.Path)
		}
		seen++
		if seen%50 != 0 {
			continue
		}
		update(t, c, func(tx *Tx) error {
			return errors.Join(tx.PutDir([16]byte{}, Dir{Path: d.Path, Files: 1}), tx.DropDir([16]byte{}, name(seen-2)))
		})
		// More passes at a time than there are connections.
		for range c.Dirs(ctx, [16]byte{}) {
			for range c.Packs(ctx) {
				break
			}
			break
		}
	}
	if seen != count {
		t.Errorf("saw %d directories of %d", seen, count)
	}
}

func TestPacksPassGoesThroughAllOfThem(t *testing.T) {
	c := newCatalog(t)
	const count = 1100 // more than two portions
	update(t, c, func(tx *Tx) error {
		for n := range count {
			if _, err := tx.AddPack(numberedPack(n)); err != nil {
				return err
			}
		}
		return nil
	})
	packs := packsOf(t, c)
	if len(packs) != count {
		t.Fatalf("%d packs, want %d", len(packs), count)
	}
	for n, p := range packs {
		want := numberedPack(n)
		want.No = p.No
		if p != want {
			t.Fatalf("pack %d is %+v", n, p)
		}
	}
}

func TestActivityKeepsTheNewest(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	const count = activityKept + 50
	update(t, c, func(tx *Tx) error {
		for i := range count {
			if err := errors.Join(tx.AddActivity(Activity{Files: int64(i)}), tx.AddUsage(time.Unix(int64(i), 1), "n", int64(i), 0)); err != nil {
				return err
			}
		}
		return nil
	})
	all := must[[]Activity](t)(c.Activities(ctx, 0))
	if len(all) != activityKept || all[0].Files != count-1 || all[len(all)-1].Files != count-activityKept {
		t.Errorf("%d kept, from %d to %d", len(all), all[0].Files, all[len(all)-1].Files)
	}
	few := must[[]Activity](t)(c.Activities(ctx, 3))
	if len(few) != 3 || few[0].Files != count-1 || few[0].ID <= few[1].ID {
		t.Errorf("newest three: %+v", few)
	}
	samples := must[[]Usage](t)(c.UsageSamples(ctx, "n", time.Time{}))
	if len(samples) != usageKept || samples[0].Used != count-usageKept || samples[usageKept-1].Used != count-1 {
		t.Errorf("%d samples kept, first %+v", len(samples), samples[0])
	}
	if late := must[[]Usage](t)(c.UsageSamples(ctx, "n", time.Unix(count-2, 0))); len(late) != 2 {
		t.Errorf("%d samples since the last but one", len(late))
	}
}

func TestBatchIsReplacedAndDropped(t *testing.T) {
	c := newCatalog(t)
	update(t, c, func(tx *Tx) error {
		return errors.Join(tx.AddBatch(Batch{Root: []byte{1}, Time: time.Unix(5, 0)}), tx.AddBatch(Batch{Root: []byte{2}, Time: time.Unix(4, 0)}),
			tx.AddBatch(Batch{Root: []byte{1}, Time: time.Unix(5, 0), Linked: true}), tx.DropBatch([]byte{2}), tx.DropBatch([]byte{3}))
	})
	want := []Batch{{Root: []byte{1}, Time: time.Unix(5, 0).UTC(), Linked: true}}
	if got := must[[]Batch](t)(c.Batches(context.Background())); !reflect.DeepEqual(got, want) {
		t.Errorf("Batches = %+v, want %+v", got, want)
	}
}

func TestManyReadersBesideAWriter(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 6 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				// A transaction adds a pack with five chunks: no reader may see a part of it.
				packs, chunks, err := c.Counts(ctx)
				if err != nil || chunks != 5*packs {
					t.Errorf("%d chunks in %d packs, %v", chunks, packs, err)
					return
				}
				if _, _, err := c.Chunk(ctx, numberedChunks(1, 1)[0]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 200 {
		update(t, c, func(tx *Tx) error { return addNumbered(tx, n, 5) })
	}
	close(done)
	wg.Wait()
}

func TestCanceledContextEndsEveryCall(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := newCatalog(t)
	calls := map[string]func() error{
		"Chunk":   func() error { _, _, err := c.Chunk(ctx, ChunkID{}); return err },
		"Chunks":  func() error { _, err := c.Chunks(ctx, make([]ChunkID, 3)); return err },
		"Counts":  func() error { _, _, err := c.Counts(ctx); return err },
		"Check":   func() error { return c.Check(ctx) },
		"Batches": func() error { _, err := c.Batches(ctx); return err },
		"Dirs": func() (err error) {
			for _, err = range c.Dirs(ctx, [16]byte{}) {
			}
			return err
		},
		"Packs": func() (err error) {
			for _, err = range c.Packs(ctx) {
			}
			return err
		},
		"Update": func() error { return c.Update(ctx, func(*Tx) error { return nil }) },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClosedCatalogSaysSo(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Meta(ctx, "k"); !errors.Is(err, ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if err := c.Update(ctx, func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("update: %v", err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	c := newCatalog(t)
	err := c.read(context.Background(), func(r *conn) error { return r.exec(`DELETE FROM packs`) })
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("a reading connection deletes: %v", err)
	}
}

func TestOpenInAFolderWithAnAwkwardName(t *testing.T) {
	name := "50% #1?mode=memory&_query_only=1 ü'\"; \\"
	if runtime.GOOS == "linux" {
		name += "\xff\n"
	}
	if runtime.GOOS == "windows" {
		name = "50% #1&_query_only=1 ü'"
	}
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := openAt(t, filepath.Join(dir, name))
	update(t, c, func(tx *Tx) error { return addNumbered(tx, 1, 5) })
	if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
		t.Error(err)
	}
}
