package format

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// Index limits: how much one chunk of a segment holds.
const (
	IndexEntriesPerChunk = 16384
	IndexPacksPerChunk   = 8192
	indexEntrySize       = 16 + 4
	indexPackSize        = 32 + 1 + 4
)

// PackInfo names a pack: what a head and an index say of it.
type PackInfo struct {
	_      struct{} `cbor:",toarray"`
	Digest Digest
	Type   ObjectType
	Size   uint32
}

// IndexEntry says in which pack of the segment's table a chunk lies.
type IndexEntry struct {
	Prefix [16]byte
	Pack   uint32
}

// Segment is the root of one sorted index segment. Its parts are chunks in index packs, named directly, because an
// index cannot be found through an index.
type Segment struct {
	Chunks  uint64 `cbor:"1,keyasint"` // entries in all
	Packs   uint64 `cbor:"2,keyasint"` // packs in the table
	Tables  []Part `cbor:"3,keyasint"` // pack table, IndexPacksPerChunk packs each
	Entries []Part `cbor:"4,keyasint"` // entries, sorted; First is the first prefix of the part
}

// Part places one chunk of an index.
type Part struct {
	_     struct{} `cbor:",toarray"`
	First []byte   // 16 bytes, or empty in a table
	Pack  Digest
	ID    ChunkID
}

// SegmentRef places a segment's root.
type SegmentRef struct {
	_      struct{} `cbor:",toarray"`
	Pack   PackInfo
	ID     ChunkID
	Chunks uint64
	Packs  []PackInfo // the index packs that hold the segment's parts, Pack among them
}

// EncodeSegment returns the plaintext of a segment root.
func EncodeSegment(s *Segment) []byte { return encode(s) }

// DecodeSegment parses a segment root.
func DecodeSegment(b []byte) (*Segment, error) {
	s := &Segment{}
	if err := decode("index", b, s); err != nil {
		return nil, err
	}
	for i, p := range s.Entries {
		if len(p.First) != 16 || (i > 0 && bytes.Compare(s.Entries[i-1].First, p.First) > 0) {
			return nil, damaged("index parts are not in rising order")
		}
	}
	for _, p := range s.Tables {
		if len(p.First) != 0 {
			return nil, damaged("index table with a first entry")
		}
	}
	if s.Packs > uint64(len(s.Tables))*IndexPacksPerChunk || s.Chunks > uint64(len(s.Entries))*IndexEntriesPerChunk {
		return nil, damaged("index with fewer parts than it counts")
	}
	return s, nil
}

// EncodePackTable returns the plaintext of one table part: digest ‖ type ‖ size.
func EncodePackTable(packs []PackInfo) []byte {
	b := make([]byte, 0, len(packs)*indexPackSize)
	for _, p := range packs {
		b = append(b, p.Digest[:]...)
		b = append(b, byte(p.Type))
		b = binary.BigEndian.AppendUint32(b, p.Size)
	}
	return b
}

// DecodePackTable parses one table part.
func DecodePackTable(b []byte) ([]PackInfo, error) {
	if len(b)%indexPackSize != 0 {
		return nil, damaged("a pack table of %d bytes", len(b))
	}
	out := make([]PackInfo, 0, len(b)/indexPackSize)
	for ; len(b) > 0; b = b[indexPackSize:] {
		p := PackInfo{Digest: Digest(b[:32]), Type: ObjectType(b[32]), Size: binary.BigEndian.Uint32(b[33:])}
		if err := p.check(); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (p PackInfo) check() error {
	if p.Type < DataPack || p.Type > IndexPack || p.Size < sealOverhead || p.Size > MaxBlockSize {
		return damaged("a pack of type %d and %d bytes", p.Type, p.Size)
	}
	return nil
}

// SortEntries sorts as a segment wants it.
func SortEntries(e []IndexEntry) {
	slices.SortFunc(e, func(a, b IndexEntry) int {
		return cmp.Or(bytes.Compare(a.Prefix[:], b.Prefix[:]), cmp.Compare(a.Pack, b.Pack))
	})
}

// EncodeEntries returns the plaintext of one part of sorted entries: prefix ‖ pack number.
func EncodeEntries(e []IndexEntry) []byte {
	b := make([]byte, 0, len(e)*indexEntrySize)
	for _, x := range e {
		b = append(b, x.Prefix[:]...)
		b = binary.BigEndian.AppendUint32(b, x.Pack)
	}
	return b
}

// DecodeEntries parses one part; packs is the length of the segment's table.
func DecodeEntries(b []byte, packs uint64) ([]IndexEntry, error) {
	if len(b)%indexEntrySize != 0 {
		return nil, damaged("index entries of %d bytes", len(b))
	}
	out := make([]IndexEntry, 0, len(b)/indexEntrySize)
	for ; len(b) > 0; b = b[indexEntrySize:] {
		e := IndexEntry{Prefix: [16]byte(b[:16]), Pack: binary.BigEndian.Uint32(b[16:])}
		if uint64(e.Pack) >= packs || (len(out) > 0 && bytes.Compare(out[len(out)-1].Prefix[:], e.Prefix[:]) > 0) {
			return nil, damaged("index entries out of order or of an unknown pack")
		}
		out = append(out, e)
	}
	return out, nil
}
