package disk

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const utimeOmit = unix.UTIME_OMIT

// setTimes sets the times of the open file fd. The kernel's utimensat does that when it gets no path at all, which
// the wrapper in x/sys cannot say.
func setTimes(fd, _ int, _ string, ts []unix.Timespec) error {
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, uintptr(unsafe.Pointer(&ts[0])), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// openLink opens the link itself.
func openLink(dirfd int, name string) (int, error) {
	return openat(dirfd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
}

func chownLink(fd, uid, gid int) error { return unix.Fchownat(fd, "", uid, gid, unix.AT_EMPTY_PATH) }

// setLinkXattr goes through /proc because a descriptor that is only a place has no attributes of its own; the path
// ends at the link and does not go on.
func setLinkXattr(fd int, x Xattr) error { return unix.Setxattr(procFD(fd), x.Name, x.Value, 0) }

func setLinkTimes(fd, dirfd int, name string, ts []unix.Timespec) error {
	err := unix.UtimesNanoAt(fd, "", ts, unix.AT_EMPTY_PATH)
	if err == unix.EINVAL || err == unix.ENOENT { // before Linux 5.8
		err = unix.UtimesNanoAt(dirfd, name, ts, unix.AT_SYMLINK_NOFOLLOW)
	}
	return err
}

// renameExclusive renames unless name is taken.
func renameExclusive(dirfd int, temp, name string) error {
	return unix.Renameat2(dirfd, temp, dirfd, name, unix.RENAME_NOREPLACE)
}
