package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/node"
)

// room is how much a storage can still take, by the limit that a person set and by the disk that it lies on.
type room int

const (
	roomPlenty room = iota
	roomShort       // it is said
	roomLow         // folders that may wait do
	roomNone        // new data waits
)

// From these shares on, room is short and low.
const (
	shortShare = 0.80
	lowShare   = 0.95
)

// roomFor is what is left of so many bytes when that many are used; 0 for most: there is no limit.
func roomFor(used, most int64) room {
	switch {
	case most <= 0:
		return roomPlenty
	case used >= most:
		return roomNone
	case float64(used) >= lowShare*float64(most):
		return roomLow
	case float64(used) >= shortShare*float64(most):
		return roomShort
	}
	return roomPlenty
}

// room is that of a storage. What the storage itself names as its most is not counted: Kubo sets 10 GB that nobody chose,
// and goes beyond.
func (x *storageFacts) room() room {
	if x.used == 0 { // not known yet
		return roomPlenty
	}
	return max(roomFor(x.used, x.quota), roomFor(x.used, x.disk))
}

// most is how much a storage may hold, as far as that is known; 0: it is not.
func (x *storageFacts) most() int64 {
	if x.quota > 0 {
		return x.quota
	}
	return x.limit
}

var (
	spaceShort = Problem{
		Code: "space_short", Severity: info, Exit: ExitStorage, Title: "Your storage is filling up",
		Text: "There is still space for new changes.", Action: "Free up space, or give it more space",
	}
	spaceLow = Problem{
		Code: "space_low", Severity: warning, Exit: ExitStorage, Title: "Your storage is nearly full",
		Text: "Folders that may wait do. The others are saved.", Action: "Free up space, or give it more space",
	}
	spaceLimit = Problem{
		Code: "space_limit", Severity: needsYou, Exit: ExitStorage, Title: "Your storage holds as much as it may",
		Text: "New changes are waiting; saved files are safe.", Action: "Free up space, or give it more space",
	}
)

// roomProblem says that a storage has little room left; nil when it has enough.
func (x *storageFacts) roomProblem() *Problem {
	var p Problem
	switch x.room() {
	case roomPlenty:
		return nil
	case roomShort:
		p = spaceShort
	case roomLow:
		p = spaceLow
	case roomNone:
		p = spaceLimit
	}
	return &p
}

// roomHold says that a folder which may wait does, because a storage is nearly full. Called with the keeper's lock. Without
// any room, a pass ends by itself where it meets new content, and saves what needs none.
func (k *keeper) roomHold(c config, low bool, now time.Time) *Problem {
	if !low {
		return nil
	}
	for _, n := range c.Nodes {
		x := k.storages[n.Name]
		if x == nil {
			continue
		}
		y := *x
		if y.quota = n.Limit; y.room() >= roomLow {
			return holding("space_hold", spaceLow.Title, "This folder may wait, and does. The others are saved.", spaceLow.Action, now.Add(clockEvery))
		}
	}
	return nil
}

// SetLimit sets how many bytes a storage may hold in all; 0 is no limit. What runs goes by it at once. What the storage holds
// stays, also when that is more. Errors: ErrUsage.
func (e *Engine) SetLimit(_ context.Context, name string, bytes int64) error {
	if bytes < 0 {
		return fmt.Errorf("%w: a limit is a number of bytes, or none", ErrUsage)
	}
	err := e.changed(func(c *config) error {
		i := slices.IndexFunc(c.Nodes, func(n nodeConfig) bool { return n.Name == name || name == "" && len(c.Nodes) == 1 })
		if i < 0 {
			return unknownStorage(name)
		}
		c.Nodes[i].Limit = bytes
		return nil
	})
	if err == nil {
		e.roomChanged()
	}
	return err
}

func unknownStorage(name string) error {
	if name == "" {
		return fmt.Errorf("%w: say which storage: there are several", ErrUsage)
	}
	return fmt.Errorf("%w: there is no storage called %q", ErrUsage, name)
}

// storage finds a storage of this home by its name; "" is the only one. Errors: ErrUsage.
func (c config) storage(name string) (nodeConfig, error) {
	if name == "" && len(c.Nodes) == 1 {
		return c.Nodes[0], nil
	}
	i := slices.IndexFunc(c.Nodes, func(n nodeConfig) bool { return n.Name == name })
	if i < 0 {
		return nodeConfig{}, unknownStorage(name)
	}
	return c.Nodes[i], nil
}

// roomChanged lets what waits for room try again.
func (e *Engine) roomChanged() {
	if k := e.running.Load(); k != nil {
		poke(k.stores)
		k.retryNow()
	}
}

// allow holds a session to the first storage's limit.
func (e *Engine) allow(ctx context.Context, s *vault.Session) error {
	limit := e.home.config().Nodes[0].Limit
	if limit == 0 {
		return nil
	}
	used, err := e.usedOn(ctx, e.node())
	if err != nil {
		return err
	}
	s.Allow(max(limit-used, 0))
	return nil
}

// usedOn is what a storage holds in all; where its key does not allow to ask, what this backup is known to take.
func (e *Engine) usedOn(ctx context.Context, n node.Node) (int64, error) {
	u, err := n.Usage(ctx)
	if errors.Is(err, node.ErrUnauthorized) {
		total, _, err := e.cat.Sizes(ctx)
		return total, err
	}
	if err != nil {
		return 0, fmt.Errorf("ask how full the storage is: %w", err)
	}
	return u.RepoSize, nil
}

// mayCopy tells whether a further storage takes one more state: it does while it is below its limit.
func (e *Engine) mayCopy(ctx context.Context, nc nodeConfig, n node.Node) error {
	if nc.Limit == 0 {
		return nil
	}
	if st := e.vault().Known(); st != nil {
		if own := st.Own(e.vault().Device()); own != nil && confirm(ctx, n, own) == nil {
			return nil // there is nothing to copy
		}
	}
	used, err := e.usedOn(ctx, n)
	if err == nil && used >= nc.Limit {
		err = vault.ErrLimit
	}
	return err
}

// diskOf is how much a storage that holds so many bytes could hold on its disk of this computer; 0 where that is not known.
func (e *Engine) diskOf(nc nodeConfig, used int64) int64 {
	if nc.Dir == "" {
		return 0
	}
	free, err := disk.FreeSpace(nc.Dir)
	if err != nil {
		e.log.Debug("the free space of a storage cannot be told", "storage", nc.Name, "reason", err)
		return 0
	}
	return used + free
}
