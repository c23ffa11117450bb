package format

import (
	"bytes"
	"cmp"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// DeviceID names a device: the first 16 bytes of SHA-256("roost/v1/device" ‖ its signing public key).
type DeviceID [16]byte

// DeviceOf returns the id that belongs to a signing key.
func DeviceOf(pub ed25519.PublicKey) DeviceID {
	h := sha256.New()
	h.Write([]byte("roost/v1/device"))
	h.Write(pub)
	return DeviceID(h.Sum(nil)[:16])
}

// SummariesInHead is how many of a device's newest snapshots its head holds; older ones lie in lists.
const SummariesInHead = 256

// Head is a device's newest state. It is signed inside and sealed outside.
type Head struct {
	Vault     VaultID      `cbor:"1,keyasint"`
	Device    DeviceID     `cbor:"2,keyasint"`
	Seq       uint64       `cbor:"3,keyasint"` // from 1, one more with each head
	Previous  []byte       `cbor:"4,keyasint"` // SHA-256 of the previous head's signed bytes; empty in the first
	Seconds   int64        `cbor:"5,keyasint"`
	Nanos     uint32       `cbor:"6,keyasint,omitempty"`
	Registry  Registry     `cbor:"7,keyasint"`
	Packs     Digest       `cbor:"8,keyasint"` // root of the spine
	Keys      Digest       `cbor:"9,keyasint"` // the keyring object
	Folders   []Folder     `cbor:"10,keyasint"`
	Snapshots []Summary    `cbor:"11,keyasint"` // the last made first
	Older     []OlderList  `cbor:"12,keyasint,omitempty"`
	Segments  []SegmentRef `cbor:"13,keyasint,omitempty"`
	Loose     []PackInfo   `cbor:"14,keyasint,omitempty"` // packs in no segment yet: their headers are the index
	Seen      []Seen       `cbor:"15,keyasint,omitempty"`
	MinReader uint8        `cbor:"16,keyasint"` // the lowest format version that may read this vault
	Taken     []Taken      `cbor:"17,keyasint,omitempty"`
}

// Taken says that a device is gone, and that this head took over its versions: those in the rows of the folder table. With
// no rows they were given up. Nobody misses that device's own heads from then on.
type Taken struct {
	_      struct{} `cbor:",toarray"`
	Device DeviceID
	Rows   []uint32 // rising, never nil: it is written as an array
}

// Folder is one row of a head's folder table.
type Folder struct {
	_    struct{} `cbor:",toarray"`
	ID   FolderID
	Path []byte
}

// OlderList names a snapshot-list chunk and how many summaries it holds, newest list first.
type OlderList struct {
	_     struct{} `cbor:",toarray"`
	ID    ChunkID
	Count uint64
}

// Seen is the newest head that this device knows of another.
type Seen struct {
	_      struct{} `cbor:",toarray"`
	Device DeviceID
	Seq    uint64
	Hash   Digest
}

// Time is when the head was made.
func (h *Head) Time() time.Time { return time.Unix(h.Seconds, int64(h.Nanos)).UTC() }

// signed is bytes with an Ed25519 signature over label ‖ bytes.
type signed struct {
	_         struct{} `cbor:",toarray"`
	Payload   []byte
	Signature []byte
}

func sign(label string, key ed25519.PrivateKey, payload []byte) signed {
	return signed{Payload: payload, Signature: ed25519.Sign(key, append([]byte(label), payload...))}
}

func (s signed) verify(label string, pub ed25519.PublicKey) error {
	if len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, append([]byte(label), s.Payload...), s.Signature) {
		return damaged("signature of %q does not verify", label)
	}
	return nil
}

const headLabel = "roost/v1/head"

// HashHead is what the next head names as Previous and other devices as Seen: SHA-256 of the signed bytes.
func HashHead(payload []byte) Digest { return Sum(payload) }

// SealHead signs and seals a head. It returns the block and the head's hash. A head that OpenHead would refuse for its
// own fields is refused here.
func SealHead(h *Head, key ed25519.PrivateKey, vault VaultID, epoch Epoch) (block []byte, hash Digest, err error) {
	if err := h.check(); err != nil {
		return nil, hash, fmt.Errorf("seal a head: %w", err)
	}
	payload := encode(h)
	block, err = SealOne(HeadObject, vault, epoch, encode(sign(headLabel, key, payload)))
	return block, HashHead(payload), err
}

