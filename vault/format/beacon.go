package format

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	mh "github.com/multiformats/go-multihash"
)

// Beacon is what a device leaves in IPNS for whoever has the words and nothing else: where the storages are, and which
// states they hold. Everybody can find its record who knows the name, and read nothing of it without the words. It holds no
// token: reading blocks needs none, and a token could delete.
type Beacon struct {
	Device  DeviceID      `cbor:"1,keyasint"`           // who left it
	Seconds int64         `cbor:"2,keyasint"`           // when
	States  []BeaconState `cbor:"3,keyasint"`           // the newest of each device that is known, the own one first
	Places  []Place       `cbor:"4,keyasint,omitempty"` // without their tokens

	Sequence uint64    `cbor:"-"` // of its record: from 1, and higher with each record of a slot
	Until    time.Time `cbor:"-"` // nobody believes the record later
}

// BeaconState is the newest state of a device as the storages of a beacon hold it.
type BeaconState struct {
	_      struct{} `cbor:",toarray"`
	Device DeviceID
	Seq    uint64
	Root   Digest
}

const (
	// BeaconSlots is how many devices can leave a beacon.
	BeaconSlots = 256
	// BeaconGap is after how many empty slots in a row nobody looks further.
	BeaconGap = 8
	// MaxBeaconStates and MaxBeaconPlaces bound what a beacon names.
	MaxBeaconStates = 32
	MaxBeaconPlaces = 8

	maxBeacon       = 4 << 10 // bytes, sealed; a record of IPNS has at most 10 KiB
	maxPlaceLines   = 8       // addresses of each kind
	maxPlaceText    = 256     // bytes of an address or a name
	beaconTTL       = time.Minute
	maxBeaconRecord = ipns.MaxRecordSize
)

// Slot is the place of one device's beacon: an IPNS name whose key only the words give. Which device has which slot is agreed
// on by what lies there.
type Slot struct {
	vault VaultID
	sign  ed25519.PrivateKey
	seal  Secret
}

// BeaconSlot is a vault's slot of that number, from 0 to BeaconSlots − 1.
func BeaconSlot(e Entropy, n uint32) *Slot {
	label := "ipns/" + strconv.FormatUint(uint64(n), 10)
	id, seed := derive(e, "vault-id"), derive(e, label)
	return &Slot{vault: VaultID(id[:16]), sign: ed25519.NewKeyFromSeed(seed[:]), seal: derive(e, label+"/seal")}
}

// Name is the slot's IPNS name as text, "k51…".
func (s *Slot) Name() string { return s.name().String() }

func (s *Slot) name() ipns.Name {
	key, err := crypto.UnmarshalEd25519PublicKey(s.sign.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err) // ours has the right length
	}
	id, err := peer.IDFromPublicKey(key)
	if err != nil {
		panic(err) // likewise
	}
	return ipns.NameFromPeer(id)
}

func (s *Slot) epoch() Epoch { return Epoch{Number: 0, Secret: s.seal} }

// Seal makes the signed record of a beacon, which ends at that time. Errors: ErrTooLarge for more than a record holds.
func (s *Slot) Seal(b *Beacon, sequence uint64, until time.Time) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("seal a beacon: %w", err)
	}
	sealed, err := SealOne(BeaconObject, s.vault, s.epoch(), encode(b))
	if err != nil {
		return nil, err
	}
	return s.record(sealed, sequence, until)
}

