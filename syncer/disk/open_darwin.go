package disk

import "golang.org/x/sys/unix"

const lstatFlags = unix.AT_SYMLINK_NOFOLLOW

// openRegular opens name for reading without following it and without waiting.
func openRegular(dirfd int, name string) (int, error) {
	fd, err := openat(dirfd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err = fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = ErrNotRegular
	}
	if err == nil {
		// O_NONBLOCK has done its work; user-space file systems would see it again in every read.
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, 0)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// openWidened opens the directory name although its mode keeps its owner out, by giving the owner full access. It
// returns the mode before. A link is never followed, but what is changed need not be what was looked at.
func openWidened(dirfd int, name string) (fd int, mode uint32, err error) {
	var st unix.Stat_t
	if err := lstatat(dirfd, name, &st); err != nil {
		return -1, 0, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return -1, 0, unix.ENOTDIR
	}
	mode = uint32(st.Mode) & 0o7777
	if err := unix.Fchmodat(dirfd, name, mode|0o700, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return -1, 0, err
	}
	if fd, err = openat(dirfd, name, openDirFlags|unix.O_NOFOLLOW, 0); err != nil {
		return -1, 0, err
	}
	return fd, mode, nil
}
