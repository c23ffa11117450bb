//go:build linux

package disk

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

// childEnv is set in a copy of this test that runs as somebody else.
const childEnv = "ROOST_DISK_TEST_CHILD"

// asNobody runs body as a person without rights: at once if that is who we are, else by running this test alone in a
// child process.
func asNobody(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	if os.Geteuid() != 0 {
		body(t)
		return
	}
	runChild(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, nobody)
}

// withOwnMounts runs body where it may mount without anyone else seeing it, and without leaving a mount behind.
func withOwnMounts(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	if os.Getenv(childEnv) != "" {
		if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		body(t)
		return
	}
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if uid := os.Geteuid(); uid != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	runChild(t, attr, os.Geteuid())
}

func runChild(t *testing.T, attr *syscall.SysProcAttr, owner int) {
	t.Helper()
	out, err := child(t, attr, owner).CombinedOutput()
	if err != nil {
		t.Fatalf("in the child process: %v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Fatalf("the child process did not run the test:\n%s", out)
	}
}

// child is this test alone, as a command, in a temporary directory that owner owns.
func child(t *testing.T, attr *syscall.SysProcAttr, owner int) *exec.Cmd {
	t.Helper()
	// Not t.TempDir, whose parent only we may enter.
	dir, err := os.MkdirTemp("", "disk-child")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Chown(dir, owner, -1))
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "disk.test")
	must(t, os.WriteFile(exe, self, 0o755))
	must(t, os.Chmod(exe, 0o755))
	cmd := exec.Command(exe, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), childEnv+"=1", "TMPDIR="+dir, "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = attr
	return cmd
}

var badNames = []string{"", ".", "..", "/", "/etc", "a/b", "../a", "a/", "a\x00", "\x00", strings.Repeat("x/", 100)}

var notExist = fs.ErrNotExist
