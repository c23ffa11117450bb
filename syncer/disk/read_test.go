//go:build linux

package disk

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadDirTellsEverythingAboutEveryKindOfEntry(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("hello"), 0o600))
	must(t, os.Chmod(filepath.Join(dir, "file"), 0o640|fs.ModeSetgid|fs.ModeSticky))
	must(t, os.Link(filepath.Join(dir, "file"), filepath.Join(dir, "second name")))
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "link")))
	must(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	must(t, err)
	defer l.Close()
	d, err := OpenRoot(dir)
	must(t, err)
	defer d.Close()

	entries, err := d.ReadDir()
	must(t, err)
	want := map[string]string{
		"file": "file", "second name": "file", "folder": "folder", "link": "link", "pipe": "named pipe", "socket": "socket",
	}
	if len(entries) != len(want) {
		t.Fatalf("%d entries, want %d", len(entries), len(want))
	}
	if !slices.IsSortedFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) }) {
		t.Fatal("entries are not sorted")
	}
	for _, e := range entries {
		if e.What() != want[e.Name] {
			t.Errorf("%s is a %s, want %s", e.Name, e.What(), want[e.Name])
		}
		if one := lstat(t, d, e.Name); one != e {
			t.Errorf("Lstat says %+v, ReadDir %+v", one, e)
		}
		var st unix.Stat_t
		must(t, unix.Lstat(filepath.Join(dir, e.Name), &st))
		if e.Inode != st.Ino || e.Dev != st.Dev || e.Links != st.Nlink || e.UID != st.Uid || e.GID != st.Gid ||
			e.MTimeSec != st.Mtim.Sec || int64(e.MTimeNsec) != st.Mtim.Nsec || e.CTimeSec != st.Ctim.Sec ||
			int64(e.CTimeNsec) != st.Ctim.Nsec || e.Mode != st.Mode&0o7777 || e.Blocks != st.Blocks {
			t.Errorf("%s: %+v differs from %+v", e.Name, e, st)
		}
		if e.Kind == File && (e.Size != 5 || e.Links != 2 || e.Mode != 0o3640) || e.Kind != File && e.Size != 0 {
			t.Errorf("%+v", e)
		}
	}
	if root, err := d.Stat(); err != nil || root.Kind != Directory || root.Name != "" || root.Inode == 0 {
		t.Fatalf("Stat: %+v, %v", root, err)
	}
	again, err := d.ReadDir()
	must(t, err)
	if !slices.Equal(entries, again) {
		t.Fatal("listing a second time gives something else")
	}
	if dev, err := OpenRoot("/dev"); err != nil {
		t.Fatal(err)
	} else if e := lstat(t, dev, "null"); e.Kind != Other || e.What() != "device" {
		t.Fatalf("/dev/null is a %s", e.What())
	}
}

func TestReadDirListsManyFilesAndAnyName(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 1000 {
		want = append(want, fmt.Sprintf("%d-%s", i, strings.Repeat("n", i%240)))
	}
	want = append(want, "line\nbreak", "\xff\xfe not UTF-8", " ", "...", "-rf", strings.Repeat("\xf0", 255), "\x01\x7f", `back\slash`, "a:b")
	slices.Sort(want)
	for _, name := range want {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	d, err := OpenRoot(dir)
	must(t, err)
	defer d.Close()
	entries, err := d.ReadDir()
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%d names, want %d", len(got), len(want))
	}
}

func TestAFolderThatVanishedIsNotAnEmptyFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	must(t, os.Mkdir(dir, 0o700))
	d, err := OpenRoot(dir)
	must(t, err)
	defer d.Close()
	must(t, os.Remove(dir))
	_, err = d.ReadDir()
	wantErr(t, err, notExist)
}

