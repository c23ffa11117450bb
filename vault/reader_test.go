package vault_test

// A reader of vaults that was written from FORMAT.md alone. It imports nothing of Roost and shares no code with it, so that
// it fails where the text and the program disagree; TestTheReaderSharesNoCode keeps it so. Section names in comments are
// the document's.

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/blake3"
)

// readSnapshot is one version of one folder with everything in it.
type readSnapshot struct {
	ID         string // hex
	Device     string // hex
	DeviceName string
	Folder     string // hex
	Path       []byte
	Seconds    int64
	Nanos      uint64
	Files      uint64
	Bytes      uint64
	Complete   bool
	Skipped    map[string]string
	Entries    map[string]*readEntry // by path inside the folder, parts joined by "/"; "" is the folder itself
}

// readEntry is one file, directory or link.
type readEntry struct {
	Type    uint64 // 1 file, 2 directory, 3 symbolic link
	Mode    uint64
	Seconds int64
	Nanos   uint64
	Content []byte // of a file, holes filled
	Target  []byte
	Xattrs  map[string]string
	Link    []byte
	Owner   []uint64 // user, group
}

// readVault reads every snapshot of every device, newest first for each. words are the 24 words; pointers is the pointer
// directory, name → CID of a root; get returns a block. Whatever does not verify is an error: a real reader would go on
// with the rest.
func readVault(words string, pointers map[string]string, get func(cid string) ([]byte, error)) ([]readSnapshot, error) {
	r := &vaultReader{get: get, packs: map[string]*readPack{}}
	entropy, err := readWords(words)
	if err != nil {
		return nil, err
	}
	r.derive(entropy)
	heads, err := r.heads(pointers)
	if err != nil {
		return nil, err
	}
	var out []readSnapshot
	for _, h := range heads {
		snaps, err := r.snapshots(h)
		if err != nil {
			return nil, fmt.Errorf("device %x: %w", h.device, err)
		}
		out = append(out, snaps...)
	}
	return out, nil
}

type vaultReader struct {
	get     func(string) ([]byte, error)
	entropy []byte

	vault, chunkID, locator, outer []byte
	root                           ed25519.PublicKey
	epochs                         map[uint64][]byte

	packs map[string]*readPack // by digest
}

func bad(format string, args ...any) error { return fmt.Errorf("not a v1 vault: "+format, args...) }

// "Words and keys"

func readWords(words string) ([]byte, error) {
	raw, err := os.ReadFile("format/wordlist_english.txt")
	if err != nil {
		return nil, err
	}
	list := strings.Fields(string(raw))
	given := strings.Fields(words)
	if len(list) != 2048 || len(given) != 24 {
		return nil, bad("%d words", len(given))
	}
	bits := make([]byte, 33)
	for i, w := range given {
		n := slices.Index(list, w)
		if n < 0 {
			return nil, bad("word %d is not in the list", i+1)
		}
		for b := range 11 {
			if n>>(10-b)&1 == 1 {
				at := i*11 + b
				bits[at/8] |= 0x80 >> (at % 8)
			}
		}
	}
	if sum := sha256.Sum256(bits[:32]); sum[0] != bits[32] {
		return nil, bad("checksum of the words")
	}
	return bits[:32], nil
}

func (r *vaultReader) secret(label string) []byte {
	prk, err := hkdf.Extract(sha256.New, r.entropy, []byte("roost/v1"))
	if err != nil {
		panic(err)
	}
	return readExpand(prk, label, 32)
}

func readExpand(prk []byte, info string, n int) []byte {
	out, err := hkdf.Expand(sha256.New, prk, info, n)
	if err != nil {
		panic(err)
	}
	return out
}

func (r *vaultReader) derive(entropy []byte) {
	r.entropy = entropy
	r.vault = r.secret("vault-id")[:16]
	r.chunkID = r.secret("chunk-id")
	r.locator = r.secret("locator")
	r.outer = r.secret("outer")
	r.root = ed25519.NewKeyFromSeed(r.secret("root-sign")).Public().(ed25519.PublicKey)
	r.epochs = map[uint64][]byte{}
}

func (r *vaultReader) pointerName(device []byte, seq uint64) string {
	m := hmac.New(sha256.New, r.locator)
	m.Write([]byte("pointer"))
	m.Write(device)
	m.Write(binary.BigEndian.AppendUint64(nil, seq))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// readPointerDir is the name of the pointer directory that belongs to the words.
func readPointerDir(words string) (string, error) {
	entropy, err := readWords(words)
	if err != nil {
		return "", err
	}
	r := &vaultReader{}
	r.derive(entropy)
	m := hmac.New(sha256.New, r.locator)
	m.Write([]byte("dir"))
	return "/" + hex.EncodeToString(m.Sum(nil)[:16]), nil
}

// "The DAG"

const (
	codecRaw   = 0x55
	codecDagPB = 0x70
)

var readBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func readCID(codec byte, digest []byte) string {
	return "b" + readBase32.EncodeToString(append([]byte{1, codec, 0x12, 0x20}, digest...))
}

func parseReadCID(s string) (codec byte, digest []byte, err error) {
	b, err := readBase32.DecodeString(strings.TrimPrefix(s, "b"))
	if err != nil || len(b) != 36 || !strings.HasPrefix(s, "b") || b[0] != 1 || b[2] != 0x12 || b[3] != 0x20 {
		return 0, nil, bad("CID %s", s)
	}
	return b[1], b[4:], nil
}

// block gets a block and believes nobody: its hash must be the digest.
func (r *vaultReader) block(codec byte, digest []byte) ([]byte, error) {
	b, err := r.get(readCID(codec, digest))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(b); !bytes.Equal(sum[:], digest) {
		return nil, bad("a block's hash is not its name")
	}
	return b, nil
}

type readLink struct {
	name   string
	codec  byte
	digest []byte
}

type protoField struct {
	num   uint64
	value uint64 // of a varint
	bytes []byte // of a byte string, else nil
}

func readProto(b []byte) (out []protoField, err error) {
	varint := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			err = bad("protobuf")
			return 0
		}
		b = b[n:]
		return v
	}
	for len(b) > 0 && err == nil {
		tag := varint()
		f := protoField{num: tag >> 3, value: varint()}
		switch tag & 7 {
		case 0:
		case 2:
			if f.value > uint64(len(b)) {
				return nil, bad("protobuf length")
			}
			f.bytes, b = b[:f.value:f.value], b[f.value:]
		default:
			return nil, bad("protobuf wire type %d", tag&7)
		}
		out = append(out, f)
	}
	return out, err
}

