package main

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// checkPeer returns errOtherPerson unless the process at the other end runs as this one does.
func checkPeer(conn net.Conn) error {
	return onDescriptor(conn, func(fd int) (uid uint32, err error) {
		peer, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if err != nil {
			return 0, os.NewSyscallError("getsockopt", err)
		}
		return peer.Uid, nil
	})
}

func isPrivate(dir os.FileInfo) bool {
	stat, ok := dir.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && dir.Mode().Perm() == 0o700
}
