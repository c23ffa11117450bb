//go:build linux

package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCommitPutsContentInPlaceInOneStep(t *testing.T) {
	d, dir := target(t)
	for _, noSync := range []bool{false, true} {
		f, err := d.Create()
		must(t, err)
		f.NoSync = noSync
		_, err = io.WriteString(f, "one")
		must(t, err)
		must(t, f.Hole(2))
		_, err = f.WriteAt([]byte("four"), 8)
		must(t, err)
		_, err = io.WriteString(f, "two")
		must(t, err)
		if list, _ := os.ReadDir(dir); len(list) == 0 || !IsTempName(list[0].Name()) {
			t.Fatalf("while writing: %v", list)
		}
		if fi, err := os.Stat(filepath.Join(dir, f.name)); err != nil || fi.Mode().Perm() != 0o600 {
			t.Fatalf("others may read what is not finished: %v, %v", fi.Mode(), err)
		}
		must(t, f.Commit("file", plain, true))
		wantContent(t, filepath.Join(dir, "file"), "one\x00\x00twofour")
		wantNames(t, dir, "file")
		must(t, f.Abort())
		wantNames(t, dir, "file")
		wantErr(t, f.Commit("file", plain, true), os.ErrClosed)
		_, err = f.Write([]byte("late"))
		wantErr(t, err, os.ErrClosed)
	}
	must(t, d.SyncFS())
}

// What goes to the disk while the file is still being written is the file all the same, whatever the pieces.
func TestALargeFileIsWholeHoweverItIsWritten(t *testing.T) {
	d, dir := target(t)
	for _, piece := range []int{100_000, tellAfter, 5*tellAfter + 1} {
		f, err := d.Create()
		must(t, err)
		f.NoSync = true
		var want []byte
		for i := byte(1); len(want) < 12*tellAfter; i++ {
			p := bytes.Repeat([]byte{i}, piece)
			_, err := f.Write(p)
			must(t, err)
			must(t, f.Hole(4097))
			want = append(append(want, p...), make([]byte, 4097)...)
		}
		must(t, f.Commit("file", plain, true))
		must(t, d.SyncFS())
		if got, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("in pieces of %d: %d bytes came back, %v", piece, len(got), err)
		}
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	d, dir := target(t)
	f, err := d.Create()
	must(t, err)
	_, err = f.Write([]byte("half"))
	must(t, err)
	must(t, f.Abort())
	must(t, f.Abort())
	wantNames(t, dir)
}

func TestAFileThatDoesNotFitIsRefused(t *testing.T) {
	d, dir := target(t)
	for _, spoil := range []func(f *TempFile) error{
		func(f *TempFile) error { return f.Hole(-1) },
		func(f *TempFile) error { return errors.Join(f.Hole(math.MaxInt64), f.Hole(1)) },
		func(f *TempFile) error { return second(f.WriteAt([]byte("a"), math.MaxInt64)) },
		func(f *TempFile) error { return second(f.WriteAt([]byte("a"), -1)) },
	} {
		f, err := d.Create()
		must(t, err)
		if spoil(f) == nil {
			t.Error("accepted")
		}
		if err := f.Commit("file", plain, true); err == nil {
			t.Error("committed with a gap")
		}
		wantNames(t, dir)
	}
	f, err := d.Create()
	must(t, err)
	must(t, f.Hole(math.MaxInt64)) // more than any file system takes
	if err := f.Commit("file", plain, true); err == nil {
		t.Error("committed")
	}
	wantNames(t, dir)
}

