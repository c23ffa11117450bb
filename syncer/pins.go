package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault"
	"roost/vault/node"
)

// Pin is one thing that a storage keeps until somebody says otherwise.
type Pin struct {
	Storage string
	CID     string
	Name    string
	Kind    string // vault.PinNewest and so on for what is ours; else what it is: "file", "folder", "block", "link", "backup", "other", "unknown"
	Ours    bool
	Device  string    // whose it is; "" unless it is ours
	Time    time.Time // when it was made; zero: not known
	Size    int64     // bytes, as far as its top says; 0: not known

	Copies  int            // members of the cluster that the storage acts for which shall hold it; 0: it acts for none, or that is not known
	Members []MemberStatus // how they hold it, those included that the cluster has forgotten
}

// Kinds of pins, as the vault has them. What other programs keep may also be a file, a folder, a link, or something else.
const (
	PinNewest     = vault.PinNewest
	PinSuperseded = vault.PinSuperseded
	PinUpload     = vault.PinUpload
	PinOtherVault = vault.PinOtherVault
	PinBlock      = vault.PinBlock
	PinUnknown    = vault.PinUnknown
)

// EmptyFolder is the CID that every new Kubo keeps.
const EmptyFolder = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

// Pins lists what a storage keeps; "" is all storages. Ours come first, newest first. What storages that answer keep is
// returned beside the error of one that does not.
func (e *Engine) Pins(ctx context.Context, storage string) ([]Pin, error) {
	return e.pins(ctx, storage, true)
}

// pins is Pins; members of clusters are asked only if wanted, which takes a while where one is away.
func (e *Engine) pins(ctx context.Context, storage string, members bool) ([]Pin, error) {
	c := e.home.config()
	nodes := c.Nodes
	if storage != "" {
		nc, err := c.storage(storage)
		if err != nil {
			return nil, err
		}
		nodes = []nodeConfig{nc}
	}
	var out []Pin
	var errs []error
	for _, nc := range nodes {
		v, n, err := e.pinsOn(ctx, nc)
		var pins []vault.Pin
		if err == nil {
			pins, err = v.Pins(ctx, n)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("storage %q: %w", nc.Name, err))
		}
		list := make([]Pin, len(pins))
		for i, p := range pins {
			list[i] = Pin{
				Storage: nc.Name, CID: p.CID.String(), Name: p.Name, Kind: p.Kind, Ours: p.Ours, Device: p.Device, Time: p.Time, Size: p.Size,
			}
		}
		if cluster, ok := n.(*node.Cluster); ok && members {
			e.learnMembers(ctx, nc, cluster, pins, list)
		}
		out = append(out, list...)
	}
	return out, errors.Join(errs...)
}

const (
	// mostHeld is how many pins a cluster is asked about, ours first: it asks every member for each.
	mostHeld = 100
	// heldAtOnce is how many of these questions are under way.
	heldAtOnce = 4
)

// learnMembers notes in list how the members of a storage's cluster hold each pin. What is not answered in time is not known.
func (e *Engine) learnMembers(ctx context.Context, nc nodeConfig, c *node.Cluster, pins []vault.Pin, list []Pin) {
	ctx, cancel := context.WithTimeout(ctx, membersPatience)
	defer cancel()
	var g errgroup.Group
	g.SetLimit(heldAtOnce)
	for i, p := range pins[:min(len(pins), mostHeld)] {
		g.Go(func() error {
			h, err := c.Holding(ctx, p.CID)
			if err != nil {
				e.log.Debug("how the members hold a pin is not known", "storage", nc.Name, "reason", err)
				return nil
			}
			s := nc.Cluster.status()
			s.learnCopies(h.Copies)
			list[i].Copies, list[i].Members = cmp.Or(h.Wanted, len(s.Members)), s.Members
			return nil
		})
	}
	_ = g.Wait() // of which none fails
}

// Held is how many members of a cluster hold the pin.
func (p Pin) Held() (held int) {
	for _, m := range p.Members {
		if m.State == MemberHolds {
			held++
		}
	}
	return held
}

// pinsOn connects to a storage to look at its pins.
func (e *Engine) pinsOn(ctx context.Context, nc nodeConfig) (*vault.Vault, node.Node, error) {
	if err := e.connect(ctx); err != nil && nc.Name == e.home.config().Nodes[0].Name {
		return nil, nil, err
	}
	c, err := e.reach(ctx, nc)
	if err != nil {
		return nil, nil, err
	}
	p := e.first.Load()
	if p == nil { // the first storage cannot be started, and this is another one
		return vault.New(vault.Options{Bundle: e.bundle, Node: c.node, Catalog: e.cat, Log: e.log}), c.node, nil
	}
	return p.vault, c.node, nil
}

