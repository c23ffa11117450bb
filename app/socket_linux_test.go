package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Even where permissions were opened wide, another account gets no answer: the recovery words are one.
func TestAnotherAccountIsNotAnswered(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can be another account for a moment")
		return
	}
	home := t.TempDir()
	serving(t, home, newSlow(), nil)
	path := filepath.Join(home, socketName)
	for name, mode := range map[string]os.FileMode{path: 0o666, home: 0o755, filepath.Dir(home): 0o755} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	answer := make(chan error)
	go func() { answer <- askAsNobody(path) }()
	if err := <-answer; err != nil {
		t.Error(err)
	}
}

// askAsNobody fails when it is answered. Its thread is never used again: it stays another account's.
func askAsNobody(path string) error {
	runtime.LockOSThread()
	const nobody, keep = 65534, ^uintptr(0)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, keep, nobody, keep); errno != 0 {
		return errno
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	_, werr := unix.Write(fd, []byte("POST /v1/hello HTTP/1.1\r\nHost: roost\r\n\r\n"))
	n, rerr := unix.Read(fd, make([]byte, 1))
	if n > 0 || (werr == nil && rerr != nil && !errors.Is(rerr, unix.ECONNRESET)) {
		return errors.Join(errors.New("another account was answered"), werr, rerr)
	}
	return nil
}
