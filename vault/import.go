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

// ErrOtherState: a storage holds another state where this one belongs.
var ErrOtherState = errors.New("the storage holds another state of the same computer")

// Import puts a tree into a storage: kept there, found there, and read back block by block. label is the name of the pins of
// roots, which only the keys tell; "" without them. What is there is not sent again, so that an interrupted Import goes on.
// progress counts bytes of packs, first sent and then read back.
//
// Order: packs in pinned batches → the small blocks are put → the roots are pinned → every block is read → the pointers are
// made → both are read back → the batches are released. So nothing is found there before all of it is.
//
// Errors: ErrOtherState; ErrMissing when the source does not have all of it, and then nothing is to be found there either.
func (t *Tree) Import(ctx context.Context, from Source, to node.Node, label string, progress Progress) (*Copied, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if len(t.Unread) > 0 {
		return &Copied{Unread: t.Unread}, fmt.Errorf("read the backup: %w: %w", ErrMissing, errors.Join(t.Unread...))
	}
	im := &importing{t: t, from: from, to: to, label: label, progress: progress}
	im.out.Devices = len(t.Pointers)
	return &im.out, im.run(ctx)
}

// importing is a tree on its way to a storage.
type importing struct {
	t        *Tree
	from     Source
	to       node.Node
	label    string
	progress Progress

	batches []cid.Cid // pinned there
	done    int64     // bytes of packs
	out     Copied
}

func (im *importing) run(ctx context.Context) error {
	if err := im.compare(ctx, false); err != nil {
		return err
	}
	for part := range slices.Chunk(im.t.Packs, batchPacks) {
		if err := im.batch(ctx, part); err != nil {
			return err
		}
	}
	if len(im.out.Missing) > 0 {
		return fmt.Errorf("%w: %d blocks, such as %s", ErrMissing, len(im.out.Missing), im.out.Missing[0])
	}
	for try := 1; ; try++ {
		err := im.pin(ctx)
		if err == nil {
			break
		}
		if try == commitTries || !errors.Is(err, node.ErrTimeout) && !errors.Is(err, node.ErrNotFound) {
			return err
		}
		// A collection came between: the small blocks are put once more.
	}
	bad, err := im.t.Check(ctx, im.to, im.progress)
	if err != nil {
		return fmt.Errorf("read back what was stored: %w", err)
	}
	if im.out.Missing = bad; len(bad) > 0 {
		return fmt.Errorf("read back what was stored: %w: %d blocks, such as %s", ErrMissing, len(bad), bad[0])
	}
	im.out.Blocks, im.out.Bytes = im.t.Blocks(), im.t.Bytes
	for _, p := range im.t.Pointers {
		if err := im.to.Link(ctx, p.path(), p.Root.CID()); err != nil && !errors.Is(err, node.ErrExists) {
			return fmt.Errorf("publish a computer's state: %w", err)
		}
	}
	if err := im.compare(ctx, true); err != nil {
		return err
	}
	for _, p := range im.t.Pointers {
		if ok, err := im.to.Pinned(ctx, p.Root.CID()); err != nil {
			return fmt.Errorf("ask what the storage keeps: %w", err)
		} else if !ok {
			return fmt.Errorf("confirm what was stored: %w: the storage said it keeps it, and does not list it", node.ErrNotPinned)
		}
	}
	for _, b := range im.batches {
		if err := im.to.PinRemove(ctx, b); err != nil {
			return fmt.Errorf("release a batch: %w", err)
		}
	}
	return nil
}

