package ui

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"fyne.io/fyne/v2"

	"roost/syncer"
)

// copies are the read-only copies that a person looks at in other programs. They lie in a folder that only this person
// can enter, and go when Roost ends. The zero value has none.
type copies struct {
	mu    sync.Mutex // guards below
	dir   string     // "" until the first copy
	count int
}

// place returns where a copy of a file can be made: each has a folder of its own, so that it keeps its name.
func (c *copies) place(name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir == "" {
		dir, err := os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), "roost-")
		if err != nil {
			return "", fmt.Errorf("make room for a copy: %w", err)
		}
		c.dir = dir
	}
	c.count++
	dir := filepath.Join(c.dir, fmt.Sprint(c.count))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make room for a copy: %w", err)
	}
	return filepath.Join(dir, copyName(name)), nil
}

// copyName is a name that this system takes and that shows what it is.
func copyName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, baseName(name))
	if runtime.GOOS == "windows" {
		name = strings.TrimRight(name, ". ")
	}
	if len(name) > 120 { // the end says what kind of file it is
		name = strings.ToValidUTF8(name[len(name)-120:], "")
	}
	if name == "" || name == "." || name == ".." {
		return "file"
	}
	return name
}

// remove takes all copies away, when Roost ends.
func (c *copies) remove() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir == "" {
		return nil
	}
	err := os.RemoveAll(c.dir)
	if err != nil && runtime.GOOS == "windows" { // where what is read-only stays
		err = errors.Join(filepath.WalkDir(c.dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				return os.Chmod(path, 0o600)
			}
			return err
		}), os.RemoveAll(c.dir))
	}
	c.dir = ""
	return err
}

// removeCopies is the window's last act. A copy that another program still holds open stays until the system clears its
// folder, and nobody is left to be told.
func (w *Window) removeCopies() {
	if err := w.copies.remove(); err != nil {
		fyne.LogError("Take copies of files away", err)
	}
}

// openNearest shows a folder, or the nearest one above it that is there.
func openNearest(dir string) error {
	for at := dir; ; {
		if fi, err := os.Stat(at); err == nil && fi.IsDir() {
			return openPath(at)
		}
		up := filepath.Dir(at)
		if up == at || !filepath.IsAbs(at) {
			return fmt.Errorf("%w: %s", syncer.ErrNotAFolder, dir)
		}
		at = up
	}
}

// openPath shows a file or folder in the system's program for it.
func openPath(path string) error {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/
		path = "/" + path
	}
	return fyne.CurrentApp().OpenURL(&url.URL{Scheme: "file", Path: path})
}
