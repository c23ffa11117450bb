//go:build linux

package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var times = []Meta{
	{MTimeSec: 0, MTimeNsec: 0},
	{MTimeSec: 1_700_000_000, MTimeNsec: 123_456_789},
	{MTimeSec: -1, MTimeNsec: 999_999_999},
	{MTimeSec: -2_000_000_000, MTimeNsec: 1}, // 1906
	{MTimeSec: 2_500_000_000, MTimeNsec: 5},  // 2049
	{MTimeSec: 4_500_000_000, MTimeNsec: 7},  // 2112
	{MTimeSec: 15_000_000_000, MTimeNsec: 9}, // 2445, near the end of ext4
}

func TestTimesComeBackToTheNanosecond(t *testing.T) {
	d, _ := target(t)
	for i, m := range times {
		m.Mode = 0o755
		file, link, folder := fmt.Sprint("file", i), fmt.Sprint("link", i), fmt.Sprint("folder", i)
		must(t, write(t, d, file, "", m, false))
		must(t, d.Symlink("nowhere", link, m, false))
		sub, _, err := d.Mkdir(folder)
		must(t, err)
		must(t, write(t, sub, "child", "", plain, false))
		must(t, sub.SetDirMeta(m))
		must(t, sub.Close())
		for _, name := range []string{file, link, folder} {
			if e := lstat(t, d, name); e.MTimeSec != m.MTimeSec || e.MTimeNsec != m.MTimeNsec {
				t.Errorf("%s has %d.%09d, want %d.%09d", name, e.MTimeSec, e.MTimeNsec, m.MTimeSec, m.MTimeNsec)
			}
		}
	}
}

func TestFolderTimesSurviveTheirChildren(t *testing.T) {
	d, _ := target(t)
	want := Meta{Mode: 0o755, MTimeSec: 1000, MTimeNsec: 1}
	open := []*Dir{d}
	for i := range 5 {
		sub, _, err := open[i].Mkdir("folder")
		must(t, err)
		must(t, write(t, sub, "child", "", plain, false))
		must(t, sub.Symlink("x", "link", plain, false))
		open = append(open, sub)
	}
	for _, sub := range slices.Backward(open[1:]) {
		must(t, sub.SetDirMeta(want))
	}
	for i, sub := range open[1:] {
		e, err := sub.Stat()
		must(t, err)
		if e.MTimeSec != want.MTimeSec || e.MTimeNsec != want.MTimeNsec || e.Mode != want.Mode {
			t.Errorf("folder %d: %+v", i, e)
		}
		must(t, sub.Close())
	}
}

func TestModesComeBack(t *testing.T) {
	d, _ := target(t)
	uid, gid := uint32(os.Geteuid()), uint32(os.Getegid())
	for _, mode := range []uint32{0, 0o400, 0o644, 0o777, 0o1755, 0o4755, 0o2755, 0o7777} {
		m := Meta{Mode: mode, UID: uid, GID: gid, HasOwner: true}
		name := fmt.Sprintf("%o", mode)
		must(t, write(t, d, name, "", m, false))
		sub, _, err := d.Mkdir("folder " + name)
		must(t, err)
		must(t, sub.SetDirMeta(m))
		must(t, sub.Close())
		for _, name := range []string{name, "folder " + name} {
			if e := lstat(t, d, name); e.Mode != mode {
				t.Errorf("%s has mode %o", name, e.Mode)
			}
		}
	}
}

