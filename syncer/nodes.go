package syncer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/node"
)

// connection is a storage that can be asked.
type connection struct {
	node    node.Node
	managed *node.Managed // nil for a storage that runs by itself
}

func (c connection) close() error {
	if c.managed == nil {
		return nil
	}
	return c.managed.Close()
}

// reach connects to a storage of this home. The first is the one that commits go to; the others are connected to when they
// are first wanted, and stay so until the engine is closed.
func (e *Engine) reach(ctx context.Context, nc nodeConfig) (connection, error) {
	if nc.Name == e.home.config().Nodes[0].Name {
		if err := e.connect(ctx); err != nil {
			return connection{}, err
		}
		return e.first.Load().connection, nil
	}
	e.farMu.Lock()
	defer e.farMu.Unlock()
	if c, ok := e.far[nc.Name]; ok {
		return c, nil
	}
	nc.AllowHTTP = nc.AllowHTTP || e.opts.AllowHTTP
	n, m, err := dial(ctx, e.home, nc, accessOf(e.bundle, nc.Name), e.meter(nc.Name))
	if err != nil {
		return connection{}, err
	}
	c := connection{n, m}
	e.keepFar(nc.Name, c)
	return c, nil
}

// keepFar is called with farMu held.
func (e *Engine) keepFar(name string, c connection) {
	if e.far == nil {
		e.far = map[string]connection{}
	}
	e.far[name] = c
}

// takeFar hands over the connection to a further storage, or an empty one.
func (e *Engine) takeFar(name string) connection {
	e.farMu.Lock()
	defer e.farMu.Unlock()
	c := e.far[name]
	delete(e.far, name)
	return c
}

func (e *Engine) closeFar() error {
	e.farMu.Lock()
	defer e.farMu.Unlock()
	var errs []error
	for _, c := range e.far {
		errs = append(errs, c.close())
	}
	e.far = nil
	return errors.Join(errs...)
}

// AddNode makes one more storage hold a copy of this computer's newest state: it is tried, then everything is copied, and
// then it counts. Of o only the storage's fields are used. What an interrupted AddNode sent is not sent again by the next.
// Errors: ErrUsage for a name or a storage that is in use already, ErrOwnStorage.
func (e *Engine) AddNode(ctx context.Context, o SetupOptions) error {
	nc, err := e.newNode(o)
	if err == nil {
		err = o.locate(ctx)
		nc.URL, nc.Addresses = o.URL, o.Addresses
	}
	if err != nil {
		return err
	}
	n, m, err := dial(ctx, e.home, nc, o.access(), e.meter(nc.Name))
	if err != nil {
		return err
	}
	c := connection{n, m}
	if err := e.admit(ctx, nc, o.access(), c); err != nil {
		return errors.Join(err, c.close())
	}
	return nil
}

