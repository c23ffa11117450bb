package format

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// testPack is a data pack of three bodies (raw, compressed, empty) in total bytes.
func testPack(t testing.TB, k *Keys, typ ObjectType, total int) []byte {
	t.Helper()
	return must(testBuilder(k, typ).Seal(k.Vault, k.Current(), total))(t)
}

func testBuilder(k *Keys, typ ObjectType) *Builder {
	ids := NewIDs(k.ChunkID)
	b := NewBuilder(typ)
	for _, plain := range [][]byte{testBytes(1, 900), bytes.Repeat([]byte("roost "), 500), {}} {
		data, zstd := Compress(nil, plain)
		b.Add(KindData, ids.ID(KindData, plain), len(plain), zstd, data)
	}
	return b
}

// readAll opens an object and checks every byte of it: header, bodies, ids, padding.
func readAll(raw []byte, typ ObjectType, k *Keys) ([][]byte, error) {
	s, err := Open(raw, typ, k.Vault, k.Epochs)
	if err != nil {
		return nil, err
	}
	ids := NewIDs(k.ChunkID)
	var out [][]byte
	for i, b := range s.Bodies {
		plain, err := s.Body(i)
		if err != nil {
			return nil, err
		}
		if b.Kind != 0 {
			if err := ids.Check(b.Kind, b.ID, plain); err != nil {
				return nil, err
			}
		}
		out = append(out, plain)
	}
	return out, s.CheckPadding()
}

func TestWhatIsSealedComesBack(t *testing.T) {
	k := testKeys(1, 3)
	for _, typ := range []ObjectType{DataPack, MetaPack, IndexPack} {
		b := testBuilder(k, typ)
		for _, total := range []int{b.Size(), b.Size() + 1, b.PaddedSize(MinPackSize), PackSize, MaxBlockSize} {
			raw := testPack(t, k, typ, total)
			if len(raw) != total {
				t.Fatalf("asked for %d bytes, got %d", total, len(raw))
			}
			got, err := readAll(raw, typ, k)
			if err != nil {
				t.Fatalf("type %d, %d bytes: %v", typ, total, err)
			}
			if len(got) != 3 || !bytes.Equal(got[0], testBytes(1, 900)) || !bytes.Equal(got[1], bytes.Repeat([]byte("roost "), 500)) || len(got[2]) != 0 {
				t.Fatalf("type %d: other bytes came back", typ)
			}
		}
	}
}

func TestAPartOfAnObjectHoldsWhatWasKept(t *testing.T) {
	k := testKeys(1, 3)
	whole := must(Open(testPack(t, k, DataPack, MinPackSize), DataPack, k.Vault, k.Epochs))(t)
	part := whole.Keep(func(id ChunkID) bool { return id != whole.Bodies[0].ID })
	less := part.Keep(func(id ChunkID) bool { return id != whole.Bodies[1].ID })
	for _, c := range []struct {
		s       *Sealed
		partial bool
		holds   []int
	}{{whole, false, []int{0, 1, 2}}, {part, true, []int{1, 2}}, {less, true, []int{2}}} {
		size := 0
		for i, b := range c.s.Bodies {
			if c.s.Holds(i) != slices.Contains(c.holds, i) || c.s.Partial() != c.partial {
				t.Errorf("body %d: held %v in an object that should hold %v", i, c.s.Holds(i), c.holds)
			}
			if !c.s.Holds(i) {
				continue
			}
			size += int(b.Stored) + tagSize
			got, err := c.s.Body(i)
			if want := must(whole.Body(i))(t); err != nil || !bytes.Equal(got, want) {
				t.Errorf("body %d is %d bytes, %v; want %d", i, len(got), err, len(want))
			}
		}
		if c.partial && c.s.Size() != size {
			t.Errorf("the part takes %d bytes, want %d", c.s.Size(), size)
		}
	}
}

