package format

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// testHead is a first head of a certified device.
func testHead(k *Keys, d testDevice, root ed25519.PrivateKey) *Head {
	return &Head{
		Vault: k.Vault, Device: d.id, Seq: 1, Seconds: 1_700_000_000, Nanos: 1,
		Registry: Registry{Certificates: []Certified{Certify(d.cert, root)}},
		Packs:    Digest{1}, Keys: Digest{2},
		Folders:   []Folder{{ID: FolderID{3}, Path: []byte("/home/x")}},
		Snapshots: []Summary{{ID: ChunkID{4}, Seconds: 5, Files: 6, Bytes: 7, Complete: true}},
		Older:     []OlderList{{ID: ChunkID{5}, Count: 300}},
		Segments: []SegmentRef{{
			Pack: PackInfo{Digest: Digest{6}, Type: IndexPack, Size: MinPackSize}, ID: ChunkID{7}, Chunks: 8,
			Packs: []PackInfo{{Digest: Digest{6}, Type: IndexPack, Size: MinPackSize}},
		}},
		Loose: []PackInfo{{Digest: Digest{9}, Type: DataPack, Size: PackSize}},
		Seen:  []Seen{{Device: DeviceID{10}, Seq: 11, Hash: Digest{12}}}, MinReader: 1,
	}
}

// sealAny signs and seals a head without the checks of SealHead, as a hostile device would.
func sealAny(t testing.TB, h *Head, key ed25519.PrivateKey, k *Keys) []byte {
	t.Helper()
	return must(SealOne(HeadObject, k.Vault, k.Current(), encode(sign(headLabel, key, encode(h)))))(t)
}

