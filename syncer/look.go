package syncer

import (
	"context"
	"errors"
	"strings"
	"time"

	"roost/syncer/disk"
	"roost/syncer/ignore"
	"roost/vault/format"
)

// lookPatience is how long a look from outside may take; a pass has no such limit.
const lookPatience = 20 * time.Second

// lookThrough counts the files of a folder that look other than at the last pass, without reading one. Those that the
// last version names as left out are not counted. A folder that the catalog does not know counts none: nothing can be
// said of it but what the storage says.
func (e *Engine) lookThrough(ctx context.Context, f folderConfig, skipped []format.Skip) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	if _, known, err := e.cat.Dir(ctx, f.id(), ""); !known || err != nil {
		return 0, err
	}
	own, err := e.ownFolders()
	if err != nil {
		return 0, err
	}
	l := looking{e: e, folder: f, own: own, rules: e.home.config().rules(f), skipped: make(map[string]bool, len(skipped))}
	for _, k := range skipped {
		l.skipped[string(k.Path)] = true
	}
	root, err := disk.OpenRoot(string(f.Path))
	if err != nil {
		return 0, err
	}
	err = l.dir(ctx, root, "", nil, 0)
	return l.changed, errors.Join(err, root.Close())
}

// looking is one such look.
type looking struct {
	e       *Engine
	folder  folderConfig
	own     ownFolders
	rules   *ignore.Rules
	skipped map[string]bool
	changed int64
}

func (l *looking) dir(ctx context.Context, d *disk.Dir, path string, above *ignore.Dir, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := d.ReadDir()
	var some disk.EntryErrors
	if err != nil && !errors.As(err, &some) {
		return err
	}
	row, _, err := l.e.cat.Dir(ctx, l.folder.id(), path)
	if err != nil {
		return err
	}
	known, ok := decodeRecords(row.Entries)
	if !ok {
		known = nil
	}
	f, tagged := rulesFiles(d, entries)
	rules, _ := l.rules.Root(f)
	if above != nil {
		rules, _ = above.Enter(path[strings.LastIndexByte(path, '/')+1:], f, tagged)
	}
	side := sideFiles(entries)
	taken := side.taken(d)
	there := 0
	for i := range entries {
		x := &entries[i]
		at := join(path, x.Name)
		k := known[x.Name]
		if k != nil {
			there++
		}
		if l.skipped[at] || leavesOut(rules, x) {
			continue
		}
		switch x.Kind {
		case disk.File:
			if disk.IsTempName(x.Name) || taken[x.Name] {
				continue
			}
			if k == nil || !looksSaved(k, lookOf(x, side.of(x.Name))) {
				l.changed++
			}
		case disk.Symlink:
			if k == nil || k.look != lookOf(x, 0) {
				l.changed++
			}
		case disk.Directory:
			if l.own.has(x, l.folder, at) || depth >= countDepth {
				continue
			}
			if k == nil || !k.dir {
				l.changed++
			}
			sub, err := d.OpenDir(x.Name)
			if err != nil {
				l.changed++
				continue
			}
			if err := errors.Join(l.dir(ctx, sub, at, rules, depth+1), sub.Close()); err != nil {
				return err
			}
		case disk.Other:
		}
	}
	l.changed += int64(len(known) - there) // gone
	return nil
}

// looksSaved tells whether a file looks as the catalog remembers it. One that was too fresh to leave a look is known by
// the size and time of its entry.
func looksSaved(k *record, l look) bool {
	if k.look != (look{}) {
		return k.look == l
	}
	e, err := format.DecodeEntry(k.entry)
	return err == nil && int64(e.Size) == l.size && e.MTime == l.mtime && int32(e.MNano) == l.mnano
}
