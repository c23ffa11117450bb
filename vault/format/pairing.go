package format

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"
)

// Asking is what a device says that wants to be let into a vault by one of its devices: its public keys, signed, so that
// nobody gets a certificate for keys of others. No secret is in it.
type Asking struct {
	Sign   ed25519.PublicKey `cbor:"1,keyasint"`
	Seal   []byte            `cbor:"2,keyasint"` // HPKE public key: DHKEM(X25519, HKDF-SHA256)
	Name   string            `cbor:"3,keyasint"`
	Until  int64             `cbor:"4,keyasint"` // seconds: nobody answers it later
	Random []byte            `cbor:"5,keyasint"` // 16 bytes, so that the same device never asks twice the same
}

// AskingLasts is how long it may be answered.
const AskingLasts = 10 * time.Minute

const (
	askingLabel     = "roost/v1/asking"
	invitationLabel = "roost/v1/invitation"
	pairingLabel    = "roost/v1/pairing"
)

// Device is the id that the device will have.
func (a *Asking) Device() DeviceID { return DeviceOf(a.Sign) }

// SignAsking makes the bytes that are shown. Random is filled in, and the name made valid UTF-8 of at most MaxDeviceName bytes.
func SignAsking(a Asking, key ed25519.PrivateKey) ([]byte, error) {
	a.Random = make([]byte, 16)
	if _, err := rand.Read(a.Random); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	a.Name = text(a.Name, MaxDeviceName)
	return encode(sign(askingLabel, key, encode(a))), nil
}

// OpenAsking reads them, whoever made them up. Errors: ErrDamaged.
func OpenAsking(b []byte) (*Asking, error) {
	var s signed
	if err := decode("asking envelope", b, &s); err != nil {
		return nil, err
	}
	a := &Asking{}
	if err := decode("asking", s.Payload, a); err != nil {
		return nil, err
	}
	if err := s.verify(askingLabel, a.Sign); err != nil {
		return nil, err
	}
	if err := checkSealKey(a.Seal); err != nil {
		return nil, err
	}
	if len(a.Random) != 16 || len(a.Name) > MaxDeviceName {
		return nil, damaged("asking without random bytes, or with a long name")
	}
	return a, nil
}

// Place is a storage as one device tells another of it, or whoever has the words.
type Place struct {
	Name        string   `cbor:"1,keyasint,omitempty"`
	Addresses   []string `cbor:"2,keyasint"`
	Token       string   `cbor:"3,keyasint,omitempty"`
	Fingerprint []byte   `cbor:"4,keyasint,omitempty"` // SHA-256 of its certificate
	Host        string   `cbor:"5,keyasint,omitempty"` // that a public certificate is for
	Open        bool     `cbor:"6,keyasint,omitempty"` // a person allowed a way there that is not encrypted

	// Only in a beacon: how other IPFS nodes reach it.
	Peer  string   `cbor:"7,keyasint,omitempty"` // its peer id
	Swarm []string `cbor:"8,keyasint,omitempty"` // multiaddresses, without the peer id at their end

	// The cluster that the storage is a member of and acts for; "" is none.
	Cluster      string `cbor:"9,keyasint,omitempty"` // URL of its member's API
	ClusterToken string `cbor:"10,keyasint,omitempty"`
	ClusterPrint []byte `cbor:"11,keyasint,omitempty"` // SHA-256 of the API's certificate
	Copies       uint64 `cbor:"12,keyasint,omitempty"` // members that shall hold everything; 0: all
}

// Invitation is the answer: what a device needs to be one of the vault, all but the words.
type Invitation struct {
	Vault       VaultID           `cbor:"1,keyasint"`
	Fingerprint [6]byte           `cbor:"2,keyasint"`
	ChunkID     Secret            `cbor:"3,keyasint"`
	Chunker     Secret            `cbor:"4,keyasint"`
	Locator     Secret            `cbor:"5,keyasint"`
	PinName     Secret            `cbor:"6,keyasint"`
	Outer       Secret            `cbor:"7,keyasint"`
	RootPublic  ed25519.PublicKey `cbor:"8,keyasint"`
	Epochs      []Epoch           `cbor:"9,keyasint"`  // newest first
	Keyring     uint64            `cbor:"10,keyasint"` // newest version that the introducing device has seen
	Certificate Certified         `cbor:"11,keyasint"` // by the introducing device
	Introducer  Certified         `cbor:"12,keyasint"` // its own, by the root key
	Places      []Place           `cbor:"13,keyasint,omitempty"`
}

