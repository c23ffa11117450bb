package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/node"
)

// A storage may be one of several that act as one, an IPFS Cluster: what is saved goes to that one, its member, and the
// members pass it on among themselves. To everything else here it is one storage like any other, with one difference: it
// confirms this computer's newest state when as many members hold it as are wanted, and not before.

// clusterConfig is the cluster that a storage acts for.
type clusterConfig struct {
	URL         string         `json:"url"`                   // of its member's REST API
	Fingerprint string         `json:"fingerprint,omitempty"` // of the API's certificate, hex
	Copies      int            `json:"copies,omitempty"`      // members that shall hold everything; 0: all
	Members     []memberConfig `json:"members,omitempty"`     // that were ever seen: a cluster forgets who is away
}

type memberConfig struct {
	ID   string `json:"id"` // in the cluster
	Name string `json:"name"`
}

// checkCluster says what is wrong with the settings of a storage's cluster.
func (nc nodeConfig) checkCluster() error {
	c := nc.Cluster
	switch {
	case c == nil:
		return nil
	case nc.Dir != "":
		return errors.New("a storage that Roost runs cannot be one of several that act as one")
	case c.Copies < 0 || c.Copies > node.MostCopies:
		return fmt.Errorf("%d copies are not between 1 and %d", c.Copies, node.MostCopies)
	}
	for _, m := range c.Members {
		if m.ID == "" {
			return errors.New("a member without an id")
		}
	}
	if _, err := nc.dial(access{}, nil); err != nil && (!errors.Is(err, node.ErrInsecure) || c.Fingerprint != "") { // which this start may allow
		return err
	}
	return nil
}

// clusterKey is the name that the bundle keeps the password of a storage's cluster under: none that a storage can have.
func clusterKey(storage string) string { return storage + "\x00cluster" }

// access is what a storage, and the cluster that it acts for, ask for.
type access struct{ token, cluster string }

func (o SetupOptions) access() access { return access{o.Token, o.ClusterToken} }

func accessOf(b *vault.Bundle, storage string) access {
	return access{b.Token(storage), b.Token(clusterKey(storage))}
}

// accessWith is accessOf with another token: the storage's own, or that of its cluster, by the name that the bundle keeps it under.
func accessWith(b *vault.Bundle, storage, key, token string) access {
	a := accessOf(b, storage)
	if key == storage {
		a.token = token
	} else {
		a.cluster = token
	}
	return a
}

// setAccess keeps it; the bundle has to be written. The zero access forgets it.
func setAccess(b *vault.Bundle, storage string, a access) {
	b.SetToken(storage, a.token)
	b.SetToken(clusterKey(storage), a.cluster)
}

// remote is a storage that runs by itself: a Kubo, or a cluster through one of its members'.
type remote interface {
	node.Node
	Close() error
}

// dial returns a storage that runs by itself; nothing is sent. The meter may be nil.
func (nc nodeConfig) dial(a access, m *node.Meter) (remote, error) {
	k, err := node.Dial(nc.options(a.token, m))
	if err != nil || nc.Cluster == nil {
		return k, err
	}
	c, err := node.DialCluster(k, node.ClusterOptions{
		URL: nc.Cluster.URL, Token: a.cluster, TLSFingerprint: nc.Cluster.Fingerprint, AllowHTTP: nc.AllowHTTP, Copies: nc.Cluster.Copies,
		Meter: m,
	})
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return c, nil
}

// ClusterStatus is how the storages are that act as one behind a storage.
type ClusterStatus struct {
	URL     string // of its member's REST API
	Copies  int    // members that shall hold everything, as the person wants it; 0: all
	Wanted  int    // the same as a number
	Held    int    // members that hold this computer's newest state
	Members []MemberStatus
	Known   bool // Held and the members' states were asked for; false: before the first backup, or nobody answered yet
}

// Enough tells whether as many members hold the newest state as are wanted.
func (c *ClusterStatus) Enough() bool { return c.Known && c.Held >= c.Wanted }

// MemberStatus is one of them.
type MemberStatus struct {
	ID    string
	Name  string
	State string    // MemberHolds and so on
	Since time.Time // when it was first seen so; zero: it holds the newest state, or it is not known
}

// States of a member.
const (
	MemberHolds   = "holds"   // this computer's newest state
	MemberWaiting = "waiting" // it is on its way to it
	MemberFailed  = "failed"  // it answers, and could not get it
	MemberAway    = "away"    // it does not answer
	MemberSpare   = "spare"   // enough others hold it
	MemberThere   = "there"   // it answers, and there is nothing to hold yet
)

// memberState is how a member holds what this computer saved, in the words of the status.
func memberState(state string) string {
	switch state {
	case node.CopyHeld:
		return MemberHolds
	case node.CopyWaiting:
		return MemberWaiting
	case node.CopyAway:
		return MemberAway
	case node.CopyOther:
		return MemberSpare
	default:
		return MemberFailed
	}
}

