package syncer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// Dated snapshots are what rsync, rsnapshot and Time Machine leave: a folder of folders, each the whole state of a day, with
// files that did not change as hard links. They become versions of one folder, with their dates.

// DatedFolder is one of them.
type DatedFolder struct {
	Name string
	Time time.Time
}

// ImportedVersions is the outcome of ImportDated.
type ImportedVersions struct {
	Folder   string
	Versions []Saved // of this run, the oldest first
	Already  int     // that were imported before
	Files    int64   // names in all of them, as counted before
	Bytes    int64   // of their content, a file with several names once
}

var (
	dated = regexp.MustCompile(`(?:^|\D)(\d{4})([-_.]?)(\d\d)([-_.]?)(\d\d)(?:[-_. T](\d\d)[-_.:h]?(\d\d)(?:[-_.:m]?(\d\d))?)?(?:\D|$)`)
	// rsnapshot counts instead of naming a date; then the folder's own time says it.
	counted = regexp.MustCompile(`^(?:hourly|daily|weekly|monthly|yearly)\.\d+$`)
)

// dateIn reads the date in a folder's name, in this computer's time zone; false without one.
func dateIn(name string) (time.Time, bool) {
	m := dated.FindStringSubmatch(name)
	if m == nil || m[2] != m[4] || strings.HasSuffix(strings.ToLower(name), ".inprogress") {
		return time.Time{}, false
	}
	n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v } // digits, or nothing for 0
	t := time.Date(n(1), time.Month(n(3)), n(5), n(6), n(7), n(8), 0, time.Local)
	// A 31st of June and a 25th hour are no dates.
	whole := t.Year() == n(1) && int(t.Month()) == n(3) && t.Day() == n(5) && n(6) < 24 && n(7) < 60 && n(8) < 60
	return t, whole && n(1) >= 1970
}

// findDated lists the dated folders in dir, the oldest first.
func findDated(dir string) ([]DatedFolder, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %s cannot be read: %w", ErrNotAFolder, dir, err)
	}
	var out []DatedFolder
	for _, e := range entries {
		if !e.IsDir() { // a link such as "Latest" leads to one of the others
			continue
		}
		t, ok := dateIn(e.Name())
		if !ok && counted.MatchString(e.Name()) {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNotAFolder, err)
			}
			t, ok = info.ModTime(), true
		}
		if ok && !t.After(time.Now()) {
			out = append(out, DatedFolder{e.Name(), t})
		}
	}
	slices.SortFunc(out, func(a, b DatedFolder) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no folder in %s has a date in its name", ErrUsage, dir)
	}
	return out, nil
}

// ImportDated makes a version of each dated folder in dir, with its date. They are versions of the folder dir, which is not kept
// otherwise. What an interrupted import brought is not brought again. What was done is returned beside an error.
func (e *Engine) ImportDated(ctx context.Context, dir string, r Report) (*ImportedVersions, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder: %w", err)
	}
	list, err := findDated(dir)
	if err != nil {
		return nil, err
	}
	f, err := e.importFolder(dir)
	if err != nil {
		return nil, err
	}
	st, err := e.state(ctx)
	if err != nil {
		return nil, err
	}
	known, err := e.vault().Versions(ctx, st)
	if err != nil {
		return nil, err
	}
	out := &ImportedVersions{Folder: dir}
	have := map[int64]bool{}
	for _, v := range known {
		if v.FolderID == f.id() && v.Complete {
			have[v.Time().UnixNano()] = true
		}
	}
	list = slices.DeleteFunc(list, func(d DatedFolder) bool { return have[d.Time.UnixNano()] })
	out.Already = len(have)
	var count counters
	count.phaseName.Store("looking")
	stop := count.tell(r, dir, time.Now())
	err = e.countDated(ctx, f, dir, list, out)
	count.totalFiles.Store(out.Files)
	count.totalBytes.Store(out.Bytes)
	stop()
	if err != nil {
		return out, err
	}
	for _, d := range list {
		s, err := e.saveDated(ctx, f, dir, d, r)
		if err != nil {
			return out, fmt.Errorf("import %s: %w", d.Name, err)
		}
		out.Versions = append(out.Versions, *s)
	}
	return out, errors.Join(e.mirror(ctx, r), ctx.Err())
}

