package format

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
)

// The DAG around the packs is ordinary UnixFS, so that any IPFS tool can pin, copy, cat and export it.

// SpineWidth is how many children one spine node has at most; SpineDepth how many dag-pb levels lie above the packs.
// The depth is fixed from the first pack: a level added later would make one pin update read everything.
const (
	SpineWidth = 256
	SpineDepth = 3
)

// Link is one link of a dag-pb node.
type Link struct {
	Name   string
	Codec  uint64 // cid.Raw or cid.DagProtobuf
	Digest Digest
	File   uint64 // bytes of file content below; 0 in directories
	Total  uint64 // bytes of all blocks below ("Tsize")
}

// CID is the link's CID.
func (l Link) CID() cid.Cid {
	if l.Codec == cid.Raw {
		return l.Digest.RawCID()
	}
	return l.Digest.DagCID()
}

const (
	unixfsDirectory = 1
	unixfsFile      = 2
)

// EncodeFile returns a UnixFS file node over its children, in order.
func EncodeFile(children []Link) []byte {
	size := uint64(0)
	for _, c := range children {
		size += c.File
	}
	data := []byte{0x08, unixfsFile, 0x18}
	data = binary.AppendUvarint(data, size)
	for _, c := range children {
		data = binary.AppendUvarint(append(data, 0x20), c.File)
	}
	return encodeNode(children, data)
}

// EncodeDirectory returns a UnixFS directory; links are sorted by name here.
func EncodeDirectory(links []Link) []byte {
	links = slices.Clone(links)
	slices.SortFunc(links, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	return encodeNode(links, []byte{0x08, unixfsDirectory})
}

func encodeNode(links []Link, data []byte) []byte {
	var out, l []byte
	for _, x := range links {
		c := x.CID().Bytes()
		l = append(l[:0], 0x0a)
		l = append(binary.AppendUvarint(l, uint64(len(c))), c...)
		l = append(binary.AppendUvarint(append(l, 0x12), uint64(len(x.Name))), x.Name...)
		l = binary.AppendUvarint(append(l, 0x18), x.Total)
		out = append(binary.AppendUvarint(append(out, 0x12), uint64(len(l))), l...)
	}
	out = binary.AppendUvarint(append(out, 0x0a), uint64(len(data)))
	return append(out, data...)
}

// DecodeFile parses a spine node.
func DecodeFile(block []byte) ([]Link, error) {
	links, data, err := decodeNode(block)
	if err != nil {
		return nil, err
	}
	typ, sizes, err := decodeUnixFS(data)
	if err != nil {
		return nil, err
	}
	if typ != unixfsFile || len(sizes) != len(links) || len(links) > SpineWidth {
		return nil, damaged("spine node with %d links and %d sizes", len(links), len(sizes))
	}
	for i := range links {
		links[i].File = sizes[i]
	}
	return links, nil
}

// DecodeDirectory parses a root or a batch root.
func DecodeDirectory(block []byte) ([]Link, error) {
	links, data, err := decodeNode(block)
	if err != nil {
		return nil, err
	}
	typ, _, err := decodeUnixFS(data)
	if err != nil {
		return nil, err
	}
	if typ != unixfsDirectory {
		return nil, damaged("directory node of type %d", typ)
	}
	return links, nil
}

// field reads one protobuf field: number, varint value or bytes.
func field(b []byte) (num, v uint64, data, rest []byte, err error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, nil, nil, damaged("protobuf tag")
	}
	b = b[n:]
	v, n = binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, nil, nil, damaged("protobuf value")
	}
	b = b[n:]
	switch tag & 7 {
	case 0:
		return tag >> 3, v, nil, b, nil
	case 2:
		if v > uint64(len(b)) {
			return 0, 0, nil, nil, damaged("protobuf length")
		}
		return tag >> 3, v, b[:v], b[v:], nil
	}
	return 0, 0, nil, nil, damaged("protobuf wire type %d", tag&7)
}