// readNode parses a dag-pb block: its links and its UnixFS type.
func readNode(b []byte) (links []readLink, typ uint64, err error) {
	fields, err := readProto(b)
	if err != nil {
		return nil, 0, err
	}
	var sizes int
	for _, f := range fields {
		sub, err := readProto(f.bytes)
		if err != nil || f.bytes == nil {
			return nil, 0, bad("dag-pb block")
		}
		switch f.num {
		case 2:
			l := readLink{}
			for _, x := range sub {
				switch {
				case x.num == 1 && len(x.bytes) == 36:
					c := readCID(x.bytes[1], x.bytes[4:])
					if l.codec, l.digest, err = parseReadCID(c); err != nil || !bytes.Equal(x.bytes[2:4], []byte{0x12, 0x20}) || x.bytes[0] != 1 {
						return nil, 0, bad("link")
					}
				case x.num == 2 && x.bytes != nil:
					l.name = string(x.bytes)
				case x.num == 3:
				default:
					return nil, 0, bad("link field %d", x.num)
				}
			}
			if l.digest == nil {
				return nil, 0, bad("link to nothing")
			}
			links = append(links, l)
		case 1:
			for _, x := range sub {
				switch x.num {
				case 1:
					typ = x.value
				case 3:
				case 4:
					sizes++
				default:
					return nil, 0, bad("UnixFS field %d", x.num)
				}
			}
		default:
			return nil, 0, bad("dag-pb field %d", f.num)
		}
	}
	if typ == 2 && sizes != len(links) {
		return nil, 0, bad("%d links and %d sizes", len(links), sizes)
	}
	return links, typ, nil
}

// spine lists the packs below a root's link: three levels of nodes.
func (r *vaultReader) spine(digest []byte, level int, packs map[string]bool) error {
	b, err := r.block(codecDagPB, digest)
	if err != nil {
		return err
	}
	links, typ, err := readNode(b)
	if err != nil {
		return err
	}
	if typ != 2 || len(links) > 256 {
		return bad("spine node of type %d with %d children", typ, len(links))
	}
	for _, l := range links {
		switch {
		case level < 3 && l.codec == codecDagPB:
			if err := r.spine(l.digest, level+1, packs); err != nil {
				return err
			}
		case level == 3 && l.codec == codecRaw && !packs[string(l.digest)]:
			packs[string(l.digest)] = true
		default:
			return bad("codec %#x at level %d of the spine, or a pack twice", l.codec, level)
		}
	}
	return nil
}

// CBOR ("Notation"): strict, because a vault has one encoding for one value.

type cborMap map[uint64]any

// readCBOR gives uint64, int64 (negative), []byte, string, bool, []any and cborMap.
func readCBOR(b []byte) (any, error) {
	v, rest, err := readCBORValue(b, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, bad("%d bytes behind CBOR", len(rest))
	}
	return v, nil
}

func readCBORValue(b []byte, depth int) (v any, rest []byte, err error) {
	if len(b) == 0 || depth > 16 {
		return nil, nil, bad("CBOR")
	}
	major, info := b[0]>>5, b[0]&31
	if b[0] == 0xf4 || b[0] == 0xf5 {
		return b[0] == 0xf5, b[1:], nil
	}
	if major > 5 || info > 27 {
		return nil, nil, bad("CBOR byte %#x", b[0])
	}
	b = b[1:]
	n := uint64(info)
	if info >= 24 {
		size := 1 << (info - 24)
		if len(b) < size {
			return nil, nil, bad("CBOR ends early")
		}
		n = 0
		for _, c := range b[:size] {
			n = n<<8 | uint64(c)
		}
		if (size == 1 && n < 24) || (size > 1 && n>>(size*4) == 0) {
			return nil, nil, bad("CBOR number longer than needed")
		}
		b = b[size:]
	}
	switch major {
	case 0:
		return n, b, nil
	case 1:
		if n > 1<<63-1 {
			return nil, nil, bad("CBOR number below all")
		}
		return -1 - int64(n), b, nil
	case 2, 3:
		if n > uint64(len(b)) {
			return nil, nil, bad("CBOR string ends early")
		}
		if major == 2 {
			return b[:n:n], b[n:], nil
		}
		if !utf8.Valid(b[:n]) {
			return nil, nil, bad("text that is not UTF-8")
		}
		return string(b[:n]), b[n:], nil
	case 4:
		if n > 65536 {
			return nil, nil, bad("CBOR array of %d", n)
		}
		a := []any{}
		for range n {
			var x any
			if x, b, err = readCBORValue(b, depth+1); err != nil {
				return nil, nil, err
			}
			a = append(a, x)
		}
		return a, b, nil
	}
	if n > 4096 {
		return nil, nil, bad("CBOR map of %d", n)
	}
	m, last := cborMap{}, -1
	for range n {
		var k, x any
		if k, b, err = readCBORValue(b, depth+1); err != nil {
			return nil, nil, err
		}
		key, ok := k.(uint64)
		if !ok || key > 1<<20 || int(key) <= last {
			return nil, nil, bad("CBOR keys out of order")
		}
		if x, b, err = readCBORValue(b, depth+1); err != nil {
			return nil, nil, err
		}
		m[key], last = x, int(key)
	}
	return m, b, nil
}

