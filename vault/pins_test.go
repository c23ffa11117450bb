package vault_test

import (
	"errors"
	"testing"

	"github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// foreignPins keeps on a storage what other programs do, and returns it by kind.
func foreignPins(t *testing.T, n node.Node) map[string]cid.Cid {
	t.Helper()
	leaf := node.Block{Data: random(70, 5000)}
	leaf.CID = format.Sum(leaf.Data).RawCID()
	link := format.Link{Codec: cid.Raw, Digest: format.Sum(leaf.Data), File: 5000, Total: 5000}
	file := node.Block{Data: format.EncodeFile([]format.Link{link})}
	link.Name = "photo.jpg"
	dir := node.Block{Data: format.EncodeDirectory([]format.Link{link})}
	symlink, err := unixfs.SymlinkData("elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]cid.Cid{vault.PinBlock: leaf.CID}
	for kind, b := range map[string]node.Block{format.ForeignFile: file, format.ForeignFolder: dir} {
		b.CID = format.Sum(b.Data).DagCID()
		out[kind] = b.CID
		if err := n.Import(t.Context(), b.CID, []node.Block{leaf, b}); err != nil {
			t.Fatal(err)
		}
	}
	bare := node.Block{Data: append([]byte{0x0a, byte(len(symlink))}, symlink...)}
	bare.CID = format.Sum(bare.Data).DagCID()
	out[format.ForeignLink] = bare.CID
	if err := n.Import(t.Context(), bare.CID, []node.Block{bare}); err != nil {
		t.Fatal(err)
	}
	if err := n.PinAdd(t.Context(), leaf.CID, "a photo"); err != nil {
		t.Fatal(err)
	}
	return out
}

// emptyFolder is kept by every new Kubo.
const emptyFolder = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

// TestEveryPinIsTold: two devices of this backup, one whose upload was interrupted, somebody else's backup, and what other
// programs keep.
func TestEveryPinIsTold(t *testing.T) {
	for name, open := range map[string]func(*testing.T) node.Node{
		"memory": func(*testing.T) node.Node { return &nodetest.Memory{} },
		"kubo":   func(t *testing.T) node.Node { return nodetest.StartKubo(t).Node(t) },
	} {
		t.Run(name, func(t *testing.T) {
			n, e := open(t), entropy(t)
			a, b := newWriter(t, n, e, "laptop"), newWriter(t, n, e, "desktop")
			a.commit(t, map[string][]byte{"a": random(1, 3<<20)}, 1_000)
			b.commit(t, map[string][]byte{"b": random(2, 1<<20)}, 1_001)
			newWriter(t, n, entropy(t), "somebody").commit(t, map[string][]byte{"c": random(3, 2<<20)}, 1_002)
			s, err := b.v.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for rest := random(4, 100<<20); len(rest) > 0; { // so much that a batch is confirmed; none is committed
				cut := b.v.Chunker().Cut(rest)
				if _, _, err := s.Put(format.KindData, rest[:cut]); err != nil {
					t.Fatal(err)
				}
				rest = rest[cut:]
			}
			s.Close()
			foreign := foreignPins(t, n)

			pins, err := a.v.Pins(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			ours, kinds := map[string]int{}, map[string]int{}
			for i, p := range pins {
				if p.Ours {
					ours[p.Kind+" of "+p.Device]++
					if p.Time.IsZero() || p.Size < 1<<20 || p.Size > 20<<20 {
						t.Errorf("%+v", p)
					}
				} else {
					kinds[p.Kind]++
				}
				if i > 0 && p.Ours && !pins[i-1].Ours {
					t.Error("ours do not come first")
				}
				if want, ok := foreign[p.Kind]; ok && !p.CID.Equals(want) && p.CID.String() != emptyFolder {
					t.Errorf("%s is said to be a %s", p.CID, p.Kind)
				}
			}
			if ours["newest of laptop"] != 1 || ours["newest of desktop"] != 1 || ours["upload of desktop"] < 1 || len(ours) != 3 {
				t.Errorf("ours: %v", ours)
			}
			if kinds[vault.PinOtherVault] != 1 || kinds[vault.PinUnknown] != 0 || len(kinds) != 5 {
				t.Errorf("not ours: %v", kinds)
			}
			for _, p := range pins {
				one, err := a.v.Pin(t.Context(), n, p.CID)
				if err != nil || one.Ours != p.Ours || one.Kind != p.Kind || one.Name != p.Name {
					t.Errorf("asked alone, %s is %+v, %v", p.CID, one, err)
				}
			}
			if _, err := a.v.Pin(t.Context(), n, format.Sum([]byte("x")).RawCID()); !errors.Is(err, node.ErrNotPinned) {
				t.Errorf("what is not pinned: %v", err)
			}
		})
	}
}

// TestAPinWithoutItsBlockIsStillOurs by its name: what it was cannot be told, and it is not taken for somebody else's.
func TestAPinWithoutItsBlockIsStillOurs(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.commit(t, map[string][]byte{"a": random(1, 1<<20)}, 1_000)
	pins, err := w.v.Pins(t.Context(), m)
	if err != nil || len(pins) != 1 || pins[0].Kind != vault.PinNewest {
		t.Fatalf("%+v, %v", pins, err)
	}
	w.commit(t, map[string][]byte{"a": random(2, 1<<20)}, 1_001)
	if pins, err = w.v.Pins(t.Context(), m); err != nil || len(pins) != 1 {
		t.Fatalf("%+v, %v", pins, err)
	}
	m.Lose(pins[0].CID)
	if pins, err = w.v.Pins(t.Context(), m); err != nil || len(pins) != 1 || !pins[0].Ours {
		t.Errorf("%+v, %v", pins, err)
	}
	other := newWriter(t, m, entropy(t), "somebody")
	if pins, err = other.v.Pins(t.Context(), m); err != nil || len(pins) != 1 || pins[0].Ours || pins[0].Kind != vault.PinUnknown {
		t.Errorf("for somebody else: %+v, %v", pins, err)
	}
}
