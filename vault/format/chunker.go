package format

import (
	"encoding/binary"

	"github.com/zeebo/blake3"
)

// Chunk sizes in bytes. A file is cut by content between ChunkMin and ChunkMax, normally near ChunkNormal.
const (
	ChunkMin    = 32 << 10
	ChunkNormal = 128 << 10
	ChunkMax    = MaxChunk
	// PageChunk is the fixed size for SQLite databases and disk images, which change in place.
	PageChunk = 16 << 10
)

// Masks of normalised chunking: 19 bits before ChunkNormal, 15 after. The top bits of the rolling value depend on
// the last 64 bytes.
const (
	maskEarly = uint64(1<<19-1) << (64 - 19)
	maskLate  = uint64(1<<15-1) << (64 - 15)
)

// Chunker cuts plaintext by content with a table that only this vault knows, so that chunk lengths do not tell which
// known file was stored.
type Chunker struct{ gear [256]uint64 }

// NewChunker derives the table: keyed BLAKE3 of "roost/v1/gear", 2048 bytes of output, as 256 little-endian words.
func NewChunker(key Secret) *Chunker {
	h, err := blake3.NewKeyed(key[:])
	if err != nil {
		panic(err) // 32 bytes are always a key
	}
	_, _ = h.Write([]byte("roost/v1/gear")) // a hash takes every write
	var out [256 * 8]byte
	_, _ = h.Digest().Read(out[:]) // as an endless output does
	c := &Chunker{}
	for i := range c.gear {
		c.gear[i] = binary.LittleEndian.Uint64(out[i*8:])
	}
	return c
}

// Cut returns the length of the first chunk of data. data holds at least ChunkMax bytes, or all that is left of the file.
func (c *Chunker) Cut(data []byte) int {
	n := len(data)
	if n <= ChunkMin {
		return n
	}
	n = min(n, ChunkMax)
	normal := min(n, ChunkNormal)
	fp, i := uint64(0), ChunkMin
	for _, b := range data[i:normal] {
		fp = fp<<1 + c.gear[b]
		i++
		if fp&maskEarly == 0 {
			return i
		}
	}
	for _, b := range data[i:n] {
		fp = fp<<1 + c.gear[b]
		i++
		if fp&maskLate == 0 {
			return i
		}
	}
	return n
}
