package vault

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// Packs travel in batches: one CAR, one pin. Each batch is held in memory until the storage has confirmed it, so its
// size times the batches in flight, and one that is full and waits for them, is what an upload costs in memory.
const (
	batchPacks      = 16
	batchesInFlight = 2
)

type sealedPack struct {
	info  format.PackInfo
	block []byte
	ids   []catalog.ChunkID // empty for index packs
}

// uploader sends sealed packs in pinned batches. The catalog learns of a batch before it is pinned, and of its packs
// after the storage confirmed them.
type uploader struct {
	v     *Vault
	slots chan struct{}
	turn  sync.Mutex // held while a pack is added: only one full batch waits for a slot
	wg    sync.WaitGroup
	done  func([]sealedPack, cid.Cid) // a batch is confirmed and in the catalog

	mu   sync.Mutex // guards below
	next []sealedPack
	free [][]byte // memory of confirmed full packs
	err  error    // the first failure; the session is over
	sent int64    // bytes of packs confirmed
}

func newUploader(v *Vault, done func([]sealedPack, cid.Cid)) *uploader {
	return &uploader{v: v, slots: make(chan struct{}, batchesInFlight), done: done}
}

// add queues a pack; it waits while enough batches are in flight, and returns the first failure of any batch.
func (u *uploader) add(ctx context.Context, p sealedPack) error {
	u.turn.Lock()
	defer u.turn.Unlock()
	u.mu.Lock()
	if u.err != nil {
		defer u.mu.Unlock()
		return u.err
	}
	u.next = append(u.next, p)
	var batch []sealedPack
	if len(u.next) >= batchPacks {
		batch, u.next = u.next, nil
	}
	u.mu.Unlock()
	if batch == nil {
		return nil
	}
	return u.launch(ctx, batch)
}

func (u *uploader) launch(ctx context.Context, batch []sealedPack) error {
	select {
	case u.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	u.wg.Go(func() {
		defer func() { <-u.slots }()
		if err := u.send(ctx, batch); err != nil {
			u.mu.Lock()
			if u.err == nil {
				u.err = err
			}
			u.mu.Unlock()
		}
	})
	return nil
}

// flush sends what is queued and waits for every batch.
func (u *uploader) flush(ctx context.Context) error {
	u.mu.Lock()
	batch := u.next
	u.next = nil
	err := u.err
	u.mu.Unlock()
	if err == nil && len(batch) > 0 {
		err = u.launch(ctx, batch)
	}
	u.wg.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.free) > batchPacks { // what follows sends little at once
		clear(u.free[batchPacks:])
		u.free = u.free[:batchPacks]
	}
	if u.err != nil {
		return u.err
	}
	return err
}

// block returns memory for a sealed pack; a storage keeps none of it once a batch is sent.
func (u *uploader) block(size int) []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	if n := len(u.free); size == format.PackSize && n > 0 {
		b := u.free[n-1]
		u.free = u.free[:n-1]
		return b
	}
	return make([]byte, size)
}

func (u *uploader) send(ctx context.Context, packs []sealedPack) error {
	b := u.v.bundle
	rootCID, blocks, err := batchBlocks(b, packs)
	if err != nil {
		return err
	}
	size := int64(0)
	for _, p := range packs {
		size += int64(len(p.block))
	}
	err = u.v.cat.Update(ctx, func(tx *catalog.Tx) error {
		return tx.AddBatch(catalog.Batch{Root: rootCID.Bytes(), Time: time.Now()})
	})
	if err != nil {
		return err
	}
	if err := u.v.node.Import(ctx, rootCID, blocks); err != nil {
		return fmt.Errorf("send %d packs: %w", len(packs), err)
	}
	err = u.v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for _, p := range packs {
			no, err := tx.AddPack(catalogPack(p.info, false, b.Device()))
			if err != nil {
				return err
			}
			if err := tx.AddChunks(no, p.ids); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.sent += size
	for _, p := range packs {
		if len(p.block) == format.PackSize {
			u.free = append(u.free, p.block)
		}
	}
	u.mu.Unlock()
	u.done(packs, rootCID)
	return nil
}

// batchBlocks makes a batch of packs: their blocks, a marker that tells whose batch it is, and the root that links them.
func batchBlocks(b *Bundle, packs []sealedPack) (cid.Cid, []node.Block, error) {
	marker, err := format.SealMarker(&format.Marker{Device: b.Device(), Installation: b.b.Installation, Seconds: time.Now().Unix()}, b.Keys())
	if err != nil {
		return cid.Undef, nil, err
	}
	md := format.Sum(marker)
	blocks := make([]node.Block, 0, len(packs)+2)
	links := make([]format.Link, 0, len(packs))
	for _, p := range packs {
		blocks = append(blocks, node.Block{CID: p.info.Digest.RawCID(), Data: p.block})
		links = append(links, packLink(p.info))
	}
	root := format.EncodeBatch(links, format.Link{Codec: cid.Raw, Digest: md, Total: uint64(len(marker))})
	rootCID := format.Sum(root).DagCID()
	return rootCID, append(blocks, node.Block{CID: md.RawCID(), Data: marker}, node.Block{CID: rootCID, Data: root}), nil
}
