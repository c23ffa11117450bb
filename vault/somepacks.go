package vault

import (
	"context"
	"errors"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node"
)

// SomePacks names up to most packs of this device's newest state on a storage, none where there is no state.
func SomePacks(ctx context.Context, n node.Node, b *Bundle, most int) (out []cid.Cid, err error) {
	st, err := Find(ctx, n, b)
	if err != nil {
		return nil, err
	}
	own := st.Own(b.Device())
	if own == nil {
		return nil, nil
	}
	enough := errors.New("enough")
	get := func(ctx context.Context, id cid.Cid, d format.Digest) ([]byte, error) { return getBlock(ctx, n, id, d) }
	err = openSpine(own.root.Packs).leaves(ctx, get, func(l format.Link) error {
		if len(out) == most {
			return enough
		}
		out = append(out, l.CID())
		return nil
	})
	if errors.Is(err, enough) || IsDamage(err) {
		err = nil // what is damaged is for other checks to say
	}
	return out, err
}
