package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A database at rest is copied as files; whoever comes meanwhile must be noticed.
func TestChangeUnderACopyIsNoticed(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"nothing": func(string) error { return nil },
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".bak"), os.Rename(path+".new", path))
		},
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(-time.Minute)) },
		"longer":  func(path string) error { return os.Truncate(path, 1<<20) },
		"logged":  func(path string) error { return os.WriteFile(path+"-wal", nil, 0o600) },
		"journal": func(path string) error { return os.WriteFile(path+"-journal", []byte{1}, 0o600) },
	} {
		path := filepath.Join(t.TempDir(), "app.db")
		sound := soundCatalog(t)
		writeFile(t, path, sound)
		writeFile(t, path+".new", sound)
		before, err := look(path)
		if err != nil {
			t.Fatal(err)
		}
		if !before.fresh() || !before.wal || before.locked {
			t.Errorf("%s: at first it is %+v", name, before)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		after, err := look(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := after.same(before); got != (name == "nothing") {
			t.Errorf("%s: same = %v", name, got)
		}
	}
}

func TestOpenDatabaseIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	app := startChild(t, "sql", path)
	app.do(`PRAGMA journal_mode = WAL`)
	app.do(`CREATE TABLE t (a)`)
	for _, open := range []bool{true, false} {
		c, err := look(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.locked != open || !c.wal {
			t.Errorf("open: %v, seen: %+v", open, c)
		}
		if open {
			app.quit()
		}
	}
}
