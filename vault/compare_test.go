package vault

import (
	"errors"
	"testing"

	"roost/vault/format"
)

// TestNothingIsMissedBeyondARevocation: states that a removed device made later do not count, so nobody has to serve them;
// the last one that counts is missed like any other.
func TestNothingIsMissedBeyondARevocation(t *testing.T) {
	removed, never := format.DeviceID{1}, format.DeviceID{2}
	key := format.RootKey(format.Entropy{})
	last := format.Digest{7}
	st := &State{said: map[format.Seen]bool{}, Union: format.Registry{Revocations: []format.Certified{
		format.Revoke(&format.Revocation{Device: removed, LastSeq: 3, LastHash: last}, key),
		format.Revoke(&format.Revocation{Device: never}, key),
	}}}
	known := []format.Seen{{Device: removed, Seq: 5}, {Device: never, Seq: 1}}
	if p := st.compare("somebody", known); len(p) != 1 || !errors.Is(p[0], ErrRolledBack) {
		t.Errorf("with nothing served, it is said that %v", p)
	}
	st.said = map[format.Seen]bool{}
	h := &Head{Head: &format.Head{Device: removed, Seq: 3}, Hash: last}
	st.Heads = []*Head{h}
	if p := st.compare("somebody", known); len(p) != 0 {
		t.Errorf("with the last state that counts served, it is said that %v", p)
	}
	h.Hash[0]++
	if p := st.compare("somebody", known); len(p) != 1 || !errors.Is(p[0], ErrCloned) {
		t.Errorf("with another one in its place, it is said that %v", p)
	}
}
