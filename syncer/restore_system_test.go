//go:build linux

package syncer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"golang.org/x/sys/unix"

	"roost/syncer/disk"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// restoreChild is set in a copy of this test that runs alone in a process of its own.
const restoreChild = "ROOST_RESTORE_TEST_CHILD"

// inChild runs body in a process of its own, as attr says. dir is a temporary folder of that process.
func inChild(t *testing.T, attr *syscall.SysProcAttr, owner int, body func(t *testing.T, dir string)) {
	t.Helper()
	if dir := os.Getenv(restoreChild); dir != "" {
		body(t, dir)
		return
	}
	must(t, runAgain(t, childDir(t, owner), attr))
}

// childDir makes a folder for child processes, with this test in it.
func childDir(t *testing.T, owner int) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "restore-child") // not t.TempDir, whose parent only we may enter
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	self, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(dir+"/syncer.test", self, 0o755))
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Mkdir(dir+"/tmp", 0o755))
	for _, d := range []string{dir, dir + "/tmp"} {
		must(t, os.Chown(d, owner, -1))
	}
	return dir
}

// runAgain runs this test alone in a child process.
func runAgain(t *testing.T, dir string, attr *syscall.SysProcAttr) error {
	t.Helper()
	cmd := exec.Command(dir+"/syncer.test", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), restoreChild+"="+dir, "TMPDIR="+dir+"/tmp")
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err == nil && !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Fatalf("the child process did not run the test:\n%s", out)
	}
	if err != nil {
		err = fmt.Errorf("in the child process: %w\n%s", err, out)
	}
	return err
}

// withOwnMounts runs body where it may mount without anyone else seeing it.
func withOwnMounts(t *testing.T, body func(t *testing.T, dir string)) {
	t.Helper()
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if uid := os.Geteuid(); uid != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	inChild(t, attr, os.Geteuid(), func(t *testing.T, dir string) {
		must(t, syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
		body(t, dir)
	})
}

// everything describes what is below a folder, with all that a backup keeps: path to description.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	inodes := map[uint64]string{}
	must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		d := fmt.Sprintf("mode %o owner %d:%d time %d.%09d", st.Mode, st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFLNK:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			d += " to " + target
		case unix.S_IFREG:
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			d += fmt.Sprintf(" size %d sum %x", st.Size, sha256.Sum256(b))
			if st.Nlink > 1 {
				if inodes[st.Ino] == "" {
					inodes[st.Ino] = rel
				}
				d += " is " + inodes[st.Ino]
			}
			if st.Size > 1<<20 && st.Blocks*512 < st.Size/2 {
				d += " sparse"
			}
		}
		var value [256]byte
		if n, err := unix.Lgetxattr(path, "user.mark", value[:]); err == nil {
			d += " marked " + string(value[:n])
		}
		out[rel] = d
		return nil
	}))
	return out
}

func wantSame(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if got[path] != want[path] {
			t.Errorf("%q is   %s\nwant %s", path, got[path], want[path])
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("%q is new", path)
		}
	}
}

