package vault

import (
	"context"
	"fmt"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

// StillThere names the devices that still save to a storage, as far as another one tells, which has what this device has: those
// whose state on that other one is no newer. Who looks at the old one alone would miss a state that is taken from it.
func (v *Vault) StillThere(ctx context.Context, old, to node.Node) (names []string, err error) {
	st, err := Find(ctx, old, v.bundle)
	if err != nil {
		return nil, err
	}
	there, err := Find(ctx, to, v.bundle)
	if err != nil {
		return nil, err
	}
	for _, h := range st.Heads {
		if o := there.Own(h.Device); h.Device != v.Device() && (o == nil || o.Seq <= h.Seq) {
			names = append(names, h.Name())
		}
	}
	return names, nil
}

// Leave takes a backup from a storage that nobody saves to any longer: all roots, pointers and batches of its devices. Another
// storage has to hold a state of each that is as new, newer for other devices than this one, and is asked right before. An
// interrupted Leave is taken up by the next. The room is free after the storage's collection.
// Errors: node.ErrNotPinned when the other storage does not hold all of it; nothing is removed then.
func (v *Vault) Leave(ctx context.Context, from, kept node.Node) error {
	still, err := v.StillThere(ctx, from, kept)
	if err != nil {
		return err
	}
	if len(still) > 0 {
		return fmt.Errorf("leave a storage: %w: the other one does not hold the newest state of %q", node.ErrNotPinned, still)
	}
	st, err := Find(ctx, from, v.bundle)
	if err != nil {
		return err
	}
	there, err := Find(ctx, kept, v.bundle)
	if err != nil {
		return err
	}
	for _, h := range st.Heads {
		if err := v.heldBy(ctx, kept, there, h); err != nil {
			return err
		}
	}
	label, err := v.labelOn(ctx, from)
	if err != nil {
		return err
	}
	if other, err := v.labelOn(ctx, kept); err != nil {
		return err
	} else if other == label {
		return ErrSameStorage
	}
	pins, err := from.Pins(ctx)
	if err != nil {
		return fmt.Errorf("list what the storage holds: %w", err)
	}
	for _, p := range pins {
		if p.CID.Type() != cid.DagProtobuf || p.Name != "" && p.Name != label {
			continue
		}
		h, marker, err := v.pinOfVault(ctx, from, p.CID)
		if IsDamage(err) {
			continue // not ours, or not to be read: not ours to remove
		}
		if err == nil && (h != nil || marker != nil) {
			err = from.PinRemove(ctx, p.CID)
		}
		if err != nil {
			return fmt.Errorf("release what is on the storage: %w", err)
		}
	}
	// The pointers go last: while they are there, the next Leave knows what is left to do.
	for _, h := range st.all {
		if h.name == "" {
			continue
		}
		if err := from.Unlink(ctx, v.keys().PointerDir()+"/"+h.name); err != nil {
			return fmt.Errorf("remove a pointer: %w", err)
		}
	}
	if err := from.Unlink(ctx, v.keys().StagingDir(v.Device())); err != nil {
		return fmt.Errorf("remove a pointer: %w", err)
	}
	return nil
}

// heldBy is an error unless a storage serves and keeps a state of a head's device that is no older.
func (v *Vault) heldBy(ctx context.Context, kept node.Node, there *State, h *Head) error {
	o := there.Own(h.Device)
	if o == nil || o.Seq < h.Seq || o.Seq == h.Seq && o.Hash != h.Hash {
		return fmt.Errorf("leave a storage: %w: the other one does not hold the newest state of %q", node.ErrNotPinned, h.Name())
	}
	ok, err := kept.Pinned(ctx, o.Root.DagCID())
	if err == nil && !ok {
		err = node.ErrNotPinned
	}
	if err != nil {
		return fmt.Errorf("ask what the other storage keeps: %w", err)
	}
	return nil
}

// labelOn is the name of our pins on a storage.
func (v *Vault) labelOn(ctx context.Context, n node.Node) (string, error) {
	info, err := n.Info(ctx)
	if err != nil {
		return "", fmt.Errorf("ask the storage who it is: %w", err)
	}
	return v.keys().PinLabel(info.PeerID), nil
}