// OpenHead opens a head block and checks all that it can show by itself: seal, vault, version, the registry's signatures
// under the root key, the device's certificate in it, the head's signature, and that its own registry does not shut it
// out. A revocation that only other heads know is found by asking their merged registry: see Registry.Accepts.
func OpenHead(block []byte, k *Keys) (*Head, Digest, error) {
	plain, err := OpenOne(block, HeadObject, k.Vault, k.Epochs)
	if err != nil {
		return nil, Digest{}, err
	}
	var s signed
	if err := decode("head envelope", plain, &s); err != nil {
		return nil, Digest{}, err
	}
	var v struct {
		MinReader uint8 `cbor:"16,keyasint"`
	}
	if err := decode("head", s.Payload, &v); err != nil { // alone and first: a newer version may mean other types
		return nil, Digest{}, err
	}
	if v.MinReader > Version {
		return nil, Digest{}, fmt.Errorf("head for readers of version %d: %w", v.MinReader, ErrNewer)
	}
	h := &Head{}
	if err := decode("head", s.Payload, h); err != nil {
		return nil, Digest{}, err
	}
	if h.Vault != k.Vault {
		return nil, Digest{}, damaged("head of another vault")
	}
	if err := h.Registry.verify(k); err != nil {
		return nil, Digest{}, err
	}
	cert, err := h.Registry.Certificate(h.Device)
	if err != nil {
		return nil, Digest{}, err
	}
	if err := s.verify(headLabel, cert.Sign); err != nil {
		return nil, Digest{}, err
	}
	if err := h.check(); err != nil {
		return nil, Digest{}, err
	}
	hash := HashHead(s.Payload)
	if err := h.Registry.Accepts(h.Device, h.Seq, hash); err != nil {
		return nil, Digest{}, err
	}
	return h, hash, nil
}

func (h *Head) check() error {
	if h.Seq == 0 || !counts(h.Seq) {
		return damaged("head with sequence number %d", h.Seq)
	}
	if (h.Seq == 1) != (len(h.Previous) == 0) || (h.Seq > 1 && len(h.Previous) != 32) {
		return damaged("head with sequence number %d and %d bytes of history", h.Seq, len(h.Previous))
	}
	if !checkTime(h.Seconds, h.Nanos) {
		return damaged("head with a time out of range: %d seconds and %d nanoseconds", h.Seconds, h.Nanos)
	}
	for _, p := range h.Loose {
		if err := p.check(); err != nil {
			return err
		}
	}
	for _, s := range h.Segments {
		for _, p := range s.Packs {
			if err := p.check(); err != nil {
				return err
			}
			if p.Type != IndexPack {
				return damaged("index in a pack of type %d", p.Type)
			}
		}
		if !slices.Contains(s.Packs, s.Pack) || !counts(s.Chunks) {
			return damaged("index whose own packs do not hold it")
		}
	}
	for _, o := range h.Older {
		if !counts(o.Count) {
			return damaged("snapshot list with a count out of range")
		}
	}
	for _, s := range h.Seen {
		if !counts(s.Seq) {
			return damaged("seen head with a number out of range")
		}
	}
	if err := h.checkTaken(); err != nil {
		return err
	}
	return checkSummaries(h.Snapshots, len(h.Folders))
}

func (h *Head) checkTaken() error {
	devices, rows := map[DeviceID]bool{h.Device: true}, map[uint32]bool{}
	for _, t := range h.Taken {
		if devices[t.Device] {
			return damaged("head that took over a device twice, or itself")
		}
		devices[t.Device] = true
		for _, r := range t.Rows {
			if uint64(r) >= uint64(len(h.Folders)) || rows[r] {
				return damaged("head that took over an unknown folder, or one twice")
			}
			rows[r] = true
		}
	}
	return nil
}

// Took tells whether this head took over what a device had.
func (h *Head) Took(d DeviceID) bool {
	return slices.ContainsFunc(h.Taken, func(t Taken) bool { return t.Device == d })
}

// Maker is the device that the versions in a row of the folder table are of.
func (h *Head) Maker(row uint32) DeviceID {
	for _, t := range h.Taken {
		if slices.Contains(t.Rows, row) {
			return t.Device
		}
	}
	return h.Device
}

// Certificate binds a device's keys to the vault.
type Certificate struct {
	Vault   VaultID           `cbor:"1,keyasint"`
	Sign    ed25519.PublicKey `cbor:"2,keyasint"`
	Seal    []byte            `cbor:"3,keyasint"` // HPKE public key: DHKEM(X25519, HKDF-SHA256)
	Name    string            `cbor:"4,keyasint"`
	Seconds int64             `cbor:"5,keyasint"`
}

// Device is the id of the certified device.
func (c *Certificate) Device() DeviceID { return DeviceOf(c.Sign) }