var (
	// ErrMembersBehind: fewer members of a cluster hold the newest state than shall.
	ErrMembersBehind = errors.New("fewer members hold the newest state than are wanted")
	// ErrFewMembers: more members of a cluster shall hold everything than there are.
	ErrFewMembers = errors.New("too few members")
)

func tooFew(wanted, there int) error {
	return fmt.Errorf("%w: %d shall hold everything, and there are %d", ErrFewMembers, wanted, there)
}

// membersPatience is for asking who holds what: one member that does not answer is waited for by the others.
const membersPatience = 18 * time.Second

// status is what is known before anybody answers: who is not heard of is away.
func (c *clusterConfig) status() *ClusterStatus {
	s := &ClusterStatus{URL: c.URL, Copies: c.Copies}
	for _, m := range c.Members {
		s.Members = append(s.Members, MemberStatus{ID: m.ID, Name: m.Name, State: MemberAway})
	}
	return s
}

// askMembers says how the members of a storage's cluster hold a state, nil being none yet; was is what was known before.
func (e *Engine) askMembers(ctx context.Context, nc nodeConfig, c *node.Cluster, own *vault.Head, was *ClusterStatus) (*ClusterStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, membersPatience)
	defer cancel()
	there, err := c.Members(ctx)
	if err != nil {
		return was, err
	}
	return e.askHolding(ctx, nc, c, there, own, was)
}

// askHolding is askMembers when it is known who is there.
func (e *Engine) askHolding(ctx context.Context, nc nodeConfig, c *node.Cluster, there []node.Member, own *vault.Head,
	was *ClusterStatus,
) (*ClusterStatus, error) {
	s := nc.Cluster.status()
	for _, m := range there {
		state := MemberThere
		if m.Reason != "" {
			state = MemberAway
		}
		s.learn(MemberStatus{ID: m.ID, Name: m.Name, State: state})
	}
	wanted := 0
	if own != nil {
		h, err := c.Holding(ctx, own.Root.DagCID())
		if err != nil {
			return was, err
		}
		s.learnCopies(h.Copies)
		s.Known, wanted = true, h.Wanted
	}
	s.Wanted = cmp.Or(wanted, len(s.Members))
	now := time.Now()
	for i := range s.Members {
		m := &s.Members[i]
		if m.State == MemberHolds {
			s.Held++
			continue
		}
		if was == nil || !was.Known { // for how long it has been so is not known
			continue
		}
		if m.Since = now; was.member(m.ID) != nil && was.member(m.ID).State == m.State {
			m.Since = was.member(m.ID).Since
		}
	}
	e.rememberMembers(nc, s.Members)
	if own == nil || s.Held >= s.Wanted {
		return s, nil
	}
	if s.Wanted > len(s.Members) {
		return s, tooFew(s.Wanted, len(s.Members))
	}
	return s, fmt.Errorf("%w: %d of %d do", ErrMembersBehind, s.Held, s.Wanted)
}

// unknown is what is left of what was known when nobody can be asked: who belongs to it.
func (c *ClusterStatus) unknown() *ClusterStatus {
	if c == nil {
		return nil
	}
	next := *c
	next.Known, next.Held = false, 0
	return &next
}

