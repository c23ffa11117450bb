package vault_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
)

var writeGolden = flag.Bool("write-golden", false, "write vault/testdata/golden-v1 where it is missing")

const goldenDir = "testdata/golden-v1"

// dump is a vault as a storage serves it.
type dump struct {
	words    string
	dir      string            // pointer directory
	pointers map[string]string // name → CID of a root
	blocks   map[string][]byte // by CID
}

var errNoBlock = errors.New("no such block")

func (d *dump) get(c string) ([]byte, error) {
	b, ok := d.blocks[c]
	if !ok {
		return nil, fmt.Errorf("%w: %s", errNoBlock, c)
	}
	return b, nil
}

// expectedSnapshot is what a reader has to bring back, as expect.json says it. Paths that are not UTF-8 are written as
// "0x" and hex.
type expectedSnapshot struct {
	Device   string                   `json:"device"`
	Path     string                   `json:"path"`
	Seconds  int64                    `json:"seconds"`
	Nanos    uint64                   `json:"nanos"`
	Complete bool                     `json:"complete"`
	Files    uint64                   `json:"files"`
	Bytes    uint64                   `json:"bytes"`
	Skipped  map[string]string        `json:"skipped,omitempty"`
	Entries  map[string]expectedEntry `json:"entries"`
}

type expectedEntry struct {
	Type    string            `json:"type"` // file, dir, symlink
	Mode    string            `json:"mode"` // octal
	Seconds int64             `json:"seconds"`
	Nanos   uint64            `json:"nanos,omitempty"`
	Size    int               `json:"size,omitempty"`
	SHA256  string            `json:"sha256,omitempty"` // of a file's content
	Target  string            `json:"target,omitempty"`
	Xattrs  map[string]string `json:"xattrs,omitempty"`
	Link    string            `json:"link,omitempty"` // hex
	Owner   []uint64          `json:"owner,omitempty"`
}

func shown(b string) string {
	if utf8.ValidString(b) && !strings.HasPrefix(b, "0x") {
		return b
	}
	return "0x" + hex.EncodeToString([]byte(b))
}

// expectationOf puts what was read into the form of expect.json.
func expectationOf(snaps []readSnapshot) []expectedSnapshot {
	var out []expectedSnapshot
	for _, s := range snaps {
		x := expectedSnapshot{
			Device: s.DeviceName, Path: shown(string(s.Path)), Seconds: s.Seconds, Nanos: s.Nanos, Complete: s.Complete,
			Files: s.Files, Bytes: s.Bytes, Entries: map[string]expectedEntry{},
		}
		for p, reason := range s.Skipped {
			if x.Skipped == nil {
				x.Skipped = map[string]string{}
			}
			x.Skipped[shown(p)] = reason
		}
		for p, e := range s.Entries {
			y := expectedEntry{
				Type: []string{1: "file", 2: "dir", 3: "symlink"}[e.Type], Mode: fmt.Sprintf("%04o", e.Mode), Seconds: e.Seconds, Nanos: e.Nanos,
				Size: len(e.Content), Target: shown(string(e.Target)), Link: hex.EncodeToString(e.Link), Owner: e.Owner,
			}
			if e.Type == 1 {
				sum := sha256.Sum256(e.Content)
				y.SHA256 = hex.EncodeToString(sum[:])
			}
			for k, v := range e.Xattrs {
				if y.Xattrs == nil {
					y.Xattrs = map[string]string{}
				}
				y.Xattrs[shown(k)] = shown(v)
			}
			x.Entries[shown(p)] = y
		}
		out = append(out, x)
	}
	return out
}

// fixtureDevice is a device that assembles its blocks by hand through package format.
type fixtureDevice struct {
	t    *testing.T
	v    *fixtureVault
	name string
	id   format.DeviceID
	sign ed25519.PrivateKey
	cert *format.Certificate

	open  map[format.ObjectType]*format.Builder
	place map[format.ChunkID]format.Digest
	packs []format.PackInfo                      // sealed, in order
	alter func(format.ObjectType, []byte) []byte // a pack before it is stored; nil: nothing is altered
	index map[format.Digest][]format.ChunkID
}

type fixtureVault struct {
	t       *testing.T
	entropy format.Entropy
	keys    *format.Keys
	ids     *format.IDs
	out     dump
}

