//go:build linux || darwin

package disk

import (
	"errors"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Dir is one open directory. Its methods may be called by several goroutines, Close only after all of them.
type Dir struct {
	fd     int    // -1 when closed, so that a late call fails instead of reaching whoever has the number next
	proc   string // "/proc/self/fd/N/": this directory as a path, for the calls that have no *at form
	target bool   // opened for writing: may be made accessible to its owner, see relax

	reading sync.Mutex // the descriptor's position, while names are read

	mu         sync.Mutex
	relaxed    bool   // mode was widened
	mode       uint32 // what it was before; put back by Close unless SetDirMeta set another
	defaultACL tribool
}

// tribool is a bool that may not be known yet.
type tribool uint8

const (
	unknown tribool = iota
	no
	yes
)

func newDir(fd int, target bool) *Dir {
	return &Dir{fd: fd, proc: "/proc/self/fd/" + strconv.Itoa(fd) + "/", target: target}
}

const openDirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

// OpenRoot opens the folder a person chose, for reading. The path itself may lead through links; nothing below the
// folder will.
func OpenRoot(path string) (*Dir, error) {
	fd, err := openat(unix.AT_FDCWD, path, openDirFlags, 0)
	if err != nil {
		if errors.Is(err, unix.ENOTDIR) {
			return nil, failAs("open folder", path, ErrNotDir, err)
		}
		return nil, fail("open folder", path, err)
	}
	return newDir(fd, false), nil
}

// OpenTarget opens the folder to restore into, and makes it and its parents when missing, for this person alone.
//
// A directory opened by OpenTarget or [Dir.Mkdir] is for writing: if its owner is not allowed to, as in a read-only
// folder of an earlier restore, it is made accessible for as long as it is open; [Dir.SetDirMeta] or [Dir.Close]
// ends that.
func OpenTarget(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		if errors.Is(err, unix.ENOTDIR) {
			return nil, failAs("make folder", path, ErrConflict, unix.ENOTDIR)
		}
		return nil, fail("make folder", path, err)
	}
	d, err := OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d.target = true
	return d, nil
}

// Close ends the use of d. A mode that was widened to write is put back.
func (d *Dir) Close() error {
	if d.fd < 0 {
		return fail("close folder", ".", os.ErrClosed)
	}
	var err error
	if d.relaxed {
		err = unix.Fchmod(d.fd, d.mode)
	}
	if cerr := unix.Close(d.fd); err == nil {
		err = cerr
	}
	d.fd, d.proc = -1, "/proc/self/fd/-1/"
	if err != nil {
		return fail("close folder", ".", err)
	}
	return nil
}

// Stat is about the directory itself; the entry has no name.
func (d *Dir) Stat() (Entry, error) {
	var st unix.Stat_t
	if err := fstat(d.fd, &st); err != nil {
		return Entry{}, fail("look at folder", ".", err)
	}
	var e Entry
	fill(&e, "", &st)
	return e, nil
}

// Lstat looks at name without following it. Nothing there is [fs.ErrNotExist].
func (d *Dir) Lstat(name string) (Entry, error) {
	if err := checkElement(name); err != nil {
		return Entry{}, err
	}
	var st unix.Stat_t
	if err := lstatat(d.fd, name, &st); err != nil {
		return Entry{}, fail("look at", name, err)
	}
	var e Entry
	fill(&e, name, &st)
	return e, nil
}

// OpenDir enters the directory name, for reading; a link or anything else is [ErrNotDir].
func (d *Dir) OpenDir(name string) (*Dir, error) {
	if err := checkElement(name); err != nil {
		return nil, err
	}
	fd, err := openat(d.fd, name, openDirFlags|unix.O_NOFOLLOW, 0)
	if err != nil {
		if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
			return nil, failAs("open folder", name, ErrNotDir, err)
		}
		return nil, fail("open folder", name, err)
	}
	return newDir(fd, false), nil
}