func (c *ClusterStatus) member(id string) *MemberStatus {
	i := slices.IndexFunc(c.Members, func(m MemberStatus) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Members[i]
}

// learn notes what the cluster says of a member. A name that is known is not forgotten, and who is away and was never met is
// none: the cluster has not noticed yet that it left.
func (c *ClusterStatus) learn(m MemberStatus) {
	known := c.member(m.ID)
	switch {
	case known == nil && m.State == MemberAway:
	case known == nil:
		c.Members = append(c.Members, m)
	default:
		if known.State = m.State; m.Name != "" {
			known.Name = m.Name
		}
	}
}

// learnCopies notes how members hold something.
func (c *ClusterStatus) learnCopies(copies []node.Copy) {
	for _, x := range copies {
		c.learn(MemberStatus{ID: x.Peer, Name: x.Member, State: memberState(x.State)})
	}
}

// rememberMembers writes down who belongs to a cluster, where somebody is new: it forgets who is away. Only an engine that
// runs does, because that has the home to itself.
func (e *Engine) rememberMembers(nc nodeConfig, all []MemberStatus) {
	fresh := func(m MemberStatus) bool {
		return m.Name != "" && m.State != MemberAway && !slices.Contains(nc.Cluster.Members, memberConfig{m.ID, m.Name})
	}
	if e.running.Load() == nil || !slices.ContainsFunc(all, fresh) {
		return
	}
	err := e.changed(func(c *config) error {
		i := slices.IndexFunc(c.Nodes, func(n nodeConfig) bool { return n.Name == nc.Name })
		if i < 0 || c.Nodes[i].Cluster == nil || c.Nodes[i].Cluster.URL != nc.Cluster.URL {
			return nil
		}
		c.Nodes[i].Cluster = c.Nodes[i].Cluster.with(all)
		return nil
	})
	if err != nil {
		e.log.Warn("the members of a cluster could not be written down", "storage", nc.Name, "reason", err)
	}
}

// with is the cluster with these members: what is published is never changed.
func (c *clusterConfig) with(all []MemberStatus) *clusterConfig {
	next := *c
	next.Members = nil
	for _, m := range all {
		next.Members = append(next.Members, memberConfig{m.ID, m.Name})
	}
	return &next
}

// meet asks a new storage's cluster who belongs to it, and proves that it is the one of this storage; for a storage without
// one it does nothing. Errors: node.ErrOtherMember, ErrFewMembers.
func (nc *nodeConfig) meet(ctx context.Context, n node.Node) error {
	c, ok := n.(*node.Cluster)
	if !ok || nc.Cluster == nil {
		return nil
	}
	if _, err := c.Self(ctx); err != nil {
		return err
	}
	members, err := c.Members(ctx)
	if err != nil {
		return err
	}
	var known ClusterStatus
	if nc.Cluster.Copies > 0 { // all are those that are there; of a number, who is away may be one
		for _, m := range nc.Cluster.Members {
			known.learn(MemberStatus{ID: m.ID, Name: m.Name})
		}
	}
	for _, m := range members {
		if m.Name != "" { // else it does not answer
			known.learn(MemberStatus{ID: m.ID, Name: m.Name})
		}
	}
	if nc.Cluster = nc.Cluster.with(known.Members); nc.Cluster.Copies > len(known.Members) {
		return tooFew(nc.Cluster.Copies, len(known.Members))
	}
	return nil
}

// SetCopies sets how many of the storages that act as one behind a storage shall hold everything; 0 is all that are there now:
// one that is gone for good is waited for no longer. What is saved already is spread anew. Errors: ErrUsage, ErrFewMembers.
func (e *Engine) SetCopies(ctx context.Context, name string, copies int) error {
	nc, err := e.home.config().storage(name)
	if err != nil {
		return err
	}
	if nc.Cluster == nil {
		return fmt.Errorf("%w: the storage %q is one alone; how many storages are wanted is set with the setting %s", ErrUsage, nc.Name, copiesKey)
	}
	next := *nc.Cluster
	next.Copies = copies
	nc.Cluster = &next
	if err := nc.checkCluster(); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	dialled := nc
	dialled.AllowHTTP = nc.AllowHTTP || e.opts.AllowHTTP
	n, m, err := dial(ctx, e.home, dialled, accessOf(e.bundle, nc.Name), e.meter(nc.Name))
	if err != nil {
		return err
	}
	if err := nc.meet(ctx, n); err != nil {
		return err
	}
	err = e.changed(func(cf *config) error {
		i := slices.IndexFunc(cf.Nodes, func(n nodeConfig) bool { return n.Name == nc.Name })
		if i < 0 || cf.Nodes[i].Cluster == nil {
			return fmt.Errorf("%w: the storage was removed meanwhile", ErrUsage)
		}
		cf.Nodes[i].Cluster = nc.Cluster
		return nil
	})
	if err != nil {
		return err
	}
	e.replaceConnection(nc.Name, connection{n, m})
	if k := e.running.Load(); k != nil {
		defer poke(k.stores)
	}
	st, err := e.state(ctx)
	if err != nil {
		return err
	}
	own := st.Own(e.bundle.Device())
	if own == nil {
		return nil
	}
	if err := n.(*node.Cluster).Spread(ctx, own.Root.DagCID()); !errors.Is(err, node.ErrNotPinned) { // a copy that is behind comes anyway
		return err
	}
	return nil
}

// replaceAfter is how long a member may be away until another one takes its place, where there is one to spare: what it holds
// is copied then, which is much.
const replaceAfter = time.Hour

// handOver has a cluster take over what its member's Kubo holds of this computer, from before there was a cluster.
func (e *Engine) handOver(ctx context.Context, n node.Node) error {
	c, ok := n.(*node.Cluster)
	if !ok {
		return nil
	}
	st, err := vault.Find(ctx, c.Kubo, e.bundle)
	if err != nil {
		return err
	}
	own := st.Own(e.bundle.Device())
	if own == nil {
		return nil
	}
	root := own.Root.DagCID()
	if held, err := c.Kubo.Pinned(ctx, root); err != nil || !held {
		return err
	}
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	if err := c.PinAdd(ctx, root, e.bundle.Keys().PinLabel(info.PeerID)); !errors.Is(err, node.ErrPinned) {
		return err
	}
	return nil
}

// refill has members get the newest state, nil being none yet, that should hold it: those that failed try again, and with
// replace one that is to spare takes the place of one that is away.
func (e *Engine) refill(ctx context.Context, nc nodeConfig, own *vault.Head, replace bool) error {
	n, err := e.reach(ctx, nc)
	if err != nil {
		return err
	}
	c, ok := n.node.(*node.Cluster)
	if !ok || own == nil {
		return nil
	}
	return c.Refill(ctx, own.Root.DagCID(), replace)
}