// fields takes values out of a decoded map or tuple; the first one that does not fit is kept as the error.
type fields struct {
	at  func(uint64) (any, bool)
	err error
}

func mapFields(v any) *fields {
	m, ok := v.(cborMap)
	f := &fields{at: func(k uint64) (any, bool) { x, ok := m[k]; return x, ok }}
	if !ok {
		f.err = bad("no map")
	}
	return f
}

func tupleFields(v any, n int) *fields {
	a, ok := v.([]any)
	f := &fields{at: func(k uint64) (any, bool) {
		if k >= uint64(len(a)) {
			return nil, false
		}
		return a[k], true
	}}
	if !ok || len(a) != n {
		f.err = bad("no tuple of %d", n)
	}
	return f
}

func (f *fields) fail(k uint64, what string) {
	if f.err == nil {
		f.err = bad("field %d is no %s", k, what)
	}
}

func (f *fields) uint(k uint64) uint64 {
	v, _ := f.at(k)
	n, ok := v.(uint64)
	if !ok || n > 1<<63-1 {
		f.fail(k, "uint")
		return 0
	}
	return n
}

func (f *fields) int(k uint64) int64 {
	v, _ := f.at(k)
	switch n := v.(type) {
	case int64:
		return n
	case uint64:
		return int64(n)
	}
	f.fail(k, "int")
	return 0
}

func (f *fields) text(k uint64) string {
	v, _ := f.at(k)
	s, ok := v.(string)
	if !ok {
		f.fail(k, "text")
	}
	return s
}

func (f *fields) bool(k uint64) bool {
	v, _ := f.at(k)
	b, ok := v.(bool)
	if !ok {
		f.fail(k, "bool")
	}
	return b
}

// bytes takes a byte string of length n; any length if n is negative.
func (f *fields) bytes(k uint64, n int) []byte {
	v, _ := f.at(k)
	b, ok := v.([]byte)
	if !ok || (n >= 0 && len(b) != n) {
		f.fail(k, "byte string of the right length")
		return make([]byte, max(n, 0))
	}
	return b
}

func (f *fields) array(k uint64) []any {
	v, _ := f.at(k)
	a, ok := v.([]any)
	if !ok {
		f.fail(k, "array")
	}
	return a
}

func (f *fields) has(k uint64) bool { _, ok := f.at(k); return ok }

func (f *fields) value(k uint64) any { v, _ := f.at(k); return v }

// "Sealed objects"

const (
	typeData    = 1
	typeMeta    = 2
	typeIndex   = 3
	typeHead    = 4
	typeKeyring = 5
)

type readBody struct {
	kind   byte
	zstd   bool
	off    int
	stored int
	plain  int
	id     []byte
}

type readPack struct {
	raw    []byte
	prk    []byte
	ad     []byte // the first 37 bytes of the additional data
	bodies []readBody
}

func readGCM(key, ciphertext, ad []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return g.Open(nil, make([]byte, 12), ciphertext, ad)
}

func (p *readPack) key(label string) []byte { return readExpand(p.prk, "roost/v1/"+label, 32) }

func (r *vaultReader) open(raw []byte, typ byte, secrets map[uint64][]byte) (*readPack, error) {
	l := len(raw)
	if l < 112 || l > 2097152 {
		return nil, bad("sealed object of %d bytes", l)
	}
	p := &readPack{raw: raw}
	for epoch, secret := range secrets {
		prk, err := hkdf.Extract(sha256.New, secret, raw[l-68:l-36])
		if err != nil {
			return nil, err
		}
		if bytes.Equal(readExpand(prk, "roost/v1/commitment", 32), raw[l-36:l-4]) {
			p.prk = prk
			p.ad = append([]byte("roost/v1"), r.vault...)
			p.ad = binary.BigEndian.AppendUint32(p.ad, uint32(epoch))
			p.ad = append(p.ad, typ)
			p.ad = binary.BigEndian.AppendUint64(p.ad, uint64(l))
		}
	}
	if p.prk == nil {
		return nil, bad("object under another key")
	}
	mask := readExpand(p.prk, "roost/v1/header-length", 4)
	hlen := int64(binary.BigEndian.Uint32(raw[l-4:]) ^ binary.BigEndian.Uint32(mask))
	if hlen < 28 || hlen > int64(l-68-16) {
		return nil, bad("header of %d bytes", hlen)
	}
	zeros := append(slices.Clone(p.ad), make([]byte, 32)...)
	start := l - 68 - int(hlen)
	h, err := readGCM(p.key("header"), raw[start:l-68], zeros)
	if err != nil {
		return nil, bad("header: %v", err)
	}
	n, pad := binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
	if h[0] != 1 || h[1] != typ || h[2] != 0 || h[3] != 0 || uint64(len(h)) != 12+42*uint64(n) {
		return nil, bad("header")
	}
	off := uint64(0)
	for e := h[12:]; len(e) > 0; e = e[42:] {
		b := readBody{
			kind: e[0], zstd: e[1] == 1, off: int(off), stored: int(binary.BigEndian.Uint32(e[2:])),
			plain: int(binary.BigEndian.Uint32(e[6:])), id: e[10:42],
		}
		if e[1] > 1 || b.plain > 524288 || (!b.zstd && b.plain != b.stored) {
			return nil, bad("body")
		}
		off += uint64(b.stored) + 16
		p.bodies = append(p.bodies, b)
	}
	if off+uint64(pad)+16 != uint64(start) {
		return nil, bad("regions do not fill the object")
	}
	padding, err := readGCM(p.key("padding"), raw[off:start], zeros)
	if err != nil || len(bytes.Trim(padding, "\x00")) > 0 {
		return nil, bad("padding")
	}
	return p, nil
}

