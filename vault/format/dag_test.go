package format

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"
)

func leaf(b byte, size uint64) Link {
	return Link{Codec: cid.Raw, Digest: Digest{b}, File: size, Total: size}
}

// boxoNode decodes our block with IPFS's own library and lets it encode the node again: other bytes would be another CID.
func boxoNode(t *testing.T, block []byte) *merkledag.ProtoNode {
	t.Helper()
	b, err := blocks.NewBlockWithCid(block, Sum(block).DagCID())
	if err != nil {
		t.Fatal(err)
	}
	n, err := merkledag.DecodeProtobufBlock(b)
	if err != nil {
		t.Fatalf("IPFS does not decode it: %v", err)
	}
	pn := n.(*merkledag.ProtoNode)
	fresh := merkledag.NodeWithData(pn.Data())
	if err := fresh.SetCidBuilder(merkledag.V1CidPrefix()); err != nil {
		t.Fatal(err)
	}
	for _, l := range pn.Links() {
		if err := fresh.AddRawLink(l.Name, l); err != nil {
			t.Fatal(err)
		}
	}
	again, err := fresh.EncodeProtobuf(true)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, block) || !fresh.Cid().Equals(Sum(block).DagCID()) {
		t.Errorf("IPFS encodes the same node as\n%x, ours is\n%x", again, block)
	}
	return pn
}

func TestSpineNodesAreOrdinaryUnixFSFiles(t *testing.T) {
	for _, n := range []int{0, 1, 2, 255, SpineWidth} {
		var children []Link
		want := unixfs.NewFSNode(unixfs.TFile)
		for i := range n {
			l := leaf(byte(i), uint64(MinPackSize<<(i%7)))
			if i%2 == 1 {
				l.Codec = cid.DagProtobuf
				l.Total += 1000
			}
			children = append(children, l)
			want.AddBlockSize(l.File)
		}
		block := EncodeFile(children)
		pn := boxoNode(t, block)
		data, err := want.GetBytes()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(pn.Data(), data) {
			t.Errorf("%d children: UnixFS data %x, IPFS writes %x", n, pn.Data(), data)
		}
		fs, err := unixfs.FSNodeFromBytes(pn.Data())
		if err != nil || fs.FileSize() != want.FileSize() || fs.NumChildren() != n {
			t.Errorf("%d children: %v", n, err)
		}
		got := must(DecodeFile(block))(t)
		if len(got) != n || (n > 0 && !reflect.DeepEqual(got, children)) {
			t.Errorf("%d children came back as %d", n, len(got))
		}
		for i, l := range pn.Links() {
			if l.Name != "" || !l.Cid.Equals(children[i].CID()) || l.Size != children[i].Total {
				t.Errorf("link %d: %+v", i, l)
			}
		}
	}
}

func TestRootsAndBatchesAreOrdinaryUnixFSDirectories(t *testing.T) {
	root := Root{Packs: Link{Codec: cid.DagProtobuf, Digest: Digest{1}, Total: 5000}, Keys: leaf(2, 0), Head: leaf(3, 0)}
	root.Keys.Total, root.Head.Total = 1024, 2048
	pn := boxoNode(t, EncodeRoot(root))
	if fs, err := unixfs.FSNodeFromBytes(pn.Data()); err != nil || fs.Type() != unixfs.TDirectory {
		t.Errorf("root: %v", err)
	}
	if l, err := pn.GetNodeLink("packs"); err != nil || !l.Cid.Equals(root.Packs.CID()) {
		t.Errorf("packs: %v %v", l, err)
	}
	got := must(DecodeRoot(EncodeRoot(root)))(t)
	root.Packs.Name, root.Keys.Name, root.Head.Name = "packs", "keys", "head"
	if got != root {
		t.Errorf("got %+v", got)
	}

	var packs []Link
	for i := range byte(64) {
		packs = append(packs, Link{Codec: cid.Raw, Digest: Digest{i}, Total: PackSize})
	}
	marker := Link{Codec: cid.Raw, Digest: Digest{99}, Total: MinBlockSize}
	block := EncodeBatch(packs, marker)
	boxoNode(t, block)
	gotPacks, gotMarker, ok := DecodeBatch(block)
	if !ok || len(gotPacks) != 64 || gotMarker.Digest != marker.Digest {
		t.Fatalf("batch: %v, %d packs", ok, len(gotPacks))
	}
	for i := range packs {
		if gotPacks[i].Digest != packs[i].Digest {
			t.Errorf("pack %d is another", i)
		}
	}
	for what, dir := range map[string][]byte{
		"a root": EncodeRoot(root), "an empty directory": EncodeDirectory(nil), "a file": EncodeFile(nil), "no node": []byte("x"),
		"no marker":      EncodeDirectory([]Link{{Name: "0000", Codec: cid.Raw}}),
		"a gap":          EncodeDirectory([]Link{{Name: "0001", Codec: cid.Raw}, {Name: "m", Codec: cid.Raw}}),
		"one name twice": EncodeDirectory([]Link{{Name: "0000", Codec: cid.Raw}, {Name: "0000", Codec: cid.Raw}, {Name: "m", Codec: cid.Raw}}),
		"a directory":    EncodeDirectory([]Link{{Name: "0000", Codec: cid.DagProtobuf}, {Name: "m", Codec: cid.Raw}}),
		"more behind":    EncodeDirectory([]Link{{Name: "m", Codec: cid.Raw}, {Name: "n", Codec: cid.Raw}}),
	} {
		if _, _, ok := DecodeBatch(dir); ok {
			t.Errorf("%s was taken for a batch", what)
		}
	}
	if _, _, ok := DecodeBatch(EncodeBatch(nil, marker)); !ok {
		t.Error("a batch without packs")
	}
}

