package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"roost/vault"
	"roost/vault/node"
)

// replaceLost is replaceFirst for a first storage that is gone for good, and why is what replaceFirst said. The one of
// nodes that has the newest state of this computer takes its place, whatever that state is.
func (e *Engine) replaceLost(ctx context.Context, name string, nodes []nodeConfig, why error) (connection, error) {
	if err := e.answers(ctx); err == nil {
		return connection{}, why // it is there: nothing has to be lost
	}
	if ctx.Err() != nil {
		return connection{}, ctx.Err()
	}
	var errs []error
	best, newest := -1, uint64(0)
	for i, nc := range nodes {
		_, st, err := e.stateOn(ctx, nc)
		if err != nil {
			errs = append(errs, fmt.Errorf("the storage %q: %w", nc.Name, err))
			continue
		}
		seq := uint64(0)
		if own := st.Own(e.bundle.Device()); own != nil {
			seq = own.Seq
		}
		if best < 0 || seq > newest {
			best, newest = i, seq
		}
	}
	if best < 0 {
		return connection{}, errors.Join(errs...)
	}
	had, _, err := e.knownVersions(ctx)
	if err != nil {
		return connection{}, err
	}
	to := nodes[best]
	nodes = slices.Insert(slices.Delete(slices.Clone(nodes), best, best+1), 0, to)
	old, err := e.becomeFirst(ctx, nodes, func(v *vault.Vault, _ node.Node) error { return v.TakeOverAsItIs(ctx) })
	if err != nil {
		return connection{}, err
	}
	if k := e.running.Load(); k != nil {
		k.rescan()
	}
	return old, e.noteLost(ctx, name, to.Name, had)
}

// answers asks the first storage anything.
func (e *Engine) answers(ctx context.Context) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	_, err := e.node().Info(ctx)
	return err
}

// noteLost writes down which versions went with a storage.
func (e *Engine) noteLost(ctx context.Context, name, next string, had []Version) error {
	now, _, err := e.Snapshots(ctx, "")
	if err != nil {
		return err
	}
	gone := int64(0)
	for _, v := range had {
		if !slices.ContainsFunc(now, func(x Version) bool { return x.ID == v.ID }) {
			gone++
		}
	}
	text := fmt.Sprintf("“%s” is gone, and “%s” takes its place. Every version is there.", name, next)
	if gone > 0 {
		text = fmt.Sprintf("“%s” is gone, and “%s” takes its place. %s went with it. What is in the folders now is saved again.", name, next, upper(many(gone, "version", "versions")))
	}
	return e.note(ctx, Activity{Kind: ActivityProblem, Storage: next, Text: text}, false)
}
