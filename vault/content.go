package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

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

// Version reads the snapshot of a listed version. format.ErrDamaged also where the list says something else of it.
func (v *Vault) Version(ctx context.Context, x Version) (*format.Snapshot, error) {
	s, err := v.Snapshot(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Fits(x.Summary, x.FolderID); err != nil {
		return nil, fmt.Errorf("read version %.12s: %w", x.ID, err)
	}
	return s, nil
}

// Entries yields what a directory's tree holds, in the order of the names' bytes. It ends after an error.
func (v *Vault) Entries(ctx context.Context, tree []byte) iter.Seq2[*format.Entry, error] {
	return func(yield func(*format.Entry, error) bool) {
		w := entryWalk{v: v, yield: yield}
		if err := w.below(ctx, tree, nil, 0); err != nil {
			yield(nil, err)
		}
	}
}

// entryWalk is one walk over the nodes of a directory.
type entryWalk struct {
	v     *Vault
	yield func(*format.Entry, error) bool
	last  []byte // the name before: names rise over all nodes
	begun bool
	over  bool // the consumer has enough
}

// below walks one node, whose first name is first unless that is nil.
func (w *entryWalk) below(ctx context.Context, tree, first []byte, level int) error {
	t, err := w.v.tree(ctx, tree, level)
	if err != nil {
		return err
	}
	if first != nil && len(t.Branches) == 0 && (len(t.Entries) == 0 || !bytes.Equal(t.Entries[0].Name, first)) ||
		first != nil && len(t.Branches) > 0 && !bytes.Equal(t.Branches[0].First, first) {
		return fmt.Errorf("read a folder: %w: a part that does not begin where it should", format.ErrDamaged)
	}
	for i := range t.Entries {
		e := &t.Entries[i]
		if w.begun && bytes.Compare(w.last, e.Name) >= 0 {
			return fmt.Errorf("read a folder: %w: names are not in rising order", format.ErrDamaged)
		}
		w.last, w.begun = e.Name, true
		if !w.yield(e, nil) {
			w.over = true
			return nil
		}
	}
	for _, b := range t.Branches {
		if err := w.below(ctx, b.Node, b.First, level+1); err != nil || w.over {
			return err
		}
	}
	return nil
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
		if len(e.List) != 32 {
			return
		}
		holes := uint64(0)
		for _, h := range e.Holes {
			holes += h.Len
		}
		w := listWalk{v: v, yield: yield}
		if err := w.below(ctx, format.ChunkID(e.List), -1, e.Size-holes); err != nil {
			yield(format.ChunkID{}, err)
		}
	}
}

// Expect says that a file's chunks will be read once more, each by one Read. What is
// expected stays in memory in preference to all else, so that a storage is asked for less. ExpectNothing ends it.
func (v *Vault) Expect(ctx context.Context, e *format.Entry) error {
	for id, err := range v.Chunks(ctx, e) {
		if err != nil {
			return err
		}
		v.packs.expect(id)
	}
	return nil
}

// ExpectNothing forgets what Expect announced.
func (v *Vault) ExpectNothing() { v.packs.forget() }

// listWalk is one walk over the lists of a file.
type listWalk struct {
	v     *Vault
	yield func(format.ChunkID, error) bool
	over  bool // the consumer has enough
}

// below walks one list, which must be of that level (any for -1) and hold that many bytes.
func (w *listWalk) below(ctx context.Context, id format.ChunkID, level int, size uint64) error {
	b, err := w.v.Read(ctx, format.KindList, id)
	if err != nil {
		return fmt.Errorf("read a file's list: %w", err)
	}
	at, items, err := format.DecodeList(b)
	if err != nil {
		return err
	}
	sum := uint64(0)
	for _, it := range items {
		sum += it.Size
	}
	if (level >= 0 && at != level) || sum != size {
		return fmt.Errorf("read a file's list: %w: level %d with %d bytes, wanted level %d with %d", format.ErrDamaged, at, sum, level, size)
	}
	for _, it := range items {
		if at > 0 {
			if err := w.below(ctx, it.ID, at-1, it.Size); err != nil || w.over {
				return err
			}
		} else if !w.yield(it.ID, nil) {
			w.over = true
			return nil
		}
	}
	return nil
}

// Version is a snapshot as a list of versions shows it.
type Version struct {
	format.Summary
	FolderID   format.FolderID
	Path       []byte // where the folder was
	Device     format.DeviceID
	DeviceName string
}

// Versions lists the snapshots of all devices in a state, newest first. A list that cannot be read is an error.
func (v *Vault) Versions(ctx context.Context, st *State) ([]Version, error) {
	all, unread, err := v.Listed(ctx, st)
	if err = errors.Join(append(unread, err)...); err != nil {
		return nil, err
	}
	return all, nil
}

// Listed is Versions for who wants to see what there is: lists of older versions that cannot be used are left out, and said
// in unread. Of versions with one time, the one that its head lists first comes first.
func (v *Vault) Listed(ctx context.Context, st *State) (all []Version, unread []error, err error) {
	seen := map[format.ChunkID]bool{} // two devices may have taken over what a third one had
	for _, h := range st.Heads {
		add := func(sums []format.Summary) {
			for _, s := range sums {
				if !seen[s.ID] {
					seen[s.ID] = true
					all = append(all, h.version(s))
				}
			}
		}
		add(h.Snapshots)
		for _, l := range h.Older {
			sums, err := v.summaries(ctx, h, l)
			if Unusable(err) {
				unread = append(unread, fmt.Errorf("older versions of %q: %w", h.Name(), err))
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			add(sums)
		}
	}
	slices.SortStableFunc(all, func(a, b Version) int { return b.Time().Compare(a.Time()) })
	return all, unread, nil
}

// version is a summary of this head with its folder, and the device that it is of.
func (h *Head) version(x format.Summary) Version {
	f, d := h.Folders[x.Folder], h.Maker(x.Folder)
	return Version{Summary: x, FolderID: f.ID, Path: f.Path, Device: d, DeviceName: h.nameOf(d)}
}

// summaries reads one list of older versions of a head.
func (v *Vault) summaries(ctx context.Context, h *Head, l format.OlderList) ([]format.Summary, error) {
	b, err := v.Read(ctx, format.KindSnapshotList, l.ID)
	if err != nil {
		return nil, fmt.Errorf("read the list of older versions: %w", err)
	}
	return format.DecodeSummaries(b, len(h.Folders))
}