func (v *fixtureVault) device(name string, seed byte) *fixtureDevice {
	v.t.Helper()
	sign := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	seal, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		v.t.Fatal(err)
	}
	pub := sign.Public().(ed25519.PublicKey)
	return &fixtureDevice{
		t: v.t, v: v, name: name, id: format.DeviceOf(pub), sign: sign,
		cert: &format.Certificate{Vault: v.keys.Vault, Sign: pub, Seal: seal.PublicKey().Bytes(), Name: name, Seconds: 1_700_000_000},
		open: map[format.ObjectType]*format.Builder{}, place: map[format.ChunkID]format.Digest{}, index: map[format.Digest][]format.ChunkID{},
	}
}

func (v *fixtureVault) raw(block []byte) format.Link {
	d := format.Sum(block)
	v.out.blocks[d.RawCID().String()] = block
	return format.Link{Codec: cid.Raw, Digest: d, File: uint64(len(block)), Total: uint64(len(block))}
}

func (v *fixtureVault) node(block []byte, below ...format.Link) format.Link {
	d := format.Sum(block)
	v.out.blocks[d.DagCID().String()] = block
	l := format.Link{Codec: cid.DagProtobuf, Digest: d, Total: uint64(len(block))}
	for _, b := range below {
		l.File += b.File
		l.Total += b.Total
	}
	return l
}

// put adds a chunk to the open pack of its type, sealing it when it is full.
func (d *fixtureDevice) put(k format.Kind, plain []byte) format.ChunkID {
	id := d.v.ids.ID(k, plain)
	typ := format.DataPack
	switch {
	case k >= format.KindIndex:
		typ = format.IndexPack
	case k.Meta():
		typ = format.MetaPack
	}
	if _, dup := d.place[id]; dup {
		return id
	}
	d.place[id] = format.Digest{}
	data, zstd := format.Compress(nil, plain)
	b := d.open[typ]
	if b != nil && b.Grown(len(data)) > 64<<10 {
		d.flush(typ)
		b = nil
	}
	if b == nil {
		b = format.NewBuilder(typ)
		d.open[typ] = b
	}
	b.Add(k, id, len(plain), zstd, data)
	return id
}

func (d *fixtureDevice) flush(types ...format.ObjectType) (made []format.PackInfo) {
	d.t.Helper()
	for _, typ := range types {
		b := d.open[typ]
		if b == nil || b.Len() == 0 {
			continue
		}
		delete(d.open, typ)
		block, err := b.Seal(d.v.keys.Vault, d.v.keys.Current(), b.PaddedSize(format.MinPackSize))
		if err != nil {
			d.t.Fatal(err)
		}
		if d.alter != nil {
			block = d.alter(typ, block)
		}
		p := format.PackInfo{Digest: d.v.raw(block).Digest, Type: typ, Size: uint32(len(block))}
		for _, x := range b.Bodies() {
			d.place[x.ID] = p.Digest
			d.index[p.Digest] = append(d.index[p.Digest], x.ID)
		}
		d.packs = append(d.packs, p)
		made = append(made, p)
	}
	return made
}

// segment indexes packs; its entries are cut into parts of three, so that there are several.
func (d *fixtureDevice) segment(packs []format.PackInfo) format.SegmentRef {
	var entries []format.IndexEntry
	for i, p := range packs {
		for _, id := range d.index[p.Digest] {
			entries = append(entries, format.IndexEntry{Prefix: id.Prefix(), Pack: uint32(i)})
		}
	}
	format.SortEntries(entries)
	before := len(d.packs)
	table := d.put(format.KindIndexPacks, format.EncodePackTable(packs))
	var ids []format.ChunkID
	var firsts [][16]byte
	for part := range slices.Chunk(entries, 3) {
		ids = append(ids, d.put(format.KindIndexEntries, format.EncodeEntries(part)))
		firsts = append(firsts, part[0].Prefix)
	}
	d.flush(format.IndexPack)
	seg := &format.Segment{Chunks: uint64(len(entries)), Packs: uint64(len(packs)), Tables: []format.Part{{Pack: d.place[table], ID: table}}}
	for i, id := range ids {
		seg.Entries = append(seg.Entries, format.Part{First: firsts[i][:], Pack: d.place[id], ID: id})
	}
	root := d.put(format.KindIndex, format.EncodeSegment(seg))
	pack := d.flush(format.IndexPack)[0]
	return format.SegmentRef{Pack: pack, ID: root, Chunks: seg.Chunks, Packs: slices.Clone(d.packs[before:])}
}

