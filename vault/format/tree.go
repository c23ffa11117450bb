package format

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// EntryType says what a name in a directory is.
type EntryType uint8

// Entry types.
const (
	TypeFile    EntryType = 1
	TypeDir     EntryType = 2
	TypeSymlink EntryType = 3
)

// Limits of trees and lists.
const (
	// InlineChunks is how many chunk ids a tree entry holds; a longer file has a list.
	InlineChunks = 32
	// MaxListLevel bounds the depth of lists: level 0 names chunks, level n lists of level n-1.
	MaxListLevel = 4
	// MaxTreeLevel bounds the branches above the leaves of one directory.
	MaxTreeLevel = 8
	// MaxDepth bounds how deep directories nest.
	MaxDepth = 16384
	// MaxHoles bounds the holes of one sparse file.
	MaxHoles = 4096
)

// Entry is one name in a directory. Fields that do not apply to the type are absent.
type Entry struct {
	Name   []byte    `cbor:"1,keyasint"` // raw bytes, as the operating system gives them
	Type   EntryType `cbor:"2,keyasint"`
	Mode   uint32    `cbor:"3,keyasint"` // permission bits with setuid, setgid, sticky: 0o7777
	MTime  int64     `cbor:"4,keyasint"` // seconds since 1970, may be negative
	MNano  uint32    `cbor:"5,keyasint,omitempty"`
	Size   uint64    `cbor:"6,keyasint,omitempty"`  // file: length in bytes, holes included
	Chunks []byte    `cbor:"7,keyasint,omitempty"`  // file: ids of its chunks, in order, at most InlineChunks
	List   []byte    `cbor:"8,keyasint,omitempty"`  // file: id of its list instead of Chunks
	Holes  []Hole    `cbor:"9,keyasint,omitempty"`  // file: ranges of zeros that no chunk holds, ascending
	Tree   []byte    `cbor:"10,keyasint,omitempty"` // directory: id of its tree
	Target []byte    `cbor:"11,keyasint,omitempty"` // symlink: where it points
	Xattrs []Xattr   `cbor:"12,keyasint,omitempty"` // sorted by name
	Link   []byte    `cbor:"13,keyasint,omitempty"` // file: equal (8 bytes) for the names of one hard-linked file
	Owner  *Owner    `cbor:"14,keyasint,omitempty"`
}

// Hole is a range of zeros in a sparse file, in bytes.
type Hole struct {
	_   struct{} `cbor:",toarray"`
	Off uint64
	Len uint64
}

// Xattr is one extended attribute.
type Xattr struct {
	_     struct{} `cbor:",toarray"`
	Name  []byte
	Value []byte
}

// Owner is the numeric owner and group.
type Owner struct {
	_   struct{} `cbor:",toarray"`
	UID uint32
	GID uint32
}

// Tree is one node of a directory: entries, or for a large directory, branches to further nodes.
type Tree struct {
	Entries  []Entry  `cbor:"1,keyasint,omitempty"`
	Branches []Branch `cbor:"2,keyasint,omitempty"`
}

// Branch names a node of the same directory and the first name in it.
type Branch struct {
	_     struct{} `cbor:",toarray"`
	First []byte
	Node  []byte // chunk id
}

// EncodeTree returns the plaintext of a tree chunk. Entries must be sorted by the bytes of their names.
func EncodeTree(t *Tree) []byte { return encode(t) }

// EncodeEntry returns one entry alone, as it stands inside a tree.
func EncodeEntry(e *Entry) []byte { return encode(e) }