func TestAClosedFolderDoesNothing(t *testing.T) {
	d, err := OpenTarget(t.TempDir())
	must(t, err)
	must(t, d.Close())
	// Another directory may get the descriptor's number.
	other, otherPath := target(t)
	_, err = d.ReadDir()
	wantErr(t, err, os.ErrClosed)
	if _, err := d.Create(); err == nil {
		t.Error("a file was created in a closed folder")
	}
	if _, _, err := d.Mkdir("a"); err == nil {
		t.Error("a folder was created in a closed folder")
	}
	defer noListxattrat.Store(noListxattrat.Load())
	for _, older := range []bool{false, true} {
		noListxattrat.Store(older)
		if _, err := d.Xattrs("a", File); !errors.Is(err, unix.EBADF) {
			t.Errorf("attributes in a closed folder: %v", err)
		}
	}
	if err := d.SetDirMeta(plain); err == nil {
		t.Error("metadata of a closed folder was set")
	}
	wantErr(t, d.Close(), os.ErrClosed)
	wantNames(t, otherPath)
	if _, err := other.Stat(); err != nil {
		t.Fatal(err)
	}
}

func TestReadingNeverFollowsALink(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
	dir := t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(dir, "link")))
	must(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "filelink")))
	must(t, os.Symlink("link", filepath.Join(dir, "second")))
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))

	way := filepath.Join(t.TempDir(), "way")
	must(t, os.Symlink(dir, way))
	d, err := OpenRoot(way) // the chosen folder itself may be a link
	must(t, err)
	defer d.Close()

	for _, name := range []string{"link", "second", "filelink", "file"} {
		_, err := d.OpenDir(name)
		wantErr(t, err, ErrNotDir)
	}
	for _, name := range []string{"link", "second", "filelink"} {
		_, err := d.OpenFile(name)
		wantErr(t, err, ErrNotRegular)
		if e := lstat(t, d, name); e.Kind != Symlink {
			t.Errorf("%s is a %s", name, e.What())
		}
	}
	_, err = d.OpenFile("folder")
	wantErr(t, err, ErrNotRegular)
	if to, err := d.Readlink("link"); err != nil || to != outside {
		t.Errorf("link points to %q, %v", to, err)
	}
	if _, err := d.Readlink("file"); err == nil {
		t.Error("a file was read as a link")
	}
	for _, name := range badNames {
		_, err1 := d.OpenDir(name)
		_, err2 := d.OpenFile(name)
		_, err3 := d.Readlink(name)
		_, err4 := d.Lstat(name)
		_, err5 := d.Xattrs(name, File)
		for _, err := range []error{err1, err2, err3, err4, err5} {
			wantErr(t, err, ErrBadName)
		}
	}
	for _, err := range []error{second(d.OpenDir("gone")), second(d.OpenFile("gone")), second(d.Lstat("gone"))} {
		wantErr(t, err, notExist)
	}
	_, err = OpenRoot(filepath.Join(dir, "file"))
	wantErr(t, err, ErrNotDir)
}

func second[T any](_ T, err error) error { return err }

func TestOpenFileNeverWaits(t *testing.T) {
	dir := t.TempDir()
	must(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	must(t, err)
	defer l.Close()
	d, err := OpenRoot(dir)
	must(t, err)
	defer d.Close()
	for _, name := range []string{"pipe", "socket"} {
		_, err = d.OpenFile(name)
		wantErr(t, err, ErrNotRegular)
	}
}

// A file server such as Samba holds leases on the files its clients have open. The kernel refuses a non-blocking
// open until the lease is given back, and the file was not read.
func TestOpenFileWaitsForALeaseToBeGivenBack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "leased")
	must(t, os.WriteFile(path, []byte("content"), 0o600))
	holder, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer holder.Close()
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGIO)
	defer signal.Stop(broken)
	if _, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Fatal(err)
	}
	returned := make(chan error, 1)
	go func() {
		<-broken
		_, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		returned <- err
	}()
	d, err := OpenRoot(dir)
	must(t, err)
	defer d.Close()
	f, err := d.OpenFile("leased")
	must(t, err)
	defer f.Close()
	must(t, <-returned)
	buf := make([]byte, 10)
	if n, err := f.Read(buf); err != nil || string(buf[:n]) != "content" {
		t.Fatalf("read %q, %v", buf[:n], err)
	}
}

