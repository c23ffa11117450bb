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
	"time"

	"github.com/ipfs/go-cid"
)

// ClusterOptions say where the REST API of an IPFS Cluster is, and how many of its members shall hold what is pinned.
type ClusterOptions struct {
	URL            string // of the API of the member whose Kubo is used: "http://127.0.0.1:9094"
	Token          string // as [Options] takes it; the API has "basic:USER:PASSWORD"
	TLSFingerprint string // as Options takes it
	AllowHTTP      bool   // permits plain http beyond this computer
	Copies         int    // members that shall hold each pin; 0: as the cluster is set
	Meter          *Meter // as Options takes it
}

// Cluster is several storages that act as one: blocks go into the Kubo of one member, and what is pinned there is pinned in
// the cluster, whose other members fetch it from that Kubo.
//
// A pin counts when the member's own Kubo has it and the cluster has taken it over: then it survives this computer and
// the network between the members. How far the others are is what [Cluster.Copies] says. Pointers lie in the member's Kubo
// alone; pins are found through every member, under the names that the cluster keeps for them.
type Cluster struct {
	*Kubo
	at      *url.URL
	client  *http.Client
	idleAPI func()
	copies  int
}

var _ Node = (*Cluster)(nil)

// DialCluster returns the cluster that the Kubo k is a member's of. Closing it closes k as well.
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
	if opts.Copies < 0 {
		return nil, errors.New("connect to the cluster: a number of copies is not negative")
	}
	m := meters{own: new(Meter), shared: opts.Meter, limits: opts.Meter}
	base := httpTransport(dialer(u.Scheme == "http" && !opts.AllowHTTP, m), config, loopback(u.Hostname()))
	return &Cluster{
		Kubo: k, at: u, client: &http.Client{Transport: &transport{base: base, auth: func() string { return auth }}},
		idleAPI: base.CloseIdleConnections, copies: opts.Copies,
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
	name, known, err := c.taken(ctx, from)
	if err != nil {
		return err
	}
	if !known { // pinned before there was a cluster
		from = cid.Undef
	}
	return c.take(ctx, to, name, from)
}

// PinRemove implements Node. The cluster's other members let go of it by themselves, when they can be reached.
func (c *Cluster) PinRemove(ctx context.Context, root cid.Cid) error {
	if !root.Defined() {
		return c.Kubo.PinRemove(ctx, root)
	}
	err := c.ask(ctx, http.MethodDelete, "remove pin from the cluster", "pins/"+root.String(), nil, readClusterPin(root, nil))
	if err != nil && !errors.Is(err, errNotInCluster) {
		return err
	}
	return c.Kubo.PinRemove(ctx, root)
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

// take has the cluster pin what its member's Kubo holds. Pinning again what it has is no error, and changes only its name,
// where one is given. From what was pinned before, members go on where there is such.
func (c *Cluster) take(ctx context.Context, root cid.Cid, name string, from cid.Cid) error {
	const op = "pin in the cluster"
	held, known, err := c.taken(ctx, root)
	if err != nil {
		return err
	}
	if known && (name == "" || name == held) {
		return nil
	}
	args := url.Values{"mode": {"recursive"}}
	if name != "" {
		args.Set("name", name)
	}
	if c.copies > 0 {
		// Members that are away do not keep a pin from being taken. Who wants every member to have it when that is back leaves
		// the number to the cluster, whose own default is all.
		args.Set("replication-min", "1")
		args.Set("replication-max", strconv.Itoa(c.copies))
	}
	if from.Defined() {
		args.Set("pin-update", from.String())
	}
	return c.ask(ctx, http.MethodPost, op, "pins/"+root.String(), args, readClusterPin(root, nil))
}

// readClusterPin reads an answer that is one pin, root's, and its name where that is wanted.
func readClusterPin(root cid.Cid, name *string) func(io.Reader) error {
	return func(r io.Reader) error {
		var answer struct{ CID, Name string }
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if got, err := cid.Decode(answer.CID); err != nil || !got.Equals(root) {
			return nonsense("about another pin")
		}
		if name != nil {
			*name = answer.Name
		}
		return nil
	}
}

// taken says whether the cluster has taken a pin over, and its name there.
func (c *Cluster) taken(ctx context.Context, root cid.Cid) (name string, known bool, err error) {
	err = c.ask(ctx, http.MethodGet, "look for pin in the cluster", "allocations/"+root.String(), nil, readClusterPin(root, &name))
	if errors.Is(err, errNotInCluster) {
		return "", false, nil
	}
	return name, err == nil, err
}

// Copy is one member of a cluster, and how it holds a pin.
type Copy struct {
	Member string // its name, as the cluster calls it
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

// Copies says how each member holds a pin, ordered by their names. A pin that the cluster does not have is ErrNotPinned.
func (c *Cluster) Copies(ctx context.Context, root cid.Cid) ([]Copy, error) {
	var all []Copy
	err := c.ask(ctx, http.MethodGet, "ask the cluster for its copies", "pins/"+root.String(), nil, func(r io.Reader) error {
		var answer struct {
			CID     string
			PeerMap map[string]struct {
				PeerName string `json:"peername"`
				Status   string
				Error    string
			} `json:"peer_map"`
		}
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if got, err := cid.Decode(answer.CID); err != nil || !got.Equals(root) {
			return nonsense("about another pin")
		}
		for peer, p := range answer.PeerMap {
			all = append(all, Copy{Member: p.PeerName, Peer: peer, State: copyState(p.Status), Word: p.Status, Reason: p.Error})
		}
		return nil
	})
	if errors.Is(err, errNotInCluster) {
		return nil, fmt.Errorf("ask the cluster for its copies: %w", ErrNotPinned)
	}
	if err != nil {
		return nil, err
	}
	if _, known, err := c.taken(ctx, root); err != nil {
		return nil, err
	} else if !known { // members tell of it, but nobody shall hold it
		return nil, fmt.Errorf("ask the cluster for its copies: %w", ErrNotPinned)
	}
	slices.SortFunc(all, func(a, b Copy) int { return strings.Compare(a.Member+"\x00"+a.Peer, b.Member+"\x00"+b.Peer) })
	return all, nil
}

// errNotInCluster: the cluster does not know the pin.
var errNotInCluster = errors.New("the cluster does not have this pin")

// clusterPatience is for calls that ask every member, one of which may be away.
var clusterPatience = limit{2 * time.Minute, 2 * time.Minute}

// ask sends one request to the cluster's API.
func (c *Cluster) ask(ctx context.Context, method, op, path string, args url.Values, read func(io.Reader) error) error {
	x := exchange{most: listAnswer} // bytes, as for a list of every pin
	inner, end := begin(ctx, clusterPatience, &x)
	defer end()
	to := c.at.JoinPath(path)
	to.RawQuery = args.Encode()
	req, err := http.NewRequestWithContext(inner, method, to.String(), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	resp, err := c.client.Do(req)
	if err == nil {
		err = read(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		return nil
	}
	if a, ok := errors.AsType[*answerError](err); ok {
		if a.status == http.StatusNotFound {
			return fmt.Errorf("%s: %w", op, errNotInCluster)
		}
		a.message = clusterWords(a.message)
	}
	return fmt.Errorf("%s: %w", op, explain(ctx, inner, err))
}

// clusterWords is what the API says of an error, out of its JSON.
func clusterWords(text string) string {
	var body struct{ Message string }
	if json.Unmarshal([]byte(text), &body) == nil && body.Message != "" {
		return body.Message
	}
	return text
}
