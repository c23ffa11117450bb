package format

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/zeebo/blake3"
)

// ObjectType says what a sealed object is; it is bound into every region.
type ObjectType uint8

// Object types.
const (
	DataPack     ObjectType = 1
	MetaPack     ObjectType = 2
	IndexPack    ObjectType = 3
	HeadObject   ObjectType = 4
	Keyring      ObjectType = 5
	Bundle       ObjectType = 6 // a device's key bundle: a local file, never stored on a node
	BatchMarker  ObjectType = 7
	BeaconObject ObjectType = 8 // lies in an IPNS record, not on a node
)

const (
	tagSize      = 16
	headerFixed  = 12
	entrySize    = 42
	trailerSize  = 32 + 32 + 4
	sealOverhead = tagSize /* padding */ + headerFixed + tagSize + trailerSize
)

// Flags of a body.
const flagZstd = 1

// Body describes one body of a sealed object.
type Body struct {
	Kind   Kind
	Zstd   bool
	Stored uint32 // bytes before sealing, compressed if Zstd
	Plain  uint32 // bytes of plaintext
	ID     ChunkID
}

func (b Body) valid() bool { return b.Plain <= MaxChunk && (b.Zstd || b.Plain == b.Stored) }

// Builder collects bodies and seals them as one object. A Builder is reused by Reset; it is not safe for concurrent use.
type Builder struct {
	typ    ObjectType
	bodies []Body
	buf    []byte // bodies, each followed by room for its tag
}

// NewBuilder returns an empty builder for objects of type t.
func NewBuilder(t ObjectType) *Builder { return &Builder{typ: t} }

// Reset empties the builder and keeps its memory.
func (b *Builder) Reset() { b.bodies, b.buf = b.bodies[:0], b.buf[:0] }

// Len is the number of bodies.
func (b *Builder) Len() int { return len(b.bodies) }

// Bodies lists what was added; valid until Reset.
func (b *Builder) Bodies() []Body { return b.bodies }

// Size is the sealed size without padding, in bytes.
func (b *Builder) Size() int { return len(b.buf) + len(b.bodies)*entrySize + sealOverhead }

// Grown is what Size would be with one more body of n stored bytes.
func (b *Builder) Grown(n int) int { return b.Size() + n + tagSize + entrySize }

// Grow makes room for an object of that size at once: memory that grows with its content is copied each time.
func (b *Builder) Grow(size int) {
	if cap(b.buf) < size {
		b.buf = append(make([]byte, 0, size), b.buf...)
	}
}

// Add appends a body whose stored bytes are data (compressed if zstd).
func (b *Builder) Add(kind Kind, id ChunkID, plain int, zstd bool, data []byte) {
	b.bodies = append(b.bodies, Body{Kind: kind, Zstd: zstd, Stored: uint32(len(data)), Plain: uint32(plain), ID: id})
	b.buf = append(append(b.buf, data...), make([]byte, tagSize)...)
}

// PaddedSize is the smallest power of two of at least floor bytes that holds the object.
func (b *Builder) PaddedSize(floor int) int {
	n := floor
	for n < b.Size() {
		n *= 2
	}
	return n
}

// Seal returns the object with exactly total bytes, sealed under the epoch; ErrTooLarge if it does not fit, or if a body
// exceeds what Open accepts. The builder keeps its bodies until Reset.
func (b *Builder) Seal(vault VaultID, epoch Epoch, total int) ([]byte, error) {
	return b.seal(vault, epoch, total, rand.Reader)
}

func (b *Builder) seal(vault VaultID, epoch Epoch, total int, random io.Reader) ([]byte, error) {
	out := make([]byte, total)
	return out, b.fill(out, vault, epoch, random)
}

// SealInto is Seal into memory of the caller's: the object fills out.
func (b *Builder) SealInto(out []byte, vault VaultID, epoch Epoch) error {
	return b.fill(out, vault, epoch, rand.Reader)
}

