package watcher

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// watcherChild is set in a copy of this test that runs alone in a process of its own.
const watcherChild = "ROOST_WATCHER_TEST_CHILD"

// inChild runs body in a process of its own, as attr says, where t.TempDir belongs to owner.
func inChild(t *testing.T, attr *syscall.SysProcAttr, owner int, body func(t *testing.T)) {
	t.Helper()
	if os.Getenv(watcherChild) != "" {
		body(t)
		return
	}
	tmp, err := os.MkdirTemp("", "watcher-child") // not t.TempDir, whose parent only we may enter
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(tmp)) })
	must(t, os.Chown(tmp, owner, -1))
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = tmp
	cmd.Env = append(os.Environ(), watcherChild+"=1", "TMPDIR="+tmp)
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("in the child process: %v\n%s", err, out)
	}
}

// ownUsers are a user namespace of one's own, and one for mounts: its limits are ours to set, its mounts nobody sees.
func ownUsers() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

func setSysctl(t *testing.T, name string, n int) {
	t.Helper()
	must(t, os.WriteFile("/proc/sys/"+strings.ReplaceAll(name, ".", "/"), fmt.Append(nil, n), 0))
}

// kernelWatches are the directories that this process watches, as the kernel lists them.
func kernelWatches(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	files, err := filepath.Glob("/proc/self/fdinfo/*")
	must(t, err)
	for _, path := range files {
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // closed meanwhile
		}
		must(t, err)
		for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
			var wd, ino, dev uint64
			if n, _ := fmt.Sscanf(lines.Text(), "inotify wd:%x ino:%x sdev:%x", &wd, &ino, &dev); n == 3 {
				found[fmt.Sprintf("%x", ino)] = true
			}
		}
	}
	return found
}

// directories are those below dir and itself, named as kernelWatches does.
func directories(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			var st unix.Stat_t
			err = unix.Lstat(path, &st)
			found[fmt.Sprintf("%x", st.Ino)] = true
		}
		return err
	}))
	return found
}

func TestTooManyDirectoriesForTheSystemAreSaidWithTheFix(t *testing.T) {
	inChild(t, ownUsers(), os.Geteuid(), func(t *testing.T) {
		setSysctl(t, "user.max_inotify_watches", 50)
		dir := t.TempDir()
		for i := range 60 {
			write(t, fmt.Sprintf("%s/%d/file", dir, i), "")
		}
		r := watch(t, dir, Options{}, every(20*time.Millisecond))
		c := r.next()
		if !c.All || !errors.Is(c.Why, ErrLimit) {
			t.Fatalf("reported %+v", c)
		}
		for _, part := range []string{"user.max_inotify_watches", "now 50", "=524288", "sysctl --system"} {
			if !strings.Contains(c.Why.Error(), part) {
				t.Errorf("%q does not say %q", c.Why, part)
			}
		}
		if s := r.until("limited", func(s State) bool { return s.Err != nil }); s.Watching || s.Watches != 0 || !errors.Is(s.Err, ErrLimit) {
			t.Errorf("the state is %+v", s)
		}
		if left := kernelWatches(t); len(left) != 0 {
			t.Errorf("%d watches are kept, which other programs need", len(left))
		}
		r.until("clean", func(s State) bool { return s.Err != nil && s.DirtySince.IsZero() })
		setSysctl(t, "user.max_inotify_watches", 70) // the fix
		if c := r.next(); !c.All || c.Why != nil {
			t.Errorf("after the fix reported %+v", c)
		}
		must(t, os.Mkdir(dir+"/"+fence, 0o700))
		r.reported()
		write(t, dir+"/59/file", "more")
		r.wants("59")
		r.clean()
		// And reached while it works.
		for i := range 20 {
			must(t, os.Mkdir(fmt.Sprintf("%s/more%d", dir, i), 0o700))
		}
		for c = r.next(); c.Why == nil; c = r.next() {
			if c.All {
				t.Errorf("reported %+v", c)
			}
		}
		if !errors.Is(c.Why, ErrLimit) {
			t.Errorf("reported %+v", c)
		}
	})
}

