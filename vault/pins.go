package vault

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault/format"
	"roost/vault/node"
)

// Kinds of pins. What other programs keep is one of format's Foreign kinds, or PinBlock.
const (
	PinNewest     = "newest"     // a device's newest state: everything that it saved
	PinSuperseded = "superseded" // an earlier state of a device, which its next backup releases
	PinUpload     = "upload"     // a part of a backup that is under way or was interrupted
	PinOtherVault = "backup"     // a backup that other words open
	PinBlock      = "block"      // a block without structure: a small file, most likely
	PinUnknown    = "unknown"    // it was not looked at, or could not be
)

// Pin is one recursive pin of a storage, and what stands behind it.
type Pin struct {
	node.Pin
	Kind   string
	Ours   bool
	Device string    // whose state or upload it is; "" unless it is ours
	Time   time.Time // when that was made; zero: not known
	Size   int64     // bytes below it, as its top says; 0: not known
}

// Bounds of looking at what pins are: a node may have very many that are not ours, and one whose block is gone may answer
// slowly.
const (
	mostPinsLookedAt = 2000
	pinsAtOnce       = 8
	pinPatience      = 10 * time.Second // for one
	pinsPatience     = 30 * time.Second // for all
)

// Pins lists what a storage keeps: ours first, newest first, then what other programs keep. What could not be looked at in
// time is PinUnknown. A part of the list never stands for the whole: what cannot be listed is an error.
func (v *Vault) Pins(ctx context.Context, n node.Node) ([]Pin, error) {
	l, err := v.pinLooker(ctx, n)
	if err != nil {
		return nil, err
	}
	pins, err := n.Pins(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what the storage holds: %w", err)
	}
	out := make([]Pin, len(pins))
	var rest []int
	for i, p := range pins {
		var known bool
		if out[i], known = l.known(p); !known {
			rest = append(rest, i)
		}
	}
	limited, cancel := context.WithTimeout(ctx, pinsPatience)
	defer cancel()
	var g errgroup.Group
	g.SetLimit(pinsAtOnce)
	for _, i := range rest[:min(len(rest), mostPinsLookedAt)] {
		g.Go(func() error {
			if x, err := l.look(limited, pins[i]); err == nil {
				out[i] = x
			}
			return nil // what it is stays unknown, and that is said
		})
	}
	if err := errors.Join(g.Wait(), ctx.Err()); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b Pin) int {
		switch {
		case a.Ours != b.Ours && a.Ours:
			return -1
		case a.Ours != b.Ours:
			return 1
		}
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.Size, a.Size))
	})
	return out, nil
}

// Pin says what one recursive pin of a storage is. Errors: node.ErrNotPinned; others when that cannot be told for certain.
func (v *Vault) Pin(ctx context.Context, n node.Node, c cid.Cid) (Pin, error) {
	l, err := v.pinLooker(ctx, n)
	if err != nil {
		return Pin{}, err
	}
	pins, err := n.Pins(ctx) // for its name, which a question about one pin does not answer
	if err != nil {
		return Pin{}, fmt.Errorf("list what the storage holds: %w", err)
	}
	i := slices.IndexFunc(pins, func(p node.Pin) bool { return p.CID.Equals(c) })
	if i < 0 {
		return Pin{}, fmt.Errorf("look at %s: %w", c, node.ErrNotPinned)
	}
	if x, known := l.known(pins[i]); known {
		return x, nil
	}
	x, err := l.look(ctx, pins[i])
	if errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrWrongBytes) { // its top is gone: whatever it was
		return x, nil
	}
	return x, err
}

// IsPinName tells whether a name is that of this vault's own pins on a storage.
func (v *Vault) IsPinName(ctx context.Context, n node.Node, name string) (bool, error) {
	info, err := n.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("ask the storage who it is: %w", err)
	}
	return name == v.keys().PinLabel(info.PeerID), nil
}

// pinLooker tells what pins of one storage are.
type pinLooker struct {
	v       *Vault
	n       node.Node
	label   string
	state   *State
	served  bool            // state is known
	batches map[string]bool // roots that this device noted before it had them pinned
}

