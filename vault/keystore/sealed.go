package keystore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/argon2"
)

const (
	fileMagic   = "roostkey"
	fileVersion = 1

	saltOffset  = 19
	saltSize    = 16
	vaultOffset = saltOffset + saltSize // of the length byte
	sealedSize  = 32 + 16               // the master key and GCM's tag

	maxKeyFile = 64 << 10 // bytes of any version; version 1 takes 195 at most
)

// cost is what Argon2id is made to spend on one passphrase.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// defaultCost is RFC 9106's second choice, for where memory is scarce (section 4).
var defaultCost = cost{memory: 64 << 10, passes: 3, lanes: 4}

// newCost is that of the files this process makes.
var newCost = defaultCost

// CheapFiles makes the files of this process cost as little as is read again, a tenth: for the programs of tests, which unlock
// one at every start.
func CheapFiles() { newCost = minCost }

// Whoever can write the file could otherwise ask for a cost that makes guessing free, or one that stops this computer.
var (
	minCost = cost{memory: 19 << 10, passes: 1, lanes: 1}
	maxCost = cost{memory: 1 << 20, passes: 64, lanes: 16}
)

func (c cost) check() error {
	if c.memory < minCost.memory || c.memory > maxCost.memory ||
		c.passes < minCost.passes || c.passes > maxCost.passes ||
		c.lanes < minCost.lanes || c.lanes > maxCost.lanes {
		return fmt.Errorf("%w: Argon2id with %d KiB, %d passes, %d lanes is outside the limits",
			ErrDamaged, c.memory, c.passes, c.lanes)
	}
	return nil
}

// keyFile is a parsed file: whole, of a known version, its cost within limits, still sealed.
type keyFile struct {
	cost   cost
	vault  []byte
	header []byte // everything before sealed
	sealed []byte
}

// sealKey returns the bytes of a key file, as File describes them. The nonce is zero: the salt is new in each file, and
// with it the only key that this nonce is used with.
func sealKey(passphrase, vault []byte, key [32]byte, c cost) ([]byte, error) {
	b := []byte(fileMagic)
	b = binary.BigEndian.AppendUint16(b, fileVersion)
	b = binary.BigEndian.AppendUint32(b, c.memory)
	b = binary.BigEndian.AppendUint32(b, c.passes)
	b = append(b, c.lanes)
	var salt [saltSize]byte
	_, _ = rand.Read(salt[:]) // never fails: crypto/rand ends the program instead
	b = append(b, salt[:]...)
	b = append(b, byte(len(vault)))
	b = append(b, vault...)
	aead, err := passphraseCipher(passphrase, salt[:], c)
	if err != nil {
		return nil, fmt.Errorf("seal the key: %w", err)
	}
	b = aead.Seal(b, make([]byte, aead.NonceSize()), key[:], b)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// parseKeyFile tells damage and newer versions apart without a passphrase.
func parseKeyFile(b []byte) (keyFile, error) {
	if len(b) < len(fileMagic)+2+sha256.Size || len(b) > maxKeyFile || !bytes.HasPrefix(b, []byte(fileMagic)) {
		return keyFile{}, fmt.Errorf("%w: this is not a key file", ErrDamaged)
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return keyFile{}, fmt.Errorf("%w: the key file is cut or changed", ErrDamaged)
	}
	// Only now the version: a changed byte in it would pass for a newer one.
	switch version := binary.BigEndian.Uint16(body[8:]); {
	case version > fileVersion:
		return keyFile{}, ErrNewer
	case version != fileVersion:
		return keyFile{}, fmt.Errorf("%w: the key file has version %d", ErrDamaged, version)
	}
	if len(body) <= vaultOffset {
		return keyFile{}, fmt.Errorf("%w: the key file is too short", ErrDamaged)
	}
	n := int(body[vaultOffset])
	split := vaultOffset + 1 + n
	if n == 0 || n > maxVault || len(body) != split+sealedSize {
		return keyFile{}, fmt.Errorf("%w: the lengths in the key file disagree", ErrDamaged)
	}
	c := cost{binary.BigEndian.Uint32(body[10:]), binary.BigEndian.Uint32(body[14:]), body[18]}
	if err := c.check(); err != nil {
		return keyFile{}, err
	}
	return keyFile{cost: c, vault: body[vaultOffset+1 : split], header: body[:split], sealed: body[split:]}, nil
}

// open returns the master key, or ErrWrongPassphrase.
func (f keyFile) open(passphrase []byte) (key [32]byte, err error) {
	aead, err := passphraseCipher(passphrase, f.header[saltOffset:vaultOffset], f.cost)
	if err != nil {
		return key, fmt.Errorf("open the key file: %w", err)
	}
	if _, err := aead.Open(key[:0], make([]byte, aead.NonceSize()), f.sealed, f.header); err != nil {
		return [32]byte{}, ErrWrongPassphrase
	}
	return key, nil
}

func passphraseCipher(passphrase, salt []byte, c cost) (cipher.AEAD, error) {
	key := argon2.IDKey(passphrase, salt, c.passes, c.memory, c.lanes, 32)
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