// publish makes spine, head, root and pointer; it returns the head's hash.
func (d *fixtureDevice) publish(h *format.Head, ring []byte) format.Digest {
	d.t.Helper()
	v := d.v
	var leaves []format.Link
	add := func(p format.PackInfo) {
		l := format.Link{Codec: cid.Raw, Digest: p.Digest, File: uint64(p.Size), Total: uint64(p.Size)}
		if !slices.ContainsFunc(leaves, func(x format.Link) bool { return x.Digest == l.Digest }) {
			leaves = append(leaves, l)
		}
	}
	linked := slices.Clone(h.Loose)
	for _, s := range h.Segments {
		linked = append(linked, s.Packs...)
	}
	for _, p := range d.packs {
		if slices.Contains(linked, p) || len(h.Segments) > 0 {
			add(p)
		}
	}
	for _, p := range linked {
		add(p)
	}
	var bottoms []format.Link
	for part := range slices.Chunk(leaves, 3) { // sparse nodes, as after pruning
		bottoms = append(bottoms, v.node(format.EncodeFile(part), part...))
	}
	var middles []format.Link
	for part := range slices.Chunk(bottoms, 2) {
		middles = append(middles, v.node(format.EncodeFile(part), part...))
	}
	packs := v.node(format.EncodeFile(middles), middles...)
	keys := v.raw(ring)
	h.Vault, h.Device, h.Packs, h.Keys, h.MinReader = v.keys.Vault, d.id, packs.Digest, keys.Digest, 1
	block, hash, err := format.SealHead(h, d.sign, v.keys.Vault, v.keys.Current())
	if err != nil {
		d.t.Fatal(err)
	}
	head := v.raw(block)
	root := v.node(format.EncodeRoot(format.Root{Packs: packs, Keys: keys, Head: head}))
	v.out.pointers[v.keys.PointerName(d.id, h.Seq)] = root.CID().String()
	return hash
}

// fixtureFile is one file, directory or link of a fixture, in the form that expect.json says it and with its content.
type fixtureFile struct {
	name     string
	content  []byte
	holes    []format.Hole
	entry    format.Entry
	children []fixtureFile // of a directory
	split    int           // > 0: entries in one part of the directory
}

func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	return b
}

// entryOf stores a file and returns its entry; what a reader has to bring back goes to want.
func (d *fixtureDevice) entryOf(f fixtureFile, path string, want map[string]expectedEntry) format.Entry {
	d.t.Helper()
	e := f.entry
	e.Name = []byte(f.name)
	w := expectedEntry{Mode: fmt.Sprintf("%04o", e.Mode), Seconds: e.MTime, Nanos: uint64(e.MNano), Link: hex.EncodeToString(e.Link)}
	for _, x := range e.Xattrs {
		if w.Xattrs == nil {
			w.Xattrs = map[string]string{}
		}
		w.Xattrs[shown(string(x.Name))] = shown(string(x.Value))
	}
	if e.Owner != nil {
		w.Owner = []uint64{uint64(e.Owner.UID), uint64(e.Owner.GID)}
	}
	switch e.Type {
	case format.TypeFile:
		w.Type, w.Size = "file", len(f.content)
		sum := sha256.Sum256(f.content)
		w.SHA256 = hex.EncodeToString(sum[:])
		e.Size, e.Holes = uint64(len(f.content)), f.holes
		d.content(&e, f)
	case format.TypeSymlink:
		w.Type, w.Target = "symlink", shown(string(e.Target))
	case format.TypeDir:
		w.Type = "dir"
		below := path
		if path != "" {
			below += "/"
		}
		var entries []format.Entry
		for _, c := range f.children {
			entries = append(entries, d.entryOf(c, below+c.name, want))
		}
		slices.SortFunc(entries, func(a, b format.Entry) int { return bytes.Compare(a.Name, b.Name) })
		id := d.tree(entries, f.split)
		e.Tree = id[:]
	}
	want[shown(path)] = w
	return e
}

