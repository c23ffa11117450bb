package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/ipfs/go-cid"
)

// ClusterOptions say where the REST API of an IPFS Cluster is, and how many of its members shall hold what is pinned.
type ClusterOptions struct {
	URL            string // of the API of the member whose Kubo is used: "http://127.0.0.1:9094"
	Token          string // as [Options] takes it; the API has "basic:USER:PASSWORD"
	TLSFingerprint string // as Options takes it
	AllowHTTP      bool   // permits plain http beyond this computer
	Copies         int    // members that shall hold each pin; 0: as the cluster is set, which is all where nobody set it
	Meter          *Meter // as Options takes it
}

// MostCopies is the largest number of members that can be asked to hold a pin.
const MostCopies = 100

// Cluster is several storages that act as one: blocks go into the Kubo of one member, and what is pinned there is pinned in
// the cluster, whose other members fetch it from that Kubo.
//
// A pin counts when the member's own Kubo has it and the cluster has taken it over: then it survives this computer and
// the network between the members. How far the others are is what [Cluster.Holding] says. Pointers lie in the member's Kubo
// alone; pins are found through every member, under the names that the cluster keeps for them.
//
// What was reported to be held by several members stays so while a newer state is on its way to them; see PinRemove.
type Cluster struct {
	*Kubo
	at      *url.URL
	client  *http.Client
	idleAPI func()
	copies  int

	mu    sync.Mutex          // guards below
	self  Member              // the one whose Kubo it is; without an ID until it was asked
	after map[cid.Cid]cid.Cid // what a pin was updated to
}

var _ Node = (*Cluster)(nil)

// DialCluster returns the cluster that the Kubo k is a member's of; nothing is sent before the first call. Closing it closes
// k as well.
func DialCluster(k *Kubo, opts ClusterOptions) (*Cluster, error) {
	u, err := address(opts.URL, opts.AllowHTTP, opts.TLSFingerprint != "")
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	config, err := tlsConfig(opts.TLSFingerprint, "")
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	auth, err := authorization(opts.Token)
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	if opts.Copies < 0 || opts.Copies > MostCopies {
		return nil, fmt.Errorf("connect to the cluster: the number of copies is between 1 and %d, or 0 for all", MostCopies)
	}
	m := meters{own: new(Meter), shared: opts.Meter, limits: opts.Meter}
	base := httpTransport(dialer(u.Scheme == "http" && !opts.AllowHTTP, m), config, loopback(u.Hostname()))
	return &Cluster{
		Kubo: k, at: u, client: &http.Client{Transport: &transport{base: base, auth: func() string { return auth }}},
		idleAPI: base.CloseIdleConnections, copies: opts.Copies, after: make(map[cid.Cid]cid.Cid),
	}, nil
}

// Close closes the connections that no call is using.
func (c *Cluster) Close() error {
	c.idleAPI()
	return c.Kubo.Close()
}

// Import implements Node.
func (c *Cluster) Import(ctx context.Context, root cid.Cid, blocks []Block) error {
	if err := c.Kubo.Import(ctx, root, blocks); err != nil {
		return err
	}
	return c.take(ctx, root, "", cid.Undef)
}

// PinAdd implements Node. One that was interrupted between the member's Kubo and the cluster is finished by the next.
func (c *Cluster) PinAdd(ctx context.Context, root cid.Cid, name string) error {
	err := c.Kubo.PinAdd(ctx, root, name)
	if err != nil && !errors.Is(err, ErrPinned) {
		return err
	}
	if taken := c.take(ctx, root, name, cid.Undef); taken != nil {
		return taken
	}
	return err
}

// PinUpdate implements Node.
func (c *Cluster) PinUpdate(ctx context.Context, from, to cid.Cid) error {
	if err := c.Kubo.PinUpdate(ctx, from, to); err != nil {
		return err
	}
	return c.follow(ctx, from, to, "")
}

// Fetch is Kubo's, and has the cluster take over what was fetched.
func (c *Cluster) Fetch(ctx context.Context, root, base cid.Cid, name string, progress func(blocks int64)) error {
	if err := c.Kubo.Fetch(ctx, root, base, name, progress); err != nil {
		return err
	}
	return c.follow(ctx, base, root, name)
}

// Pinned implements Node: the member's Kubo has the pin, and the cluster has taken it over.
func (c *Cluster) Pinned(ctx context.Context, root cid.Cid) (bool, error) {
	if held, err := c.Kubo.Pinned(ctx, root); err != nil || !held {
		return false, err
	}
	_, known, err := c.taken(ctx, root)
	return known, err
}

// PinRemove implements Node. The cluster's other members let go of it by themselves, when they can be reached.
//
// A pin that was updated is ErrStillNeeded while a member that answers is still fetching the newer one: until it has that,
// the older one is all that it has of this backup.
func (c *Cluster) PinRemove(ctx context.Context, root cid.Cid) error {
	if !root.Defined() {
		return c.Kubo.PinRemove(ctx, root)
	}
	if err := c.needed(ctx, root); err != nil {
		return fmt.Errorf("remove pin from the cluster: %w", err)
	}
	err := c.ask(ctx, http.MethodDelete, "remove pin from the cluster", "pins/"+root.String(), nil, readClusterPin(root, nil))
	if err != nil && !errors.Is(err, errNotInCluster) {
		return err
	}
	if err := c.Kubo.PinRemove(ctx, root); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.after, root)
	return nil
}

// needed is ErrStillNeeded where a member has nothing newer than a pin yet, and is about to.
func (c *Cluster) needed(ctx context.Context, root cid.Cid) error {
	newest := c.newest(root)
	if newest.Equals(root) {
		return nil
	}
	h, err := c.Holding(ctx, newest)
	if errors.Is(err, ErrNotPinned) { // it was removed before the older one
		return nil
	}
	if err != nil {
		return err
	}
	self, err := c.Self(ctx)
	if err != nil {
		return err
	}
	for _, x := range h.Copies {
		if x.State == CopyWaiting && x.Peer != self.ID { // of our own member, its Kubo has said that it has it
			return fmt.Errorf("%w: %q is on its way to the newest state", ErrStillNeeded, x.Member)
		}
	}
	return nil
}

// updated notes what a pin was updated to just now.
func (c *Cluster) updated(from, to cid.Cid) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.after, to) // nothing leads in a circle: it is the newest, whatever was before
	c.after[from] = to
}

// updatedBefore notes what a pin was updated to by an earlier process; false: it was known.
func (c *Cluster) updatedBefore(from, to cid.Cid) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.after[from]; known || c.last(to).Equals(from) {
		return false
	}
	c.after[from] = to
	return true
}

// newest is what a pin was updated to in the end: itself, where it was not.
func (c *Cluster) newest(root cid.Cid) cid.Cid {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last(root)
}

// last is newest, with mu held.
func (c *Cluster) last(root cid.Cid) cid.Cid {
	for range len(c.after) {
		next, ok := c.after[root]
		if !ok {
			break
		}
		root = next
	}
	return root
}

// Pins implements Node: the pins of the member's Kubo. Cluster passes no name on to its members' Kubos; what came from another
// member bears that which the cluster keeps.
func (c *Cluster) Pins(ctx context.Context) ([]Pin, error) {
	pins, err := c.Kubo.Pins(ctx)
	if err != nil || !slices.ContainsFunc(pins, func(p Pin) bool { return p.Name == "" }) {
		return pins, err
	}
	names, err := c.names(ctx)
	if err != nil {
		return nil, err
	}
	for i := range pins {
		if pins[i].Name == "" {
			pins[i].Name = names[pins[i].CID]
		}
	}
	return pins, nil
}
