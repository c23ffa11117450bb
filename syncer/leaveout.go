package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"roost/syncer/disk"
	"roost/syncer/ignore"
)

// LeaveOut says that a file or folder is not wanted any longer: it adds a line to the .roostignore of the kept folder dir,
// which is the person's own file and stays as it is otherwise. path is relative to dir, with slashes. Versions that were
// made before keep what they have. Saying it twice is fine.
//
// Errors: ErrNotAdded, ErrUsage for a path that no line can name, disk.ErrConflict when .roostignore is no file of rules.
func (e *Engine) LeaveOut(_ context.Context, dir, path string) error {
	i := slices.IndexFunc(e.home.config().Folders, func(f folderConfig) bool { return string(f.Path) == dir })
	if i < 0 {
		return fmt.Errorf("%w: %s", ErrNotAdded, dir)
	}
	fc := e.home.config().Folders[i]
	line, err := ignore.LineFor(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	d, err := disk.OpenRoot(dir)
	if err != nil {
		return err
	}
	err = addRule(d, path, line)
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if k := e.running.Load(); k != nil {
		k.lookAgain(fc.id())
		k.wakeAll()
	}
	return nil
}

// addRule adds a line to the rules of an open folder, unless they leave path out already.
func addRule(d *disk.Dir, path, line string) error {
	meta := disk.Meta{Mode: 0o644}
	var text []byte
	e, err := d.Lstat(ignore.FileName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		f := readRules(d, &e)
		if f != nil && f.Fault != ignore.None {
			return fmt.Errorf("%w: %s", disk.ErrConflict, ignore.Warning{File: ignore.FileName, Fault: f.Fault})
		}
		if f != nil {
			text, meta.Mode = f.Data, e.Mode
		}
	}
	if leavesOutPath(text, path) {
		return nil
	}
	text = slices.Clone(text)
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	text = append(text, line+"\n"...)
	if !leavesOutPath(text, path) { // a line of an inner file brings it back, or the file is full
		return fmt.Errorf("%w: no line can leave out %s", ErrUsage, path)
	}
	now := time.Now()
	meta.MTimeSec, meta.MTimeNsec = now.Unix(), int32(now.Nanosecond())
	t, err := d.Create()
	if err != nil {
		return err
	}
	if _, err := t.Write(text); err != nil {
		return errors.Join(err, t.Abort())
	}
	err = t.Commit(ignore.FileName, meta, true)
	var lost *disk.MetaWarning
	if errors.As(err, &lost) {
		return nil // the rules are there, which is what counts
	}
	return err
}

// leavesOutPath tells whether the rules of a folder leave out a path below it.
func leavesOutPath(rules []byte, path string) bool {
	r, _ := ignore.New(ignore.Options{}).Root(&ignore.File{Data: rules})
	names := strings.Split(path, "/")
	for i, name := range names {
		for _, isDir := range []bool{true, false} { // the last one may be either
			if by, out := r.Skip(name, isDir, 0); out && by.File != "" && (isDir || i == len(names)-1) {
				return true
			}
		}
		r, _ = r.Enter(name, nil, false)
	}
	return false
}
