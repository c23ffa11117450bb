package format

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
)

var update = flag.Bool("update", false, "write the worked example of FORMAT.md and add new golden vectors")

const document = "../FORMAT.md"

// example is a value of the worked example: hex, or text as it stands.
type example struct {
	name string
	hex  []byte
	text string
}

func (e example) lines() (out []string) {
	if e.text != "" {
		for _, l := range strings.Split(e.text, "\n") {
			out = append(out, "  "+l)
		}
		return out
	}
	for b := range slices.Chunk(e.hex, 32) {
		out = append(out, "  "+hex.EncodeToString(b))
	}
	return out
}

// workedExample is the smallest vault there can be, with everything random fixed: one device, one folder, one file.
func workedExample(t *testing.T) []example {
	t.Helper()
	var out []example
	add := func(name string, b []byte) { out = append(out, example{name: name, hex: b}) }
	text := func(name, s string) { out = append(out, example{name: name, text: s}) }

	// Words and keys.
	entropy := Entropy{}
	k := DeriveKeys(entropy, 1)
	root := RootKey(entropy)
	words := WordsFromEntropy(entropy)
	text("words", strings.Join(words[:12], " ")+"\n"+strings.Join(words[12:], " "))
	add("vault-id", k.Vault[:])
	add("fingerprint", k.Fingerprint[:])
	text("fingerprint as words", Fingerprint(k.Fingerprint[:]))
	add("chunk-id", k.ChunkID[:])
	add("chunker", k.Chunker[:])
	add("locator", k.Locator[:])
	add("pin-name", k.PinName[:])
	add("outer", k.Outer[:])
	add("root-sign", root.Seed())
	add("root-sign, public key", k.RootPublic)
	add("epoch/1", k.Epochs[0].Secret[:])

	// A chunk in a pack.
	ids := NewIDs(k.ChunkID)
	content := []byte("hello, roost\n")
	chunk := ids.ID(KindData, content)
	add("chunk, plaintext", content)
	add("chunk id", chunk[:])
	fixed := func(b *Builder, ep Epoch, total int) []byte { return must(b.seal(k.Vault, ep, total, constant(1)))(t) }
	data := NewBuilder(DataPack)
	data.Add(KindData, chunk, len(content), false, content)
	const packSize = 192
	pad := packSize - data.Size()
	header := data.header(pad)
	pack := fixed(data, k.Current(), packSize)
	salt := [32]byte(pack[packSize-trailerSize:])
	keys := newSealKeys(salt, k.Current().Secret)
	ad := additional(k.Vault, 1, DataPack, packSize)
	add("pack, salt", salt[:])
	add("pack, prk", keys.prk)
	add("pack, key of body 0", keys.body(0))
	add("pack, key of the padding", keys.key("padding"))
	add("pack, key of the header", keys.key("header"))
	add("pack, commitment", keys.expand("commitment", 32))
	add("pack, mask of the header length", keys.expand("header-length", 4))
	add("pack, header plaintext", header)
	add("pack, additional data of padding and header", bytes.Clone(ad.bytes))
	ad.setID(chunk)
	add("pack, additional data of body 0", ad.bytes)
	add("block: data pack", pack)

	// Tree and snapshot.
	const at = 1767225600 // 2026-01-01T00:00:00Z
	tree := EncodeTree(&Tree{Entries: []Entry{{
		Name: []byte("hello.txt"), Type: TypeFile, Mode: 0o644, MTime: at, MNano: 500, Size: uint64(len(content)), Chunks: chunk[:],
	}}})
	treeID := ids.ID(KindTree, tree)
	add("tree", tree)
	add("tree, id", treeID[:])
	device := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	seal, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	id := DeviceOf(device.Public().(ed25519.PublicKey))
	folder := Folder{ID: FolderID(bytes.Repeat([]byte{4}, 16)), Path: []byte("/home/ada/Notes")}
	snapshot := EncodeSnapshot(&Snapshot{
		Version: 1, Folder: folder.ID, Path: folder.Path, Device: id, DeviceName: "ada-laptop", Seconds: at,
		Root: Entry{Type: TypeDir, Mode: 0o755, MTime: at, Tree: treeID[:]}, Files: 1, Bytes: uint64(len(content)), Complete: true,
	})
	snapshotID := ids.ID(KindSnapshot, snapshot)
	add("snapshot", snapshot)
	add("snapshot, id", snapshotID[:])
	meta := NewBuilder(MetaPack)
	meta.Add(KindTree, treeID, len(tree), false, tree)
	meta.Add(KindSnapshot, snapshotID, len(snapshot), false, snapshot)
	metaPack := fixed(meta, k.Current(), meta.PaddedSize(512))
	add("block: metadata pack", metaPack)

	// Device, keyring, head.
	add("device, signing seed", device.Seed())
	add("device, id", id[:])
	certificate := Certify(&Certificate{
		Vault: k.Vault, Sign: device.Public().(ed25519.PublicKey), Seal: seal.PublicKey().Bytes(), Name: "ada-laptop", Seconds: at,
	}, root)
	add("certificate, payload", certificate.Payload)
	add("certificate, signature", certificate.Signature)
	one := func(typ ObjectType, ep Epoch, plain []byte) []byte {
		b := NewBuilder(typ)
		b.Add(0, ChunkID{}, len(plain), false, plain)
		return fixed(b, ep, b.PaddedSize(512))
	}
	delivered := encode(keyringPlain{Epochs: k.Epochs, Random: make([]byte, 32)})
	ring := encode(keyringBody{Vault: k.Vault, Version: 1, Current: 1, Hash: sha256.Sum256(delivered)})
	add("keyring, payload", ring)
	ringBlock := one(Keyring, k.outer(), encode(sign(keyringLabel, root, ring)))
	add("block: keyring", ringBlock)

	var spine []example
	level := func(name string, child Link) Link {
		block := EncodeFile([]Link{child})
		spine = append(spine, example{name: name, hex: block})
		return Link{Codec: cid.DagProtobuf, Digest: Sum(block), File: child.File, Total: uint64(len(block)) + child.Total}
	}
	bottomBlock := EncodeFile([]Link{rawLink(metaPack), rawLink(pack)})
	spine = append(spine, example{name: "block: spine, bottom", hex: bottomBlock})
	packed := uint64(len(pack) + len(metaPack))
	bottom := Link{Codec: cid.DagProtobuf, Digest: Sum(bottomBlock), File: packed, Total: packed + uint64(len(bottomBlock))}
	packs := level("block: spine, root", level("block: spine, middle", bottom))

	head := &Head{
		Vault: k.Vault, Device: id, Seq: 1, Seconds: at, Registry: Registry{Certificates: []Certified{certificate}},
		Packs: packs.Digest, Keys: Sum(ringBlock), Folders: []Folder{folder},
		Snapshots: []Summary{{ID: snapshotID, Seconds: at, Files: 1, Bytes: uint64(len(content)), Complete: true}},
		Loose: []PackInfo{
			{Digest: Sum(metaPack), Type: MetaPack, Size: uint32(len(metaPack))}, {Digest: Sum(pack), Type: DataPack, Size: packSize},
		},
		MinReader: 1,
	}
	payload := encode(head)
	add("head, payload", payload)
	hash := HashHead(payload)
	add("head, hash", hash[:])
	envelope := sign(headLabel, device, payload)
	add("head, signature", envelope.Signature)
	headBlock := one(HeadObject, k.Current(), encode(envelope))
	add("block: head", headBlock)

	out = append(out, spine...)
	rootBlock := EncodeRoot(Root{Packs: packs, Keys: rawLink(ringBlock), Head: rawLink(headBlock)})
	add("block: root", rootBlock)
	text("root, CID", Sum(rootBlock).DagCID().String())
	text("pointer directory", k.PointerDir())
	text("pointer name", k.PointerName(id, 1))

	// A beacon.
	slot := BeaconSlot(entropy, 0)
	add("ipns/0", slot.sign.Seed())
	add("ipns/0, public key", slot.sign.Public().(ed25519.PublicKey))
	add("ipns/0/seal", slot.seal[:])
	text("slot 0, name", slot.Name())
	beacon := encode(&Beacon{
		Device: id, Seconds: at, States: []BeaconState{{Device: id, Seq: 1, Root: Sum(rootBlock)}},
		Places: []Place{{Name: "Pi", Addresses: []string{"https://192.0.2.9:5443"}}},
	})
	add("beacon, value", beacon)
	beaconObject := NewBuilder(BeaconObject)
	beaconObject.Add(0, ChunkID{}, len(beacon), false, beacon)
	sealedBeacon := fixed(beaconObject, slot.epoch(), beaconObject.PaddedSize(512))
	add("beacon, sealed", sealedBeacon)
	record := must(slot.record(sealedBeacon, 1, beaconEnds))(t)
	add("beacon, record", record)

	// What is shown has to be a vault.
	if got, err := readAll(pack, DataPack, k); err != nil || !bytes.Equal(got[0], content) {
		t.Fatalf("the example's data pack: %v", err)
	}
	if _, err := readAll(metaPack, MetaPack, k); err != nil {
		t.Fatalf("the example's metadata pack: %v", err)
	}
	if _, _, err := OpenHead(headBlock, k); err != nil {
		t.Fatalf("the example's head: %v", err)
	}
	if b, err := slot.Open(record); err != nil || b.States[0].Root != Sum(rootBlock) {
		t.Fatalf("the example's beacon: %v", err)
	}
	if _, err := OpenKeyring(ringBlock, k); err != nil {
		t.Fatalf("the example's keyring: %v", err)
	}
	return out
}

