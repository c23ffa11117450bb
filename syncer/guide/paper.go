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

func (g *Guide) sheetDir() string { return filepath.Join(g.opts.Runtime, "recovery-sheet") }

// Sheet makes the recovery sheet for printing: a PDF that nobody but the person may read, gone after Close.
func (g *Guide) Sheet(ctx context.Context, t sheet.Texts) (path string, err error) {
	pdf, err := g.sheet(ctx, t)
	if err != nil {
		return "", err
	}
	dir := g.sheetDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the recovery sheet: %w", err)
	}
	path = filepath.Join(dir, sheetName+".pdf")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("make the recovery sheet anew: %w", err)
	}
	return path, writeNew(path, pdf)
}

// SaveSheet writes the recovery sheet into a folder, beside what is there already, and returns where.
func (g *Guide) SaveSheet(ctx context.Context, dir string, t sheet.Texts) (path string, err error) {
	pdf, err := g.sheet(ctx, t)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, sheetName+".pdf")
	for n := 2; ; n++ {
		err = writeNew(path, pdf)
		if !errors.Is(err, fs.ErrExist) {
			return path, err
		}
		path = filepath.Join(dir, fmt.Sprintf("%s (%d).pdf", sheetName, n))
	}
}

func (g *Guide) sheet(ctx context.Context, t sheet.Texts) ([]byte, error) {
	e, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	words, err := e.Words(ctx)
	if err != nil {
		return nil, err
	}
	s := sheet.Sheet{Words: words, Fingerprint: e.Fingerprint(), Device: e.Device(), Date: time.Now(), Texts: t, Storage: e.Address()}
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
		return fmt.Errorf("save the recovery sheet: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("save the recovery sheet: %w", err), os.Remove(path))
	}
	return nil
}
