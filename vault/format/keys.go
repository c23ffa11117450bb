package format

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Entropy is what the 24 words spell: 256 bits from which every key of a vault is derived.
type Entropy [32]byte

// Secret is one derived 256-bit key.
type Secret [32]byte

// VaultID names a vault; it is bound into every sealed region and stored nowhere in the clear.
type VaultID [16]byte

// Keys are the keys of one vault. All but Root can live on a device after the words were removed from it.
type Keys struct {
	Vault       VaultID
	Fingerprint [6]byte // shown as four words
	ChunkID     Secret
	Chunker     Secret
	Locator     Secret
	PinName     Secret
	Outer       Secret            // seals what every device, and a revoked one, may find: keyring objects, batch markers
	RootPublic  ed25519.PublicKey // verifies certificates, revocations, keyrings
	Epochs      []Epoch           // newest first; at least one
}

// Epoch is one generation of the pack key. A new one starts when a device is shut out.
type Epoch struct {
	_      struct{} `cbor:",toarray"`
	Number uint32
	Secret Secret
}

// MaxEpochs bounds how often a vault can shut devices out, and how many keys a reader tries.
const MaxEpochs = 1024

// derive is HKDF-SHA256 (RFC 5869): salt "roost/v1", info the label.
func derive(e Entropy, label string) Secret {
	out, err := hkdf.Key(sha256.New, e[:], []byte("roost/v1"), label, 32)
	if err != nil {
		panic(err) // 32 bytes are always allowed
	}
	return Secret(out)
}

// DeriveKeys returns the keys that the words spell, with the epochs 1 to current (1 to MaxEpochs; others count as the
// nearest of these).
func DeriveKeys(e Entropy, current uint32) *Keys {
	id, fp := derive(e, "vault-id"), derive(e, "fingerprint")
	k := &Keys{
		Vault:       VaultID(id[:16]),
		Fingerprint: [6]byte(fp[:6]),
		ChunkID:     derive(e, "chunk-id"),
		Chunker:     derive(e, "chunker"),
		Locator:     derive(e, "locator"),
		PinName:     derive(e, "pin-name"),
		Outer:       derive(e, "outer"),
		RootPublic:  RootKey(e).Public().(ed25519.PublicKey),
	}
	for n := max(1, min(current, MaxEpochs)); n >= 1; n-- {
		k.Epochs = append(k.Epochs, Epoch{Number: n, Secret: derive(e, "epoch/"+strconv.FormatUint(uint64(n), 10))})
	}
	return k
}

// RootKey is the key that certifies devices, epochs and revocations; it exists only where the words are.
func RootKey(e Entropy) ed25519.PrivateKey {
	seed := derive(e, "root-sign")
	return ed25519.NewKeyFromSeed(seed[:])
}

// Current is the epoch that new packs are sealed under.
func (k *Keys) Current() Epoch { return k.Epochs[0] }

func label(key Secret, parts ...[]byte) string {
	m := hmac.New(sha256.New, key[:])
	for _, p := range parts {
		m.Write(p)
	}
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// PointerDir is the MFS directory that holds this vault's pointers: opaque to the storage.
func (k *Keys) PointerDir() string { return "/" + label(k.Locator, []byte("dir")) }

// PointerName is the name, in PointerDir, of a device's head of that sequence number.
func (k *Keys) PointerName(device DeviceID, seq uint64) string {
	return label(k.Locator, []byte("pointer"), device[:], be64(seq))
}

// StagingDir is the MFS directory that holds a device's new state between put and pin.
func (k *Keys) StagingDir(device DeviceID) string {
	return "/" + label(k.Locator, []byte("staging"), device[:])
}

// NewsTopic is the topic on which devices tell each other that they published a state.
func (k *Keys) NewsTopic() string { return label(k.Locator, []byte("news")) }

// PinLabel is the name of this vault's pins on the storage with that peer ID: another one on each storage.
func (k *Keys) PinLabel(peerID string) string { return label(k.PinName, []byte("pin"), []byte(peerID)) }