// newNode is the settings of a storage to be added, if it can be.
func (e *Engine) newNode(o SetupOptions) (nodeConfig, error) {
	used := func(name string) bool {
		return slices.ContainsFunc(e.home.config().Nodes, func(n nodeConfig) bool { return n.Name == name })
	}
	nc := o.node(o.NodeName)
	for i := 2; nc.Name == ""; i++ {
		if name := fmt.Sprintf("storage %d", i); !used(name) {
			nc.Name = name
		}
	}
	if used(nc.Name) {
		return nc, fmt.Errorf("%w: there is a storage called %q already", ErrUsage, nc.Name)
	}
	if (o.URL == "") == (o.LocalDir == "") {
		return nc, fmt.Errorf("%w: a storage has an address or a folder", ErrUsage)
	}
	if o.LocalDir != "" && o.ClusterURL != "" {
		return nc, fmt.Errorf("%w: a storage that Roost runs cannot be one of several that act as one", ErrUsage)
	}
	if err := nc.checkCluster(); err != nil {
		return nc, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if o.LocalDir == "" {
		if i := slices.IndexFunc(e.home.config().Nodes, func(n nodeConfig) bool { return n.URL == o.URL }); i >= 0 {
			return nc, inUse(e.home.config().Nodes[i])
		}
		return nc, nil
	}
	dir, err := filepath.Abs(o.LocalDir)
	if err != nil {
		return nc, fmt.Errorf("find the storage's folder: %w", err)
	}
	nc.Dir = dir
	real := resolved(dir)
	for _, n := range e.home.config().Nodes {
		if n.Dir != "" && (within(real, resolved(n.Dir)) || within(resolved(n.Dir), real)) {
			return nc, inUse(n)
		}
	}
	for _, f := range e.home.config().Folders {
		if within(real, string(f.Path)) || within(string(f.Path), real) {
			return nc, fmt.Errorf("%w: %s and %s", ErrOwnStorage, o.LocalDir, f.Path)
		}
	}
	return nc, nil
}

func inUse(n nodeConfig) error {
	return fmt.Errorf("%w: this is the storage called %q already", ErrUsage, n.Name)
}

// admit tries a new storage, copies everything to it and makes it one of this home's. The settings are written last.
func (e *Engine) admit(ctx context.Context, nc nodeConfig, a access, c connection) error {
	if err := e.notAnother(ctx, nc.Name, c.node); err != nil {
		return err
	}
	if err := nc.meet(ctx, c.node); err != nil {
		return err
	}
	if err := e.home.probe(ctx, c.node, e.bundle); err != nil {
		return err
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	if err := e.vault().Mirror(ctx, c.node, nil); err != nil {
		return err
	}
	setAccess(e.bundle, nc.Name, a)
	err := e.home.saveBundle(e.bundle, e.master)
	if err == nil {
		err = e.saveNodes(append(slices.Clone(e.home.config().Nodes), nc))
	}
	if err != nil {
		setAccess(e.bundle, nc.Name, access{}) // without a storage of that name, one left in the file is never used
		return err
	}
	e.farMu.Lock()
	defer e.farMu.Unlock()
	e.keepFar(nc.Name, c)
	return nil
}

func (e *Engine) saveNodes(nodes []nodeConfig) error {
	defer e.near.forget()
	return e.changed(func(c *config) error {
		was := c.Nodes
		c.Nodes = nodes
		gone := func(name string) bool {
			called := func(n nodeConfig) bool { return n.Name == name }
			return slices.ContainsFunc(was, called) && !slices.ContainsFunc(nodes, called)
		}
		if m := c.Move; m != nil && (gone(m.From) || gone(m.To.Name)) {
			c.Move = nil // one of its two storages was removed
		}
		return nil
	})
}

// RemoveNode stops using a storage. What it holds stays there. The first one can go when the next holds this computer's
// newest state, which backups then go on from; whether the first can still be reached does not matter. With lost, a first
// one that does not answer goes in any case: backups go on from whichever other one has the newest state, and the versions
// that only the lost one had are told as an activity.
// Errors: ErrUsage for an unknown name, for the last storage, and for a first one whose next one is behind.
func (e *Engine) RemoveNode(ctx context.Context, name string, lost bool) error {
	i := slices.IndexFunc(e.home.config().Nodes, func(n nodeConfig) bool { return n.Name == name })
	if m := e.home.config().Move; i < 0 && m != nil && m.To.Name == name {
		return e.giveUpMove(name)
	}
	if i < 0 {
		return fmt.Errorf("%w: there is no storage called %q", ErrUsage, name)
	}
	if len(e.home.config().Nodes) == 1 {
		return fmt.Errorf("%w: %q is the only storage; add another one first", ErrUsage, name)
	}
	nodes := slices.Delete(slices.Clone(e.home.config().Nodes), i, i+1)
	var left connection
	if i == 0 {
		var err error
		if left, err = e.replaceFirst(ctx, nodes); lost && err != nil {
			left, err = e.replaceLost(ctx, name, nodes, err)
		}
		if err != nil {
			return err
		}
	} else {
		if err := e.saveNodes(nodes); err != nil {
			return err
		}
		left = e.takeFar(name)
	}
	setAccess(e.bundle, name, access{})
	return errors.Join(e.home.saveBundle(e.bundle, e.master), left.close())
}

// replaceFirst makes the first of nodes the one that commits go to, and returns the connection to the former one.
func (e *Engine) replaceFirst(ctx context.Context, nodes []nodeConfig) (connection, error) {
	if err := e.connect(ctx); err != nil {
		e.log.Warn("the storage that is removed cannot be reached", "reason", err)
	}
	return e.becomeFirst(ctx, nodes, func(v *vault.Vault, old node.Node) error { return v.TakeOver(ctx, old) })
}

// becomeFirst makes the first of nodes the one that commits go to, when its vault could take over from the former one, whose
// connection is returned.
func (e *Engine) becomeFirst(ctx context.Context, nodes []nodeConfig, takeOver func(v *vault.Vault, old node.Node) error) (connection, error) {
	reached, err := e.reach(ctx, nodes[0])
	if err != nil {
		return connection{}, err
	}
	v := vault.New(vault.Options{Bundle: e.bundle, Node: reached.node, Catalog: e.cat, Log: e.log})
	var old connection
	if p := e.first.Load(); p != nil {
		old = p.connection
	}
	err = takeOver(v, old.node)
	if errors.Is(err, node.ErrNotPinned) {
		return connection{}, fmt.Errorf("%w: the storage %q does not hold the newest state of this computer yet; back up first", ErrUsage, nodes[0].Name)
	}
	if err == nil {
		err = e.saveNodes(nodes)
	}
	if err != nil {
		return connection{}, err
	}
	next := e.takeFar(nodes[0].Name)
	e.first.Store(&primary{next, v})
	return old, nil
}

// mirror copies this computer's newest state to every further storage. One that cannot take it does not stop the others.
func (e *Engine) mirror(ctx context.Context, r Report) error {
	further := e.home.config().Nodes[1:]
	if len(further) == 0 {
		return nil
	}
	done, err := e.turns.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	if k := e.running.Load(); k != nil {
		defer poke(k.stores) // to see what they hold now
	}
	var errs []error
	for _, nc := range further {
		err := e.mirrorTo(ctx, nc, r)
		if ctx.Err() != nil {
			return errors.Join(append(errs, ctx.Err())...)
		}
		if errors.Is(err, vault.ErrSameStorage) {
			err = fmt.Errorf("%w: %w", ErrUsage, err)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("copy to the storage %q: %w", nc.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) mirrorTo(ctx context.Context, nc nodeConfig, r Report) error {
	n, err := e.reach(ctx, nc)
	if err != nil {
		return err
	}
	if err := e.mayCopy(ctx, nc, n.node); err != nil {
		return err
	}
	var c counters
	c.phaseName.Store("confirming")
	if k := e.running.Load(); k != nil {
		defer k.copying(nc.Name, nil)
	}
	stop := c.tell(e.tellCopying(nc.Name, r), "", time.Now())
	defer stop()
	return e.vault().Mirror(ctx, n.node, func(done, total int64) {
		c.bytes.Store(done)
		c.totalBytes.Store(total)
	})
}

// tellCopying also tells whoever draws the status how far a copy is. One that has nothing to send is none.
func (e *Engine) tellCopying(name string, r Report) Report {
	return func(p Progress) {
		if k := e.running.Load(); k != nil && p.Bytes < p.TotalBytes {
			k.copying(name, &p)
		}
		if r != nil {
			r(p)
		}
	}
}

// Nodes lists the storages with their present state.
func (e *Engine) Nodes(ctx context.Context) []NodeInfo {
	var s Status
	if k := e.running.Load(); k != nil {
		s = k.ask(ctx)
	} else {
		c := e.home.config()
		var own *vault.Head
		st, err := e.state(ctx)
		if err == nil {
			own = st.Own(e.vault().Device())
		}
		all := e.askEach(ctx, c, own, err)
		f := e.settledFacts(c, time.Now())
		f.storages = all
		s = statusOf(f)
	}
	out := make([]NodeInfo, 0, len(s.Storages))
	for _, x := range s.Storages {
		out = append(out, NodeInfo{Name: x.Name, URL: x.URL, State: x.State, Confirmed: x.Confirmed, Cluster: x.Cluster})
	}
	return out
}

func (c connection) address(nc nodeConfig) string {
	switch {
	case nc.Dir == "":
		return nc.URL
	case c.managed != nil:
		return c.managed.URL()
	default:
		return nc.Dir
	}
}

// CheckNode looks at one storage closely: each check is one sentence and one action.
func (e *Engine) CheckNode(ctx context.Context, name string) (NodeInfo, error) {
	i := slices.IndexFunc(e.home.config().Nodes, func(n nodeConfig) bool { return name == "" || n.Name == name })
	if i < 0 {
		return NodeInfo{}, fmt.Errorf("%w: there is no storage called %q", ErrUsage, name)
	}
	nc := e.home.config().Nodes[i]
	out := NodeInfo{Name: nc.Name, State: StateSafe}
	add := func(name, good string, err error) bool {
		c := NodeCheck{Name: name, OK: err == nil, Message: good}
		if err != nil {
			p := Describe(err)
			p.Storage = nc.Name
			c.Message, c.Action, c.Problem, c.Fix = p.Title, p.OnTerminal(), &p, fixable(nc, name, err)
			if out.State != StateNeedsYou {
				out.State = stateOfError(err)
			}
		}
		out.Checks = append(out.Checks, c)
		return c.OK
	}
	c, err := e.reach(ctx, nc)
	out.URL = c.address(nc)
	if !add("start", "The storage is set up.", err) {
		return out, nil
	}
	info, err := c.node.Info(ctx)
	if !add("reachable", fmt.Sprintf("It answers in %d ms (Kubo %s).", info.Latency.Milliseconds(), info.Version), err) {
		return out, nil
	}
	if !e.checkGroup(ctx, c, add) {
		return out, nil
	}
	start := time.Now()
	if !add("write", "Storing, reading and releasing work.", e.home.probe(ctx, c.node, e.bundle)) {
		return out, nil
	}
	out.Checks[len(out.Checks)-1].Message = fmt.Sprintf("Storing, reading and releasing work (%d ms).", time.Since(start).Milliseconds())
	u, err := c.node.Usage(ctx)
	out.Used = u.RepoSize
	e.examine(ctx, c, info, u.RepoSize, add)
	out.Cluster = e.checkMembers(ctx, nc, c, add)
	add("space", fmt.Sprintf("It holds %s in all.", Size(u.RepoSize)), err)
	if out.Down, out.Up, err = e.speed(ctx, c.node); err != nil || out.Down > 0 {
		add("speed", speedWords(out.Down, out.Up), err)
	}
	if i > 0 {
		e.checkCopy(ctx, c.node, add)
		return out, nil
	}
	st, err := e.state(ctx)
	if !add("backup", "Your backup is there and opens.", err) {
		return out, nil
	}
	if len(st.Damaged) > 0 {
		add("backup", "", errors.Join(st.Damaged...))
	}
	if own := st.Own(e.vault().Device()); own != nil {
		add("kept", "It keeps the newest state of this computer.", confirm(ctx, c.node, own))
	}
	return out, nil
}

// checkCopy looks at what a further storage holds: its own words first, then whether it is as new as the first one.
func (e *Engine) checkCopy(ctx context.Context, n node.Node, add func(name, good string, err error) bool) {
	there, err := vault.Find(ctx, n, e.bundle)
	if err != nil {
		add("backup", "", err)
		return
	}
	for _, d := range there.Damaged {
		// Other devices' states that are missing here are on the storages that those devices use.
		if !errors.Is(d, vault.ErrRolledBack) {
			add("backup", "", d)
		}
	}
	own := there.Own(e.bundle.Device())
	if st, err := e.state(ctx); err != nil {
		e.log.Warn("the first storage cannot tell what is the newest state", "reason", err)
	} else if newest := st.Own(e.vault().Device()); newest != nil {
		own = newest
	}
	if own != nil {
		add("kept", "It keeps the newest state of this computer.", confirm(ctx, n, own))
	}
}

// Elsewhere tells whether another machine runs the storage.
func (s StorageStatus) Elsewhere() bool { return s.Dir == "" && !node.Loopback(s.URL) }
