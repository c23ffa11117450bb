//go:build !linux

package watcher

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// folder is the watched folder. A link that replaces a directory is noticed after it was opened, see session.visit.
type folder struct{ path string }

func openFolder(path string) (*folder, error) { return &folder{path}, nil }

func (f *folder) close() error { return nil }

// open opens the directory rel, "" for the folder itself.
func (f *folder) open(rel string) (*dir, error) {
	path := filepath.Join(f.path, filepath.FromSlash(rel))
	if rel != "" {
		if _, is, err := f.isDir(rel); err != nil {
			return nil, err
		} else if !is {
			return nil, syscall.ENOTDIR
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &dir{file: file}, nil
}

// isDir tells whether rel is a directory, and which.
func (f *folder) isDir(rel string) (id, bool, error) {
	fi, err := os.Lstat(filepath.Join(f.path, filepath.FromSlash(rel)))
	if err != nil {
		return id{}, false, err
	}
	return idOf(fi), fi.IsDir(), nil
}

// idAt tells which directory a path leads to.
func idAt(path string) (id, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return id{}, err
	}
	return idOf(fi), nil
}

// dir is an open directory.
type dir struct {
	file *os.File
	read bool // before
}

func (d *dir) close() error { return d.file.Close() }

func (d *dir) id() (id, error) {
	fi, err := d.file.Stat()
	if err != nil {
		return id{}, err
	}
	return idOf(fi), nil
}

// subdirs lists the directories in d. A Windows junction is none: it leads elsewhere, as a link does.
func (d *dir) subdirs() ([]string, error) {
	var names []string
	_, err := d.each(func(e fs.DirEntry) {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	})
	return names, err
}

// each reads d from its start.
func (d *dir) each(do func(fs.DirEntry)) (int, error) {
	if d.read {
		if _, err := d.file.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
	}
	d.read = true
	for count := 0; ; {
		entries, err := d.file.ReadDir(1024)
		for _, e := range entries {
			do(e)
		}
		count += len(entries)
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
	}
}

func toSlash(path string) string { return filepath.ToSlash(path) }

// isMissing: there is no such directory (any more), or something else, as a link, has its name.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// isClosed: the directory may not be read by this person.
func isClosed(err error) bool { return errors.Is(err, fs.ErrPermission) }