func (b *Builder) fill(out []byte, vault VaultID, epoch Epoch, random io.Reader) error {
	total := len(out)
	pad := total - b.Size()
	if pad < 0 || total > MaxBlockSize {
		return fmt.Errorf("seal %d bytes into a block of %d: %w", b.Size(), total, ErrTooLarge)
	}
	for i, body := range b.bodies {
		if !body.valid() { // better no object than one that nobody can open
			return fmt.Errorf("seal body %d of %d bytes, %d stored: %w", i, body.Plain, body.Stored, ErrTooLarge)
		}
	}
	header := b.header(pad)
	salt, err := b.salt(vault, epoch, total, header, random)
	if err != nil {
		return err
	}
	k := newSealKeys(salt, epoch.Secret)
	ad := additional(vault, epoch.Number, b.typ, total)

	clear(out[copy(out, b.buf):])
	off := 0
	for i, body := range b.bodies {
		n := int(body.Stored)
		ad.setID(body.ID)
		aead(k.body(i)).Seal(out[off:off], zeroNonce, out[off:off+n], ad.bytes)
		off += n + tagSize
	}
	ad.setID(ChunkID{})
	aead(k.key("padding")).Seal(out[off:off], zeroNonce, out[off:off+pad], ad.bytes) // out is zero here
	off += pad + tagSize
	aead(k.key("header")).Seal(out[off:off], zeroNonce, header, ad.bytes)
	hlen := len(header) + tagSize
	off += hlen
	off += copy(out[off:], salt[:])
	off += copy(out[off:], k.expand("commitment", 32))
	binary.BigEndian.PutUint32(out[off:], uint32(hlen))
	subtle.XORBytes(out[off:], out[off:], k.expand("header-length", 4))
	return nil
}

func (b *Builder) header(pad int) []byte {
	h := make([]byte, 0, headerFixed+len(b.bodies)*entrySize)
	h = append(h, Version, byte(b.typ), 0, 0)
	h = binary.BigEndian.AppendUint32(h, uint32(len(b.bodies)))
	h = binary.BigEndian.AppendUint32(h, uint32(pad))
	for _, e := range b.bodies {
		flags := byte(0)
		if e.Zstd {
			flags = flagZstd
		}
		h = append(h, byte(e.Kind), flags)
		h = binary.BigEndian.AppendUint32(h, e.Stored)
		h = binary.BigEndian.AppendUint32(h, e.Plain)
		h = append(h, e.ID[:]...)
	}
	return h
}

// salt depends on fresh randomness and on everything that is sealed or authenticated: a failed random source, or a cloned
// machine that repeats one, still never uses a key on two different plaintexts.
func (b *Builder) salt(vault VaultID, epoch Epoch, total int, header []byte, random io.Reader) (salt [32]byte, err error) {
	var r [32]byte
	if _, err := io.ReadFull(random, r[:]); err != nil {
		return salt, fmt.Errorf("read random bytes: %w", err)
	}
	bodies := blake3.Sum256(b.buf)
	m := hmac.New(sha256.New, epoch.Secret[:])
	m.Write([]byte("roost/v1/salt"))
	m.Write(r[:])
	m.Write(vault[:])
	m.Write(be32(epoch.Number))
	m.Write(be64(uint64(total)))
	m.Write(header)
	m.Write(bodies[:])
	m.Sum(salt[:0])
	return salt, nil
}

// Sealed is an opened object: its header was authenticated, its bodies are opened one by one.
type Sealed struct {
	Type   ObjectType
	Epoch  uint32
	Bodies []Body
	Pad    int

	raw  []byte // of a partial object, the bodies it holds
	keys sealKeys
	ad   adBytes
	offs []int // of the bodies in raw; -1: not held
	part bool
}

// Open authenticates the header of a sealed object of type t, trying the epochs in order; the key commitment decides.
// Errors: ErrWrongKey when no epoch made it, ErrDamaged, ErrNewer. raw is kept and must not change.
func Open(raw []byte, t ObjectType, vault VaultID, epochs []Epoch) (*Sealed, error) {
	if len(raw) < sealOverhead || len(raw) > MaxBlockSize {
		return nil, damaged("a sealed object of %d bytes", len(raw))
	}
	tr := raw[len(raw)-trailerSize:]
	salt, commitment := [32]byte(tr[:32]), tr[32:64]
	for _, ep := range epochs {
		k := newSealKeys(salt, ep.Secret)
		if subtle.ConstantTimeCompare(k.expand("commitment", 32), commitment) != 1 {
			continue
		}
		s := &Sealed{Type: t, Epoch: ep.Number, raw: raw, keys: k, ad: additional(vault, ep.Number, t, len(raw))}
		if err := s.openHeader(tr[64:]); err != nil {
			return nil, err
		}
		return s, nil
	}
	return nil, ErrWrongKey
}