// importFolder is the folder that versions are imported as: one that was kept before, or is remembered as if it had been.
func (e *Engine) importFolder(dir string) (f folderConfig, err error) {
	err = e.changed(func(c *config) error {
		if slices.ContainsFunc(c.Folders, func(x folderConfig) bool { return string(x.Path) == dir }) {
			return fmt.Errorf("%w: %s is kept itself; its dated folders are in its versions", ErrUsage, dir)
		}
		if f, err = c.formerOrNew(dir); err == nil {
			c.forgetFolder(f)
		}
		return err
	})
	return f, err
}

// countDated counts what there is to import: a file with several names has its bytes once.
func (e *Engine) countDated(ctx context.Context, f folderConfig, dir string, list []DatedFolder, out *ImportedVersions) error {
	seen := map[[2]uint64]bool{}
	var walk func(d *disk.Dir, depth int) error
	walk = func(d *disk.Dir, depth int) error {
		entries, err := d.ReadDir()
		var some disk.EntryErrors
		if err != nil && !errors.As(err, &some) || depth > countDepth {
			return nil // the import is what reports it
		}
		for i := range entries {
			x := &entries[i]
			if err := ctx.Err(); err != nil {
				return err
			}
			switch x.Kind {
			case disk.File:
				out.Files++
				id := [2]uint64{x.Dev, x.Inode}
				if x.Inode == 0 || !seen[id] {
					out.Bytes += x.Size
				}
				seen[id] = true
			case disk.Symlink:
				out.Files++
			case disk.Directory:
				sub, err := d.OpenDir(x.Name)
				if err != nil {
					continue
				}
				if err := errors.Join(walk(sub, depth+1), sub.Close()); err != nil {
					return err
				}
			case disk.Other:
			}
		}
		return nil
	}
	for _, x := range list {
		d, err := disk.OpenRoot(filepath.Join(dir, x.Name))
		if err != nil {
			continue
		}
		if err := errors.Join(walk(d, 0), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

// saveDated makes one version. The catalog remembers the files of the one before, so that a hard link of what did not change
// is not read again.
func (e *Engine) saveDated(ctx context.Context, f folderConfig, dir string, d DatedFolder, r Report) (*Saved, error) {
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	at := f
	at.Path = []byte(filepath.Join(dir, d.Name))
	root, err := disk.OpenRoot(string(at.Path))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAFolder, err)
	}
	defer root.Close()
	for try := 1; ; try++ {
		s, err := e.datedPass(ctx, at, root, dir, d.Time, r)
		if errors.Is(err, vault.ErrRedo) && try < redoTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		return s, e.noteVersions(ctx)
	}
}

func (e *Engine) datedPass(ctx context.Context, f folderConfig, root *disk.Dir, dir string, when time.Time, r Report) (*Saved, error) {
	p, end, err := e.begin(ctx, f, root, nil, r)
	if err != nil {
		return nil, err
	}
	defer end()
	p.of, p.when = []byte(dir), when
	p.expect(ctx, nil)
	top, err := p.run(ctx)
	if err != nil {
		return nil, err
	}
	p.phase("confirming")
	c, err := p.s.Commit(ctx, []*format.Snapshot{p.snapshot(top, true)}, p.remember)
	if err != nil {
		return nil, err
	}
	return &Saved{
		ID: c.IDs[0], Folder: dir, Time: when, Files: p.files.Load(), Bytes: p.bytes.Load(), NewBytes: p.s.Stats().NewBytes,
		StoredBytes: c.Stored, Complete: true, Skipped: p.skippedList(),
	}, nil
}