// A backup of somebody's setuid program, restored by root without its owner, would run as root.
func TestSetuidIsOnlyForTheRecordedOwner(t *testing.T) {
	test := func(t *testing.T) {
		root := os.Geteuid() == 0
		self, group := uint32(os.Geteuid()), uint32(os.Getegid())
		d, _ := target(t)
		for i, c := range []struct {
			m    Meta
			want uint32
			uid  uint32
		}{
			{Meta{Mode: 0o6755}, 0o755, self},
			{Meta{Mode: 0o6755, UID: self, GID: group, HasOwner: true}, 0o6755, self},
			{Meta{Mode: 0o7755, UID: 1234, GID: 5678, HasOwner: true}, ternary(root, 0o7755, 0o1755), ternary(root, 1234, self)},
			{Meta{Mode: 0o6755, UID: self, GID: 5678, HasOwner: true}, ternary(root, 0o6755, 0o4755), self},
			{Meta{Mode: 0o2755, UID: 1234, GID: group, HasOwner: true}, ternary(root, 0o2755, 0o755), ternary(root, 1234, self)},
			{Meta{Mode: 0o755, UID: 1234, GID: 5678, HasOwner: true}, 0o755, ternary(root, 1234, self)},
		} {
			file, folder := fmt.Sprint("file", i), fmt.Sprint("folder", i)
			err := write(t, d, file, "program", c.m, false)
			sub, _, merr := d.Mkdir(folder)
			must(t, merr)
			derr := sub.SetDirMeta(c.m)
			must(t, sub.Close())
			for name, err := range map[string]error{file: err, folder: derr} {
				e := lstat(t, d, name)
				if e.Mode != c.want || e.UID != c.uid {
					t.Errorf("%s: mode %o of %d, want %o of %d", name, e.Mode, e.UID, c.want, c.uid)
				}
				w, warned := errors.AsType[*MetaWarning](err)
				if err != nil && !warned {
					t.Error(err)
				}
				if dropped := c.want != c.m.Mode; dropped != warned || dropped && !slices.Equal(w.Names, []string{"setuid"}) {
					t.Errorf("%s: warned %v", name, err)
				}
			}
		}
		err := d.Symlink("x", "link", Meta{UID: 1234, GID: 5678, HasOwner: true}, false)
		must(t, err)
		if e := lstat(t, d, "link"); e.UID != ternary(root, 1234, self) {
			t.Errorf("the link belongs to %d", e.UID)
		}
	}
	if os.Getenv(childEnv) == "" {
		t.Run("as ourselves", test)
	}
	asNobody(t, test)
}

func ternary(cond bool, a, b uint32) uint32 {
	if cond {
		return a
	}
	return b
}

func TestXattrsComeBack(t *testing.T) {
	d, _ := target(t)
	want := []Xattr{
		{Name: "user.a", Value: []byte("1")},
		{Name: "user.binary", Value: []byte{0, 1, 255}},
		{Name: "user.empty", Value: []byte{}},
		{Name: "user.long", Value: []byte(strings.Repeat("x", 2000))},
	}
	m := Meta{Mode: 0o400, Xattrs: want}
	must(t, write(t, d, "file", "content", m, false))
	sub, _, err := d.Mkdir("folder")
	must(t, err)
	m.Mode = 0o500
	must(t, sub.SetDirMeta(m))
	must(t, sub.Close())
	for name, kind := range map[string]Kind{"file": File, "folder": Directory} {
		got, err := d.Xattrs(name, kind)
		must(t, err)
		if !slices.EqualFunc(got, want, func(a, b Xattr) bool { return a.Name == b.Name && string(a.Value) == string(b.Value) }) {
			t.Errorf("%s has %v", name, got)
		}
	}
}

func TestAttributesThatAreNotAcceptedAreAWarning(t *testing.T) {
	asNobody(t, func(t *testing.T) {
		d, dir := target(t)
		m := Meta{Mode: 0o644, MTimeSec: 5, Xattrs: []Xattr{
			{Name: "com.apple.FinderInfo", Value: []byte("x")},
			{Name: "security.capability", Value: []byte("x")},
			{Name: "security.selinux", Value: []byte("x")},
			{Name: "system.nfs4_acl", Value: []byte("x")},
			{Name: "trusted.x", Value: []byte("x")},
			{Name: "user.fine", Value: []byte("x")},
			{Name: "user.too large", Value: make([]byte, 1<<20)},
		}}
		check := func(err error, want ...string) {
			t.Helper()
			w, ok := errors.AsType[*MetaWarning](err)
			if !ok || !slices.Equal(w.Names, want) {
				t.Fatalf("got %v, want a warning of %q", err, want)
			}
			if errors.Is(err, unix.EPERM) || errors.Is(err, ErrNoSpace) {
				t.Fatalf("%v looks like a failure of the content", err)
			}
			for _, name := range want {
				if !strings.Contains(err.Error(), name) {
					t.Fatalf("%q does not name %s", err, name)
				}
			}
		}
		refused := []string{"com.apple.FinderInfo", "security.capability", "security.selinux", "system.nfs4_acl", "trusted.x", "user.too large"}
		check(write(t, d, "file", "content", m, false), refused...)
		wantContent(t, filepath.Join(dir, "file"), "content")
		if e := lstat(t, d, "file"); e.MTimeSec != 5 || e.Mode != 0o644 {
			t.Errorf("%+v", e)
		}
		x, err := d.Xattrs("file", File)
		if err != nil || len(x) != 1 || x[0].Name != "user.fine" {
			t.Errorf("%v, %v", x, err)
		}
		sub, _, err := d.Mkdir("folder")
		must(t, err)
		defer sub.Close()
		check(sub.SetDirMeta(m), refused...)

		link := Meta{MTimeSec: 5, Xattrs: []Xattr{{Name: "user.x"}}}
		check(d.Symlink("x", "link", link, false), "user.x")
		if e := lstat(t, d, "link"); e.MTimeSec != 5 {
			t.Errorf("%+v", e)
		}
	})
}