func TestABuilderKnowsItsSizeBeforehand(t *testing.T) {
	b := NewBuilder(DataPack)
	for n := range 50 {
		want := b.Grown(n)
		b.Add(KindData, ChunkID{}, n, false, make([]byte, n))
		if b.Size() != want || b.Len() != n+1 || len(b.Bodies()) != n+1 {
			t.Fatalf("size %d after the announced %d", b.Size(), want)
		}
	}
	b.Reset()
	if b.Size() != sealOverhead || b.Len() != 0 {
		t.Fatal("reset builder is not empty")
	}
}

func TestEveryEpochOfAVaultOpensAndNoOtherDoes(t *testing.T) {
	k := testKeys(1, 5)
	for _, e := range k.Epochs {
		raw := must(testBuilder(k, DataPack).Seal(k.Vault, e, 8192))(t)
		s, err := Open(raw, DataPack, k.Vault, k.Epochs)
		if err != nil || s.Epoch != e.Number {
			t.Fatalf("epoch %d: %v", e.Number, err)
		}
		others := slices.DeleteFunc(slices.Clone(k.Epochs), func(o Epoch) bool { return o.Number == e.Number })
		_, err = Open(raw, DataPack, k.Vault, others)
		wantErr(t, "without its epoch", err, ErrWrongKey)
		// The right secret under another number: bound by the additional data.
		_, err = Open(raw, DataPack, k.Vault, []Epoch{{Number: e.Number + 1, Secret: e.Secret}})
		wantErr(t, "under another epoch's number", err, ErrDamaged)
	}
}

// sealedObjects are one object of every type, with a function that reads all of it.
func sealedObjects(t testing.TB) map[ObjectType]struct {
	raw  []byte
	read func([]byte) error
} {
	t.Helper()
	k := testKeys(1, 2)
	d := newTestDevice(t, k.Vault, 9)
	root := RootKey(testEntropy(1))
	type object = struct {
		raw  []byte
		read func([]byte) error
	}
	out := map[ObjectType]object{}
	for _, typ := range []ObjectType{DataPack, MetaPack, IndexPack} {
		out[typ] = object{testPack(t, k, typ, 2048), func(b []byte) error { _, err := readAll(b, typ, k); return err }}
	}
	head, _, err := SealHead(testHead(k, d, root), d.sign, k.Vault, k.Current())
	if err != nil {
		t.Fatal(err)
	}
	out[HeadObject] = object{head, func(b []byte) error { _, _, err := OpenHead(b, k); return err }}
	ring := must(SealKeyring(KeyringState{Version: 1, Current: 2}, k, []*Certificate{d.cert}, root))(t)
	out[Keyring] = object{ring, func(b []byte) error { _, err := OpenKeyring(b, k); return err }}
	marker := must(SealMarker(&Marker{Device: d.id, Seconds: 7}, k))(t)
	out[BatchMarker] = object{marker, func(b []byte) error { _, err := OpenMarker(b, k); return err }}
	master := BundleEpoch(Secret{5})
	bundle := must(SealOne(Bundle, k.Vault, master, []byte("a device's keys")))(t)
	out[Bundle] = object{bundle, func(b []byte) error { _, err := OpenOne(b, Bundle, k.Vault, []Epoch{master}); return err }}
	return out
}

func TestNoBitOfASealedObjectCanChange(t *testing.T) {
	for typ, o := range sealedObjects(t) {
		if err := o.read(o.raw); err != nil {
			t.Fatalf("type %d unharmed: %v", typ, err)
		}
		// Every byte, a rising bit of it: bodies, tags, padding, header, salt, commitment, masked length.
		for i := range o.raw {
			bad := bytes.Clone(o.raw)
			bad[i] ^= 1 << (i % 8)
			if o.read(bad) == nil {
				t.Fatalf("type %d: byte %d of %d changed and nobody noticed", typ, i, len(bad))
			}
		}
		// Every bit of the trailer and of the header before it.
		for i := len(o.raw) - 300; i < len(o.raw); i++ {
			for bit := range 8 {
				bad := bytes.Clone(o.raw)
				bad[i] ^= 1 << bit
				if o.read(bad) == nil {
					t.Fatalf("type %d: bit %d of byte %d changed and nobody noticed", typ, bit, i)
				}
			}
		}
	}
}

