package catalog

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// locked reports whether another process holds any of SQLite's locks on f. Windows has no way to ask, so it takes the
// lock for an instant.
func locked(f *os.File) (bool, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	var asked error
	if err := raw.Control(func(fd uintptr) {
		at := &windows.Overlapped{Offset: lockStart}
		const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
		if asked = windows.LockFileEx(windows.Handle(fd), flags, 0, lockBytes, 0, at); asked == nil {
			asked = windows.UnlockFileEx(windows.Handle(fd), 0, lockBytes, 0, at)
		}
	}); err != nil {
		return false, err
	}
	if errors.Is(asked, windows.ERROR_LOCK_VIOLATION) || errors.Is(asked, windows.ERROR_IO_PENDING) {
		return true, nil
	}
	return false, asked
}
