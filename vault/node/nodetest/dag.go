package nodetest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	mh "github.com/multiformats/go-multihash"

	"roost/vault/node"
)

// Raw returns data as a raw block.
func Raw(data []byte) node.Block { return block(cid.Raw, data) }

// Dir returns a UnixFS directory, one dag-pb block, of the given entries.
func Dir(entries ...node.Entry) node.Block {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b node.Entry) int { return strings.Compare(a.Name, b.Name) })
	var pb []byte
	for _, e := range entries {
		link := appendBytes(nil, 1, e.CID.Bytes())
		link = appendBytes(link, 2, []byte(e.Name))
		link = append(link, 3<<3, 0) // Tsize, which nobody needs here
		pb = appendBytes(pb, 2, link)
	}
	return block(cid.DagProtobuf, appendBytes(pb, 1, []byte{1 << 3, 1})) // UnixFS: Type = Directory
}

// Links returns the links of a dag-pb block in their order; a raw block has none.
func Links(b node.Block) ([]node.Entry, error) {
	if b.CID.Type() != cid.DagProtobuf {
		return nil, nil
	}
	var entries []node.Entry
	err := eachField(b.Data, func(field int, value []byte) error {
		if field != 2 {
			return nil
		}
		var e node.Entry
		err := eachField(value, func(field int, value []byte) (err error) {
			switch field {
			case 1:
				e.CID, err = cid.Cast(value)
			case 2:
				e.Name = string(value)
			}
			return err
		})
		if err == nil && !e.CID.Defined() {
			err = fmt.Errorf("a link without a hash")
		}
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read dag-pb block: %w", err)
	}
	return entries, nil
}

func block(codec uint64, data []byte) node.Block {
	sum, err := mh.Sum(data, mh.SHA2_256, -1)
	if err != nil {
		panic(err)
	}
	return node.Block{CID: cid.NewCidV1(codec, sum), Data: data}
}

// appendBytes appends a protobuf field of the length-delimited kind.
func appendBytes(pb []byte, field int, value []byte) []byte {
	pb = binary.AppendUvarint(pb, uint64(field)<<3|2)
	pb = binary.AppendUvarint(pb, uint64(len(value)))
	return append(pb, value...)
}

// eachField calls do with every length-delimited field of a protobuf message, and skips numbers.
func eachField(pb []byte, do func(field int, value []byte) error) error {
	for len(pb) > 0 {
		tag, n := binary.Uvarint(pb)
		if n <= 0 {
			return fmt.Errorf("bad tag")
		}
		pb = pb[n:]
		v, n := binary.Uvarint(pb)
		if n <= 0 {
			return fmt.Errorf("bad value")
		}
		pb = pb[n:]
		switch tag & 7 {
		case 0:
		case 2:
			if v > uint64(len(pb)) {
				return fmt.Errorf("field longer than its block")
			}
			if err := do(int(tag>>3), pb[:v]); err != nil {
				return err
			}
			pb = pb[v:]
		default:
			return fmt.Errorf("field of unknown kind")
		}
	}
	return nil
}