// acl is a POSIX access control list: pairs of tag and permissions, with the id of named users and groups.
func acl(entries ...[3]uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return b
}

const (
	userObj, user, groupObj, mask, other = 0x01, 0x02, 0x04, 0x10, 0x20

	noID = 0xffffffff
)

func TestAccessListsComeBackForTheirOwner(t *testing.T) {
	d, _ := target(t)
	list := acl([3]uint32{userObj, 6, noID}, [3]uint32{user, 7, 1234}, [3]uint32{groupObj, 4, noID}, [3]uint32{mask, 7, noID}, [3]uint32{other, 0, noID})
	m := Meta{
		Mode: 0o670, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), HasOwner: true,
		Xattrs: []Xattr{{Name: aclAccess, Value: list}, {Name: "user.x", Value: []byte("x")}},
	}
	must(t, write(t, d, "file", "", m, false))
	x, err := d.Xattrs("file", File)
	if e := lstat(t, d, "file"); err != nil || len(x) != 2 || string(x[0].Value) != string(list) || e.Mode != 0o670 {
		t.Errorf("%v, mode %o, %v", x, e.Mode, err)
	}

	// For another owner the numbers in the list mean other people; without it the group must not get what the
	// mode says the most generous entry may do.
	m.HasOwner = false
	err = write(t, d, "theirs", "", m, false)
	if w, ok := errors.AsType[*MetaWarning](err); !ok || !slices.Equal(w.Names, []string{aclAccess}) {
		t.Error(err)
	}
	x, err = d.Xattrs("theirs", File)
	if e := lstat(t, d, "theirs"); err != nil || len(x) != 1 || e.Mode != 0o640 {
		t.Errorf("%v, mode %o, %v", x, e.Mode, err)
	}
}

func TestNothingInheritsRightsFromTheTarget(t *testing.T) {
	d, dir := target(t)
	list := acl([3]uint32{userObj, 7, noID}, [3]uint32{user, 7, 1234}, [3]uint32{groupObj, 5, noID}, [3]uint32{mask, 7, noID}, [3]uint32{other, 0, noID})
	must(t, unix.Setxattr(dir, aclDefault, list, 0))
	must(t, write(t, d, "file", "", Meta{Mode: 0o660}, false))
	sub, _, err := d.Mkdir("folder")
	must(t, err)
	defer sub.Close()
	must(t, write(t, sub, "file", "", Meta{Mode: 0o660}, false))
	must(t, sub.SetDirMeta(Meta{Mode: 0o770}))
	x1, err1 := d.Xattrs("file", File)
	x2, err2 := d.Xattrs("folder", Directory)
	x3, err3 := sub.Xattrs("file", File)
	if x1 != nil || x2 != nil || x3 != nil || err1 != nil || err2 != nil || err3 != nil {
		t.Errorf("inherited %v, %v, %v", x1, x2, x3)
	}
}

func FuzzACLGroupBits(f *testing.F) {
	f.Add(acl([3]uint32{userObj, 7, noID}, [3]uint32{groupObj, 5, noID}))
	f.Add([]byte{2, 0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, list []byte) {
		if bits := aclGroupBits(list); bits&^0o070 != 0 {
			t.Fatalf("%o", bits)
		}
	})
}

