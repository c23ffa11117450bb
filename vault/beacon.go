package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"roost/vault/format"
	"roost/vault/node"
)

// Errors of beacons, beside those of packages node and format.
var (
	// ErrNoBeacon: under these words nothing is found.
	ErrNoBeacon = errors.New("nothing was left under these words")
	// ErrBeaconLost: the node took a beacon, and does not hand it out again.
	ErrBeaconLost = errors.New("the storage does not pass the note on")
)

// BeaconLasts is how long a beacon counts after it was left. Nodes of the public DHT forget a record by then as well.
const BeaconLasts = 48 * time.Hour

// BeaconPlace is where this device's last beacon lies, so that the next one goes on from there. The zero value is not known.
type BeaconPlace struct {
	Slot     uint32
	Sequence uint64 // 0: there is none
}

// LeaveBeacon leaves a beacon of the device that it names: where the last one lies, else in the lowest slot that nobody uses.
// It counts once it was read back. Errors: ErrBeaconLost.
func LeaveBeacon(ctx context.Context, d node.Directory, e format.Entropy, b *format.Beacon, last BeaconPlace) (BeaconPlace, error) {
	b.Shorten()
	at := last
	if last.Sequence > 0 {
		switch there, err := beaconIn(ctx, d, e, last.Slot); {
		case err != nil:
			return last, err
		case there == nil || there.Device != b.Device: // it was forgotten, or somebody else took the slot
			at.Slot = 0
		default:
			hidden, err := beaconHidden(ctx, d, e, last.Slot)
			if err != nil {
				return last, err
			}
			if hidden {
				at.Slot = 0
			}
		}
	}
	for ; at.Slot < format.BeaconSlots; at.Slot++ {
		there, err := beaconIn(ctx, d, e, at.Slot)
		if err != nil {
			return last, err
		}
		if there != nil && there.Device != b.Device {
			continue
		}
		at.Sequence = 1
		if there != nil {
			at.Sequence = there.Sequence + 1
		}
		if at.Slot == last.Slot {
			at.Sequence = max(at.Sequence, last.Sequence+1)
		}
		slot := format.BeaconSlot(e, at.Slot)
		record, err := slot.Seal(b, at.Sequence, time.Now().Add(BeaconLasts))
		if err != nil {
			return last, err
		}
		switch err := d.PutRecord(ctx, slot.Name(), record); {
		case errors.Is(err, node.ErrNoDirectory):
			return last, fmt.Errorf("%w: %w", ErrBeaconLost, err)
		case err != nil:
			return last, err
		}
		switch back, err := beaconIn(ctx, d, e, at.Slot); {
		case err != nil:
			return last, err
		case back != nil && back.Device != b.Device: // it was quicker
			continue
		case back == nil || back.Sequence < at.Sequence:
			return last, ErrBeaconLost
		}
		return at, nil
	}
	return last, fmt.Errorf("leave a beacon: %w: every one of %d slots is taken", format.ErrTooLarge, format.BeaconSlots)
}

// beaconHidden tells whether nobody looks as far as a slot, because of the empty ones below it: computers that are gone.
func beaconHidden(ctx context.Context, d node.Directory, e format.Entropy, n uint32) (bool, error) {
	if n < format.BeaconGap {
		return false, nil
	}
	for below := n - 1; below >= n-format.BeaconGap && below < n; below-- {
		if there, err := beaconIn(ctx, d, e, below); err != nil || there != nil {
			return false, err
		}
	}
	return true, nil
}

// beaconIn is the beacon in a slot; nil when nobody hands one out that is one.
func beaconIn(ctx context.Context, d node.Directory, e format.Entropy, n uint32) (*format.Beacon, error) {
	b, err := readSlot(ctx, d, e, n)
	if errors.Is(err, node.ErrNotFound) || refusedBeacon(err) { // whoever serves one that is none lies: what is put next is better
		return nil, nil
	}
	return b, err
}

// Beacons are what the devices of a vault left for who has the words.
type Beacons struct {
	All     []*format.Beacon // newest first
	Refused []error          // records that are none of the vault's, by slots
}