func (s *Sealed) openHeader(masked []byte) error {
	var lenBytes [4]byte
	subtle.XORBytes(lenBytes[:], masked, s.keys.expand("header-length", 4))
	hlen := int64(binary.BigEndian.Uint32(lenBytes[:]))
	end := int64(len(s.raw) - trailerSize)
	if hlen < headerFixed+tagSize || hlen > end-tagSize {
		return damaged("header length %d in an object of %d bytes", hlen, len(s.raw))
	}
	h, err := aead(s.keys.key("header")).Open(nil, zeroNonce, s.raw[end-hlen:end], s.ad.bytes)
	if err != nil {
		return damaged("header does not authenticate as type %d", s.Type)
	}
	if h[0] == 0 {
		return damaged("header of version 0")
	}
	if h[0] > Version {
		return fmt.Errorf("sealed object of version %d: %w", h[0], ErrNewer)
	}
	if ObjectType(h[1]) != s.Type || h[2] != 0 || h[3] != 0 {
		return damaged("header of type %d in an object of type %d", h[1], s.Type)
	}
	count, pad := binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
	if uint64(len(h)) != headerFixed+uint64(count)*entrySize {
		return damaged("header of %d bytes for %d bodies", len(h), count)
	}
	s.Bodies, s.offs, s.Pad = make([]Body, count), make([]int, count), int(pad)
	off := int64(0)
	for i := range s.Bodies {
		e := h[headerFixed+i*entrySize:]
		b := Body{
			Kind:   Kind(e[0]),
			Zstd:   e[1] == flagZstd,
			Stored: binary.BigEndian.Uint32(e[2:]),
			Plain:  binary.BigEndian.Uint32(e[6:]),
			ID:     ChunkID(e[10:42]),
		}
		if e[1]&^flagZstd != 0 || !b.valid() {
			return damaged("body %d says flags %d, %d stored and %d plain bytes", i, e[1], b.Stored, b.Plain)
		}
		s.Bodies[i], s.offs[i] = b, int(off)
		if off += int64(b.Stored) + tagSize; off > end {
			return damaged("bodies run past the end")
		}
	}
	if off+int64(pad)+tagSize+hlen != end {
		return damaged("bodies, padding and header do not fill the object")
	}
	return nil
}

// Keep returns the object with some of its bodies, in memory of its own. The others are still listed.
func (s *Sealed) Keep(wanted func(ChunkID) bool) *Sealed {
	size := 0
	for i, b := range s.Bodies {
		if s.Holds(i) && wanted(b.ID) {
			size += int(b.Stored) + tagSize
		}
	}
	part := *s
	part.raw, part.offs, part.part = make([]byte, 0, size), make([]int, len(s.offs)), true
	for i, b := range s.Bodies {
		part.offs[i] = -1
		if off := s.offs[i]; s.Holds(i) && wanted(b.ID) {
			part.offs[i] = len(part.raw)
			part.raw = append(part.raw, s.raw[off:off+int(b.Stored)+tagSize]...)
		}
	}
	return &part
}

// Partial tells an object that Keep made. Only its Body may be called, for what it holds.
func (s *Sealed) Partial() bool { return s.part }

// Holds tells whether body i is there.
func (s *Sealed) Holds(i int) bool { return s.offs[i] >= 0 }

// Size is how many bytes of sealed content are held.
func (s *Sealed) Size() int { return len(s.raw) }

// Memory is what was given to Open, for another object when this one is not used any more; nil for a partial one.
func (s *Sealed) Memory() []byte {
	if s.part {
		return nil
	}
	return s.raw
}

// Body opens body i: authenticated, decompressed, and with the length that the header states.
func (s *Sealed) Body(i int) ([]byte, error) { return s.BodyInto(nil, i) }

// BodyInto is Body in dst's memory, where that is large enough.
func (s *Sealed) BodyInto(dst []byte, i int) ([]byte, error) {
	b, off := s.Bodies[i], s.offs[i]
	ad := s.ad.clone()
	ad.setID(b.ID)
	sealed := s.raw[off : off+int(b.Stored)+tagSize]
	if !b.Zstd {
		data, err := aead(s.keys.body(i)).Open(dst[:0], zeroNonce, sealed, ad.bytes)
		if err != nil {
			return nil, damaged("body %d does not authenticate", i)
		}
		return data, nil
	}
	scratch := compressed.Get().(*[]byte)
	defer compressed.Put(scratch)
	data, err := aead(s.keys.body(i)).Open((*scratch)[:0], zeroNonce, sealed, ad.bytes)
	if err != nil {
		return nil, damaged("body %d does not authenticate", i)
	}
	*scratch = data
	return decompress(dst, data, int(b.Plain))
}