func TestTooManyWatchersForTheSystemAreSaidWithTheFix(t *testing.T) {
	inChild(t, ownUsers(), os.Geteuid(), func(t *testing.T) {
		setSysctl(t, "user.max_inotify_instances", 0)
		r := watch(t, t.TempDir(), Options{}, every(20*time.Millisecond))
		if c := r.next(); !errors.Is(c.Why, ErrLimit) || !strings.Contains(c.Why.Error(), "max_inotify_instances") && !strings.Contains(c.Why.Error(), "max_user_instances") {
			t.Errorf("reported %+v", c)
		}
	})
}

func TestTooManyOpenFilesAreSaid(t *testing.T) {
	inChild(t, nil, os.Geteuid(), func(t *testing.T) {
		dir := t.TempDir()
		pipe, _, err := os.Pipe() // the runtime must have what it needs before there is none
		must(t, err)
		must(t, pipe.SetDeadline(time.Now()))
		var old unix.Rlimit
		must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: old.Max}))
		for {
			if _, err := unix.Open("/dev/null", unix.O_RDONLY, 0); err != nil {
				break
			}
		}
		r := watch(t, dir, Options{})
		if c := r.next(); !errors.Is(c.Why, ErrLimit) || !strings.Contains(c.Why.Error(), "ulimit -n") {
			t.Errorf("reported %+v", c)
		}
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	})
}

func TestMountsThatAppearAndVanishAreNoticed(t *testing.T) {
	inChild(t, ownUsers(), os.Geteuid(), func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir+"/disk/below/file", "under the mount")
		r := watched(t, dir, Options{}, every(20*time.Millisecond))
		must(t, unix.Mount("tmpfs", dir+"/disk", "tmpfs", 0, "size=1m"))
		if c := r.next(); !c.All || c.Why != nil {
			t.Errorf("mounted, and reported %+v", c)
		}
		write(t, dir+"/disk/new/file", "")
		if got := r.reported(); got.All || strings.Join(got.Dirs, " ") != "disk disk/new" {
			t.Errorf("on the mount: reported %+v", got)
		}
		must(t, unix.Unmount(dir+"/disk", 0))
		if c := r.next(); !c.All || c.Why != nil {
			t.Errorf("unmounted, and reported %+v", c)
		}
		write(t, dir+"/disk/below/file", "visible again")
		r.wants("disk/below")
		// One that does not tell of changes.
		r.clean()
		must(t, os.Mkdir(dir+"/system", 0o700))
		r.wants("", "system")
		must(t, unix.Mount("/proc", dir+"/system", "", unix.MS_BIND|unix.MS_REC, ""))
		if c := r.next(); !c.All || !errors.Is(c.Why, ErrUnsupported) {
			t.Errorf("with /proc in it, reported %+v", c)
		}
		if s := r.until("left out", func(s State) bool { return s.Err != nil }); s.Watching || !errors.Is(s.Err, ErrUnsupported) || s.Watches < 4 {
			t.Errorf("the state is %+v", s)
		}
		write(t, dir+"/disk/below/file", "the rest is watched")
		r.wants("disk/below")
		must(t, unix.Unmount(dir+"/system", unix.MNT_DETACH))
		if c := r.next(); !c.All || c.Why != nil {
			t.Errorf("without it, reported %+v", c)
		}
		r.clean()
		// The folder itself.
		must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"))
		if c := r.next(); !c.All || c.Why != nil {
			t.Errorf("mounted over, and reported %+v", c)
		}
		must(t, os.Mkdir(dir+"/"+fence, 0o700))
		r.reported()
		write(t, dir+"/file", "")
		r.wants("")
		_ = r.stop()
		must(t, unix.Unmount(dir, 0))
	})
}

