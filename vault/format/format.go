// Package format defines every byte that Roost writes: pure functions, no I/O.
//
// The document is ../FORMAT.md; this package and that text describe the same bytes, and a test reads a vault with
// nothing but the text. Names here are the text's names.
package format

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
	mh "github.com/multiformats/go-multihash"
)

// Version is the format version in every header, head and snapshot.
const Version = 1

// Sizes in bytes.
const (
	PackSize     = 1 << 20  // a full pack: half of Kubo's block limit
	MinPackSize  = 16 << 10 // the smallest tail pack
	MinBlockSize = 1 << 10  // the smallest other sealed block
	MaxBlockSize = 2 << 20  // what a storage accepts as one block
	MaxChunk     = 512 << 10
)

// Errors. Each is wrapped with what was being read.
var (
	// ErrDamaged: bytes that do not pass their checks: cut, changed, or not what their name says.
	ErrDamaged = errors.New("stored data is damaged")
	// ErrWrongKey: no key that was tried made these bytes (the key commitment differs).
	ErrWrongKey = errors.New("sealed under another key")
	// ErrNewer: written by a later version of the format that this program must not guess at.
	ErrNewer = errors.New("written by a newer version of Roost")
	// ErrTooLarge: more than a format limit allows in one object.
	ErrTooLarge = errors.New("too large for one object")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Digest is the SHA-256 of a block; with a codec it is the block's CID.
type Digest [32]byte

// Sum returns the digest of a block.
func Sum(block []byte) Digest { return sha256.Sum256(block) }

// RawCID is the CIDv1 of a raw block (packs, heads, keyrings, markers).
func (d Digest) RawCID() cid.Cid { return cid.NewCidV1(cid.Raw, d.multihash()) }

// DagCID is the CIDv1 of a dag-pb block (root, spine, batch root).
func (d Digest) DagCID() cid.Cid { return cid.NewCidV1(cid.DagProtobuf, d.multihash()) }

func (d Digest) multihash() mh.Multihash {
	m := make([]byte, 0, 34)
	m = append(m, mh.SHA2_256, 32)
	return append(m, d[:]...)
}

// DigestOf returns the digest and codec of a CID made by this format; any other CID is an error.
func DigestOf(c cid.Cid) (d Digest, codec uint64, err error) {
	dec, err := mh.Decode(c.Hash())
	if err != nil || dec.Code != mh.SHA2_256 || len(dec.Digest) != len(d) || c.Version() != 1 {
		return d, 0, damaged("link %s is not a CIDv1 with SHA-256", c)
	}
	copy(d[:], dec.Digest)
	return d, c.Type(), nil
}