// compressed holds bodies until they are decompressed.
var compressed = sync.Pool{New: func() any { return new([]byte) }}

// CheckPadding authenticates the padding: with Open and every Body, no byte of the object is left unchecked.
func (s *Sealed) CheckPadding() error {
	off := 0
	if n := len(s.Bodies); n > 0 {
		off = s.offs[n-1] + int(s.Bodies[n-1].Stored) + tagSize
	}
	p, err := aead(s.keys.key("padding")).Open(nil, zeroNonce, s.raw[off:off+s.Pad+tagSize], s.ad.bytes)
	if err != nil {
		return damaged("padding does not authenticate")
	}
	for _, c := range p {
		if c != 0 {
			return damaged("padding is not zero")
		}
	}
	return nil
}

// sealKeys derives the keys of one object. prk = HKDF-Extract(salt, secret); region keys = HKDF-Expand(prk, label).
type sealKeys struct{ prk []byte }

func newSealKeys(salt [32]byte, secret Secret) sealKeys {
	prk, err := hkdf.Extract(sha256.New, secret[:], salt[:])
	if err != nil {
		panic(err) // SHA-256 is always allowed
	}
	return sealKeys{prk}
}

func (k sealKeys) expand(label string, n int) []byte {
	out, err := hkdf.Expand(sha256.New, k.prk, "roost/v1/"+label, n)
	if err != nil {
		panic(err) // n is 4 or 32
	}
	return out
}

func (k sealKeys) key(label string) []byte { return k.expand(label, 32) }

func (k sealKeys) body(i int) []byte { return k.key("body" + string(be32(uint32(i)))) }

// Every key seals one region of one object, so the nonce is constant.
var zeroNonce = make([]byte, 12)

func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // 32 bytes are always a key
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return g
}

// adBytes is the additional data: "roost/v1" ‖ vault ‖ epoch ‖ type ‖ total length ‖ chunk id or zeros.
type adBytes struct{ bytes []byte }

func additional(vault VaultID, epoch uint32, t ObjectType, total int) adBytes {
	b := make([]byte, 0, 8+16+4+1+8+32)
	b = append(b, "roost/v1"...)
	b = append(b, vault[:]...)
	b = binary.BigEndian.AppendUint32(b, epoch)
	b = append(b, byte(t))
	b = binary.BigEndian.AppendUint64(b, uint64(total))
	return adBytes{append(b, make([]byte, 32)...)}
}

func (a adBytes) setID(id ChunkID) { copy(a.bytes[len(a.bytes)-32:], id[:]) }

func (a adBytes) clone() adBytes { return adBytes{append([]byte(nil), a.bytes...)} }

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func be64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// SealOne seals one small value (a head, a keyring, a marker, a bundle) as an object of its own, padded to a power of two.
func SealOne(t ObjectType, vault VaultID, epoch Epoch, plain []byte) ([]byte, error) {
	if len(plain) > MaxChunk {
		return nil, fmt.Errorf("seal an object of type %d with %d bytes: %w", t, len(plain), ErrTooLarge)
	}
	b := NewBuilder(t)
	data, zstd := Compress(nil, plain)
	b.Add(0, ChunkID{}, len(plain), zstd, data)
	return b.Seal(vault, epoch, b.PaddedSize(MinBlockSize))
}

// OpenOne opens what SealOne made, checking every byte.
func OpenOne(raw []byte, t ObjectType, vault VaultID, epochs []Epoch) ([]byte, error) {
	s, err := Open(raw, t, vault, epochs)
	if err != nil {
		return nil, err
	}
	if len(s.Bodies) != 1 || s.Bodies[0].Kind != 0 || s.Bodies[0].ID != (ChunkID{}) {
		return nil, damaged("object of type %d is not a single value", t)
	}
	if err := s.CheckPadding(); err != nil {
		return nil, err
	}
	return s.Body(0)
}

// Absorb moves bodies from src to b while the object stays within limit bytes. It reports whether src is empty now.
func (b *Builder) Absorb(src *Builder, limit int) bool {
	off, n := 0, 0
	for _, e := range src.bodies {
		if b.Grown(int(e.Stored)) > limit {
			break
		}
		b.Add(e.Kind, e.ID, int(e.Plain), e.Zstd, src.buf[off:off+int(e.Stored)])
		off += int(e.Stored) + tagSize
		n++
	}
	src.bodies = src.bodies[:copy(src.bodies, src.bodies[n:])]
	src.buf = src.buf[:copy(src.buf, src.buf[off:])]
	return len(src.bodies) == 0
}