// variety fills a folder with all that a folder can hold.
func variety(t *testing.T, dir string) {
	t.Helper()
	sample(t, dir, 7)
	write(t, dir+"/odd/new\nline \xff\xfe.txt", "odd")
	write(t, dir+"/odd/.hidden", "")
	write(t, dir+"/closed/file", "in a closed folder")
	write(t, dir+"/secret", "secret")
	write(t, dir+"/program", "run me")
	write(t, dir+"/long", noise(9, 6<<20))
	write(t, dir+"/data.db", "SQLite format 3\x00"+noise(8, 300_000))
	must(t, os.MkdirAll(dir+"/void/er", 0o750))
	must(t, os.Symlink("nowhere", dir+"/dangling"))
	must(t, os.Symlink("/etc", dir+"/absolute"))
	must(t, os.Symlink("../photos", dir+"/odd/folder"))
	write(t, dir+"/links/one/a", "one file")
	must(t, os.MkdirAll(dir+"/links/two", 0o755))
	must(t, os.Link(dir+"/links/one/a", dir+"/links/two/b"))
	must(t, os.Link(dir+"/links/one/a", dir+"/links/one/c"))
	must(t, os.Link(dir+"/long", dir+"/links/two/long"))

	f, err := os.Create(dir + "/sparse")
	must(t, err)
	for _, off := range []int64{3 << 20, 9<<20 + 17, 12 << 20} {
		_, err = f.WriteAt([]byte(noise(uint64(off), 200_000)), off)
		must(t, err)
	}
	must(t, errors.Join(f.Truncate(20<<20), f.Close()))
	must(t, os.WriteFile(dir+"/hole", nil, 0o600))
	must(t, os.Truncate(dir+"/hole", 2<<20))

	must(t, unix.Setxattr(dir+"/secret", "user.mark", []byte("top"), 0))
	must(t, unix.Setxattr(dir+"/void", "user.mark", []byte("folder"), 0))
	must(t, os.Chmod(dir+"/secret", 0o000))
	must(t, os.Chmod(dir+"/program", 0o4755))
	must(t, os.Chmod(dir+"/photos", 0o2775))
	must(t, os.Chmod(dir+"/closed", 0o500))
	when := time.Unix(-86400, 123456789)
	for i, path := range []string{"/secret", "/closed", "/links/one", "/links/two", "/void/er", "/void", "/odd", "/photos", ""} {
		at := when.Add(time.Duration(i) * 1_000_000_007)
		must(t, os.Chtimes(dir+path, at, at))
	}
	ts := []unix.Timespec{{Sec: 5, Nsec: 7}, {Sec: 5, Nsec: 7}}
	must(t, unix.UtimesNanoAt(unix.AT_FDCWD, dir+"/dangling", ts, unix.AT_SYMLINK_NOFOLLOW))
}

func TestRestoreBringsEverythingBackAsItWas(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		src := filepath.Join(t.TempDir(), "Photos")
		variety(t, src)
		t.Cleanup(func() { must(t, os.Chmod(src+"/closed", 0o700)) })
		secret := testEntropy(t)
		e := testEngine(t, n, secret)
		added(t, e, src)
		if s := backup(t, e); len(s.Skipped) > 0 {
			t.Fatalf("skipped %+v", s.Skipped)
		}
		want := everything(t, src)
		other := testEngine(t, n, secret)
		to := t.TempDir()
		for _, rule := range []OnConflict{KeepBoth, Replace, SkipFile} {
			r := restores(t, other, RestoreOptions{To: to, OnConflict: rule})
			if first := rule == KeepBoth; first != (r.Files > 0) || first != (r.Same == 0) {
				t.Errorf("%s: %d restored, %d the same", rule, r.Files, r.Same)
			}
			wantSame(t, everything(t, to+"/Photos"), want)
		}
		must(t, os.Chmod(to+"/Photos/closed", 0o700))
		must(t, os.Remove(to+"/Photos/links/one/a"))
		must(t, os.Remove(to+"/Photos/closed/file"))
		must(t, os.Chmod(to+"/Photos/closed", 0o500))
		restores(t, other, RestoreOptions{To: to})
		got := everything(t, to+"/Photos")
		for path := range want {
			if got[path] == "" {
				t.Errorf("%q did not come back", path)
			}
		}
		if got["closed"] != want["closed"] || got["links/one"] != want["links/one"] {
			t.Errorf("a folder that was written to is %s and %s", got["closed"], got["links/one"])
		}
		must(t, os.Chmod(to+"/Photos/closed", 0o700))
	})
}