func (s *Slot) record(sealed []byte, sequence uint64, until time.Time) ([]byte, error) {
	if len(sealed) > maxBeacon {
		return nil, fmt.Errorf("a beacon of %d bytes: %w", len(sealed), ErrTooLarge)
	}
	if sequence == 0 || !counts(sequence) {
		return nil, damaged("beacon with the number %d", sequence)
	}
	inline, err := mh.Sum(sealed, mh.IDENTITY, -1)
	if err != nil {
		return nil, fmt.Errorf("name a beacon: %w", err)
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(s.sign)
	if err != nil {
		return nil, fmt.Errorf("use the key of a beacon: %w", err)
	}
	value := path.FromCid(cid.NewCidV1(cid.Raw, inline))
	record, err := ipns.NewRecord(key, value, sequence, until.UTC().Truncate(time.Second), beaconTTL, ipns.WithV1Compatibility(false))
	if err != nil {
		return nil, fmt.Errorf("sign a beacon: %w", err)
	}
	out, err := ipns.MarshalRecord(record)
	if err != nil {
		return nil, fmt.Errorf("write a beacon: %w", err)
	}
	return out, nil
}

// Open checks a record that somebody says lies in this slot, and opens it. Errors: ErrDamaged, one that has ended too;
// ErrWrongKey.
func (s *Slot) Open(record []byte) (*Beacon, error) {
	sealed, sequence, until, err := s.read(record)
	if err != nil {
		return nil, err
	}
	plain, err := OpenOne(sealed, BeaconObject, s.vault, []Epoch{s.epoch()})
	if err != nil {
		return nil, fmt.Errorf("beacon: %w", err)
	}
	b, err := readBeacon(plain)
	if err != nil {
		return nil, err
	}
	b.Sequence, b.Until = sequence, until
	return b, nil
}

// read checks the record's signature and takes the sealed object out of it.
func (s *Slot) read(record []byte) (sealed []byte, sequence uint64, until time.Time, err error) {
	if len(record) > maxBeaconRecord {
		return nil, 0, until, damaged("record of %d bytes", len(record))
	}
	r, err := ipns.UnmarshalRecord(record)
	if err == nil {
		err = ipns.ValidateWithName(r, s.name())
	}
	if err == nil {
		sequence, err = r.Sequence()
	}
	if err == nil {
		until, err = r.Validity()
	}
	var value path.Path
	if err == nil {
		value, err = r.Value()
	}
	if err != nil {
		return nil, 0, until, damaged("record of a beacon: %v", err)
	}
	text, ok := strings.CutPrefix(value.String(), "/ipfs/")
	c, err := cid.Decode(text)
	if !ok || err != nil || sequence == 0 || !counts(sequence) {
		return nil, 0, until, damaged("a record that is no beacon")
	}
	inline, err := mh.Decode(c.Hash())
	if err != nil || c.Version() != 1 || c.Type() != cid.Raw || inline.Code != mh.IDENTITY || len(inline.Digest) > maxBeacon {
		return nil, 0, until, damaged("a record that is no beacon")
	}
	return inline.Digest, sequence, until, nil
}

func readBeacon(plain []byte) (*Beacon, error) {
	b := &Beacon{}
	if err := decode("beacon", plain, b); err != nil {
		return nil, err
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	return b, nil
}

var errToken = errors.New("a beacon holds no token")

// check tells whether a beacon is one that may be written, and read.
func (b *Beacon) check() error {
	if !checkTime(b.Seconds, 0) || len(b.States) == 0 || len(b.States) > MaxBeaconStates || len(b.Places) > MaxBeaconPlaces {
		return damaged("beacon with %d states and %d places", len(b.States), len(b.Places))
	}
	for _, s := range b.States {
		if s.Seq == 0 || !counts(s.Seq) {
			return damaged("beacon with a state of number %d", s.Seq)
		}
	}
	for _, p := range b.Places {
		if p.Token != "" {
			return fmt.Errorf("%w: %w", ErrDamaged, errToken)
		}
		if len(p.Fingerprint) > 0 && len(p.Fingerprint) != 32 || len(p.Addresses) > maxPlaceLines || len(p.Swarm) > maxPlaceLines {
			return damaged("beacon with a place of too many addresses, or of an odd certificate")
		}
		for _, text := range append([]string{p.Name, p.Host, p.Peer}, append(p.Addresses, p.Swarm...)...) {
			if len(text) > maxPlaceText {
				return damaged("beacon with a place whose text has %d bytes", len(text))
			}
		}
	}
	return nil
}

// Shorten makes a beacon fit what a record holds: of what is too much, the last goes first.
func (b *Beacon) Shorten() {
	b.States = b.States[:min(len(b.States), MaxBeaconStates)]
	b.Places = b.Places[:min(len(b.Places), MaxBeaconPlaces)]
	for i := range b.Places {
		p := &b.Places[i]
		p.Name, p.Host, p.Peer = text(p.Name, maxPlaceText), text(p.Host, maxPlaceText), text(p.Peer, maxPlaceText)
		p.Addresses, p.Swarm = fitting(p.Addresses), fitting(p.Swarm)
	}
	// What is sealed is compressed, but never relied on to be.
	for len(encode(b)) > maxBeacon-sealOverhead-entrySize-tagSize {
		switch last := len(b.Places) - 1; {
		case last > 0 && (len(b.States) == 1 || len(b.Places) > len(b.States)):
			b.Places = b.Places[:last]
		case len(b.States) > 1:
			b.States = b.States[:len(b.States)-1]
		case last == 0 && len(b.Places[0].Swarm) > 1:
			b.Places[0].Swarm = b.Places[0].Swarm[:len(b.Places[0].Swarm)-1]
		case last == 0 && len(b.Places[0].Addresses) > 1:
			b.Places[0].Addresses = b.Places[0].Addresses[:len(b.Places[0].Addresses)-1]
		default:
			return // one state, and a place with one address of each kind: that fits
		}
	}
}

// fitting are the addresses that a place has room for.
func fitting(addresses []string) (out []string) {
	for _, a := range addresses {
		if len(a) <= maxPlaceText && len(out) < maxPlaceLines {
			out = append(out, a)
		}
	}
	return out
}
