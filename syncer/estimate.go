package syncer

import (
	"context"
	"errors"

	"roost/syncer/disk"
	"roost/syncer/ignore"
	"roost/vault/format"
)

// expect finds out how much there is to save, for whoever watches: what the last version held, or for a first one a count
// of its own that runs beside the scan.
func (p *pass) expect(ctx context.Context, previous []format.Summary) {
	if p.report == nil {
		return
	}
	for _, v := range previous {
		if v.Complete {
			p.totalFiles.Store(int64(v.Files))
			p.totalBytes.Store(int64(v.Bytes))
			return
		}
	}
	ctx, p.stopCount = context.WithCancel(ctx)
	p.counting.Go(func() {
		root, err := disk.OpenRoot(string(p.folder.Path)) // of its own: two readers of one would get half of it each
		if err != nil {
			return
		}
		var sum tally
		add := func(bytes int64) { sum.files, sum.bytes = sum.files+1, sum.bytes+bytes }
		if errors.Join(count(ctx, root, "", p.rules, nil, add, 0), root.Close()) == nil {
			p.totalFiles.Store(sum.files)
			p.totalBytes.Store(sum.bytes)
		}
	})
}

// errDeep: an estimate need not follow folders further than this.
var errDeep = errors.New("folders are nested too deep to be counted")

const countDepth = 200

// count calls add with the size of each file below a directory. What cannot be read is not counted: the scan is what reports it.
func count(ctx context.Context, d *disk.Dir, name string, all *ignore.Rules, above *ignore.Dir, add func(bytes int64), depth int) error {
	if depth > countDepth {
		return errDeep
	}
	entries, err := d.ReadDir()
	var some disk.EntryErrors
	if err != nil && !errors.As(err, &some) {
		return nil
	}
	f, tagged := rulesFiles(d, entries)
	rules, _ := all.Root(f)
	if above != nil {
		rules, _ = above.Enter(name, f, tagged)
	}
	for i := range entries {
		e := &entries[i]
		if leavesOut(rules, e) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		switch e.Kind {
		case disk.File:
			add(e.Size)
		case disk.Symlink:
			add(0)
		case disk.Directory:
			sub, err := d.OpenDir(e.Name)
			if err != nil {
				continue
			}
			if err := errors.Join(count(ctx, sub, e.Name, all, rules, add, depth+1), sub.Close()); err != nil {
				return err
			}
		case disk.Other:
		}
	}
	return nil
}