func TestCommitWithoutReplaceNeverClobbers(t *testing.T) {
	for name, there := range map[string]func(path string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("mine"), 0o400) },
		"link":   func(path string) error { return os.Symlink("mine", path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := target(t)
			f, err := d.Create()
			must(t, err)
			_, err = io.WriteString(f, "restored")
			must(t, err)
			must(t, there(filepath.Join(dir, "name"))) // only now
			before := lstat(t, d, "name")
			wantErr(t, f.Commit("name", plain, false), ErrExists)
			if after := lstat(t, d, "name"); after != before {
				t.Errorf("changed from %+v to %+v", before, after)
			}
			wantErr(t, d.Symlink("x", "name", plain, false), ErrExists)
			must(t, write(t, d, "other", "", plain, false))
			wantErr(t, d.Link(d, "other", "name", false), ErrExists)
			if after := lstat(t, d, "name"); after != before {
				t.Errorf("changed from %+v to %+v", before, after)
			}
			wantNames(t, dir, "name", "other")
		})
	}
}

// The three ways to rename without replacing, best first; which one is used depends on the file system.
func TestEveryWayToRenameKeepsWhatIsThere(t *testing.T) {
	for name, rename := range map[string]func(int, string, string) error{
		"exclusive": renameExclusive, "by link": renameByLink, "by placeholder": renameByPlaceholder, "chosen": renameNoReplace,
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := target(t)
			must(t, write(t, d, "new", "new", plain, false))
			must(t, rename(d.fd, "new", "name"))
			wantContent(t, filepath.Join(dir, "name"), "new")
			must(t, write(t, d, "newer", "newer", plain, false))
			wantErr(t, rename(d.fd, "newer", "name"), unix.EEXIST)
			wantContent(t, filepath.Join(dir, "name"), "new")
			wantNames(t, dir, "name", "newer")
		})
	}
}

func TestOfManyCommitsOneGetsTheName(t *testing.T) {
	d, dir := target(t)
	for round := range 50 {
		name := fmt.Sprint("file", round)
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			f, err := d.Create()
			must(t, err)
			f.NoSync = true
			_, err = fmt.Fprint(f, i)
			must(t, err)
			wg.Go(func() { errs[i] = f.Commit(name, plain, false) })
		}
		wg.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner < 0:
				winner = i
			case err == nil:
				t.Fatalf("%d and %d both got the name", winner, i)
			default:
				wantErr(t, err, ErrExists)
			}
		}
		wantContent(t, filepath.Join(dir, name), fmt.Sprint(winner))
		must(t, d.Remove(name))
	}
	wantNames(t, dir)
}

func TestReplacingReplacesTheNameAndNotWhatItPointsTo(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, []byte("untouched"), 0o644))
	d, dir := target(t)
	must(t, os.Symlink(outside, filepath.Join(dir, "name")))
	must(t, write(t, d, "name", "restored", plain, true))
	wantContent(t, outside, "untouched")
	wantContent(t, filepath.Join(dir, "name"), "restored")

	must(t, os.WriteFile(filepath.Join(dir, "read-only"), []byte("old"), 0o000))
	must(t, write(t, d, "read-only", "new", plain, true))
	wantContent(t, filepath.Join(dir, "read-only"), "new")

	must(t, d.Symlink(outside, "name", plain, true))
	wantContent(t, outside, "untouched")
	if to, err := d.Readlink("name"); err != nil || to != outside {
		t.Errorf("link points to %q, %v", to, err)
	}

	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	wantErr(t, write(t, d, "folder", "x", plain, true), ErrConflict)
	wantErr(t, d.Symlink("x", "folder", plain, true), ErrConflict)
	wantErr(t, d.Link(d, "name", "folder", true), ErrConflict)
	wantNames(t, dir, "folder", "name", "read-only")
}

