package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

const (
	readmeFile = "README.txt"
	rootFile   = "root"
	blocksDir  = "blocks"
	tempPrefix = ".writing-"
)

const readme = `This folder is a backup made by Roost: encrypted blocks, each named by its hash.

To use it again you need your 24 recovery words and a storage:
  roost import THIS-FOLDER --node URL
  roost setup --recover --node URL --words-file F

Without Roost: every file below "blocks" is one IPFS block, and the file "root" names
the one on top, a directory that leads to all others. Roost's vault/FORMAT.md describes
every byte.
`

// dir is a folder of blocks; it reads and writes.
type dir struct {
	path string
	top  cid.Cid
}

// createDir prepares a folder that is new, empty or a copy already.
func createDir(path string) (*dir, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, writeError("look into the folder", err)
	}
	d := &dir{path: path}
	if len(entries) > 0 {
		text, err := os.ReadFile(d.at(readmeFile))
		if err != nil || string(text) != readme {
			return nil, fmt.Errorf("%w: %s is not empty, and no backup of Roost", ErrOther, path)
		}
	}
	if err := os.MkdirAll(d.at(blocksDir), 0o700); err != nil {
		return nil, writeError("make the folder", err)
	}
	if err := d.write(readmeFile, []byte(readme)); err != nil {
		return nil, err
	}
	return d, nil
}

func openDir(path string) (*dir, error) {
	d := &dir{path: path}
	text, err := readUpTo(d.at(rootFile), 200)
	if errors.Is(err, fs.ErrNotExist) {
		if text, rerr := readUpTo(d.at(readmeFile), 4096); rerr == nil && string(text) == readme {
			return nil, fmt.Errorf("%w: %s", ErrUnfinished, path)
		}
		return nil, fmt.Errorf("%w: %s", ErrNotArchive, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w: %w", path, ErrDamaged, err)
	}
	if d.top, err = cid.Decode(strings.TrimSpace(string(text))); err != nil {
		return nil, fmt.Errorf("open %s: %w: its file %q names no block", path, ErrDamaged, rootFile)
	}
	return d, nil
}

// readUpTo reads a file of at most that many bytes: a larger one is not ours.
func readUpTo(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d bytes", filepath.Base(path), most)
	}
	return data, err
}

func (d *dir) at(name string) string { return filepath.Join(d.path, name) }

// place is where a block is, below the folder.
func place(c cid.Cid) string {
	name := c.String()
	return filepath.Join(blocksDir, name[len(name)-3:len(name)-1], name)
}

func (d *dir) Top() cid.Cid { return d.top }

func (d *dir) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := readUpTo(d.at(place(c)), node.MaxBlockSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read block %s from the disk: %w", c, node.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read block %s from the disk: %w: %w", c, ErrDamaged, err)
	}
	return data, check(c, data)
}

// Has reads the whole block: what a disk holds is known only then. One that is damaged is written again.
func (d *dir) Has(c cid.Cid) (bool, error) {
	data, err := readUpTo(d.at(place(c)), node.MaxBlockSize)
	return err == nil && check(c, data) == nil, nil
}

func (d *dir) Put(c cid.Cid, data []byte) error {
	if err := toWrite(c, data); err != nil {
		return err
	}
	return d.write(place(c), data)
}

// write makes a file whole or not at all: temporary name, content, flush, rename, flush of the directory.
func (d *dir) write(name string, data []byte) (err error) {
	path := d.at(name)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err == nil {
		if err := syncDir(filepath.Dir(filepath.Dir(path))); err != nil {
			return writeError("write "+name, err)
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return writeError("write "+name, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return writeError("write "+name, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return writeError("write "+name, errors.Join(err, os.Remove(f.Name())))
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return writeError("write "+name, err)
	}
	return nil
}

// Finish names the top, and removes what interrupted writes left.
func (d *dir) Finish(top cid.Cid) error {
	left, err := filepath.Glob(filepath.Join(globSafe(d.path), blocksDir, "*", tempPrefix+"*"))
	if err != nil {
		return writeError("clean up", err)
	}
	for _, f := range left {
		if err := os.Remove(f); err != nil {
			return writeError("clean up", err)
		}
	}
	d.top = top
	return d.write(rootFile, []byte(top.String()+"\n"))
}

// globSafe quotes what a pattern would read in another way.
func globSafe(path string) string {
	if filepath.Separator == '\\' {
		return path // nothing can be quoted there, and only brackets would mislead
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func (d *dir) Close() error { return nil }
