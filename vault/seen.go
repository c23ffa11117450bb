package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"roost/vault/catalog"
	"roost/vault/format"
)

// ErrCloned: two installations save as the same device. Neither loses anything, as only one of them makes a pointer; but
// each builds on what the other did, and the person should know.
var ErrCloned = errors.New("two computers save as the same device")

const (
	metaOwnSeq = "own/seq"  // highest number that a storage confirmed, 8 bytes
	metaOwn    = "own/hash" // and that head's hash
	metaSeen   = "seen"     // see memory
)

// memory is what the catalog keeps of other devices' heads on the storage that commits go to.
type memory struct {
	since uint64        // what this device's heads up to this number say they have seen was on another storage
	known []format.Seen // newest heads
}

const seenSize = 16 + 8 + 32

func (m memory) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, m.since)
	for _, k := range m.known {
		b = append(binary.BigEndian.AppendUint64(append(b, k.Device[:]...), k.Seq), k.Hash[:]...)
	}
	return b
}

func decodeMemory(b []byte) (m memory, err error) {
	if len(b) == 0 {
		return m, nil
	}
	if len(b)%seenSize != 8 {
		return m, fmt.Errorf("read the catalog: %w: list of seen states", catalog.ErrDamaged)
	}
	m.since = binary.BigEndian.Uint64(b)
	for b = b[8:]; len(b) > 0; b = b[seenSize:] {
		m.known = append(m.known, format.Seen{
			Device: format.DeviceID(b[:16]), Seq: binary.BigEndian.Uint64(b[16:]), Hash: format.Digest(b[24:seenSize]),
		})
	}
	return m, nil
}

// newer adds to what is known of devices' heads: of two heads the higher number counts, of equal ones the one known
// first, so that a fork is not forgotten.
func newer(known, more []format.Seen) []format.Seen {
	best := map[format.DeviceID]format.Seen{}
	for _, k := range slices.Concat(known, more) {
		if old, ok := best[k.Device]; !ok || k.Seq > old.Seq {
			best[k.Device] = k
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b format.Seen) int { return bytes.Compare(a.Device[:], b.Device[:]) })
}

// served are the newest heads of all devices but one, as far as they were published: what only a pin tells of may be a state that
// its device let go of again before it was.
func (s *State) served(but format.DeviceID) []format.Seen {
	var out []format.Seen
	for _, h := range s.Heads {
		if h.Device != but && !h.Pin {
			out = append(out, format.Seen{Device: h.Device, Seq: h.Seq, Hash: h.Hash})
		}
	}
	return out
}

// compare says which of the heads that somebody knows of the storage does not serve, or serves another in the place of.
func (s *State) compare(by string, known []format.Seen) (problems []error) {
	for _, k := range known {
		if _, gone := s.taken[k.Device]; gone {
			continue
		}
		if r := s.Union.Revoked(k.Device); r != nil && k.Seq > r.LastSeq {
			if r.LastSeq == 0 {
				continue
			}
			k.Seq, k.Hash = r.LastSeq, r.LastHash
		}
		o := s.Own(k.Device)
		var err error
		switch {
		case o == nil:
			err = fmt.Errorf("%w: state %d of %s was seen by %s, and none is there", ErrRolledBack, k.Seq, s.nameOf(k.Device), by)
		case o.Seq < k.Seq:
			err = fmt.Errorf("%w: state %d of %s was seen by %s, and state %d is there", ErrRolledBack, k.Seq, s.nameOf(k.Device), by, o.Seq)
		case o.Seq == k.Seq && o.Hash != k.Hash:
			err = fmt.Errorf("%w: state %d of %s is not the one that was seen by %s", ErrCloned, k.Seq, s.nameOf(k.Device), by)
		default:
			continue
		}
		if !s.said[k] {
			s.said[k] = true
			problems = append(problems, err)
		}
	}
	return problems
}

// recall adds to Damaged what does not fit this device's memory, and then to that memory what is served.
func (s *State) recall(self format.DeviceID, known []format.Seen) {
	s.Damaged = append(s.Damaged, s.compare("this computer", known)...)
	if s.ownProblem != nil {
		s.Damaged = append(s.Damaged, s.ownProblem)
	}
	s.known = slices.DeleteFunc(newer(known, s.served(self)), func(k format.Seen) bool {
		_, gone := s.taken[k.Device]
		return gone
	})
}

// nameOf is a device's name as well as the state knows it.
func (s *State) nameOf(d format.DeviceID) string {
	if c, err := s.Union.Certificate(d); err == nil {
		return fmt.Sprintf("%q", c.Name)
	}
	return fmt.Sprintf("device %x", d[:4])
}

// remember compares a state with what this device knows beyond it, and notes what is new. What does not fit is added to
// st.Damaged.
func (v *Vault) remember(ctx context.Context, st *State) error {
	raw, _, err := v.cat.Meta(ctx, metaSeen)
	if err != nil {
		return err
	}
	m, err := decodeMemory(raw)
	if err != nil {
		return err
	}
	own := st.Own(v.Device())
	if own != nil && own.Seq > m.since {
		m.known = newer(m.known, own.Seen)
	}
	if st.ownProblem, err = v.rememberOwn(ctx, st, own); err != nil {
		return err
	}
	st.recall(v.Device(), m.known)
	m.known = st.known
	now := m.encode()
	if bytes.Equal(now, raw) {
		return nil
	}
	return v.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaSeen, now) })
}

// rememberOwn says when the storage serves less of this device than it confirmed to it, or what this device did not make.
func (v *Vault) rememberOwn(ctx context.Context, st *State, own *Head) (problem, err error) {
	raw, known, err := v.cat.Meta(ctx, metaOwnSeq)
	if err != nil {
		return nil, err
	}
	hash, _, err := v.cat.Meta(ctx, metaOwn)
	if err != nil {
		return nil, err
	}
	confirmed, serves := uint64(0), uint64(0)
	if known = known && len(raw) == 8; known {
		confirmed = binary.BigEndian.Uint64(raw)
	}
	if own != nil {
		serves = own.Seq
	}
	switch {
	case serves < confirmed:
		return fmt.Errorf("%w: it confirmed state %d of this computer and serves %d", ErrRolledBack, confirmed, serves), nil
	case own == nil || bytes.Equal(hash, own.Hash[:]):
		return nil, nil
	}
	if known {
		ours, err := v.noted(ctx, own)
		if err != nil {
			return nil, err
		}
		if !ours {
			return fmt.Errorf("%w: state %d of this computer was made by another one, on what was copied from this", ErrCloned, serves), nil
		}
	}
	// Made by a commit that was interrupted after it, or met by a new catalog.
	return nil, v.cat.Update(ctx, func(tx *catalog.Tx) error { return noteOwn(tx, own) })
}

// noted tells whether this device's catalog knows that a root was to be pinned.
func (v *Vault) noted(ctx context.Context, h *Head) (bool, error) {
	batches, err := v.cat.Batches(ctx)
	root := h.Root.DagCID().Bytes()
	return slices.ContainsFunc(batches, func(b catalog.Batch) bool { return bytes.Equal(b.Root, root) }), err
}

func noteOwn(tx *catalog.Tx, h *Head) error {
	return errors.Join(tx.SetMeta(metaOwn, h.Hash[:]), tx.SetMeta(metaOwnSeq, binary.BigEndian.AppendUint64(nil, h.Seq)))
}
