package vault

import (
	"context"
	"fmt"
	"iter"

	"roost/vault/format"
)

// Snapshot reads a snapshot by its id.
func (v *Vault) Snapshot(ctx context.Context, id format.ChunkID) (*format.Snapshot, error) {
	b, err := v.Read(ctx, format.KindSnapshot, id)
	if err != nil {
		return nil, fmt.Errorf("read version %.12s: %w", id, err)
	}
	return format.DecodeSnapshot(b)
}

// Entries yields what a directory's tree holds, in the order of the names' bytes. It ends after an error.
func (v *Vault) Entries(ctx context.Context, tree []byte) iter.Seq2[*format.Entry, error] {
	return func(yield func(*format.Entry, error) bool) {
		v.entriesBelow(ctx, tree, 0, yield)
	}
}

func (v *Vault) entriesBelow(ctx context.Context, tree []byte, level int, yield func(*format.Entry, error) bool) bool {
	t, err := v.tree(ctx, tree, level)
	if err != nil {
		yield(nil, err)
		return false
	}
	for i := range t.Entries {
		if !yield(&t.Entries[i], nil) {
			return false
		}
	}
	for _, b := range t.Branches {
		if !v.entriesBelow(ctx, b.Node, level+1, yield) {
			return false
		}
	}
	return true
}

func (v *Vault) tree(ctx context.Context, id []byte, level int) (*format.Tree, error) {
	if len(id) != 32 || level > format.MaxTreeLevel {
		return nil, fmt.Errorf("read a folder: %w: at level %d", format.ErrDamaged, level)
	}
	b, err := v.Read(ctx, format.KindTree, format.ChunkID(id))
	if err != nil {
		return nil, fmt.Errorf("read a folder: %w", err)
	}
	return format.DecodeTree(b)
}

// Entry finds one name in a directory; nil when it is not there. Of a large directory only the branch that can hold the
// name is read.
func (v *Vault) Entry(ctx context.Context, tree, name []byte) (*format.Entry, error) {
	for level := 0; ; level++ {
		t, err := v.tree(ctx, tree, level)
		if err != nil {
			return nil, err
		}
		for i := range t.Entries {
			if string(t.Entries[i].Name) == string(name) {
				return &t.Entries[i], nil
			}
		}
		tree = nil
		for _, b := range t.Branches {
			if string(b.First) <= string(name) {
				tree = b.Node
			}
		}
		if tree == nil {
			return nil, nil
		}
	}
}

// Chunks yields the ids of a file's chunks, in order.
func (v *Vault) Chunks(ctx context.Context, e *format.Entry) iter.Seq2[format.ChunkID, error] {
	return func(yield func(format.ChunkID, error) bool) {
		for ids := e.Chunks; len(ids) >= 32; ids = ids[32:] {
			if !yield(format.ChunkID(ids[:32]), nil) {
				return
			}
		}
		if len(e.List) == 32 {
			v.listBelow(ctx, format.ChunkID(e.List), format.MaxListLevel+1, yield)
		}
	}
}

// listBelow walks a list whose level is below max: levels fall on the way down, so a walk ends.
func (v *Vault) listBelow(ctx context.Context, id format.ChunkID, max int, yield func(format.ChunkID, error) bool) bool {
	b, err := v.Read(ctx, format.KindList, id)
	if err != nil {
		yield(id, fmt.Errorf("read a file's list: %w", err))
		return false
	}
	level, items, err := format.DecodeList(b)
	if err == nil && level >= max {
		err = fmt.Errorf("read a file's list: %w: level %d below level %d", format.ErrDamaged, level, max)
	}
	if err != nil {
		yield(id, err)
		return false
	}
	for _, it := range items {
		if level == 0 {
			if !yield(it.ID, nil) {
				return false
			}
		} else if !v.listBelow(ctx, it.ID, level, yield) {
			return false
		}
	}
	return true
}

// Version is a snapshot as a list of versions shows it.
type Version struct {
	format.Summary
	FolderID   format.FolderID
	Path       []byte // where the folder was
	Device     format.DeviceID
	DeviceName string
}

// Versions lists the snapshots of all devices in a state, newest first.
func (v *Vault) Versions(ctx context.Context, st *State) ([]Version, error) {
	var out []Version
	for _, h := range st.Heads {
		add := func(sums []format.Summary) {
			for _, s := range sums {
				f := h.Folders[s.Folder]
				out = append(out, Version{Summary: s, FolderID: f.ID, Path: f.Path, Device: h.Device, DeviceName: h.Name()})
			}
		}
		add(h.Snapshots)
		for _, l := range h.Older {
			b, err := v.Read(ctx, format.KindSnapshotList, l.ID)
			if err != nil {
				return nil, fmt.Errorf("read the list of older versions: %w", err)
			}
			sums, err := format.DecodeSummaries(b, len(h.Folders))
			if err != nil {
				return nil, err
			}
			add(sums)
		}
	}
	sortVersions(out)
	return out, nil
}
