//go:build linux || darwin

package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Create begins a file in d that only this person can open. Call Commit or Abort in the end; Abort after Commit does
// nothing.
func (d *Dir) Create() (*TempFile, error) {
	for {
		name := tempName()
		var fd int
		err := d.relaxing(func() (err error) {
			fd, err = openat(d.fd, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
			return err
		})
		if errors.Is(err, unix.EEXIST) {
			continue
		}
		if err != nil {
			return nil, fail("create file", name, err)
		}
		if !claim(fd) {
			unix.Close(fd)
			continue
		}
		return &TempFile{dir: d, name: name, f: os.NewFile(uintptr(fd), name)}, nil
	}
}

// claim marks a temporary file as in use: the lock lasts as long as this process has it open. It is false when a
// sweep was quicker, and took the file away. File systems without locks leave it unmarked.
func claim(fd int) bool {
	if err := flock(fd); err != nil {
		return !errors.Is(err, unix.EWOULDBLOCK)
	}
	var st unix.Stat_t
	return fstat(fd, &st) == nil && st.Nlink > 0
}

func flock(fd int) error {
	for {
		if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}

// commit does the work of Commit. The file is open, and so claimed, until it has its name.
func (t *TempFile) commit(name string, m Meta, replace bool, w *MetaWarning) error {
	fd := int(t.f.Fd())
	if t.dir.hasDefaultACL() {
		dropInheritedACL(fd)
	}
	_ = applyMeta(fd, m, w, func(ts []unix.Timespec) error { return setTimes(fd, t.dir.fd, t.name, ts) })
	if t.NoSync {
		// Network file systems tell at the first close that a write did not succeed.
		if err := closeCopy(fd); err != nil {
			return fail("write", name, err)
		}
	} else if err := t.f.Sync(); err != nil {
		return fail("sync", name, err)
	}
	if err := t.dir.place(t.name, name, replace); err != nil {
		return err
	}
	t.name = ""
	err := t.f.Close()
	if err == nil && !t.NoSync {
		err = unix.Fsync(t.dir.fd)
	}
	if err != nil {
		return fail("sync", name, err)
	}
	return nil
}

func closeCopy(fd int) error {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Close(dup)
}

// Abort takes the temporary file away. It may be called again, and after Commit.
func (t *TempFile) Abort() error {
	if t.name == "" {
		return nil
	}
	name := t.name
	t.name = ""
	err := unix.Unlinkat(t.dir.fd, name, 0)
	if errors.Is(err, unix.ENOENT) {
		err = nil
	}
	if cerr := t.f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fail("remove", name, err)
	}
	return nil
}

// place gives the entry temp its final name.
func (d *Dir) place(temp, name string, replace bool) error {
	err := d.relaxing(func() error {
		if replace {
			return unix.Renameat(d.fd, temp, d.fd, name)
		}
		return renameNoReplace(d.fd, temp, name)
	})
	switch {
	case err == nil:
		return nil
	case !replace && errors.Is(err, unix.EEXIST):
		return failAs("rename to", name, ErrExists, err)
	case replace && (errors.Is(err, unix.EISDIR) || errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST)):
		return failAs("rename to", name, ErrConflict, err)
	}
	return fail("rename to", name, err)
}

// renameNoReplace renames within the directory, or fails with EEXIST when name is taken, in the best way that the
// file system has.
func renameNoReplace(dirfd int, temp, name string) error {
	err := renameExclusive(dirfd, temp, name)
	if isUnsupported(err) || errors.Is(err, unix.EINVAL) {
		err = renameByLink(dirfd, temp, name)
		if isUnsupported(err) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EMLINK) {
			err = renameByPlaceholder(dirfd, temp, name)
		}
	}
	return err
}

// renameByLink is for file systems that cannot rename exclusively: a link never replaces. If the process dies in
// between, the temporary name stays as a second one and is swept later.
func renameByLink(dirfd int, temp, name string) error {
	if err := unix.Linkat(dirfd, temp, dirfd, name, 0); err != nil {
		return err
	}
	return unix.Unlinkat(dirfd, temp, 0)
}

// renameByPlaceholder is for file systems that have no links either, such as some phones and network drives in user
// space. An empty file takes the name, exclusively, and is replaced if it is still the empty one. Who opens that
// file by its name and writes between these two calls loses what was written.
func renameByPlaceholder(dirfd int, temp, name string) error {
	fd, err := openat(dirfd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var ours, there unix.Stat_t
	if err := fstat(fd, &ours); err != nil {
		return err
	}
	if err := lstatat(dirfd, name, &there); err != nil {
		return err
	}
	if there.Ino != ours.Ino || there.Dev != ours.Dev || there.Size != 0 {
		return unix.EEXIST
	}
	return unix.Renameat(dirfd, temp, dirfd, name)
}
