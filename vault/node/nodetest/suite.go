package nodetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

// Suite is what every node.Node keeps. open returns a node for one test; it may hold other things and serve several
// tests, which do not run at the same time.
func Suite(t *testing.T, open func(*testing.T) node.Node) {
	for _, c := range []struct {
		name string
		test func(*testing.T, node.Node)
	}{
		{"InfoNamesTheNode", infoNamesTheNode},
		{"BlocksComeBack", blocksComeBack},
		{"MissingBlockIsNotFound", missingBlockIsNotFound},
		{"BlocksUpToTwoMebibytes", blocksUpToTwoMebibytes},
		{"WrongBytesAreRefused", wrongBytesAreRefused},
		{"ImportPinsItsRoot", importPinsItsRoot},
		{"ImportNeedsItsRoot", importNeedsItsRoot},
		{"ImportWithoutAChildTimesOut", importWithoutAChildTimesOut},
		{"ImportTwiceNeverRepins", importTwiceNeverRepins},
		{"PinAddNamesAndNeverRepins", pinAddNamesAndNeverRepins},
		{"PinAddWithoutAChildTimesOut", pinAddWithoutAChildTimesOut},
		{"PinUpdateKeepsTheName", pinUpdateKeepsTheName},
		{"PinUpdateWithoutAChildTimesOut", pinUpdateWithoutAChildTimesOut},
		{"PinRemoveIsIdempotent", pinRemoveIsIdempotent},
		{"PinsAreComplete", pinsAreComplete},
		{"GCKeepsWhatIsPinnedOrLinked", gcKeepsWhatIsPinnedOrLinked},
		{"GCNeverTakesAnImport", gcNeverTakesAnImport},
		{"LinkIsExclusive", linkIsExclusive},
		{"LinkNeedsItsTarget", linkNeedsItsTarget},
		{"ListIsOrderedAndUnlinkRecursive", listIsOrderedAndUnlinkRecursive},
		{"OddPathsAreRefused", oddPathsAreRefused},
		{"UsageGrows", usageGrows},
		{"ContextEndsACall", contextEndsACall},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

var unique atomic.Uint64

// raw returns a block that no other test has.
func raw(size int) node.Block {
	head := fmt.Appendf(nil, "%d %d ", time.Now().UnixNano(), unique.Add(1))
	return Raw(append(head, bytes.Repeat([]byte{'r'}, max(0, size-len(head)))...))
}

// tree returns n raw blocks and a directory of them, which comes last.
func tree(n, size int) (leaves []node.Block, root node.Block) {
	var entries []node.Entry
	for i := range n {
		b := raw(size)
		leaves = append(leaves, b)
		entries = append(entries, node.Entry{Name: fmt.Sprintf("%04d", i), CID: b.CID})
	}
	return leaves, Dir(entries...)
}

func all(leaves []node.Block, root node.Block) []node.Block {
	return append(slices.Clone(leaves), root)
}

// place returns a path that no other test uses.
func place() string { return fmt.Sprintf("/suite-%d-%d", time.Now().UnixNano(), unique.Add(1)) }

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// short is a context for calls that will not succeed.
func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func pinned(t *testing.T, n node.Node, c cid.Cid, want bool) {
	t.Helper()
	got, err := n.Pinned(t.Context(), c)
	ok(t, err)
	if got != want {
		t.Fatalf("Pinned is %v, want %v", got, want)
	}
}

// pinName returns the name of a pin in the list.
func pinName(t *testing.T, n node.Node, c cid.Cid) string {
	t.Helper()
	pins, err := n.Pins(t.Context())
	ok(t, err)
	i := slices.IndexFunc(pins, func(p node.Pin) bool { return p.CID == c })
	if i < 0 {
		t.Fatalf("%s is not in the list of pins", c)
	}
	return pins[i].Name
}

func infoNamesTheNode(t *testing.T, n node.Node) {
	info, err := n.Info(t.Context())
	ok(t, err)
	if info.PeerID == "" || info.Latency <= 0 || !strings.Contains(info.Version, ".") || strings.Contains(info.Version, "/") {
		t.Errorf("Info is %+v", info)
	}
}

func blocksComeBack(t *testing.T, n node.Node) {
	leaves, root := tree(20, 1000)
	blocks := append(all(leaves, root), Raw(nil), leaves[0]) // an empty block, and one block twice
	ok(t, n.Put(t.Context(), blocks))
	ok(t, n.Put(t.Context(), nil))
	for _, b := range blocks {
		size, err := n.Stat(t.Context(), b.CID)
		ok(t, err)
		data, err := n.Get(t.Context(), b.CID)
		ok(t, err)
		if !bytes.Equal(data, b.Data) || size != int64(len(data)) {
			t.Fatalf("%s came back as %d bytes, size %d; want %d", b.CID, len(data), size, len(b.Data))
		}
	}
	pinned(t, n, root.CID, false)
}

func missingBlockIsNotFound(t *testing.T, n node.Node) {
	_, err := n.Get(t.Context(), raw(10).CID)
	wants(t, err, node.ErrNotFound)
	_, err = n.Stat(t.Context(), raw(10).CID)
	wants(t, err, node.ErrNotFound)
}

func blocksUpToTwoMebibytes(t *testing.T, n node.Node) {
	most, over := raw(node.MaxBlockSize), raw(node.MaxBlockSize+1)
	ok(t, n.Put(t.Context(), []node.Block{most}))
	data, err := n.Get(t.Context(), most.CID)
	ok(t, err)
	if !bytes.Equal(data, most.Data) {
		t.Error("the largest block came back different")
	}
	if err := n.Put(t.Context(), []node.Block{over}); err == nil {
		t.Error("a block of 2 MiB and a byte was taken")
	}
	if err := n.Import(t.Context(), over.CID, []node.Block{over}); err == nil {
		t.Error("a block of 2 MiB and a byte was imported")
	}
}

func wrongBytesAreRefused(t *testing.T, n node.Node) {
	b := raw(100)
	wrong := node.Block{CID: b.CID, Data: raw(100).Data}
	wants(t, n.Put(t.Context(), []node.Block{wrong}), node.ErrWrongBytes)
	wants(t, n.Import(t.Context(), b.CID, []node.Block{wrong}), node.ErrWrongBytes)
	_, err := n.Stat(t.Context(), b.CID)
	wants(t, err, node.ErrNotFound)
}

func importPinsItsRoot(t *testing.T, n node.Node) {
	leaves, root := tree(64, 16<<10)
	ok(t, n.Import(t.Context(), root.CID, all(leaves, root)))
	pinned(t, n, root.CID, true)
	pinned(t, n, leaves[0].CID, false) // it is, by its root; not by itself
	if name := pinName(t, n, root.CID); name != "" {
		t.Errorf("an import is named %q", name)
	}
}

func importNeedsItsRoot(t *testing.T, n node.Node) {
	leaves, root := tree(3, 100)
	if n.Import(t.Context(), root.CID, leaves) == nil {
		t.Error("blocks were imported without their root")
	}
	pinned(t, n, root.CID, false)
}

func importWithoutAChildTimesOut(t *testing.T, n node.Node) {
	leaves, root := tree(3, 100)
	wants(t, n.Import(short(t), root.CID, all(leaves[1:], root)), node.ErrTimeout)
	pinned(t, n, root.CID, false)
	ok(t, n.Import(t.Context(), root.CID, all(leaves, root))) // the node is not left stuck
	pinned(t, n, root.CID, true)
}

func importTwiceNeverRepins(t *testing.T, n node.Node) {
	leaves, root := tree(3, 100)
	ok(t, n.Put(t.Context(), all(leaves, root)))
	ok(t, n.PinAdd(t.Context(), root.CID, "kept"))
	ok(t, n.Import(t.Context(), root.CID, all(leaves, root)))
	ok(t, n.Import(t.Context(), root.CID, all(leaves[1:], root))) // even a part: the pin is there
	if name := pinName(t, n, root.CID); name != "kept" {
		t.Errorf("the pin was made again: its name is now %q", name)
	}
}

func pinAddNamesAndNeverRepins(t *testing.T, n node.Node) {
	leaves, root := tree(3, 100)
	wants(t, n.PinAdd(t.Context(), root.CID, "early"), node.ErrNotFound)
	ok(t, n.Put(t.Context(), all(leaves, root)))
	name := strings.Repeat("ü", 127) + "n" // 255 bytes
	if n.PinAdd(t.Context(), root.CID, name+"x") == nil {
		t.Error("a name of 256 bytes was taken")
	}
	var wg sync.WaitGroup
	var made atomic.Int32
	for range 8 {
		wg.Go(func() {
			err := n.PinAdd(t.Context(), root.CID, name)
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, node.ErrPinned) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d of 8 callers pinned, want 1", made.Load())
	}
	wants(t, n.PinAdd(t.Context(), root.CID, "other"), node.ErrPinned)
	if got := pinName(t, n, root.CID); got != name {
		t.Errorf("the pin is named %q", got)
	}
}

func pinAddWithoutAChildTimesOut(t *testing.T, n node.Node) {
	leaves, root := tree(3, 100)
	ok(t, n.Put(t.Context(), all(leaves[1:], root)))
	wants(t, n.PinAdd(short(t), root.CID, ""), node.ErrTimeout)
	pinned(t, n, root.CID, false)
	ok(t, n.Put(t.Context(), leaves))
	ok(t, n.PinAdd(t.Context(), root.CID, ""))
	pinned(t, n, root.CID, true)
}

func pinUpdateKeepsTheName(t *testing.T, n node.Node) {
	leaves, from := tree(10, 100)
	more := raw(100)
	to := Dir(node.Entry{Name: "a", CID: from.CID}, node.Entry{Name: "b", CID: more.CID})
	wants(t, n.PinUpdate(t.Context(), from.CID, to.CID), node.ErrNotPinned)
	ok(t, n.Put(t.Context(), all(leaves, from)))
	ok(t, n.PinAdd(t.Context(), from.CID, "device"))
	ok(t, n.Put(t.Context(), []node.Block{more, to}))
	for range 2 { // again: already pinned is success
		ok(t, n.PinUpdate(t.Context(), from.CID, to.CID))
	}
	ok(t, n.PinUpdate(t.Context(), to.CID, to.CID))
	pinned(t, n, from.CID, true)
	if name := pinName(t, n, to.CID); name != "device" {
		t.Errorf("the new pin is named %q", name)
	}
}

func pinUpdateWithoutAChildTimesOut(t *testing.T, n node.Node) {
	leaves, from := tree(3, 100)
	lost := raw(100)
	to := Dir(node.Entry{Name: "a", CID: from.CID}, node.Entry{Name: "b", CID: lost.CID})
	ok(t, n.Import(t.Context(), from.CID, all(leaves, from)))
	ok(t, n.Put(t.Context(), []node.Block{to}))
	wants(t, n.PinUpdate(short(t), from.CID, to.CID), node.ErrTimeout)
	wants(t, n.PinUpdate(short(t), from.CID, lost.CID), node.ErrTimeout)
	pinned(t, n, from.CID, true)
	pinned(t, n, to.CID, false)
	ok(t, n.Put(t.Context(), []node.Block{lost}))
	ok(t, n.PinUpdate(t.Context(), from.CID, to.CID))
	pinned(t, n, to.CID, true)
}

func pinRemoveIsIdempotent(t *testing.T, n node.Node) {
	leaves, root := tree(3, 100)
	ok(t, n.Import(t.Context(), root.CID, all(leaves, root)))
	ok(t, n.PinRemove(t.Context(), leaves[0].CID)) // only pinned by its root
	pinned(t, n, root.CID, true)
	for range 2 {
		ok(t, n.PinRemove(t.Context(), root.CID))
		pinned(t, n, root.CID, false)
	}
	ok(t, n.PinRemove(t.Context(), raw(10).CID)) // unknown
}

func pinsAreComplete(t *testing.T, n node.Node) {
	want := map[cid.Cid]string{}
	for i := range 50 {
		b := raw(50)
		want[b.CID] = fmt.Sprintf("pin \"%d\" \n <&>", i)
		ok(t, n.Put(t.Context(), []node.Block{b}))
		ok(t, n.PinAdd(t.Context(), b.CID, want[b.CID]))
	}
	pins, err := n.Pins(t.Context())
	ok(t, err)
	if !slices.IsSortedFunc(pins, func(a, b node.Pin) int { return strings.Compare(a.CID.KeyString(), b.CID.KeyString()) }) {
		t.Error("pins are not in order")
	}
	for _, p := range pins {
		if name, mine := want[p.CID]; mine && name == p.Name {
			delete(want, p.CID)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d of 50 pins are not in the list", len(want))
	}
}

func gcKeepsWhatIsPinnedOrLinked(t *testing.T, n node.Node) {
	inPin, pinRoot := tree(10, 1000)
	inLink, linkRoot := tree(10, 1000)
	loose := raw(1000)
	dir := place()
	ok(t, n.Import(t.Context(), pinRoot.CID, all(inPin, pinRoot)))
	ok(t, n.Put(t.Context(), append(all(inLink, linkRoot), loose)))
	ok(t, n.Link(t.Context(), dir+"/a/b", linkRoot.CID))
	ok(t, n.GC(t.Context()))
	has := func(want bool, blocks ...node.Block) {
		t.Helper()
		for _, b := range blocks {
			if _, err := n.Stat(t.Context(), b.CID); err != nil && !errors.Is(err, node.ErrNotFound) || (err == nil) != want {
				t.Fatalf("after GC: %v, want there: %v", err, want)
			}
		}
	}
	has(true, all(inPin, pinRoot)...)
	has(true, all(inLink, linkRoot)...)
	has(false, loose)
	ok(t, n.PinRemove(t.Context(), pinRoot.CID))
	ok(t, n.Unlink(t.Context(), dir+"/a/b"))
	ok(t, n.GC(t.Context()))
	has(false, all(inPin, pinRoot)...)
	has(false, all(inLink, linkRoot)...)
}

func gcNeverTakesAnImport(t *testing.T, n node.Node) {
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if err := n.GC(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	var imports sync.WaitGroup
	for range 4 {
		imports.Go(func() {
			for range 3 {
				leaves, root := tree(30, 4096)
				if err := n.Import(t.Context(), root.CID, all(leaves, root)); err != nil {
					t.Error(err)
				}
				for _, b := range all(leaves, root) {
					if _, err := n.Stat(t.Context(), b.CID); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	imports.Wait()
	close(done)
	wg.Wait()
}

func linkIsExclusive(t *testing.T, n node.Node) {
	dir := place()
	var targets []node.Block
	for range 16 {
		leaves, root := tree(1, 100)
		targets = append(targets, root)
		ok(t, n.Put(t.Context(), all(leaves, root)))
	}
	var wg sync.WaitGroup
	won := make(chan cid.Cid, len(targets))
	for _, b := range targets {
		wg.Go(func() {
			err := n.Link(t.Context(), dir+"/sub/pointer", b.CID)
			if err == nil {
				won <- b.CID
			} else if !errors.Is(err, node.ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of 16 won, want 1", len(won))
	}
	winner := <-won
	entries, err := n.List(t.Context(), dir+"/sub")
	ok(t, err)
	if len(entries) != 1 || entries[0] != (node.Entry{Name: "pointer", CID: winner}) {
		t.Errorf("the directory holds %v, want %s", entries, winner)
	}
	wants(t, n.Link(t.Context(), dir+"/sub/pointer", winner), node.ErrExists) // not even itself
	wants(t, n.Link(t.Context(), dir+"/sub", targets[0].CID), node.ErrExists) // a directory
}

func linkNeedsItsTarget(t *testing.T, n node.Node) {
	p := place()
	wants(t, n.Link(t.Context(), p, raw(10).CID), node.ErrNotFound)
	b := raw(10) // a raw block will do
	ok(t, n.Put(t.Context(), []node.Block{b}))
	ok(t, n.Link(t.Context(), p, b.CID))
}

func listIsOrderedAndUnlinkRecursive(t *testing.T, n node.Node) {
	dir := place()
	entries, err := n.List(t.Context(), dir+"/none")
	ok(t, err)
	if len(entries) != 0 {
		t.Errorf("a missing directory holds %v", entries)
	}
	b, leaf := Dir(), raw(10)
	ok(t, n.Put(t.Context(), []node.Block{b, leaf}))
	names := []string{"z", "a", "m m", "b+%&?", "ü"}
	for _, name := range names {
		ok(t, n.Link(t.Context(), dir+"/x/"+name, b.CID))
	}
	ok(t, n.Link(t.Context(), dir+"/x/deep/leaf", leaf.CID))
	names = append(names, "deep")
	slices.Sort(names)
	if entries, err = n.List(t.Context(), dir+"/x"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name)
		if e.Name != "deep" && e.CID != b.CID {
			t.Errorf("%s points at %s, want %s", e.Name, e.CID, b.CID)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("the directory holds %q, want %q", got, names)
	}
	ok(t, n.Unlink(t.Context(), dir+"/x/a"))
	ok(t, n.Unlink(t.Context(), dir+"/x/a"))
	ok(t, n.Unlink(t.Context(), dir+"/none/none"))
	if entries, err = n.List(t.Context(), dir+"/x"); err != nil || len(entries) != len(names)-1 {
		t.Errorf("after removing one: %d entries, %v", len(entries), err)
	}
	ok(t, n.Unlink(t.Context(), dir))
	if entries, err = n.List(t.Context(), dir+"/x"); err != nil || len(entries) != 0 {
		t.Errorf("after removing all: %v, %v", entries, err)
	}
	ok(t, n.Link(t.Context(), dir+"/x/a", b.CID)) // the name is free again
}

func oddPathsAreRefused(t *testing.T, n node.Node) {
	b := Dir()
	ok(t, n.Put(t.Context(), []node.Block{b}))
	for _, p := range []string{"", "/", "a", "/a/", "/a/../b", "//a", "/a//b", "/."} {
		if n.Link(t.Context(), p, b.CID) == nil {
			t.Errorf("Link took %q", p)
		}
		if n.Unlink(t.Context(), p) == nil {
			t.Errorf("Unlink took %q", p)
		}
	}
}

func usageGrows(t *testing.T, n node.Node) {
	before, err := n.Usage(t.Context())
	ok(t, err)
	leaves, root := tree(8, 1<<20)
	ok(t, n.Import(t.Context(), root.CID, all(leaves, root)))
	after, err := n.Usage(t.Context())
	ok(t, err)
	if grown := after.RepoSize - before.RepoSize; grown < 8<<20 || grown > 10<<20 {
		t.Errorf("8 MiB made the storage grow by %d bytes", grown)
	}
	if after.StorageMax < 0 || after.Objects < 0 {
		t.Errorf("Usage is %+v", after)
	}
}

func contextEndsACall(t *testing.T, n node.Node) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := n.Pins(canceled)
	wants(t, err, context.Canceled)
	if errors.Is(err, node.ErrTimeout) || errors.Is(err, node.ErrUnreachable) {
		t.Errorf("a call that we ended blames the storage: %v", err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	wants(t, n.Put(late, []node.Block{raw(10)}), node.ErrTimeout)
}