func (p *readPack) body(i int) ([]byte, error) {
	b := p.bodies[i]
	ad := append(slices.Clone(p.ad), b.id...)
	key := p.key("body" + string(binary.BigEndian.AppendUint32(nil, uint32(i))))
	plain, err := readGCM(key, p.raw[b.off:b.off+b.stored+16], ad)
	if err != nil {
		return nil, bad("body %d: %v", i, err)
	}
	if b.zstd {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(524288))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		if plain, err = d.DecodeAll(plain, nil); err != nil {
			return nil, bad("body %d: %v", i, err)
		}
	}
	if len(plain) != b.plain {
		return nil, bad("body %d has %d bytes", i, len(plain))
	}
	return plain, nil
}

// single opens an object that holds one value.
func (r *vaultReader) single(raw []byte, typ byte, secrets map[uint64][]byte) ([]byte, error) {
	p, err := r.open(raw, typ, secrets)
	if err != nil {
		return nil, err
	}
	if len(p.bodies) != 1 || p.bodies[0].kind != 0 || !bytes.Equal(p.bodies[0].id, make([]byte, 32)) {
		return nil, bad("no single value")
	}
	return p.body(0)
}

// signed opens a tuple payload, signature.
func readSigned(plain []byte) (payload, signature []byte, err error) {
	v, err := readCBOR(plain)
	if err != nil {
		return nil, nil, err
	}
	f := tupleFields(v, 2)
	payload, signature = f.bytes(0, -1), f.bytes(1, 64)
	return payload, signature, f.err
}

func readVerify(key ed25519.PublicKey, label string, payload, signature []byte) error {
	if len(key) != 32 || !ed25519.Verify(key, append([]byte(label), payload...), signature) {
		return bad("signature of a %s", label)
	}
	return nil
}

// "Keyring objects": the words need its version and current epoch only.
func (r *vaultReader) keyring(block []byte) (version, current uint64, err error) {
	plain, err := r.single(block, typeKeyring, map[uint64][]byte{0: r.outer})
	if err != nil {
		return 0, 0, err
	}
	payload, signature, err := readSigned(plain)
	if err != nil {
		return 0, 0, err
	}
	if err := readVerify(r.root, "roost/v1/keyring", payload, signature); err != nil {
		return 0, 0, err
	}
	v, err := readCBOR(payload)
	if err != nil {
		return 0, 0, err
	}
	f := mapFields(v)
	version, current = f.uint(2), f.uint(3)
	f.bytes(4, 32)
	for _, x := range f.array(5) {
		t := tupleFields(x, 2)
		t.bytes(0, 16)
		t.bytes(1, -1)
		if t.err != nil {
			return 0, 0, t.err
		}
	}
	if f.err == nil && (!bytes.Equal(f.bytes(1, 16), r.vault) || version == 0 || current == 0 || current > 1024) {
		return 0, 0, bad("keyring")
	}
	return version, current, f.err
}

// "Registry"

type readCertificate struct {
	payload, signature, by []byte
	device                 string
	key                    ed25519.PublicKey
	name                   string
	seconds                int64
}

type readRevocation struct {
	device string
	seq    uint64
	hash   []byte
}

type readRegistry struct {
	certificates []readCertificate
	revocations  []readRevocation
}

func (r *vaultReader) registry(v any) (*readRegistry, error) {
	reg := &readRegistry{}
	f := mapFields(v)
	roots := map[string]ed25519.PublicKey{}
	for _, x := range f.array(1) {
		t := tupleFields(x, 3)
		c := readCertificate{payload: t.bytes(0, -1), signature: t.bytes(1, 64), by: t.bytes(2, -1)}
		if t.err != nil {
			return nil, t.err
		}
		v, err := readCBOR(c.payload)
		if err != nil {
			return nil, err
		}
		p := mapFields(v)
		c.key, c.name, c.seconds = p.bytes(2, 32), p.text(4), p.int(5)
		p.bytes(3, 32)
		if !bytes.Equal(p.bytes(1, 16), r.vault) || len(c.name) > 256 {
			return nil, bad("certificate")
		}
		if p.err != nil {
			return nil, p.err
		}
		id := sha256.Sum256(append([]byte("roost/v1/device"), c.key...))
		c.device = string(id[:16])
		if len(c.by) == 0 {
			roots[c.device] = c.key
		}
		reg.certificates = append(reg.certificates, c)
	}
	for _, c := range reg.certificates {
		key := r.root
		if len(c.by) > 0 {
			key = roots[string(c.by)]
		}
		if err := readVerify(key, "roost/v1/certificate", c.payload, c.signature); err != nil {
			return nil, err
		}
	}
	if f.has(2) {
		for _, x := range f.array(2) {
			t := tupleFields(x, 3)
			payload := t.bytes(0, -1)
			t.bytes(2, 0)
			if err := readVerify(r.root, "roost/v1/revocation", payload, t.bytes(1, 64)); err != nil {
				return nil, err
			}
			if t.err != nil {
				return nil, t.err
			}
			v, err := readCBOR(payload)
			if err != nil {
				return nil, err
			}
			p := mapFields(v)
			reg.revocations = append(reg.revocations, readRevocation{string(p.bytes(2, 16)), p.uint(3), p.bytes(4, 32)})
			p.int(5)
			if !bytes.Equal(p.bytes(1, 16), r.vault) {
				return nil, bad("revocation")
			}
			if p.err != nil {
				return nil, p.err
			}
		}
	}
	return reg, f.err
}

