package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault/format"
	"roost/vault/node"
)

// Head is one verified device head as a storage serves it.
type Head struct {
	*format.Head
	Hash format.Digest // of its signed bytes: what the next head names as previous
	Root format.Digest // the device root that holds it
	Pin  bool          // found through a pin rather than through a pointer

	root    format.Root
	keyring format.KeyringState
	name    string // pointer name; "" if found through a pin
	copied  bool   // found through a pin without a label of ours

	names map[format.DeviceID]string // of all devices, as the state that the head is of has them
}

// Name is the device's name, from its newest certificate.
func (h *Head) Name() string { return h.nameOf(h.Device) }

func (h *Head) nameOf(d format.DeviceID) string {
	if n, ok := h.names[d]; ok {
		return n
	}
	c, err := h.Registry.Certificate(d)
	if err != nil {
		return ""
	}
	return c.Name
}

// supersedes tells whether an accepted head is needless once this one is the newest of its device: an earlier one, or one
// of a device whose versions it took over.
func (h *Head) supersedes(old *Head) bool {
	return old.Device == h.Device && old.Seq < h.Seq || old.Device != h.Device && h.Took(old.Device)
}

// State is what a storage serves of a vault.
type State struct {
	Heads   []*Head         // the newest of each device, newest first
	Old     []*Head         // superseded ones that are still listed
	Damaged []error         // entries that are ours by their place and do not verify
	Ignored []error         // what a device that was shut out published later: nothing of it is read
	Union   format.Registry // of all heads

	taken map[format.DeviceID]format.DeviceID // devices that are gone, and who took over what they had

	known      []format.Seen        // newest heads known of other devices, served or not; see Vault.remember
	said       map[format.Seen]bool // what compare has said
	ownProblem error                // the part of Damaged that only this device can tell of its own heads

	all          []*Head
	listed       []node.Entry // the pointers that it was read from
	keyringBlock []byte       // of the highest version
	keyring      format.KeyringState
}

// Own returns the head of a device, or nil.
func (s *State) Own(d format.DeviceID) *Head {
	for _, h := range s.Heads {
		if h.Device == d {
			return h
		}
	}
	return nil
}

// findTries bounds how often the list of states is read again because it changed while it was followed.
const findTries = 4

// Find reads the newest head of every device from a storage. It needs the keys and nothing else; an empty storage gives
// an empty State, damage is listed and does not hide what is whole. A failed call is an error, never an empty answer.
func Find(ctx context.Context, n node.Node, b *Bundle) (*State, error) {
	twice := false // what is damaged was read twice: one wrong answer is not believed
	for try := 1; ; try++ {
		entries, err := n.List(ctx, b.Keys().PointerDir())
		if err != nil {
			return nil, fmt.Errorf("look for backups on the storage: %w", err)
		}
		st, err := follow(ctx, n, b, entries)
		if err != nil || len(st.Damaged) == 0 || try == findTries {
			return st, err
		}
		// A device that commits meanwhile takes its old state away while we read it: that is no damage.
		again, err := n.List(ctx, b.Keys().PointerDir())
		if err != nil {
			return nil, fmt.Errorf("look for backups on the storage: %w", err)
		}
		if slices.Equal(entries, again) {
			if twice {
				return st, nil
			}
			twice = true
		}
	}
}

func follow(ctx context.Context, n node.Node, b *Bundle, entries []node.Entry) (*State, error) {
	st := &State{said: map[format.Seen]bool{}, listed: entries}
	roots := make([]candidate, 0, len(entries))
	for _, e := range entries {
		roots = append(roots, candidate{name: e.Name, cid: e.CID})
	}
	if err := st.read(ctx, n, b, roots); err != nil {
		return nil, err
	}
	if len(st.all) == 0 {
		if err := st.readPins(ctx, n, b); err != nil {
			return nil, err
		}
	}
	st.settle()
	return st, nil
}

// read adds what the candidates lead to.
func (s *State) read(ctx context.Context, n node.Node, b *Bundle, roots []candidate) error {
	for _, c := range roots {
		h, block, err := readHead(ctx, n, b, c)
		switch {
		case errors.Is(err, format.ErrDamaged), errors.Is(err, format.ErrWrongKey), errors.Is(err, node.ErrNotFound), errors.Is(err, node.ErrWrongBytes):
			s.Damaged = append(s.Damaged, fmt.Errorf("backup state %s: %w", c.cid, err))
		case err != nil:
			return err
		default:
			s.all = append(s.all, h)
			if h.keyring.Version > s.keyring.Version {
				s.keyring, s.keyringBlock = h.keyring, block
			}
		}
	}
	return nil
}

type candidate struct {
	name   string
	cid    cid.Cid
	copied bool // pinned without a label of ours
}

