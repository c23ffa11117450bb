package syncer

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// plan reads the folders of all targets, without any content, for the totals, the room that is needed, and what is read
// more than once.
func (r *restore) plan(ctx context.Context, targets []*target) error {
	r.phaseName.Store("looking")
	folder := ""
	if len(targets) == 1 {
		folder = targets[0].path
	}
	stop := r.tell(r.report, folder, r.started)
	defer stop()
	need := map[volume]int64{}
	at := map[volume]*target{}
	for _, t := range targets {
		p := &planner{r: r, seen: map[linkKey]bool{}}
		if err := p.target(ctx, t); err != nil {
			return err
		}
		v := volumeOf(t.within)
		need[v] = sum(need[v], p.need)
		at[v] = t
	}
	for v, n := range need {
		free, err := disk.FreeSpace(at[v].within)
		if err != nil {
			r.e.log.Debug("the free space is not known", "reason", err)
			continue // a disk that fills up ends the restore, at worst later
		}
		if free < n {
			return fmt.Errorf("%w: %s are needed at %s, %s are free", ErrNoRoom, byteCount(n), at[v].within, byteCount(free))
		}
	}
	return nil
}

// volume tells disks apart: where they have letters, by these.
type volume struct {
	letter string
	dev    uint64
}

// volumeOf is the disk that a path is or would be on.
func volumeOf(path string) volume {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	v := volume{letter: filepath.VolumeName(path)}
	for {
		d, err := disk.OpenRoot(path)
		if err == nil {
			if st, err := d.Stat(); err == nil {
				v.dev = st.Dev
			}
			_ = d.Close() // it was only looked at
			return v
		}
		up := filepath.Dir(path)
		if up == path {
			return v
		}
		path = up
	}
}

// planner adds up one target.
type planner struct {
	r    *restore
	need int64 // bytes of content that are not there yet; holes take none, hard-linked files count once
	seen map[linkKey]bool
}

// discountDepth is how deep the target is looked at for files that are there already: each level is an open folder.
const discountDepth = 64

func (p *planner) target(ctx context.Context, t *target) error {
	there, err := disk.OpenRoot(t.within)
	if err != nil {
		return p.folder(ctx, t.root.Tree, t.pick, nil, 0) // it is made later, or its failure is told then
	}
	defer there.Close()
	if t.name == "" {
		return p.folder(ctx, t.root.Tree, t.pick, there, 0)
	}
	return p.below(ctx, t.root.Tree, t.pick, there, t.name, 0)
}

// below plans the folder name of dir, if there is one.
func (p *planner) below(ctx context.Context, tree []byte, pick selection, dir *disk.Dir, name string, depth int) error {
	var there *disk.Dir
	if dir != nil && depth < discountDepth {
		if d, err := dir.OpenDir(name); err == nil { // else nothing in it is there yet
			there = d
			defer d.Close()
		}
	}
	return p.folder(ctx, tree, pick, there, depth)
}

// folder adds up a tree. there is where it is going to be, nil if that does not exist.
func (p *planner) folder(ctx context.Context, tree []byte, pick selection, there *disk.Dir, depth int) error {
	if depth > format.MaxDepth {
		return nil
	}
	for x, err := range p.r.e.selected(ctx, tree, pick) {
		if err == nil {
			switch x.Type {
			case format.TypeDir:
				err = p.below(ctx, x.Tree, pick[string(x.Name)], there, string(x.Name), depth+1)
			case format.TypeFile:
				err = p.file(ctx, x, there)
			case format.TypeSymlink:
				p.r.totalFiles.Add(1)
			}
		}
		if err != nil && !vault.Unusable(err) { // damage is told when its turn comes
			return err
		}
	}
	return ctx.Err()
}

func (p *planner) file(ctx context.Context, x *format.Entry, there *disk.Dir) error {
	p.r.totalFiles.Add(1)
	p.r.totalBytes.Store(sum(p.r.totalBytes.Load(), int64(x.Size)))
	if len(x.Link) > 0 {
		k := linkKeyOf(x)
		if p.seen[k] {
			return nil
		}
		p.seen[k] = true
	}
	if there != nil {
		e, err := there.Lstat(string(x.Name))
		if err == nil && e.Kind == disk.File && e.Size == int64(x.Size) && e.MTimeSec == x.MTime && e.MTimeNsec == int32(x.MNano) {
			return nil
		}
	}
	p.need = sum(p.need, dataSize(x))
	return p.r.e.readVault().Expect(ctx, x)
}

// dataSize is how many bytes of a file are in chunks: all that is not a hole.
func dataSize(x *format.Entry) int64 {
	n := x.Size
	for _, h := range x.Holes {
		n -= h.Len
	}
	return int64(n)
}

// sum adds sizes, which a tree may claim to be anything.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// byteCount is a number of bytes for a person: "12.3 GB".
func byteCount(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	f, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB", "PB", "EB"} {
		if f /= 1000; f < 999.95 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
