package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// socketDir is where the control socket of a home lies.
func socketDir(home string) string { return home }

func makeSocketDir(home string) (string, error) { return home, nil }

// shortPath is another name of path that fits a socket's address, until done is called: through this process's own
// descriptor of the folder, however deep that lies.
func shortPath(path string) (short string, done func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir := filepath.Dir(path)
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", fd, filepath.Base(path)), func() { _ = unix.Close(fd) }, nil
}

// checkPeer returns errOtherPerson unless the process at the other end runs as this one does.
func checkPeer(conn net.Conn) error {
	return onDescriptor(conn, func(fd int) (uid uint32, err error) {
		peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return 0, os.NewSyscallError("getsockopt", err)
		}
		return peer.Uid, nil
	})
}
