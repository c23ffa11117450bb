package syncer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"roost/syncer/disk"
)

// ownFolders are Roost's home and the storages that Roost runs: they are not kept in themselves.
type ownFolders struct {
	dirs  []inode
	paths []string // the same, where the system gives no inodes
}

type inode struct{ dev, ino uint64 }

func (e *Engine) ownFolders() (own ownFolders, err error) {
	dirs := []string{e.home.dir}
	for _, n := range e.home.config().Nodes {
		if n.Dir != "" {
			dirs = append(dirs, n.Dir)
		}
	}
	for _, dir := range dirs {
		own.paths = append(own.paths, resolved(dir))
		d, err := disk.OpenRoot(dir)
		if err != nil {
			continue // not there: nothing to leave out
		}
		st, err := d.Stat()
		if err == nil {
			own.dirs = append(own.dirs, inode{st.Dev, st.Inode})
		}
		if err := errors.Join(err, d.Close()); err != nil {
			return own, fmt.Errorf("look at Roost's own folders: %w", err)
		}
	}
	return own, nil
}

// has tells whether a directory of a folder is one of them; path is relative to the folder.
func (o *ownFolders) has(e *disk.Entry, f folderConfig, path string) bool {
	if e.Inode != 0 {
		return slices.Contains(o.dirs, inode{e.Dev, e.Inode})
	}
	return o.hasPath(f, path)
}

// hasPath is has by the path alone.
func (o *ownFolders) hasPath(f folderConfig, path string) bool {
	return slices.Contains(o.paths, filepath.Join(string(f.Path), filepath.FromSlash(path)))
}
