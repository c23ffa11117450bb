package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryKindOfChangeIsReportedWhereItHappened(t *testing.T) {
	dir := t.TempDir()
	in := func(path string) string { return filepath.Join(dir, filepath.FromSlash(path)) }
	for _, path := range []string{"file", "a/file", "a/other", "a/b/file", "c/file", "tree/x/y/file"} {
		write(t, in(path), "text")
	}
	outside := t.TempDir()
	r := watched(t, dir, Options{})
	for _, step := range []struct {
		what string
		do   func() error
		want []string
	}{
		{"a file in the folder itself", func() error { return os.WriteFile(in("new"), nil, 0o600) }, []string{""}},
		{"a new file", func() error { return os.WriteFile(in("a/b/new"), nil, 0o600) }, []string{"a/b"}},
		{"a write", func() error { return os.WriteFile(in("a/file"), []byte("longer text"), 0o600) }, []string{"a"}},
		{"a cut", func() error { return os.Truncate(in("a/file"), 1) }, []string{"a"}},
		{"a mode", func() error { return os.Chmod(in("a/file"), 0o640) }, []string{"a"}},
		{"a time", func() error { return os.Chtimes(in("a/b/file"), time.Unix(1, 0), time.Unix(2, 0)) }, []string{"a/b"}},
		{"a deletion", func() error { return os.Remove(in("a/b/file")) }, []string{"a/b"}},
		{"a new name", func() error { return os.Rename(in("a/file"), in("a/renamed")) }, []string{"a"}},
		{"a move", func() error { return os.Rename(in("a/renamed"), in("c/moved")) }, []string{"a", "c"}},
		{"a move over a file", func() error { return os.Rename(in("a/other"), in("c/file")) }, []string{"a", "c"}},
		{"a move out", func() error { return os.Rename(in("c/moved"), filepath.Join(outside, "moved")) }, []string{"c"}},
		{"a move in", func() error { return os.Rename(filepath.Join(outside, "moved"), in("a/b/moved")) }, []string{"a/b"}},
		{"a link", func() error { return os.Symlink("nowhere", in("c/link")) }, []string{"c"}},
		{"a new directory", func() error { return os.Mkdir(in("c/new"), 0o700) }, []string{"c", "c/new"}},
		{"a file in it", func() error { return os.WriteFile(in("c/new/file"), nil, 0o600) }, []string{"c/new"}},
		{"a directory's mode", func() error { return os.Chmod(in("c/new"), 0o750) }, []string{"c"}},
		{"a directory deleted", func() error { return os.RemoveAll(in("c/new")) }, []string{"c"}},
		{"a tree renamed", func() error { return os.Rename(in("tree"), in("c/tree")) }, []string{"", "c", "c/tree", "c/tree/x", "c/tree/x/y"}},
		{"a write below it", func() error { return os.WriteFile(in("c/tree/x/y/file"), []byte("x"), 0o600) }, []string{"c/tree/x/y"}},
		{"a tree moved out", func() error { return os.Rename(in("c/tree"), filepath.Join(outside, "tree")) }, []string{"c"}},
		{"a write out there", func() error { return os.WriteFile(filepath.Join(outside, "tree/x/y/file"), nil, 0o600) }, nil},
		{"a tree moved in", func() error { return os.Rename(filepath.Join(outside, "tree"), in("back")) }, []string{"", "back", "back/x", "back/x/y"}},
		{"a tree deleted", func() error { return os.RemoveAll(in("back")) }, []string{""}},
		{"the folder's own mode", func() error { return os.Chmod(dir, 0o750) }, []string{""}},
	} {
		must(t, step.do())
		got := r.reported()
		// What is deleted may still be told on its way.
		got.Dirs = slices.DeleteFunc(got.Dirs, func(d string) bool {
			_, err := os.Stat(in(d))
			return err != nil
		})
		if got.All || !slices.Equal(got.Dirs, step.want) {
			t.Errorf("%s: reported %+v, wanted %q", step.what, got, step.want)
		}
	}
}

