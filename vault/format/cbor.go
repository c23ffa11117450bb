package format

import (
	"bytes"

	"github.com/fxamacker/cbor/v2"
)

// One encoding for one value (RFC 8949, core deterministic), so that equal directories are equal bytes. There is no
// null: what is empty is an empty string or array, what is optional is left out.
var encMode = func() cbor.EncMode {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	m, err := o.EncMode()
	if err != nil {
		panic(err) // our own options
	}
	return m
}()

// Readers accept no duplicate keys, tags, indefinite lengths or deep nesting; unknown keys are left alone, because a
// change that an old reader must not ignore raises min_reader.
var decMode = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  16,
		MaxArrayElements: 1 << 16, // above what a chunk of real values holds; bounds what a short input makes us allocate
		MaxMapPairs:      1 << 12,
	}.DecMode()
	if err != nil {
		panic(err) // our own options
	}
	return m
}()

func encode(v any) []byte {
	b, err := encMode.Marshal(v)
	if err != nil {
		panic(err) // only our own structs come here
	}
	return b
}

func decode(what string, b []byte, v any) error {
	if err := decMode.Unmarshal(b, v); err != nil {
		return damaged("%s: %v", what, err)
	}
	return nil
}

// fixed fills dst from a byte string of exactly its length (16 to 255 bytes).
func fixed(dst, b []byte) error {
	head := []byte{0x58, byte(len(dst))}
	if len(dst) < 24 {
		head = []byte{0x40 | byte(len(dst))}
	}
	body, ok := bytes.CutPrefix(b, head)
	if !ok || len(body) != len(dst) {
		return damaged("not a byte string of %d bytes", len(dst))
	}
	copy(dst, body)
	return nil
}

// Without these a shorter string would be filled up with zeros and a longer one cut.

// UnmarshalCBOR reads 16 bytes.
func (v *VaultID) UnmarshalCBOR(b []byte) error { return fixed(v[:], b) }

// UnmarshalCBOR reads 16 bytes.
func (d *DeviceID) UnmarshalCBOR(b []byte) error { return fixed(d[:], b) }

// UnmarshalCBOR reads 16 bytes.
func (f *FolderID) UnmarshalCBOR(b []byte) error { return fixed(f[:], b) }

// UnmarshalCBOR reads 32 bytes.
func (d *Digest) UnmarshalCBOR(b []byte) error { return fixed(d[:], b) }

// UnmarshalCBOR reads 32 bytes.
func (id *ChunkID) UnmarshalCBOR(b []byte) error { return fixed(id[:], b) }

// UnmarshalCBOR reads 32 bytes.
func (s *Secret) UnmarshalCBOR(b []byte) error { return fixed(s[:], b) }
