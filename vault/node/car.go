package node

import (
	"encoding/binary"
	"io"

	"github.com/ipfs/go-cid"
)

// car reads as a CARv1 file (https://ipld.io/specs/transport/car/carv1/): a header that names one root, then every
// block after its length and CID. The blocks' own memory is read; nothing is put together first.
type car struct {
	blocks []Block
	parts  [2][]byte // what is to be read before the next block: header or section head, then data
}

// newCAR returns blocks as a CAR whose header names root.
func newCAR(root cid.Cid, blocks []Block) *car {
	return &car{blocks: blocks, parts: [2][]byte{carHeader(root), nil}}
}

// carHeader is the length-prefixed dag-cbor map {"roots": [root], "version": 1}; keys shortest first.
func carHeader(root cid.Cid) []byte {
	link := append([]byte{0}, root.Bytes()...) // the identity multibase prefix that dag-cbor wants in a CID
	h := []byte{0xa2, 0x65}
	h = append(h, "roots"...)
	h = append(h, 0x81, 0xd8, 42) // one element: tag 42, a byte string
	h = appendByteStringHead(h, len(link))
	h = append(h, link...)
	h = append(h, 0x67)
	h = append(h, "version"...)
	h = append(h, 1)
	return append(binary.AppendUvarint(nil, uint64(len(h))), h...)
}

// appendByteStringHead appends the CBOR head of a byte string of n < 65536 bytes, in its shortest form.
func appendByteStringHead(b []byte, n int) []byte {
	switch {
	case n < 24:
		return append(b, 0x40|byte(n))
	case n < 256:
		return append(b, 0x58, byte(n))
	default:
		return append(b, 0x59, byte(n>>8), byte(n))
	}
}

func (r *car) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		for len(r.parts[0]) == 0 {
			if r.parts[0], r.parts[1] = r.parts[1], nil; len(r.parts[0]) > 0 {
				break
			}
			if len(r.blocks) == 0 {
				if n > 0 {
					return n, nil
				}
				return 0, io.EOF
			}
			b := r.blocks[0]
			r.blocks = r.blocks[1:]
			name := b.CID.Bytes()
			head := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(name)), uint64(len(name)+len(b.Data)))
			r.parts = [2][]byte{append(head, name...), b.Data}
		}
		m := copy(p[n:], r.parts[0])
		r.parts[0] = r.parts[0][m:]
		n += m
	}
	return n, nil
}