// inotify has one watch per directory, whatever the number of its paths.
func TestAFolderAtTwoPlacesIsSaid(t *testing.T) {
	inChild(t, ownUsers(), os.Geteuid(), func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir+"/a/file", "")
		must(t, os.Mkdir(dir+"/b", 0o700))
		must(t, unix.Mount(dir+"/a", dir+"/b", "", unix.MS_BIND, ""))
		r := watch(t, dir, Options{}, every(20*time.Millisecond))
		if c := r.next(); !c.All || !errors.Is(c.Why, ErrUnsupported) {
			t.Errorf("reported %+v", c)
		}
		must(t, unix.Unmount(dir+"/b", 0))
		if c := r.next(); !c.All || c.Why != nil {
			t.Errorf("reported %+v", c)
		}
		r.clean()
	})
}

func TestAFileSystemWithoutEventsIsSaid(t *testing.T) {
	for dir, kind := range map[string]string{"/proc/sys/kernel": "proc", "/sys/class": "sysfs"} {
		r := watch(t, dir, Options{})
		c := r.next()
		if !c.All || !errors.Is(c.Why, ErrUnsupported) || !strings.Contains(c.Why.Error(), kind) || strings.Contains(c.Why.Error(), dir) {
			t.Errorf("%s: reported %+v", dir, c)
		}
		if s := r.until("said", func(s State) bool { return s.Err != nil }); s.Watching || !errors.Is(s.Err, ErrUnsupported) {
			t.Errorf("%s: the state is %+v", dir, s)
		}
	}
}

func TestMoreChangesThanTheKernelKeepsAreNoticed(t *testing.T) {
	dir := t.TempDir()
	s, err := begin(t.Context(), dir, nil)
	must(t, err)
	defer func() { must(t, s.close()) }()
	s.backlog.mu.Lock() // nothing is fetched from the kernel
	for i := range sysctl("fs.inotify.max_queued_events") + 5000 {
		must(t, os.WriteFile(fmt.Sprintf("%s/%d", dir, i), nil, 0o600))
	}
	s.backlog.mu.Unlock()
	for deadline := time.After(patient); ; {
		select {
		case <-s.backlog.ready:
		case <-deadline:
			t.Fatal("the lost events are not noticed")
		}
		if b := s.backlog.take(); b.lost != nil {
			if !errors.Is(b.lost, ErrOverflow) {
				t.Errorf("lost, and said %v", b.lost)
			}
			return
		}
	}
}

func TestChangesThatWereLostAreAllAndWatchedAgain(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(dir+"/a/b", 0o700))
	piled := false
	r := watched(t, dir, Options{Skip: func(d string) bool {
		if d == "slow" && !piled { // the watcher waits here for as long as it likes
			piled = true
			for i := range maxNames + 1000 {
				must(t, os.WriteFile(fmt.Sprintf("%s/a/%d", dir, i), nil, 0o600))
			}
			write(t, dir+"/unseen/5/file", "")
			must(t, os.Rename(dir+"/a/b", dir+"/moved"))
		}
		return false
	}})
	r.clean()
	must(t, os.Mkdir(dir+"/slow", 0o700))
	c := r.next()
	for ; !c.All; c = r.next() {
	}
	if !errors.Is(c.Why, ErrOverflow) {
		t.Errorf("reported %+v", c)
	}
	r.clean()
	write(t, dir+"/unseen/5/file", "")
	write(t, dir+"/moved/file", "")
	r.wants("moved", "unseen/5")
	sameWatches(t, dir)
}

// sameWatches demands that every directory is watched, and nothing else.
func sameWatches(t *testing.T, dir string) {
	t.Helper()
	got, want := kernelWatches(t), directories(t, dir)
	for ino := range want {
		if !got[ino] {
			t.Errorf("the directory with inode %s is not watched", ino)
		}
	}
	for ino := range got {
		if !want[ino] {
			t.Errorf("inode %s is watched, and no directory here", ino)
		}
	}
}

