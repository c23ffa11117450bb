//go:build linux

package syncer

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"roost/vault"
	"roost/vault/node/nodetest"
)

// withoutRights runs a test as a person who is not root.
func withoutRights(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	const nobody = 65534
	attr, owner := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, nobody
	if os.Geteuid() != 0 {
		attr, owner = nil, os.Geteuid()
	}
	inChild(t, attr, owner, func(t *testing.T, _ string) { body(t) })
}

func TestWhatCannotBeReadIsNamedAndKeepsItsLastState(t *testing.T) {
	withoutRights(t, func(t *testing.T) {
		m, secret := &nodetest.Memory{}, testEntropy(t)
		e := testEngine(t, m, secret)
		src := t.TempDir()
		sample(t, src, 1)
		write(t, src+"/secret/inside", "kept from before")
		write(t, src+"/locked", "kept from before")
		added(t, e, src)
		backup(t, e)
		want := onDisk(t, src)

		write(t, src+"/new", "new")
		want["new"] = "new"
		write(t, src+"/never readable", "x")
		for path, mode := range map[string]os.FileMode{"/secret": 0, "/locked": 0, "/never readable": 0} {
			must(t, os.Chmod(src+path, mode))
		}
		defer func() { must(t, os.Chmod(src+"/secret", 0o700)) }()
		s := backup(t, e)
		for _, path := range []string{"secret", "locked", "never readable"} {
			i := slices.IndexFunc(s.Skipped, func(x Skipped) bool { return x.Path == path })
			if i < 0 || !s.Skipped[i].Failed || !strings.Contains(s.Skipped[i].Reason, "permission") {
				t.Errorf("%s is not named as unreadable: %+v", path, s.Skipped)
			}
		}
		sameContents(t, recovered(t, m, secret), want)
		backup(t, e)
		sameContents(t, recovered(t, m, secret), want)

		must(t, os.Chmod(src+"/secret", 0o700))
		must(t, os.Chmod(src+"/locked", 0o600))
		must(t, os.Chmod(src+"/never readable", 0o600))
		if s := backup(t, e); len(s.Skipped) != 0 {
			t.Errorf("readable again, and still skipped: %+v", s.Skipped)
		}
		sameContents(t, recovered(t, m, secret), onDisk(t, src))
	})
}

func TestHomeThatCannotBeWrittenIsSaidInWords(t *testing.T) {
	withoutRights(t, func(t *testing.T) {
		dir := t.TempDir()
		must(t, os.Chmod(dir, 0o500))
		_, err := Setup(t.Context(), Options{Home: dir + "/home", Keys: oneKey{}}, SetupOptions{URL: "http://127.0.0.1:1"})
		if p := Describe(err); p.Exit != ExitHome {
			t.Errorf("a home that cannot be made gives %v: %+v", err, p)
		}
		_, err = Setup(t.Context(), Options{Home: dir, Keys: oneKey{}}, SetupOptions{URL: "http://127.0.0.1:1"})
		if p := Describe(err); p.Exit != ExitHome {
			t.Errorf("a home that cannot be written gives %v: %+v", err, p)
		}
		must(t, os.Chmod(dir, 0o700))
	})
}

func TestHomeOnAFullDiskStopsTheBackupAndLosesNothing(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, _ string) {
		m, secret := &nodetest.Memory{}, testEntropy(t)
		home := t.TempDir()
		must(t, unix.Mount("tmpfs", home, "tmpfs", 0, "size=640k"))
		defer func() { must(t, unix.Unmount(home, unix.MNT_DETACH)) }()
		b, err := vault.NewBundle(secret, "Laptop", time.Now())
		must(t, err)
		e := testEngineIn(t, home, m, b)
		src := t.TempDir()
		sample(t, src, 1)
		added(t, e, src)
		for i := range 4000 {
			write(t, fmt.Sprintf("%s/many/%d/a file of some length %d", src, i%9, i), fmt.Sprint(i))
		}
		_, err = e.Backup(t.Context(), nil, nil)
		if p := Describe(err); err == nil || p.Exit != ExitHome || p.Code != "disk_full" {
			t.Fatalf("a full disk gives %v: %+v", err, p)
		}
		must(t, unix.Mount("tmpfs", home, "tmpfs", unix.MS_REMOUNT, "size=64m"))
		backup(t, e)
		verified(t, e)
		sameContents(t, recovered(t, m, secret), onDisk(t, src))
	})
}

// Somebody says that what cannot be saved is not wanted: nothing is wrong any more.
func TestLeavingOutWhatCannotBeReadMendsIt(t *testing.T) {
	withoutRights(t, func(t *testing.T) {
		e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
		src := t.TempDir()
		write(t, src+"/a.txt", "1")
		write(t, src+"/locked", "2")
		must(t, os.Chmod(src+"/locked", 0))
		added(t, e, src)
		running(t, e)
		until(t, e, "what cannot be read is told", func(s Status) bool {
			return slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == "some_files" })
		})
		list, err := e.Activity(t.Context(), 1)
		if err != nil || len(list) != 1 || len(list[0].Skipped) != 1 {
			t.Fatalf("what happened is %+v, %v", list, err)
		}
		left := list[0].Skipped[0]
		if why, old := left.Why(); why != WhyPermission || old {
			t.Errorf("%q is of kind %d", left.Reason, why)
		}
		must(t, e.LeaveOut(t.Context(), list[0].Folder, left.Path))
		until(t, e, "nothing is wrong any more", func(s Status) bool { return isSafe(s) && len(s.Problems) == 0 })
	})
}
