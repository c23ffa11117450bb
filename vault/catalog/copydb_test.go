//go:build cgo

package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// app is another process with a database open, in the journal mode and with the rows given.
func startApp(t *testing.T, path, mode string, rows int) *child {
	t.Helper()
	app := startChild(t, "sql", path)
	app.do(`PRAGMA page_size = 1024`) // not the default, and many pages
	app.do(`PRAGMA journal_mode = ` + mode)
	app.do(`CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)`)
	app.do(addRows(rows))
	return app
}

func addRows(n int) string {
	return fmt.Sprintf(`WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) INSERT INTO t (filler) SELECT randomblob(600) FROM s`, n)
}

// seen is the content and the times of every file in a folder.
func seen(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		desc := fmt.Sprint(fi.Mode(), fi.ModTime())
		if fi.Mode().IsRegular() {
			desc += fmt.Sprintf(" %d %x", fi.Size(), sha256.Sum256(readFile(t, path)))
		}
		files[path] = desc
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func wantUntouched(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, desc := range before {
		if after[name] != desc {
			t.Errorf("%s was %s, now it is %s", filepath.Base(name), desc, after[name])
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s appeared", filepath.Base(name))
		}
	}
}

// wantCopy checks that dst is one private file in rollback mode, sound, and holds the rows.
func wantCopy(t *testing.T, dst string, rows int64) {
	t.Helper()
	ctx := context.Background()
	fi, err := os.Stat(dst)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("copy has mode %v", fi.Mode())
	}
	if header := readFile(t, dst)[:100]; header[18] != 1 || header[19] != 1 {
		t.Errorf("copy is in format %d, %d", header[18], header[19])
	}
	for _, name := range withSides(dst)[1:] {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is beside the copy", filepath.Base(name))
		}
	}
	// Alone, elsewhere: nothing of the copy may be in another file.
	moved := filepath.Join(t.TempDir(), "moved.db")
	if err := os.Rename(dst, moved); err != nil {
		t.Fatal(err)
	}
	c, err := openCopy(moved, "mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	verdict := ""
	err = c.each(ctx, `PRAGMA integrity_check`, 1, func(v []value) (err error) {
		verdict, err = text(v[0])
		return err
	})
	if verdict != "ok" || err != nil {
		t.Errorf("integrity_check: %s, %v", verdict, err)
	}
	if n, err := c.number(ctx, `SELECT count(*) FROM t`); n != rows || err != nil {
		t.Errorf("copy has %d rows, %v; want %d", n, err, rows)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func copyDB(t *testing.T, src string, rows int64) {
	t.Helper()
	before := seen(t, filepath.Dir(src))
	dst := filepath.Join(t.TempDir(), "copy.db")
	if err := CopyDatabase(context.Background(), src, dst, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	wantUntouched(t, before, seen(t, filepath.Dir(src)))
	wantCopy(t, dst, rows)
}

func TestCopyOfADatabaseInUseHoldsWhatIsCommitted(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE", "TRUNCATE", "PERSIST"} {
		t.Run(mode, func(t *testing.T) {
			src := filepath.Join(t.TempDir(), "app.db")
			app := startApp(t, src, mode, 3000)
			copyDB(t, src, 3000)
			app.do(addRows(500))
			app.do(`BEGIN IMMEDIATE`)
			app.do(addRows(200)) // not committed
			copyDB(t, src, 3500)
			app.do(`COMMIT`)
			copyDB(t, src, 3700)
			app.quit()
			copyDB(t, src, 3700)
		})
	}
}

func TestCopyOfADatabaseWhoseLogIsInMemoryOfItsApp(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		t.Run(mode, func(t *testing.T) {
			src := filepath.Join(t.TempDir(), "app.db")
			app := startChild(t, "sql", src)
			app.do(`PRAGMA locking_mode = EXCLUSIVE`)
			app.do(`PRAGMA journal_mode = ` + mode)
			app.do(`CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)`)
			app.do(addRows(300))
			before := seen(t, filepath.Dir(src))
			dst := filepath.Join(t.TempDir(), "copy.db")
			start := time.Now()
			err := CopyDatabase(context.Background(), src, dst, 200*time.Millisecond)
			if !errors.Is(err, ErrBusy) {
				t.Fatalf("CopyDatabase = %v", err)
			}
			if took := time.Since(start); took < 200*time.Millisecond || took > 3*time.Second {
				t.Errorf("gave up after %v", took)
			}
			wantUntouched(t, before, seen(t, filepath.Dir(src)))
			wantNothing(t, dst)
			app.quit()
			copyDB(t, src, 300)
		})
	}
}

func wantNothing(t *testing.T, dst string) {
	t.Helper()
	for _, name := range withSides(dst) {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left of a copy that failed", filepath.Base(name))
		}
	}
}

// A program that died leaves a log or a hot journal. To open it would recover it, which is the program's business.
func TestCopyAfterTheAppWasKilled(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		t.Run(mode, func(t *testing.T) {
			src := filepath.Join(t.TempDir(), "app.db")
			app := startApp(t, src, mode, 2000)
			app.do(`PRAGMA cache_size = 10`) // so that it spills what is not committed into the file
			app.do(`BEGIN IMMEDIATE`)
			app.do(`UPDATE t SET filler = randomblob(600)`)
			app.do(addRows(1000))
			app.kill()
			copyDB(t, src, 2000)
			if err := os.Remove(src + "-shm"); err != nil && mode == "WAL" {
				t.Fatal(err)
			}
			copyDB(t, src, 2000)
		})
	}
}

