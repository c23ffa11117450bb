package format

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/libp2p/go-libp2p/core/crypto"
)

// beaconEnds is when the records of these tests end: no test is run later.
var beaconEnds = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

func testBeacon() *Beacon {
	return &Beacon{
		Device: DeviceID{1}, Seconds: 1767225600,
		States: []BeaconState{{Device: DeviceID{1}, Seq: 7, Root: Digest{2}}, {Device: DeviceID{3}, Seq: 4, Root: Digest{5}}},
		Places: []Place{
			{Name: "Pi", Addresses: []string{"https://pi.example:5443"}, Fingerprint: bytes.Repeat([]byte{6}, 32)},
			{
				Name: "Server", Addresses: []string{}, Peer: "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo",
				Swarm: []string{"/ip4/192.0.2.9/tcp/4001", "/ip4/192.0.2.9/udp/4001/quic-v1"},
			},
		},
	}
}

func TestABeaconOpensWithTheWordsAlone(t *testing.T) {
	e := testEntropy(1)
	record := must(BeaconSlot(e, 3).Seal(testBeacon(), 9, beaconEnds))(t)
	got := must(BeaconSlot(e, 3).Open(record))(t)
	want := testBeacon()
	want.Sequence, want.Until = 9, beaconEnds
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	for what, s := range map[string]*Slot{"another slot": BeaconSlot(e, 4), "another vault": BeaconSlot(testEntropy(2), 3)} {
		if _, err := s.Open(record); !errors.Is(err, ErrDamaged) {
			t.Errorf("the record is taken for one of %s: %v", what, err)
		}
		if s.Name() == BeaconSlot(e, 3).Name() {
			t.Errorf("%s has the same name", what)
		}
	}
}

// TestABeaconTellsStrangersNothing: what a record shows is its name, its number, its end, and bytes that look random, of one of
// three lengths.
func TestABeaconTellsStrangersNothing(t *testing.T) {
	e := testEntropy(1)
	k := DeriveKeys(e, 1)
	b := testBeacon()
	first, second := must(BeaconSlot(e, 0).Seal(b, 1, beaconEnds))(t), must(BeaconSlot(e, 0).Seal(b, 2, beaconEnds))(t)
	sealed, _, _, err := BeaconSlot(e, 0).read(first)
	if err != nil {
		t.Fatal(err)
	}
	again, _, _, err := BeaconSlot(e, 0).read(second)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(sealed, again) {
		t.Error("the same beacon looks the same twice")
	}
	for what, secret := range map[string][]byte{
		"the vault's id": k.Vault[:], "a device's id": b.Device[:], "a root": b.States[0].Root[:], "an address": []byte("pi.example"),
		"a peer id": []byte("12D3KooWQYhTNQ"), "the root key": k.RootPublic, "the words": e[:], "the format's name": []byte("roost"),
	} {
		if bytes.Contains(first, secret) || bytes.Contains(sealed, secret) {
			t.Errorf("%s stands in the record", what)
		}
	}
	for n := range 32 {
		b.States = append(b.States[:1], make([]BeaconState, n)...)
		for i := range b.States {
			b.States[i].Seq, b.States[i].Root = uint64(i+1), Digest(testBytes(byte(i), 32))
		}
		raw := must(BeaconSlot(e, 0).Seal(b, 1, beaconEnds))(t)
		sealed, _, _, err := BeaconSlot(e, 0).read(raw)
		if err != nil {
			t.Fatal(err)
		}
		if l := len(sealed); l != 1<<10 && l != 2<<10 && l != 4<<10 {
			t.Errorf("with %d states a beacon has %d bytes", n+1, l)
		}
	}
}

func TestABeaconWithATokenIsNeverWrittenNorRead(t *testing.T) {
	b := testBeacon()
	b.Places[0].Token = "bearer:secret"
	if _, err := BeaconSlot(testEntropy(1), 0).Seal(b, 1, beaconEnds); !errors.Is(err, errToken) {
		t.Errorf("a token was sealed: %v", err)
	}
	if _, err := readBeacon(encode(b)); !errors.Is(err, errToken) {
		t.Errorf("a token was read: %v", err)
	}
}

