package syncer

import (
	"context"
	"errors"
	"fmt"

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
		c := counting{
			found: func(_ string, x *disk.Entry) { sum.add(tally{1, contentOf(x)}) },
			left:  func() {}, // the scan is what reports it
		}
		if errors.Join(c.walk(ctx, root, "", "", p.rules, nil, 0), root.Close()) == nil {
			p.totalFiles.Store(sum.files)
			p.totalBytes.Store(sum.bytes)
		}
	})
}

// errDeep: an estimate need not follow folders further than this.
var errDeep = errors.New("folders are nested too deep to be counted")

const countDepth = 200

// counting goes through what a backup would save of a directory.
type counting struct {
	found func(at string, x *disk.Entry) // a file or a link, and the path of its directory
	left  func()                         // a name that is left out, or that cannot be read
}

// folder goes through a folder of this computer by the rules that the settings have for it. Errors: ErrNotAFolder.
func (c *counting) folder(ctx context.Context, path string, settings config) error {
	root, err := disk.OpenRoot(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAFolder, err)
	}
	err = c.walk(ctx, root, "", "", settings.rules(folderConfig{Path: []byte(path)}), nil, 0)
	if errors.Is(err, errDeep) { // an estimate need not follow that far
		err = nil
	}
	return errors.Join(err, root.Close())
}

// contentOf is what a file or a link counts with.
func contentOf(x *disk.Entry) int64 {
	if x.Kind != disk.File {
		return 0
	}
	return x.Size
}

func (c *counting) walk(ctx context.Context, d *disk.Dir, at, name string, all *ignore.Rules, above *ignore.Dir, depth int) error {
	if depth > countDepth {
		return errDeep
	}
	entries, err := d.ReadDir()
	var some disk.EntryErrors
	if err != nil && !errors.As(err, &some) {
		c.left()
		return nil
	}
	f, tagged := rulesFiles(d, entries)
	rules, _ := all.Root(f)
	if above != nil {
		rules, _ = above.Enter(name, f, tagged)
	}
	for i := range entries {
		x := &entries[i]
		if leavesOut(rules, x) {
			c.left()
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		switch x.Kind {
		case disk.File, disk.Symlink:
			c.found(at, x)
		case disk.Directory:
			sub, err := d.OpenDir(x.Name)
			if err != nil {
				c.left()
				continue
			}
			if err := errors.Join(c.walk(ctx, sub, join(at, x.Name), x.Name, all, rules, depth+1), sub.Close()); err != nil {
				return err
			}
		case disk.Other:
			c.left()
		}
	}
	return nil
}
