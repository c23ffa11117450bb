package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node"
)

// swarm is a storage that can fetch blocks from another one by itself.
type swarm interface {
	Peer(ctx context.Context) (node.Peer, error)
	Peers(ctx context.Context) ([]string, error)
	Connect(ctx context.Context, p node.Peer) error
	Fetch(ctx context.Context, root, base cid.Cid, name string, progress func(blocks int64)) error
}

// fetchAgain is how long after a storage could not reach the other one that is tried again.
const fetchAgain = 30 * time.Minute

// fetch has the other storage fetch the newest state from the vault's own, and pin it: nothing of it goes through this
// computer. False: that is not possible or did not come to its end, and the copy is sent from here. An error is the
// caller's end alone.
//
// What a storage asks its peers for, they learn the names of. So one that is connected to anybody but storages of this
// vault is not let fetch.
func (m *mirror) fetch(ctx context.Context) (bool, error) {
	from, ok1 := m.v.node.(swarm)
	to, ok2 := m.to.(swarm)
	if !ok1 || !ok2 || !m.v.mayFetch(m.label) {
		return false, nil
	}
	err := m.meet(ctx, from, to)
	if err == nil {
		err = m.fetchFrom(ctx, from, to)
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		m.v.log.Info("a storage cannot fetch from the other one, so the copy is sent from here", "reason", err)
		m.v.fetchFailed(m.label)
		return false, nil
	}
	return true, nil
}

// meet connects the two, whichever reaches the other, and looks who else is there.
func (m *mirror) meet(ctx context.Context, from, to swarm) error {
	source, err := from.Peer(ctx)
	if err != nil {
		return err
	}
	target, err := to.Peer(ctx)
	if err != nil {
		return err
	}
	if err = to.Connect(ctx, source); err != nil {
		if err2 := from.Connect(ctx, target); err2 != nil {
			return fmt.Errorf("%w, nor the other way: %w", err, err2)
		}
	}
	m.v.know(source.ID, target.ID)
	met, err := m.together(ctx, source.ID, to)
	if err == nil && !met {
		err = fmt.Errorf("%w: it is not connected", node.ErrUnreachable)
	}
	return err
}

// together tells whether a storage is connected to the source; an error when somebody else is there, too.
func (m *mirror) together(ctx context.Context, source string, to swarm) (bool, error) {
	peers, err := to.Peers(ctx)
	if err != nil {
		return false, err
	}
	for _, p := range peers {
		if !m.v.knows(p) {
			return false, errStrangers
		}
	}
	return slices.Contains(peers, source), nil
}

// errStrangers: a storage would ask others than storages of this vault for what it fetches.
var errStrangers = errors.New("the storage talks to others than your storages")

// fetchFrom has the other storage fetch from the one that it was connected to.
func (m *mirror) fetchFrom(ctx context.Context, from, to swarm) error {
	m.total, m.done = int64(m.own.root.Packs.Total), 0
	var base cid.Cid
	if m.base != nil {
		base = m.base.Root.DagCID()
		m.total = max(m.total-int64(m.base.root.Packs.Total), 1)
	}
	m.progress(0, m.total)
	source, err := from.Peer(ctx)
	if err != nil {
		return err
	}
	ctx, stop := m.stayTogether(ctx, source.ID, from, to)
	err = to.Fetch(ctx, m.own.Root.DagCID(), base, m.label, func(blocks int64) {
		m.done = min(blocks*format.PackSize, m.total)
		m.progress(m.done, m.total)
	})
	if parted := stop(); err != nil && parted != nil {
		err = parted
	}
	if err == nil {
		m.done = m.total
		m.progress(m.done, m.total)
	}
	return err
}

const (
	togetherEvery = 2 * time.Second  // how often it is seen to that the two are still connected, while one fetches
	partedFor     = 10 * time.Second // without a connection the fetch is given up
)

// stayTogether sees to it, until stop is called, that a storage stays connected to the source that it fetches from: a
// connection that was lost is made again. Where that is not possible the context ends, rather than that the storage waits for
// blocks that nobody gives, and stop returns why. So it does when a stranger comes, who would learn what is fetched.
func (m *mirror) stayTogether(ctx context.Context, source string, from, to swarm) (_ context.Context, stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := m.watch(ctx, source, from, to)
		if ctx.Err() != nil { // stopped
			err = nil
		}
		cancel()
		ended <- err
	}()
	return ctx, func() error {
		cancel()
		return <-ended
	}
}

// watch is stayTogether's goroutine. It returns when the context ends, or with what parts the two.
func (m *mirror) watch(ctx context.Context, source string, from, to swarm) error {
	tick := time.NewTicker(togetherEvery)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		met, err := m.together(ctx, source, to)
		switch {
		case errors.Is(err, errStrangers):
			return err
		case met, err != nil: // whether one that cannot be asked still fetches is the fetch's own business
			last = time.Now()
			continue
		}
		if err := m.meet(ctx, from, to); err == nil {
			last = time.Now()
		} else if errors.Is(err, errStrangers) || time.Since(last) >= partedFor {
			return err
		}
	}
}

// know remembers that these are storages of this vault; knows tells whether one is.
func (v *Vault) know(ids ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.peers == nil {
		v.peers = map[string]bool{}
	}
	for _, id := range ids {
		v.peers[id] = true
	}
}

func (v *Vault) knows(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.peers[id]
}

// mayFetch tells whether a storage, by the label of our pins there, is worth asking to fetch.
func (v *Vault) mayFetch(label string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return time.Since(v.unmet[label]) >= fetchAgain
}

func (v *Vault) fetchFailed(label string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.unmet == nil {
		v.unmet = map[string]time.Time{}
	}
	v.unmet[label] = time.Now()
}
