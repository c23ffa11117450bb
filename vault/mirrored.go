package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// metaMirrored is the catalog's note of which states this device copied to which storage last, by the label of our pins
// there. It is what tells a state that was set back, or that somebody else made, from one that is only behind.
const metaMirrored = "mirrored"

type mirroredState struct {
	Seq  uint64
	Hash format.Digest
}

type mirrored struct {
	Confirmed mirroredState
	Next      mirroredState // whose copy was begun after that one
}

func (v *Vault) mirroredTo(ctx context.Context) (map[string]mirrored, error) {
	b, ok, err := v.cat.Meta(ctx, metaMirrored)
	if err != nil || !ok {
		return nil, err
	}
	var all map[string]mirrored
	if json.Unmarshal(b, &all) != nil {
		return nil, nil // a garbled note is none
	}
	return all, nil
}

// noteMirrored writes down how far the copy is: begun, or confirmed.
func (m *mirror) noteMirrored(ctx context.Context, confirmed bool) error {
	if m.back {
		return nil
	}
	all, err := m.v.mirroredTo(ctx)
	if err != nil {
		return err
	}
	was, now := all[m.label], mirroredState{m.own.Seq, m.own.Hash}
	is := mirrored{was.Confirmed, now}
	if confirmed {
		is = mirrored{now, now}
	}
	if is == was {
		return nil
	}
	if all == nil {
		all = map[string]mirrored{}
	}
	all[m.label] = is
	b, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("write down what was copied: %w", err)
	}
	return m.v.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaMirrored, b) })
}

// SetBack says what is wrong with the newest state of this device that a further storage serves, beside being earlier than
// own. Errors: ErrRolledBack when it confirmed a later one before, or serves a later one than own; ErrCloned when it serves
// one that this device did not put there. nil: it is only behind.
func (v *Vault) SetBack(ctx context.Context, to node.Node, own *Head) error {
	label, err := v.labelOn(ctx, to)
	if err != nil {
		return err
	}
	there, err := Find(ctx, to, v.bundle)
	if err != nil {
		return err
	}
	all, err := v.mirroredTo(ctx)
	if err != nil {
		return err
	}
	was := all[label]
	o := there.Own(v.Device())
	if o == nil || o.Seq < was.Confirmed.Seq {
		if was.Confirmed.Seq > 0 {
			return fmt.Errorf("%w: it confirmed state %d of this computer", ErrRolledBack, was.Confirmed.Seq)
		}
		return nil
	}
	return v.compareCopy(own, o, was)
}

// compareCopy tells whether o, which another storage serves, may be replaced by own.
func (v *Vault) compareCopy(own, o *Head, was mirrored) error {
	switch {
	case own == nil:
		return fmt.Errorf("%w: the other storage holds state %d of this computer, and the one that backups go to holds none", ErrRolledBack, o.Seq)
	case o.Seq == own.Seq && o.Root == own.Root:
		return nil
	case o.Seq > own.Seq:
		return fmt.Errorf("%w: the other storage holds state %d of this computer, and the one that backups go to holds %d", ErrRolledBack, o.Seq, own.Seq)
	case o.Seq == own.Seq:
		return fmt.Errorf("%w: two storages hold different states with number %d of this computer", ErrCloned, o.Seq)
	case was.Confirmed.Seq > 0 && o.Seq >= was.Confirmed.Seq && o.Hash != was.Confirmed.Hash && o.Hash != was.Next.Hash:
		return fmt.Errorf("%w: state %d of this computer on the other storage was not put there by it", ErrCloned, o.Seq)
	}
	return nil
}

// WasSetBack tells whether the vault's own storage served less of this device at the last Refresh than it had confirmed.
func (v *Vault) WasSetBack() bool {
	st := v.Known()
	return st != nil && errors.Is(st.ownProblem, ErrRolledBack)
}

// BringBack copies this device's newest state from a further storage to the vault's own, which was set back to an earlier
// one. Errors: those of Mirror.
func (v *Vault) BringBack(ctx context.Context, from node.Node, progress Progress) error {
	other := New(Options{Bundle: v.bundle, Node: from, Catalog: v.cat, Log: v.log})
	m, err := other.newMirror(ctx, v.node, progress)
	if err != nil {
		return err
	}
	m.back = true
	if err := m.tries(ctx); err != nil {
		return err
	}
	_, err = v.Refresh(ctx)
	return err
}
