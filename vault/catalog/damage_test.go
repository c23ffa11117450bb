package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// soundCatalog returns the bytes of a closed catalog with something in every table.
func soundCatalog(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sound.db")
	c, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	update(t, c, func(tx *Tx) error {
		for n := range 30 {
			if err := addNumbered(tx, n, 60); err != nil {
				return err
			}
			if err := tx.PutDir([16]byte{1}, Dir{Path: strconv.Itoa(n), Entries: bytes.Repeat([]byte{byte(n)}, 3000)}); err != nil {
				return err
			}
		}
		return errors.Join(tx.SetMeta("k", []byte("v")), tx.AddBatch(Batch{Root: []byte{1}}), tx.AddActivity(Activity{}), tx.AddUsage(time.Now(), "n", 1, 2))
	})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return readFile(t, path)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	return must[[]byte](t)(os.ReadFile(path))
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// useAll opens the catalog and calls everything, as a backup would that knows nothing of the damage.
func useAll(t testing.TB, path string) error {
	t.Helper()
	ctx := context.Background()
	c, err := Open(ctx, path)
	if err != nil {
		return err
	}
	errs := []error{c.Check(ctx)}
	add := func(err error) { errs = append(errs, err) }
	for _, err := range c.Packs(ctx) {
		add(err)
	}
	for _, err := range c.Dirs(ctx, [16]byte{1}) {
		add(err)
	}
	for no := range int64(4) {
		_, err := c.PackChunks(ctx, no)
		add(err)
	}
	_, err = c.Chunks(ctx, numberedChunks(3, 60))
	add(err)
	_, _, err = c.Counts(ctx)
	add(err)
	_, err = c.Batches(ctx)
	add(err)
	_, err = c.Activities(ctx, 0)
	add(err)
	add(c.Update(ctx, func(tx *Tx) error {
		return errors.Join(addNumbered(tx, 1000, 500), tx.DropPack(numberedPack(2).Digest), tx.PutDir([16]byte{1}, Dir{Path: "x", Entries: make([]byte, 9000)}))
	}))
	add(c.Close())
	return errors.Join(errs...)
}

// rebuild is what a caller does with a catalog that cannot be used.
func rebuild(t testing.TB, path string) {
	t.Helper()
	if err := Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := useAll(t, path); err != nil {
		t.Fatalf("after a rebuild: %v", err)
	}
	if err := Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestEmptyFileBecomesACatalog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	writeFile(t, path, nil)
	writeFile(t, path+"-wal", []byte("left by one that was deleted"))
	if err := useAll(t, path); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNotACatalogIsDamagedAndLeftAlone(t *testing.T) {
	ctx := context.Background()
	foreign := func(statements string) []byte {
		path := filepath.Join(t.TempDir(), "foreign.db")
		c, err := openCopyForTest(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.script(statements), c.close()); err != nil {
			t.Fatal(err)
		}
		return readFile(t, path)
	}
	for name, b := range map[string][]byte{
		"garbage":                 bytes.Repeat([]byte("no database "), 1000),
		"one byte":                {0},
		"zeros":                   make([]byte, 8192),
		"other program's":         foreign(`CREATE TABLE t (a)`),
		"other application's id":  foreign(`PRAGMA application_id = 7; CREATE TABLE t (a)`),
		"id without a version":    foreign(`PRAGMA application_id = 0x526F7374`),
		"negative version":        foreign(`PRAGMA application_id = 0x526F7374; PRAGMA user_version = -1`),
		"version without tables":  foreign(`PRAGMA application_id = 0x526F7374; PRAGMA user_version = 1`),
		"version without our id":  foreign(`PRAGMA user_version = 1`),
		"header and nothing else": soundCatalog(t)[:100],
	} {
		path := filepath.Join(t.TempDir(), "catalog.db")
		writeFile(t, path, b)
		c, err := Open(ctx, path)
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Open = %v, %v", name, c, err)
			continue
		}
		if name != "version without tables" && !bytes.Equal(readFile(t, path), b) {
			t.Errorf("%s: Open changed it", name)
		}
		rebuild(t, path)
	}
}

func TestNewerCatalogIsMovedAsideWhole(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "catalog.db")
	writeFile(t, path, soundCatalog(t))
	c, err := openCopyForTest(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.script(fmt.Sprintf(`PRAGMA user_version = %d`, len(migrations)+1)), c.close()); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, path)
	if _, err := Open(ctx, path); !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) {
		t.Fatalf("Open = %v", err)
	}
	for n := range 2 {
		aside := must[string](t)(MoveAside(path))
		if n == 0 && !bytes.Equal(readFile(t, aside), before) {
			t.Error("what was moved aside is not what was there")
		}
		if err := useAll(t, path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFolderInItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	if err := os.MkdirAll(filepath.Join(path, "precious"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := useAll(t, path); !errors.Is(err, ErrDamaged) {
		t.Fatalf("Open = %v", err)
	}
	rebuild(t, path)
	if _, err := os.Stat(path + ".old-1/precious"); err != nil {
		t.Errorf("what the folder held is gone: %v", err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	rebuild(t, path)
}

// Whatever the size at which it was cut: damage is called damage, or nothing is missing.
func TestTruncatedCatalog(t *testing.T) {
	sound := soundCatalog(t)
	const page = 8192
	sizes := []int{1, 15, 16, 99, 100, 101, 511, 512, 1024, page - 1, page + 1, len(sound) - 1, len(sound) - page - 1}
	for n := page; n < len(sound); n += page {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		path := filepath.Join(t.TempDir(), "catalog.db")
		writeFile(t, path, sound[:n])
		if err := useAll(t, path); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut at %d of %d: %v", n, len(sound), err)
		}
		rebuild(t, path)
	}
}

func TestFlippedBitsInTheHeader(t *testing.T) {
	sound := soundCatalog(t)
	dir := t.TempDir()
	quiet := 0
	flips := []byte{0x01, 0x80, 0xff}
	for i := range 100 * len(flips) {
		at, flip := i/len(flips), flips[i%len(flips)]
		path := filepath.Join(dir, strconv.Itoa(i))
		b := bytes.Clone(sound)
		b[at] ^= flip
		writeFile(t, path, b)
		err := useAll(t, path)
		switch {
		case err == nil: // a byte that means nothing to us, such as the cache size
			quiet++
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrNewer) && 60 <= at && at < 64:
			if err := Remove(path); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("byte %d ^ %#x: %v", at, flip, err)
		}
	}
	if quiet < 50 || quiet > 200 { // neither accept everything nor lose the cache for nothing
		t.Errorf("%d of %d flips went unnoticed", quiet, 100*len(flips))
	}
}

func TestFlippedBytesInThePages(t *testing.T) {
	sound := soundCatalog(t)
	dir := t.TempDir()
	for i := 100; i < len(sound); i += 2999 {
		path := filepath.Join(dir, strconv.Itoa(i))
		b := bytes.Clone(sound)
		b[i] ^= 0xff
		writeFile(t, path, b)
		// A flip inside a value cannot be seen here; the reader of the value verifies it.
		if err := useAll(t, path); err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: %v", i, err)
		}
		if err := Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMissingIndexIsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	writeFile(t, path, soundCatalog(t))
	c, err := openCopyForTest(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.script(`DROP INDEX chunks_pack`), c.close()); err != nil {
		t.Fatal(err)
	}
	if err := useAll(t, path); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open = %v", err)
	}
}

// Root may write everything, so the part is played by a process of nobody's.
func TestReadOnlyFileAndFolder(t *testing.T) {
	dir, asNobody := nobodysFolder(t)
	path := filepath.Join(dir, "catalog.db")
	writeFile(t, path, soundCatalog(t))
	steps := []struct {
		name         string
		file, folder os.FileMode
		want         string
	}{
		{"writable", 0o600, 0o700, "open"},
		{"file", 0o400, 0o700, "read-only"},
		{"folder", 0o600, 0o500, "read-only"},
		{"both", 0o400, 0o500, "read-only"},
		{"unreadable", 0o000, 0o700, "read-only"},
	}
	for _, s := range steps {
		if err := errors.Join(os.Chmod(path, s.file), os.Chmod(dir, s.folder)); err != nil {
			t.Fatal(err)
		}
		c := startChild(t, "open", path, asNobody)
		if got := c.line(); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
		c.quit()
	}
	if err := errors.Join(os.Chmod(dir, 0o700), os.Remove(path), os.Chmod(dir, 0o500)); err != nil {
		t.Fatal(err)
	}
	c := startChild(t, "open", path, asNobody)
	if got := c.line(); got != "read-only" {
		t.Errorf("missing in a read-only folder: %s", got)
	}
	c.quit()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestKilledInATransaction(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "catalog.db")
	child := startChild(t, "unfinished", path)
	child.line()
	child.kill()
	if fi, err := os.Stat(path + "-wal"); err != nil || fi.Size() == 0 {
		t.Fatalf("the child left no log, so this test shows nothing: %v", err)
	}
	c := openAt(t, path)
	if err := c.Check(ctx); err != nil {
		t.Error(err)
	}
	if packs, chunks, err := c.Counts(ctx); packs != 1 || chunks != 100 || err != nil {
		t.Errorf("%d packs, %d chunks, %v; want the 1 and 100 that were committed", packs, chunks, err)
	}
	update(t, c, func(tx *Tx) error { return addNumbered(tx, 2, 10) })
}

func TestKilledAnytimeLosesNoCommit(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "catalog.db")
	last := 0
	for round := range 5 {
		child := startChild(t, "commits", path)
		said := 0
		for range 1 + 37*round {
			n, err := strconv.Atoi(child.line())
			if err != nil {
				t.Fatal(err)
			}
			said = n
		}
		child.kill()
		last = max(last, said)
		c, err := Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		packs, chunks, err := c.Counts(ctx)
		if err != nil || packs < int64(last) || chunks != 50*packs {
			t.Errorf("round %d: %d packs, %d chunks, %v; %d were committed", round, packs, chunks, err, last)
		}
		if err := errors.Join(c.Check(ctx), c.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestWaitingForAnotherProcessEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := openAt(t, path)
	child := startChild(t, "locks", path)
	child.line()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := c.Update(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Update beside a writer = %v", err)
	}
	if _, _, err := c.Counts(context.Background()); err != nil {
		t.Errorf("a reader waits for a writer: %v", err)
	}
	second := openAt(t, path) // a verb beside the running engine
	if _, _, err := second.Counts(context.Background()); err != nil {
		t.Error(err)
	}
	w := must[*conn](t)(c.take(context.Background(), c.writer))
	if err := w.exec(`BEGIN IMMEDIATE`); !errors.Is(err, ErrBusy) {
		t.Errorf("a second writer = %v", err)
	}
	child.kill()
	if err := w.close(); err != nil {
		t.Error(err)
	}
	c.writer <- nil // as after a rollback that failed: it is opened again
	update(t, c, func(tx *Tx) error { return tx.SetMeta("k", nil) })
}

// The writing connection may have to be opened again; when that fails too, the catalog is not left with a dead one.
func TestWriterThatCannotBeOpenedAgain(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	other, err := openCopyForTest(c.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (<-c.writer).close(); err != nil {
		t.Fatal(err)
	}
	c.writer <- nil
	if err := other.script(`CREATE TABLE intruder (a)`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Update(ctx, func(*Tx) error { return nil }); !errors.Is(err, ErrDamaged) {
			t.Errorf("Update = %v", err)
		}
	}
	if err := errors.Join(other.script(`DROP TABLE intruder`), other.close()); err != nil {
		t.Fatal(err)
	}
	update(t, c, func(tx *Tx) error { return tx.SetMeta("k", nil) })
}

// SQLite ends the transaction by itself when the disk is full; what comes after must not run on its own.
func TestFullDatabaseKeepsWhatItHas(t *testing.T) {
	ctx := context.Background()
	c := newCatalog(t)
	update(t, c, func(tx *Tx) error { return addNumbered(tx, 1, 10) })
	w := <-c.writer
	limit := func(q string) {
		t.Helper()
		if _, err := w.number(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	limit(`PRAGMA max_page_count = 40`)
	c.writer <- w
	err := c.Update(ctx, func(tx *Tx) error {
		for n := 2; ; n++ {
			if err := addNumbered(tx, n, 1000); err != nil {
				_ = tx.SetMeta("after", nil)
				return err
			}
		}
	})
	if !errors.Is(err, ErrDiskFull) {
		t.Fatalf("Update = %v", err)
	}
	if packs, chunks, err := c.Counts(ctx); packs != 1 || chunks != 10 || err != nil {
		t.Errorf("%d packs, %d chunks, %v", packs, chunks, err)
	}
	if _, ok, err := c.Meta(ctx, "after"); ok || err != nil {
		t.Errorf("a step after the failure was kept: %v, %v", ok, err)
	}
	<-c.writer
	limit(`PRAGMA max_page_count = 100000`)
	c.writer <- w
	update(t, c, func(tx *Tx) error { return addNumbered(tx, 2, 1000) })
}

func FuzzOpenNeverPanics(f *testing.F) {
	sound := soundCatalog(f)
	for _, at := range []int{0, 16, 18, 20, 28, 56, 100, 105, 5000, 9000} {
		f.Add(at, []byte{0xff, 0x00})
	}
	f.Fuzz(func(t *testing.T, at int, over []byte) {
		path := filepath.Join(t.TempDir(), "catalog.db")
		b := bytes.Clone(sound)
		if at >= 0 && at < len(b) {
			copy(b[at:], over)
		}
		writeFile(t, path, b)
		if err := useAll(t, path); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
			t.Errorf("%v", err)
		}
	})
}

// nobodysFolder returns a folder and the way to start a child that has no more rights there than its mode says.
func nobodysFolder(t *testing.T) (dir string, adjust func(*exec.Cmd)) {
	t.Helper()
	top := must[string](t)(os.MkdirTemp("", "catalog"))
	t.Cleanup(func() {
		if err := os.RemoveAll(top); err != nil {
			t.Error(err)
		}
	})
	dir = filepath.Join(top, "home")
	if err := errors.Join(os.Chmod(top, 0o755), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return dir, func(*exec.Cmd) {}
	}
	// The test binary lies where nobody may not look.
	exe := filepath.Join(top, "play")
	in, err := os.Open(must[string](t)(os.Executable()))
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(exe, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, in.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	return dir, func(cmd *exec.Cmd) {
		cmd.Path = exe
		becomeNobody(t, cmd, dir)
	}
}