func TestAHeadComesBackAsItWas(t *testing.T) {
	k := testKeys(1, 2)
	d := newTestDevice(t, k.Vault, 9)
	want := testHead(k, d, RootKey(testEntropy(1)))
	block, hash, err := SealHead(want, d.sign, k.Vault, k.Current())
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := OpenHead(block, k)
	if err != nil {
		t.Fatal(err)
	}
	if again != hash || hash != HashHead(encode(want)) {
		t.Error("the hash is not of the signed bytes")
	}
	want.Previous, want.Registry.Certificates[0].By = []byte{}, []byte{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if !got.Time().Equal(time.Unix(1_700_000_000, 1)) {
		t.Errorf("made at %v", got.Time())
	}
	// The hash is of the content: the same head sealed again is another block and the same link in the chain.
	other, hash2, err := SealHead(want, d.sign, k.Vault, k.Current())
	if err != nil || hash2 != hash || bytes.Equal(other, block) {
		t.Errorf("sealed again: %x %v", hash2, err)
	}
}

func TestHeadsOfNoCertifiedDeviceAreRefused(t *testing.T) {
	k, foreign := testKeys(1, 1), testKeys(2, 1)
	root, foreignRoot := RootKey(testEntropy(1)), RootKey(testEntropy(2))
	d, e := newTestDevice(t, k.Vault, 9), newTestDevice(t, k.Vault, 10)
	for what, block := range map[string][]byte{
		"unsigned":                           must(SealOne(HeadObject, k.Vault, k.Current(), encode(signed{Payload: encode(testHead(k, d, root))})))(t),
		"without an envelope":                must(SealOne(HeadObject, k.Vault, k.Current(), encode(testHead(k, d, root))))(t),
		"signed by another device":           sealAny(t, testHead(k, d, root), e.sign, k),
		"signed by the root key":             sealAny(t, testHead(k, d, root), root, k),
		"certified by itself":                sealAny(t, testHead(k, d, d.sign), d.sign, k),
		"certified by another vault's words": sealAny(t, testHead(k, d, foreignRoot), d.sign, k),
		"with another vault's certificate": func() []byte {
			h := testHead(k, d, root)
			c := *d.cert
			c.Vault = foreign.Vault
			h.Registry = Registry{Certificates: []Certified{Certify(&c, root)}}
			return sealAny(t, h, d.sign, k)
		}(),
		"of another vault": func() []byte {
			h := testHead(k, d, root)
			h.Vault = foreign.Vault
			return sealAny(t, h, d.sign, k)
		}(),
		"without a registry": func() []byte {
			h := testHead(k, d, root)
			h.Registry = Registry{}
			return sealAny(t, h, d.sign, k)
		}(),
		"under another device's certificate": func() []byte {
			h := testHead(k, d, root)
			h.Registry = testHead(k, e, root).Registry
			return sealAny(t, h, d.sign, k)
		}(),
		"in another device's name": func() []byte {
			h := testHead(k, d, root)
			h.Device = e.id
			h.Registry = h.Registry.Merge(testHead(k, e, root).Registry)
			return sealAny(t, h, d.sign, k)
		}(),
		"with a certificate as signature": func() []byte {
			h := testHead(k, d, root)
			s := signed{Payload: encode(h), Signature: Certify(d.cert, root).Signature}
			return must(SealOne(HeadObject, k.Vault, k.Current(), encode(s)))(t)
		}(),
		"whose payload was signed as a certificate": func() []byte {
			s := sign(certificateLabel, d.sign, encode(testHead(k, d, root)))
			return must(SealOne(HeadObject, k.Vault, k.Current(), encode(s)))(t)
		}(),
		"with one forged certificate beside its own": func() []byte {
			h := testHead(k, d, root)
			h.Registry.Certificates = append(h.Registry.Certificates, Certify(e.cert, d.sign))
			return sealAny(t, h, d.sign, k)
		}(),
		"with a forged revocation": func() []byte {
			h := testHead(k, d, root)
			h.Registry.Revocations = []Certified{Revoke(&Revocation{Vault: k.Vault, Device: e.id}, d.sign)}
			return sealAny(t, h, d.sign, k)
		}(),
		"with a revocation by a device": func() []byte {
			h := testHead(k, d, root)
			r := Revoke(&Revocation{Vault: k.Vault, Device: e.id}, root)
			r.By = d.id[:]
			h.Registry.Revocations = []Certified{r}
			return sealAny(t, h, d.sign, k)
		}(),
		"with another vault's revocation": func() []byte {
			h := testHead(k, d, root)
			h.Registry.Revocations = []Certified{Revoke(&Revocation{Vault: foreign.Vault, Device: e.id}, root)}
			return sealAny(t, h, d.sign, k)
		}(),
	} {
		_, _, err := OpenHead(block, k)
		wantErr(t, what, err, ErrDamaged)
	}
	_, _, err := OpenHead(sealAny(t, testHead(k, d, root), d.sign, foreign), k)
	wantErr(t, "sealed by another vault", err, ErrWrongKey)
	ring := must(SealKeyring(KeyringState{Version: 1, Current: 1}, k, nil, root))(t)
	_, _, err = OpenHead(ring, k)
	wantErr(t, "a keyring where a head belongs", err, ErrWrongKey)
}

func TestHeadsThatMakeNoSenseAreNeitherWrittenNorRead(t *testing.T) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	d := newTestDevice(t, k.Vault, 9)
	for what, change := range map[string]func(*Head){
		"number 0":                 func(h *Head) { h.Seq = 0 },
		"number 2^63":              func(h *Head) { h.Seq = 1 << 63; h.Previous = id32(1) },
		"first with history":       func(h *Head) { h.Previous = id32(1) },
		"second without":           func(h *Head) { h.Seq = 2 },
		"history of 31 bytes":      func(h *Head) { h.Seq = 2; h.Previous = id32(1)[:31] },
		"nanoseconds":              func(h *Head) { h.Nanos = 1e9 },
		"the year 10000":           func(h *Head) { h.Seconds = maxSeconds + 1 },
		"the end of time":          func(h *Head) { h.Seconds = math.MaxInt64 },
		"an unknown folder":        func(h *Head) { h.Snapshots[0].Folder = 1 },
		"a loose head":             func(h *Head) { h.Loose[0].Type = HeadObject },
		"a loose pack of 1 GiB":    func(h *Head) { h.Loose[0].Size = 1 << 30 },
		"index in a data pack":     func(h *Head) { h.Segments[0].Packs[0].Type = DataPack; h.Segments[0].Pack.Type = DataPack },
		"index in no pack":         func(h *Head) { h.Segments[0].Packs = nil },
		"index in an unnamed pack": func(h *Head) { h.Segments[0].Pack.Digest = Digest{77} },
		"2^63 chunks":              func(h *Head) { h.Segments[0].Chunks = 1 << 63 },
		"2^64-1 older":             func(h *Head) { h.Older[0].Count = math.MaxUint64 },
		"2^64-1 seen":              func(h *Head) { h.Seen[0].Seq = math.MaxUint64 },
	} {
		h := testHead(k, d, root)
		change(h)
		_, _, err := SealHead(h, d.sign, k.Vault, k.Current())
		wantErr(t, what+", written", err, ErrDamaged)
		_, _, err = OpenHead(sealAny(t, h, d.sign, k), k)
		wantErr(t, what+", read", err, ErrDamaged)
	}
}

