package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err error, is ...error) {
	t.Helper()
	for _, target := range is {
		if !errors.Is(err, target) {
			t.Fatalf("error %v, want one that is %v", err, target)
		}
	}
}

// target is an empty directory, open for writing, and its path.
func target(t testing.TB) (*Dir, string) {
	t.Helper()
	path := t.TempDir()
	d, err := OpenTarget(path)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d, path
}

func write(t testing.TB, d *Dir, name, content string, m Meta, replace bool) error {
	t.Helper()
	f, err := d.Create()
	must(t, err)
	f.NoSync = true
	_, err = io.WriteString(f, content)
	must(t, err)
	return f.Commit(name, m, replace)
}

func wantContent(t testing.TB, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	if string(got) != want {
		t.Fatalf("%s holds %q, want %q", filepath.Base(path), got, want)
	}
}

// wantNames also tells that nothing temporary was left.
func wantNames(t testing.TB, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var got []string
	for _, de := range list {
		got = append(got, de.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("directory holds %q, want %q", got, want)
	}
}

func lstat(t testing.TB, d *Dir, name string) Entry {
	t.Helper()
	e, err := d.Lstat(name)
	must(t, err)
	return e
}

var plain = Meta{Mode: 0o644, MTimeSec: 1}

// TestFilesAreRestoredAndReadAgain uses all that every system has.
func TestFilesAreRestoredAndReadAgain(t *testing.T) {
	d, dir := target(t)
	m := Meta{Mode: 0o444, MTimeSec: 1_700_000_000, MTimeNsec: 123_456_700} // Windows counts in 100 ns
	sub, created, err := d.Mkdir("folder")
	must(t, err)
	if !created {
		t.Error("the folder was there already")
	}
	must(t, write(t, sub, "file", "content", m, false))
	wantErr(t, write(t, sub, "file", "other", m, false), ErrExists)
	wantContent(t, filepath.Join(dir, "folder", "file"), "content")
	must(t, write(t, sub, "file", "newer", m, true)) // over a read-only file
	must(t, sub.Link(sub, "file", "second", false))
	must(t, sub.Link(sub, "file", "second", true))
	wantErr(t, sub.Link(sub, "file", "second", false), ErrExists)
	must(t, sub.SetDirMeta(Meta{Mode: 0o755, MTimeSec: m.MTimeSec, MTimeNsec: m.MTimeNsec}))
	must(t, sub.SyncFS())
	must(t, sub.Close())

	must(t, write(t, d, "plain", "", plain, false))
	_, _, err = d.Mkdir("plain")
	wantErr(t, err, ErrConflict)
	wantErr(t, write(t, d, "folder", "", plain, true), ErrConflict)
	wantErr(t, d.Remove("folder"), ErrConflict)
	must(t, d.Remove("plain"))
	wantErr(t, d.Remove("plain"), fs.ErrNotExist)

	r, err := OpenRoot(dir)
	must(t, err)
	defer r.Close()
	if e := lstat(t, r, "folder"); e.Kind != Directory || e.MTimeSec != m.MTimeSec || e.MTimeNsec != m.MTimeNsec {
		t.Errorf("folder: %+v", e)
	}
	in, err := r.OpenDir("folder")
	must(t, err)
	defer in.Close()
	entries, err := in.ReadDir()
	must(t, err)
	if len(entries) != 2 || entries[0].Name != "file" || entries[1].Name != "second" {
		t.Fatalf("%+v", entries)
	}
	for _, e := range entries {
		if e.Kind != File || e.Size != 5 || e.Mode != 0o444 || e.MTimeSec != m.MTimeSec || e.MTimeNsec != m.MTimeNsec {
			t.Errorf("%+v", e)
		}
	}
	f, err := in.OpenFile("file")
	must(t, err)
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || string(got) != "newer" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = in.OpenDir("file")
	wantErr(t, err, ErrNotDir)
	_, err = r.OpenFile("folder")
	wantErr(t, err, ErrNotRegular)
	_, err = r.OpenFile("gone")
	wantErr(t, err, fs.ErrNotExist)
	_, err = OpenRoot(filepath.Join(dir, "folder", "file"))
	wantErr(t, err, ErrNotDir)

	if err := os.Symlink("folder", filepath.Join(dir, "link")); err != nil {
		if runtime.GOOS != "windows" { // where only some people may
			t.Fatal(err)
		}
		return
	}
	_, err = r.OpenDir("link")
	wantErr(t, err, ErrNotDir)
	_, _, err = d.Mkdir("link")
	wantErr(t, err, ErrConflict)
	must(t, d.Symlink("elsewhere", "link", plain, true))
	if to, err := d.Readlink("link"); err != nil || to != "elsewhere" {
		t.Errorf("link points to %q, %v", to, err)
	}
	wantErr(t, d.Symlink("x", "link", plain, false), ErrExists)
}

func TestSweepLeavesWhatIsBeingWritten(t *testing.T) {
	d, dir := target(t)
	must(t, os.WriteFile(filepath.Join(dir, tempName()), nil, 0o600))
	f, err := d.Create()
	must(t, err)
	if n, err := SweepTemp(d); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	must(t, f.Commit("file", plain, false))
	wantNames(t, dir, "file")
}