func TestXattrsAreReadWithoutFollowing(t *testing.T) {
	d, dir := target(t)
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	must(t, os.Symlink("file", filepath.Join(dir, "link")))
	must(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))

	if x, err := d.Xattrs("file", File); x != nil || err != nil {
		t.Fatalf("%v, %v", x, err)
	}
	// Fails where the file system has no attributes: choose another TMPDIR.
	var want []Xattr
	for i := range 20 { // more than one buffer of names
		want = append(want, Xattr{Name: fmt.Sprintf("user.attribute number %02d", i), Value: []byte{byte(i), 0, '\n'}})
	}
	want[3].Value = []byte(strings.Repeat("long", 500))
	want[4].Value = []byte{}
	for _, x := range slices.Backward(want) {
		must(t, unix.Setxattr(file, x.Name, x.Value, 0))
	}
	must(t, unix.Setxattr(filepath.Join(dir, "folder"), "user.a", []byte("b"), 0))

	got, err := d.Xattrs("file", File)
	must(t, err)
	same := func(a, b Xattr) bool { return a.Name == b.Name && string(a.Value) == string(b.Value) }
	if !slices.EqualFunc(got, want, same) {
		t.Fatalf("got %v", got)
	}
	f, err := d.OpenFile("file")
	must(t, err)
	defer f.Close()
	if got, err = FileXattrs(f); err != nil || !slices.EqualFunc(got, want, same) {
		t.Fatalf("by descriptor: %v, %v", got, err)
	}
	if got, err = d.openedXattrs("file", unix.O_NOFOLLOW); err != nil || !slices.EqualFunc(got, want, same) {
		t.Fatalf("without /proc: %v, %v", got, err)
	}
	was := noListxattrat.Swap(true)
	got, err = d.Xattrs("file", File)
	noListxattrat.Store(was)
	if err != nil || !slices.EqualFunc(got, want, same) {
		t.Fatalf("on an older kernel: %v, %v", got, err)
	}
	if got, err = d.Xattrs("folder", Directory); err != nil || len(got) != 1 || got[0].Name != "user.a" {
		t.Fatalf("of a folder: %v, %v", got, err)
	}
	for name, kind := range map[string]Kind{"link": Symlink, "pipe": Other} {
		if got, err = d.Xattrs(name, kind); got != nil || err != nil {
			t.Fatalf("of %s: %v, %v", name, got, err)
		}
	}
	_, err = d.Xattrs("gone", File)
	wantErr(t, err, notExist)
}

func TestUnreadableEntriesAreNamedBesideTheOthers(t *testing.T) {
	asNobody(t, func(t *testing.T) {
		dir := t.TempDir()
		for _, name := range []string{"closed", "list only"} {
			must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, name, "file"), nil, 0o600))
		}
		must(t, os.WriteFile(filepath.Join(dir, "secret"), nil, 0o000))
		must(t, os.Chmod(filepath.Join(dir, "closed"), 0o000))
		must(t, os.Chmod(filepath.Join(dir, "list only"), 0o400))
		defer func() {
			must(t, os.Chmod(filepath.Join(dir, "closed"), 0o700))
			must(t, os.Chmod(filepath.Join(dir, "list only"), 0o700))
		}()
		d, err := OpenRoot(dir)
		must(t, err)
		defer d.Close()
		_, err = d.OpenDir("closed")
		wantErr(t, err, fs.ErrPermission)
		_, err = d.OpenFile("secret")
		wantErr(t, err, fs.ErrPermission)
		sub, err := d.OpenDir("list only")
		must(t, err)
		defer sub.Close()
		entries, err := sub.ReadDir()
		wantErr(t, err, fs.ErrPermission)
		failed, ok := errors.AsType[EntryErrors](err)
		if !ok || len(failed) != 1 || failed[0].Name != "file" || len(entries) != 0 {
			t.Fatalf("%v, %v", entries, err)
		}
		if e := lstat(t, d, "closed"); e.Mode != 0 {
			t.Fatalf("reading changed a mode to %o", e.Mode)
		}
	})
}

func FuzzParseDirents(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x18\x00\x08name\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x18\x00\x08../a\x00"))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, buf []byte) {
		ents, err := parseDirents(buf, nil)
		if err != nil {
			return
		}
		for _, e := range ents {
			if CheckName(e.name) != nil {
				t.Fatalf("name %q got through", e.name)
			}
		}
	})
}