func TestAHeadForNewerReadersIsNamedAsSuch(t *testing.T) {
	k := testKeys(1, 1)
	d := newTestDevice(t, k.Vault, 9)
	for what, payload := range map[string]map[int]any{
		"only a newer number": {16: 2}, "other types too": {16: 200, 3: "text", 7: []any{}, 11: 3.5},
	} {
		b, err := encMode.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		block := must(SealOne(HeadObject, k.Vault, k.Current(), encode(sign(headLabel, d.sign, b))))(t)
		_, _, err = OpenHead(block, k)
		wantErr(t, what, err, ErrNewer)
	}
}

func TestARevokedDeviceEndsWithTheHeadThatItsRevocationNames(t *testing.T) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	d := newTestDevice(t, k.Vault, 9)
	head := func(seq uint64) (*Head, []byte, Digest) {
		h := testHead(k, d, root)
		if h.Seq = seq; seq > 1 {
			h.Previous = id32(byte(seq))
		}
		block, hash, err := SealHead(h, d.sign, k.Vault, k.Current())
		if err != nil {
			t.Fatal(err)
		}
		return h, block, hash
	}
	_, _, h2 := head(2)
	revoked := Registry{
		Certificates: []Certified{Certify(d.cert, root)},
		Revocations:  []Certified{Revoke(&Revocation{Vault: k.Vault, Device: d.id, LastSeq: 2, LastHash: h2}, root)},
	}
	for seq := range uint64(5) {
		if seq == 0 {
			continue
		}
		_, block, hash := head(seq)
		if _, _, err := OpenHead(block, k); err != nil {
			t.Fatalf("head %d by itself: %v", seq, err)
		}
		err := revoked.Accepts(d.id, seq, hash)
		if seq <= 2 && err != nil {
			t.Errorf("head %d: %v", seq, err)
		}
		if seq > 2 {
			wantErr(t, "a later head", err, ErrDamaged)
		}
	}
	wantErr(t, "another head of the last number", revoked.Accepts(d.id, 2, Digest{1}), ErrDamaged)
	// A head that carries the revocation of its own device is refused at once.
	h, _, _ := head(3)
	h.Registry = revoked
	_, _, err := OpenHead(sealAny(t, h, d.sign, k), k)
	wantErr(t, "its own registry shuts it out", err, ErrDamaged)
	// Of two revocations the stricter counts, whichever came first.
	all := revoked.Merge(Registry{Revocations: []Certified{Revoke(&Revocation{Vault: k.Vault, Device: d.id, LastSeq: 1, LastHash: Digest{5}}, root)}})
	wantErr(t, "the stricter of two revocations", all.Accepts(d.id, 2, h2), ErrDamaged)
	if r := all.Revoked(d.id); r == nil || r.LastSeq != 1 {
		t.Errorf("revocation: %+v", r)
	}
	if r := all.Revoked(DeviceID{}); r != nil {
		t.Errorf("a device that nobody revoked: %+v", r)
	}
}