func TestALinkOrFileWhereAFolderShouldBeIsAConflict(t *testing.T) {
	outside := t.TempDir()
	d, dir := target(t)
	must(t, os.Symlink(outside, filepath.Join(dir, "link")))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	must(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	for _, name := range []string{"link", "dangling", "file", "pipe"} {
		_, _, err := d.Mkdir(name)
		wantErr(t, err, ErrConflict)
	}
	wantNames(t, outside)
	sub, created, err := d.Mkdir("new")
	must(t, err)
	if e := lstat(t, d, "new"); !created || e.Mode&0o777 != 0o700 {
		t.Errorf("created %v with mode %o", created, e.Mode)
	}
	must(t, write(t, sub, "file", "content", plain, false))
	must(t, sub.Close())
	sub, created, err = d.Mkdir("new")
	must(t, err)
	defer sub.Close()
	if created {
		t.Error("says it made what was there")
	}
	wantContent(t, filepath.Join(dir, "new", "file"), "content")
	wantErr(t, d.Remove("new"), ErrConflict)
	must(t, d.Remove("link"))
	wantErr(t, d.Remove("link"), notExist)

	_, err = OpenTarget(filepath.Join(dir, "file"))
	wantErr(t, err, ErrConflict)
	_, err = OpenTarget(filepath.Join(dir, "file", "below"))
	wantErr(t, err, ErrConflict)
	deep, err := OpenTarget(filepath.Join(dir, "a", "b", "c"))
	must(t, err)
	must(t, deep.Close())
}

func TestNothingIsWrittenUnderABadName(t *testing.T) {
	d, dir := target(t)
	must(t, write(t, d, "file", "", plain, false))
	parent := filepath.Dir(dir)
	before, err := os.ReadDir(parent)
	must(t, err)
	for _, name := range badNames {
		_, _, err := d.Mkdir(name)
		wantErr(t, err, ErrBadName)
		for _, replace := range []bool{false, true} {
			wantErr(t, write(t, d, name, "x", plain, replace), ErrBadName)
			wantErr(t, d.Symlink("x", name, plain, replace), ErrBadName)
			wantErr(t, d.Link(d, "file", name, replace), ErrBadName)
			wantErr(t, d.Link(d, name, "file2", replace), ErrBadName)
		}
		wantErr(t, d.Remove(name), ErrBadName)
	}
	wantNames(t, dir, "file")
	after, err := os.ReadDir(parent)
	must(t, err)
	if len(before) != len(after) {
		t.Fatalf("beside the target: %v", after)
	}
}

func TestAnyNameThatLinuxHasComesBack(t *testing.T) {
	d, dir := target(t)
	names := []string{"line\nbreak", "\xff\xfe", " ", "...", strings.Repeat("\xf0", 255), "CON", "a:b", `back\slash`, "trailing."}
	for _, name := range names {
		must(t, write(t, d, name, name, plain, false))
	}
	for _, name := range names {
		wantContent(t, filepath.Join(dir, name), name)
	}
	must(t, d.Symlink("\xff\nnowhere", "link", plain, false))
	if to, err := d.Readlink("link"); err != nil || to != "\xff\nnowhere" {
		t.Errorf("link points to %q, %v", to, err)
	}
	long := strings.Repeat("x", 4095)
	must(t, d.Symlink(long, "long", plain, false))
	if to, err := d.Readlink("long"); err != nil || to != long {
		t.Errorf("link of %d bytes, %v", len(to), err)
	}
	wantErr(t, write(t, d, strings.Repeat("n", 256), "", plain, false), unix.ENAMETOOLONG)
	wantErr(t, d.Symlink("", "empty", plain, false), notExist)
	wantNames(t, dir, append(names, "link", "long")...)
}

func TestHardLinksShareOneFile(t *testing.T) {
	d, dir := target(t)
	sub, _, err := d.Mkdir("sub")
	must(t, err)
	defer sub.Close()
	must(t, write(t, d, "first", "content", plain, false))
	must(t, sub.Link(d, "first", "second", false))
	must(t, write(t, sub, "third", "in the way", plain, false))
	must(t, sub.Link(d, "first", "third", true))
	must(t, sub.Link(d, "first", "third", true)) // over itself
	first := lstat(t, d, "first")
	if first.Links != 3 {
		t.Errorf("%d names, want 3", first.Links)
	}
	for _, name := range []string{"second", "third"} {
		if e := lstat(t, sub, name); e.Inode != first.Inode {
			t.Errorf("%s is another file", name)
		}
	}
	wantNames(t, filepath.Join(dir, "sub"), "second", "third")

	// A link is linked itself, and not what it points to.
	must(t, d.Symlink("first", "link", plain, false))
	must(t, d.Link(d, "link", "link2", false))
	if e := lstat(t, d, "link2"); e.Kind != Symlink {
		t.Errorf("link2 is a %s", e.What())
	}
	wantErr(t, d.Link(d, "gone", "x", false), notExist)
	wantErr(t, d.Link(d, "gone", "x", true), notExist)
	wantErr(t, d.Link(d, "sub", "x", false), ErrNoHardLink)

	shm, err := os.MkdirTemp("/dev/shm", "disk")
	must(t, err)
	defer os.RemoveAll(shm)
	other, err := OpenTarget(shm)
	must(t, err)
	defer other.Close()
	for _, replace := range []bool{false, true} {
		wantErr(t, other.Link(d, "first", "x", replace), ErrNoHardLink, unix.EXDEV)
	}
	wantNames(t, shm)
}

func TestDepthHasNoLimit(t *testing.T) {
	const depth = 1000
	d, dir := target(t)
	name := strings.Repeat("d", 200)
	at := d
	for range depth {
		sub, _, err := at.Mkdir(name)
		must(t, err)
		if at != d {
			must(t, at.Close())
		}
		at = sub
	}
	must(t, write(t, at, "bottom", "deep", plain, false))
	must(t, at.Close())

	at, err := OpenRoot(dir)
	must(t, err)
	for range depth {
		entries, err := at.ReadDir()
		must(t, err)
		if len(entries) != 1 {
			t.Fatalf("%d entries", len(entries))
		}
		if _, err := at.Xattrs(entries[0].Name, Directory); err != nil {
			t.Fatal(err)
		}
		sub, err := at.OpenDir(entries[0].Name)
		must(t, err)
		must(t, at.Close())
		at = sub
	}
	defer at.Close()
	f, err := at.OpenFile("bottom")
	must(t, err)
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || string(got) != "deep" {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestAFullDiskIsSaidAndLeavesNothing(t *testing.T) {
	withOwnMounts(t, func(t *testing.T) {
		dir := t.TempDir()
		must(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"))
		defer func() { must(t, syscall.Unmount(dir, 0)) }()
		d, err := OpenTarget(dir)
		must(t, err)
		defer func() { must(t, d.Close()) }()
		if free, err := FreeSpace(filepath.Join(dir, "not", "there")); err != nil || free != 256<<10 {
			t.Errorf("%d bytes free, %v", free, err)
		}
		f, err := d.Create()
		must(t, err)
		block := bytes.Repeat([]byte("x"), 10_000)
		for range 100 {
			if _, err = f.Write(block); err != nil {
				break
			}
		}
		wantErr(t, err, syscall.ENOSPC, ErrNoSpace)
		wantErr(t, f.Commit("file", plain, true), syscall.ENOSPC, ErrNoSpace)
		wantNames(t, dir)
		if free, err := FreeSpace(dir); err != nil || free != 256<<10 {
			t.Errorf("%d bytes free afterwards, %v", free, err)
		}

		// Holes take no space, and the file fits.
		f, err = d.Create()
		must(t, err)
		must(t, f.Hole(100<<20))
		must(t, f.Commit("holes", plain, false))

		must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
		_, err = d.Create()
		wantErr(t, err, ErrReadOnly, syscall.EROFS)
		_, _, err = d.Mkdir("folder")
		wantErr(t, err, ErrReadOnly)
		wantErr(t, d.Symlink("x", "link", plain, true), ErrReadOnly)
		wantErr(t, d.Remove("holes"), ErrReadOnly)
	})
}

func TestFreeSpaceIsMeasuredAtTheNearestParent(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{dir, file, filepath.Join(file, "below"), filepath.Join(dir, "a", "b"), ".", "/"} {
		if free, err := FreeSpace(path); err != nil || free <= 0 {
			t.Errorf("%s: %d, %v", path, free, err)
		}
	}
	_, err := FreeSpace("a\x00b")
	wantErr(t, err, unix.EINVAL)
}
