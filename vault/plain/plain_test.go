package plain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"
	"github.com/multiformats/go-multihash"

	"roost/vault/node"
)

// blocks are a source, and what a writer writes to.
type blocks map[cid.Cid][]byte

func (b blocks) Get(_ context.Context, c cid.Cid) ([]byte, error) {
	data, ok := b[c]
	if !ok {
		return nil, node.ErrNotFound
	}
	return data, nil
}

func (b blocks) put(_ context.Context, list []node.Block) error {
	for _, x := range list {
		b[x.CID] = x.Data
	}
	return nil
}

func (b blocks) raw(data []byte) cid.Cid {
	c, err := (cid.V1Builder{Codec: cid.Raw, MhType: multihash.SHA2_256}).Sum(data)
	if err != nil {
		panic(err)
	}
	b[c] = data
	return c
}

func (b blocks) proto(fs *unixfs.FSNode, links ...*ipld.Link) cid.Cid {
	n := new(merkledag.ProtoNode)
	for _, l := range links {
		if err := n.AddRawLink(l.Name, l); err != nil {
			panic(err)
		}
	}
	data, err := fs.GetBytes()
	if err != nil {
		panic(err)
	}
	n.SetData(data)
	if err := n.SetCidBuilder(builder); err != nil {
		panic(err)
	}
	b[n.Cid()] = n.RawData()
	return n.Cid()
}

func link(name string, c cid.Cid) *ipld.Link { return &ipld.Link{Name: name, Cid: c} }