// Revocation shuts a device out: nothing after LastSeq is read from it.
type Revocation struct {
	Vault    VaultID  `cbor:"1,keyasint"`
	Device   DeviceID `cbor:"2,keyasint"`
	LastSeq  uint64   `cbor:"3,keyasint"`
	LastHash Digest   `cbor:"4,keyasint"`
	Seconds  int64    `cbor:"5,keyasint"`
	Retired  bool     `cbor:"6,keyasint,omitempty"` // its owner gave it up, rather than lost it: for lists of devices only
}

// Registry is the set of certificates and revocations. Registries merge as a union; a revocation always wins. It also
// voids every certificate that the revoked device signed, because a lost device could go on introducing others: whoever
// revokes has the words, and certifies again by the root key the introduced devices that stay.
type Registry struct {
	Certificates []Certified `cbor:"1,keyasint"`
	Revocations  []Certified `cbor:"2,keyasint,omitempty"`
}

// Certified is a certificate or revocation with its signature. By names the certified device that introduced it;
// empty: the root key signed.
type Certified struct {
	_         struct{} `cbor:",toarray"`
	Payload   []byte
	Signature []byte
	By        []byte
}

const (
	certificateLabel = "roost/v1/certificate"
	revocationLabel  = "roost/v1/revocation"
)

// Certify signs a certificate with the root key. The name is made valid UTF-8 of at most MaxDeviceName bytes.
func Certify(c *Certificate, root ed25519.PrivateKey) Certified {
	x := *c
	x.Name = text(c.Name, MaxDeviceName)
	s := sign(certificateLabel, root, encode(x))
	return Certified{Payload: s.Payload, Signature: s.Signature}
}

// Introduce signs a certificate with the key of a device that the root key certified.
func Introduce(c *Certificate, device ed25519.PrivateKey) Certified {
	by := DeviceOf(device.Public().(ed25519.PublicKey))
	x := Certify(c, device)
	x.By = by[:]
	return x
}

// Revoke signs a revocation with the root key.
func Revoke(r *Revocation, root ed25519.PrivateKey) Certified {
	s := sign(revocationLabel, root, encode(r))
	return Certified{Payload: s.Payload, Signature: s.Signature}
}

// verify checks every signature. An introduced device counts only if its introducer is certified by the root key.
func (r *Registry) verify(k *Keys) error {
	byRoot := map[DeviceID]ed25519.PublicKey{}
	for pass := range 2 {
		for _, c := range r.Certificates {
			pub := k.RootPublic
			if (pass == 1) != (len(c.By) > 0) {
				continue
			}
			if len(c.By) > 0 {
				if len(c.By) != 16 || byRoot[DeviceID(c.By)] == nil {
					return damaged("device introduced by nobody that is known")
				}
				pub = byRoot[DeviceID(c.By)]
			}
			if err := (signed{Payload: c.Payload, Signature: c.Signature}).verify(certificateLabel, pub); err != nil {
				return err
			}
			cert, err := c.certificate()
			if err != nil {
				return err
			}
			if cert.Vault != k.Vault {
				return damaged("certificate of another vault")
			}
			if err := checkSealKey(cert.Seal); err != nil {
				return err
			}
			if pass == 0 {
				byRoot[cert.Device()] = cert.Sign
			}
		}
	}
	for _, c := range r.Revocations {
		if err := (signed{Payload: c.Payload, Signature: c.Signature}).verify(revocationLabel, k.RootPublic); err != nil {
			return err
		}
		rev, err := c.revocation()
		if err != nil {
			return err
		}
		if rev.Vault != k.Vault || len(c.By) > 0 {
			return damaged("revocation of another vault or by a device")
		}
	}
	return nil
}

// Of tells whether it is a certificate of that device.
func (c Certified) Of(d DeviceID) bool {
	x, err := c.certificate()
	return err == nil && x.Device() == d
}

func (c Certified) certificate() (*Certificate, error) {
	x := &Certificate{}
	if err := decode("certificate", c.Payload, x); err != nil {
		return nil, err
	}
	if len(x.Sign) != ed25519.PublicKeySize || len(x.Name) > MaxDeviceName {
		return nil, damaged("certificate without a key")
	}
	return x, nil
}

func (c Certified) revocation() (*Revocation, error) {
	x := &Revocation{}
	if err := decode("revocation", c.Payload, x); err != nil {
		return nil, err
	}
	return x, nil
}

// checkSealKey refuses keys that no secret can be sealed to: one such device would stop every new keyring.
func checkSealKey(b []byte) error {
	pub, err := ecdh.X25519().NewPublicKey(b)
	if err != nil {
		return damaged("certificate without a sealing key")
	}
	if _, err := probe.ECDH(pub); err != nil {
		return damaged("certificate with a sealing key of low order")
	}
	return nil
}

