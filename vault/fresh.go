package vault

import (
	"encoding/binary"

	"roost/vault/catalog"
)

// fresh tells of most chunks that they were not put before, without asking the catalog: it holds, in a fixed amount of
// memory, a trace of each that was. A chunk that it takes for known may be new all the same; up to 4 million of them that
// is one in fifty, and with many more it only saves less.
type fresh struct {
	bits [freshBits / 64]uint64
}

const (
	freshBits   = 1 << 25 // 4 MiB
	freshTraces = 4       // bits that a chunk leaves
)

// add leaves a chunk's trace and tells whether it is certain that there was none.
func (f *fresh) add(id catalog.ChunkID) (isNew bool) {
	for i := range freshTraces {
		word, bit := f.at(id, i)
		isNew = isNew || *word&bit == 0
		*word |= bit
	}
	return isNew
}

// has tells whether a chunk may have been added; false is certain.
func (f *fresh) has(id catalog.ChunkID) bool {
	for i := range freshTraces {
		if word, bit := f.at(id, i); *word&bit == 0 {
			return false
		}
	}
	return true
}

// at is the place of a chunk's i-th bit. Ids are keyed hashes: any four bytes of one are as good as random.
func (f *fresh) at(id catalog.ChunkID, i int) (word *uint64, bit uint64) {
	n := binary.LittleEndian.Uint32(id[4*i:]) % freshBits
	return &f.bits[n/64], 1 << (n % 64)
}