// tree stores a directory, in two levels of parts when it is split.
func (d *fixtureDevice) tree(entries []format.Entry, split int) format.ChunkID {
	if split == 0 {
		return d.put(format.KindTree, format.EncodeTree(&format.Tree{Entries: entries}))
	}
	var parts []format.Branch
	for part := range slices.Chunk(entries, split) {
		id := d.put(format.KindTree, format.EncodeTree(&format.Tree{Entries: part}))
		parts = append(parts, format.Branch{First: part[0].Name, Node: id[:]})
	}
	var upper []format.Branch
	for part := range slices.Chunk(parts, 3) {
		id := d.put(format.KindTree, format.EncodeTree(&format.Tree{Branches: part}))
		upper = append(upper, format.Branch{First: part[0].First, Node: id[:]})
	}
	return d.put(format.KindTree, format.EncodeTree(&format.Tree{Branches: upper}))
}

// content cuts a file into pieces of 1000 bytes, so that lists come about: one level above 32 pieces, two above 64.
func (d *fixtureDevice) content(e *format.Entry, f fixtureFile) {
	var data []byte
	at := uint64(0)
	for _, h := range f.holes {
		data = append(data, f.content[at:h.Off]...)
		at = h.Off + h.Len
	}
	data = append(data, f.content[at:]...)
	var items []format.ListItem
	for part := range slices.Chunk(data, 1000) {
		items = append(items, format.ListItem{ID: d.put(format.KindData, part), Size: uint64(len(part))})
	}
	if len(items) <= format.InlineChunks {
		for _, it := range items {
			e.Chunks = append(e.Chunks, it.ID[:]...)
		}
		return
	}
	for level := 0; ; level++ {
		var up []format.ListItem
		for part := range slices.Chunk(items, 64) {
			sum := uint64(0)
			for _, it := range part {
				sum += it.Size
			}
			up = append(up, format.ListItem{ID: d.put(format.KindList, format.EncodeList(level, part)), Size: sum})
		}
		if items = up; len(items) == 1 {
			e.List = items[0].ID[:]
			return
		}
	}
}

// snapshot stores one version and returns its summary.
func (d *fixtureDevice) snapshot(path string, seconds int64, complete bool, root fixtureFile) (format.Summary, expectedSnapshot) {
	want := expectedSnapshot{Device: d.name, Path: shown(path), Seconds: seconds, Nanos: 7, Complete: complete, Entries: map[string]expectedEntry{}}
	entry := d.entryOf(root, "", want.Entries)
	entry.Name = nil
	for _, e := range want.Entries {
		if e.Type != "dir" {
			want.Files++
			want.Bytes += uint64(e.Size)
		}
	}
	s := &format.Snapshot{
		Version: 1, Folder: format.FolderID{byte(len(path))}, Path: []byte(path), Device: d.id, DeviceName: d.name, Seconds: seconds, Nanos: 7,
		Root: entry, Files: want.Files, Bytes: want.Bytes, Complete: complete,
	}
	if !complete {
		s.Skipped, s.SkipCount = []format.Skip{{Path: []byte("\xff/pipe"), Reason: "a pipe"}}, 1
		want.Skipped = map[string]string{shown("\xff/pipe"): "a pipe"}
	}
	id := d.put(format.KindSnapshot, format.EncodeSnapshot(s))
	return format.Summary{ID: id, Seconds: seconds, Nanos: 7, Files: want.Files, Bytes: want.Bytes, Complete: complete}, want
}

