package catalog

import (
	"context"
	"fmt"
	"iter"
)

// Dir is what the last backup found in one directory of a folder.
type Dir struct {
	Path    string   // raw bytes relative to the folder's root; "" is the root
	Tree    [32]byte // id of its tree object
	Entries []byte   // the caller's encoding; empty is read back as nil
	Files   int64    // in the whole subtree
	Bytes   int64    // in the whole subtree
}

// scanDir reads path, tree, entries, files, bytes.
func scanDir(v []value) (d Dir, err error) {
	path, err := blob(v[0])
	if err != nil {
		return Dir{}, err
	}
	d.Path = string(path)
	if err := fixed(d.Tree[:], v[1]); err != nil {
		return Dir{}, err
	}
	if d.Entries, err = blob(v[2]); err != nil {
		return Dir{}, err
	}
	if d.Files, err = integer(v[3]); err != nil {
		return Dir{}, err
	}
	d.Bytes, err = integer(v[4])
	return d, err
}

// Dirs yields the directories of a folder in the order of their raw path bytes, so that it can be walked beside the
// file system. It reads in portions and holds nothing in between: the loop may take hours and may update the catalog.
// A directory changed meanwhile is seen as before or after. An error is the last thing it yields.
func (c *Catalog) Dirs(ctx context.Context, folder [16]byte) iter.Seq2[Dir, error] {
	return func(yield func(Dir, error) bool) {
		const rows, size = 256, 1 << 20 // a portion ends at whichever comes first
		var last value = int64(0)       // any blob, also the empty one, is greater than any number
		for more := true; more; {
			var dirs []Dir
			held := 0
			more = false
			err := c.read(ctx, func(r *conn) error {
				return r.each(ctx, `SELECT path, tree, entries, files, bytes FROM dirs
					WHERE folder = ? AND path > ? ORDER BY path`, 5, func(v []value) error {
					d, err := scanDir(v)
					if err != nil {
						return err
					}
					dirs = append(dirs, d)
					if held += len(d.Entries); held >= size || len(dirs) == rows {
						more = true
						return errStop
					}
					return nil
				}, folder[:], last)
			})
			for _, d := range dirs {
				if !yield(d, nil) {
					return
				}
				last = []byte(d.Path)
			}
			if err != nil {
				yield(Dir{}, fmt.Errorf("list directories: %w", err))
				return
			}
		}
	}
}

// Dir finds one directory of a folder.
func (c *Catalog) Dir(ctx context.Context, folder [16]byte, path string) (d Dir, ok bool, err error) {
	err = c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT path, tree, entries, files, bytes FROM dirs WHERE folder = ? AND path = ?`, 5, func(v []value) (err error) {
			ok = true
			d, err = scanDir(v)
			return err
		}, folder[:], []byte(path))
	})
	if err != nil {
		return Dir{}, false, fmt.Errorf("find directory: %w", err)
	}
	return d, ok, nil
}

// PutDir adds the directory, or replaces what was known of it.
func (tx *Tx) PutDir(folder [16]byte, d Dir) error {
	return tx.fail("put directory", tx.exec(`INSERT INTO dirs (folder, path, tree, files, bytes, entries) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (folder, path) DO UPDATE SET
			tree = excluded.tree, files = excluded.files, bytes = excluded.bytes, entries = excluded.entries`,
		folder[:], []byte(d.Path), d.Tree[:], d.Files, d.Bytes, bytesOf(d.Entries)))
}

// DropDir forgets one directory, not those below it; an unknown one is fine.
func (tx *Tx) DropDir(folder [16]byte, path string) error {
	return tx.fail("drop directory", tx.exec(`DELETE FROM dirs WHERE folder = ? AND path = ?`, folder[:], []byte(path)))
}

// DropFolder forgets all directories of a folder.
func (tx *Tx) DropFolder(folder [16]byte) error {
	return tx.fail("drop folder", tx.exec(`DELETE FROM dirs WHERE folder = ?`, folder[:]))
}

// DropDirs forgets a directory of a folder and everything below it.
func (tx *Tx) DropDirs(folder [16]byte, path string) error {
	err := tx.exec(`DELETE FROM dirs WHERE folder = ? AND (path = ? OR (path > ? AND path < ?))`,
		folder[:], []byte(path), []byte(path+"/"), []byte(path+"0")) // "0" follows "/"
	return tx.fail("drop directories", err)
}