func TestReadOnlyFilesAndFoldersAreRestoredAgainAndAgain(t *testing.T) {
	asNobody(t, func(t *testing.T) {
		d, dir := target(t)
		for round := range 3 {
			for _, mode := range []uint32{0o000, 0o100, 0o400, 0o500, 0o200, 0o555} {
				name := fmt.Sprintf("%03o", mode)
				sub, created, err := d.Mkdir(name)
				must(t, err)
				if created != (round == 0) {
					t.Fatalf("created %v in round %d", created, round)
				}
				content := fmt.Sprint("round ", round)
				must(t, write(t, sub, "file", content, Meta{Mode: mode, MTimeSec: 7}, true))
				must(t, sub.Symlink("x", "link", plain, true))
				must(t, sub.Link(sub, "file", "hard link", true))
				inner, _, err := sub.Mkdir("inner")
				must(t, err)
				must(t, inner.Close())
				if round < 2 { // in the last round the folder is only closed
					m := Meta{Mode: mode, MTimeSec: 9, Xattrs: []Xattr{{Name: "user.x", Value: []byte(content)}}}
					must(t, sub.SetDirMeta(m))
				}
				must(t, sub.Close())
				if e := lstat(t, d, name); e.Mode != mode || round < 2 && e.MTimeSec != 9 {
					t.Errorf("%s in round %d: %+v", name, round, e)
				}
				path := filepath.Join(dir, name)
				must(t, os.Chmod(path, 0o700))
				if e := lstatPath(t, filepath.Join(path, "file")); e.Mode().Perm() != os.FileMode(mode) {
					t.Errorf("file in %s has mode %v", name, e.Mode())
				}
				must(t, os.Chmod(filepath.Join(path, "file"), 0o400))
				wantContent(t, filepath.Join(path, "file"), content)
				must(t, os.Chmod(path, os.FileMode(mode)))
			}
		}
		for _, de := range must2(t)(os.ReadDir(dir)) {
			must(t, os.Chmod(filepath.Join(dir, de.Name()), 0o700))
		}

		// What belongs to somebody else stays as it is.
		theirs, err := OpenTarget("/usr")
		must(t, err)
		defer theirs.Close()
		_, err = theirs.Create()
		wantErr(t, err, os.ErrPermission)
	})
}

func lstatPath(t *testing.T, path string) os.FileInfo {
	t.Helper()
	fi, err := os.Lstat(path)
	must(t, err)
	return fi
}

func must2(t *testing.T) func(list []os.DirEntry, err error) []os.DirEntry {
	return func(list []os.DirEntry, err error) []os.DirEntry {
		t.Helper()
		must(t, err)
		return list
	}
}

func TestAllOfAFileComesBack(t *testing.T) {
	src, dir := target(t)
	must(t, os.WriteFile(filepath.Join(dir, "file"), []byte(strings.Repeat("content", 10_000)), 0o600))
	must(t, unix.Setxattr(filepath.Join(dir, "file"), "user.note", []byte("mine"), 0))
	must(t, os.Chmod(filepath.Join(dir, "file"), 0o751))
	e := lstat(t, src, "file")
	in, err := src.OpenFile("file")
	must(t, err)
	defer in.Close()
	x, err := FileXattrs(in)
	must(t, err)

	dst, out := target(t)
	f, err := dst.Create()
	must(t, err)
	_, err = io.Copy(f, in)
	must(t, err)
	must(t, f.Commit("file", Meta{Mode: e.Mode, MTimeSec: e.MTimeSec, MTimeNsec: e.MTimeNsec, UID: e.UID, GID: e.GID, HasOwner: true, Xattrs: x}, false))
	got := lstat(t, dst, "file")
	if got.Mode != e.Mode || got.MTimeSec != e.MTimeSec || got.MTimeNsec != e.MTimeNsec || got.UID != e.UID || got.Size != e.Size {
		t.Errorf("got %+v, want %+v", got, e)
	}
	back, err := dst.Xattrs("file", File)
	if err != nil || len(back) != 1 || string(back[0].Value) != "mine" {
		t.Errorf("%v, %v", back, err)
	}
	wantContent(t, filepath.Join(out, "file"), strings.Repeat("content", 10_000))
}

// Only root may give a link attributes; they go to the link, and what it points to stays as it is.
func TestAttributesOfALinkAreItsOwn(t *testing.T) {
	d, _ := target(t)
	must(t, write(t, d, "file", "", plain, false))
	x := []Xattr{{Name: "trusted.note", Value: []byte("link")}}
	err := d.Symlink("file", "link", Meta{MTimeSec: 5, Xattrs: x}, false)
	if os.Geteuid() != 0 {
		if w, ok := errors.AsType[*MetaWarning](err); !ok || !slices.Equal(w.Names, []string{"trusted.note"}) {
			t.Error(err)
		}
		return
	}
	must(t, err)
	got, err := d.Xattrs("link", Symlink)
	if err != nil || len(got) != 1 || string(got[0].Value) != "link" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := d.Xattrs("file", File); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