func fixtureTree(version byte) fixtureFile {
	file := func(name string, content []byte) fixtureFile {
		return fixtureFile{name: name, content: content, entry: format.Entry{Type: format.TypeFile, Mode: 0o644, MTime: 1_690_000_000 + int64(version)}}
	}
	dir := func(name string, children ...fixtureFile) fixtureFile {
		return fixtureFile{name: name, children: children, entry: format.Entry{Type: format.TypeDir, Mode: 0o755, MTime: -86_400, MNano: 1}}
	}
	with := func(f fixtureFile, change func(*fixtureFile)) fixtureFile { change(&f); return f }
	sparse := make([]byte, 50_000)
	copy(sparse[100:], noise(7, 900))
	copy(sparse[40_000:], noise(8, 5_000))
	many := dir("many")
	many.split = 8
	for i := range 60 {
		many.children = append(many.children, file(fmt.Sprintf("%03d", i), fmt.Appendf(nil, "file %d", i)))
	}
	return dir(
		"",
		file("changing", []byte{version}),
		file("empty", []byte{}),
		file("text", bytes.Repeat([]byte("compressible text\n"), 900)),
		file("listed", noise(1, 33_500)),
		file("listed twice over", noise(2, 70_500)),
		with(file("sparse", sparse), func(f *fixtureFile) {
			f.holes = []format.Hole{{Off: 0, Len: 100}, {Off: 1_000, Len: 39_000}, {Off: 45_000, Len: 5_000}}
		}),
		with(file("all hole", make([]byte, 9_000)), func(f *fixtureFile) { f.holes = []format.Hole{{Off: 0, Len: 9_000}} }),
		with(file("hard 1", []byte("linked")), func(f *fixtureFile) { f.entry.Link = []byte("12345678") }),
		with(file("hard 2", []byte("linked")), func(f *fixtureFile) { f.entry.Link = []byte("12345678") }),
		with(file("attributes", []byte("x")), func(f *fixtureFile) {
			f.entry.Mode = 0o4750
			f.entry.MNano = 999_999_999
			f.entry.Xattrs = []format.Xattr{{Name: []byte("user.a"), Value: []byte{0xff}}, {Name: []byte("user.b")}}
			f.entry.Owner = &format.Owner{UID: 1000, GID: 4_294_967_294}
		}),
		fixtureFile{name: "link", entry: format.Entry{Type: format.TypeSymlink, Mode: 0o777, Target: []byte("../\xfe")}},
		file("not \xff UTF-8", []byte("name")),
		dir("nested", dir("deeper", file("leaf", []byte("leaf"))), dir("empty")),
		many,
	)
}

