// Package code is a connection code: one line that carries everything needed to use a storage, so that nobody types an
// address. FORMAT: "ROOST1-" and the base32 (RFC 4648, no padding) of
//
//	kind ‖ length of body (2 bytes, big-endian) ‖ body ‖ the first 4 bytes of SHA-256(kind ‖ length ‖ body)
//
// The body of kind 0 is CBOR (see wire), that of kind 1 an age file, encrypted to a passphrase, that holds such CBOR.
// Kind 2 is a family network code, CBOR too (see wireNetwork): a private network without a storage. Kinds 3 and 4 carry what
// two devices say to each other when one lets the other in (see letter.go). The digit before the dash is the version.
// Capital letters make the smallest QR picture; people may type small ones.
//
// A code of kind 0 is a key: who has it can use the storage as its owner does. It cannot read what is stored there. One of
// kind 2 lets a storage into the network.
package code

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/fxamacker/cbor/v2"
)

// Code is how to reach one storage and how to be let in.
type Code struct {
	Name        string   // what its owner calls it; at most 64 bytes
	Addresses   []string // "https://host:port", tried in turn; 1 to 8
	Token       string   // as node.Options take it
	Fingerprint string   // SHA-256 of the certificate that it shows, 64 hexadecimal digits; "": none is pinned
	Host        string   // it shows a certificate for this name that everybody trusts; "": it does not
	Network     *Network // of which it is a member, for another storage to join; nil: of none, or none is told
}

// What can be wrong with a code.
var (
	// ErrNotCode: the text is something else.
	ErrNotCode = errors.New("this is no connection code")
	// ErrTruncated: its end is missing.
	ErrTruncated = errors.New("the connection code is not complete")
	// ErrMistyped: its checksum says that something in it was changed.
	ErrMistyped = errors.New("the connection code has a mistake in it")
	// ErrNewer: a later version of Roost wrote it.
	ErrNewer = errors.New("the connection code is of a newer Roost")
	// ErrLocked: it is encrypted, and no passphrase was given.
	ErrLocked = errors.New("the connection code is locked with a passphrase")
	// ErrNetworkCode: it leads into a private network, not to a storage.
	ErrNetworkCode = errors.New("this is the code of a family network, not of a storage")
	// ErrNoNetwork: it leads to a storage that is in no private network.
	ErrNoNetwork = errors.New("the storage of this connection code is in no family network")
	// ErrOtherKind: it is a whole code, for another place.
	ErrOtherKind = errors.New("this is a code for something else")
	// ErrWrongPassphrase: it is encrypted with another one.
	ErrWrongPassphrase = errors.New("this is not the passphrase of the connection code")
)

const (
	prefix  = "ROOST"
	version = '1'

	kindPlain   = 0
	kindSealed  = 1
	kindNetwork = 2

	headSize     = 3
	checksumSize = 4
	maxBody      = 4 << 10 // bytes
	maxText      = 16 << 10

	maxName      = 64
	maxAddresses = 8
	maxAddress   = 256
	maxToken     = 512
)

// wire is the body. Its keys are numbers, ascending; what is empty is left out.
type wire struct {
	Name        string   `cbor:"1,keyasint,omitempty"`
	Addresses   []string `cbor:"2,keyasint"`
	Token       string   `cbor:"3,keyasint,omitempty"`
	Fingerprint []byte   `cbor:"4,keyasint,omitempty"`
	Host        string   `cbor:"5,keyasint,omitempty"`

	Network *wireNetwork `cbor:"6,keyasint,omitempty"`
}

var (
	encoding = base32.StdEncoding.WithPadding(base32.NoPadding)
	encMode  = must(cbor.CoreDetEncOptions().EncMode())
	decMode  = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, UTF8: cbor.UTF8RejectInvalid, MaxNestedLevels: 4,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above are fixed
	}
	return v
}

// Check says what is wrong with a code that was not parsed, in words.
func (c Code) Check() error {
	if len(c.Name) > maxName || !printable(c.Name) {
		return fmt.Errorf("the storage's name is longer than %d bytes or holds what cannot be shown", maxName)
	}
	if len(c.Token) > maxToken || !printable(c.Token) {
		return errors.New("the storage's token is too long or holds what cannot be shown")
	}
	if raw, err := hex.DecodeString(c.Fingerprint); err != nil || len(raw) != 0 && len(raw) != sha256.Size {
		return errors.New("the fingerprint of a certificate has 64 hexadecimal digits")
	}
	if c.Host != "" && !hostName(c.Host) {
		return errors.New("the name of a public certificate is the name of a host")
	}
	if len(c.Addresses) == 0 || len(c.Addresses) > maxAddresses {
		return fmt.Errorf("a storage has 1 to %d addresses", maxAddresses)
	}
	if c.Network != nil {
		if err := c.Network.check(); err != nil {
			return err
		}
	}
	for i, a := range c.Addresses {
		u, err := url.Parse(a)
		if err != nil || len(a) > maxAddress || a != u.Scheme+"://"+u.Host || !hostName(u.Hostname()) ||
			u.Scheme != "https" && u.Scheme != "http" {
			return errors.New("an address is https://host:port, without a path") // its text may hold a secret
		}
		if slices.Contains(c.Addresses[:i], a) {
			return errors.New("an address stands there twice")
		}
		if u.Scheme == "http" && (len(c.Addresses) > 1 || c.Fingerprint != "" || c.Host != "") {
			return errors.New("an address that is not encrypted stands alone, and has no certificate")
		}
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// hostName takes names and addresses, without a port.
func hostName(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && len(s) <= 253 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}

// Encode writes the code as one line.
func (c Code) Encode() (string, error) {
	body, err := c.body()
	if err != nil {
		return "", err
	}
	return write(kindPlain, body)
}

// Seal writes the code as one line that opens with the passphrase only.
func (c Code) Seal(passphrase string) (string, error) {
	body, err := c.body()
	if err != nil {
		return "", err
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return "", fmt.Errorf("lock the connection code: %w", err)
	}
	to.SetWorkFactor(workFactor)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fmt.Errorf("lock the connection code: %w", err)
	}
	return write(kindSealed, sealed.Bytes())
}

// The cost of one guess, as a power of two: age's own choice, 256 MiB and about a second. A code may not ask for more.
var workFactor = 18

const maxWorkFactor = 18

func (c Code) body() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("write a connection code: %w", err)
	}
	w := wire{Name: c.Name, Addresses: c.Addresses, Token: c.Token, Host: c.Host}
	w.Fingerprint, _ = hex.DecodeString(c.Fingerprint) // Check did
	if c.Network != nil {
		w.Network = c.Network.wire()
	}
	return encMode.Marshal(w)
}

