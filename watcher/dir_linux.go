package watcher

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// folder is the watched folder, open. Nothing below it is reached through a link.
type folder struct{ fd int }

func openFolder(path string) (*folder, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, err
	}
	return &folder{fd}, nil
}

func (f *folder) close() error { return unix.Close(f.fd) }

const openDir = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// open opens the directory rel, "" for the folder itself.
func (f *folder) open(rel string) (*dir, error) {
	if rel == "" {
		rel = "."
	}
	how := unix.OpenHow{Flags: openDir, Resolve: unix.RESOLVE_NO_SYMLINKS}
	fd, err := ignoringEINTR(func() (int, error) { return unix.Openat2(f.fd, rel, &how) })
	if err == unix.ENOSYS || err == unix.EPERM { // an old kernel, or a sandbox that does not know the call
		fd, err = f.openStepwise(rel)
	}
	if err != nil {
		return nil, err
	}
	return &dir{fd}, nil
}

// openStepwise is openat2 where there is none.
func (f *folder) openStepwise(rel string) (int, error) {
	at := f.fd
	for {
		name, rest, more := strings.Cut(rel, "/")
		flags := openDir
		if more {
			flags = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		}
		fd, err := ignoringEINTR(func() (int, error) { return unix.Openat(at, name, flags, 0) })
		if at != f.fd {
			err = errors.Join(err, unix.Close(at))
		}
		if err != nil || !more {
			return fd, err
		}
		at, rel = fd, rest
	}
}

// isDir tells whether rel is a directory, and which.
func (f *folder) isDir(rel string) (id, bool, error) {
	var st unix.Stat_t
	_, err := ignoringEINTR(func() (int, error) { return 0, unix.Fstatat(f.fd, rel, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return idOf(&st), st.Mode&unix.S_IFMT == unix.S_IFDIR, err
}

// idAt tells which directory a path leads to.
func idAt(path string) (id, error) {
	var st unix.Stat_t
	_, err := ignoringEINTR(func() (int, error) { return 0, unix.Stat(path, &st) })
	return idOf(&st), err
}

func idOf(st *unix.Stat_t) id { return id{uint64(st.Dev), st.Ino} }

// dir is an open directory.
type dir struct{ fd int }

func (d *dir) close() error { return unix.Close(d.fd) }

func (d *dir) id() (id, error) {
	var st unix.Stat_t
	_, err := ignoringEINTR(func() (int, error) { return 0, unix.Fstat(d.fd, &st) })
	return idOf(&st), err
}

// direntBuffers are for subdirs: 32 KiB is what the C library reads at once, too.
var direntBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// subdirs lists the directories in d.
func (d *dir) subdirs() ([]string, error) {
	buf := direntBuffers.Get().(*[32 << 10]byte)
	defer direntBuffers.Put(buf)
	var names []string
	for {
		n, err := ignoringEINTR(func() (int, error) { return unix.Getdents(d.fd, buf[:]) })
		if err != nil || n == 0 {
			return names, err
		}
		if names, err = d.parse(names, buf[:n]); err != nil {
			return names, err
		}
	}
}

// parse adds the directories of a buffer of linux_dirent64: inode 8 bytes, offset 8, length of all 2, type 1, name
// ended by a zero.
func (d *dir) parse(names []string, buf []byte) ([]string, error) {
	const header = 8 + 8 + 2 + 1
	for len(buf) > header {
		size := int(binary.NativeEndian.Uint16(buf[16:]))
		if size <= header || size > len(buf) {
			return names, unix.EBADMSG
		}
		kind, name := buf[18], buf[header:size]
		buf = buf[size:]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if kind != unix.DT_DIR && kind != unix.DT_UNKNOWN || string(name) == "." || string(name) == ".." {
			continue
		}
		if kind == unix.DT_UNKNOWN { // some file systems do not say
			_, is, err := (&folder{d.fd}).isDir(string(name))
			if err != nil && !isMissing(err) {
				return names, err
			}
			if err != nil || !is {
				continue
			}
		}
		names = append(names, string(name))
	}
	return names, nil
}

// watchesStick: a watch can be given back when its directory has moved.
const watchesStick = false

// watchCost is what a watch of d takes of the system's limits.
func watchCost(*dir) (int, error) { return 1, nil }

// watchBudget is how much of that all watches of a folder may take. Here the system says when it is enough.
func watchBudget() int { return 1 << 30 }

func toSlash(path string) string { return path }

// isMissing: there is no such directory (any more), or something else, as a link, has its name.
func isMissing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP)
}

// isClosed: the directory may not be read by this person.
func isClosed(err error) bool { return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) }

// ignoringEINTR repeats a call that a signal interrupted, as file systems in user space and networks let happen.
func ignoringEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