// TestTheSpineIsReadByIPFS builds a sparse spine and lets IPFS's own DAG reader walk it in order.
func TestTheSpineIsReadByIPFS(t *testing.T) {
	store := map[cid.Cid][]byte{}
	put := func(block []byte) Link {
		links := must(DecodeFile(block))(t)
		l := Link{Codec: cid.DagProtobuf, Digest: Sum(block), Total: uint64(len(block))}
		for _, c := range links {
			l.File += c.File
			l.Total += c.Total
		}
		store[l.CID()] = block
		return l
	}
	var want []byte
	var middles []Link
	for m := range 3 {
		var bottoms []Link
		for b := range 2 - m%2 { // nodes that pruning left thin
			var leaves []Link
			for i := range 3 + b {
				pack := bytes.Repeat([]byte{byte(m), byte(b), byte(i)}, 100)
				want = append(want, pack...)
				d := Sum(pack)
				store[d.RawCID()] = pack
				leaves = append(leaves, Link{Codec: cid.Raw, Digest: d, File: 300, Total: 300})
			}
			bottoms = append(bottoms, put(EncodeFile(leaves)))
		}
		middles = append(middles, put(EncodeFile(bottoms)))
	}
	root := put(EncodeFile(middles))
	if root.File != uint64(len(want)) {
		t.Errorf("size %d", root.File)
	}
	var got []byte
	walk := func(_ context.Context, c cid.Cid) ([]*ipld.Link, error) {
		if c.Type() == cid.Raw {
			got = append(got, store[c]...)
			return nil, nil
		}
		return boxoNode(t, store[c]).Links(), nil
	}
	if err := merkledag.Walk(t.Context(), walk, root.CID(), func(cid.Cid) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("IPFS reads other bytes from the spine")
	}
}

