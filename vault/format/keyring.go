package format

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeyringState is what a keyring object delivers: the epochs, to the devices that are still part of the vault.
type KeyringState struct {
	Version uint64 // rises with every change; a lower one than ever seen is refused
	Current uint32 // the epoch that new packs use
}

type keyringBody struct {
	Vault      VaultID     `cbor:"1,keyasint"`
	Version    uint64      `cbor:"2,keyasint"`
	Current    uint32      `cbor:"3,keyasint"`
	Hash       Digest      `cbor:"4,keyasint"` // SHA-256 of the plaintext that every recipient gets
	Recipients []recipient `cbor:"5,keyasint"`
}

type recipient struct {
	_      struct{} `cbor:",toarray"`
	Device DeviceID
	Sealed []byte // HPKE encapsulated key ‖ ciphertext
}

type keyringPlain struct {
	Epochs []Epoch `cbor:"1,keyasint"`
	Random []byte  `cbor:"2,keyasint"` // 32 bytes, so that Hash says nothing
}

const keyringLabel = "roost/v1/keyring"

// outer is the pseudo-epoch that seals what a revoked device may still find.
func (k *Keys) outer() Epoch { return Epoch{Number: 0, Secret: k.Outer} }

// SealKeyring makes a keyring object for the given devices, which delivers the epochs of k; the newest is st.Current. root
// signs it; it exists only where the words are.
func SealKeyring(st KeyringState, k *Keys, devices []*Certificate, root ed25519.PrivateKey) ([]byte, error) {
	if err := checkEpochs(k.Epochs, st.Current); err != nil || st.Version == 0 || !counts(st.Version) {
		return nil, fmt.Errorf("seal keyring %d for epoch %d: %w", st.Version, st.Current, errors.Join(err, ErrDamaged))
	}
	p := keyringPlain{Epochs: k.Epochs, Random: make([]byte, 32)}
	if _, err := rand.Read(p.Random); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	plain := encode(p)
	body := keyringBody{Vault: k.Vault, Version: st.Version, Current: st.Current, Hash: sha256.Sum256(plain)}
	for _, d := range devices {
		pub, err := ecdh.X25519().NewPublicKey(d.Seal)
		if err != nil {
			return nil, damaged("device without a sealing key")
		}
		to, err := hpke.NewDHKEMPublicKey(pub)
		if err != nil {
			return nil, fmt.Errorf("use a device's sealing key: %w", err)
		}
		ct, err := hpke.Seal(to, hpke.HKDFSHA256(), hpke.AES256GCM(), keyringInfo(k.Vault, st.Version), plain)
		if err != nil {
			return nil, fmt.Errorf("seal the keyring to a device: %w", err)
		}
		body.Recipients = append(body.Recipients, recipient{Device: d.Device(), Sealed: ct})
	}
	s := sign(keyringLabel, root, encode(body))
	return SealOne(Keyring, k.Vault, k.outer(), encode(s))
}

func keyringInfo(v VaultID, version uint64) []byte {
	return append(append([]byte(keyringLabel), v[:]...), be64(version)...)
}

// OpenKeyring opens a keyring object and checks its signature.
func OpenKeyring(block []byte, k *Keys) (KeyringState, error) {
	b, err := openKeyring(block, k)
	if err != nil {
		return KeyringState{}, err
	}
	return KeyringState{Version: b.Version, Current: b.Current}, nil
}

func openKeyring(block []byte, k *Keys) (*keyringBody, error) {
	plain, err := OpenOne(block, Keyring, k.Vault, []Epoch{k.outer()})
	if err != nil {
		return nil, err
	}
	var s signed
	if err := decode("keyring envelope", plain, &s); err != nil {
		return nil, err
	}
	if err := s.verify(keyringLabel, k.RootPublic); err != nil {
		return nil, err
	}
	b := &keyringBody{}
	if err := decode("keyring", s.Payload, b); err != nil {
		return nil, err
	}
	if b.Vault != k.Vault || b.Current == 0 || b.Current > MaxEpochs || b.Version == 0 || !counts(b.Version) {
		return nil, damaged("keyring of another vault or without an epoch")
	}
	return b, nil
}

// OpenKeyringAs returns the epochs that the keyring delivers to a device, newest first.
func OpenKeyringAs(block []byte, k *Keys, device DeviceID, key *ecdh.PrivateKey) ([]Epoch, error) {
	b, err := openKeyring(block, k)
	if err != nil {
		return nil, err
	}
	priv, err := hpke.NewDHKEMPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("use this device's sealing key: %w", err)
	}
	for _, r := range b.Recipients {
		if r.Device != device {
			continue
		}
		plain, err := hpke.Open(priv, hpke.HKDFSHA256(), hpke.AES256GCM(), keyringInfo(b.Vault, b.Version), r.Sealed)
		if err != nil || Digest(sha256.Sum256(plain)) != b.Hash {
			return nil, damaged("keyring does not open for this device")
		}
		var p keyringPlain
		if err := decode("keyring epochs", plain, &p); err != nil {
			return nil, err
		}
		if err := checkEpochs(p.Epochs, b.Current); err != nil {
			return nil, err
		}
		return p.Epochs, nil
	}
	return nil, ErrWrongKey
}

// checkEpochs: every epoch from current down to 1, so that no pack is left without its key.
func checkEpochs(e []Epoch, current uint32) error {
	if current == 0 || current > MaxEpochs || len(e) != int(current) {
		return damaged("keyring with %d epochs, current is %d", len(e), current)
	}
	for i, x := range e {
		if x.Number != current-uint32(i) {
			return damaged("keyring without epoch %d", current-uint32(i))
		}
	}
	return nil
}

// Marker is the sealed note in an upload batch: whose it is.
type Marker struct {
	Device       DeviceID `cbor:"1,keyasint"`
	Installation [16]byte `cbor:"2,keyasint"` // random per home, so that a cloned device's batches are told apart
	Seconds      int64    `cbor:"3,keyasint"`
}

// SealMarker makes a batch marker.
func SealMarker(m *Marker, k *Keys) ([]byte, error) {
	return SealOne(BatchMarker, k.Vault, k.outer(), encode(m))
}

// OpenMarker opens a batch marker.
func OpenMarker(block []byte, k *Keys) (*Marker, error) {
	plain, err := OpenOne(block, BatchMarker, k.Vault, []Epoch{k.outer()})
	if err != nil {
		return nil, err
	}
	m := &Marker{}
	if err := decode("batch marker", plain, m); err != nil {
		return nil, err
	}
	return m, nil
}

// BundleEpoch is the pseudo-epoch of the local key bundle, which the master key seals.
func BundleEpoch(master Secret) Epoch { return Epoch{Number: 0, Secret: master} }
