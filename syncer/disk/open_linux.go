package disk

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// lstatFlags also keeps a look from mounting what is mounted on demand.
const lstatFlags = unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT

// openRegular opens name for reading without following it, without waiting, and, where it is ours, without marking
// it as read.
func openRegular(dirfd int, name string) (int, error) {
	const flags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	status := unix.O_NOATIME
	fd, err := openat(dirfd, name, flags|status, 0)
	if err == unix.EPERM { // not the owner
		status = 0
		fd, err = openat(dirfd, name, flags, 0)
	}
	if err == unix.EWOULDBLOCK {
		return openLeased(dirfd, name)
	}
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err = fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = ErrNotRegular
	}
	if err == nil {
		// O_NONBLOCK has done its work; user-space file systems would see it again in every read.
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, status)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// openLeased opens a regular file that another process, usually a file server, has a lease on: the kernel has told
// the holder and needs time, at most lease-break-time, that O_NONBLOCK does not give. O_PATH fixes the file first,
// so what we wait for cannot be a named pipe by then.
func openLeased(dirfd int, name string) (int, error) {
	pin, err := openat(dirfd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(pin)
	var st unix.Stat_t
	if err := fstat(pin, &st); err != nil {
		return -1, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return -1, ErrNotRegular
	}
	return openat(unix.AT_FDCWD, procFD(pin), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// openWidened opens the directory name although its mode keeps its owner out, by giving the owner full access. It
// returns the mode before. O_PATH needs no access, so what is changed is what is opened.
func openWidened(dirfd int, name string) (fd int, mode uint32, err error) {
	pin, err := openat(dirfd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, 0, err
	}
	defer unix.Close(pin)
	var st unix.Stat_t
	if err := fstat(pin, &st); err != nil {
		return -1, 0, err
	}
	mode = st.Mode & 0o7777
	if err := unix.Chmod(procFD(pin), mode|0o700); err != nil {
		return -1, 0, err
	}
	if fd, err = openat(pin, ".", openDirFlags, 0); err != nil {
		return -1, 0, err
	}
	return fd, mode, nil
}

// procFD is an open descriptor as a path that leads to the very same file.
func procFD(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }
