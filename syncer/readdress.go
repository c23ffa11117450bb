package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"roost/vault"
	"roost/vault/node"
)

// Readdress gives a storage another address, another key, or both, after it was moved or its key was changed. It is tried
// first, and has to be the same storage: one that holds this computer's newest state, where that is known. Of o only
// address, key and AllowHTTP are used, what a connection code says of them, and the cluster that the storage acts for: one
// that had none may get one, and who belongs to it is asked anew.
//
// Errors: ErrUsage for an unknown name, for a storage in a folder, and for one that is in use under another name;
// node.ErrNotPinned when another storage answers there; those of trying it. Nothing is changed then.
func (e *Engine) Readdress(ctx context.Context, name string, o SetupOptions) error {
	nodes := slices.Clone(e.home.config().Nodes)
	i := slices.IndexFunc(nodes, func(n nodeConfig) bool { return n.Name == name })
	switch {
	case i < 0:
		return fmt.Errorf("%w: there is no storage called %q", ErrUsage, name)
	case nodes[i].Dir != "" || o.URL == "":
		return fmt.Errorf("%w: the storage %q has no address", ErrUsage, name)
	}
	if j := slices.IndexFunc(nodes, func(n nodeConfig) bool { return n.URL == o.URL }); j >= 0 && j != i {
		return inUse(nodes[j])
	}
	if err := o.locate(ctx); err != nil {
		return err
	}
	was := nodes[i].Cluster
	nodes[i] = o.node(name)
	if c := nodes[i].Cluster; c != nil && was != nil && c.URL == was.URL && c.Fingerprint == "" { // nobody types it again
		c.Fingerprint = was.Fingerprint
	}
	if err := nodes[i].checkCluster(); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	n, m, err := dial(ctx, e.home, nodes[i], o.access(), e.meter(name))
	if err != nil {
		return err
	}
	c := connection{n, m}
	old, err := e.readdress(ctx, i, nodes, o.access(), c)
	if err != nil {
		return errors.Join(err, c.close())
	}
	if k := e.running.Load(); k != nil {
		poke(k.stores)
	}
	return old.close()
}

// readdress tries the new way to the i-th of nodes, and uses it from then on; the former connection is returned.
func (e *Engine) readdress(ctx context.Context, i int, nodes []nodeConfig, a access, c connection) (old connection, err error) {
	if err := e.notAnother(ctx, nodes[i].Name, c.node); err != nil {
		return old, err
	}
	if err := nodes[i].meet(ctx, c.node); err != nil {
		return old, err
	}
	if err := e.home.probe(ctx, c.node, e.bundle); err != nil {
		return old, err
	}
	if err := e.handOver(ctx, c.node); err != nil {
		return old, err
	}
	v := vault.New(vault.Options{Bundle: e.bundle, Node: c.node, Catalog: e.cat, Log: e.log})
	if i == 0 {
		err = v.TakeOver(ctx, nil)
		if known, _, kerr := e.knownVersions(ctx); errors.Is(err, node.ErrUnreachable) && kerr == nil && len(known) == 0 {
			err = nil // nothing was saved yet that it could hold
		}
		if err != nil {
			return old, err
		}
	}
	former := accessOf(e.bundle, nodes[i].Name)
	setAccess(e.bundle, nodes[i].Name, a)
	if err = e.home.saveBundle(e.bundle, e.master); err == nil {
		err = e.saveNodes(nodes)
	}
	if err != nil {
		setAccess(e.bundle, nodes[i].Name, former)
		return old, err
	}
	if i > 0 {
		old = e.takeFar(nodes[i].Name)
		e.farMu.Lock()
		defer e.farMu.Unlock()
		e.keepFar(nodes[i].Name, c)
		return old, nil
	}
	if p := e.first.Swap(&primary{c, v}); p != nil {
		old = p.connection
	}
	return old, nil
}

// notAnother refuses a storage that is in use under another name. One of those that does not answer is not compared.
func (e *Engine) notAnother(ctx context.Context, name string, n node.Node) error {
	info, err := n.Info(ctx)
	if err != nil {
		return err
	}
	for _, other := range e.home.config().Nodes {
		if other.Name == name {
			continue
		}
		o, err := e.reach(ctx, other)
		var oi node.Info
		if err == nil {
			oi, err = o.node.Info(ctx)
		}
		if err != nil {
			e.log.Warn("a storage could not be compared with the new one", "storage", other.Name, "reason", err)
		} else if oi.PeerID == info.PeerID {
			return inUse(other)
		}
	}
	return nil
}