// readPins adds what the storage's pins lead to: the other way in where the pointers are gone, are damaged or never were.
func (s *State) readPins(ctx context.Context, n node.Node, b *Bundle) error {
	info, err := n.Info(ctx)
	if err != nil {
		return fmt.Errorf("ask the storage who it is: %w", err)
	}
	pins, err := n.Pins(ctx)
	if err != nil {
		return fmt.Errorf("list what the storage holds: %w", err)
	}
	var labelled []candidate
	for _, p := range pins {
		if p.Name == b.Keys().PinLabel(info.PeerID) {
			labelled = append(labelled, candidate{cid: p.CID})
		}
	}
	if err := s.read(ctx, n, b, labelled); err != nil || len(s.all) > 0 || len(s.Damaged) > 0 {
		return err
	}
	// A storage that another program copied the pins to, as the members of a cluster are, has neither pointer nor label.
	roots, err := opened(ctx, n, b, pins)
	if err != nil {
		return err
	}
	return s.read(ctx, n, b, roots)
}

// rootsAtOnce is how many pins are looked at together for being a root.
const rootsAtOnce = 16

// opened returns the pins that are roots of this vault, whatever their names: those whose keyring the keys open. Somebody
// else's are none, and neither is what cannot be read far enough to tell.
func opened(ctx context.Context, n node.Node, b *Bundle, pins []node.Pin) ([]candidate, error) {
	ours := make([]bool, len(pins))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(rootsAtOnce)
	for i, p := range pins {
		if _, codec, err := format.DigestOf(p.CID); err != nil || codec != cid.DagProtobuf {
			continue
		}
		group.Go(func() (err error) {
			ours[i], err = opens(inner, n, b, p.CID)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("look for backups among what the storage holds: %w", err)
	}
	var out []candidate
	for i, p := range pins {
		if ours[i] {
			out = append(out, candidate{cid: p.CID, copied: true})
		}
	}
	return out, nil
}

// opens tells whether a block is a root whose keyring the keys open.
func opens(ctx context.Context, n node.Node, b *Bundle, c cid.Cid) (bool, error) {
	unreadable := func(err error) bool {
		return errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrWrongBytes)
	}
	d, _, err := format.DigestOf(c)
	if err != nil {
		return false, nil // no hash of ours
	}
	block, err := getBlock(ctx, n, c, d)
	if err != nil {
		if unreadable(err) {
			return false, nil
		}
		return false, err
	}
	root, err := format.DecodeRoot(block)
	if err != nil {
		return false, nil // any other directory
	}
	kr, err := getBlock(ctx, n, root.Keys.CID(), root.Keys.Digest)
	if err != nil {
		if unreadable(err) {
			return false, nil
		}
		return false, err
	}
	_, err = format.OpenKeyring(kr, b.Keys())
	return err == nil, nil
}

// repoint makes pointers to the newest states of other devices that only pins without a label led to: one with a label may be
// of a commit that was cut off, which that device ends or takes back. It comes before a pointer of our own:
// where one pointer leads to a state, pins are not looked through.
func repoint(ctx context.Context, n node.Node, k *format.Keys, st *State, own format.DeviceID) error {
	for _, h := range st.Heads {
		if !h.copied || h.Device == own {
			continue
		}
		err := n.Link(ctx, k.PointerDir()+"/"+k.PointerName(h.Device, h.Seq), h.Root.DagCID())
		if err != nil && !errors.Is(err, node.ErrExists) {
			return fmt.Errorf("publish the state of %q again: %w", h.Name(), err)
		}
	}
	return nil
}

// readHead follows root → keyring and head, checking each, and learns newer epochs on the way.
func readHead(ctx context.Context, n node.Node, b *Bundle, c candidate) (*Head, []byte, error) {
	d, codec, err := format.DigestOf(c.cid)
	if err != nil {
		return nil, nil, err
	}
	if codec != cid.DagProtobuf {
		return nil, nil, fmt.Errorf("%w: pointer to something that is no directory", format.ErrDamaged)
	}
	block, err := getBlock(ctx, n, c.cid, d)
	if err != nil {
		return nil, nil, fmt.Errorf("read a device's root: %w", err)
	}
	root, err := format.DecodeRoot(block)
	if err != nil {
		return nil, nil, err
	}
	kr, err := getBlock(ctx, n, root.Keys.CID(), root.Keys.Digest)
	if err != nil {
		return nil, nil, fmt.Errorf("read a keyring: %w", err)
	}
	ks, err := format.OpenKeyring(kr, b.Keys())
	if err != nil {
		return nil, nil, fmt.Errorf("keyring: %w", err)
	}
	if err := b.learnEpochs(kr, ks); err != nil {
		return nil, nil, err
	}
	hb, err := getBlock(ctx, n, root.Head.CID(), root.Head.Digest)
	if err != nil {
		return nil, nil, fmt.Errorf("read a head: %w", err)
	}
	head, hash, err := format.OpenHead(hb, b.Keys())
	if err != nil {
		return nil, nil, fmt.Errorf("head: %w", err)
	}
	if head.Packs != root.Packs.Digest || head.Keys != root.Keys.Digest {
		return nil, nil, fmt.Errorf("%w: a head under another head's root", format.ErrDamaged)
	}
	if c.name != "" && c.name != b.Keys().PointerName(head.Device, head.Seq) {
		return nil, nil, fmt.Errorf("%w: a pointer under another pointer's name", format.ErrDamaged)
	}
	return &Head{Head: head, Hash: hash, Root: d, Pin: c.name == "", root: root, keyring: ks, name: c.name, copied: c.copied}, kr, nil
}

// getBlock reads a block and checks its hash once more here: the storage's client is not believed either.
func getBlock(ctx context.Context, n node.Node, c cid.Cid, want format.Digest) ([]byte, error) {
	block, err := n.Get(ctx, c)
	if err != nil {
		return nil, err
	}
	if format.Sum(block) != want {
		return nil, fmt.Errorf("%w: block %s", node.ErrWrongBytes, c)
	}
	return block, nil
}

// block reads a block of this vault's storage.
func (v *Vault) block(ctx context.Context, c cid.Cid, want format.Digest) ([]byte, error) {
	return getBlock(ctx, v.node, c, want)
}

func (s *State) add(h *Head) {
	for i, o := range s.Heads {
		if o.Device != h.Device {
			continue
		}
		switch {
		case o.Seq == h.Seq && o.Hash != h.Hash:
			// Two heads of one number cannot both have won the pointer: one came from a pin, or the storage was tampered
			// with. Both are kept, the later one leads, and it is said.
			s.Damaged = append(s.Damaged, fmt.Errorf("%w: there are two states with number %d of %q", ErrCloned, h.Seq, h.Name()))
			if h.Time().After(o.Time()) {
				s.Heads[i], h = h, o
			}
		case h.Seq > o.Seq:
			s.Heads[i], h = h, o
		}
		s.Old = append(s.Old, h)
		return
	}
	s.Heads = append(s.Heads, h)
}

// settle merges registries, drops what a revocation forbids, chooses each device's newest head and compares what heads
// have seen of each other.
func (s *State) settle() {
	for _, h := range s.all {
		s.Union = s.Union.Merge(h.Registry)
	}
	names := map[format.DeviceID]string{}
	if certs, err := s.Union.Devices(); err == nil { // else each head knows its own
		for _, c := range certs {
			names[c.Device()] = c.Name
		}
	}
	for _, h := range s.all {
		h.names = names
	}
	for _, h := range s.all {
		if err := s.Union.Accepts(h.Device, h.Seq, h.Hash); err != nil {
			if s.Union.Revoked(h.Device) != nil {
				s.Ignored = append(s.Ignored, fmt.Errorf("%w: state %d of %q", ErrShutOut, h.Seq, h.Name()))
			} else {
				s.Damaged = append(s.Damaged, fmt.Errorf("a state of %q is not accepted: %w", h.Name(), err))
			}
			continue
		}
		s.add(h)
	}
	s.takeOver()
	slices.SortFunc(s.Heads, func(a, b *Head) int {
		if c := b.Time().Compare(a.Time()); c != 0 {
			return c
		}
		return bytes.Compare(a.Device[:], b.Device[:])
	})
	for _, h := range s.Heads {
		s.Damaged = append(s.Damaged, s.compare(strconv.Quote(h.Name()), h.Seen)...)
	}
}

// takeOver sets aside the heads of devices whose versions another one's newest head has taken over.
func (s *State) takeOver() {
	s.taken = map[format.DeviceID]format.DeviceID{}
	for _, h := range s.Heads {
		for _, t := range h.Taken {
			if s.Union.Revoked(t.Device) != nil {
				s.taken[t.Device] = h.Device
			}
		}
	}
	s.Heads = slices.DeleteFunc(s.Heads, func(h *Head) bool {
		_, gone := s.taken[h.Device]
		if gone {
			s.Old = append(s.Old, h)
		}
		return gone
	})
}

// Refresh asks the storage for all heads and brings the catalog up to them.
func (v *Vault) Refresh(ctx context.Context) (*State, error) {
	st, err := Find(ctx, v.node, v.bundle)
	if err != nil {
		return nil, err
	}
	if r := st.Union.Revoked(v.Device()); r != nil {
		return nil, ErrRetired
	}
	if err := v.loadIndexes(ctx, st); err != nil {
		return nil, err
	}
	if err := v.remember(ctx, st); err != nil {
		return nil, err
	}
	if c, err := st.Union.Certificate(v.Device()); err == nil && len(st.Heads) > 0 {
		v.bundle.learnName(c.Name)
	}
	v.mu.Lock()
	v.state = st
	v.mu.Unlock()
	return st, nil
}

// Known is the state of the last Refresh, or nil.
func (v *Vault) Known() *State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}