func TestADeviceIsIntroducedOnlyByOneThatTheRootKeyCertified(t *testing.T) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	a, b, c := newTestDevice(t, k.Vault, 1), newTestDevice(t, k.Vault, 2), newTestDevice(t, k.Vault, 3)
	open := func(certs ...Certified) error {
		h := testHead(k, b, root)
		h.Registry = Registry{Certificates: certs}
		_, _, err := OpenHead(sealAny(t, h, b.sign, k), k)
		return err
	}
	if err := open(Certify(a.cert, root), Introduce(b.cert, a.sign)); err != nil {
		t.Errorf("introduced by a certified device: %v", err)
	}
	if err := open(Introduce(b.cert, a.sign), Certify(a.cert, root)); err != nil {
		t.Errorf("in another order: %v", err)
	}
	lying := Introduce(b.cert, c.sign)
	lying.By = a.id[:]
	by15 := Introduce(b.cert, a.sign)
	by15.By = by15.By[:15]
	for what, certs := range map[string][]Certified{
		"by nobody known":          {Introduce(b.cert, a.sign)},
		"by itself":                {Introduce(b.cert, b.sign)},
		"by an introduced device":  {Certify(a.cert, root), Introduce(c.cert, a.sign), Introduce(b.cert, c.sign)},
		"in another device's name": {Certify(a.cert, root), Certify(c.cert, root), lying},
		"by 15 bytes":              {Certify(a.cert, root), by15},
		"by the root key, as introduced": {Certify(a.cert, root), {
			Payload: Certify(b.cert, root).Payload, Signature: Certify(b.cert, root).Signature, By: a.id[:],
		}},
	} {
		wantErr(t, what, open(certs...), ErrDamaged)
	}
}

// A lost device keeps its signing key. Were its certificates good after it was revoked, it could introduce another device
// of its own and go on writing under that name.
func TestARevokedDeviceIntroducesNobody(t *testing.T) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	lost, mine, thief := newTestDevice(t, k.Vault, 1), newTestDevice(t, k.Vault, 2), newTestDevice(t, k.Vault, 3)
	before := Registry{Certificates: []Certified{Certify(lost.cert, root), Introduce(mine.cert, lost.sign), Introduce(thief.cert, lost.sign)}}
	after := before.Merge(Registry{
		Revocations:  []Certified{Revoke(&Revocation{Vault: k.Vault, Device: lost.id, LastSeq: 9}, root)},
		Certificates: []Certified{Certify(mine.cert, root)}, // the one that stays is certified again
	})
	for _, d := range []testDevice{lost, mine, thief} {
		if err := before.Accepts(d.id, 1, Digest{}); err != nil {
			t.Errorf("before: %v", err)
		}
	}
	if err := after.Accepts(mine.id, 1, Digest{}); err != nil {
		t.Errorf("the device that stays: %v", err)
	}
	wantErr(t, "the thief's device", after.Accepts(thief.id, 1, Digest{}), ErrDamaged)
	devices := must(after.Devices())(t)
	if len(devices) != 2 {
		t.Errorf("%d devices", len(devices))
	}
	h := testHead(k, thief, root)
	h.Registry = after
	_, _, err := OpenHead(sealAny(t, h, thief.sign, k), k)
	wantErr(t, "the thief's head", err, ErrDamaged)
}

func TestTheRootKeysNewestCertificateOfADeviceCounts(t *testing.T) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	a, b := newTestDevice(t, k.Vault, 1), newTestDevice(t, k.Vault, 2)
	name := func(d testDevice, name string, seconds int64) *Certificate {
		c := *d.cert
		c.Name, c.Seconds = name, seconds
		return &c
	}
	r := Registry{Certificates: []Certified{
		Certify(b.cert, root), Introduce(name(a, "not me", 900), b.sign), Certify(name(a, "old", 1), root), Certify(name(a, "new", 2), root),
	}}
	for range 2 {
		if c := must(r.Certificate(a.id))(t); c.Name != "new" {
			t.Errorf("device is called %q", c.Name)
		}
		if d := must(r.Devices())(t); len(d) != 2 {
			t.Errorf("%d devices", len(d))
		}
		r.Certificates[0], r.Certificates[3] = r.Certificates[3], r.Certificates[0]
	}
	_, err := r.Certificate(DeviceID{})
	wantErr(t, "a device without one", err, ErrDamaged)
}