// Pin has a storage keep a CID, with everything below it, until Unpin. Roost fetches nothing from others: the storage
// has to hold all of it already. Errors: ErrUsage for what is no CID, for what is kept already, for what is not there, and
// for a name that it cannot have.
func (e *Engine) Pin(ctx context.Context, storage, text, name string) error {
	id, v, n, err := e.pinTarget(ctx, storage, text)
	if err != nil {
		return err
	}
	if len(name) > 255 || !utf8.ValidString(name) {
		return fmt.Errorf("%w: a name has 255 bytes of text at most", ErrUsage)
	}
	if taken, err := v.IsPinName(ctx, n, name); err != nil {
		return err
	} else if taken && name != "" {
		return fmt.Errorf("%w: this name is that of your backup's own saved copies", ErrUsage)
	}
	if _, err := n.Stat(ctx, id); errors.Is(err, node.ErrNotFound) {
		return fmt.Errorf("%w: the storage does not hold %s, and Roost fetches nothing from others", ErrUsage, id)
	} else if err != nil {
		return err
	}
	err = n.PinAdd(ctx, id, name)
	switch {
	case errors.Is(err, node.ErrPinned):
		return fmt.Errorf("%w: the storage keeps %s already", ErrUsage, id)
	case errors.Is(err, node.ErrNotFound), errors.Is(err, node.ErrTimeout) && ctx.Err() == nil:
		return fmt.Errorf("%w: the storage does not hold all of %s: %w", ErrUsage, id, err)
	}
	return err
}

// Unpin has a storage keep a CID no longer: it is deleted there when space is freed the next time, unless something else
// keeps it. What belongs to this backup is refused. Errors: ErrUsage.
func (e *Engine) Unpin(ctx context.Context, storage, text string) error {
	id, v, n, err := e.pinTarget(ctx, storage, text)
	if err != nil {
		return err
	}
	p, err := v.Pin(ctx, n, id)
	switch {
	case errors.Is(err, node.ErrNotPinned):
		return fmt.Errorf("%w: the storage keeps no copy of its own of %s", ErrUsage, id)
	case err != nil:
		return fmt.Errorf("find out what %s is: %w", id, err)
	case p.Ours:
		return fmt.Errorf("%w: %s is a part of your backup; versions are removed with roost forget and roost prune", ErrUsage, id)
	}
	return n.PinRemove(ctx, id)
}

// pinTarget reads the CID, and connects to the one storage that is meant.
func (e *Engine) pinTarget(ctx context.Context, storage, text string) (cid.Cid, *vault.Vault, node.Node, error) {
	id, err := parseCID(text)
	if err != nil {
		return id, nil, nil, err
	}
	nc, err := e.home.config().storage(storage)
	if err != nil {
		return id, nil, nil, err
	}
	v, n, err := e.pinsOn(ctx, nc)
	return id, v, n, err
}

// parseCID reads "bafy…", "Qm…" or "/ipfs/…".
func parseCID(text string) (cid.Cid, error) {
	id, err := cid.Decode(strings.TrimPrefix(strings.TrimSpace(text), "/ipfs/"))
	if err != nil || len(text) > 512 {
		return cid.Undef, fmt.Errorf("%w: this is no CID, such as bafy… or Qm…", ErrUsage)
	}
	return id, nil
}

// Freed is what freeing space did to a storage.
type Freed struct {
	Storage string
	Before  int64 // bytes that it held
	After   int64
}

// FreeSpace has a storage delete at once what nothing on it keeps: what was released by Roost, and what other programs left. The
// report tells the bytes that came free so far.
func (e *Engine) FreeSpace(ctx context.Context, storage string, r Report) (*Freed, error) {
	nc, err := e.home.config().storage(storage)
	if err != nil {
		return nil, err
	}
	_, n, err := e.pinsOn(ctx, nc)
	if err != nil {
		return nil, err
	}
	before, err := n.Usage(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask how full the storage is: %w", err)
	}
	f := &Freed{Storage: nc.Name, Before: before.RepoSize, After: before.RepoSize}
	var c counters
	c.phaseName.Store("freeing")
	stop := c.tell(r, "", time.Now())
	watching, enough := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for wait(watching, time.Second); watching.Err() == nil; wait(watching, time.Second) {
			if u, err := n.Usage(watching); err == nil { // progress only: what really came free is asked at the end
				c.bytes.Store(max(before.RepoSize-u.RepoSize, 0))
			}
		}
	}()
	err = n.GC(ctx)
	enough()
	<-watched
	stop()
	if err != nil {
		return nil, fmt.Errorf("free up space: %w", err)
	}
	after, err := n.Usage(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask how full the storage is: %w", err)
	}
	f.After = after.RepoSize
	e.roomChanged()
	return f, nil
}
