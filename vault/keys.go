package vault

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fxamacker/cbor/v2"

	"roost/vault/format"
)

// ErrNoWords: the words were removed from this device; whoever asked needs the sheet.
var ErrNoWords = errors.New("the recovery words are not kept on this computer")

// Bundle is what one device knows: the vault's keys, its own private keys, and the tokens of its storages. At rest it is
// a file sealed under the master key, which the operating system's keyring or a passphrase holds.
//
// Its methods may be called from any goroutine.
type Bundle struct {
	device format.DeviceID
	keys   atomic.Pointer[format.Keys] // what it points to never changes; newer epochs replace it

	mu      sync.Mutex // guards below
	b       bundleBody // of which only epochs, keyring and tokens ever change
	changed bool       // something was learnt that the file does not hold
}

// bundleBody is the plaintext of the bundle: local to a device and not part of the vault's format.
type bundleBody struct {
	Version      uint8             `cbor:"1,keyasint"`
	Entropy      []byte            `cbor:"2,keyasint,omitempty"` // 32 bytes; absent when the words were removed
	Vault        format.VaultID    `cbor:"3,keyasint"`
	Fingerprint  [6]byte           `cbor:"4,keyasint"`
	ChunkID      format.Secret     `cbor:"5,keyasint"`
	Chunker      format.Secret     `cbor:"6,keyasint"`
	Locator      format.Secret     `cbor:"7,keyasint"`
	PinName      format.Secret     `cbor:"8,keyasint"`
	Outer        format.Secret     `cbor:"9,keyasint"`
	RootPublic   []byte            `cbor:"10,keyasint"`
	Epochs       []format.Epoch    `cbor:"11,keyasint"`
	SignSeed     [32]byte          `cbor:"12,keyasint"`
	SealKey      [32]byte          `cbor:"13,keyasint"` // X25519
	Certificate  format.Certified  `cbor:"14,keyasint"`
	Name         string            `cbor:"15,keyasint"`
	Installation [16]byte          `cbor:"16,keyasint"`
	Keyring      uint64            `cbor:"17,keyasint"`           // newest keyring version seen
	KeyringBlock []byte            `cbor:"18,keyasint,omitempty"` // of a vault's first device, until the first commit
	Tokens       map[string]string `cbor:"19,keyasint,omitempty"` // storage name → what it asks for
	OldKeys      []OldKey          `cbor:"20,keyasint,omitempty"`
	Introducer   *format.Certified `cbor:"21,keyasint,omitempty"` // certificate of the device that let this one in; nil: it came with the words
}

// OldKey is the key to a storage that a device which was shut out has, and that the storage did not refuse yet. It lies in
// the bundle because keys must not lie open.
type OldKey struct {
	Storage string `cbor:"1,keyasint"` // its name
	Token   string `cbor:"2,keyasint"` // "": the storage was used without one
	Next    string `cbor:"3,keyasint"` // the token that it should ask for instead
	Device  string `cbor:"4,keyasint"` // the name of the one that was shut out
	Seconds int64  `cbor:"5,keyasint"` // since when
}

// NewBundle makes the keys of a new device of the vault that the entropy spells.
func NewBundle(e format.Entropy, deviceName string, now time.Time) (*Bundle, error) {
	k := format.DeriveKeys(e, 1)
	b := bundleBody{
		Version: 1, Entropy: e[:], Vault: k.Vault, Fingerprint: k.Fingerprint, ChunkID: k.ChunkID, Chunker: k.Chunker,
		Locator: k.Locator, PinName: k.PinName, Outer: k.Outer, RootPublic: k.RootPublic, Epochs: k.Epochs, Name: deviceName,
	}
	for _, p := range [][]byte{b.SignSeed[:], b.SealKey[:], b.Installation[:]} {
		if _, err := rand.Read(p); err != nil {
			return nil, fmt.Errorf("read random bytes: %w", err)
		}
	}
	seal, err := ecdh.X25519().NewPrivateKey(b.SealKey[:])
	if err != nil {
		return nil, fmt.Errorf("make this device's sealing key: %w", err)
	}
	cert := &format.Certificate{
		Vault: k.Vault, Sign: ed25519.NewKeyFromSeed(b.SignSeed[:]).Public().(ed25519.PublicKey),
		Seal: seal.PublicKey().Bytes(), Name: deviceName, Seconds: now.Unix(),
	}
	root := format.RootKey(e)
	b.Certificate = format.Certify(cert, root)
	b.KeyringBlock, err = format.SealKeyring(format.KeyringState{Version: 1, Current: 1}, k, []*format.Certificate{cert}, root)
	if err != nil {
		return nil, err
	}
	out := &Bundle{b: b}
	out.keys.Store(k)
	out.device = format.DeviceOf(out.signKey().Public().(ed25519.PublicKey))
	return out, nil
}

// NewEntropy makes a new vault's secret.
func NewEntropy() (e format.Entropy, err error) {
	if _, err := rand.Read(e[:]); err != nil {
		return e, fmt.Errorf("read random bytes: %w", err)
	}
	return e, nil
}

// NewToken makes a key for a storage to ask for, as a Kubo takes it.
func NewToken() (string, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	return "bearer:" + hex.EncodeToString(random[:]), nil
}

// Seal returns the bundle's file.
func (b *Bundle) Seal(master [32]byte) ([]byte, error) {
	b.mu.Lock()
	plain, err := cbor.Marshal(b.b)
	b.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("encode the key bundle: %w", err)
	}
	return format.SealOne(format.Bundle, b.b.Vault, format.BundleEpoch(master), plain)
}

