package syncer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/archive"
	"roost/vault/node"
)

// Exported is the outcome of Export and of ImportBackup.
type Exported struct {
	Path    string
	Devices int
	Blocks  int64    // that are there now
	Bytes   int64    // of packs that are there now
	Written int64    // bytes of packs that were not there before
	Top     string   // CID of the directory that leads to everything
	Missing []string // CIDs of blocks that no storage has unharmed, at most a thousand
	Unread  []string // states of computers that could not be followed, in words
	Took    time.Duration
}

func newExported(path string, c *vault.Copied, began time.Time) *Exported {
	out := &Exported{Path: path, Devices: c.Devices, Blocks: c.Blocks, Bytes: c.Bytes, Written: c.Sent, Took: time.Since(began)}
	if c.Top.Defined() {
		out.Top = c.Top.String()
	}
	for _, m := range c.Missing[:min(len(c.Missing), 1000)] {
		out.Missing = append(out.Missing, m.String())
	}
	for _, u := range c.Unread {
		out.Unread = append(out.Unread, u.Error())
	}
	return out
}

// exportTries bounds how often an export is made again because a computer saved meanwhile.
const exportTries = 3

// Export copies the newest state of every computer, as the storages serve it, to a disk: into a folder, or into one file where
// path ends in ".car". An interrupted one goes on where it was, and a folder that holds an earlier one gets what is new. What no
// storage has unharmed is left out, named, and vault.ErrMissing beside the rest.
func (e *Engine) Export(ctx context.Context, path string, r Report) (*Exported, error) {
	began := time.Now()
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the place: %w", err)
	}
	if err := e.mayExport(path); err != nil {
		return nil, err
	}
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	var count counters
	count.phaseName.Store("looking")
	stop := count.tell(r, "", began)
	defer stop()
	from := append([]node.Node{e.node()}, e.farNodes(ctx)...)
	for try := 1; ; try++ {
		out, err := e.export(ctx, path, from, &count, began)
		if try == exportTries || !errors.Is(err, errSavedMeanwhile) {
			return out, err
		}
	}
}

// errSavedMeanwhile: a state that was being copied is no longer the newest, and its parts may be gone.
var errSavedMeanwhile = fmt.Errorf("%w: a computer saved something meanwhile", vault.ErrMissing)

func (e *Engine) export(ctx context.Context, path string, from []node.Node, count *counters, began time.Time) (_ *Exported, err error) {
	t, source, err := vault.Live(ctx, e.bundle, from)
	if err != nil {
		return nil, err
	}
	w, err := archive.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := roomToExport(path, w, t); err != nil {
		return nil, err
	}
	count.totalFiles.Store(t.Blocks())
	count.totalBytes.Store(t.Bytes)
	count.phaseName.Store("exporting")
	got, err := t.Export(ctx, source, w, func(done, total int64) {
		count.bytes.Store(done)
		count.totalBytes.Store(total)
	})
	if err != nil {
		return nil, err
	}
	out := newExported(path, got, began)
	if len(got.Missing)+len(got.Unread) == 0 {
		return out, e.readBack(ctx, path, count)
	}
	now, _, err := vault.Live(ctx, e.bundle, from)
	if err != nil {
		return out, err
	}
	if a, _ := now.Top(); a != got.Top && !archive.IsCAR(path) {
		return out, errSavedMeanwhile
	}
	return out, fmt.Errorf("%w: %d parts of the backup could not be written", vault.ErrMissing, len(got.Missing)+len(got.Unread))
}

// readBack opens what was written as a stranger would, and reads all of it.
func (e *Engine) readBack(ctx context.Context, path string, count *counters) (err error) {
	count.phaseName.Store("checking")
	count.bytes.Store(0)
	from, err := archive.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	t, err := vault.OpenTree(ctx, from, from.Top())
	if err != nil {
		return err
	}
	bad, err := t.Check(ctx, from, func(done, total int64) { count.bytes.Store(done) })
	if err == nil && len(bad)+len(t.Unread) > 0 {
		err = fmt.Errorf("%w: read back what was written: %d blocks, and %d states", archive.ErrDamaged, len(bad), len(t.Unread))
	}
	return err
}

// roomToExport refuses a disk that is too small before it is filled.
func roomToExport(path string, w vault.Store, t *vault.Tree) error {
	need := int64(0)
	for _, l := range t.Packs {
		there, err := w.Has(l.CID())
		if err != nil {
			return err
		}
		if !there {
			need += int64(l.File)
		}
	}
	free, err := disk.FreeSpace(path)
	if err != nil {
		return fmt.Errorf("ask for the room on the disk: %w: %w", archive.ErrWrite, err)
	}
	if free < need {
		return fmt.Errorf("%w: %s are needed at %s, %s are free", ErrNoRoom, byteCount(need), path, byteCount(free))
	}
	return nil
}