// newFixture assembles a vault with what a reader can meet: two epochs, an introduced device that shares packs, a revoked
// one with a head after its revocation, superseded heads, segments and loose packs, older lists, a checkpoint.
func newFixture(t *testing.T) (dump, []expectedSnapshot) {
	t.Helper()
	e := format.Entropy(bytes.Repeat([]byte{0x5a}, 32))
	root := format.RootKey(e)
	v := &fixtureVault{t: t, entropy: e, keys: format.DeriveKeys(e, 1)}
	v.ids = format.NewIDs(v.keys.ChunkID)
	words := format.WordsFromEntropy(e)
	v.out = dump{words: strings.Join(words, " "), dir: v.keys.PointerDir(), pointers: map[string]string{}, blocks: map[string][]byte{}}
	a, b, lost := v.device("Laptop", 1), v.device("Tower", 2), v.device("Lost", 3)
	ring := func(version uint64, devices ...*fixtureDevice) []byte {
		var certs []*format.Certificate
		for _, d := range devices {
			certs = append(certs, d.cert)
		}
		block, err := format.SealKeyring(format.KeyringState{Version: version, Current: v.keys.Current().Number}, v.keys, certs, root)
		if err != nil {
			t.Fatal(err)
		}
		return block
	}
	registry := format.Registry{Certificates: []format.Certified{format.Certify(a.cert, root), format.Certify(lost.cert, root), format.Introduce(b.cert, a.sign)}}
	data := []format.ObjectType{format.DataPack, format.MetaPack}
	folder := func(path string) format.Folder {
		return format.Folder{ID: format.FolderID{byte(len(path))}, Path: []byte(path)}
	}

	// Epoch 1: the first states of all.
	first := ring(1, a, b, lost)
	s1, w1 := a.snapshot("/home/ada/Docs", 1_700_000_000, true, fixtureTree(1))
	a.flush(data...)
	hash1 := a.publish(&format.Head{
		Seq: 1, Seconds: 1_700_000_001, Registry: registry, Folders: []format.Folder{folder("/home/ada/Docs")},
		Snapshots: []format.Summary{s1}, Loose: slices.Clone(a.packs),
	}, first)
	sl, wl := lost.snapshot("/home/lost", 1_700_000_100, true, fixtureTree(50))
	lost.flush(data...)
	lostHead := func(seq uint64, previous []byte, s format.Summary) format.Digest {
		return lost.publish(&format.Head{
			Seq: seq, Previous: previous, Seconds: 1_700_000_101, Registry: registry, Folders: []format.Folder{folder("/home/lost")},
			Snapshots: []format.Summary{s}, Loose: slices.Clone(lost.packs),
		}, first)
	}
	lost1 := lostHead(1, nil, sl)
	after, _ := lost.snapshot("/home/lost", 1_700_000_900, true, fixtureTree(66))
	lost.flush(data...)
	lostHead(2, lost1[:], after) // what whoever has it wrote later

	// Epoch 2: the lost device is shut out; its revocation is in the registry of the others.
	v.keys = format.DeriveKeys(e, 2)
	registry = registry.Merge(format.Registry{Revocations: []format.Certified{format.Revoke(&format.Revocation{
		Vault: v.keys.Vault, Device: lost.id, LastSeq: 1, LastHash: lost1, Seconds: 1_700_000_200,
	}, root)}})
	second := ring(2, a, b)
	indexed := slices.Clone(a.packs)
	s2, w2 := a.snapshot("/home/ada/Docs", 1_700_000_300, true, fixtureTree(2))
	s3, w3 := a.snapshot("/home/ada/\xffPictures", 1_700_000_400, false, fixtureTree(3))
	s3.Folder = 1
	older := a.put(format.KindSnapshotList, format.EncodeSummaries([]format.Summary{s1}))
	loose := a.flush(data...)
	for _, p := range a.packs {
		if !slices.Contains(indexed, p) && !slices.Contains(loose, p) {
			loose = append(loose, p)
		}
	}
	segment := a.segment(indexed)
	hash2 := a.publish(&format.Head{
		Seq: 2, Previous: hash1[:], Seconds: 1_700_000_401, Registry: registry,
		Folders: []format.Folder{folder("/home/ada/Docs"), folder("/home/ada/\xffPictures")}, Snapshots: []format.Summary{s3, s2},
		Older: []format.OlderList{{ID: older, Count: 1}}, Segments: []format.SegmentRef{segment}, Loose: loose,
		Seen: []format.Seen{{Device: lost.id, Seq: 1, Hash: lost1}},
	}, second)
	// The tower stores nothing of its own but trees and a snapshot: the content lies in the laptop's packs, which it links.
	borrowed := slices.Clone(indexed)
	for _, p := range borrowed {
		for _, id := range a.index[p.Digest] {
			b.place[id] = p.Digest
		}
	}
	s4, w4 := b.snapshot("/srv", 1_700_000_500, true, fixtureTree(1))
	own := b.flush(data...)
	b.publish(&format.Head{
		Seq: 1, Seconds: 1_700_000_501, Registry: registry, Folders: []format.Folder{folder("/srv")}, Snapshots: []format.Summary{s4},
		Loose: append(borrowed, own...), Seen: []format.Seen{{Device: a.id, Seq: 2, Hash: hash2}},
	}, second)
	return v.out, []expectedSnapshot{w3, w2, w1, w4, wl}
}

// sameSnapshots compares without regard to the order of devices.
func sameSnapshots(t *testing.T, got, want []expectedSnapshot) {
	t.Helper()
	order := func(a, b expectedSnapshot) int {
		if c := strings.Compare(a.Device, b.Device); c != 0 {
			return c
		}
		return int(b.Seconds - a.Seconds)
	}
	slices.SortStableFunc(got, order)
	slices.SortStableFunc(want, order)
	if len(got) != len(want) {
		t.Errorf("%d versions, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		for p := range maps.Keys(w.Entries) {
			if !reflect.DeepEqual(g.Entries[p], w.Entries[p]) {
				t.Errorf("%s %s: %q is %+v, want %+v", w.Device, w.Path, p, g.Entries[p], w.Entries[p])
			}
		}
		if len(g.Entries) != len(w.Entries) {
			t.Errorf("%s %s: %d entries, want %d", w.Device, w.Path, len(g.Entries), len(w.Entries))
		}
		g.Entries, w.Entries = nil, nil
		if !reflect.DeepEqual(g, w) {
			t.Errorf("version %+v, want %+v", g, w)
		}
	}
}

// checkReader lets the independent reader read a vault and compares.
func checkReader(t *testing.T, d dump, want []expectedSnapshot) {
	t.Helper()
	if dir, err := readPointerDir(d.words); err != nil || dir != d.dir {
		t.Errorf("pointers are in %s, want %s, %v", dir, d.dir, err)
	}
	got, err := readVault(d.words, d.pointers, d.get)
	if err != nil {
		t.Fatalf("the reader that follows FORMAT.md: %v", err)
	}
	sameSnapshots(t, expectationOf(got), want)
}