func TestRegistriesMergeAsSets(t *testing.T) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	var all []Registry
	for i := range byte(4) {
		d := newTestDevice(t, k.Vault, i+1)
		all = append(all, Registry{Certificates: []Certified{Certify(d.cert, root)}})
		all = append(all, Registry{Revocations: []Certified{Revoke(&Revocation{Vault: k.Vault, Device: d.id, LastSeq: uint64(i)}, root)}})
	}
	bytesOf := func(r Registry) string { return string(encode(r)) }
	forward, backward := Registry{}, Registry{}
	for i := range all {
		forward = forward.Merge(all[i])
		backward = all[len(all)-1-i].Merge(backward)
	}
	if bytesOf(forward) != bytesOf(backward) {
		t.Error("the order of merging shows")
	}
	if bytesOf(forward.Merge(forward)) != bytesOf(forward) || bytesOf(forward.Merge(Registry{})) != bytesOf(forward) {
		t.Error("merging the same again changes something")
	}
	a, b, c := all[0].Merge(all[1]), all[2].Merge(all[0]), all[3].Merge(all[5])
	if bytesOf(a.Merge(b).Merge(c)) != bytesOf(a.Merge(b.Merge(c))) {
		t.Error("grouping shows")
	}
	if len(forward.Certificates) != 4 || len(forward.Revocations) != 4 {
		t.Errorf("%d certificates, %d revocations", len(forward.Certificates), len(forward.Revocations))
	}
	if err := forward.verify(k); err != nil {
		t.Errorf("a merged registry: %v", err)
	}
	for i, r := range all {
		if len(r.Certificates)+len(r.Revocations) != 1 {
			t.Errorf("merging changed registry %d", i)
		}
	}
}

// One device with a sealing key that nothing can be sealed to would make every new keyring fail, and with it every
// revocation.
func TestACertificateNeedsAKeyThatCanBeSealedTo(t *testing.T) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	d := newTestDevice(t, k.Vault, 9)
	one := make([]byte, 32)
	one[0] = 1
	for what, key := range map[string][]byte{"none": nil, "short": id32(1)[:31], "zero": make([]byte, 32), "of order one": one} {
		c := *d.cert
		c.Seal = key
		h := testHead(k, d, root)
		h.Registry = Registry{Certificates: []Certified{Certify(&c, root)}}
		_, _, err := OpenHead(sealAny(t, h, d.sign, k), k)
		wantErr(t, what, err, ErrDamaged)
	}
}

func TestACertificateCanAlwaysBeReadBack(t *testing.T) {
	k := testKeys(1, 1)
	d := newTestDevice(t, k.Vault, 9)
	d.cert.Name = "Ren\xe9" + strings.Repeat("ü", 300)
	h := testHead(k, d, RootKey(testEntropy(1)))
	block, _, err := SealHead(h, d.sign, k.Vault, k.Current())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenHead(block, k); err != nil {
		t.Errorf("a device with a long name: %v", err)
	}
	bad := *d.cert
	payload := encode(bad)
	h.Registry = Registry{Certificates: []Certified{{Payload: payload, Signature: ed25519.Sign(RootKey(testEntropy(1)), append([]byte(certificateLabel), payload...))}}}
	_, _, err = OpenHead(sealAny(t, h, d.sign, k), k)
	wantErr(t, "a name that is no text", err, ErrDamaged)
}

func FuzzDecodeHead(f *testing.F) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	d := newTestDevice(f, k.Vault, 9)
	h := testHead(k, d, root)
	f.Add(encode(h))
	h.Registry.Revocations = []Certified{Revoke(&Revocation{Vault: k.Vault, Device: DeviceID{1}}, root)}
	f.Add(encode(h))
	f.Fuzz(func(t *testing.T, payload []byte) {
		block, err := SealOne(HeadObject, k.Vault, k.Current(), encode(sign(headLabel, d.sign, payload)))
		if err != nil {
			return
		}
		h, _, err := OpenHead(block, k)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
				t.Fatal(err)
			}
			return
		}
		if _, _, err := SealHead(h, d.sign, k.Vault, k.Current()); err != nil {
			t.Fatalf("a head that was accepted cannot be written: %v", err)
		}
	})
}

