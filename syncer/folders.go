package syncer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roost/syncer/disk"
)

// AddFolders makes folders part of what is kept. Adding one twice is fine. Nothing is added when one of them cannot be.
// Errors: ErrNotAFolder, ErrNested, ErrOwnStorage.
func (e *Engine) AddFolders(_ context.Context, dirs []string) ([]FolderInfo, error) {
	var added []string
	for _, d := range dirs {
		path, err := cleanFolder(d)
		if err != nil {
			return nil, err
		}
		added = append(added, path)
	}
	err := e.changed(func(c *config) error {
		for _, path := range added {
			if _, err := e.addFolder(c, path); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []FolderInfo
	for _, f := range e.Folders() {
		if slices.Contains(added, f.Path) {
			out = append(out, f)
		}
	}
	return out, nil
}

// addFolder makes the folder at a path one that is kept, and returns it; nil when it was one.
func (e *Engine) addFolder(c *config, path string) (*folderConfig, error) {
	if slices.ContainsFunc(c.Folders, func(f folderConfig) bool { return string(f.Path) == path }) {
		return nil, nil
	}
	if err := e.fits(path, c); err != nil {
		return nil, err
	}
	f, err := c.formerOrNew(path)
	if err != nil {
		return nil, err
	}
	c.Folders = append(c.Folders, f)
	return &c.Folders[len(c.Folders)-1], nil
}

// formerOrNew is the folder at a path, which was kept before, or was not. It is no longer a former one then.
func (c *config) formerOrNew(path string) (folderConfig, error) {
	if i := slices.IndexFunc(c.Former, func(f folderConfig) bool { return string(f.Path) == path }); i >= 0 {
		f := c.Former[i]
		c.Former = slices.Delete(slices.Clone(c.Former), i, i+1)
		return f, nil
	}
	id, err := newFolderID()
	if err != nil {
		return folderConfig{}, err
	}
	return folderConfig{ID: hex.EncodeToString(id[:]), Path: []byte(path), Mode: Automatic}, nil
}

// mostFormer is how many removed folders are remembered.
const mostFormer = 100

// forgetFolder makes a folder a former one.
func (c *config) forgetFolder(f folderConfig) {
	c.Folders = slices.DeleteFunc(c.Folders, func(x folderConfig) bool { return x.ID == f.ID })
	f.Paused = time.Time{} // that was for then
	c.Former = append([]folderConfig{f}, c.Former...)
	c.Former = c.Former[:min(len(c.Former), mostFormer)]
}

// cleanFolder returns the absolute path of an existing, readable folder, with links on the way to it resolved.
func cleanFolder(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: there is no folder %s", ErrNotAFolder, dir)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotAFolder, err)
	}
	fi, err := os.Stat(abs)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotAFolder, err)
	}
	if !fi.IsDir() {
		return "", fmt.Errorf("%w: %s is a file", ErrNotAFolder, dir)
	}
	d, err := disk.OpenRoot(abs)
	if err != nil {
		return "", fmt.Errorf("%w: %s cannot be read", ErrNotAFolder, dir)
	}
	return abs, d.Close()
}

// fits refuses folders inside each other, and the storage's own folder.
func (e *Engine) fits(path string, c *config) error {
	for _, f := range c.Folders {
		if within(path, string(f.Path)) || within(string(f.Path), path) {
			return fmt.Errorf("%w: %s and %s", ErrNested, path, f.Path)
		}
	}
	for _, n := range c.Nodes {
		if n.Dir == "" {
			continue
		}
		own := resolved(n.Dir)
		if within(own, path) || within(path, own) {
			return fmt.Errorf("%w: %s holds the storage in %s", ErrOwnStorage, path, n.Dir)
		}
	}
	if within(path, resolved(e.home.dir)) {
		return fmt.Errorf("%w: %s is Roost's home", ErrOwnStorage, path)
	}
	return nil
}

// resolved follows links where the path exists.
func resolved(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		p = abs
	}
	if r, err := filepath.EvalSymlinks(p); err == nil {
		return r
	}
	return p
}

// within tells whether path is dir or lies below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

// RemoveFolder stops keeping a folder; its versions stay, and go on when it is added again. Errors: ErrNotAdded.
func (e *Engine) RemoveFolder(_ context.Context, dir string) error {
	f, err := e.folder(dir)
	if err != nil {
		return err
	}
	if abs, err := filepath.Abs(dir); err != nil || (string(f.Path) != abs && string(f.Path) != resolved(abs)) {
		return fmt.Errorf("%w: %s lies inside %s", ErrNotAdded, dir, f.Path)
	}
	return e.changed(func(c *config) error {
		c.forgetFolder(f)
		return nil
	})
}

// folder finds the kept folder that dir is or lies in. A folder that is gone from the disk is found by its path.
func (e *Engine) folder(dir string) (folderConfig, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return folderConfig{}, fmt.Errorf("%w: %w", ErrNotAdded, err)
	}
	for _, p := range []string{resolved(abs), abs} {
		for _, f := range e.home.config().Folders {
			if within(p, string(f.Path)) {
				return f, nil
			}
		}
	}
	return folderConfig{}, fmt.Errorf("%w: %s", ErrNotAdded, dir)
}

// Folders lists what is kept, with what is known of it without asking the storage.
func (e *Engine) Folders() []FolderInfo {
	now := time.Now()
	c := e.home.config()
	var f facts
	if k := e.running.Load(); k != nil {
		f = k.facts(now)
	} else {
		known, _, err := e.knownVersions(context.Background())
		if err != nil {
			e.log.Warn("the known versions cannot be read", "reason", err)
		}
		f = facts{now: now, paused: c.Paused}
		for i := range c.Folders {
			x := folderOf(&c.Folders[i], now)
			x.scanned, x.saved = true, newest(known, x.id)
			f.folders = append(f.folders, x)
		}
	}
	out := make([]FolderInfo, 0, len(f.folders))
	for _, x := range f.folders {
		out = append(out, FolderInfo{ID: x.id, Path: x.path, Mode: x.mode, State: x.state(f, true)})
	}
	return out
}