func (g *readRegistry) revoked(device string) bool {
	return slices.ContainsFunc(g.revocations, func(r readRevocation) bool { return r.device == device })
}

// certificate is the one of a device that counts.
func (g *readRegistry) certificate(device string) (best *readCertificate) {
	for i, c := range g.certificates {
		if c.device != device || (len(c.by) > 0 && g.revoked(string(c.by))) {
			continue
		}
		introduced, bestIntroduced := len(c.by) > 0, best != nil && len(best.by) > 0
		if best == nil || (bestIntroduced && !introduced) || (introduced == bestIntroduced && c.seconds > best.seconds) {
			best = &g.certificates[i]
		}
	}
	return best
}

func (g *readRegistry) accepts(h *readHead) bool {
	if g.certificate(string(h.device)) == nil {
		return false
	}
	for _, x := range g.revocations {
		if x.device == string(h.device) && (h.seq > x.seq || (h.seq == x.seq && !bytes.Equal(h.hash, x.hash))) {
			return false
		}
	}
	return true
}

// "Heads"

type packRefRead struct {
	digest []byte
	typ    byte
	size   int
}

type readHead struct {
	device   []byte
	name     string
	seq      uint64
	hash     []byte
	registry *readRegistry
	packs    []byte
	keys     []byte
	folders  [][2][]byte // id, path
	newest   []any
	older    []any
	segments []any
	loose    []packRefRead
	taken    []string // devices
}

func readPackRef(v any) (packRefRead, error) {
	f := tupleFields(v, 3)
	p := packRefRead{f.bytes(0, 32), byte(f.uint(1)), int(f.uint(2))}
	if t := f.uint(1); f.err == nil && (t < 1 || t > 3 || p.size < 112 || p.size > 2097152) {
		return p, bad("pack reference")
	}
	return p, f.err
}

func (r *vaultReader) head(block []byte) (*readHead, error) {
	plain, err := r.single(block, typeHead, r.epochs)
	if err != nil {
		return nil, err
	}
	payload, signature, err := readSigned(plain)
	if err != nil {
		return nil, err
	}
	v, err := readCBOR(payload)
	if err != nil {
		return nil, err
	}
	f := mapFields(v)
	if f.uint(16) > 1 {
		return nil, errors.New("written by a newer Roost")
	}
	hash := sha256.Sum256(payload)
	h := &readHead{
		device: f.bytes(2, 16), seq: f.uint(3), hash: hash[:], packs: f.bytes(8, 32), keys: f.bytes(9, 32), newest: f.array(11),
	}
	if !bytes.Equal(f.bytes(1, 16), r.vault) {
		return nil, bad("head of another vault")
	}
	want := 32
	if h.seq == 1 {
		want = 0
	}
	f.bytes(4, want)
	f.int(5)
	for _, x := range f.array(10) {
		t := tupleFields(x, 2)
		h.folders = append(h.folders, [2][]byte{t.bytes(0, 16), t.bytes(1, -1)})
		if t.err != nil {
			return nil, t.err
		}
	}
	if f.has(12) {
		h.older = f.array(12)
	}
	if f.has(13) {
		h.segments = f.array(13)
	}
	if f.has(14) {
		for _, x := range f.array(14) {
			p, err := readPackRef(x)
			if err != nil {
				return nil, err
			}
			h.loose = append(h.loose, p)
		}
	}
	if f.has(15) {
		for _, x := range f.array(15) {
			t := tupleFields(x, 3)
			t.bytes(0, 16)
			t.uint(1)
			t.bytes(2, 32)
			if t.err != nil {
				return nil, t.err
			}
		}
	}
	if f.has(17) {
		rows := map[uint64]bool{}
		for _, x := range f.array(17) {
			t := tupleFields(x, 2)
			h.taken = append(h.taken, string(t.bytes(0, 16)))
			for _, row := range t.array(1) {
				n, ok := row.(uint64)
				if !ok || n >= uint64(len(h.folders)) || rows[n] {
					return nil, bad("folder that was taken over")
				}
				rows[n] = true
			}
			if t.err != nil {
				return nil, t.err
			}
		}
	}
	if f.err != nil || h.seq == 0 {
		return nil, errors.Join(bad("head"), f.err)
	}
	if h.registry, err = r.registry(f.value(7)); err != nil {
		return nil, err
	}
	cert := h.registry.certificate(string(h.device))
	if cert == nil {
		return nil, bad("head of a device without a certificate")
	}
	h.name = cert.name
	if err := readVerify(cert.key, "roost/v1/head", payload, signature); err != nil {
		return nil, err
	}
	if !h.registry.accepts(h) {
		return nil, bad("head of a device that was shut out")
	}
	return h, nil
}