func TestNodesThatAreNotOursAreRefused(t *testing.T) {
	good := EncodeFile([]Link{leaf(1, 10), leaf(2, 20)})
	c1 := leaf(1, 1).CID().Bytes()
	link := func(fields ...byte) []byte { return append([]byte{0x12, byte(len(fields))}, fields...) }
	withLink := func(l []byte, data ...byte) []byte {
		return append(bytes.Clone(l), append([]byte{0x0a, byte(len(data))}, data...)...)
	}
	hash := append([]byte{0x0a, byte(len(c1))}, c1...)
	for what, b := range map[string][]byte{
		"nothing at all":         nil,
		"half":                   good[:len(good)/2],
		"two data fields":        append(bytes.Clone(good), 0x0a, 0x00),
		"an unknown field":       append(bytes.Clone(good), 0x1a, 0x00),
		"a fixed 64-bit field":   append(bytes.Clone(good), 0x09, 0, 0, 0, 0, 0, 0, 0, 0),
		"a length of 2^63":       append(bytes.Clone(good), 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"an endless number":      append(bytes.Clone(good), bytes.Repeat([]byte{0xff}, 20)...),
		"a directory":            EncodeDirectory(nil),
		"a file with content":    withLink(nil, 0x08, 2, 0x12, 1, 'x', 0x18, 1),
		"a raw UnixFS node":      withLink(nil, 0x08, 0, 0x18, 0),
		"a symlink":              withLink(nil, 0x08, 4),
		"a sharded directory":    withLink(nil, 0x08, 5),
		"a size without a link":  withLink(nil, 0x08, 2, 0x18, 5, 0x20, 5),
		"a link without a size":  withLink(link(hash...), 0x08, 2, 0x18, 0),
		"sizes that differ":      withLink(link(hash...), 0x08, 2, 0x18, 6, 0x20, 5),
		"sizes that overflow":    withLink(append(link(hash...), link(hash...)...), append(append([]byte{0x08, 2, 0x18, 0}, 0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), 0x20, 1)...),
		"a link without a CID":   withLink(link(0x12, 0x00), 0x08, 2, 0x18, 0, 0x20, 0),
		"a link to no CID":       withLink(link(0x0a, 0x01, 0x55), 0x08, 2, 0x18, 0, 0x20, 0),
		"a link of another code": withLink(link(append([]byte{0x0a, 36, 1, 0x71, 0x12, 32}, id32(1)...)...), 0x08, 2, 0x18, 0, 0x20, 0),
		"a CIDv0 link":           withLink(link(append([]byte{0x0a, 34, 0x12, 32}, id32(1)...)...), 0x08, 2, 0x18, 0, 0x20, 0),
		"an identity link":       withLink(link(0x0a, 4, 1, 0x55, 0, 0), 0x08, 2, 0x18, 0, 0x20, 0),
		"257 children":           EncodeFile(make257()),
		"over the block limit":   make([]byte, MaxBlockSize+1),
	} {
		_, err := DecodeFile(b)
		wantErr(t, what, err, ErrDamaged)
	}
	packs := Link{Name: "packs", Codec: cid.DagProtobuf}
	keys, head := Link{Name: "keys", Codec: cid.Raw}, Link{Name: "head", Codec: cid.Raw}
	renamed := func(l Link, name string, codec uint64) Link { l.Name, l.Codec = name, codec; return l }
	for what, links := range map[string][]Link{
		"empty": nil, "no packs": {keys, head}, "no keys": {packs, head}, "no head": {packs, keys},
		"one twice":       {packs, keys, head, head},
		"one more":        {packs, keys, head, renamed(keys, "x", cid.Raw)},
		"packs raw":       {renamed(packs, "packs", cid.Raw), keys, head},
		"a nested head":   {packs, keys, renamed(head, "head", cid.DagProtobuf)},
		"nested keys":     {packs, renamed(keys, "keys", cid.DagProtobuf), head},
		"names with path": {renamed(packs, "../packs", cid.DagProtobuf), keys, head},
	} {
		_, err := DecodeRoot(EncodeDirectory(links))
		wantErr(t, what, err, ErrDamaged)
	}
	_, err := DecodeRoot(EncodeFile(nil))
	wantErr(t, "a file as root", err, ErrDamaged)
}

func make257() []Link {
	out := make([]Link, 257)
	for i := range out {
		out[i] = leaf(byte(i), 1)
	}
	return out
}

func TestSizesUpToTheLimitAreKept(t *testing.T) {
	want := []Link{{Codec: cid.DagProtobuf, File: math.MaxInt64 - 1, Total: math.MaxUint64}, leaf(2, 1)}
	if got := must(DecodeFile(EncodeFile(want)))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func fuzzNodes(f *testing.F) {
	f.Add(EncodeFile([]Link{leaf(1, 10), leaf(2, 20)}))
	f.Add(EncodeRoot(Root{Packs: Link{Codec: cid.DagProtobuf}, Keys: leaf(1, 0), Head: leaf(2, 0)}))
	f.Add(EncodeBatch([]Link{leaf(1, 0)}, leaf(2, 0)))
	f.Add([]byte(strings.Repeat("\x12\x00", 10)))
}

func FuzzDecodeFile(f *testing.F) {
	fuzzNodes(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		links, err := DecodeFile(b)
		if err != nil {
			return
		}
		again, err := DecodeFile(EncodeFile(links))
		if err != nil || fmt.Sprint(nameless(again)) != fmt.Sprint(nameless(links)) {
			t.Fatalf("%v came back as %v, %v", links, again, err)
		}
	})
}

func nameless(l []Link) []Link {
	for i := range l {
		l[i].Name = ""
	}
	return l
}

func FuzzDecodeDirectory(f *testing.F) {
	fuzzNodes(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if links, err := DecodeDirectory(b); err == nil {
			if _, err := DecodeDirectory(EncodeDirectory(links)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzDecodeRoot(f *testing.F) {
	fuzzNodes(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRoot(b)
		if err != nil {
			return
		}
		if again, err := DecodeRoot(EncodeRoot(r)); err != nil || again != r {
			t.Fatalf("%v came back as %v, %v", r, again, err)
		}
	})
}

func FuzzDecodeBatch(f *testing.F) {
	fuzzNodes(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if packs, marker, ok := DecodeBatch(b); ok {
			if again, _, ok := DecodeBatch(EncodeBatch(packs, marker)); !ok || len(again) != len(packs) {
				t.Fatal("a batch that was accepted cannot be written")
			}
		}
	})
}
