package vault

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"

	"roost/vault/format"
	"roost/vault/node"
)

// cachedPacks bounds the opened packs in memory: 48 MiB at most. Chunks of neighbouring files lie within the open packs
// of the writer, so a restore in tree order finds them here.
const cachedPacks = 48

// openPack is a pack whose header was authenticated.
type openPack struct {
	*format.Sealed
	at map[format.ChunkID]int
}

// Read returns a chunk's plaintext after three checks: the block's hash, the seal, the id. Errors: ErrMissing when no
// pack is known to hold it or the storage lost the pack, format.ErrDamaged and node.ErrWrongBytes when bytes do not
// pass; a storage that cannot be asked is node's error, never one of these.
func (v *Vault) Read(ctx context.Context, k format.Kind, id format.ChunkID) ([]byte, error) {
	p, ok, err := v.cat.Chunk(ctx, id.Prefix())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: chunk %s is in no pack", ErrMissing, id)
	}
	return v.readFrom(ctx, packRef{format.Digest(p.Digest), format.ObjectType(p.Type)}, k, id)
}

func (v *Vault) readFrom(ctx context.Context, ref packRef, k format.Kind, id format.ChunkID) ([]byte, error) {
	p, err := v.packs.get(ctx, ref)
	if err != nil {
		return nil, err
	}
	i, ok := p.at[id]
	if !ok {
		return nil, fmt.Errorf("%w: chunk %s is not in the pack that the index names", format.ErrDamaged, id)
	}
	if p.Bodies[i].Kind != k {
		return nil, fmt.Errorf("%w: chunk %s is of kind %d, wanted %d", format.ErrDamaged, id, p.Bodies[i].Kind, k)
	}
	plain, err := p.Body(i)
	if err != nil {
		return nil, err
	}
	return plain, v.ids.Check(k, id, plain)
}

// fetchPack reads and opens one pack.
func (v *Vault) fetchPack(ctx context.Context, ref packRef) (*openPack, error) {
	raw, err := v.node.Get(ctx, ref.digest.RawCID()) // checks the hash; the seal and the id are checked here
	if errors.Is(err, node.ErrNotFound) {
		return nil, fmt.Errorf("%w: pack %s: %w", ErrMissing, ref.digest.RawCID(), err)
	}
	if err != nil {
		return nil, fmt.Errorf("read pack %s: %w", ref.digest.RawCID(), err)
	}
	s, err := format.Open(raw, ref.typ, v.keys().Vault, v.keys().Epochs)
	if err != nil {
		return nil, fmt.Errorf("open pack %s: %w", ref.digest.RawCID(), err)
	}
	p := &openPack{Sealed: s, at: make(map[format.ChunkID]int, len(s.Bodies))}
	for i, b := range s.Bodies {
		p.at[b.ID] = i
	}
	return p, nil
}

type packRef struct {
	digest format.Digest
	typ    format.ObjectType
}

// packCache keeps recently used packs and lets concurrent readers of one pack share its fetch.
type packCache struct {
	fetch func(context.Context, packRef) (*openPack, error)

	mu      sync.Mutex // guards below
	entries map[packRef]*list.Element
	order   *list.List // of *packEntry, most recently used first
}

type packEntry struct {
	ref  packRef
	done chan struct{} // closed when pack and err are set
	pack *openPack
	err  error
}

func newPackCache(fetch func(context.Context, packRef) (*openPack, error)) *packCache {
	return &packCache{fetch: fetch, entries: map[packRef]*list.Element{}, order: list.New()}
}

func (c *packCache) get(ctx context.Context, ref packRef) (*openPack, error) {
	for {
		c.mu.Lock()
		el, ok := c.entries[ref]
		if !ok {
			e := &packEntry{ref: ref, done: make(chan struct{})}
			c.entries[ref] = c.order.PushFront(e)
			for c.order.Len() > cachedPacks {
				last := c.order.Back()
				delete(c.entries, last.Value.(*packEntry).ref)
				c.order.Remove(last)
			}
			c.mu.Unlock()
			e.pack, e.err = c.fetch(ctx, ref)
			if e.err != nil {
				c.drop(e)
			}
			close(e.done)
			return e.pack, e.err
		}
		c.order.MoveToFront(el)
		c.mu.Unlock()
		e := el.Value.(*packEntry)
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if e.err != nil && (errors.Is(e.err, context.Canceled) || errors.Is(e.err, context.DeadlineExceeded)) && ctx.Err() == nil {
			continue // the reader that fetched gave up; this one has not
		}
		return e.pack, e.err
	}
}

// drop forgets a failed fetch, so that the next reader tries again.
func (c *packCache) drop(e *packEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.entries[e.ref]; ok && el.Value == e {
		delete(c.entries, e.ref)
		c.order.Remove(el)
	}
}
