package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node"
)

// Probe proves that a storage takes, keeps, returns and releases a block of ours. It leaves nothing pinned, unless it is
// cut off: note is told what will be pinned before it is, so that [ReleaseProbe] can end that. A nil note is told nothing.
// A token that may only add leaves it pinned too, and that is no fault of the storage.
func Probe(ctx context.Context, n node.Node, b *Bundle, note func(root string) error) error {
	marker, err := format.SealMarker(&format.Marker{Device: b.Device(), Installation: b.b.Installation, Seconds: time.Now().Unix()}, b.Keys())
	if err != nil {
		return err
	}
	d := format.Sum(marker)
	root := format.EncodeBatch(nil, format.Link{Codec: cid.Raw, Digest: d, Total: uint64(len(marker))})
	rc := format.Sum(root).DagCID()
	if note != nil {
		if err := note(rc.String()); err != nil {
			return err
		}
	}
	if err := n.Import(ctx, rc, []node.Block{{CID: d.RawCID(), Data: marker}, {CID: rc, Data: root}}); err != nil {
		return fmt.Errorf("try to store something: %w", err)
	}
	if _, err := getBlock(ctx, n, d.RawCID(), d); err != nil {
		return fmt.Errorf("read back what was stored: %w", err)
	}
	ok, err := n.Pinned(ctx, rc)
	if err != nil {
		return fmt.Errorf("ask whether it is kept: %w", err)
	}
	if !ok {
		return fmt.Errorf("ask whether it is kept: %w", node.ErrNotPinned)
	}
	if _, err := n.List(ctx, b.Keys().PointerDir()); err != nil {
		return fmt.Errorf("list what is kept: %w", err)
	}
	if err := n.PinRemove(ctx, rc); err != nil && !errors.Is(err, node.ErrUnauthorized) {
		return fmt.Errorf("release what was stored: %w", err)
	}
	return nil
}

// ReleaseProbe ends the pin that a Probe noted and, being cut off, may have left. Where it left none nothing happens.
func ReleaseProbe(ctx context.Context, n node.Node, root string) error {
	c, err := cid.Decode(root)
	if err != nil {
		return nil // a note that was cut off, or changed by somebody: nobody knows what was meant
	}
	if err := n.PinRemove(ctx, c); err != nil && !errors.Is(err, node.ErrUnauthorized) {
		return fmt.Errorf("release what an earlier try stored: %w", err)
	}
	return nil
}
