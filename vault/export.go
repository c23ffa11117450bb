package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault/format"
	"roost/vault/node"
)

// Store takes blocks that are checked on the way: a backup on a disk. See archive.Writer.
type Store interface {
	Has(c cid.Cid) (bool, error)
	Put(c cid.Cid, data []byte) error
	Finish(top cid.Cid) error
}

// Copied is the outcome of an export or an import.
type Copied struct {
	Devices int
	Blocks  int64 // that are there now
	Bytes   int64 // of packs that are there now
	Sent    int64 // bytes of packs that were not there before
	Top     cid.Cid
	Missing []cid.Cid // blocks that nobody has unharmed
	Unread  []error   // states that could not be followed
}

// Export writes a tree to a store and finishes it there. Packs that the source does not have unharmed are named, and the rest
// is written all the same. progress counts bytes of packs.
func (t *Tree) Export(ctx context.Context, from Source, to Store, progress Progress) (*Copied, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	top, tops := t.Top()
	out := &Copied{Devices: len(t.Pointers), Top: top, Unread: t.Unread}
	done := int64(0)
	for part := range slices.Chunk(t.Packs, batchPacks) {
		wrote, lost := make([]bool, len(part)), make([]bool, len(part))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(readsAtOnce)
		for i, l := range part {
			g.Go(func() (err error) {
				wrote[i], err = carry(gctx, from, to, l)
				if lost[i] = IsDamage(err); lost[i] {
					return nil
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		for i, l := range part {
			done += int64(l.File)
			switch {
			case lost[i]:
				out.Missing = append(out.Missing, l.CID())
				continue
			case wrote[i]:
				out.Sent += int64(l.File)
			}
			out.Blocks++
			out.Bytes += int64(l.File)
		}
		progress(done, t.Bytes)
	}
	put := func(b node.Block) error {
		if there, err := to.Has(b.CID); there || err != nil {
			return err
		}
		return to.Put(b.CID, b.Data)
	}
	for _, l := range t.Small {
		if err := put(node.Block{CID: l.CID(), Data: t.nodes[l.Digest]}); err != nil {
			return nil, err
		}
		out.Blocks++
	}
	for _, b := range tops {
		if err := put(b); err != nil {
			return nil, err
		}
		out.Blocks++
	}
	return out, errors.Join(ctx.Err(), to.Finish(top))
}

// carry brings one pack to a store, unless it is there.
func carry(ctx context.Context, from Source, to Store, l format.Link) (wrote bool, err error) {
	if there, err := to.Has(l.CID()); there || err != nil {
		return false, err
	}
	data, err := from.Get(ctx, l.CID())
	if err == nil && format.Sum(data) != l.Digest {
		err = fmt.Errorf("%w: block %s", node.ErrWrongBytes, l.CID())
	}
	if err != nil {
		return false, err
	}
	return true, to.Put(l.CID(), data)
}
