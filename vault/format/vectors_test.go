package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/ipfs/go-cid"
)

const vectorsFile = "testdata/vectors.json"

// vectors is what the file holds. It is only ever added to: a vector that changes means that vaults which exist cannot be
// read any more.
type vectors struct {
	Derived map[string]string `json:"derived"` // name → hex of what the code has to make
	Opened  map[string]string `json:"opened"`  // name → hex of an object with real randomness that has to open
}

// derivedVectors computes everything that is the same each time.
func derivedVectors(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	add := func(name string, b []byte) { out[name] = hex.EncodeToString(b) }

	for what, e := range map[string]Entropy{"zero": {}, "ff": testEntropy(0xff), "01": testEntropy(1)} {
		k := DeriveKeys(e, 3)
		add("keys/"+what+"/vault-id", k.Vault[:])
		add("keys/"+what+"/fingerprint", k.Fingerprint[:])
		add("keys/"+what+"/chunk-id", k.ChunkID[:])
		add("keys/"+what+"/chunker", k.Chunker[:])
		add("keys/"+what+"/locator", k.Locator[:])
		add("keys/"+what+"/pin-name", k.PinName[:])
		add("keys/"+what+"/outer", k.Outer[:])
		add("keys/"+what+"/root-public", k.RootPublic)
		for _, ep := range k.Epochs {
			add(fmt.Sprintf("keys/%s/epoch/%d", what, ep.Number), ep.Secret[:])
		}
		add("labels/"+what+"/dir", []byte(k.PointerDir()))
		add("labels/"+what+"/pointer/aa…/7", []byte(k.PointerName(DeviceID(bytes.Repeat([]byte{0xaa}, 16)), 7)))
		add("labels/"+what+"/pin/12D3KooWExample", []byte(k.PinLabel("12D3KooWExample")))

		for _, n := range []uint32{0, 1, 255} {
			slot := BeaconSlot(e, n)
			add(fmt.Sprintf("beacon/%s/%d/seed", what, n), slot.sign.Seed())
			add(fmt.Sprintf("beacon/%s/%d/seal", what, n), slot.seal[:])
			add(fmt.Sprintf("beacon/%s/%d/name", what, n), []byte(slot.Name()))
		}

		ids := NewIDs(k.ChunkID)
		for _, kind := range []Kind{KindData, KindTree} {
			for _, n := range []int{0, 1, 1024, 100_000} {
				id := ids.ID(kind, testBytes(1, n))
				add(fmt.Sprintf("chunk-id/%s/%d/%d", what, kind, n), id[:])
			}
		}

		c := NewChunker(k.Chunker)
		var gear []byte
		for _, w := range c.gear[:4] {
			gear = binary.LittleEndian.AppendUint64(gear, w)
		}
		add("gear/"+what+"/first4", gear)
		var all []byte
		for _, w := range c.gear {
			all = binary.LittleEndian.AppendUint64(all, w)
		}
		sum := sha256.Sum256(all)
		add("gear/"+what+"/sha256", sum[:])
		for what2, data := range map[string][]byte{"random": testBytes(1, 8<<20), "zeros": make([]byte, 2<<20), "pattern": bytes.Repeat([]byte("roost!\n"), 300_000)} {
			var lengths []byte
			for _, n := range cuts(c, data) {
				lengths = binary.BigEndian.AppendUint32(lengths, uint32(n))
			}
			add("cuts/"+what+"/"+what2, lengths)
		}

		for _, ep := range k.Epochs[:2] {
			b := NewBuilder(MetaPack)
			b.Add(KindTree, ChunkID{1}, 4, false, []byte("tree"))
			b.Add(KindList, ChunkID{2}, 0, false, nil)
			add(fmt.Sprintf("sealed/%s/epoch %d", what, ep.Number), must(b.seal(k.Vault, ep, 512, constant(0x42)))(t))
		}
	}

	k := testKeys(1, 1)
	d := newTestDevice(t, k.Vault, 9)
	root := RootKey(testEntropy(1))
	add("device/id", d.id[:])
	cert := Certify(d.cert, root)
	add("certificate/payload", cert.Payload)
	add("certificate/signature", cert.Signature)
	intro := Introduce(newTestDevice(t, k.Vault, 10).cert, d.sign)
	add("introduction", encode(intro))
	rev := Revoke(&Revocation{Vault: k.Vault, Device: d.id, LastSeq: 5, LastHash: Digest{6}, Seconds: 7}, root)
	add("revocation", encode(rev))
	h := testHead(k, d, root)
	payload := encode(h)
	add("head/payload", payload)
	hash := HashHead(payload)
	add("head/hash", hash[:])
	add("head/envelope", encode(sign(headLabel, d.sign, payload)))
	add("tree", EncodeTree(testTree()))
	add("tree/branches", EncodeTree(&Tree{Branches: []Branch{{First: []byte("a"), Node: id32(1)}}}))
	add("list", EncodeList(1, []ListItem{{ID: ChunkID{1}, Size: 2}, {ID: ChunkID{3}, Size: 4}}))
	add("snapshot", EncodeSnapshot(testSnapshot()))
	add("summaries", EncodeSummaries(h.Snapshots))
	add("segment", EncodeSegment(testSegment()))
	add("pack-table", EncodePackTable(h.Loose))
	add("entries", EncodeEntries([]IndexEntry{{Prefix: [16]byte{1}, Pack: 2}}))

	beacon := encode(testBeacon())
	add("beacon/value", beacon)
	slot := BeaconSlot(testEntropy(1), 0)
	fixed := NewBuilder(BeaconObject)
	fixed.Add(0, ChunkID{}, len(beacon), false, beacon)
	add("beacon/record", must(slot.record(must(fixed.seal(slot.vault, slot.epoch(), 1024, constant(0x42)))(t), 9, beaconEnds))(t))

	spine := EncodeFile([]Link{leaf(1, PackSize), leaf(2, MinPackSize)})
	add("spine/block", spine)
	add("spine/cid", Sum(spine).DagCID().Bytes())
	r := EncodeRoot(Root{Packs: Link{Codec: cid.DagProtobuf, Digest: Sum(spine), Total: 99}, Keys: leaf(3, 1024), Head: leaf(4, 2048)})
	add("root/block", r)
	add("root/cid", Sum(r).DagCID().Bytes())
	batch := EncodeBatch([]Link{leaf(1, PackSize), leaf(2, PackSize)}, leaf(3, 1024))
	add("batch/block", batch)
	add("batch/cid", Sum(batch).DagCID().Bytes())
	return out
}

