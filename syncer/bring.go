package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"roost/vault/archive"
	"roost/vault/node"
)

// Bringing in is what a person who has something already begins with: folders of this computer, dated folders of another tool, files
// that lie open on a storage, a backup on a disk; and what leads away from where it is: a new storage, a disk. It goes on by
// itself: see BringRun.

// Kinds of parts of a BringWish.
const (
	BringFolder = "folder" // a folder is kept from now on, and saved for the first time
	BringDated  = "dated"  // dated folders become versions: see ImportDated
	BringPlain  = "plain"  // files that lie open on a storage become one: see ImportPlain
	BringImport = "import" // a backup on a disk goes into the storage: see importPlace, ImportBackup
	BringExport = "export" // the backup goes to a disk as well: see exportPlace, Export
	BringOpen   = "open"   // the newest version of a kept folder lies open on a storage as well: see ExportPlain
	BringMove   = "move"   // a storage makes room for a new one: see MoveNode
)

// BringPart is one thing to bring in. Each of them, done again, goes on where it was.
type BringPart struct {
	Kind  string
	Path  string       // of a folder, dated folders, a disk
	Plain PlainSource  // of BringPlain
	Open  *OpenWish    // of BringOpen
	From  string       // of BringMove: the old storage
	To    SetupOptions // of BringMove: the new one; only StartBring is told, because a key may be in it
	Clean bool         // of BringMove: the old storage is emptied at the end
	Files int64        // as estimated, like Bytes; 0: not known
	Bytes int64
}

// OpenWish says that a person was told that others can read what lies open, and wants that.
type OpenWish struct {
	Storage string // where; "": on the only one
}

// BringWish are things to bring in, one after the other in this order.
type BringWish struct{ Parts []BringPart }

// Brought is what became of one part.
type Brought struct {
	Kind        string
	Name        string // the folder, the disk or the storage
	Files       int64
	Bytes       int64
	NewBytes    int64 // of content that was not stored before
	StoredBytes int64 // that went to the storage
	Versions    int   // that came to be
	Already     int   // versions that were there before
	Failed      int64 // files that are not among them
	Skipped     []Skipped
	CID         string   // of what was read or written, for who asks
	Problem     *Problem // why it could not be done; nil: it was
}

// ErrBringing: something is being brought in already.
var ErrBringing = errors.New("something is being brought in already")

// check refuses what can never be done.
func (p BringPart) check() error {
	ok := false
	switch p.Kind {
	case BringFolder, BringDated, BringImport, BringExport:
		ok = filepath.IsAbs(p.Path)
	case BringPlain:
		ok = p.Plain.CID != "" || p.Plain.Path != ""
	case BringOpen:
		ok = filepath.IsAbs(p.Path) && p.Open != nil
	case BringMove:
		ok = p.From != ""
	}
	if !ok {
		return fmt.Errorf("%w: nothing that could be brought in", ErrUsage)
	}
	return nil
}

// name is what a person knows the part by.
func (p BringPart) name() string {
	switch p.Kind {
	case BringPlain:
		return cmp.Or(p.Plain.Name, p.Plain.Path, p.Plain.CID)
	case BringMove:
		return p.From
	}
	return p.Path
}

// bring does one part. What was done is returned beside an error.
func (e *Engine) bring(ctx context.Context, p BringPart, r Report) (out Brought, err error) {
	out = Brought{Kind: p.Kind, Name: p.name()}
	switch p.Kind {
	case BringFolder:
		var list []Saved
		list, err = e.Backup(ctx, []string{p.Path}, r)
		for _, s := range list {
			out.add(s)
		}
	case BringDated:
		var got *ImportedVersions
		if got, err = e.ImportDated(ctx, p.Path, r); got != nil {
			out.Already = got.Already
			for _, s := range got.Versions {
				out.add(s)
			}
		}
	case BringPlain:
		var got *ImportedPlain
		if got, err = e.ImportPlain(ctx, p.Plain, r); got != nil {
			out.add(got.Saved)
			out.CID = got.CID
		}
	case BringImport:
		var got *Exported
		if got, err = e.ImportBackup(ctx, p.Path, r); got != nil {
			out.copied(got)
		}
	case BringExport:
		var got *Exported
		if got, err = e.Export(ctx, exportPlace(p.Path), r); got != nil {
			out.copied(got)
		}
	case BringOpen:
		var got *WrittenPlain
		got, err = e.ExportPlain(ctx, PlainTarget{Snapshot: "latest:" + p.Path, Storage: p.Open.Storage, Open: true}, r)
		if got != nil {
			out.opened(got)
		}
	case BringMove:
		var got *Moved
		if got, err = e.MoveNode(ctx, MoveOptions{From: p.From, Clean: p.Clean}, r); got != nil {
			out.Name, out.Bytes, out.Files = got.To, got.Bytes, got.Blocks
		}
	}
	return out, err
}

func (b *Brought) add(s Saved) {
	b.Files += s.Files
	b.Bytes += s.Bytes
	b.NewBytes += s.NewBytes
	b.StoredBytes += s.StoredBytes
	if s.Unchanged {
		b.Already++
	} else if !s.Missing {
		b.Versions++
	}
	for _, x := range s.Skipped {
		if x.Failed {
			b.left(x)
		}
	}
}

func (b *Brought) left(x Skipped) {
	b.Failed++
	if len(b.Skipped) < mostNamed {
		b.Skipped = append(b.Skipped, x)
	}
}

func (b *Brought) opened(x *WrittenPlain) {
	b.Name, b.Files, b.Bytes, b.CID = x.Storage, x.Files, x.Bytes, x.CID
	if x.Already {
		b.Already = 1
	}
	for _, s := range x.Skipped {
		b.left(s)
	}
}

func (b *Brought) copied(x *Exported) {
	b.Name = x.Path
	b.Files, b.Bytes, b.StoredBytes, b.CID = x.Blocks, x.Bytes, x.Written, x.Top
	b.Failed = int64(len(x.Missing) + len(x.Unread))
}

// passing tells errors that may be over later, with the part as it is: everything after it waits then.
func passing(err error) bool {
	p := Describe(err)
	return p.Retry || p.Exit == ExitStorage || p.Exit == ExitHome || p.Exit == ExitKeys || errors.Is(err, node.ErrUnauthorized) || errors.Is(err, archive.ErrWrite)
}

// adopt makes a folder one that is kept, but not by itself yet: it is this run that saves it first. It tells whether it was not
// kept before.
func (e *Engine) adopt(dir string) (added bool, err error) {
	path, err := cleanFolder(dir)
	if err != nil {
		return false, err
	}
	err = e.changed(func(c *config) error {
		f, err := e.addFolder(c, path)
		if f != nil {
			added, f.Mode = true, Manual
		}
		return err
	})
	return added, err
}

// bringSum adds up how much there is, as it was estimated.
func bringSum(parts []BringPart) (files, bytes int64) {
	for _, p := range parts {
		files, bytes = files+p.Files, bytes+p.Bytes
	}
	return files, bytes
}