// OpenBundle opens a bundle file of the named vault. Errors: format.ErrWrongKey, format.ErrDamaged, format.ErrNewer.
func OpenBundle(file []byte, id format.VaultID, master [32]byte) (*Bundle, error) {
	plain, err := format.OpenOne(file, format.Bundle, id, []format.Epoch{format.BundleEpoch(master)})
	if err != nil {
		return nil, fmt.Errorf("open this computer's keys: %w", err)
	}
	b := &Bundle{}
	if err := cbor.Unmarshal(plain, &b.b); err != nil {
		return nil, fmt.Errorf("open this computer's keys: %w: %w", format.ErrDamaged, err)
	}
	if b.b.Version > 1 {
		return nil, fmt.Errorf("open this computer's keys: %w", format.ErrNewer)
	}
	if len(b.b.Epochs) == 0 || b.b.Vault != id {
		return nil, fmt.Errorf("open this computer's keys: %w", format.ErrDamaged)
	}
	x := &b.b
	b.keys.Store(&format.Keys{
		Vault: x.Vault, Fingerprint: x.Fingerprint, ChunkID: x.ChunkID, Chunker: x.Chunker, Locator: x.Locator,
		PinName: x.PinName, Outer: x.Outer, RootPublic: x.RootPublic, Epochs: x.Epochs,
	})
	b.device = format.DeviceOf(b.signKey().Public().(ed25519.PublicKey))
	return b, nil
}

// Keys are the vault's keys.
func (b *Bundle) Keys() *format.Keys { return b.keys.Load() }

// Vault is the vault's id.
func (b *Bundle) Vault() format.VaultID { return b.b.Vault }

// Name is the device's name.
func (b *Bundle) Name() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Name
}

// Device is the device's id.
func (b *Bundle) Device() format.DeviceID { return b.device }

// Fingerprint is the vault's, as four words.
func (b *Bundle) Fingerprint() string { return format.Fingerprint(b.b.Fingerprint[:]) }

// Entropy is what the words spell, or ErrNoWords.
func (b *Bundle) Entropy() (e format.Entropy, err error) {
	if len(b.b.Entropy) != len(e) {
		return e, ErrNoWords
	}
	return format.Entropy(b.b.Entropy), nil
}

// Token returns what a storage asks for; empty when it asks for nothing.
func (b *Bundle) Token(storage string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Tokens[storage]
}

// SetToken keeps a storage's token; the bundle has to be sealed and written again.
func (b *Bundle) SetToken(storage, token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.b.Tokens == nil {
		b.b.Tokens = map[string]string{}
	}
	if token == "" {
		delete(b.b.Tokens, storage)
		return
	}
	b.b.Tokens[storage] = token
}

// OldKeys are the keys that should be refused and are not yet.
func (b *Bundle) OldKeys() []OldKey {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.b.OldKeys)
}

// SetOldKeys keeps them; the bundle has to be sealed and written again.
func (b *Bundle) SetOldKeys(k []OldKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.OldKeys = slices.Clone(k)
}

// Changed reports, once, that the bundle learnt something since it was opened or last asked: it should be sealed and
// written again.
func (b *Bundle) Changed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.changed
	b.changed = false
	return c
}

// learnEpochs takes the epochs of a newer keyring, by the words where they are kept, else by this device's own key.
func (b *Bundle) learnEpochs(block []byte, st format.KeyringState) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	keys := *b.keys.Load()
	if st.Version <= b.b.Keyring && st.Current <= keys.Current().Number {
		if st.Version == b.b.Keyring && b.b.KeyringBlock == nil { // who was let in knows its number only
			b.b.KeyringBlock, b.changed = block, true
		}
		return nil
	}
	if st.Current > keys.Current().Number {
		if e, err := b.Entropy(); err == nil {
			keys.Epochs = format.DeriveKeys(e, st.Current).Epochs
		} else {
			seal, err := ecdh.X25519().NewPrivateKey(b.b.SealKey[:])
			if err != nil {
				return fmt.Errorf("use this device's sealing key: %w", err)
			}
			ep, err := format.OpenKeyringAs(block, &keys, b.Device(), seal)
			if errors.Is(err, format.ErrWrongKey) {
				return ErrRetired
			}
			if err != nil {
				return err
			}
			keys.Epochs = ep
		}
		b.keys.Store(&keys)
		b.b.Epochs = keys.Epochs
	}
	if st.Version > b.b.Keyring {
		b.b.Keyring, b.b.KeyringBlock = st.Version, block
	}
	b.changed = true
	return nil
}

// learnName takes the name that a newer certificate gives this device.
func (b *Bundle) learnName(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.b.Name != name {
		b.b.Name, b.changed = name, true
	}
}

// registry is what this device was made with: its certificate, and that of the device that let it in.
func (b *Bundle) registry() format.Registry {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := format.Registry{Certificates: []format.Certified{b.b.Certificate}}
	if b.b.Introducer != nil {
		r.Certificates = append(r.Certificates, *b.b.Introducer)
	}
	return r
}

// keyring is the version and the block of the newest keyring that was seen; no block once another device's was newer.
func (b *Bundle) keyring() (uint64, []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Keyring, b.b.KeyringBlock
}

func (b *Bundle) signKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(b.b.SignSeed[:]) }
