package vault_test

// The part of the independent reader that reads a beacon; see reader_test.go.

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// readBeaconFound is what whoever has the words alone learns.
type readBeaconFound struct {
	Sequence uint64
	Until    time.Time
	Device   []byte
	Roots    []string   // CIDs
	Storages [][]string // addresses of each
}

// readSlotName is the IPNS name of a slot, as text.
func (r *vaultReader) readSlotName(slot int) string {
	key := ed25519.NewKeyFromSeed(r.secret(fmt.Sprintf("ipns/%d", slot))).Public().(ed25519.PublicKey)
	id := append([]byte{0x08, 0x01, 0x12, 0x20}, key...)
	return "k" + new(big.Int).SetBytes(append([]byte{1, 0x72, 0, byte(len(id))}, id...)).Text(36)
}

// readBeacon opens the record in a slot: "Beacons".
func (r *vaultReader) readBeacon(slot int, record []byte) (*readBeaconFound, error) {
	if len(record) > 10240 {
		return nil, bad("record of %d bytes", len(record))
	}
	all, err := readProto(record)
	if err != nil {
		return nil, err
	}
	var signature, data []byte
	for _, f := range all {
		switch f.num {
		case 8:
			signature = f.bytes
		case 9:
			data = f.bytes
		}
	}
	key := ed25519.NewKeyFromSeed(r.secret(fmt.Sprintf("ipns/%d", slot))).Public().(ed25519.PublicKey)
	if !ed25519.Verify(key, append([]byte("ipns-signature:"), data...), signature) {
		return nil, bad("signature of a record")
	}
	if len(data) == 0 || data[0]>>5 != 5 || data[0]&31 > 23 { // a map whose keys are text
		return nil, bad("data of a record")
	}
	fields := map[string]any{}
	rest := data[1:]
	for range int(data[0] & 31) {
		var k, v any
		if k, rest, err = readCBORValue(rest, 0); err != nil {
			return nil, err
		}
		if v, rest, err = readCBORValue(rest, 0); err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			return nil, bad("data of a record")
		}
		fields[name] = v
	}
	out := &readBeaconFound{}
	var ok1, ok2, ok3 bool
	var value, validity []byte
	value, ok1 = fields["Value"].([]byte)
	validity, ok2 = fields["Validity"].([]byte)
	out.Sequence, ok3 = fields["Sequence"].(uint64)
	if !ok1 || !ok2 || !ok3 || fields["ValidityType"] != uint64(0) || out.Sequence == 0 || len(rest) > 0 {
		return nil, bad("data of a record")
	}
	if out.Until, err = time.Parse(time.RFC3339, string(validity)); err != nil || !time.Now().Before(out.Until) {
		return nil, bad("a record that has ended")
	}
	text, ok := strings.CutPrefix(string(value), "/ipfs/b")
	if !ok {
		return nil, bad("value of a record")
	}
	c, err := readBase32.DecodeString(text)
	if err != nil || !bytes.HasPrefix(c, []byte{1, codecRaw, 0}) || len(c) < 5 {
		return nil, bad("value of a record")
	}
	sealed := c[5:] // behind the length, a varint of two bytes: 512 to 4096
	if length := int(c[3]&0x7f) | int(c[4])<<7; length != len(sealed) || c[3] < 0x80 {
		return nil, bad("value of a record")
	}
	plain, err := r.single(sealed, 8, map[uint64][]byte{0: r.secret(fmt.Sprintf("ipns/%d/seal", slot))})
	if err != nil {
		return nil, err
	}
	v, err := readCBOR(plain)
	if err != nil {
		return nil, err
	}
	b := mapFields(v)
	out.Device = b.bytes(1, 16)
	for _, s := range b.array(3) {
		f := tupleFields(s, 3)
		out.Roots = append(out.Roots, readCID(codecDagPB, f.bytes(2, 32)))
		if f.err != nil {
			return nil, f.err
		}
	}
	for _, s := range b.array(4) {
		f := mapFields(s)
		var at []string
		for _, a := range f.array(2) {
			if text, ok := a.(string); ok {
				at = append(at, text)
			}
		}
		if f.has(3) {
			return nil, bad("a beacon with a token")
		}
		out.Storages = append(out.Storages, at)
	}
	return out, b.err
}
