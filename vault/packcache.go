package vault

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

const (
	// cachedBytes bounds what the cache keeps of opened packs. Chunks of neighbouring files lie within the open packs of
	// the writer, so that most reads in tree order need a few; the rest is for content that a folder has twice, and for
	// what was saved in another order than it is read in.
	cachedBytes = 96 << 20
	// mostExpected bounds the memory of what is known about reads to come: 11 MB.
	mostExpected = 1 << 18
)

// packCache keeps recently used packs and lets concurrent readers of one pack share its fetch. Of a pack that a restore
// reads it keeps, when room is short, only what will be read again: a pack is 1 MiB, and what a far part of the folder
// wants of it may be one chunk.
type packCache struct {
	fetch   func(context.Context, packRef) (*openPack, error)
	recycle func([]byte) // takes the memory of a block that nobody uses any more
	most    int          // bytes of packs that are kept; the one last used is in any case

	mu       sync.Mutex // guards below
	entries  map[packRef]*list.Element
	order    *list.List                     // of *packEntry, most recently used first
	size     int                            // bytes of all entries
	expected map[catalog.ChunkID]uint32     // by prefix: how often a chunk will be read yet; nil: nothing is known
	home     map[catalog.ChunkID]*packEntry // by prefix: the entry that holds an expected chunk
}

type packEntry struct {
	ref  packRef
	done chan struct{} // closed when pack and err are set
	pack *openPack
	err  error

	size  int    // bytes; while it is fetched, those of a full pack; guarded by the cache
	live  int    // bytes of chunks that will be read yet; guarded by the cache
	fresh int    // those of them that were not read since the fetch; guarded by the cache
	read  []bool // by body: it was read since the fetch; guarded by the cache

	readers int  // who use pack, or wait for it; guarded by the cache
	gone    bool // nobody finds the entry any more; guarded by the cache
	kept    bool // somebody may use the pack for as long as they like; guarded by the cache
}

func newPackCache(fetch func(context.Context, packRef) (*openPack, error)) *packCache {
	return &packCache{
		fetch: fetch, recycle: node.Recycle, most: cachedBytes,
		entries: map[packRef]*list.Element{}, order: list.New(), home: map[catalog.ChunkID]*packEntry{},
	}
}

// where is a pack in memory that holds an expected chunk.
func (c *packCache) where(id format.ChunkID) (packRef, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.home[id.Prefix()]
	if !ok {
		return packRef{}, false
	}
	return e.ref, true
}

// get returns a whole pack, for as long as the caller likes.
func (c *packCache) get(ctx context.Context, ref packRef) (*openPack, error) {
	p, e, err := c.find(ctx, ref, func(p *openPack) bool { return !p.Partial() })
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.kept = true
	e.readers--
	return p, nil
}

// holding returns a pack of which there may be no more in memory than that chunk, to be used until release: its memory is
// another pack's afterwards.
func (c *packCache) holding(ctx context.Context, ref packRef, id format.ChunkID) (p *openPack, release func(), err error) {
	p, e, err := c.find(ctx, ref, func(p *openPack) bool {
		i, ok := p.at[id]
		return !p.Partial() || ok && p.Holds(i)
	})
	if err != nil {
		return nil, nil, err
	}
	return p, func() { c.release(e) }, nil
}

// find returns a pack and, without an error, its entry, which counts the caller as a reader.
func (c *packCache) find(ctx context.Context, ref packRef, enough func(*openPack) bool) (*openPack, *packEntry, error) {
	for {
		c.mu.Lock()
		el, ok := c.entries[ref]
		if !ok {
			e := &packEntry{ref: ref, done: make(chan struct{}), size: format.PackSize, readers: 1}
			c.entries[ref] = c.order.PushFront(e)
			c.size += e.size
			c.shrink()
			c.mu.Unlock()
			p, err := c.fetch(ctx, ref)
			c.fetched(e, p, err)
			return p, e, err
		}
		c.order.MoveToFront(el)
		e := el.Value.(*packEntry)
		e.readers++
		c.mu.Unlock()
		select {
		case <-e.done:
		case <-ctx.Done():
			c.release(e)
			return nil, nil, ctx.Err()
		}
		c.mu.Lock()
		p, err := e.pack, e.err
		c.mu.Unlock()
		switch {
		case err == nil && enough(p):
			return p, e, nil
		case err == nil:
			c.drop(e)
		case ctx.Err() != nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
			return nil, nil, err
		}
		c.release(e) // the reader that fetched gave up, which this one has not, or what it wants is not there any more
	}
}

