package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/syncer"
)

func TestTheDemoSeesEveryDifference(t *testing.T) {
	for what, change := range map[string]func(dir string) error{
		"other content": func(dir string) error {
			path := filepath.Join(dir, "Photos", "Film.mp4")
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			if _, err := f.WriteAt([]byte{1}, filmSize-1); err != nil {
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
			return os.Chtimes(path, info.ModTime(), info.ModTime())
		},
		"did not come back": func(dir string) error { return os.RemoveAll(filepath.Join(dir, "Recipes")) },
		"was changed":       func(dir string) error { return os.Chtimes(filepath.Join(dir, "Recipes"), time.Time{}, time.Unix(1, 1)) },
		"had the permissions": func(dir string) error {
			return os.Chmod(filepath.Join(dir, "Recipes", "Bread.md"), 0o400)
		},
		"is not among": func(dir string) error {
			info, err := os.Stat(dir)
			if err != nil {
				return err
			}
			if err := os.Mkdir(filepath.Join(dir, "more"), 0o755); err != nil {
				return err
			}
			return os.Chtimes(dir, info.ModTime(), info.ModTime())
		},
	} {
		t.Run(what, func(t *testing.T) {
			want, got := t.TempDir()+"/a", t.TempDir()+"/a"
			if err := makeSample(want); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(want, "Latest diary")); err != nil { // its time cannot be copied everywhere
				t.Fatal(err)
			}
			copyTree(t, want, got)
			c := comparison{tell: func(syncer.Progress) {}}
			if err := c.trees(t.Context(), want, got); err != nil {
				t.Fatal(err)
			}
			if len(c.differences) != 0 || c.files == 0 || c.folders == 0 {
				t.Fatalf("a copy differs: %q (%d files, %d folders)", c.differences, c.files, c.folders)
			}
			if err := change(got); err != nil {
				t.Fatal(err)
			}
			c = comparison{tell: func(syncer.Progress) {}}
			if err := c.trees(t.Context(), want, got); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(c.differences, func(d difference) bool { return strings.Contains(d.what, what) }) {
				t.Errorf("differences: %q", c.differences)
			}
		})
	}
}

// copyTree copies what the demo compares; folders' times last, from the inside out.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Lstat(from)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case info.IsDir():
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			copyTree(t, filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	default:
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(to, info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(to, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}