func rawLink(block []byte) Link {
	return Link{Codec: cid.Raw, Digest: Sum(block), File: uint64(len(block)), Total: uint64(len(block))}
}

// TestTheDocumentsExampleIsRecomputed compares every value in FORMAT.md's "example" blocks with what the code makes. With
// -update it writes them.
func TestTheDocumentsExampleIsRecomputed(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]example{}
	for _, e := range workedExample(t) {
		values[e.name] = e
	}
	shown := map[string]bool{}
	var out []string
	inside, skip := false, false
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			inside, skip = line == "```example", false
		case inside && !strings.HasPrefix(line, " "):
			name := strings.TrimSuffix(line, ":")
			e, known := values[name]
			if !known {
				t.Errorf("the document shows %q, which nobody computes", name)
			}
			if shown[name] {
				t.Errorf("the document shows %q twice", name)
			}
			shown[name] = true
			out = append(out, line)
			out = append(out, e.lines()...)
			skip = true
			continue
		case inside && skip:
			continue
		}
		out = append(out, line)
	}
	for name := range values {
		if !shown[name] {
			t.Errorf("the document does not show %q", name)
		}
	}
	fresh := strings.Join(out, "\n")
	if fresh == string(text) {
		return
	}
	if !*update {
		t.Error("the document's example is not what the code makes; go test ./vault/format -update writes it")
		return
	}
	if err := os.WriteFile(document, []byte(fresh), 0o644); err != nil {
		t.Fatal(err)
	}
}