// FindBeacons looks through the slots of the words until format.BeaconGap in a row are empty. A slot that nobody answers
// about hides no other; but where nothing at all is found, that is an error of its own, because a failed call is no
// answer. Errors: ErrNoBeacon; format.ErrDamaged where only what does not verify was found.
func FindBeacons(ctx context.Context, d node.Directory, e format.Entropy) (*Beacons, error) {
	out := &Beacons{}
	var failed []error
	for from, empty := uint32(0), 0; empty < format.BeaconGap && from < format.BeaconSlots; {
		n := min(uint32(format.BeaconGap-empty), format.BeaconSlots-from)
		found, errs := make([]*format.Beacon, n), make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { found[i], errs[i] = readSlot(ctx, d, e, from+i) })
		}
		wg.Wait()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range n {
			switch {
			case errs[i] == nil:
				out.All = append(out.All, found[i])
				empty = 0
				continue
			case refusedBeacon(errs[i]):
				out.Refused = append(out.Refused, fmt.Errorf("what lies in slot %d: %w", from+i, errs[i]))
			case !errors.Is(errs[i], node.ErrNotFound):
				failed = append(failed, errs[i])
			}
			empty++
		}
		from += n
	}
	slices.SortStableFunc(out.All, func(a, b *format.Beacon) int { return cmp.Compare(b.Seconds, a.Seconds) })
	switch {
	case len(out.All) > 0:
		return out, nil
	case len(failed) > 0:
		return nil, errors.Join(failed...)
	case len(out.Refused) > 0:
		return nil, errors.Join(out.Refused...)
	}
	return nil, ErrNoBeacon
}

// readSlot is the beacon in a slot. Errors: node.ErrNotFound; those of refusedBeacon.
func readSlot(ctx context.Context, d node.Directory, e format.Entropy, n uint32) (*format.Beacon, error) {
	slot := format.BeaconSlot(e, n)
	record, err := d.GetRecord(ctx, slot.Name())
	if err != nil {
		return nil, err
	}
	return slot.Open(record)
}

// refusedBeacon tells whether a record was handed out that is none of the vault's, or that this version cannot read.
func refusedBeacon(err error) bool {
	return errors.Is(err, format.ErrDamaged) || errors.Is(err, format.ErrWrongKey) || errors.Is(err, format.ErrNewer)
}

// Places are the storages that the beacons name, those of the newest first, each once.
func (b *Beacons) Places() (out []format.Place) {
	for _, x := range b.All {
		for _, p := range x.Places {
			same := func(q format.Place) bool {
				return p.Peer != "" && p.Peer == q.Peer || p.Peer == q.Peer && slices.Equal(p.Addresses, q.Addresses)
			}
			if !slices.ContainsFunc(out, same) {
				out = append(out, p)
			}
		}
	}
	return out
}

// States are the newest state of each device that any beacon names.
func (b *Beacons) States() (out []format.BeaconState) {
	for _, x := range b.All {
		for _, s := range x.States {
			i := slices.IndexFunc(out, func(o format.BeaconState) bool { return o.Device == s.Device })
			switch {
			case i < 0:
				out = append(out, s)
			case s.Seq > out[i].Seq:
				out[i] = s
			}
		}
	}
	return out
}

// Behind are the states of beacons that a storage should serve and does not, in words. What belongs to a device that was shut
// out, or that another one took over, is not missed.
func (b *Beacons) Behind(st *State) (out []error) {
	for _, s := range b.States() {
		if _, gone := st.taken[s.Device]; gone || st.Union.Revoked(s.Device) != nil {
			continue
		}
		switch h := st.Own(s.Device); {
		case h == nil:
			out = append(out, fmt.Errorf("%w: state %d of a device was left in a note, and nothing of that device is here", ErrRolledBack, s.Seq))
		case h.Seq < s.Seq:
			out = append(out, fmt.Errorf("%w: state %d of %q was left in a note, and the newest here is %d", ErrRolledBack, s.Seq, h.Name(), h.Seq))
		}
	}
	return out
}

// Beacon is what this device would leave: the states that the storage served when it was last asked; nil before this device
// has one. The places are the caller's to add.
func (v *Vault) Beacon(now time.Time) *format.Beacon {
	st := v.Known()
	if st == nil || st.Own(v.Device()) == nil {
		return nil
	}
	b := &format.Beacon{Device: v.Device(), Seconds: now.Unix()}
	for _, h := range st.Heads {
		s := format.BeaconState{Device: h.Device, Seq: h.Seq, Root: h.Root}
		if h.Device == v.Device() {
			b.States = slices.Insert(b.States, 0, s)
		} else {
			b.States = append(b.States, s)
		}
	}
	return b
}