// compare refuses a storage where a pointer leads elsewhere, or nowhere once all were made.
func (im *importing) compare(ctx context.Context, made bool) error {
	there := map[string]cid.Cid{}
	listed := map[string]bool{}
	for _, p := range im.t.Pointers {
		if !listed[p.Dir] {
			listed[p.Dir] = true
			entries, err := im.to.List(ctx, p.Dir)
			if err != nil {
				return fmt.Errorf("look for backups on the storage: %w", err)
			}
			for _, e := range entries {
				there[p.Dir+"/"+e.Name] = e.CID
			}
		}
		switch c, ok := there[p.path()]; {
		case ok && c != p.Root.CID():
			return fmt.Errorf("%w: %s", ErrOtherState, p.path())
		case !ok && made:
			return fmt.Errorf("confirm what was stored: %w: the storage said that it made a pointer, and does not list it", ErrRolledBack)
		}
	}
	return nil
}

// batch stores up to batchPacks packs under a pin of their own. Its name is made of theirs only: one that is pinned is there.
func (im *importing) batch(ctx context.Context, packs []format.Link) error {
	links := slices.Clone(packs)
	bytes := int64(0)
	for i := range links {
		links[i].Name = fmt.Sprintf("%04x", i)
		bytes += int64(links[i].File)
	}
	data := format.EncodeDirectory(links)
	root := node.Block{CID: format.Sum(data).DagCID(), Data: data}
	pinned, err := im.to.Pinned(ctx, root.CID)
	if err != nil {
		return fmt.Errorf("ask what the storage keeps: %w", err)
	}
	if !pinned {
		blocks, err := im.read(ctx, packs)
		if err != nil || len(im.out.Missing) > 0 {
			return err // the rest is looked through, to name all that is missing
		}
		if err := im.to.Import(ctx, root.CID, append(blocks, root)); err != nil {
			return fmt.Errorf("store %d packs: %w", len(packs), err)
		}
		for _, b := range blocks {
			im.out.Sent += int64(len(b.Data))
		}
	}
	im.batches = append(im.batches, root.CID)
	im.done += bytes
	im.progress(im.done, im.t.Bytes)
	return nil
}

// read brings the packs that the storage does not have.
func (im *importing) read(ctx context.Context, packs []format.Link) ([]node.Block, error) {
	got, lost := make([][]byte, len(packs)), make([]bool, len(packs))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readsAtOnce)
	for i, l := range packs {
		g.Go(func() error {
			size, err := im.to.Stat(gctx, l.CID())
			if err == nil && size == int64(l.File) {
				return nil
			}
			if err == nil { // sending it again would not replace it
				return fmt.Errorf("%w: pack %s has %d bytes on the storage instead of %d", node.ErrWrongBytes, l.CID(), size, l.File)
			}
			if !errors.Is(err, node.ErrNotFound) {
				return fmt.Errorf("look for a pack on the storage: %w", err)
			}
			data, err := im.from.Get(gctx, l.CID())
			if err == nil && format.Sum(data) != l.Digest {
				err = fmt.Errorf("%w: block %s", node.ErrWrongBytes, l.CID())
			}
			if IsDamage(err) {
				lost[i] = true
				return nil
			}
			got[i] = data
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var blocks []node.Block
	for i, l := range packs {
		if lost[i] {
			im.out.Missing = append(im.out.Missing, l.CID())
		} else if got[i] != nil {
			blocks = append(blocks, node.Block{CID: l.CID(), Data: got[i]})
		}
	}
	return blocks, nil
}

func (im *importing) pin(ctx context.Context) error {
	if err := im.putSmall(ctx); err != nil {
		return err
	}
	for _, p := range im.t.Pointers {
		if err := im.to.PinAdd(ctx, p.Root.CID(), im.label); err != nil && !errors.Is(err, node.ErrPinned) {
			return fmt.Errorf("keep a computer's state: %w", err)
		}
	}
	return nil
}

func (im *importing) putSmall(ctx context.Context) error {
	for part := range slices.Chunk(im.t.Small, nodesPerPut) {
		blocks := make([]node.Block, 0, len(part))
		for _, l := range part {
			blocks = append(blocks, node.Block{CID: l.CID(), Data: im.t.nodes[l.Digest]})
		}
		if err := im.to.Put(ctx, blocks); err != nil {
			return fmt.Errorf("store the computers' states: %w", err)
		}
	}
	return nil
}
