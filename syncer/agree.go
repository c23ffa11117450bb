package syncer

import (
	"context"
	"errors"
	"fmt"

	"roost/vault"
	"roost/vault/node"
)

// behind says how a further storage that does not keep this computer's newest state differs: errBehind, and with it
// vault.ErrRolledBack or vault.ErrCloned where that is more than being late.
func (e *Engine) behind(ctx context.Context, n node.Node, own *vault.Head) error {
	if e.first.Load() == nil {
		return errBehind
	}
	err := e.vault().SetBack(ctx, n, own)
	switch {
	case errors.Is(err, vault.ErrRolledBack), errors.Is(err, vault.ErrCloned):
		return fmt.Errorf("%w: %w", errBehind, err)
	case err != nil:
		e.log.Debug("how far a storage is behind is not known", "reason", err)
	}
	return errBehind
}

// describeOn is Describe, with the name of the storage where the error is about that as a whole.
func (e *Engine) describeOn(name string, err error) Problem {
	p := Describe(err)
	if errors.Is(err, vault.ErrRolledBack) && len(e.home.config().Nodes) > 1 {
		p.Storage = name
	}
	return p
}

// stateOn is the newest state that one of the storages serves.
func (e *Engine) stateOn(ctx context.Context, nc nodeConfig) (connection, *vault.State, error) {
	c, err := e.reach(ctx, nc)
	if err != nil {
		return c, nil, err
	}
	st, err := vault.Find(ctx, c.node, e.bundle)
	return c, st, err
}

// bringBack is bringBackNow for who does not have the storages to itself.
func (e *Engine) bringBack(ctx context.Context) error {
	done, err := e.turns.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := e.connect(ctx); err != nil {
		return err
	}
	return e.bringBackNow(ctx)
}

// bringBackNow copies this computer's newest state back to the first storage, where that was set back to an earlier one and
// a further storage has it. What would be saved on top of the earlier one would leave the versions between out. Storages
// that cannot be asked are not waited for. The caller has the turn.
func (e *Engine) bringBackNow(ctx context.Context) error {
	nodes := e.home.config().Nodes
	if len(nodes) == 1 {
		return nil
	}
	st, err := e.state(ctx)
	if err != nil {
		return err
	}
	if !e.vault().WasSetBack() {
		return nil
	}
	has := uint64(0)
	if own := st.Own(e.vault().Device()); own != nil {
		has = own.Seq
	}
	best, from := "", node.Node(nil)
	for _, nc := range nodes[1:] {
		c, there, err := e.stateOn(ctx, nc)
		if err != nil {
			e.log.Info("a storage cannot be asked for what the first one lost", "storage", nc.Name, "reason", err)
			continue
		}
		if o := there.Own(e.vault().Device()); o != nil && o.Seq > has && confirm(ctx, c.node, o) == nil {
			best, from, has = nc.Name, c.node, o.Seq
		}
	}
	if from == nil {
		return ctx.Err()
	}
	if err := e.vault().BringBack(ctx, from, nil); err != nil {
		return fmt.Errorf("bring back what the storage %q lost: %w", nodes[0].Name, err)
	}
	return e.note(ctx, Activity{
		Kind: ActivityProblem, Storage: nodes[0].Name,
		Text: fmt.Sprintf("“%s” was set back to an older state. The newer versions came back from “%s”.", nodes[0].Name, best),
	}, false)
}
