package format

import (
	"math"
	"testing"

	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	ipld "github.com/ipfs/go-ipld-format"
)

// foreignBlock is a node as IPFS's own library writes it.
func foreignBlock(t testing.TB, typ func() ([]byte, error), sizes ...uint64) []byte {
	t.Helper()
	data, err := typ()
	if err != nil {
		t.Fatal(err)
	}
	n := merkledag.NodeWithData(data)
	for i, s := range sizes {
		if err := n.AddRawLink(string(rune('a'+i)), &ipld.Link{Size: s, Cid: Sum([]byte{byte(i)}).RawCID()}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := n.EncodeProtobuf(true)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestForeignContentIsTold(t *testing.T) {
	file := func() ([]byte, error) {
		n := unixfs.NewFSNode(unixfs.TFile)
		n.AddBlockSize(300)
		n.AddBlockSize(20)
		return n.GetBytes()
	}
	for _, q := range []struct {
		name  string
		block []byte
		kind  string
		size  uint64 // of what it says; for all but files, the block itself comes on top
	}{
		{"a file in parts", foreignBlock(t, file, 310, 30), ForeignFile, 320},
		{"a small file", foreignBlock(t, func() ([]byte, error) { return unixfs.FilePBData([]byte("hello"), 5), nil }), ForeignFile, 5},
		{"a folder", foreignBlock(t, func() ([]byte, error) { return unixfs.FolderPBData(), nil }, 1000, 24), ForeignFolder, 1024},
		{"a folder in parts", foreignBlock(t, func() ([]byte, error) { return unixfs.HAMTShardData([]byte{3}, 256, 0x22) }, 700), ForeignFolder, 700},
		{"a link", foreignBlock(t, func() ([]byte, error) { return unixfs.SymlinkData("over there") }), ForeignLink, 0},
		{"no UnixFS", foreignBlock(t, func() ([]byte, error) { return []byte("anything"), nil }, 9), ForeignOther, 9},
		{"sizes that are nonsense", foreignBlock(t, func() ([]byte, error) { return unixfs.FolderPBData(), nil }, math.MaxInt64, math.MaxInt64), ForeignFolder, math.MaxInt64},
		{"no protobuf", []byte("\xff\xff"), ForeignOther, 0},
		{"nothing", nil, ForeignOther, 0},
	} {
		kind, size := Foreign(q.block)
		want := q.size
		if q.kind != ForeignFile {
			want = min(want+uint64(len(q.block)), math.MaxInt64)
		}
		if kind != q.kind || size != want {
			t.Errorf("%s: %s of %d bytes, want %s of %d", q.name, kind, size, q.kind, want)
		}
	}
}

func FuzzForeign(f *testing.F) {
	f.Add(foreignBlock(f, func() ([]byte, error) { return unixfs.FolderPBData(), nil }, 1, 2))
	f.Add([]byte{0x0a, 0x02, 0x08, 0x02})
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, size := Foreign(b)
		if size > math.MaxInt64 || kind != ForeignFile && kind != ForeignFolder && kind != ForeignLink && kind != ForeignOther {
			t.Errorf("%s of %d bytes", kind, size)
		}
	})
}