// Keys are the vault's, as the invitation has them.
func (x *Invitation) Keys() *Keys {
	return &Keys{
		Vault: x.Vault, Fingerprint: x.Fingerprint, ChunkID: x.ChunkID, Chunker: x.Chunker, Locator: x.Locator,
		PinName: x.PinName, Outer: x.Outer, RootPublic: x.RootPublic, Epochs: x.Epochs,
	}
}

// SealInvitation seals it to the device that asked, and to that one asking: HPKE in base mode, with the asking's hash as info.
func SealInvitation(x *Invitation, asking []byte) ([]byte, error) {
	a, err := OpenAsking(asking)
	if err != nil {
		return nil, err
	}
	pub, err := ecdh.X25519().NewPublicKey(a.Seal)
	if err != nil {
		return nil, damaged("asking without a sealing key")
	}
	to, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("use a device's sealing key: %w", err)
	}
	ct, err := hpke.Seal(to, hpke.HKDFSHA256(), hpke.AES256GCM(), invitationInfo(asking), encode(x))
	if err != nil {
		return nil, fmt.Errorf("seal the keys to a device: %w", err)
	}
	return ct, nil
}

func invitationInfo(asking []byte) []byte {
	h := sha256.Sum256(asking)
	return append([]byte(invitationLabel), h[:]...)
}

// OpenInvitation opens the answer to an asking with the private key of who asked, and checks that both certificates are of the
// vault that it names. Whether it is the person's own vault they say who compare [PairingWords].
// Errors: ErrWrongKey for the answer to another asking, ErrDamaged.
func OpenInvitation(sealed, asking []byte, key *ecdh.PrivateKey) (*Invitation, error) {
	priv, err := hpke.NewDHKEMPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("use this device's sealing key: %w", err)
	}
	plain, err := hpke.Open(priv, hpke.HKDFSHA256(), hpke.AES256GCM(), invitationInfo(asking), sealed)
	if err != nil {
		return nil, ErrWrongKey
	}
	return readInvitation(plain, asking)
}

func readInvitation(plain, asking []byte) (*Invitation, error) {
	a, err := OpenAsking(asking)
	if err != nil {
		return nil, err
	}
	x := &Invitation{}
	if err := decode("invitation", plain, x); err != nil {
		return nil, err
	}
	if len(x.Epochs) == 0 {
		return nil, damaged("invitation without an epoch")
	}
	if err := checkEpochs(x.Epochs, x.Epochs[0].Number); err != nil {
		return nil, err
	}
	if !counts(x.Keyring) {
		return nil, damaged("invitation with keyring %d", x.Keyring)
	}
	r := Registry{Certificates: []Certified{x.Certificate, x.Introducer}}
	if err := r.verify(x.Keys()); err != nil {
		return nil, err
	}
	mine, err := x.Certificate.certificate()
	if err != nil {
		return nil, err
	}
	if len(x.Certificate.By) == 0 || len(x.Introducer.By) > 0 || mine.Device() != a.Device() || string(mine.Seal) != string(a.Seal) {
		return nil, damaged("invitation for another device, or by none")
	}
	return x, nil
}

// PairingWords are four words for two screens to compare, of an asking alone or of an asking and the vault that answers it.
// They are slow to make, so that nobody finds another asking or vault with the same words while people wait: Argon2id with 64
// MiB and 3 passes, of which 2^44 are no guess.
func PairingWords(asking []byte, k *Keys) string {
	var all []byte
	add := func(b []byte) { all = append(binary.BigEndian.AppendUint32(all, uint32(len(b))), b...) }
	add(asking)
	if k != nil {
		add(k.Vault[:])
		add(k.RootPublic)
	}
	return Fingerprint(argon2.IDKey(all, []byte(pairingLabel), 3, 64<<10, 4, 6))
}
