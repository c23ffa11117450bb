package vault

import (
	"context"
	"errors"
	"fmt"

	"roost/vault/format"
	"roost/vault/node"
)

// openPack is a pack whose header was authenticated.
type openPack struct {
	*format.Sealed
	at map[format.ChunkID]int
}

// Read returns a chunk's plaintext after three checks: the block's hash, the seal, the id. Errors: ErrMissing when no
// pack is known to hold it or the storage lost the pack, format.ErrDamaged and node.ErrWrongBytes when bytes do not
// pass; a storage that cannot be asked is node's error, never one of these.
func (v *Vault) Read(ctx context.Context, k format.Kind, id format.ChunkID) ([]byte, error) {
	return v.ReadInto(ctx, nil, k, id)
}

// ReadInto is Read in dst's memory, where that is large enough.
func (v *Vault) ReadInto(ctx context.Context, dst []byte, k format.Kind, id format.ChunkID) ([]byte, error) {
	if ref, ok := v.packs.where(id); ok {
		return v.readFrom(ctx, dst, ref, k, id)
	}
	p, ok, err := v.cat.Chunk(ctx, id.Prefix())
	if err != nil {
		return nil, err
	}
	ref := packRef{format.Digest(p.Digest), format.ObjectType(p.Type)}
	if !ok {
		if ref, ok, err = v.inLost(ctx, id); err != nil {
			return nil, err
		}
	}
	if !ok {
		return nil, fmt.Errorf("%w: chunk %s is in no pack", ErrMissing, id)
	}
	return v.readFrom(ctx, dst, ref, k, id)
}

func (v *Vault) readFrom(ctx context.Context, dst []byte, ref packRef, k format.Kind, id format.ChunkID) ([]byte, error) {
	p, release, err := v.packs.holding(ctx, ref, id)
	if err != nil {
		return nil, err
	}
	defer release()
	i, ok := p.at[id]
	if !ok {
		return nil, fmt.Errorf("%w: chunk %s is not in the pack that the index names", format.ErrDamaged, id)
	}
	if p.Bodies[i].Kind != k {
		return nil, fmt.Errorf("%w: chunk %s is of kind %d, wanted %d", format.ErrDamaged, id, p.Bodies[i].Kind, k)
	}
	plain, err := p.BodyInto(dst, i)
	if err != nil {
		return nil, err
	}
	if err := v.ids.Check(k, id, plain); err != nil {
		return nil, err
	}
	v.packs.used(ref, p.Bodies[i], i)
	return plain, nil
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
	return newOpenPack(s), nil
}

func newOpenPack(s *format.Sealed) *openPack {
	p := &openPack{Sealed: s, at: make(map[format.ChunkID]int, len(s.Bodies))}
	for i, b := range s.Bodies {
		p.at[b.ID] = i
	}
	return p
}

type packRef struct {
	digest format.Digest
	typ    format.ObjectType
}