// DecodeEntry parses what EncodeEntry made; the root entry of a folder has no name.
func DecodeEntry(b []byte) (*Entry, error) {
	e := &Entry{}
	if err := decode("entry", b, e); err != nil {
		return nil, err
	}
	if len(e.Name) > 0 {
		if err := checkName(e.Name); err != nil {
			return nil, err
		}
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// DecodeTree parses and checks a tree: names are names, in strictly rising order, and every field fits its type.
func DecodeTree(b []byte) (*Tree, error) {
	t := &Tree{}
	if err := decode("tree", b, t); err != nil {
		return nil, err
	}
	if len(t.Entries) > 0 && len(t.Branches) > 0 {
		return nil, damaged("tree with both entries and branches")
	}
	var last []byte
	for i := range t.Entries {
		e := &t.Entries[i]
		if err := checkName(e.Name); err != nil {
			return nil, err
		}
		if i > 0 && bytes.Compare(last, e.Name) >= 0 {
			return nil, damaged("tree names are not in rising order")
		}
		if err := e.check(); err != nil {
			return nil, err
		}
		last = e.Name
	}
	for i, br := range t.Branches {
		if err := checkName(br.First); err != nil {
			return nil, err
		}
		if len(br.Node) != 32 || (i > 0 && bytes.Compare(t.Branches[i-1].First, br.First) >= 0) {
			return nil, damaged("tree branches are not in rising order")
		}
	}
	return t, nil
}

func checkName(n []byte) error {
	if len(n) == 0 || len(n) > 4096 || string(n) == "." || string(n) == ".." || bytes.IndexByte(n, 0) >= 0 || bytes.IndexByte(n, '/') >= 0 {
		return damaged("a name in a tree that no directory can hold")
	}
	return nil
}

func (e *Entry) check() error {
	ids := len(e.Chunks)
	ok := e.MNano < 1e9 && e.Mode <= 0o7777 && (len(e.Link) == 0 || len(e.Link) == 8)
	switch e.Type {
	case TypeFile:
		ok = ok && len(e.Tree) == 0 && len(e.Target) == 0 && ids%32 == 0 && ids <= InlineChunks*32 &&
			(len(e.List) == 0 || (len(e.List) == 32 && ids == 0)) && e.checkSize()
	case TypeDir:
		ok = ok && len(e.Tree) == 32 && ids == 0 && len(e.List) == 0 && len(e.Target) == 0 && e.Size == 0 && len(e.Holes) == 0
	case TypeSymlink:
		ok = ok && len(e.Target) > 0 && bytes.IndexByte(e.Target, 0) < 0 && ids == 0 && len(e.List) == 0 && len(e.Tree) == 0 && e.Size == 0 && len(e.Holes) == 0
	default:
		ok = false
	}
	for _, x := range e.Xattrs {
		ok = ok && len(x.Name) > 0 && !strings.Contains(string(x.Name), "\x00")
	}
	if !ok {
		return damaged("tree entry of type %d with fields that do not fit it", e.Type)
	}
	return nil
}

// checkSize: the holes lie apart inside the file, and the chunks can hold what is left; no size is only claimed.
func (e *Entry) checkSize() bool {
	if e.Size > math.MaxInt64 || len(e.Holes) > MaxHoles {
		return false
	}
	end, data := uint64(0), e.Size
	for _, x := range e.Holes {
		if x.Len == 0 || x.Off < end || x.Off > e.Size || x.Len > e.Size-x.Off {
			return false
		}
		end = x.Off + x.Len
		data -= x.Len
	}
	if len(e.List) > 0 {
		return data > 0
	}
	n := uint64(len(e.Chunks) / 32)
	return data >= n && data <= n*MaxChunk
}

// ListItem names one child of a list and the plaintext bytes below it.
type ListItem struct {
	ID   ChunkID
	Size uint64
}

// MaxListItems is how many items one list chunk holds.
const MaxListItems = 8192

const listItemSize = 40

// EncodeList returns the plaintext of a list chunk: level, then id ‖ size (big-endian) of each child.
func EncodeList(level int, items []ListItem) []byte {
	b := make([]byte, 1, 1+len(items)*listItemSize)
	b[0] = byte(level)
	for _, it := range items {
		b = append(b, it.ID[:]...)
		b = binary.BigEndian.AppendUint64(b, it.Size)
	}
	return b
}

// DecodeList parses a list chunk.
func DecodeList(b []byte) (level int, items []ListItem, err error) {
	if n := (len(b) - 1) / listItemSize; n < 1 || n > MaxListItems || (len(b)-1)%listItemSize != 0 || b[0] > MaxListLevel {
		return 0, nil, damaged("a list of %d bytes", len(b))
	}
	items = make([]ListItem, 0, (len(b)-1)/listItemSize)
	total := uint64(0)
	for p := b[1:]; len(p) > 0; p = p[listItemSize:] {
		it := ListItem{ID: ChunkID(p[:32]), Size: binary.BigEndian.Uint64(p[32:])}
		if it.Size == 0 || it.Size > math.MaxInt64-total || (b[0] == 0 && it.Size > MaxChunk) {
			return 0, nil, damaged("a list whose sizes do not add up")
		}
		total += it.Size
		items = append(items, it)
	}
	return int(b[0]), items, nil
}

// JoinEntries makes the plaintext of a tree from entries that EncodeEntry made: the same bytes as EncodeTree.
func JoinEntries(entries [][]byte) []byte {
	raw := make([]cbor.RawMessage, len(entries))
	for i, e := range entries {
		raw[i] = e
	}
	return encode(struct {
		Entries []cbor.RawMessage `cbor:"1,keyasint,omitempty"`
	}{raw})
}