func open(t testing.TB, b blocks, c cid.Cid) *Item {
	t.Helper()
	x, err := Open(t.Context(), b, c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func content(t testing.TB, x *Item) ([]byte, error) {
	var out []byte
	err := x.Read(t.Context(), func(b []byte) error { out = append(out, b...); return nil })
	return out, err
}

func names(t testing.TB, x *Item) (out map[string]cid.Cid, lost int) {
	t.Helper()
	out = map[string]cid.Cid{}
	err := x.Children(t.Context(), func(c Child) error { out[c.Name] = c.CID; return nil }, func(error) { lost++ })
	if err != nil {
		t.Fatal(err)
	}
	return out, lost
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	b := blocks{}
	w := NewWriter(b.put)
	at := time.Unix(1_600_000_000, 123_456_789)
	r := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{0, 1, leafSize - 1, leafSize, leafSize + 1, 3*leafSize + 7} {
		want := make([]byte, size)
		_, _ = r.Read(want) // never fails
		l, err := w.File(t.Context(), 0o4750, at, func(write func([]byte) error) error {
			for rest := want; len(rest) > 0; {
				n := min(len(rest), 100_000)
				if err := write(rest[:n]); err != nil {
					return err
				}
				rest = rest[n:]
			}
			return nil
		})
		if err == nil {
			err = w.Flush(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		x := open(t, b, l.CID)
		got, err := content(t, x)
		if err != nil || !bytes.Equal(got, want) || x.Size != uint64(size) || x.Mode != 0o4750 || !x.Time.Equal(at) {
			t.Errorf("%d bytes came back as %d with %+v, %v", size, len(got), x, err)
		}
	}
	l, err := w.Symlink(t.Context(), "../there", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := open(t, b, l.CID); x.Kind != Symlink || x.Target != "../there" || !x.Time.Equal(at) {
		t.Errorf("the link came back as %+v", x)
	}
}

// TestFilesOfManyLevelsComeBack: with leaves of a few bytes in the shape that a file of many gigabytes has.
func TestFilesOfManyLevelsComeBack(t *testing.T) {
	b := blocks{}
	tree := fileTree{w: NewWriter(b.put)}
	var want []byte
	for i := range 2*fileWidth + 3 {
		leaf := fmt.Appendf(nil, "%d,", i)
		want = append(want, leaf...)
		if err := tree.leaf(t.Context(), leaf); err != nil {
			t.Fatal(err)
		}
	}
	l, err := tree.finish(t.Context(), 0o644, time.Time{})
	if err == nil {
		err = tree.w.Flush(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	x := open(t, b, l.CID)
	if got, err := content(t, x); err != nil || !bytes.Equal(got, want) || len(x.node.links) != 3 {
		t.Errorf("%d bytes of %d came back over %d links, %v", len(got), len(want), len(x.node.links), err)
	}
}

func TestLargeFoldersAreInPartsAndLoseOnlyWhatIsMissing(t *testing.T) {
	b := blocks{}
	w := NewWriter(b.put)
	leaf := Link{CID: b.raw([]byte("x")), Size: 1}
	var list []Link
	for i := range 5000 {
		leaf.Name = fmt.Sprintf("%s %d", strings.Repeat("n", 80), i)
		list = append(list, leaf)
	}
	l, err := w.Folder(t.Context(), 0o2755, time.Unix(7, 0), list)
	if err == nil {
		err = w.Flush(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	x := open(t, b, l.CID)
	got, lost := names(t, x)
	if len(got) != len(list) || lost > 0 || x.Mode != 0o2755 || !x.Time.Equal(time.Unix(7, 0)) || x.node.unixfs.Type() != unixfs.THAMTShard {
		t.Fatalf("%d of %d names came back, %d lost: %+v", len(got), len(list), lost, x)
	}
	for _, c := range list {
		if got[c.Name] != c.CID {
			t.Fatalf("%s leads to %s", c.Name, got[c.Name])
		}
	}
	delete(b, x.node.links[0].Cid)
	left, lost := names(t, x)
	if lost != 1 || len(left) == 0 || len(left) >= len(list) {
		t.Errorf("with a part gone, %d of %d names and %d lost parts", len(left), len(list), lost)
	}
}

func TestFilesThatLieAreRefused(t *testing.T) {
	b := blocks{}
	leaf := b.raw(make([]byte, 1000))
	claims := func(size uint64, links ...*ipld.Link) cid.Cid {
		fs := unixfs.NewFSNode(unixfs.TFile)
		fs.UpdateFilesize(int64(size))
		return b.proto(fs, links...)
	}
	for name, c := range map[string]cid.Cid{
		"more than it claims":  claims(1500, link("", leaf), link("", leaf)),
		"less than it claims":  claims(2500, link("", leaf), link("", leaf)),
		"a folder as its part": claims(1000, link("", b.proto(unixfs.NewFSNode(unixfs.TDirectory), link("x", leaf)))),
	} {
		if _, err := content(t, open(t, b, c)); !IsMissing(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(t.Context(), b, claims(MaxFile+1)); !errors.Is(err, ErrTooMuch) {
		t.Errorf("a file of %d bytes: %v", uint64(MaxFile+1), err)
	}
	deep := leaf
	for range maxFileDepth + 1 {
		deep = claims(1000, link("", deep))
	}
	if _, err := content(t, open(t, b, deep)); !IsMissing(err) {
		t.Errorf("too many levels: %v", err)
	}
}

func TestWhatIsNoFilesIsSaid(t *testing.T) {
	b := blocks{}
	other, err := (cid.V1Builder{Codec: cid.DagCBOR, MhType: multihash.SHA2_256}).Sum([]byte("\xa0"))
	if err != nil {
		t.Fatal(err)
	}
	b[other] = []byte("\xa0")
	n := new(merkledag.ProtoNode)
	n.SetData([]byte("no UnixFS at all"))
	b[n.Cid()] = n.RawData()
	for _, c := range []cid.Cid{other, n.Cid(), b.proto(unixfs.NewFSNode(unixfs.TMetadata))} {
		if x, err := Open(t.Context(), b, c); !errors.Is(err, ErrNotFiles) {
			t.Errorf("%s is %+v, %v", c, x, err)
		}
	}
	inline, err := (cid.V1Builder{Codec: cid.Raw, MhType: multihash.IDENTITY}).Sum([]byte("small"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := content(t, open(t, b, inline)); err != nil || string(got) != "small" {
		t.Errorf("a name that is its content gave %q, %v", got, err)
	}
}

// FuzzRead: whatever a storage serves, reading it ends, and gives no more than it claims.
func FuzzRead(f *testing.F) {
	b := blocks{}
	leaf := b.raw([]byte("leaf"))
	dir := b.proto(unixfs.NewFSNode(unixfs.TDirectory), link("a", leaf))
	file := unixfs.NewFSNode(unixfs.TFile)
	file.AddBlockSize(4)
	shard, err := unixfs.HAMTShardData([]byte{1}, 256, 0x22)
	if err != nil {
		f.Fatal(err)
	}
	sharded := new(merkledag.ProtoNode)
	sharded.SetData(shard)
	if err := sharded.AddRawLink("00a", link("00a", leaf)); err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{b[dir], b[b.proto(file, link("", leaf))], sharded.RawData(), nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := builder.Sum(data)
		if err != nil {
			t.Fatal(err)
		}
		from := blocks{c: data, leaf: []byte("leaf")}
		x, err := Open(t.Context(), from, c)
		if err != nil {
			if !IsMissing(err) {
				t.Fatalf("%v", err)
			}
			return
		}
		switch x.Kind {
		case File:
			got, err := content(t, x)
			if err != nil && !IsMissing(err) || err == nil && uint64(len(got)) != x.Size {
				t.Fatalf("%d bytes of %d, %v", len(got), x.Size, err)
			}
		case Folder:
			names(t, x)
		case Symlink:
		}
	})
}