func TestAReaderOfTheTextAloneReadsAVault(t *testing.T) {
	d, want := newFixture(t)
	checkReader(t, d, want)
}

func TestTheReaderSharesNoCode(t *testing.T) {
	for _, file := range []string{"reader_test.go", "reader_beacon_test.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if strings.HasPrefix(i.Path.Value, `"roost`) {
				t.Errorf("the independent reader imports %s", i.Path.Value)
			}
		}
	}
}

func TestTheDocumentsExampleIsAVault(t *testing.T) {
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	name, inside := "", false
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```example"
		case inside && strings.HasPrefix(line, " "):
			values[name] = append(values[name], strings.TrimSpace(line))
		case inside:
			name = strings.TrimSuffix(line, ":")
		}
	}
	text1 := func(name string) string { return strings.Join(values[name], " ") }
	d := dump{words: text1("words"), dir: text1("pointer directory"), pointers: map[string]string{text1("pointer name"): text1("root, CID")}, blocks: map[string][]byte{}}
	for name := range values {
		if !strings.HasPrefix(name, "block: ") {
			continue
		}
		b, err := hex.DecodeString(strings.Join(values[name], ""))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum := sha256.Sum256(b)
		d.blocks[readCID(codecRaw, sum[:])] = b
		d.blocks[readCID(codecDagPB, sum[:])] = b
	}
	sum := sha256.Sum256([]byte("hello, roost\n"))
	checkReader(t, d, []expectedSnapshot{{
		Device: "ada-laptop", Path: "/home/ada/Notes", Seconds: 1767225600, Complete: true, Files: 1, Bytes: 13,
		Entries: map[string]expectedEntry{
			"":          {Type: "dir", Mode: "0755", Seconds: 1767225600},
			"hello.txt": {Type: "file", Mode: "0644", Seconds: 1767225600, Nanos: 500, Size: 13, SHA256: hex.EncodeToString(sum[:])},
		},
	}})

	entropy, err := readWords(d.words)
	if err != nil {
		t.Fatal(err)
	}
	r := &vaultReader{}
	r.derive(entropy)
	if name := r.readSlotName(0); name != text1("slot 0, name") {
		t.Errorf("the name of slot 0 is %s", name)
	}
	record, err := hex.DecodeString(strings.Join(values["beacon, record"], ""))
	if err != nil {
		t.Fatal(err)
	}
	beacon, err := r.readBeacon(0, record)
	if err != nil {
		t.Fatal(err)
	}
	if beacon.Sequence != 1 || beacon.Roots[0] != text1("root, CID") || beacon.Storages[0][0] != "https://192.0.2.9:5443" {
		t.Errorf("the beacon is read as %+v", beacon)
	}
}

// TestTheGoldenVaultOfVersion1IsRead: a vault on disk that every later version has to read. With -write-golden the fixture
// is written where there is none.
func TestTheGoldenVaultOfVersion1IsRead(t *testing.T) {
	if _, err := os.Stat(goldenDir); errors.Is(err, os.ErrNotExist) && *writeGolden {
		d, want := newFixture(t)
		saveGolden(t, goldenDir, d, want)
	}
	d, want := loadGolden(t, goldenDir)
	checkReader(t, d, want)
}

type goldenPointers struct {
	Dir      string            `json:"dir"`
	Pointers map[string]string `json:"pointers"`
}

