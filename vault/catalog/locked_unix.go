//go:build unix

package catalog

import (
	"io"
	"os"
	"syscall"
)

// locked reports whether another process holds any of SQLite's locks on f. It only asks.
func locked(f *os.File) (bool, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	lk := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: lockStart, Len: lockBytes}
	var asked error
	if err := raw.Control(func(fd uintptr) { asked = syscall.FcntlFlock(fd, syscall.F_GETLK, &lk) }); err != nil {
		return false, err
	}
	return lk.Type != syscall.F_UNLCK, asked
}