func decodeNode(b []byte) (links []Link, data []byte, err error) {
	if len(b) > MaxBlockSize {
		return nil, nil, damaged("node of %d bytes", len(b))
	}
	for len(b) > 0 {
		var num uint64
		var d []byte
		if num, _, d, b, err = field(b); err != nil {
			return nil, nil, err
		}
		switch {
		case num == 2 && d != nil:
			l, err := decodeLink(d)
			if err != nil {
				return nil, nil, err
			}
			links = append(links, l)
		case num == 1 && d != nil && data == nil:
			data = d
		default:
			return nil, nil, damaged("node field %d", num)
		}
	}
	return links, data, nil
}

func decodeLink(b []byte) (l Link, err error) {
	for len(b) > 0 {
		var num, v uint64
		var d []byte
		if num, v, d, b, err = field(b); err != nil {
			return l, err
		}
		switch {
		case num == 1 && d != nil:
			c, err := cid.Cast(d)
			if err != nil {
				return l, damaged("link: %v", err)
			}
			if l.Digest, l.Codec, err = DigestOf(c); err != nil {
				return l, err
			}
		case num == 2 && d != nil:
			l.Name = string(d)
		case num == 3 && d == nil:
			l.Total = v
		default:
			return l, damaged("link field %d", num)
		}
	}
	if l.Codec != cid.Raw && l.Codec != cid.DagProtobuf {
		return l, damaged("link with codec %d", l.Codec)
	}
	return l, nil
}

func decodeUnixFS(b []byte) (typ uint64, sizes []uint64, err error) {
	var total, sum uint64
	for len(b) > 0 {
		var num, v uint64
		var d []byte
		if num, v, d, b, err = field(b); err != nil {
			return 0, nil, err
		}
		switch {
		case num == 1 && d == nil:
			typ = v
		case num == 3 && d == nil:
			total = v
		case num == 4 && d == nil:
			if v > math.MaxInt64-sum {
				return 0, nil, damaged("UnixFS sizes")
			}
			sum += v
			sizes = append(sizes, v)
		default:
			return 0, nil, damaged("UnixFS field %d", num)
		}
	}
	if total != sum {
		return 0, nil, damaged("UnixFS sizes do not add up")
	}
	return typ, sizes, nil
}

// Names of the links of a root.
const (
	linkPacks = "packs"
	linkKeys  = "keys"
	linkHead  = "head"
)

// Root is a device's root directory: the one pin that holds everything it needs.
type Root struct{ Packs, Keys, Head Link }

// EncodeRoot returns the root's block.
func EncodeRoot(r Root) []byte {
	r.Packs.Name, r.Keys.Name, r.Head.Name = linkPacks, linkKeys, linkHead
	return EncodeDirectory([]Link{r.Packs, r.Keys, r.Head})
}

// DecodeRoot parses a root.
func DecodeRoot(block []byte) (r Root, err error) {
	links, err := DecodeDirectory(block)
	if err != nil {
		return r, err
	}
	want := map[string]*Link{linkPacks: &r.Packs, linkKeys: &r.Keys, linkHead: &r.Head}
	for _, l := range links {
		dst := want[l.Name]
		if dst == nil || (l.Codec == cid.DagProtobuf) != (l.Name == linkPacks) {
			return r, damaged("directory that is not a root")
		}
		*dst = l
		delete(want, l.Name)
	}
	if len(want) > 0 {
		return r, damaged("directory that is not a root")
	}
	return r, nil
}

const linkMarker = "m"

// EncodeBatch returns the root of an upload batch: links to its packs, and to the marker.
func EncodeBatch(packs []Link, marker Link) []byte {
	links := make([]Link, 0, len(packs)+1)
	for i, p := range packs {
		p.Name = fmt.Sprintf("%04x", i)
		links = append(links, p)
	}
	marker.Name = linkMarker
	return EncodeDirectory(append(links, marker))
}

// DecodeBatch parses a batch root; ok is false for a directory that is none.
func DecodeBatch(block []byte) (packs []Link, marker Link, ok bool) {
	links, err := DecodeDirectory(block)
	if err != nil {
		return nil, marker, false
	}
	for i, l := range links {
		switch {
		case l.Codec != cid.Raw:
			return nil, marker, false
		case l.Name == linkMarker && i == len(links)-1:
			marker, ok = l, true
		case l.Name == fmt.Sprintf("%04x", i):
			packs = append(packs, l)
		default:
			return nil, marker, false
		}
	}
	return packs, marker, ok
}