// saveGolden writes blocks.car (CARv1), pointers.json, words.txt and expect.json.
func saveGolden(t *testing.T, dir string, d dump, want []expectedSnapshot) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var car []byte
	section := func(parts ...[]byte) {
		all := slices.Concat(parts...)
		car = append(binary.AppendUvarint(car, uint64(len(all))), all...)
	}
	header := []byte("\xa2\x65roots\x80\x67version\x01")
	for _, p := range slices.Sorted(maps.Values(d.pointers)) {
		c, err := cid.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		header[7]++ // up to 23 roots
		at := len(header) - 9
		header = slices.Insert(header, at, append([]byte{0xd8, 0x2a, 0x58, 37, 0}, c.Bytes()...)...)
	}
	section(header)
	for _, s := range slices.Sorted(maps.Keys(d.blocks)) {
		c, err := cid.Decode(s)
		if err != nil {
			t.Fatal(err)
		}
		section(c.Bytes(), d.blocks[s])
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	asJSON := func(v any) []byte {
		b, err := json.MarshalIndent(v, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		return append(b, '\n')
	}
	write("blocks.car", car)
	write("pointers.json", asJSON(goldenPointers{d.dir, d.pointers}))
	write("words.txt", []byte(d.words+"\n"))
	write("expect.json", asJSON(want))
}

func loadGolden(t *testing.T, dir string) (d dump, want []expectedSnapshot) {
	t.Helper()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var p goldenPointers
	if err := errors.Join(json.Unmarshal(read("pointers.json"), &p), json.Unmarshal(read("expect.json"), &want)); err != nil {
		t.Fatal(err)
	}
	d = dump{words: string(read("words.txt")), dir: p.Dir, pointers: p.Pointers, blocks: map[string][]byte{}}
	car := read("blocks.car")
	for i := 0; len(car) > 0; i++ {
		n, used := binary.Uvarint(car)
		if used <= 0 || n > uint64(len(car)-used) || (i > 0 && n < 36) {
			t.Fatalf("section %d of blocks.car", i)
		}
		part := car[used : uint64(used)+n]
		car = car[uint64(used)+n:]
		if i > 0 { // the first is the header
			d.blocks["b"+readBase32.EncodeToString(part[:36])] = part[36:]
		}
	}
	return d, want
}

// blocksUsed are the CIDs that reading a vault needs.
func blocksUsed(t *testing.T, d dump) []string {
	t.Helper()
	used := map[string]bool{}
	if _, err := readVault(d.words, d.pointers, func(c string) ([]byte, error) { used[c] = true; return d.get(c) }); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(used))
}

func TestAStorageThatLiesIsNotBelieved(t *testing.T) {
	d, _ := newFixture(t)
	used := blocksUsed(t, d)
	for i, c := range used {
		block := d.blocks[c]
		for what, other := range map[string][]byte{
			"changed":   append(bytes.Clone(block[:len(block)-1]), block[len(block)-1]^1),
			"cut":       block[:len(block)-1],
			"another's": d.blocks[used[(i+1)%len(used)]],
		} {
			_, err := readVault(d.words, d.pointers, func(x string) ([]byte, error) {
				if x == c {
					return other, nil
				}
				return d.get(x)
			})
			if err == nil {
				t.Errorf("block %s, %s, was believed", c, what)
			}
		}
		_, err := readVault(d.words, d.pointers, func(x string) ([]byte, error) {
			if x == c {
				return nil, errNoBlock
			}
			return d.get(x)
		})
		if !errors.Is(err, errNoBlock) {
			t.Errorf("block %s missing: %v", c, err)
		}
	}
}

func TestPointersAndWordsThatDoNotFitAreNamed(t *testing.T) {
	d, _ := newFixture(t)
	names := slices.Sorted(maps.Keys(d.pointers))
	swapped := maps.Clone(d.pointers)
	swapped[names[0]], swapped[names[1]] = swapped[names[1]], swapped[names[0]]
	if _, err := readVault(d.words, swapped, d.get); err == nil {
		t.Error("two pointers that changed places were believed")
	}
	for _, words := range []string{
		strings.Repeat("abandon ", 23) + "art", // another vault's
		strings.Repeat("abandon ", 24),         // a wrong checksum
		d.words + " art", strings.Replace(d.words, " ", " roost ", 1), "",
	} {
		if _, err := readVault(words, d.pointers, d.get); err == nil {
			t.Errorf("read with the words %q", words)
		}
	}
}

func TestNothingIsReadThatWasWrittenAfterARevocation(t *testing.T) {
	d, _ := newFixture(t)
	late := func(pointers map[string]string) bool {
		t.Helper()
		got, err := readVault(d.words, pointers, d.get)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(got, func(s readSnapshot) bool { return s.Seconds == 1_700_000_900 })
	}
	if late(d.pointers) {
		t.Error("a version that was written after the revocation was read")
	}
	// By itself the late head verifies: only the registries of the others shut it out.
	alone := 0
	for n, c := range d.pointers {
		if late(map[string]string{n: c}) {
			alone++
		}
	}
	if alone != 1 {
		t.Errorf("%d late heads in the fixture", alone)
	}
}