// release ends a reader's use of an entry.
func (c *packCache) release(e *packEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.readers--
	if e.gone {
		c.free(e)
	}
}

// free gives the memory of a pack away that the cache lets go, unless somebody uses it.
func (c *packCache) free(e *packEntry) {
	if e.readers == 0 && !e.kept && e.pack != nil {
		c.recycle(e.pack.Memory())
		e.kept = true // once
	}
}

// fetched ends a fetch. A failed one is forgotten, so that the next reader tries again.
func (c *packCache) fetched(e *packEntry, p *openPack, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.pack, e.err = p, err
	close(e.done)
	if el, ok := c.entries[e.ref]; !ok || el.Value != e {
		return
	}
	if err != nil {
		c.remove(e)
		return
	}
	for _, b := range p.Bodies {
		if c.expected[b.ID.Prefix()] > 0 {
			e.live += int(b.Stored)
			c.home[b.ID.Prefix()] = e
		}
	}
	e.fresh, e.read = e.live, make([]bool, len(p.Bodies))
	c.size += p.Size() - e.size
	e.size = p.Size()
}

// expect says that a chunk will be read once more.
func (c *packCache) expect(id format.ChunkID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expected == nil {
		c.expected = map[catalog.ChunkID]uint32{}
	}
	if n, known := c.expected[id.Prefix()]; known || len(c.expected) < mostExpected {
		c.expected[id.Prefix()] = n + 1
	}
}

// forget ends all that expect began.
func (c *packCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expected = nil
	clear(c.home)
}

// used notes that the expected chunk i of a pack was read. A pack without any other goes.
func (c *packCache) used(ref packRef, b format.Body, i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, known := c.expected[b.ID.Prefix()]
	if !known {
		return
	}
	var e *packEntry
	if el, ok := c.entries[ref]; ok && el.Value.(*packEntry).pack != nil {
		e = el.Value.(*packEntry)
		if !e.read[i] {
			e.read[i] = true
			e.fresh -= int(b.Stored)
		}
	}
	if n > 1 {
		c.expected[b.ID.Prefix()] = n - 1
		return
	}
	delete(c.expected, b.ID.Prefix())
	delete(c.home, b.ID.Prefix())
	if e == nil {
		return
	}
	if e.live -= int(b.Stored); e.live <= 0 {
		c.remove(e)
	}
}

// shrink makes room: first by what nobody expects to read again, of the packs that were used longest ago. Then go packs
// of which everything was read and all that is wanted is wanted for a second time: a copy is read in the order of the
// first, so of these the last one read is needed last, and a copy larger than the cache finds its beginning there. Last
// go the packs that were used longest ago.
func (c *packCache) shrink() {
	for el := c.order.Back(); el != nil && c.size > c.most; el = el.Prev() {
		e := el.Value.(*packEntry)
		if e.pack == nil || e.live == 0 || e.live > e.size-e.size/8 {
			continue
		}
		part := *e.pack
		part.Sealed = e.pack.Keep(func(id format.ChunkID) bool { return c.expected[id.Prefix()] > 0 })
		c.size += part.Size() - e.size
		c.free(e)
		e.pack, e.size = &part, part.Size()
	}
	for el := c.order.Front(); el != nil && c.size > c.most; {
		e := el.Value.(*packEntry)
		el = el.Next()
		if e.pack != nil && e.live > 0 && e.fresh == 0 {
			c.remove(e)
		}
	}
	for c.size > c.most && c.order.Len() > 1 {
		c.remove(c.order.Back().Value.(*packEntry))
	}
}

func (c *packCache) drop(e *packEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.entries[e.ref]; ok && el.Value == e {
		c.remove(e)
	}
}

// remove takes out an entry that is there.
func (c *packCache) remove(e *packEntry) {
	c.order.Remove(c.entries[e.ref])
	delete(c.entries, e.ref)
	c.size -= e.size
	e.gone = true
	c.free(e)
	if e.live > 0 && e.pack != nil {
		for _, b := range e.pack.Bodies {
			if c.home[b.ID.Prefix()] == e {
				delete(c.home, b.ID.Prefix())
			}
		}
	}
}