// In rollback mode a writer between two slices makes SQLite begin again; the copy must still be of one moment.
func TestCopyBesideABusyWriter(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		t.Run(mode, func(t *testing.T) {
			src := filepath.Join(t.TempDir(), "app.db")
			app := startApp(t, src, mode, 24_000) // several slices
			app.do(`CREATE TABLE sum (n INTEGER)`)
			app.do(`INSERT INTO sum SELECT count(*) FROM t`)
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					select {
					case <-stop:
						return
					case <-time.After(2 * time.Millisecond):
					}
					for _, q := range []string{`BEGIN IMMEDIATE`, addRows(10), `UPDATE sum SET n = n + 10`, `COMMIT`} {
						if _, err := fmt.Fprintln(app.in, q); err != nil {
							t.Error(err)
							return
						}
						if _, err := app.out.ReadString('\n'); err != nil {
							t.Error(err)
							return
						}
					}
				}
			}()
			const copies = 3
			made := 0
			for range copies {
				dst := filepath.Join(t.TempDir(), "copy.db")
				err := CopyDatabase(context.Background(), src, dst, 5*time.Second)
				if err != nil {
					t.Error(err)
					break
				}
				made++
				c, err := openCopy(dst, "mode=ro")
				if err != nil {
					t.Fatal(err)
				}
				diff, err := c.number(context.Background(), `SELECT (SELECT count(*) FROM t) - (SELECT n FROM sum)`)
				if err := errors.Join(err, c.close()); err != nil || diff != 0 {
					t.Errorf("copy is of two moments: %d rows apart, %v", diff, err)
				}
			}
			close(stop)
			<-stopped
			if made != copies {
				t.Errorf("only %d copies were made", made)
			}
		})
	}
}

func TestCopyUnderAnyName(t *testing.T) {
	name := "a%20b#c&mode=memory ä'\";"
	if runtime.GOOS != "windows" {
		name += "?immutable=1\\\n"
	}
	if runtime.GOOS == "linux" {
		name += "\xff\xfe"
	}
	for _, mode := range []string{"WAL", "DELETE"} {
		src := filepath.Join(t.TempDir(), name, name)
		app := startApp(t, src, mode, 20)
		if _, err := os.Stat(src); err != nil {
			t.Fatal(err)
		}
		copyDB(t, src, 20)
		app.quit()
		copyDB(t, src, 20)
	}
}

func TestCopyEndsWithItsContext(t *testing.T) {
	src := filepath.Join(t.TempDir(), "app.db")
	app := startApp(t, src, "DELETE", 20)
	app.do(`BEGIN EXCLUSIVE`)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	dst := filepath.Join(t.TempDir(), "copy.db")
	start := time.Now()
	if err := CopyDatabase(ctx, src, dst, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("CopyDatabase = %v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	wantNothing(t, dst)
}

func TestCopyRefusesWhatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	sound := soundCatalog(t)
	write := func(name string, b []byte) string {
		writeFile(t, filepath.Join(dir, name), b)
		return filepath.Join(dir, name)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(write("sound", sound), link); err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]string{
		"empty":     write("empty", nil),
		"text":      write("text", []byte(strings.Repeat("x", 5000))),
		"cut":       write("cut", sound[:50]),
		"cut later": write("cut later", sound[:8192]),
		"bad":       write("bad", append(bytes.Clone(sound[:100]), bytes.Repeat([]byte{0xee}, len(sound)-100)...)),
		"folder":    dir,
		"link":      link,
	} {
		before := seen(t, dir)
		dst := filepath.Join(t.TempDir(), "copy.db")
		if err := CopyDatabase(context.Background(), src, dst, time.Second); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		wantNothing(t, dst)
		wantUntouched(t, before, seen(t, dir))
	}
	if err := CopyDatabase(context.Background(), filepath.Join(dir, "missing"), filepath.Join(dir, "copy"), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	// What is at dst is never overwritten.
	taken := write("taken", []byte("mine"))
	if err := CopyDatabase(context.Background(), filepath.Join(dir, "sound"), taken, 0); !errors.Is(err, fs.ErrExist) {
		t.Errorf("taken: %v", err)
	}
	if got := readFile(t, taken); string(got) != "mine" {
		t.Errorf("dst was overwritten: %q", got)
	}
}

func FuzzCopyNeverPanics(f *testing.F) {
	sound := soundCatalog(f)
	f.Add(0, []byte{1}, []byte{})
	f.Add(18, []byte{1, 1}, []byte{})
	f.Add(16, []byte{2, 0}, []byte("log"))
	f.Add(200, bytes.Repeat([]byte{0xff}, 4000), []byte{0x37, 0x7f, 0x06, 0x82})
	f.Fuzz(func(t *testing.T, at int, over, log []byte) {
		dir := t.TempDir()
		src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
		b := bytes.Clone(sound)
		if at >= 0 && at < len(b) {
			copy(b[at:], over)
		}
		writeFile(t, src, b)
		if len(log) > 0 {
			writeFile(t, src+"-wal", log)
		}
		err := CopyDatabase(context.Background(), src, dst, time.Second)
		if !bytes.Equal(readFile(t, src), b) {
			t.Error("src was changed")
		}
		if err != nil {
			wantNothing(t, dst)
		}
	})
}
