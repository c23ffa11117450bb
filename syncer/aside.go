package syncer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"roost/vault/keystore"
)

// SetAside makes a home one that is not set up, so that this computer can begin anew with the recovery words: what Roost
// wrote down there is moved into a folder in it, and nothing is deleted. A storage that lies in the home stays where it is.
// The settings go last: after a crash before that, the same again finishes it.
//
// Errors: ErrBusy while another Roost works with the home, ErrHome, ErrNoSetup when there is nothing to put aside.
func SetAside(ctx context.Context, dir string, wait time.Duration) error {
	h := &home{dir: dir}
	if _, err := os.Lstat(h.path(configFile)); errors.Is(err, fs.ErrNotExist) {
		return ErrNoSetup
	}
	unlock, err := h.lock(ctx, wait)
	if err != nil {
		return err
	}
	defer unlock()
	notes, err := filepath.Glob(globbed(h.path(catalogFile)) + "*")
	if err != nil {
		return homeError("look for what is in the home", err)
	}
	aside, err := os.MkdirTemp(dir, "aside-"+time.Now().Format("2006-01-02")+"-")
	if err != nil {
		return homeError("make room for what is put aside", err)
	}
	for _, path := range append(notes, h.path(bundleFile), h.path(keystore.FileName), h.path(configFile)) {
		if err := os.Rename(path, filepath.Join(aside, filepath.Base(path))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return homeError("put aside "+filepath.Base(path), err)
		}
	}
	return syncDir(dir)
}

// globbed writes a path so that Glob takes it for itself.
func globbed(path string) string {
	if os.PathSeparator == '\\' {
		return path // where a backslash divides names, nothing can be escaped, and no name has a * or ?
	}
	out := make([]byte, 0, len(path))
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			out = append(out, '\\')
		}
		out = append(out, path[i])
	}
	return string(out)
}