func TestRestoreWithoutRights(t *testing.T) {
	const nobody = 65534
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	owner := nobody
	if os.Geteuid() != 0 {
		attr, owner = nil, os.Geteuid()
	}
	inChild(t, attr, owner, func(t *testing.T, dir string) {
		s := saving(t, func(dir string) {
			write(t, dir+"/closed/below/file", "saved")
			write(t, dir+"/closed/file", "saved")
			must(t, os.Link(dir+"/closed/file", dir+"/closed/below/linked"))
			must(t, os.Chmod(dir+"/closed/below", 0o500))
			must(t, os.Chmod(dir+"/closed", 0o500))
			write(t, dir+"/open/file", "saved")
		})
		to := t.TempDir()
		mode := func(path string, m fs.FileMode) { must(t, os.Chmod(to+"/Photos/"+path, m)) }
		open := func(path string) {
			mode("closed", 0o700)
			mode("closed/below", 0o700)
			if path != "" {
				must(t, os.Remove(to+"/Photos/"+path))
			}
		}
		defer func() {
			open("")
			must(t, os.Chmod(s.src+"/closed", 0o700))
			must(t, os.Chmod(s.src+"/closed/below", 0o700))
		}()
		restores(t, s.other, RestoreOptions{To: to})
		wantSame(t, everything(t, to+"/Photos"), everything(t, s.src))

		// Into a folder that its owner may not write, as a restore leaves it.
		open("closed/below/file")
		mode("closed/below", 0o500)
		mode("closed", 0o500)
		restores(t, s.other, RestoreOptions{To: to})
		wantSame(t, everything(t, to+"/Photos"), everything(t, s.src))

		// What is somebody else's stays so, and does not stop the rest.
		must(t, os.Remove(to+"/Photos/open/file"))
		mode("open", 0o500)
		wall := t.TempDir()
		must(t, os.Chmod(wall, 0o500))
		if os.Geteuid() == nobody {
			if _, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: "/usr/roost-restore-test"}, nil); !isFileError(err) {
				t.Errorf("error %v", err)
			}
		}
		restores(t, s.other, RestoreOptions{To: wall}) // our own folder, only closed
		open("")
		must(t, os.Chmod(wall, 0o700))
		must(t, os.Chmod(wall+"/Photos/closed", 0o700))
		must(t, os.Chmod(wall+"/Photos/closed/below", 0o700))
	})
}

func TestATargetWithoutRoomIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, dir string) {
		s := saving(t, func(dir string) {
			write(t, dir+"/a", noise(1, 3<<20))
			write(t, dir+"/b", noise(2, 600_000))
			must(t, os.Link(dir+"/b", dir+"/b2"))
			must(t, os.WriteFile(dir+"/hole", nil, 0o600))
			must(t, os.Truncate(dir+"/hole", 64<<20))
		})
		to := t.TempDir()
		must(t, unix.Mount("tmpfs", to, "tmpfs", 0, "size=4m"))
		defer func() { must(t, unix.Unmount(to, unix.MNT_DETACH)) }()
		restores(t, s.other, RestoreOptions{To: to}) // holes and second names take no room
		wantSame(t, everything(t, to+"/Photos"), everything(t, s.src))
		restores(t, s.other, RestoreOptions{To: to}) // nor does what is there
		must(t, os.RemoveAll(to+"/Photos"))
		write(t, to+"/other", noise(3, 1<<20))
		_, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
		if !errors.Is(err, ErrNoRoom) || !strings.Contains(err.Error(), "3.7 MB are needed") || !strings.Contains(err.Error(), "3.1 MB are free") {
			t.Errorf("error %v", err)
		}
		wantNames(t, to, "other")
	})
}

func TestADiskThatFillsUpEndsTheRestoreCleanly(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, dir string) {
		s := saving(t, func(dir string) { sample(t, dir, 1) })
		to := t.TempDir()
		must(t, unix.Mount("tmpfs", to, "tmpfs", 0, "size=10m,nr_inodes=20"))
		defer func() { must(t, unix.Unmount(to, unix.MNT_DETACH)) }()
		r, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
		if !errors.Is(err, ErrNoRoom) || !errors.Is(err, disk.ErrNoSpace) || r == nil || r.Files == 0 {
			t.Errorf("%+v, error %v", r, err)
		}
		noTemporaryFiles(t, to)
		must(t, unix.Mount("", to, "", unix.MS_REMOUNT, "size=10m,nr_inodes=100"))
		if r := restores(t, s.other, RestoreOptions{To: to}); r.Same == 0 || r.Same+r.Files != 34 {
			t.Errorf("resumed with %+v", r)
		}
		wantSame(t, everything(t, to+"/Photos"), everything(t, s.src))
	})
}

