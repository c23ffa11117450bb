package syncer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/node"
)

// nearest reads blocks from whichever storage answers quickest, and each block that one does not have, or not whole, from
// the next. Nothing else goes through it: what is written, confirmed and checked is the business of one storage.
type nearest struct {
	node.Node // never called: reading takes no more than Get
	e         *Engine
	vault     *vault.Vault // that reads through this

	mu    sync.Mutex // guards below
	asked time.Time  // when the order was made; zero: not yet
	order []*source
}

// source is a storage that is read from.
type source struct {
	node.Node
	first   bool          // it is the one that commits go to: its errors are the ones that count
	latency time.Duration // of a small question
	away    time.Time     // until then it is asked after the others, because it did not answer
}

const (
	orderFor      = 5 * time.Minute  // then the storages are measured again
	orderPatience = 2 * time.Second  // for each of them
	awayFor       = 30 * time.Second // after a read that got no answer
	// A storage is taken for nearer than the first only when it is so by that much: what differs less is chance.
	nearerBy = 2 * time.Millisecond
)

func newNearest(e *Engine) *nearest {
	n := &nearest{e: e}
	n.vault = vault.New(vault.Options{Bundle: e.bundle, Node: n, Catalog: e.cat, Log: e.log})
	return n
}

// readVault is the vault that versions are looked at and restored through. With one storage it is that of the storage.
func (e *Engine) readVault() *vault.Vault {
	if e.readsSeveral() {
		return e.near.vault
	}
	return e.vault()
}

// readsSeveral tells whether there is more than one storage to read from.
func (e *Engine) readsSeveral() bool { return e.near != nil && len(e.home.config().Nodes) > 1 }

// Get implements node.Node.
func (n *nearest) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	var counts error
	for _, s := range n.sources(ctx) {
		block, err := s.Get(ctx, c)
		if err == nil || ctx.Err() != nil {
			return block, err
		}
		if unreachableNow(err) {
			n.missed(s)
		}
		if counts == nil || s.first {
			counts = err
		}
		n.e.log.Debug("a block is read from another storage", "block", c, "reason", err)
	}
	if counts == nil {
		counts = node.ErrUnreachable
	}
	return nil, counts
}

// missed puts a storage behind the others for a while.
func (n *nearest) missed(s *source) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s.away = time.Now().Add(awayFor)
}

// sources are the storages in the order that they are asked in.
func (n *nearest) sources(ctx context.Context) []*source {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	if n.asked.IsZero() || now.Sub(n.asked) > orderFor {
		n.order, n.asked = n.measured(ctx), now
	}
	var there, away []*source
	for _, s := range n.order {
		if s.away.After(now) {
			away = append(away, s)
		} else {
			there = append(there, s)
		}
	}
	return append(there, away...)
}

// forget has the storages be measured again: there are others now.
func (n *nearest) forget() {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = time.Time{}
}

// measured asks every storage a small question twice: the first one may have to connect.
func (n *nearest) measured(ctx context.Context) []*source {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), orderPatience)
	defer cancel()
	nodes := n.e.home.config().Nodes
	all := make([]*source, len(nodes))
	var wg sync.WaitGroup
	for i, nc := range nodes {
		wg.Go(func() {
			c, err := n.e.reach(ctx, nc)
			if err != nil {
				return
			}
			s := &source{Node: c.node, first: i == 0, latency: time.Hour}
			for range 2 {
				if info, err := c.node.Info(ctx); err == nil {
					s.latency = min(s.latency, info.Latency)
				}
			}
			if s.first {
				s.latency = max(s.latency-nearerBy, 0)
			}
			all[i] = s
		})
	}
	wg.Wait()
	all = slices.DeleteFunc(all, func(s *source) bool { return s == nil })
	slices.SortStableFunc(all, func(a, b *source) int { return cmp.Compare(a.latency, b.latency) })
	return all
}

// unasked are the versions that are known when the first storage does not answer, and another one can be read from.
func (e *Engine) unasked(ctx context.Context, err error) ([]vault.Version, error) {
	if !unreachableNow(err) || !e.readsSeveral() {
		return nil, err
	}
	known, ok, kerr := e.knownVersions(ctx)
	if kerr != nil || !ok {
		return nil, errors.Join(err, kerr)
	}
	return known, nil
}