func FuzzDecodeRegistry(f *testing.F) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	d := newTestDevice(f, k.Vault, 9)
	f.Add(encode(Registry{Certificates: []Certified{Certify(d.cert, root)}}), encode(d.cert), encode(Revocation{Vault: k.Vault}))
	f.Fuzz(func(t *testing.T, b, cert, rev []byte) {
		var r Registry
		if decode("registry", b, &r) == nil {
			_ = r.verify(k) // must not panic
			_, _ = r.Devices()
			_ = r.Accepts(d.id, 1, Digest{})
			_ = r.Merge(r)
		}
		s := sign(certificateLabel, root, cert)
		u := sign(revocationLabel, root, rev)
		r = Registry{Certificates: []Certified{{Payload: s.Payload, Signature: s.Signature}}, Revocations: []Certified{{Payload: u.Payload, Signature: u.Signature}}}
		if r.verify(k) == nil {
			if _, err := r.Devices(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestAHeadThatTookOverADevice: what it says of others comes back, and nonsense about them is refused.
func TestAHeadThatTookOverADevice(t *testing.T) {
	k, root := DeriveKeys(Entropy{1}, 1), RootKey(Entropy{1})
	sign := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	seal, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	self := DeviceOf(sign.Public().(ed25519.PublicKey))
	cert := Certify(&Certificate{Vault: k.Vault, Sign: sign.Public().(ed25519.PublicKey), Seal: seal.PublicKey().Bytes(), Name: "a"}, root)
	other, third := DeviceID{9}, DeviceID{8}
	head := func(taken ...Taken) *Head {
		return &Head{
			Vault: k.Vault, Device: self, Seq: 1, Registry: Registry{Certificates: []Certified{cert}}, MinReader: 1,
			Folders: []Folder{{ID: FolderID{1}, Path: []byte("/a")}, {ID: FolderID{2}, Path: []byte("/b")}}, Taken: taken,
		}
	}
	good := []Taken{{Device: other, Rows: []uint32{1}}, {Device: third, Rows: []uint32{}}}
	block, _, err := SealHead(head(good...), sign, k.Vault, k.Current())
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := OpenHead(block, k)
	if err != nil {
		t.Fatal(err)
	}
	if !h.Took(other) || !h.Took(third) || h.Took(self) || h.Maker(0) != self || h.Maker(1) != other {
		t.Errorf("it comes back as %+v", h.Taken)
	}
	for what, bad := range map[string][]Taken{
		"itself":            {{Device: self, Rows: []uint32{}}},
		"a device twice":    {{Device: other, Rows: []uint32{}}, {Device: other, Rows: []uint32{}}},
		"an unknown folder": {{Device: other, Rows: []uint32{2}}},
		"a folder twice":    {{Device: other, Rows: []uint32{1}}, {Device: third, Rows: []uint32{1}}},
	} {
		if _, _, err := SealHead(head(bad...), sign, k.Vault, k.Current()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestWhoIntroducedWhom: a device that the root key certified as well needs nobody.
func TestWhoIntroducedWhom(t *testing.T) {
	root := RootKey(Entropy{1})
	key := func(n byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)) }
	cert := func(n byte, name string, seconds int64) *Certificate {
		return &Certificate{Sign: key(n).Public().(ed25519.PublicKey), Name: name, Seconds: seconds}
	}
	a, b, c := cert(1, "a", 1), cert(2, "b", 1), cert(3, "c", 1)
	r := Registry{Certificates: []Certified{
		Certify(a, root), Introduce(b, key(1)), Introduce(cert(2, "b renamed", 2), key(1)), Introduce(c, key(1)), Certify(c, root),
	}}
	if by, ok := r.Introducer(b.Device()); !ok || by != a.Device() {
		t.Errorf("b was introduced by %x, %v", by, ok)
	}
	for _, x := range []*Certificate{a, c} {
		if by, ok := r.Introducer(x.Device()); ok {
			t.Errorf("%s was introduced by %x", x.Name, by)
		}
	}
	got, err := r.Introduced(a.Device())
	if err != nil || len(got) != 1 || got[0].Name != "b renamed" {
		t.Errorf("a introduced %v, %v", got, err)
	}
	if got, err := r.Introduced(b.Device()); err != nil || len(got) != 0 {
		t.Errorf("b introduced %v, %v", got, err)
	}
}