func TestReadingIsNoChange(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a/b/file", "text")
	r := watched(t, dir, Options{})
	for range 10 {
		if _, err := os.ReadFile(dir + "/a/b/file"); err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{"", "/a", "/a/b"} {
			if _, err := os.ReadDir(dir + d); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.wants()
}

func TestSkippedDirectoriesAreNotWatched(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a/cache/x/file", "")
	write(t, dir+"/a/file", "")
	r := watched(t, dir, Options{Skip: func(d string) bool { return filepath.Base(d) == "cache" }})
	if s := r.clean(); s.Watches != 3 { // "", a, the fence
		t.Errorf("%d directories are watched", s.Watches)
	}
	write(t, dir+"/a/cache/x/file", "more")
	write(t, dir+"/a/cache/new/file", "more")
	write(t, dir+"/cache/deep/file", "made later")
	r.wants("")
	must(t, os.Rename(dir+"/cache", dir+"/kept"))
	r.wants("", "kept", "kept/deep")
	must(t, os.Rename(dir+"/kept", dir+"/a/cache2"))
	must(t, os.RemoveAll(dir+"/a/cache"))
	must(t, os.Rename(dir+"/a/cache2", dir+"/a/cache"))
	r.reported()
	write(t, dir+"/a/cache/deep/file", "not watched any more")
	r.wants()
}

// Directories that appear faster than they can be watched.
func TestNewDirectoriesAreCaughtWithoutARace(t *testing.T) {
	dir := t.TempDir()
	r := watched(t, dir, Options{})
	for i := range 100 {
		deep := fmt.Sprintf("%s/%d/b/c/d/e/f", dir, i)
		write(t, deep+"/file", "")
		write(t, filepath.Dir(deep)+"/late", "")
		got := r.reported()
		for rel := fmt.Sprintf("%d/b/c/d/e/f", i); rel != "."; rel = filepath.Dir(rel) {
			if !slices.Contains(got.Dirs, rel) && !got.All {
				t.Fatalf("%s is not among %q", rel, got.Dirs)
			}
		}
		write(t, deep+"/file", "after it was found")
		r.wants(fmt.Sprintf("%d/b/c/d/e/f", i))
	}
}

func TestABurstOf5000FilesIsOneChange(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		must(t, os.MkdirAll(fmt.Sprintf("%s/%d", dir, i), 0o700))
	}
	r := watched(t, dir, Options{Settle: time.Second})
	for i := range 5000 {
		write(t, fmt.Sprintf("%s/%d/%d", dir, i%10, i), "text")
	}
	want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	if got := r.next(); !slices.Equal(got.Dirs, want) || got.All {
		t.Errorf("reported %+v, wanted %q", got, want)
	}
	r.wants()
}

func TestAChangeIsToldLongBeforeItIsReported(t *testing.T) {
	dir := t.TempDir()
	r := watched(t, dir, Options{Settle: time.Hour, MaxWait: time.Hour})
	r.clean()
	before := time.Now()
	write(t, dir+"/file", "")
	s := r.until("dirty", func(s State) bool { return !s.DirtySince.IsZero() })
	if !s.Watching || s.DirtySince.Before(before) || s.DirtySince.After(time.Now()) {
		t.Errorf("told %+v", s)
	}
	select {
	case c := <-r.changes:
		t.Errorf("and reported %+v", c)
	default:
	}
}

func TestAFolderThatVanishesIsSaidAndWatchedAgain(t *testing.T) {
	top := t.TempDir()
	dir := top + "/there/folder"
	write(t, dir+"/a/file", "")
	for _, how := range []struct {
		what       string
		gone, back func() error
	}{
		{"moved", func() error { return os.Rename(dir, top+"/away") }, func() error { return os.Rename(top+"/away", dir) }},
		{
			"moved with the one above", func() error { return os.Rename(top+"/there", top+"/away") },
			func() error { return os.Rename(top+"/away", top+"/there") },
		},
		{"deleted", func() error { return os.RemoveAll(dir) }, func() error { return os.MkdirAll(dir+"/a", 0o700) }},
		{
			"replaced by a file", func() error { return firstErr(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)) },
			func() error { return firstErr(os.Remove(dir), os.MkdirAll(dir+"/a", 0o700)) },
		},
	} {
		t.Run(how.what, func(t *testing.T) {
			r := watched(t, dir, Options{}, every(20*time.Millisecond))
			r.clean()
			must(t, how.gone())
			for c := r.next(); c.Why != ErrGone; c = r.next() {
				if c.All {
					t.Errorf("reported %+v", c)
				}
			}
			if s := r.until("gone", func(s State) bool { return s.Err != nil }); s.Err != ErrGone || s.Watching {
				t.Errorf("the state is %+v", s)
			}
			must(t, how.back())
			for c := r.next(); !c.All || c.Why != nil; c = r.next() { // it may have been seen half made
				if c.Why != nil && c.Why != ErrGone {
					t.Errorf("back, and reported %+v", c)
				}
			}
			must(t, os.MkdirAll(dir+"/"+fence, 0o700))
			r.reported()
			write(t, dir+"/a/file", "again")
			r.wants("a")
		})
	}
}