// OpenFile opens the regular file name for reading. If it is, or has just become, something else, that is
// [ErrNotRegular]; it never waits, as a named pipe would make it.
func (d *Dir) OpenFile(name string) (*os.File, error) {
	if err := checkElement(name); err != nil {
		return nil, err
	}
	fd, err := openRegular(d.fd, name)
	if err != nil {
		// A link is ELOOP; a socket or a device without driver cannot be opened at all.
		if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.EOPNOTSUPP) ||
			errors.Is(err, unix.ENODEV) || errors.Is(err, ErrNotRegular) {
			return nil, failAs("open", name, ErrNotRegular, err)
		}
		return nil, fail("open", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Readlink returns where the link name points, as stored.
func (d *Dir) Readlink(name string) (string, error) {
	if err := checkElement(name); err != nil {
		return "", err
	}
	for size := 256; ; size *= 4 {
		buf := make([]byte, size)
		n, err := unix.Readlinkat(d.fd, name, buf)
		if err != nil {
			return "", fail("read link", name, err)
		}
		if n < size {
			return string(buf[:n]), nil
		}
	}
}

// Mkdir makes the directory name, [Unfinished] until [Dir.SetDirMeta], and opens it for writing. A real
// directory that is there already is opened; a link or file there is [ErrConflict] and never followed. On a file
// system that ignores case, the one opened may be spelled differently.
func (d *Dir) Mkdir(name string) (_ *Dir, created bool, err error) {
	if err := CheckName(name); err != nil {
		return nil, false, err
	}
	// Each round means that somebody removed the directory between the two calls.
	for range 8 {
		err = d.relaxing(func() error { return unix.Mkdirat(d.fd, name, Unfinished) })
		created = err == nil
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return nil, false, fail("make folder", name, err)
		}
		var sub *Dir
		if sub, err = d.enter(name); err == nil {
			if created && d.hasDefaultACL() {
				dropInheritedACL(sub.fd)
			}
			return sub, created, nil
		}
		if !errors.Is(err, unix.ENOENT) {
			break
		}
	}
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil, false, failAs("make folder", name, ErrConflict, err)
	}
	return nil, false, fail("make folder", name, err)
}

// enter opens the directory name for writing.
func (d *Dir) enter(name string) (*Dir, error) {
	fd, err := openat(d.fd, name, openDirFlags|unix.O_NOFOLLOW, 0)
	if err == nil {
		return newDir(fd, true), nil
	}
	if !errors.Is(err, unix.EACCES) {
		return nil, err
	}
	fd, mode, werr := openWidened(d.fd, name)
	if werr != nil {
		return nil, err
	}
	sub := newDir(fd, true)
	sub.relaxed, sub.mode = true, mode
	return sub, nil
}

// relaxing does op, and once more if d was not accessible to its owner but could be made so.
func (d *Dir) relaxing(op func() error) error {
	err := op()
	if errors.Is(err, unix.EACCES) && d.relax() {
		err = op()
	}
	return err
}

// relax gives the owner of a target directory full access until it is closed. It tells whether d is accessible now.
func (d *Dir) relax() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.target || d.relaxed {
		return d.relaxed
	}
	var st unix.Stat_t
	if fstat(d.fd, &st) != nil || st.Mode&0o700 == 0o700 {
		return false
	}
	mode := uint32(st.Mode) & 0o7777
	if unix.Fchmod(d.fd, mode|0o700) != nil {
		return false
	}
	d.relaxed, d.mode = true, mode
	return true
}

// Remove takes the entry name away. A directory is [ErrConflict] and stays.
func (d *Dir) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	err := d.relaxing(func() error { return unix.Unlinkat(d.fd, name, 0) })
	if err == nil {
		return nil
	}
	// Linux says EISDIR, macOS EPERM.
	var st unix.Stat_t
	if errors.Is(err, unix.EISDIR) ||
		errors.Is(err, unix.EPERM) && lstatat(d.fd, name, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return failAs("remove", name, ErrConflict, err)
	}
	return fail("remove", name, err)
}

// fill makes an Entry of what stat returned.
func fill(e *Entry, name string, st *unix.Stat_t) {
	e.Name = name
	e.Mode = uint32(st.Mode) & 0o7777
	e.Blocks = st.Blocks
	e.MTimeSec, e.MTimeNsec = int64(st.Mtim.Sec), int32(st.Mtim.Nsec)
	e.CTimeSec, e.CTimeNsec = int64(st.Ctim.Sec), int32(st.Ctim.Nsec)
	e.Inode, e.Dev, e.Links = st.Ino, uint64(st.Dev), uint64(st.Nlink)
	e.UID, e.GID = st.Uid, st.Gid
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Kind, e.Size = File, st.Size
	case unix.S_IFDIR:
		e.Kind = Directory
	case unix.S_IFLNK:
		e.Kind = Symlink
	case unix.S_IFIFO:
		e.Kind, e.special = Other, namedPipe
	case unix.S_IFSOCK:
		e.Kind, e.special = Other, socket
	case unix.S_IFCHR, unix.S_IFBLK:
		e.Kind, e.special = Other, device
	default:
		e.Kind = Other
	}
}

// The calls that network and user-space file systems may interrupt are repeated until they were not.

func openat(fd int, name string, flags int, mode uint32) (int, error) {
	for {
		n, err := unix.Openat(fd, name, flags, mode)
		if err != unix.EINTR {
			return n, err
		}
	}
}

func fstat(fd int, st *unix.Stat_t) error {
	for {
		if err := unix.Fstat(fd, st); err != unix.EINTR {
			return err
		}
	}
}

func lstatat(fd int, name string, st *unix.Stat_t) error {
	for {
		if err := unix.Fstatat(fd, name, st, lstatFlags); err != unix.EINTR {
			return err
		}
	}
}