// copyDir is the folder of a copy on a disk that holds other things as well.
const copyDir = "Roost copy"

// exportPlace is where a copy goes that a person wants on a disk, or in a folder of it: there where nothing else is, else in a folder
// of its own, which a later copy finds again.
func exportPlace(dir string) string {
	entries, err := os.ReadDir(dir)
	if archive.IsCAR(dir) || err != nil || len(entries) == 0 || archive.IsBackup(dir) {
		return dir
	}
	return filepath.Join(dir, copyDir)
}

// importPlace is the copy that a person means who chose a disk, or a folder of it: that itself, or what Export wrote into it, a folder
// before the newest file. Where there is none, opening dir says so.
func importPlace(dir string) string {
	if archive.IsBackup(dir) {
		return dir
	}
	if own := filepath.Join(dir, copyDir); isDir(own) && archive.IsBackup(own) {
		return own
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return dir
	}
	found, newest := dir, time.Time{}
	for _, x := range entries {
		info, err := x.Info()
		if err == nil && info.Mode().IsRegular() && archive.IsCAR(x.Name()) && info.ModTime().After(newest) {
			found, newest = filepath.Join(dir, x.Name()), info.ModTime()
		}
	}
	return found
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// copySize is how much a copy on a disk holds. Errors: those of archive.Open and vault.OpenTree.
func copySize(ctx context.Context, path string) (_ int64, err error) {
	from, err := archive.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	t, err := vault.OpenTree(ctx, from, from.Top())
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	return t.Bytes, nil
}

// mayExport refuses places whose content Roost itself would save or hold.
func (e *Engine) mayExport(path string) error {
	real := resolved(filepath.Dir(path))
	if !archive.IsCAR(path) {
		real = resolved(path)
	}
	c := e.home.config()
	for _, f := range c.Folders {
		if within(real, resolved(string(f.Path))) {
			return fmt.Errorf("%w: %s lies in a folder that is kept, and would be saved again", ErrUsage, path)
		}
	}
	for _, n := range c.Nodes {
		if n.Dir != "" && within(real, resolved(n.Dir)) {
			return fmt.Errorf("%w: %s lies in the storage itself", ErrUsage, path)
		}
	}
	return nil
}

// ImportBackup puts a backup that Export wrote into this home's first storage. Errors: those of archive.Open and vault.Import.
func (e *Engine) ImportBackup(ctx context.Context, path string, r Report) (*Exported, error) {
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	info, err := e.node().Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the storage who it is: %w", err)
	}
	out, err := importBackup(ctx, path, e.node(), e.bundle.Keys().PinLabel(info.PeerID), r)
	if err == nil {
		err = e.noteVersions(ctx)
	}
	return out, err
}

// ImportBackup puts a backup that Export wrote into a storage that no home knows yet: it needs no words, and with them Setup
// recovers from there. Of o only the storage's fields are used.
func ImportBackup(ctx context.Context, opts Options, o SetupOptions, path string, r Report) (_ *Exported, err error) {
	h := &home{dir: opts.Home}
	if o.LocalDir != "" {
		if h, err = makeHome(opts.Home); err != nil {
			return nil, err
		}
		unlock, err := h.lock(ctx, 5*time.Second)
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	nc := o.node(o.NodeName)
	nc.Dir = o.LocalDir
	n, managed, err := dial(ctx, h, nc, o.access(), nil)
	if err != nil {
		return nil, err
	}
	c := connection{n, managed}
	defer func() { err = errors.Join(err, c.close()) }()
	return importBackup(ctx, path, n, "", r)
}

func importBackup(ctx context.Context, path string, to node.Node, label string, r Report) (_ *Exported, err error) {
	began := time.Now()
	path = importPlace(path)
	from, err := archive.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	var count counters
	count.phaseName.Store("looking")
	stop := count.tell(r, "", began)
	defer stop()
	t, err := vault.OpenTree(ctx, from, from.Top())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	count.totalFiles.Store(t.Blocks())
	count.totalBytes.Store(t.Bytes)
	count.phaseName.Store("importing")
	got, err := t.Import(ctx, from, to, label, func(done, total int64) { count.bytes.Store(done) })
	got.Top = from.Top()
	return newExported(path, got, began), err
}