// TestARecordThatIsNoBeaconIsRefused: whoever hands a record out can lie in any way.
func TestARecordThatIsNoBeaconIsRefused(t *testing.T) {
	e := testEntropy(1)
	s := BeaconSlot(e, 0)
	good := must(s.Seal(testBeacon(), 5, beaconEnds))(t)
	for i := 0; i < len(good); i += 13 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := s.Open(bad); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(s.sign)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(value string, seq uint64, until time.Time) []byte {
		p, err := path.NewPath(value)
		if err != nil {
			t.Fatal(err)
		}
		r := must(ipns.NewRecord(key, p, seq, until, time.Minute))(t)
		return must(ipns.MarshalRecord(r))(t)
	}
	sealed, _, _, err := s.read(good)
	if err != nil {
		t.Fatal(err)
	}
	other := must(SealOne(BatchMarker, s.vault, s.epoch(), encode(testBeacon())))(t)
	wrongType := must(s.record(other, 1, beaconEnds))(t)
	wrongKey := must(s.record(must(SealOne(BeaconObject, s.vault, Epoch{Secret: Secret{9}}, encode(testBeacon())))(t), 1, beaconEnds))(t)
	for what, record := range map[string][]byte{
		"nothing":               nil,
		"no record":             []byte("no record"),
		"too long":              append(bytes.Clone(good), make([]byte, maxBeaconRecord)...),
		"ended":                 must(s.record(sealed, 5, time.Now().Add(-time.Minute)))(t),
		"a path":                signed("/ipfs/bafkqaaa/x", 1, beaconEnds),
		"a name":                signed("/ipns/"+s.Name(), 1, beaconEnds),
		"a hash":                signed("/ipfs/"+Sum(sealed).RawCID().String(), 1, beaconEnds),
		"nothing inline":        signed("/ipfs/bafkqaaa", 1, beaconEnds),
		"number 0":              signed("/ipfs/bafkqaaa", 0, beaconEnds),
		"a number beyond count": signed("/ipfs/bafkqaaa", 1<<63, beaconEnds),
		"another object":        wrongType,
	} {
		if _, err := s.Open(record); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.Open(wrongKey); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
}

func TestABeaconFitsItsRecord(t *testing.T) {
	long := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("%03d%s", i, strings.Repeat("x", 250)))
		}
		return out
	}
	b := &Beacon{Device: DeviceID{1}, Seconds: 1}
	for i := range 100 {
		b.States = append(b.States, BeaconState{Device: DeviceID(testBytes(byte(i), 16)), Seq: uint64(i + 1), Root: Digest(testBytes(byte(i+100), 32))})
	}
	for range 20 {
		b.Places = append(b.Places, Place{
			Name: strings.Repeat("n", 999), Addresses: append([]string{strings.Repeat("y", 999)}, long(20)...), Swarm: long(20), Peer: "p", Host: "h",
		})
	}
	b.Shorten()
	record := must(BeaconSlot(testEntropy(1), 0).Seal(b, 1, beaconEnds))(t)
	if len(record) > ipns.MaxRecordSize {
		t.Errorf("a record of %d bytes", len(record))
	}
	if len(b.States) == 0 || b.States[0].Seq != 1 || len(b.Places) == 0 || len(b.Places[0].Addresses) == 0 || len(b.Places[0].Swarm) == 0 {
		t.Errorf("what comes first was dropped: %+v", b)
	}
	small := testBeacon()
	small.Shorten()
	if !bytes.Equal(encode(small), encode(testBeacon())) {
		t.Errorf("what fits was shortened to %+v", small)
	}
}

func FuzzOpenBeacon(f *testing.F) {
	s := BeaconSlot(testEntropy(1), 0)
	record, err := s.Seal(testBeacon(), 5, beaconEnds)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, record []byte) {
		b, err := s.Open(record)
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongKey) && !errors.Is(err, ErrNewer) {
			t.Fatalf("an error of no kind: %v", err)
		}
		if err == nil && b.Sequence == 0 {
			t.Fatalf("read as %+v", b)
		}
	})
}

// FuzzReadBeacon reads what lies inside the seal.
func FuzzReadBeacon(f *testing.F) {
	f.Add(encode(testBeacon()))
	f.Fuzz(func(t *testing.T, plain []byte) {
		b, err := readBeacon(plain)
		switch {
		case err != nil && !errors.Is(err, ErrDamaged):
			t.Fatalf("an error of no kind: %v", err)
		case err == nil:
			if err := b.check(); err != nil {
				t.Fatal(err)
			}
			b.Shorten()
			if len(b.States) == 0 {
				t.Fatal("nothing is left")
			}
		}
	})
}