// openedVectors makes the objects with real randomness and says how each is opened.
func openedVectors(t *testing.T) map[string]struct {
	make func() []byte
	open func(*testing.T, []byte)
} {
	t.Helper()
	k := testKeys(1, 2)
	root := RootKey(testEntropy(1))
	d := newTestDevice(t, k.Vault, 9)
	text := bytes.Repeat([]byte("compressible "), 100)
	return map[string]struct {
		make func() []byte
		open func(*testing.T, []byte)
	}{
		"keyring": {
			func() []byte { // its HPKE ciphertext is random
				return must(SealKeyring(KeyringState{Version: 3, Current: 2}, k, []*Certificate{d.cert}, root))(t)
			},
			func(t *testing.T, b []byte) {
				if st := must(OpenKeyring(b, testKeys(1, 1)))(t); st != (KeyringState{Version: 3, Current: 2}) {
					t.Errorf("keyring %+v", st)
				}
				if ep := must(OpenKeyringAs(b, testKeys(1, 1), d.id, d.seal))(t); !reflect.DeepEqual(ep, k.Epochs) {
					t.Errorf("epochs %v", ep)
				}
			},
		},
		"zstd body": {
			func() []byte { // its frame depends on the compressor's version
				b := NewBuilder(DataPack)
				data, zstd := Compress(nil, text)
				b.Add(KindData, NewIDs(k.ChunkID).ID(KindData, text), len(text), zstd, data)
				return must(b.Seal(k.Vault, k.Current(), 512))(t)
			},
			func(t *testing.T, b []byte) {
				if got := must(readAll(b, DataPack, k))(t); !bytes.Equal(got[0], text) {
					t.Error("zstd body changed")
				}
			},
		},
		"beacon": {
			func() []byte { return must(BeaconSlot(testEntropy(1), 2).Seal(testBeacon(), 3, beaconEnds))(t) },
			func(t *testing.T, b []byte) {
				want := testBeacon()
				want.Sequence, want.Until = 3, beaconEnds
				if got := must(BeaconSlot(testEntropy(1), 2).Open(b))(t); !reflect.DeepEqual(got, want) {
					t.Errorf("beacon %+v", got)
				}
			},
		},
		"head": {
			func() []byte {
				b, _, err := SealHead(testHead(k, d, root), d.sign, k.Vault, k.Current())
				if err != nil {
					t.Fatal(err)
				}
				return b
			},
			func(t *testing.T, b []byte) {
				if _, hash, err := OpenHead(b, k); err != nil || hash != HashHead(encode(testHead(k, d, root))) {
					t.Errorf("head: %v", err)
				}
			},
		},
	}
}

// TestGoldenVectorsHold: what was written by any version since the format was fixed is still what the code makes, and
// still opens. With -update new vectors are added; an old one is never replaced.
func TestGoldenVectorsHold(t *testing.T) {
	file := vectors{Derived: map[string]string{}, Opened: map[string]string{}}
	raw, err := os.ReadFile(vectorsFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if err == nil {
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
	}
	added := 0
	now := derivedVectors(t)
	for name, got := range now {
		want, known := file.Derived[name]
		switch {
		case !known && *update:
			file.Derived[name] = got
			added++
		case !known:
			t.Errorf("%s is not in %s; -update adds it", name, vectorsFile)
		case got != want:
			t.Errorf("%s is now\n%s\nand was\n%s", name, got, want)
		}
	}
	for name := range file.Derived {
		if _, known := now[name]; !known {
			t.Errorf("%s is in the file and nobody makes it any more", name)
		}
	}
	objects := openedVectors(t)
	for name, o := range objects {
		if _, known := file.Opened[name]; !known && *update {
			file.Opened[name] = hex.EncodeToString(o.make())
			added++
		}
		b, err := hex.DecodeString(file.Opened[name])
		if err != nil || len(b) == 0 {
			t.Errorf("%s is not in %s; -update adds it", name, vectorsFile)
			continue
		}
		o.open(t, b)
	}
	for name := range file.Opened {
		if _, known := objects[name]; !known {
			t.Errorf("%s is in the file and nobody opens it any more", name)
		}
	}
	if added == 0 || t.Failed() {
		return
	}
	out, err := json.MarshalIndent(file, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorsFile, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d vectors added", added)
}
