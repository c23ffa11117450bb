package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ipfs/go-cid"
)

// clusterPin is a pin as the cluster has taken it over.
type clusterPin struct {
	root        cid.Cid
	name        string
	updates     cid.Cid  // the pin that it was an update of; undefined: none
	copies      int      // members that shall hold it; 0: all
	allocations []string // peers that were chosen to hold it; none where all shall
}

// on tells whether a peer shall hold the pin.
func (p clusterPin) on(peer string) bool {
	return p.copies == 0 || slices.Contains(p.allocations, peer)
}

// readClusterPin reads an answer that is one pin, root's, into p where that is wanted.
func readClusterPin(root cid.Cid, p *clusterPin) func(io.Reader) error {
	return func(r io.Reader) error {
		var answer struct {
			CID, Name   string
			Update      string   `json:"pin_update"`
			Max         int      `json:"replication_factor_max"`
			Allocations []string `json:"allocations"`
		}
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if got, err := cid.Decode(answer.CID); err != nil || !got.Equals(root) {
			return nonsense("about another pin")
		}
		if p == nil {
			return nil
		}
		*p = clusterPin{root: root, name: answer.Name, copies: max(answer.Max, 0), allocations: answer.Allocations}
		if answer.Update == "" {
			return nil
		}
		from, err := cid.Decode(answer.Update)
		if err != nil {
			return nonsense("an update of no pin")
		}
		p.updates = from
		return nil
	}
}

// names are those of the cluster's pins, of all that have one.
func (c *Cluster) names(ctx context.Context) (map[cid.Cid]string, error) {
	names := make(map[cid.Cid]string)
	err := c.ask(ctx, http.MethodGet, "list the cluster's pins", "allocations", nil, func(r io.Reader) error {
		for dec := json.NewDecoder(r); ; {
			var answer struct{ CID, Name string }
			if err := dec.Decode(&answer); err == io.EOF {
				return nil
			} else if err != nil {
				return unreadable(err)
			}
			root, err := cid.Decode(answer.CID)
			if err != nil {
				return nonsense("a pin without a name")
			}
			if answer.Name != "" {
				names[root] = answer.Name
			}
		}
	})
	return names, err
}

// taken says whether the cluster has taken a pin over, and how.
func (c *Cluster) taken(ctx context.Context, root cid.Cid) (p clusterPin, known bool, err error) {
	err = c.ask(ctx, http.MethodGet, "look for pin in the cluster", "allocations/"+root.String(), nil, readClusterPin(root, &p))
	if errors.Is(err, errNotInCluster) {
		return p, false, nil
	}
	return p, err == nil, err
}

// mostUpdates bounds how many updates back the history of a pin is followed.
const mostUpdates = 64

// follow has the cluster take over a pin that is an update of another one, under that one's name where none is given.
func (c *Cluster) follow(ctx context.Context, from, to cid.Cid, name string) error {
	if !from.Defined() {
		return c.take(ctx, to, name, cid.Undef)
	}
	p, known, err := c.taken(ctx, from)
	if err != nil {
		return err
	}
	if name == "" {
		name = p.name
	}
	c.updated(from, to)
	self, err := c.Self(ctx)
	if err != nil {
		return err
	}
	// One pinned before there was a cluster is nothing to go on from; of one that other members hold, our own would let go.
	if !known || !p.on(self.ID) {
		return c.take(ctx, to, name, cid.Undef)
	}
	if err := c.take(ctx, to, name, from); err != nil {
		return err
	}
	for range mostUpdates { // those that an earlier process updated, and could not remove yet
		if !known || !p.updates.Defined() || !c.updatedBefore(p.updates, p.root) {
			return nil
		}
		if p, known, err = c.taken(ctx, p.updates); err != nil {
			return err
		}
	}
	return nil
}

// take has the cluster pin what its member's Kubo holds. Pinning again what it has is no error, and changes only its name,
// where one is given. From what was pinned before, members go on where there is such.
func (c *Cluster) take(ctx context.Context, root cid.Cid, name string, from cid.Cid) error {
	p, known, err := c.taken(ctx, root)
	if err != nil {
		return err
	}
	fresh := false // as many were chosen as there are
	if !known || name != "" && name != p.name {
		// Members that are away do not keep a pin from being taken: the number that is wanted is tried for again and again.
		if p, err = c.post(ctx, root, name, from, 1, c.copies); err != nil {
			return err
		}
		fresh = !from.Defined() // an update has the members of what it updates
	}
	self, err := c.Self(ctx)
	if err != nil {
		return err
	}
	fewer := c.copies > 0 && (p.copies != c.copies || len(p.allocations) < c.copies)
	if fewer && !fresh || !p.on(self.ID) {
		if p, err = c.spread(ctx, p); err != nil {
			return err
		}
	}
	if !p.on(self.ID) {
		return fmt.Errorf("pin in the cluster: %w: %w: it does not know yet how much room our own member has", ErrClusterAway, ErrUnreachable)
	}
	return nil
}

// spread has as many members hold a pin as are wanted, our own among them, if there are so many that answer; else it stays
// as it is. One that is away makes room for one that is not.
func (c *Cluster) spread(ctx context.Context, p clusterPin) (clusterPin, error) {
	self, err := c.Self(ctx)
	if err != nil {
		return p, err
	}
	least := c.copies
	if least > 0 && !p.on(self.ID) {
		least = max(least, len(p.allocations)+1)
	}
	next, err := c.post(ctx, p.root, p.name, cid.Undef, least, least)
	if tooFewMembers(err) {
		return p, nil
	}
	if err == nil && !next.on(self.ID) {
		// Cluster does not know how much room our own member has, as after it was too busy to tell, and chose one whose word it still
		// believes, be it gone since. All of them hold it then, until a number can be chosen: our own would let it go.
		return c.post(ctx, p.root, p.name, cid.Undef, everybody, everybody)
	}
	return next, err
}

// everybody is how many members hold a pin that all of them hold, as Cluster has it.
const everybody = -1

// mostOrigins is how many addresses Cluster tries.
const mostOrigins = 10

// origins are the addresses that the other members' Kubos reach our own's at, which has all blocks: they connect to it first.
// Without them they find it if they are connected already, so that not to know them is no error.
func (c *Cluster) origins(ctx context.Context) string {
	p, err := c.Peer(ctx)
	if err != nil {
		return ""
	}
	return strings.Join(p.Addresses[:min(len(p.Addresses), mostOrigins)], ",")
}

// post sends a pin to the cluster. Of the members that hold it our own is always one: from a Kubo whose member is not among
// them, Cluster takes the pin away. least and most are how many; without a most the cluster's own setting counts.
func (c *Cluster) post(ctx context.Context, root cid.Cid, name string, from cid.Cid, least, most int) (p clusterPin, err error) {
	self, err := c.Self(ctx)
	if err != nil {
		return p, err
	}
	args := url.Values{"mode": {"recursive"}, "user-allocations": {self.ID}}
	if at := c.origins(ctx); at != "" {
		args.Set("origins", at)
	}
	if name != "" {
		args.Set("name", name)
	}
	if from.Defined() {
		args.Set("pin-update", from.String())
	}
	if most != 0 {
		args.Set("replication-min", strconv.Itoa(least))
		args.Set("replication-max", strconv.Itoa(most))
	}
	send := func() error {
		return c.ask(ctx, http.MethodPost, "pin in the cluster", "pins/"+root.String(), args, readClusterPin(root, &p))
	}
	err = send()
	if tooFewMembers(err) && most == 0 { // its own setting asks for more members than answer now
		args.Set("replication-min", "1")
		err = send()
	}
	return p, err
}
