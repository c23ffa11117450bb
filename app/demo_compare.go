package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"roost/syncer"
	"roost/syncer/disk"
)

// comparison reads two folders, byte for byte, and collects what differs.
type comparison struct {
	skip map[string]bool       // absolute paths that were never saved
	tell func(syncer.Progress) // of how far it is

	progress              syncer.Progress
	files, folders, links int64
	differences           []difference
	want, got             [1 << 20]byte // buffers
}

type difference struct{ path, what string }

// trees compares everything in got with what is in want.
func (c *comparison) trees(ctx context.Context, want, got string) error {
	err := filepath.WalkDir(want, func(path string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.skip[path] || disk.IsTempName(filepath.Base(path)) {
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		name, rerr := filepath.Rel(want, path)
		if err = errors.Join(err, rerr); err == nil {
			err = c.entries(path, filepath.Join(got, name))
		}
		if err != nil {
			c.differ(path, err.Error())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(got, func(path string, _ fs.DirEntry, err error) error {
		name, rerr := filepath.Rel(got, path)
		if err = errors.Join(err, rerr); err != nil {
			c.differ(path, err.Error())
		} else if _, err := os.Lstat(filepath.Join(want, name)); err != nil {
			c.differ(path, "is not among what was saved")
		}
		return ctx.Err()
	})
}

func (c *comparison) differ(path, what string) {
	c.differences = append(c.differences, difference{path, what})
}

// entries compares two names that stand for the same thing. An error is a difference.
func (c *comparison) entries(want, got string) error {
	w, err := os.Lstat(want)
	if err != nil {
		return err
	}
	g, err := os.Lstat(got)
	if err != nil {
		return errors.New("did not come back")
	}
	if w.Mode().Type() != g.Mode().Type() {
		return fmt.Errorf("was a %s and is a %s", kind(w), kind(g))
	}
	if !w.ModTime().Equal(g.ModTime()) {
		return fmt.Errorf("was changed %s, and says %s", w.ModTime(), g.ModTime())
	}
	switch {
	case w.Mode()&fs.ModeSymlink != 0:
		c.links++
		return sameLink(want, got)
	case w.Mode() != g.Mode():
		return fmt.Errorf("had the permissions %v and has %v", w.Mode(), g.Mode())
	case w.IsDir():
		c.folders++
		return nil
	}
	c.files++
	c.progress.Files = c.files
	return c.content(want, got)
}

func kind(info fs.FileInfo) string {
	switch {
	case info.IsDir():
		return "folder"
	case info.Mode()&fs.ModeSymlink != 0:
		return "link"
	}
	return "file"
}

func sameLink(want, got string) error {
	w, err := os.Readlink(want)
	if err != nil {
		return err
	}
	g, err := os.Readlink(got)
	if err != nil {
		return err
	}
	if w != g {
		return fmt.Errorf("pointed to %s and points to %s", w, g)
	}
	return nil
}

func (c *comparison) content(want, got string) error {
	w, err := os.Open(want)
	if err != nil {
		return err
	}
	defer w.Close()
	g, err := os.Open(got)
	if err != nil {
		return err
	}
	defer g.Close()
	for {
		n, err := io.ReadFull(w, c.want[:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		m, gerr := io.ReadFull(g, c.got[:])
		if gerr != nil && gerr != io.EOF && gerr != io.ErrUnexpectedEOF {
			return gerr
		}
		if !bytes.Equal(c.want[:n], c.got[:m]) {
			return errors.New("has other content")
		}
		c.progress.Bytes += int64(n)
		c.tell(c.progress)
		if err != nil { // both ended
			return nil
		}
	}
}