// Events that random disorder once brought too late: of a directory that was at the same path before ("a/x" removed, in
// the tree that was "a"), and the half of an exchange that says that something left.
func TestALateEventOfAnotherDirectoryLosesNothing(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(dir+"/a/x/y", 0o700))
	s, err := begin(t.Context(), dir, nil)
	must(t, err)
	defer func() { must(t, s.close()) }()
	for _, op := range []fsnotify.Op{fsnotify.Remove, fsnotify.Rename, fsnotify.Create, fsnotify.Create | fsnotify.Remove} {
		for _, path := range []string{"/a", "/a/x", "/a/x/y"} {
			name := s.root.path + path
			found, err := s.examine(t.Context(), batch{names: map[string]fsnotify.Op{name: op}})
			must(t, err)
			sameWatches(t, dir)
			if s.tree.watches != 4 {
				t.Errorf("%v of %s: %d are watched", op, path, s.tree.watches)
			}
			if op != fsnotify.Create && !slices.Contains(found, path[1:]) {
				t.Errorf("%v of %s: reports %q", op, path, found)
			}
		}
	}
}

// A directory that its owner may not read cannot be saved either: it leaves the rest as it is.
func TestADirectoryThatMayNotBeReadIsWatchedOnceItMay(t *testing.T) {
	const nobody = 65534
	attr, owner := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, nobody
	if os.Geteuid() != 0 {
		attr, owner = nil, os.Geteuid()
	}
	inChild(t, attr, owner, func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir+"/a/closed/deep/file", "")
		must(t, os.Chmod(dir+"/a/closed", 0))
		r := watched(t, dir, Options{})
		r.clean()
		must(t, os.Chmod(dir+"/a/closed", 0o700))
		r.wants("a", "a/closed", "a/closed/deep")
		write(t, dir+"/a/closed/deep/file", "more")
		r.wants("a/closed/deep")
		must(t, os.Mkdir(dir+"/never", 0))
		r.wants("", "never")
		must(t, os.Remove(dir+"/never"))
		r.wants("")
		must(t, os.Chmod(dir, 0o100))
		r.wants("")
		must(t, os.Chmod(dir, 0o700))
		r.wants("")
		write(t, dir+"/a/closed/deep/file", "and more")
		r.wants("a/closed/deep")
	})
}

func TestNothingIsKeptOpenAfterRun(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a/b/c/file", "")
	before := openFiles()
	for range 20 {
		r := watched(t, dir, Options{})
		write(t, dir+"/a/file", "")
		if err := r.stop(); err == nil {
			t.Error("Run ended without its context's error")
		}
	}
	if after := openFiles(); after > before {
		t.Errorf("%d files were open before, %d after", before, after)
	}
}

// Without openat2, as on Linux before 5.6.
func TestStepwiseOpeningFollowsNoLinkEither(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(dir+"/a/b/c", 0o700))
	must(t, os.Symlink("b", dir+"/a/link"))
	f, err := openFolder(dir)
	must(t, err)
	defer func() { must(t, f.close()) }()
	before := openFiles()
	for rel, want := range map[string]error{
		".": nil, "a": nil, "a/b/c": nil, "a/link": unix.ENOTDIR, "a/link/c": unix.ENOTDIR, "a/x/c": unix.ENOENT, "x": unix.ENOENT,
	} {
		fd, err := f.openStepwise(rel)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, wanted %v", rel, err, want)
		}
		if err == nil {
			must(t, unix.Close(fd))
		}
		d, err := f.open(rel)
		if (err == nil) != (want == nil) || err != nil && !isMissing(err) {
			t.Errorf("%s by openat2: %v, wanted %v", rel, err, want)
		}
		if err == nil {
			must(t, d.close())
		}
	}
	if after := openFiles(); after != before {
		t.Errorf("%d files were open before, %d after", before, after)
	}
}
