// Package private is a network of storages that nobody enters without its key: IPFS's private network, known to people
// by its family network code.
package private

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Key is the secret that all members of one network share, IPFS's swarm key. However it is printed, it does not show.
type Key [32]byte

// ErrNotKey: the text is no swarm key.
var ErrNotKey = errors.New("this is no key of a private network")

const (
	keyHead = "/key/swarm/psk/1.0.0/"
	keyBase = "/base16/"
)

// NewKey is a network of its own.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k[:]) // it never fails
	return k
}

// ParseKey reads a key as IPFS keeps it in a file: three lines, the last one of 64 hexadecimal digits.
func ParseKey(text string) (Key, error) {
	lines := strings.Fields(text)
	if len(lines) != 3 || lines[0] != keyHead || lines[1] != keyBase {
		return Key{}, ErrNotKey
	}
	raw, err := hex.DecodeString(lines[2])
	if err != nil || len(raw) != len(Key{}) || Key(raw).IsZero() {
		return Key{}, ErrNotKey // the decoder's text would quote a part of it
	}
	return Key(raw), nil
}

// IsKey tells whether a text is meant as a key, right or wrong.
func IsKey(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), keyHead) }

// Text is the key as IPFS keeps it in a file.
func (k Key) Text() []byte {
	return fmt.Appendf(nil, "%s\n%s\n%x\n", keyHead, keyBase, k[:])
}

// IsZero tells whether there is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Same tells whether a file holds this key.
func (k Key) Same(file []byte) bool { return bytes.Equal(k.Text(), file) }

const hidden = "(secret)"

// String hides the key.
func (k Key) String() string { return hidden }

// Format hides the key, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) } // a printer's state takes everything

// LogValue hides the key.
func (k Key) LogValue() slog.Value { return slog.StringValue(hidden) }