func TestNoSealedObjectCanBeCutOrExtended(t *testing.T) {
	for typ, o := range sealedObjects(t) {
		n := len(o.raw)
		for what, bad := range map[string][]byte{
			"empty": nil, "first byte": o.raw[:1], "without its last byte": o.raw[:n-1], "without its first byte": o.raw[1:],
			"without a block": o.raw[:n-16], "half": o.raw[:n/2], "second half": o.raw[n/2:], "trailer alone": o.raw[n-trailerSize:],
			"a byte behind": append(bytes.Clone(o.raw), 0), "a byte before": append([]byte{0}, o.raw...),
			"a block behind": append(bytes.Clone(o.raw), make([]byte, 16)...), "a block before": append(make([]byte, 16), o.raw...),
			"itself twice": append(bytes.Clone(o.raw), o.raw...), "huge": append(make([]byte, MaxBlockSize), o.raw...),
			"a block taken out of the middle": append(bytes.Clone(o.raw[:n/2]), o.raw[n/2+16:]...),
		} {
			if o.read(bad) == nil {
				t.Errorf("type %d: %s was accepted", typ, what)
			}
		}
	}
}

func TestPartsOfTwoPacksDoNotMix(t *testing.T) {
	k := testKeys(1, 1)
	a, b := testPack(t, k, DataPack, 4096), testPack(t, k, DataPack, 4096) // same content, other salt
	bodies := 900 + tagSize
	for what, mix := range map[string][]byte{
		"first bodies swapped":     slices.Concat(b[:bodies], a[bodies:]),
		"trailer of another":       slices.Concat(a[:4096-trailerSize], b[4096-trailerSize:]),
		"header of another":        slices.Concat(a[:3500], b[3500:4096-trailerSize], a[4096-trailerSize:]),
		"salt of another":          slices.Concat(a[:4096-trailerSize], b[4096-trailerSize:][:32], a[4096-trailerSize+32:]),
		"commitment of another":    slices.Concat(a[:4096-36], b[4096-36:4096-4], a[4096-4:]),
		"header length of another": slices.Concat(a[:4096-4], b[4096-4:]),
	} {
		if _, err := readAll(mix, DataPack, k); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestBodiesOfOnePackCannotChangePlaces(t *testing.T) {
	k := testKeys(1, 1)
	b := NewBuilder(DataPack)
	ids := NewIDs(k.ChunkID)
	for i := range byte(2) {
		p := bytes.Repeat([]byte{i}, 40)
		b.Add(KindData, ids.ID(KindData, p), len(p), false, p)
	}
	raw := must(b.Seal(k.Vault, k.Current(), 1024))(t)
	bad := slices.Concat(raw[56:112], raw[:56], raw[112:])
	if _, err := readAll(bad, DataPack, k); err == nil {
		t.Error("two bodies of one length changed places and nobody noticed")
	}
	// Even with equal content: the key is the ordinal's.
	b.Reset()
	p := make([]byte, 40)
	b.Add(KindData, ids.ID(KindData, p), len(p), false, p)
	b.Add(KindData, ids.ID(KindData, p), len(p), false, p)
	raw = must(b.Seal(k.Vault, k.Current(), 1024))(t)
	if bytes.Equal(raw[:56], raw[56:112]) {
		t.Error("equal bodies of one pack look equal")
	}
}

func TestAnObjectOpensOnlyAsItsTypeInItsVault(t *testing.T) {
	k, other := testKeys(1, 1), testKeys(2, 1)
	raw := testPack(t, k, DataPack, 4096)
	for typ := range ObjectType(9) {
		if typ == DataPack {
			continue
		}
		_, err := Open(raw, typ, k.Vault, k.Epochs)
		wantErr(t, fmt.Sprintf("as type %d", typ), err, ErrDamaged)
	}
	_, err := Open(raw, DataPack, other.Vault, k.Epochs)
	wantErr(t, "as another vault's", err, ErrDamaged)
	_, err = Open(raw, DataPack, other.Vault, other.Epochs)
	wantErr(t, "with another vault's keys", err, ErrWrongKey)
	_, err = Open(raw, DataPack, k.Vault, nil)
	wantErr(t, "without keys", err, ErrWrongKey)
}

// forge seals with a header of our own making, as someone who has the keys could.
func forge(t *testing.T, k *Keys, bodies []byte, pad int, header []byte, hlen func(int) uint32) []byte {
	t.Helper()
	total := len(bodies) + pad + tagSize + len(header) + tagSize + trailerSize
	salt := [32]byte{1, 2, 3}
	key := newSealKeys(salt, k.Current().Secret)
	ad := additional(k.Vault, k.Current().Number, DataPack, total)
	out := bytes.Clone(bodies)
	out = aead(key.key("padding")).Seal(out, zeroNonce, make([]byte, pad), ad.bytes)
	out = aead(key.key("header")).Seal(out, zeroNonce, header, ad.bytes)
	out = append(out, salt[:]...)
	out = append(out, key.expand("commitment", 32)...)
	n := be32(hlen(len(header) + tagSize))
	for i, m := range key.expand("header-length", 4) {
		n[i] ^= m
	}
	return append(out, n...)
}

func TestAHeaderThatLiesIsRefusedEvenWithTheRightKey(t *testing.T) {
	k := testKeys(1, 1)
	right := func(n int) uint32 { return uint32(n) }
	entry := func(flags byte, stored, plain uint32) []byte {
		e := []byte{byte(KindData), flags}
		e = binary.BigEndian.AppendUint32(e, stored)
		e = binary.BigEndian.AppendUint32(e, plain)
		return append(e, make([]byte, 32)...)
	}
	head := func(count, pad uint32, entries ...[]byte) []byte {
		h := []byte{Version, byte(DataPack), 0, 0}
		h = binary.BigEndian.AppendUint32(h, count)
		h = binary.BigEndian.AppendUint32(h, pad)
		return append(h, slices.Concat(entries...)...)
	}
	if _, err := Open(forge(t, k, nil, 100, head(0, 100), right), DataPack, k.Vault, k.Epochs); err != nil {
		t.Fatalf("a right forgery: %v", err)
	}
	body := make([]byte, 64)
	for what, raw := range map[string][]byte{
		"more bodies than entries":        forge(t, k, body, 0, head(2, 0, entry(0, 48, 48)), right),
		"fewer bodies than entries":       forge(t, k, body, 0, head(0, 0, entry(0, 48, 48)), right),
		"2^32-1 bodies":                   forge(t, k, body, 0, head(1<<32-1, 0, entry(0, 48, 48)), right),
		"a count that overflows":          forge(t, k, body, 0, head(0x06186186, 0, entry(0, 48, 48)), right),
		"a body of 4 GiB":                 forge(t, k, body, 0, head(1, 0, entry(1, 1<<32-1, 100)), right),
		"a body past the end":             forge(t, k, body, 0, head(1, 0, entry(1, 4000, 100)), right),
		"bodies that leave a gap":         forge(t, k, body, 0, head(1, 0, entry(0, 40, 40)), right),
		"bodies that reach into padding":  forge(t, k, body, 16, head(1, 16, entry(0, 64, 64)), right),
		"padding of 4 GiB":                forge(t, k, body, 0, head(1, 1<<32-1, entry(0, 48, 48)), right),
		"less padding than there is":      forge(t, k, body, 10, head(1, 9, entry(0, 48, 48)), right),
		"plain over the chunk limit":      forge(t, k, body, 0, head(1, 0, entry(1, 48, MaxChunk+1)), right),
		"raw with two lengths":            forge(t, k, body, 0, head(1, 0, entry(0, 48, 47)), right),
		"an unknown flag":                 forge(t, k, body, 0, head(1, 0, entry(2, 48, 48)), right),
		"an unknown flag beside zstd":     forge(t, k, body, 0, head(1, 0, entry(3, 48, 48)), right),
		"bytes behind the entries":        forge(t, k, body, 0, append(head(1, 0, entry(0, 48, 48)), 0), right),
		"a header without its fixed part": forge(t, k, body, 0, []byte{1, 1, 0}, right),
		"an empty header":                 forge(t, k, body, 0, nil, right),
		"version 0":                       forge(t, k, nil, 0, append([]byte{0, 1, 0, 0}, make([]byte, 8)...), right),
		"another type inside":             forge(t, k, nil, 0, append([]byte{1, 2, 0, 0}, make([]byte, 8)...), right),
		"a reserved byte set":             forge(t, k, nil, 0, append([]byte{1, 1, 1, 0}, make([]byte, 8)...), right),
		"header length 0":                 forge(t, k, body, 0, head(1, 0, entry(0, 48, 48)), func(int) uint32 { return 0 }),
		"header length one short":         forge(t, k, body, 0, head(1, 0, entry(0, 48, 48)), func(n int) uint32 { return uint32(n - 1) }),
		"header length one long":          forge(t, k, body, 0, head(1, 0, entry(0, 48, 48)), func(n int) uint32 { return uint32(n + 1) }),
		"header length of all":            forge(t, k, body, 0, head(1, 0, entry(0, 48, 48)), func(n int) uint32 { return uint32(n + 80) }),
		"header length 2^32-1":            forge(t, k, body, 0, head(1, 0, entry(0, 48, 48)), func(int) uint32 { return 1<<32 - 1 }),
	} {
		_, err := Open(raw, DataPack, k.Vault, k.Epochs)
		wantErr(t, what, err, ErrDamaged)
	}
	_, err := Open(forge(t, k, nil, 0, append([]byte{2, 1, 0, 0}, make([]byte, 8)...), right), DataPack, k.Vault, k.Epochs)
	wantErr(t, "version 2", err, ErrNewer)
}

func TestPaddingIsZeroAndChecked(t *testing.T) {
	k := testKeys(1, 1)
	b := NewBuilder(DataPack)
	header := b.header(8)
	total := 8 + sealOverhead
	salt := [32]byte{9}
	key := newSealKeys(salt, k.Current().Secret)
	ad := additional(k.Vault, 1, DataPack, total)
	out := aead(key.key("padding")).Seal(nil, zeroNonce, []byte("smuggled"), ad.bytes)
	out = aead(key.key("header")).Seal(out, zeroNonce, header, ad.bytes)
	out = append(append(out, salt[:]...), key.expand("commitment", 32)...)
	n := be32(uint32(len(header) + tagSize))
	for i, m := range key.expand("header-length", 4) {
		n[i] ^= m
	}
	s := must(Open(append(out, n...), DataPack, k.Vault, k.Epochs))(t)
	wantErr(t, "padding that carries something", s.CheckPadding(), ErrDamaged)
}

func TestABrokenRandomSourceNeverUsesAKeyTwice(t *testing.T) {
	k := testKeys(1, 2)
	type variant struct {
		name  string
		build func() (*Builder, VaultID, Epoch, int)
	}
	one := func(kind Kind, id ChunkID, plain int, zstd bool, data string) *Builder {
		b := NewBuilder(DataPack)
		b.Add(kind, id, plain, zstd, []byte(data))
		return b
	}
	ep := k.Current()
	variants := []variant{
		{"base", func() (*Builder, VaultID, Epoch, int) { return one(1, ChunkID{}, 4, false, "aaaa"), k.Vault, ep, 1024 }},
		{"other data", func() (*Builder, VaultID, Epoch, int) { return one(1, ChunkID{}, 4, false, "aaab"), k.Vault, ep, 1024 }},
		{"other length", func() (*Builder, VaultID, Epoch, int) { return one(1, ChunkID{}, 3, false, "aaa"), k.Vault, ep, 1024 }},
		{"other kind", func() (*Builder, VaultID, Epoch, int) { return one(2, ChunkID{}, 4, false, "aaaa"), k.Vault, ep, 1024 }},
		{"other id", func() (*Builder, VaultID, Epoch, int) { return one(1, ChunkID{1}, 4, false, "aaaa"), k.Vault, ep, 1024 }},
		{"other flag", func() (*Builder, VaultID, Epoch, int) { return one(1, ChunkID{}, 4, true, "aaaa"), k.Vault, ep, 1024 }},
		{"other plain length", func() (*Builder, VaultID, Epoch, int) { return one(1, ChunkID{}, 5, true, "aaaa"), k.Vault, ep, 1024 }},
		{"other total", func() (*Builder, VaultID, Epoch, int) { return one(1, ChunkID{}, 4, false, "aaaa"), k.Vault, ep, 2048 }},
		{"other epoch", func() (*Builder, VaultID, Epoch, int) {
			return one(1, ChunkID{}, 4, false, "aaaa"), k.Vault, k.Epochs[1], 1024
		}},
		{"other epoch number", func() (*Builder, VaultID, Epoch, int) {
			return one(1, ChunkID{}, 4, false, "aaaa"), k.Vault, Epoch{Number: 9, Secret: ep.Secret}, 1024
		}},
		{"other vault", func() (*Builder, VaultID, Epoch, int) {
			return one(1, ChunkID{}, 4, false, "aaaa"), VaultID{1}, ep, 1024
		}},
		{"two bodies", func() (*Builder, VaultID, Epoch, int) {
			b := one(1, ChunkID{}, 2, false, "aa")
			b.Add(1, ChunkID{}, 2, false, []byte("aa"))
			return b, k.Vault, ep, 1024
		}},
		{"other type", func() (*Builder, VaultID, Epoch, int) {
			b := NewBuilder(MetaPack)
			b.Add(1, ChunkID{}, 4, false, []byte("aaaa"))
			return b, k.Vault, ep, 1024
		}},
		{"no body", func() (*Builder, VaultID, Epoch, int) { return NewBuilder(DataPack), k.Vault, ep, 1024 }},
	}
	salts := map[string]string{}
	for _, v := range variants {
		b, vault, epoch, total := v.build()
		raw := must(b.seal(vault, epoch, total, constant(7)))(t)
		salt := string(raw[len(raw)-trailerSize:][:32])
		if was, taken := salts[salt]; taken {
			t.Errorf("%q and %q were sealed under one salt", v.name, was)
		}
		salts[salt] = v.name
		// The same again is the same object: nothing new is said under the key.
		b, vault, epoch, total = v.build()
		if again := must(b.seal(vault, epoch, total, constant(7)))(t); !bytes.Equal(raw, again) {
			t.Errorf("%q: same data and same randomness gave other bytes", v.name)
		}
		if fresh := must(b.seal(vault, epoch, total, rand.Reader))(t); bytes.Equal(raw, fresh) {
			t.Errorf("%q: fresh randomness changed nothing", v.name)
		}
	}
	if _, err := NewBuilder(DataPack).seal(k.Vault, ep, 1024, noRandom{}); err == nil {
		t.Error("sealed without any randomness")
	}
}

func TestRegionsOfOneObjectHaveKeysOfTheirOwn(t *testing.T) {
	k := newSealKeys([32]byte{1}, Secret{2})
	seen := map[string]string{}
	for i := range 300 {
		seen[string(k.body(i))] = fmt.Sprintf("body %d", i)
	}
	for _, l := range []string{"padding", "header", "commitment", "header-length", "body"} {
		seen[string(k.expand(l, 32))] = l
	}
	if len(seen) != 305 {
		t.Errorf("%d different keys for 305 regions", len(seen))
	}
}

func TestTheWriterRefusesWhatNoReaderAccepts(t *testing.T) {
	k := testKeys(1, 1)
	seal := func(total int, add func(*Builder)) error {
		b := NewBuilder(DataPack)
		add(b)
		_, err := b.Seal(k.Vault, k.Current(), total)
		return err
	}
	wantErr(t, "too small a block", seal(100, func(*Builder) {}), ErrTooLarge)
	wantErr(t, "too large a block", seal(MaxBlockSize+1, func(*Builder) {}), ErrTooLarge)
	wantErr(t, "too large a chunk", seal(PackSize, func(b *Builder) {
		b.Add(KindTree, ChunkID{}, MaxChunk+1, true, make([]byte, 10))
	}), ErrTooLarge)
	wantErr(t, "raw with two lengths", seal(PackSize, func(b *Builder) {
		b.Add(KindTree, ChunkID{}, 11, false, make([]byte, 10))
	}), ErrTooLarge)
	_, err := SealOne(HeadObject, k.Vault, k.Current(), make([]byte, MaxChunk+1))
	wantErr(t, "too large an object", err, ErrTooLarge)
}

func TestSmallObjectsArePaddedToAPowerOfTwo(t *testing.T) {
	k := testKeys(1, 1)
	for _, n := range []int{0, 1, 500, 862, 863, 2000, 100_000, MaxChunk} {
		raw := must(SealOne(HeadObject, k.Vault, k.Current(), testBytes(1, n)))(t)
		if l := len(raw); l < MinBlockSize || l&(l-1) != 0 {
			t.Errorf("%d bytes became a block of %d", n, l)
		}
		if got, err := OpenOne(raw, HeadObject, k.Vault, k.Epochs); err != nil || !bytes.Equal(got, testBytes(1, n)) {
			t.Errorf("%d bytes did not come back: %v", n, err)
		}
	}
	_, err := OpenOne(testPack(t, k, HeadObject, 4096), HeadObject, k.Vault, k.Epochs)
	wantErr(t, "three bodies where one belongs", err, ErrDamaged)
}

// runs are all runs of 16 bytes.
func runs(seen map[[16]byte]bool, blocks ...[]byte) {
	for _, b := range blocks {
		for i := 0; i+16 <= len(b); i++ {
			seen[[16]byte(b[i:])] = true
		}
	}
}

func TestTwoVaultsShareNoRunOfBytes(t *testing.T) {
	sealed := func(seed byte, random constant) (out [][]byte) {
		k := testKeys(seed, 1)
		d := newTestDevice(t, k.Vault, 9)
		for _, typ := range []ObjectType{DataPack, MetaPack} {
			out = append(out, must(testBuilder(k, typ).seal(k.Vault, k.Current(), 16<<10, random))(t))
		}
		head, _, err := SealHead(testHead(k, d, RootKey(testEntropy(seed))), d.sign, k.Vault, k.Current())
		if err != nil {
			t.Fatal(err)
		}
		return append(out, head)
	}
	a, b := map[[16]byte]bool{}, map[[16]byte]bool{}
	// The same data, devices and a random source that repeats itself: only the vaults differ.
	runs(a, sealed(1, 7)...)
	runs(b, sealed(2, 7)...)
	for run := range a {
		if b[run] {
			t.Fatalf("both vaults hold the run %x", run)
		}
	}
	// Nor does one vault repeat itself: the same data sealed twice, and padding, look like different data.
	n, once := 0, map[[16]byte]bool{}
	for _, blk := range append(sealed(1, 1), sealed(1, 2)...) {
		n += len(blk) - 15
		runs(once, blk)
	}
	if len(once) != n {
		t.Errorf("%d of %d runs repeat", n-len(once), n)
	}
}

func FuzzOpen(f *testing.F) {
	k := testKeys(1, 2)
	for _, o := range sealedObjects(f) {
		f.Add(o.raw, byte(1))
	}
	f.Add(must(testBuilder(k, DataPack).Seal(k.Vault, k.Current(), 4096))(f), byte(1))
	f.Add(make([]byte, sealOverhead), byte(4))
	f.Fuzz(func(t *testing.T, raw []byte, typ byte) {
		s, err := Open(raw, ObjectType(typ), k.Vault, k.Epochs)
		if err != nil {
			return
		}
		for i := range s.Bodies {
			_, _ = s.Body(i) // must not panic
		}
		_ = s.CheckPadding()
	})
}

// FuzzHeader gives the parser behind the authentication what only a holder of the keys could.
func FuzzHeader(f *testing.F) {
	k := testKeys(1, 1)
	b := testBuilder(k, DataPack)
	f.Add(b.header(5), make([]byte, 2000), uint16(5))
	f.Add([]byte{1, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}, []byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, header, bodies []byte, pad uint16) {
		raw := forge(t, k, bodies, int(pad), header, func(n int) uint32 { return uint32(n) })
		s, err := Open(raw, DataPack, k.Vault, k.Epochs)
		if err != nil {
			return
		}
		for i := range s.Bodies {
			if p, err := s.Body(i); err == nil && len(p) > MaxChunk {
				t.Fatalf("a body of %d bytes", len(p))
			}
		}
		_ = s.CheckPadding() // must not panic
	})
}

func benchPack(b *testing.B) (*Keys, *Builder, [][]byte) {
	b.Helper()
	k := testKeys(1, 1)
	ids := NewIDs(k.ChunkID)
	bld := NewBuilder(DataPack)
	var chunks [][]byte
	for i := range byte(7) {
		p := testBytes(i, 149_000)
		chunks = append(chunks, p)
		bld.Add(KindData, ids.ID(KindData, p), len(p), false, p)
	}
	return k, bld, chunks
}

func BenchmarkSeal1MiB(b *testing.B) {
	k, bld, chunks := benchPack(b)
	ids := make([]ChunkID, len(chunks))
	b.SetBytes(PackSize)
	b.ReportAllocs()
	for b.Loop() {
		bld.Reset()
		for i, c := range chunks {
			bld.Add(KindData, ids[i], len(c), false, c)
		}
		if _, err := bld.Seal(k.Vault, k.Current(), PackSize); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen1MiB(b *testing.B) {
	k, bld, _ := benchPack(b)
	raw, err := bld.Seal(k.Vault, k.Current(), PackSize)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(PackSize)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(raw, DataPack, k.Vault, k.Epochs)
		if err != nil {
			b.Fatal(err)
		}
		for i := range s.Bodies {
			if _, err := s.Body(i); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkOpenSmallBodies is a metadata pack of a thousand small trees: what browsing reads.
func BenchmarkOpenSmallBodies(b *testing.B) {
	k := testKeys(1, 1)
	bld := NewBuilder(MetaPack)
	for range 1000 {
		bld.Add(KindTree, ChunkID{}, 500, false, make([]byte, 500))
	}
	raw, err := bld.Seal(k.Vault, k.Current(), PackSize)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(raw, MetaPack, k.Vault, k.Epochs)
		if err != nil {
			b.Fatal(err)
		}
		for i := range s.Bodies {
			if _, err := s.Body(i); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestAbsorbLosesAndDoublesNothing(t *testing.T) {
	k := testKeys(1, 1)
	ids := NewIDs(k.ChunkID)
	fill := func(from, n byte) *Builder {
		b := NewBuilder(DataPack)
		for i := range n {
			p := testBytes(from+i, 100)
			b.Add(KindData, ids.ID(KindData, p), len(p), false, p)
		}
		return b
	}
	for limit := 0; limit < 2200; limit += 50 {
		a, b := fill(0, 5), fill(5, 5)
		empty := a.Absorb(b, limit)
		if empty != (b.Len() == 0) || a.Len()+b.Len() != 10 || (a.Len() > 5 && a.Size() > limit) {
			t.Fatalf("limit %d: %d and %d bodies, %d bytes", limit, a.Len(), b.Len(), a.Size())
		}
		var all [][]byte
		for _, x := range []*Builder{a, b} {
			all = append(all, must(readAll(must(x.Seal(k.Vault, k.Current(), 4096))(t), DataPack, k))(t)...)
		}
		for i, p := range all {
			if !bytes.Equal(p, testBytes(byte(i), 100)) {
				t.Fatalf("limit %d: body %d is another", limit, i)
			}
		}
	}
}