func (v *Vault) pinLooker(ctx context.Context, n node.Node) (*pinLooker, error) {
	l := &pinLooker{v: v, n: n, batches: map[string]bool{}, served: true}
	info, err := n.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the storage who it is: %w", err)
	}
	l.label = v.keys().PinLabel(info.PeerID)
	limited, cancel := context.WithTimeout(ctx, pinPatience)
	defer cancel()
	l.state, err = Find(limited, n, v.bundle)
	if errors.Is(err, node.ErrTimeout) && ctx.Err() == nil {
		// A root whose block is gone has the storage wait for it. Which states are the newest is not known then; whose they are
		// is, by their names and by what is in them.
		l.state, l.served, err = &State{}, false, nil
	}
	if err != nil {
		return nil, err
	}
	noted, err := v.cat.Batches(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range noted {
		l.batches[string(b.Root)] = true
	}
	return l, nil
}

// known tells what is known without a look. Of what is not, it returns what can be said.
func (l *pinLooker) known(p node.Pin) (Pin, bool) {
	x := Pin{Pin: p, Kind: PinUnknown}
	for i, list := range [][]*Head{l.state.Heads, l.state.Old} {
		for _, h := range list {
			if h.Root.DagCID().Equals(p.CID) {
				x.ofHead(h)
				if i > 0 {
					x.Kind = PinSuperseded
				}
				return x, true
			}
		}
	}
	if l.label == p.Name {
		x.Ours, x.Kind = true, l.unserved()
	}
	if l.batches[string(p.CID.Bytes())] {
		x.Ours, x.Kind, x.Device = true, PinUpload, l.v.bundle.Name()
	}
	return x, false
}

// unserved is the kind of a root of ours that is not among the states.
func (l *pinLooker) unserved() string {
	if l.served {
		return PinSuperseded
	}
	return PinUnknown
}

func (x *Pin) ofHead(h *Head) {
	x.Kind, x.Ours, x.Device, x.Time = PinNewest, true, h.Name(), h.Time()
	x.Size = int64(h.root.Packs.Total + h.root.Keys.Total + h.root.Head.Total)
}

// look reads the top of a pin. An error means that what it is is not known for certain; what can be said is returned with it.
func (l *pinLooker) look(ctx context.Context, p node.Pin) (Pin, error) {
	x, _ := l.known(p)
	if !x.Ours {
		x.Kind = PinUnknown
	}
	ctx, cancel := context.WithTimeout(ctx, pinPatience)
	defer cancel()
	switch p.CID.Type() {
	case cid.Raw:
		size, err := l.n.Stat(ctx, p.CID)
		if err == nil {
			x.Kind, x.Size = PinBlock, size
		}
		return x, err
	case cid.DagProtobuf:
	default:
		size, err := l.n.Stat(ctx, p.CID)
		if err == nil {
			x.Kind, x.Size = format.ForeignOther, size
		}
		return x, err
	}
	block, err := l.n.Get(ctx, p.CID)
	if err != nil {
		return x, err
	}
	if root, err := format.DecodeRoot(block); err == nil {
		return l.root(ctx, x, root)
	}
	if links, marker, ok := format.DecodeBatch(block); ok {
		return l.batch(ctx, x, links, marker)
	}
	if !x.Ours {
		var size uint64
		x.Kind, size = format.Foreign(block)
		x.Size = int64(size)
	}
	return x, nil
}

// root tells whose root it is.
func (l *pinLooker) root(ctx context.Context, x Pin, root format.Root) (Pin, error) {
	h, _, err := readHead(ctx, l.n, l.v.bundle, candidate{cid: x.CID})
	switch {
	case err == nil:
		x.ofHead(h)
		x.Kind = l.unserved()
	case IsDamage(err):
		x.Size = int64(min(root.Packs.Total, 1<<62))
		if !x.Ours {
			x.Kind = PinOtherVault
		}
	default:
		return x, err
	}
	return x, nil
}

// batch tells whose upload it is.
func (l *pinLooker) batch(ctx context.Context, x Pin, links []format.Link, marker format.Link) (Pin, error) {
	for _, k := range links {
		x.Size += int64(min(k.Total, format.MaxBlockSize))
	}
	var m *format.Marker
	mb, err := getBlock(ctx, l.n, marker.CID(), marker.Digest)
	if err == nil {
		m, err = format.OpenMarker(mb, l.v.keys())
	}
	if err != nil && !IsDamage(err) {
		return x, err
	}
	if err != nil {
		if !x.Ours {
			x.Kind = PinOtherVault
		}
		return x, nil
	}
	x.Ours, x.Kind, x.Time = true, PinUpload, time.Unix(m.Seconds, 0).UTC()
	if c, err := l.state.Union.Certificate(m.Device); err == nil {
		x.Device = c.Name
	} else if dev := l.v.Device(); bytes.Equal(dev[:], m.Device[:]) {
		x.Device = l.v.bundle.Name()
	}
	return x, nil
}
