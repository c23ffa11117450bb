package disk

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// Dir is one open directory. Its methods may be called by several goroutines, Close only after all of them.
//
// What is guaranteed here is weaker than elsewhere: nothing is ever read or written outside the folder that was
// opened first, but a link inside it that appears between our look and our opening is followed by [os.Root] and only
// then found out, by file identity, and let go. Kept of the metadata are modification times and the read-only mark of
// files; owners, access control lists, attributes, streams and holes are not.
type Dir struct{ root *os.Root }

// OpenRoot opens the folder a person chose, for reading. The path itself may lead through links; nothing below the
// folder will.
func OpenRoot(path string) (*Dir, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, fail("open folder", path, err)
	}
	if !fi.IsDir() {
		return nil, fail("open folder", path, ErrNotDir)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fail("open folder", path, err)
	}
	return &Dir{root: root}, nil
}

// OpenTarget opens the folder to restore into, and makes it and its parents when missing.
func OpenTarget(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		if fi, serr := os.Stat(path); serr == nil && !fi.IsDir() {
			return nil, failAs("make folder", path, ErrConflict, err)
		}
		return nil, fail("make folder", path, err)
	}
	return OpenRoot(path)
}

// Close ends the use of d.
func (d *Dir) Close() error {
	if err := d.root.Close(); err != nil {
		return fail("close folder", ".", err)
	}
	return nil
}

// Stat is about the directory itself; the entry has no name.
func (d *Dir) Stat() (Entry, error) {
	fi, err := d.root.Stat(".")
	if err != nil {
		return Entry{}, fail("look at folder", ".", err)
	}
	return entryOf("", fi), nil
}

// Lstat looks at name without following it. Nothing there is [fs.ErrNotExist].
func (d *Dir) Lstat(name string) (Entry, error) {
	fi, err := d.lstat(name)
	if err != nil {
		return Entry{}, err
	}
	return entryOf(name, fi), nil
}

func (d *Dir) lstat(name string) (os.FileInfo, error) {
	if err := checkElement(name); err != nil {
		return nil, err
	}
	fi, err := d.root.Lstat(name)
	if err != nil {
		return nil, fail("look at", name, err)
	}
	return fi, nil
}

// ReadDir looks at every entry, following none, and returns them sorted by the bytes of their names. Names that
// vanish meanwhile are left out.
//
// When some entries are there but could not be looked at, they are named in an [EntryErrors] beside all the others.
// With any other error there are no entries at all: half a listing would look like deleted files.
func (d *Dir) ReadDir() ([]Entry, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, fail("list folder", ".", err)
	}
	defer f.Close()
	list, err := f.ReadDir(-1)
	if err != nil {
		return nil, fail("list folder", ".", err)
	}
	entries := make([]Entry, 0, len(list))
	var failed EntryErrors
	for _, de := range list {
		fi, err := de.Info()
		switch {
		case err == nil:
			entries = append(entries, entryOf(de.Name(), fi))
		case !errors.Is(err, fs.ErrNotExist):
			failed = append(failed, EntryError{Name: de.Name(), Err: fail("look at", de.Name(), err)})
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	if failed != nil {
		slices.SortFunc(failed, func(a, b EntryError) int { return strings.Compare(a.Name, b.Name) })
		return entries, failed
	}
	return entries, nil
}

// OpenDir enters the directory name, for reading; a link or anything else is [ErrNotDir].
func (d *Dir) OpenDir(name string) (*Dir, error) {
	there, err := d.lstat(name)
	if err != nil {
		return nil, err
	}
	if !there.IsDir() {
		return nil, fail("open folder", name, ErrNotDir)
	}
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, fail("open folder", name, err)
	}
	opened, err := root.Stat(".")
	if err != nil || !os.SameFile(there, opened) {
		root.Close()
		return nil, failAs("open folder", name, ErrNotDir, errors.Join(err, errChanged))
	}
	return &Dir{root: root}, nil
}

// errChanged: what was opened is not what was there a moment before.
var errChanged = errors.New("changed while it was opened")

// OpenFile opens the regular file name for reading. If it is, or has just become, something else, that is
// [ErrNotRegular].
func (d *Dir) OpenFile(name string) (*os.File, error) {
	there, err := d.lstat(name)
	if err != nil {
		return nil, err
	}
	if !there.Mode().IsRegular() {
		return nil, fail("open", name, ErrNotRegular)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, fail("open", name, err)
	}
	opened, err := f.Stat()
	if err != nil || !os.SameFile(there, opened) {
		f.Close()
		return nil, failAs("open", name, ErrNotRegular, errors.Join(err, errChanged))
	}
	return f, nil
}

// Readlink returns where the link name points, as stored.
func (d *Dir) Readlink(name string) (string, error) {
	if err := checkElement(name); err != nil {
		return "", err
	}
	target, err := d.root.Readlink(name)
	if err != nil {
		return "", fail("read link", name, err)
	}
	return target, nil
}

// Xattrs returns nil: there are no extended attributes in the Unix sense here.
func (d *Dir) Xattrs(name string, _ Kind) ([]Xattr, error) { return nil, checkElement(name) }

// FileXattrs returns nil, as [Dir.Xattrs] does.
func FileXattrs(*os.File) ([]Xattr, error) { return nil, nil }

// Mkdir makes the directory name and opens it. A real directory that is there already is opened; a link or file there
// is [ErrConflict]. The one opened may be spelled in other capitals.
func (d *Dir) Mkdir(name string) (_ *Dir, created bool, err error) {
	if err := CheckName(name); err != nil {
		return nil, false, err
	}
	err = d.root.Mkdir(name, 0o700)
	created = err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, false, fail("make folder", name, err)
	}
	sub, err := d.OpenDir(name)
	if errors.Is(err, ErrNotDir) {
		return nil, false, failAs("make folder", name, ErrConflict, err)
	}
	return sub, created, err
}

// SetDirMeta gives the directory its modification time. Call it last, after the children. A failure is a
// [*MetaWarning].
func (d *Dir) SetDirMeta(m Meta) error {
	var w MetaWarning
	w.add("mtime", d.root.Chtimes(".", time.Time{}, time.Unix(m.MTimeSec, int64(m.MTimeNsec))))
	return w.orNil()
}

// Remove takes the entry name away. A directory is [ErrConflict] and stays.
func (d *Dir) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	there, err := d.lstat(name)
	if err != nil {
		return err
	}
	if there.IsDir() {
		return fail("remove", name, ErrConflict)
	}
	if err := d.root.Remove(name); err != nil {
		return fail("remove", name, err)
	}
	return nil
}

// SyncFS returns at once: every file was synced when it was committed, and a volume can only be synced by an
// administrator.
func (d *Dir) SyncFS() error { return nil }

// beginWriting does nothing: every file is synced when it is committed.
func beginWriting(*os.File, int64, int64) {}

func entryOf(name string, fi os.FileInfo) Entry {
	mtime := fi.ModTime()
	e := Entry{
		Name:      name,
		Mode:      uint32(fi.Mode().Perm()),
		Blocks:    -1,
		MTimeSec:  mtime.Unix(),
		MTimeNsec: int32(mtime.Nanosecond()),
		Links:     1,
	}
	switch mode := fi.Mode(); {
	case mode.IsRegular():
		e.Kind, e.Size = File, fi.Size()
	case mode.IsDir():
		e.Kind = Directory
	case mode&fs.ModeSymlink != 0:
		e.Kind = Symlink
	default:
		e.Kind, e.special = Other, junction
	}
	return e
}
