package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
)

// Member is one storage of a cluster.
type Member struct {
	ID      string // in the cluster
	Name    string // as the cluster calls it; "" of one that does not answer
	Kubo    string // id of its Kubo; "" where that does not answer
	Version string // of its cluster program, "1.1.6"
	Reason  string // why it, or its Kubo, does not answer; "" where both do
}

// clusterID is how the API tells of a member.
type clusterID struct {
	ID, Version, Error string
	Peername           string `json:"peername"`
	IPFS               struct{ ID, Error string }
}

func (x clusterID) member() (Member, error) {
	if x.ID == "" {
		return Member{}, nonsense("a member without an id")
	}
	m := Member{ID: x.ID, Name: x.Peername, Kubo: x.IPFS.ID, Version: x.Version, Reason: x.Error}
	if m.Reason == "" {
		m.Reason = x.IPFS.Error
	}
	return m, nil
}

// Self is the member whose API is asked. Errors: ErrOtherMember when its Kubo is not the one that blocks go into.
func (c *Cluster) Self(ctx context.Context) (Member, error) {
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	if self.ID != "" {
		return self, nil
	}
	const op = "ask the cluster who it is"
	err := c.ask(ctx, http.MethodGet, op, "id", nil, func(r io.Reader) (err error) {
		var answer clusterID
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		self, err = answer.member()
		return err
	})
	if err != nil {
		return Member{}, err
	}
	info, err := c.Info(ctx)
	if err != nil {
		return Member{}, err
	}
	switch self.Kubo {
	case info.PeerID:
	case "":
		return Member{}, fmt.Errorf("%s: %w: it does not reach its own storage: %s", op, ErrClusterAway, quote(self.Reason))
	default:
		return Member{}, fmt.Errorf("%s: %w", op, ErrOtherMember)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self = self
	return self, nil
}

// Members lists the storages of the cluster that are there, ordered by name. One that does not answer is among them for a
// while, and then not any more: a cluster forgets who is away.
func (c *Cluster) Members(ctx context.Context) ([]Member, error) {
	var all []Member
	err := c.ask(ctx, http.MethodGet, "ask the cluster for its members", "peers", nil, func(r io.Reader) (err error) {
		all, err = readMembers(r)
		return err
	})
	return all, err
}

func readMembers(r io.Reader) (all []Member, err error) {
	for dec := json.NewDecoder(r); ; {
		var answer clusterID
		if err := dec.Decode(&answer); err == io.EOF {
			break
		} else if err != nil {
			return nil, unreadable(err)
		}
		m, err := answer.member()
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Member) int { return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID) })
	return all, nil
}

// Copy is one member of a cluster, and how it holds a pin.
type Copy struct {
	Member string // its name, as the cluster calls it; "" when the cluster has forgotten it
	Peer   string // its id in the cluster
	State  string // CopyHeld, CopyWaiting, CopyFailed, CopyAway or CopyOther
	Word   string // the cluster's own word, such as "pin_queued"
	Reason string // why it failed; "" where it did not
}

// How a member holds a pin.
const (
	CopyHeld    = "held"
	CopyWaiting = "waiting" // it is fetching it, or will
	CopyFailed  = "failed"
	CopyAway    = "away"  // it does not answer
	CopyOther   = "other" // enough others hold it
)

func copyState(word string) string {
	switch word {
	case "pinned":
		return CopyHeld
	case "pinning", "pin_queued", "unexpectedly_unpinned", "unpinning", "unpin_queued", "unpinned":
		return CopyWaiting
	case "cluster_error":
		return CopyAway
	case "remote":
		return CopyOther
	default:
		return CopyFailed
	}
}

// Holding is how a cluster holds a pin.
type Holding struct {
	Wanted int    // members that shall hold it; 0: all
	Copies []Copy // of each member that the cluster knows now, ordered by name
}

// Holding says how each member holds a pin. A pin that the cluster has not taken over is ErrNotPinned.
func (c *Cluster) Holding(ctx context.Context, root cid.Cid) (h Holding, err error) {
	const op = "ask the cluster for its copies"
	p, known, err := c.taken(ctx, root)
	if err != nil {
		return h, err
	}
	if !known { // members may tell of it, but nobody shall hold it
		return h, fmt.Errorf("%s: %w", op, ErrNotPinned)
	}
	if h.Wanted = p.copies; c.copies > 0 {
		h.Wanted = c.copies
	}
	err = c.ask(ctx, http.MethodGet, op, "pins/"+root.String(), nil, func(r io.Reader) (err error) {
		h.Copies, err = readCopies(r, root)
		return err
	})
	if errors.Is(err, errNotInCluster) {
		return h, fmt.Errorf("%s: %w", op, ErrNotPinned)
	}
	return h, err
}

// Copies are those of Holding.
func (c *Cluster) Copies(ctx context.Context, root cid.Cid) ([]Copy, error) {
	h, err := c.Holding(ctx, root)
	return h.Copies, err
}

func readCopies(r io.Reader, root cid.Cid) (all []Copy, err error) {
	var answer struct {
		CID     string
		PeerMap map[string]struct {
			PeerName string `json:"peername"`
			Status   string
			Error    string
		} `json:"peer_map"`
	}
	if err := decodeOne(r, &answer); err != nil {
		return nil, err
	}
	if got, err := cid.Decode(answer.CID); err != nil || !got.Equals(root) {
		return nil, nonsense("about another pin")
	}
	for peer, p := range answer.PeerMap {
		all = append(all, Copy{Member: p.PeerName, Peer: peer, State: copyState(p.Status), Word: p.Status, Reason: p.Error})
	}
	slices.SortFunc(all, func(a, b Copy) int { return strings.Compare(a.Member+"\x00"+a.Peer, b.Member+"\x00"+b.Peer) })
	return all, nil
}

// Spread has as many members hold a pin as are wanted now, if so many answer, whatever was wanted before. Errors: ErrNotPinned.
func (c *Cluster) Spread(ctx context.Context, root cid.Cid) error {
	p, known, err := c.taken(ctx, root)
	if err == nil && !known {
		err = ErrNotPinned
	}
	if err != nil {
		return fmt.Errorf("spread pin in the cluster: %w", err)
	}
	_, err = c.spread(ctx, p)
	return err
}

// Refill has the members that should hold a pin, and do not, get it: those that failed try again, and where fewer were chosen
// than are wanted, because some were away, the others are chosen now. With replace, one that is away makes room for one that
// is there. A member that comes back to what it shall hold needs no Refill. Errors: ErrNotPinned.
func (c *Cluster) Refill(ctx context.Context, root cid.Cid, replace bool) error {
	p, known, err := c.taken(ctx, root)
	if err != nil {
		return err
	}
	h, err := c.Holding(ctx, root)
	if err == nil && !known {
		err = ErrNotPinned
	}
	if err != nil {
		return err
	}
	is := func(state string) bool {
		return slices.ContainsFunc(h.Copies, func(x Copy) bool { return x.State == state })
	}
	if c.copies > 0 && (p.copies != c.copies || len(p.allocations) < c.copies || replace && is(CopyAway)) {
		if _, err := c.spread(ctx, p); err != nil {
			return err
		}
	}
	if !is(CopyFailed) {
		return nil
	}
	const op = "have the cluster try again"
	return c.ask(ctx, http.MethodPost, op, "pins/"+root.String()+"/recover", nil, func(r io.Reader) error {
		_, err := readCopies(r, root)
		return err
	})
}