func TestAReadOnlyTargetIsSaid(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, dir string) {
		s := saving(t, func(dir string) { sample(t, dir, 1) })
		to := t.TempDir()
		must(t, unix.Mount("tmpfs", to, "tmpfs", 0, "size=10m"))
		defer func() { must(t, unix.Unmount(to, unix.MNT_DETACH)) }()
		must(t, unix.Mount("", to, "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=10m"))
		_, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
		if !errors.Is(err, disk.ErrReadOnly) {
			t.Errorf("error %v", err)
		}
		_, err = s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to + "/new"}, nil)
		if !errors.Is(err, disk.ErrReadOnly) {
			t.Errorf("error %v", err)
		}
	})
}

func TestOtherDisksBelowTheTargetAreWrittenTo(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, dir string) {
		s := saving(t, func(dir string) {
			write(t, dir+"/here", "one file")
			must(t, os.Mkdir(dir+"/there", 0o755))
			must(t, os.Link(dir+"/here", dir+"/there/linked"))
		})
		to := t.TempDir()
		must(t, os.MkdirAll(to+"/Photos/there", 0o755))
		must(t, unix.Mount("tmpfs", to+"/Photos/there", "tmpfs", 0, "size=1m"))
		defer func() { must(t, unix.Unmount(to+"/Photos/there", unix.MNT_DETACH)) }()
		restores(t, s.other, RestoreOptions{To: to})
		wantContent(t, to+"/Photos/here", "one file")
		wantContent(t, to+"/Photos/there/linked", "one file") // a copy: no link leads there
	})
}

// dying is a storage that kills this process at a read.
type dying struct {
	node.Node
	left atomic.Int64
}

func (d *dying) Get(ctx context.Context, id cid.Cid) ([]byte, error) {
	if d.left.Add(-1) == 0 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return nil, err
		}
		<-ctx.Done()
	}
	return d.Node.Get(ctx, id)
}

func TestAKilledRestoreGoesOn(t *testing.T) {
	const after = "ROOST_RESTORE_TEST_READS"
	if dir := os.Getenv(restoreChild); dir != "" {
		var reads int64
		_, err := fmt.Sscan(os.Getenv(after), &reads)
		must(t, err)
		n, secret := &nodetest.Memory{}, testEntropy(t)
		e := testEngine(t, n, secret)
		added(t, e, dir+"/src/Photos")
		backup(t, e)
		d := &dying{Node: n}
		other := testEngine(t, d, secret)
		if _, err := other.state(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.left.Store(reads)
		r := restores(t, other, RestoreOptions{To: dir + "/to"})
		if r.Same == 0 {
			t.Error("the interrupted restores left nothing to go on from")
		}
		return
	}
	dir := childDir(t, os.Geteuid())
	src := dir + "/src/Photos"
	variety(t, src)
	for i := range 20 {
		write(t, fmt.Sprintf("%s/more/%d", src, i), noise(uint64(i), 900_000))
	}
	killed := 0
	for _, reads := range []string{"14", "16", "18", "0"} {
		t.Setenv(after, reads)
		err := runAgain(t, dir, nil)
		if err != nil && strings.Contains(err.Error(), "signal: killed") {
			killed++
		} else if err != nil {
			t.Fatalf("after %s reads: %v", reads, err)
		}
	}
	if killed < 2 {
		t.Fatalf("only %d restores were killed", killed)
	}
	wantSame(t, everything(t, dir+"/to/Photos"), everything(t, src))
	noTemporaryFiles(t, dir+"/to")
}