// heads is steps 2 to 6 of "Reading a vault".
func (r *vaultReader) heads(pointers map[string]string) ([]*readHead, error) {
	type root struct {
		name       string
		head, keys []byte // blocks
		links      map[string][]byte
	}
	var roots []root
	var version, current uint64
	for _, name := range slices.Sorted(mapKeys(pointers)) {
		codec, digest, err := parseReadCID(pointers[name])
		if err != nil {
			return nil, err
		}
		if codec != codecDagPB {
			return nil, bad("pointer to codec %#x", codec)
		}
		b, err := r.block(codecDagPB, digest)
		if err != nil {
			return nil, fmt.Errorf("root: %w", err)
		}
		links, typ, err := readNode(b)
		if err != nil {
			return nil, err
		}
		x := root{name: name, links: map[string][]byte{}}
		for _, l := range links {
			if (l.codec == codecDagPB) != (l.name == "packs") || x.links[l.name] != nil {
				return nil, bad("root")
			}
			x.links[l.name] = l.digest
		}
		if typ != 1 || len(links) != 3 || x.links["packs"] == nil || x.links["keys"] == nil || x.links["head"] == nil {
			return nil, bad("root")
		}
		if x.keys, err = r.block(codecRaw, x.links["keys"]); err != nil {
			return nil, fmt.Errorf("keyring: %w", err)
		}
		if x.head, err = r.block(codecRaw, x.links["head"]); err != nil {
			return nil, fmt.Errorf("head: %w", err)
		}
		v, c, err := r.keyring(x.keys)
		if err != nil {
			return nil, err
		}
		if v > version {
			version, current = v, c
		}
		roots = append(roots, x)
	}
	for n := uint64(1); n <= current; n++ {
		r.epochs[n] = r.secret(fmt.Sprintf("epoch/%d", n))
	}
	var all []*readHead
	merged := &readRegistry{}
	for _, x := range roots {
		h, err := r.head(x.head)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(h.packs, x.links["packs"]) || !bytes.Equal(h.keys, x.links["keys"]) || x.name != r.pointerName(h.device, h.seq) {
			return nil, bad("a head under another root or pointer")
		}
		merged.certificates = append(merged.certificates, h.registry.certificates...)
		merged.revocations = append(merged.revocations, h.registry.revocations...)
		all = append(all, h)
	}
	newest := map[string]*readHead{}
	for _, h := range all {
		if o := newest[string(h.device)]; merged.accepts(h) && (o == nil || h.seq > o.seq) {
			newest[string(h.device)] = h
		}
	}
	gone := map[string]bool{}
	for _, h := range newest {
		for _, d := range h.taken {
			gone[d] = gone[d] || merged.revoked(d)
		}
	}
	var out []*readHead
	for _, d := range slices.Sorted(mapKeys(newest)) {
		if gone[d] {
			continue
		}
		out = append(out, newest[d])
	}
	return out, nil
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// "Index"

type readIndex struct {
	r      *vaultReader
	places map[string][]packRefRead // first 16 bytes of a chunk id → packs
	packs  map[string]bool          // digests of all packs
}

func (r *vaultReader) index(h *readHead) (*readIndex, error) {
	x := &readIndex{r: r, places: map[string][]packRefRead{}, packs: map[string]bool{}}
	for _, ref := range h.loose {
		p, err := r.pack(ref)
		if err != nil {
			return nil, err
		}
		x.packs[string(ref.digest)] = true
		for _, b := range p.bodies {
			x.add(b.id, ref)
		}
	}
	for _, s := range h.segments {
		if err := x.segment(s); err != nil {
			return nil, fmt.Errorf("index segment: %w", err)
		}
	}
	return x, nil
}

func (x *readIndex) add(id []byte, ref packRefRead) {
	x.places[string(id[:16])] = append(x.places[string(id[:16])], ref)
}

func (x *readIndex) segment(v any) error {
	f := tupleFields(v, 4)
	first, err := readPackRef(f.value(0))
	if err != nil {
		return err
	}
	id := f.bytes(1, 32)
	f.uint(2)
	own := map[string]packRefRead{}
	for _, y := range f.array(3) {
		p, err := readPackRef(y)
		if err != nil {
			return err
		}
		own[string(p.digest)] = p
		x.packs[string(p.digest)] = true
	}
	if f.err != nil {
		return f.err
	}
	if _, ok := own[string(first.digest)]; !ok {
		return bad("segment in a pack that it does not list")
	}
	plain, err := x.r.chunkIn(first, 6, id)
	if err != nil {
		return err
	}
	root, err := readCBOR(plain)
	if err != nil {
		return err
	}
	g := mapFields(root)
	entries, packs := g.uint(1), g.uint(2)
	part := func(y any, kind byte, firstLen int) ([]byte, []byte, error) {
		t := tupleFields(y, 3)
		at, id := t.bytes(1, 32), t.bytes(2, 32)
		firstPrefix := t.bytes(0, firstLen)
		if t.err != nil {
			return nil, nil, t.err
		}
		ref, ok := own[string(at)]
		if !ok {
			return nil, nil, bad("part in a pack that the segment does not list")
		}
		b, err := x.r.chunkIn(ref, kind, id)
		return b, firstPrefix, err
	}
	var table []packRefRead
	for _, y := range g.array(3) {
		b, _, err := part(y, 8, 0)
		if err != nil {
			return err
		}
		if len(table)%8192 != 0 || len(b)%37 != 0 {
			return bad("pack table")
		}
		for ; len(b) > 0; b = b[37:] {
			p := packRefRead{b[:32], b[32], int(binary.BigEndian.Uint32(b[33:]))}
			x.packs[string(p.digest)] = true
			table = append(table, p)
		}
	}
	count, last := uint64(0), []byte(nil)
	for _, y := range g.array(4) {
		b, prefix, err := part(y, 7, 16)
		if err != nil {
			return err
		}
		if len(b)%20 != 0 || !bytes.HasPrefix(b, prefix) {
			return bad("index entries")
		}
		for ; len(b) > 0; b = b[20:] {
			row := binary.BigEndian.Uint32(b[16:])
			if uint64(row) >= uint64(len(table)) || bytes.Compare(last, b[:16]) > 0 {
				return bad("index entry")
			}
			x.add(b[:16], table[row])
			last = b[:16]
			count++
		}
	}
	if g.err != nil || count != entries || uint64(len(table)) != packs {
		return errors.Join(bad("index counts"), g.err)
	}
	return nil
}

// pack gets and opens a pack once.
func (r *vaultReader) pack(ref packRefRead) (*readPack, error) {
	if p, ok := r.packs[string(ref.digest)]; ok {
		return p, nil
	}
	raw, err := r.block(codecRaw, ref.digest)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if len(raw) != ref.size {
		return nil, bad("pack of %d bytes, not %d", len(raw), ref.size)
	}
	p, err := r.open(raw, ref.typ, r.epochs)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	r.packs[string(ref.digest)] = p
	return p, nil
}

// "Chunks"

var errNotInPack = errors.New("chunk is not in the pack")

// chunkIn reads a chunk from a pack and computes its id again.
func (r *vaultReader) chunkIn(ref packRefRead, kind byte, id []byte) ([]byte, error) {
	p, err := r.pack(ref)
	if err != nil {
		return nil, err
	}
	for i, b := range p.bodies {
		if b.kind != kind || !bytes.Equal(b.id, id) {
			continue
		}
		plain, err := p.body(i)
		if err != nil {
			return nil, err
		}
		h, err := blake3.NewKeyed(r.chunkID)
		if err != nil {
			return nil, err
		}
		_, _ = h.Write(append([]byte{kind}, plain...))
		if !bytes.Equal(h.Sum(nil), id) {
			return nil, bad("chunk is not the one that its id names")
		}
		return plain, nil
	}
	return nil, errNotInPack
}

func (x *readIndex) chunk(kind byte, id []byte) ([]byte, error) {
	err := error(bad("chunk %x is in no pack", id))
	for _, ref := range x.places[string(id[:16])] {
		plain, e := x.r.chunkIn(ref, kind, id)
		if e == nil {
			return plain, nil
		}
		err = e
	}
	return nil, err
}

// "Snapshots"

type readSummary struct {
	id       []byte
	folder   uint64
	seconds  int64
	nanos    uint64
	files    uint64
	bytes    uint64
	complete bool
}

func readSummaries(list []any) (out []readSummary, err error) {
	for _, v := range list {
		f := tupleFields(v, 7)
		out = append(out, readSummary{f.bytes(0, 32), f.uint(1), f.int(2), f.uint(3), f.uint(4), f.uint(5), f.bool(6)})
		if f.err != nil {
			return nil, f.err
		}
	}
	return out, nil
}

func (r *vaultReader) snapshots(h *readHead) ([]readSnapshot, error) {
	x, err := r.index(h)
	if err != nil {
		return nil, err
	}
	spine := map[string]bool{}
	if err := r.spine(h.packs, 1, spine); err != nil {
		return nil, fmt.Errorf("spine: %w", err)
	}
	if len(spine) != len(x.packs) {
		return nil, bad("%d packs in the spine, %d in the index", len(spine), len(x.packs))
	}
	for d := range x.packs {
		if !spine[d] {
			return nil, bad("a pack of the index is not in the spine")
		}
	}
	sums, err := readSummaries(h.newest)
	if err != nil {
		return nil, err
	}
	for _, o := range h.older {
		f := tupleFields(o, 2)
		id, n := f.bytes(0, 32), f.uint(1)
		if f.err != nil {
			return nil, f.err
		}
		plain, err := x.chunk(5, id)
		if err != nil {
			return nil, err
		}
		v, err := readCBOR(plain)
		if err != nil {
			return nil, err
		}
		list, ok := v.([]any)
		if !ok || uint64(len(list)) != n {
			return nil, bad("snapshot list")
		}
		more, err := readSummaries(list)
		if err != nil {
			return nil, err
		}
		sums = append(sums, more...)
	}
	var out []readSnapshot
	for _, s := range sums {
		snap, err := x.snapshot(h, s)
		if err != nil {
			return nil, fmt.Errorf("snapshot %x: %w", s.id[:4], err)
		}
		out = append(out, *snap)
	}
	return out, nil
}

func (x *readIndex) snapshot(h *readHead, s readSummary) (*readSnapshot, error) {
	plain, err := x.chunk(4, s.id)
	if err != nil {
		return nil, err
	}
	v, err := readCBOR(plain)
	if err != nil {
		return nil, err
	}
	f := mapFields(v)
	if f.uint(1) != 1 {
		return nil, bad("snapshot of version %d", f.uint(1))
	}
	out := &readSnapshot{
		ID: hex.EncodeToString(s.id), Folder: hex.EncodeToString(f.bytes(2, 16)), Path: f.bytes(3, -1),
		Device: hex.EncodeToString(f.bytes(4, 16)), DeviceName: f.text(5), Seconds: f.int(6), Files: f.uint(9), Bytes: f.uint(10),
		Complete: f.bool(11), Skipped: map[string]string{}, Entries: map[string]*readEntry{},
	}
	if f.has(7) {
		out.Nanos = f.uint(7)
	}
	if f.has(12) {
		for _, k := range f.array(12) {
			t := tupleFields(k, 2)
			out.Skipped[string(t.bytes(0, -1))] = t.text(1)
			if t.err != nil {
				return nil, t.err
			}
		}
	}
	if f.err != nil {
		return nil, f.err
	}
	if s.folder >= uint64(len(h.folders)) || hex.EncodeToString(h.folders[s.folder][0]) != out.Folder ||
		s.seconds != out.Seconds || s.nanos != out.Nanos || s.files != out.Files || s.bytes != out.Bytes || s.complete != out.Complete {
		return nil, bad("a snapshot that is not the one of its summary")
	}
	root, name, err := x.entry(f.value(8))
	if err != nil {
		return nil, err
	}
	if len(name) > 0 || root.Type != 2 {
		return nil, bad("root of a snapshot")
	}
	out.Entries[""] = root
	return out, x.tree(mapFields(f.value(8)).bytes(10, 32), "", out.Entries)
}

// "Directories: trees"

type namedTree struct {
	first []byte
	id    []byte
}

// names reads the entries of a directory, of all its parts in order.
func (x *readIndex) names(id []byte, level int) (out []any, err error) {
	if level > 8 {
		return nil, bad("directory in too many levels")
	}
	plain, err := x.chunk(3, id)
	if err != nil {
		return nil, err
	}
	v, err := readCBOR(plain)
	if err != nil {
		return nil, err
	}
	f := mapFields(v)
	if f.has(1) {
		out = f.array(1)
	}
	if f.has(2) {
		if len(out) > 0 {
			return nil, bad("tree with entries and branches")
		}
		for _, b := range f.array(2) {
			t := tupleFields(b, 2)
			branch := namedTree{t.bytes(0, -1), t.bytes(1, 32)}
			if t.err != nil {
				return nil, t.err
			}
			below, err := x.names(branch.id, level+1)
			if err != nil {
				return nil, err
			}
			if len(below) == 0 || !bytes.Equal(mapFields(below[0]).bytes(1, -1), branch.first) {
				return nil, bad("branch that does not begin with its first name")
			}
			out = append(out, below...)
		}
	}
	return out, f.err
}

func (x *readIndex) tree(id []byte, path string, out map[string]*readEntry) error {
	if strings.Count(path, "/") > 16384 {
		return bad("directories too deep")
	}
	entries, err := x.names(id, 0)
	if err != nil {
		return err
	}
	var last []byte
	for i, v := range entries {
		e, name, err := x.entry(v)
		if err != nil {
			return err
		}
		n := string(name)
		if len(n) == 0 || len(n) > 4096 || n == "." || n == ".." || strings.ContainsAny(n, "/\x00") || (i > 0 && bytes.Compare(last, name) >= 0) {
			return bad("name %q", n)
		}
		last = name
		at := path + n
		out[at] = e
		if e.Type == 2 {
			if err := x.tree(mapFields(v).bytes(10, 32), at+"/", out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *readIndex) entry(v any) (*readEntry, []byte, error) {
	f := mapFields(v)
	name := f.bytes(1, -1)
	e := &readEntry{Type: f.uint(2), Mode: f.uint(3), Seconds: f.int(4)}
	if f.has(5) {
		e.Nanos = f.uint(5)
	}
	if f.has(12) {
		e.Xattrs = map[string]string{}
		for _, a := range f.array(12) {
			t := tupleFields(a, 2)
			e.Xattrs[string(t.bytes(0, -1))] = string(t.bytes(1, -1))
			if t.err != nil {
				return nil, nil, t.err
			}
		}
	}
	if f.has(13) {
		e.Link = f.bytes(13, 8)
	}
	if f.has(14) {
		t := tupleFields(f.value(14), 2)
		e.Owner = []uint64{t.uint(0), t.uint(1)}
		if t.err != nil {
			return nil, nil, t.err
		}
	}
	if e.Mode > 0o7777 || e.Nanos >= 1e9 || (e.Type == 2) != f.has(10) || (e.Type == 3) != f.has(11) {
		return nil, nil, bad("entry of type %d", e.Type)
	}
	switch e.Type {
	case 1:
		content, err := x.content(f)
		if err != nil {
			return nil, nil, err
		}
		e.Content = content
	case 2:
		f.bytes(10, 32)
	case 3:
		e.Target = f.bytes(11, -1)
	default:
		return nil, nil, bad("entry of type %d", e.Type)
	}
	return e, name, f.err
}

// content reads a file and fills its holes.
func (x *readIndex) content(f *fields) ([]byte, error) {
	var size uint64
	if f.has(6) {
		size = f.uint(6)
	}
	if size > 1<<30 {
		return nil, bad("this reader keeps files in memory")
	}
	data := []byte{}
	if f.has(7) {
		ids := f.bytes(7, -1)
		if len(ids)%32 != 0 || len(ids) > 32*32 || f.has(8) {
			return nil, bad("ids of a file")
		}
		for ; len(ids) > 0; ids = ids[32:] {
			b, err := x.chunk(1, ids[:32])
			if err != nil {
				return nil, err
			}
			data = append(data, b...)
		}
	}
	if f.has(8) {
		b, err := x.list(f.bytes(8, 32), 5)
		if err != nil {
			return nil, err
		}
		data = b
	}
	out := make([]byte, 0, size)
	if f.has(9) {
		for _, h := range f.array(9) {
			t := tupleFields(h, 2)
			off, n := t.uint(0), t.uint(1)
			if t.err != nil || off < uint64(len(out)) || off-uint64(len(out)) > uint64(len(data)) || n == 0 || n > size || off > size-n {
				return nil, bad("hole")
			}
			gap := off - uint64(len(out))
			out = append(out, data[:gap]...)
			data = data[gap:]
			out = append(out, make([]byte, n)...)
		}
	}
	out = append(out, data...)
	if uint64(len(out)) != size {
		return nil, bad("file of %d bytes instead of %d", len(out), size)
	}
	return out, f.err
}

// "Files: lists". Levels fall by one on the way down.
func (x *readIndex) list(id []byte, above byte) ([]byte, error) {
	b, err := x.chunk(2, id)
	if err != nil {
		return nil, err
	}
	if len(b) < 41 || (len(b)-1)%40 != 0 || (len(b)-1)/40 > 8192 || b[0] >= above || (above < 5 && b[0] != above-1) {
		return nil, bad("list")
	}
	level := b[0]
	var out []byte
	for b = b[1:]; len(b) > 0; b = b[40:] {
		var part []byte
		if level == 0 {
			part, err = x.chunk(1, b[:32])
		} else {
			part, err = x.list(b[:32], level)
		}
		if err != nil {
			return nil, err
		}
		if len(part) == 0 || uint64(len(part)) != binary.BigEndian.Uint64(b[32:]) {
			return nil, bad("list that does not add up")
		}
		out = append(out, part...)
	}
	return out, nil
}
