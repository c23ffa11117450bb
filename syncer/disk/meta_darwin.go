package disk

import "golang.org/x/sys/unix"

const utimeOmit = -2 // UTIME_OMIT in sys/stat.h

// setTimes sets the times of the open file fd, which is name in dirfd, or of the open directory fd when name is empty.
// The only call for a descriptor knows no nanoseconds, so this goes by name, without following it.
func setTimes(fd, dirfd int, name string, ts []unix.Timespec) error {
	if name == "" {
		return unix.UtimesNanoAt(fd, ".", ts, 0)
	}
	return unix.UtimesNanoAt(dirfd, name, ts, unix.AT_SYMLINK_NOFOLLOW)
}

// openLink opens the link itself.
func openLink(dirfd int, name string) (int, error) {
	return openat(dirfd, name, unix.O_RDONLY|unix.O_SYMLINK|unix.O_CLOEXEC, 0)
}

func chownLink(fd, uid, gid int) error { return unix.Fchown(fd, uid, gid) }

func setLinkXattr(fd int, x Xattr) error { return unix.Fsetxattr(fd, x.Name, x.Value, 0) }

func setLinkTimes(_, dirfd int, name string, ts []unix.Timespec) error {
	return unix.UtimesNanoAt(dirfd, name, ts, unix.AT_SYMLINK_NOFOLLOW)
}

// renameExclusive renames unless name is taken.
func renameExclusive(dirfd int, temp, name string) error {
	return unix.RenameatxNp(dirfd, temp, dirfd, name, unix.RENAME_EXCL)
}