func TestAFolderThatIsNotThereYetIsWatchedWhenItComes(t *testing.T) {
	dir := t.TempDir() + "/later"
	r := watch(t, dir, Options{}, every(20*time.Millisecond))
	if c := r.next(); c.Why != ErrGone || !c.All {
		t.Errorf("reported %+v", c)
	}
	must(t, os.MkdirAll(dir+"/"+fence, 0o700))
	if c := r.next(); c.Why != nil || !c.All {
		t.Errorf("reported %+v", c)
	}
	write(t, dir+"/file", "")
	r.wants("")
}

func TestAFolderReplacedByAnotherIsWatchedAnew(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/dir/a/file", "")
	write(t, top+"/other/a/file", "")
	must(t, os.Mkdir(top+"/other/"+fence, 0o700))
	r := watched(t, top+"/dir", Options{}, every(20*time.Millisecond))
	must(t, os.Rename(top+"/dir", top+"/old"))
	must(t, os.Rename(top+"/other", top+"/dir"))
	for c := r.next(); !c.All || c.Why != nil; c = r.next() {
		if c.Why != nil && c.Why != ErrGone { // seen between the two
			t.Errorf("reported %+v", c)
		}
	}
	r.reported()
	write(t, top+"/old/a/file", "not ours any more")
	r.wants()
	write(t, top+"/dir/a/file", "ours")
	r.wants("a")
}

func TestLinksAreNotFollowedBelowTheFolder(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/outside/deep/file", "")
	write(t, top+"/dir/a/file", "")
	must(t, os.Symlink(top+"/outside", top+"/dir/a/link"))
	must(t, os.Symlink(top+"/dir", top+"/way in"))
	r := watched(t, top+"/way in", Options{})
	if s := r.clean(); s.Watches != 3 {
		t.Errorf("%d directories are watched", s.Watches)
	}
	must(t, os.Symlink(top+"/outside", top+"/dir/later"))
	r.wants("")
	write(t, top+"/outside/deep/file", "more")
	write(t, top+"/outside/new", "more")
	r.wants()
	// A directory becomes a link.
	must(t, os.Rename(top+"/dir/a", top+"/a"))
	must(t, os.Symlink(top+"/outside", top+"/dir/a"))
	r.wants("")
	write(t, top+"/outside/deep/file", "even more")
	write(t, top+"/a/file", "more")
	r.wants()
}

func TestNamesOfEveryKindAreReportedAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	names := []string{"with space", "...", "-", "ü", "new\nline", "not\xffutf8", `back\slash`, strings.Repeat("x", 255)}
	for _, name := range names {
		must(t, os.MkdirAll(dir+"/"+name+"/in", 0o700))
	}
	r := watched(t, dir, Options{})
	for _, name := range names {
		must(t, os.WriteFile(dir+"/"+name+"/in/file", nil, 0o600))
		r.wants(name + "/in")
	}
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