// probe is any private key: multiplying by it shows a point of low order.
var probe = func() *ecdh.PrivateKey {
	k, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		panic(err) // 32 bytes are always a key
	}
	return k
}()

// Certificate returns a device's certificate in a verified registry; ErrDamaged if it has none that counts.
func (r *Registry) Certificate(d DeviceID) (*Certificate, error) {
	all, err := r.Devices()
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		if x.Device() == d {
			return x, nil
		}
	}
	return nil, damaged("head of a device without a certificate that counts")
}

// Devices lists the certified devices of a verified registry, revoked ones too, each with one certificate: the newest that
// the root key signed, else the newest by an introducer that is not revoked.
func (r *Registry) Devices() ([]*Certificate, error) {
	type ranked struct {
		*Certificate
		root bool
	}
	var order []DeviceID
	best := map[DeviceID]ranked{}
	for _, c := range r.Certificates {
		if len(c.By) == 16 && r.Revoked(DeviceID(c.By)) != nil {
			continue
		}
		cert, err := c.certificate()
		if err != nil {
			return nil, err
		}
		x, id := ranked{cert, len(c.By) == 0}, cert.Device()
		old, known := best[id]
		if !known {
			order = append(order, id)
		}
		if !known || (x.root && !old.root) || (x.root == old.root && x.Seconds > old.Seconds) {
			best[id] = x
		}
	}
	out := make([]*Certificate, 0, len(order))
	for _, id := range order {
		out = append(out, best[id].Certificate)
	}
	return out, nil
}

// Introducer is the device that introduced another; false where the root key certified that one.
func (r *Registry) Introducer(d DeviceID) (by DeviceID, ok bool) {
	newest := int64(0)
	for _, c := range r.Certificates {
		cert, err := c.certificate()
		switch {
		case err != nil || cert.Device() != d:
		case len(c.By) == 0:
			return by, false
		case len(c.By) == len(by) && (!ok || cert.Seconds > newest):
			by, newest, ok = DeviceID(c.By), cert.Seconds, true
		}
	}
	return by, ok
}

// Introduced lists the devices that belong to the vault only because another introduced them, by their newest certificates.
func (r *Registry) Introduced(by DeviceID) ([]*Certificate, error) {
	var out []*Certificate
	for _, c := range r.Certificates {
		if !bytes.Equal(c.By, by[:]) {
			continue
		}
		cert, err := c.certificate()
		if err != nil {
			return nil, err
		}
		if who, ok := r.Introducer(cert.Device()); !ok || who != by {
			continue
		}
		i := slices.IndexFunc(out, func(x *Certificate) bool { return x.Device() == cert.Device() })
		switch {
		case i < 0:
			out = append(out, cert)
		case cert.Seconds > out[i].Seconds:
			out[i] = cert
		}
	}
	return out, nil
}

// Accepts returns ErrDamaged when a head must not be used: its device has no certificate that counts, or was revoked
// before that head. r is the merged registry of all verified heads; a head that was opened passed its own.
func (r *Registry) Accepts(d DeviceID, seq uint64, hash Digest) error {
	if _, err := r.Certificate(d); err != nil {
		return err
	}
	for _, c := range r.Revocations {
		x, err := c.revocation()
		if err != nil {
			return err
		}
		if x.Device == d && (seq > x.LastSeq || (seq == x.LastSeq && hash != x.LastHash)) {
			return damaged("head %d of a device that was removed after its head %d", seq, x.LastSeq)
		}
	}
	return nil
}

// Revoked returns the revocation of a device, or nil.
func (r *Registry) Revoked(d DeviceID) *Revocation {
	var worst *Revocation
	for _, c := range r.Revocations {
		if x, err := c.revocation(); err == nil && x.Device == d && (worst == nil || x.LastSeq < worst.LastSeq) {
			worst = x
		}
	}
	return worst
}

// Merge returns the union of two verified registries, sorted so that equal sets are equal bytes. It is commutative,
// associative and idempotent.
func (r Registry) Merge(o Registry) Registry {
	return Registry{Certificates: union(r.Certificates, o.Certificates), Revocations: union(r.Revocations, o.Revocations)}
}

func union(a, b []Certified) []Certified {
	out := slices.Concat(a, b)
	slices.SortFunc(out, compareCertified)
	return slices.CompactFunc(out, func(x, y Certified) bool { return compareCertified(x, y) == 0 })
}

// compareCertified orders by payload, then introducer (the root key first): the same certificate signed by another key is
// another fact, because the first signer may be revoked. Signatures come last; one key makes only one of a payload.
func compareCertified(x, y Certified) int {
	return cmp.Or(bytes.Compare(x.Payload, y.Payload), bytes.Compare(x.By, y.By), bytes.Compare(x.Signature, y.Signature))
}
