package guide

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"roost/syncer/sheet"
)

// sheetName is what the file of a saved sheet is called, before its ending.
const sheetName = "Roost recovery sheet"

// Paper is where files lie that are made to be looked at or printed: nobody but the person may read them, and they are gone
// after Close.
type Paper struct{ dir string }

// newPaper removes what an earlier one left behind, because the computer went off.
func newPaper(runtime string) (*Paper, error) {
	p := &Paper{filepath.Join(runtime, "recovery-sheet")}
	if err := os.RemoveAll(p.dir); err != nil {
		return nil, fmt.Errorf("remove an old recovery sheet: %w", err)
	}
	return p, nil
}

// Show makes a file of that name, in place of an earlier one.
func (p *Paper) Show(name string, data []byte) (path string, err error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return "", fmt.Errorf("make a file to look at: %w", err)
	}
	path = filepath.Join(p.dir, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("make a file to look at anew: %w", err)
	}
	return path, writeNew(path, data)
}

// Print makes the recovery sheet for printing.
func (p *Paper) Print(s sheet.Sheet) (path string, err error) {
	pdf, err := drawn(s)
	if err != nil {
		return "", err
	}
	return p.Show(sheetName+".pdf", pdf)
}

// Close removes all of it.
func (p *Paper) Close() error { return os.RemoveAll(p.dir) }

// SaveSheet writes a recovery sheet into a folder, beside what is there already, and returns where.
func SaveSheet(dir string, s sheet.Sheet) (path string, err error) {
	pdf, err := drawn(s)
	if err != nil {
		return "", err
	}
	return SaveNew(dir, sheetName, ".pdf", pdf)
}

// SaveNew writes a file that nobody else may read into a folder, beside what is there already, and returns where.
func SaveNew(dir, name, ending string, data []byte) (path string, err error) {
	path = filepath.Join(dir, name+ending)
	for n := 2; ; n++ {
		err = writeNew(path, data)
		if !errors.Is(err, fs.ErrExist) {
			return path, err
		}
		path = filepath.Join(dir, fmt.Sprintf("%s (%d)%s", name, n, ending))
	}
}

// Paper is where the sheet of the first steps lies until Close; the window puts more there.
func (g *Guide) Paper() *Paper { return g.paper }

// Sheet makes the recovery sheet for printing: a PDF that nobody but the person may read, gone after Close.
func (g *Guide) Sheet(ctx context.Context, t sheet.Texts) (path string, err error) {
	s, err := g.sheet(ctx, t)
	if err != nil {
		return "", err
	}
	return g.paper.Print(s)
}

// SaveSheet writes the recovery sheet into a folder, beside what is there already, and returns where.
func (g *Guide) SaveSheet(ctx context.Context, dir string, t sheet.Texts) (path string, err error) {
	s, err := g.sheet(ctx, t)
	if err != nil {
		return "", err
	}
	return SaveSheet(dir, s)
}

func (g *Guide) sheet(ctx context.Context, t sheet.Texts) (s sheet.Sheet, err error) {
	e, err := g.open(ctx)
	if err != nil {
		return s, err
	}
	words, err := e.Words(ctx)
	if err != nil {
		return s, err
	}
	return sheet.Sheet{Words: words, Fingerprint: e.Fingerprint(), Device: e.Device(), Date: time.Now(), Texts: t, Storage: e.Address()}, nil
}

func drawn(s sheet.Sheet) ([]byte, error) {
	var b bytes.Buffer
	if err := sheet.Write(&b, s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeNew writes a file that did not exist, private and whole or not at all.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("save the file: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("save the file: %w", err), os.Remove(path))
	}
	return nil
}
