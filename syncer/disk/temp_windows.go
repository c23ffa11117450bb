package disk

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Create begins a file in d. Call Commit or Abort in the end; Abort after Commit does nothing.
func (d *Dir) Create() (*TempFile, error) {
	for {
		name := tempName()
		f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fail("create file", name, err)
		}
		// Only shows a sweep that the file is in use.
		_ = lock(f)
		return &TempFile{dir: d, name: name, f: f}, nil
	}
}

// lock claims a byte far behind every file's end, so that it hinders no reading or writing.
func lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 0x7fff_ffff})
}

// commit does the work of Commit. The file is open, and so claimed, until it has its name.
func (t *TempFile) commit(name string, m Meta, replace bool, w *MetaWarning) error {
	mtime := time.Unix(m.MTimeSec, int64(m.MTimeNsec))
	ft, err := fileTime(mtime)
	if err == nil {
		err = windows.SetFileTime(windows.Handle(t.f.Fd()), nil, nil, &ft)
	}
	w.add("mtime", err)
	for _, x := range m.Xattrs {
		w.add(x.Name, errors.ErrUnsupported)
	}
	if err := t.f.Sync(); err != nil {
		return fail("sync", name, err)
	}
	if err := t.dir.place(t.name, name, replace); err != nil {
		return err
	}
	t.name = ""
	if m.Mode&0o200 == 0 {
		w.add("mode", t.f.Chmod(0o444))
	}
	if err := t.f.Close(); err != nil {
		return fail("sync", name, err)
	}
	return nil
}

// fileTime counts tenths of microseconds from 1601; x/sys converts through nanoseconds from 1970, which end in 2262.
func fileTime(t time.Time) (windows.Filetime, error) {
	const since1601 = 11_644_473_600 // seconds from then to 1970
	const most = 1<<63/10_000_000 - 1
	sec := t.Unix() + since1601
	if sec < 0 || sec > most {
		return windows.Filetime{}, errors.New("time out of range")
	}
	n := uint64(sec)*10_000_000 + uint64(t.Nanosecond()/100)
	return windows.Filetime{LowDateTime: uint32(n), HighDateTime: uint32(n >> 32)}, nil
}

// Abort takes the temporary file away. It may be called again, and after Commit.
func (t *TempFile) Abort() error {
	if t.name == "" {
		return nil
	}
	name := t.name
	t.name = ""
	cerr := t.f.Close()
	err := t.dir.root.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = cerr
	}
	if err != nil {
		return fail("remove", name, err)
	}
	return nil
}

// place gives the entry temp its final name.
func (d *Dir) place(temp, name string, replace bool) error {
	there, err := d.root.Lstat(name)
	taken := err == nil
	switch {
	case taken && !replace:
		return fail("rename to", name, ErrExists)
	case taken && there.IsDir():
		return fail("rename to", name, ErrConflict)
	case taken && there.Mode().IsRegular() && there.Mode()&0o200 == 0:
		if err := d.root.Chmod(name, 0o600); err != nil { // read-only files cannot be replaced
			return fail("rename to", name, err)
		}
	}
	if replace {
		if err := d.root.Rename(temp, name); err != nil {
			return fail("rename to", name, err)
		}
		return nil
	}
	// os.Root can only rename over what is there; a link never replaces. FAT has no links, and there a file that
	// appeared since the look above would be replaced.
	err = d.root.Link(temp, name)
	switch {
	case errors.Is(err, fs.ErrExist):
		return failAs("rename to", name, ErrExists, err)
	case err == nil:
		err = d.root.Remove(temp)
	case noHardLink(err):
		err = d.root.Rename(temp, name)
	}
	if err != nil {
		return fail("rename to", name, err)
	}
	return nil
}

func noHardLink(err error) bool {
	return errors.Is(err, windows.ERROR_INVALID_FUNCTION) || errors.Is(err, windows.ERROR_NOT_SUPPORTED) ||
		errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) || errors.Is(err, windows.ERROR_TOO_MANY_LINKS) ||
		errors.Is(err, windows.ERROR_INVALID_PARAMETER)
}

// Symlink makes the link name; target is stored as it is and may lead anywhere, or nowhere. Windows lets only
// developers and administrators do this. What has the name is treated as in [TempFile.Commit].
func (d *Dir) Symlink(target, name string, _ Meta, replace bool) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if !replace {
		err := d.root.Symlink(target, name)
		if errors.Is(err, fs.ErrExist) {
			return failAs("make link", name, ErrExists, err)
		}
		if err != nil {
			return fail("make link", name, err)
		}
		return nil
	}
	temp := tempName()
	if err := d.root.Symlink(target, temp); err != nil {
		return fail("make link", name, err)
	}
	if err := d.place(temp, name, true); err != nil {
		return errors.Join(err, d.root.Remove(temp))
	}
	return nil
}

// Link gives the file fromName in from the second name name in d, following no link. What has the name is treated as
// in [TempFile.Commit]. [ErrNoHardLink] means that the content has to be copied, which here is always so between two
// directories: an open root cannot link into another.
func (d *Dir) Link(from *Dir, fromName, name string, replace bool) error {
	if err := checkElement(fromName); err != nil {
		return err
	}
	if err := CheckName(name); err != nil {
		return err
	}
	if from != d {
		return fail("link", name, ErrNoHardLink)
	}
	temp := name
	if replace {
		temp = tempName()
	}
	err := d.root.Link(fromName, temp)
	switch {
	case noHardLink(err):
		return failAs("link", name, ErrNoHardLink, err)
	case errors.Is(err, fs.ErrExist):
		return failAs("link", name, ErrExists, err)
	case err != nil:
		return fail("link", name, err)
	}
	if !replace {
		return nil
	}
	if err := d.place(temp, name, true); err != nil {
		return errors.Join(err, d.root.Remove(temp))
	}
	// Renaming a file over itself may leave both names.
	if err := d.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail("link", name, err)
	}
	return nil
}

// SweepTemp removes what a restore that was killed left in d under a temporary name, and returns how many. What
// another process is still writing stays.
func SweepTemp(d *Dir) (removed int, err error) {
	entries, err := d.ReadDir()
	if err != nil {
		if _, ok := errors.AsType[EntryErrors](err); !ok {
			return 0, err
		}
	}
	var failed error
	for _, e := range entries {
		if !IsTempName(e.Name) || e.Kind != File && e.Kind != Symlink || e.Kind == File && d.inUse(e.Name) {
			continue
		}
		if err := d.root.Remove(e.Name); err == nil {
			removed++
		} else if !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, fail("remove", e.Name, err))
		}
	}
	return removed, failed
}

// inUse tells whether a temporary file is locked. One that cannot be asked counts as in use.
func (d *Dir) inUse(name string) bool {
	f, err := d.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return true
	}
	defer f.Close()
	return lock(f) != nil
}