func write(kind byte, body []byte) (string, error) {
	if len(body) > maxBody {
		return "", fmt.Errorf("write a connection code: it would be longer than %d bytes", maxBody)
	}
	raw := append([]byte{kind}, binary.BigEndian.AppendUint16(nil, uint16(len(body)))...)
	raw = append(raw, body...)
	raw = append(raw, checksum(raw)...)
	return prefix + string(version) + "-" + encoding.EncodeToString(raw), nil
}

func checksum(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	return sum[:checksumSize]
}

// Parse reads a code. Blanks and line breaks inside it do not count, as mail makes them, nor does the case of letters.
// The passphrase is for a locked one; "" where there is none.
// Errors: every Err of this package.
func Parse(text, passphrase string) (Code, error) {
	kind, body, err := read(text)
	if err != nil {
		return Code{}, err
	}
	switch kind {
	case kindPlain:
	case kindNetwork:
		return Code{}, ErrNetworkCode
	case kindSealed:
		if passphrase == "" {
			return Code{}, ErrLocked
		}
		if body, err = open(body, passphrase); err != nil {
			return Code{}, err
		}
	case byte(Asking), byte(Answer):
		return Code{}, ErrOtherKind
	default:
		return Code{}, ErrNewer
	}
	var w wire
	if err := decMode.Unmarshal(body, &w); err != nil {
		return Code{}, fmt.Errorf("%w: its content makes no sense", ErrNotCode)
	}
	c := Code{Name: w.Name, Addresses: w.Addresses, Token: w.Token, Fingerprint: hex.EncodeToString(w.Fingerprint), Host: w.Host}
	if w.Network != nil {
		if c.Network, err = w.Network.network(); err != nil {
			return Code{}, err
		}
	}
	if err := c.Check(); err != nil {
		return Code{}, fmt.Errorf("%w: %w", ErrNotCode, err)
	}
	return c, nil
}

// Locked tells whether the text is a whole code that needs a passphrase.
func Locked(text string) bool {
	kind, _, err := read(text)
	return err == nil && kind == kindSealed
}

func read(text string) (kind byte, body []byte, err error) {
	if len(text) > maxText {
		return 0, nil, ErrNotCode
	}
	text = strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("\"'`\ufeff\u200b", r) {
			return -1
		}
		return r
	}, text))
	rest, ok := strings.CutPrefix(text, prefix)
	digits, letters, dash := strings.Cut(rest, "-")
	switch {
	case !ok || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }):
		return 0, nil, ErrNotCode
	case !dash && len(digits) < 2:
		return 0, nil, ErrTruncated
	case digits == "" || !dash:
		return 0, nil, ErrNotCode
	case digits != string(version):
		return 0, nil, ErrNewer
	}
	// These three are no letters of base32, and look like one that is.
	letters = strings.NewReplacer("0", "O", "1", "I", "8", "B").Replace(letters)
	if strings.ContainsFunc(letters, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') }) {
		return 0, nil, ErrMistyped
	}
	whole := len(letters)
	for whole > 0 && (whole%8 == 1 || whole%8 == 3 || whole%8 == 6) { // which no whole number of bytes has
		whole--
	}
	raw, err := encoding.DecodeString(letters[:whole])
	if err != nil {
		return 0, nil, ErrMistyped
	}
	if len(raw) < headSize {
		return 0, nil, ErrTruncated
	}
	size := headSize + int(binary.BigEndian.Uint16(raw[1:])) + checksumSize
	switch {
	case size > headSize+maxBody+checksumSize:
		return 0, nil, ErrMistyped
	case len(raw) < size:
		return 0, nil, ErrTruncated
	case len(raw) > size || whole < len(letters):
		return 0, nil, ErrMistyped
	}
	sum := raw[size-checksumSize:]
	if raw = raw[:size-checksumSize]; !bytes.Equal(checksum(raw), sum) {
		return 0, nil, ErrMistyped
	}
	// One code has one spelling: leftover bits of the last letter are zero.
	if encoding.EncodeToString(append(slices.Clone(raw), sum...)) != letters {
		return 0, nil, ErrMistyped
	}
	return raw[0], raw[headSize:], nil
}

func open(sealed []byte, passphrase string) ([]byte, error) {
	with, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, ErrWrongPassphrase
	}
	with.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(sealed), with)
	if _, no := errors.AsType[*age.NoIdentityMatchError](err); no {
		return nil, ErrWrongPassphrase
	}
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(r, maxBody))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: its locked part makes no sense", ErrNotCode)
	}
	return body, nil
}

// Local tells whether an address is of a home network or of this computer: nothing that works from everywhere.
func Local(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(strings.ToLower(host), ".local")
}

// HostPort is an address without its scheme, with the port that https has when none is given.
func HostPort(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return u.Host
}
