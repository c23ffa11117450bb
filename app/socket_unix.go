//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// onDescriptor compares the account at the other end, as the system tells it, with this process's.
func onDescriptor(conn net.Conn, peer func(fd int) (uid uint32, err error)) error {
	unixConn, ok := conn.(syscall.Conn)
	if !ok {
		return fmt.Errorf("look who is at the other end: %T has no descriptor", conn)
	}
	raw, err := unixConn.SyscallConn()
	if err != nil {
		return fmt.Errorf("look who is at the other end: %w", err)
	}
	var uid uint32
	var perr error
	if err := raw.Control(func(fd uintptr) { uid, perr = peer(int(fd)) }); err != nil {
		return fmt.Errorf("look who is at the other end: %w", err)
	}
	if perr != nil {
		return fmt.Errorf("look who is at the other end: %w", perr)
	}
	if int(uid) != os.Geteuid() {
		return errOtherPerson
	}
	return nil
}
