package format

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"testing"
)

// asker is a device that asks, with its private keys.
type asker struct {
	sign   ed25519.PrivateKey
	seal   *ecdh.PrivateKey
	asking []byte
}

func newAsker(t testing.TB, b byte) asker {
	t.Helper()
	seal, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	a := asker{sign: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b + 1}, 32)), seal: seal}
	a.asking, err = SignAsking(Asking{Sign: a.sign.Public().(ed25519.PublicKey), Seal: seal.PublicKey().Bytes(), Name: "Desktop", Until: 2_000_000_000}, a.sign)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// invite makes the answer of a device of a vault; change may make a lie of it.
func invite(t testing.TB, e Entropy, a asker, change func(*Invitation)) []byte {
	t.Helper()
	k := DeriveKeys(e, 3)
	d := newTestDevice(t, k.Vault, 40)
	x := &Invitation{
		Vault: k.Vault, Fingerprint: k.Fingerprint, ChunkID: k.ChunkID, Chunker: k.Chunker, Locator: k.Locator, PinName: k.PinName, Outer: k.Outer,
		RootPublic: k.RootPublic, Epochs: k.Epochs, Keyring: 7, Introducer: Certify(d.cert, RootKey(e)),
		Certificate: Introduce(&Certificate{Vault: k.Vault, Sign: a.sign.Public().(ed25519.PublicKey), Seal: a.seal.PublicKey().Bytes(), Name: "Desktop", Seconds: 5}, d.sign),
		Places:      []Place{{Name: "Pi", Addresses: []string{"https://pi:5443"}, Token: "bearer:x"}},
	}
	if change != nil {
		change(x)
	}
	sealed, err := SealInvitation(x, a.asking)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestAnInvitationBringsEveryKeyButTheWords(t *testing.T) {
	e := Entropy{1, 2, 3}
	a := newAsker(t, 9)
	sealed := invite(t, e, a, nil)
	x, err := OpenInvitation(sealed, a.asking, a.seal)
	if err != nil {
		t.Fatal(err)
	}
	want := DeriveKeys(e, 3)
	if got := x.Keys(); got.Vault != want.Vault || got.Outer != want.Outer || len(got.Epochs) != 3 || got.Epochs[2].Secret != want.Epochs[2].Secret || !got.RootPublic.Equal(want.RootPublic) {
		t.Errorf("the keys are %+v", got)
	}
	if x.Places[0].Token != "bearer:x" || x.Keyring != 7 {
		t.Errorf("the rest is %+v", x)
	}
	plain := encode(x)
	seed := RootKey(e).Seed()
	if bytes.Contains(plain, e[:]) || bytes.Contains(plain, seed) {
		t.Error("what the words spell is in the invitation")
	}
}

// TestWhoStandsBetweenTwoDevicesLearnsAndChangesNothing: whoever carries the two letters cannot open the answer, and one that they
// changed, mixed or made up is refused, or shows other words on the two screens.
func TestWhoStandsBetweenTwoDevicesLearnsAndChangesNothing(t *testing.T) {
	e, other := Entropy{1}, Entropy{2}
	a, thief := newAsker(t, 9), newAsker(t, 60)
	sealed := invite(t, e, a, nil)
	if _, err := OpenInvitation(sealed, a.asking, thief.seal); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key opens the answer: %v", err)
	}
	if _, err := OpenInvitation(sealed, newAsker(t, 9).asking, a.seal); !errors.Is(err, ErrWrongKey) {
		t.Errorf("an answer counts for another asking of the same device: %v", err)
	}
	for i := 0; i < len(sealed); i += 11 {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := OpenInvitation(bad, a.asking, a.seal); !errors.Is(err, ErrWrongKey) {
			t.Fatalf("byte %d of the answer changed: %v", i, err)
		}
	}
	for i := range a.asking {
		bad := bytes.Clone(a.asking)
		bad[i] ^= 1
		if _, err := OpenAsking(bad); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d of the asking changed: %v", i, err)
		}
	}
	// Keys of a thief under the name of the device that asks.
	swapped, err := SignAsking(Asking{Sign: thief.sign.Public().(ed25519.PublicKey), Seal: thief.seal.PublicKey().Bytes(), Name: "Desktop", Until: 2_000_000_000}, thief.sign)
	if err != nil {
		t.Fatal(err)
	}
	k, mine := DeriveKeys(other, 1), DeriveKeys(e, 1)
	words := map[string]bool{}
	for _, w := range []string{
		PairingWords(a.asking, nil), PairingWords(swapped, nil), PairingWords(a.asking, mine), PairingWords(swapped, mine), PairingWords(a.asking, k),
	} {
		if words[w] {
			t.Errorf("the words %q stand for two things", w)
		}
		words[w] = true
	}
	// The thief's vault can answer, because an asking is no secret: then the words differ, as above.
	if _, err := OpenInvitation(invite(t, other, a, nil), a.asking, a.seal); err != nil {
		t.Error(err)
	}
	by := newTestDevice(t, mine.Vault, 40)
	for name, change := range map[string]func(*Invitation){
		"a certificate for another":     func(x *Invitation) { x.Certificate = Introduce(newTestDevice(t, mine.Vault, 70).cert, by.sign) },
		"certified by the root key":     func(x *Invitation) { x.Certificate = x.Introducer },
		"by a device of another vault":  func(x *Invitation) { x.Introducer = Certify(newTestDevice(t, k.Vault, 40).cert, RootKey(other)) },
		"by a device that was let in":   func(x *Invitation) { x.Introducer = x.Certificate },
		"the root key of another vault": func(x *Invitation) { x.RootPublic = k.RootPublic },
		"no epoch":                      func(x *Invitation) { x.Epochs = nil },
		"an epoch left out":             func(x *Invitation) { x.Epochs = x.Epochs[:2] },
		"a keyring beyond counting":     func(x *Invitation) { x.Keyring = 1 << 63 },
	} {
		if _, err := OpenInvitation(invite(t, e, a, change), a.asking, a.seal); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNobodyAsksWithKeysThatAreNone(t *testing.T) {
	a := newAsker(t, 9)
	low := make([]byte, 32) // a point of low order
	for name, x := range map[string]Asking{
		"no sealing key":     {Sign: a.sign.Public().(ed25519.PublicKey)},
		"one of low order":   {Sign: a.sign.Public().(ed25519.PublicKey), Seal: low},
		"a key of another":   {Sign: newAsker(t, 60).sign.Public().(ed25519.PublicKey), Seal: a.seal.PublicKey().Bytes()},
		"no key to check by": {Seal: a.seal.PublicKey().Bytes()},
	} {
		b, err := SignAsking(x, a.sign)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenAsking(b); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpenAsking(f *testing.F) {
	f.Add(newAsker(f, 9).asking)
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := OpenAsking(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if a.Device() == (DeviceID{}) || len(a.Name) > MaxDeviceName {
			t.Fatalf("read as %+v", a)
		}
	})
}

// FuzzOpenInvitation opens what lies inside the seal, which whoever knows an asking can make.
func FuzzOpenInvitation(f *testing.F) {
	a := newAsker(f, 9)
	x, err := OpenInvitation(invite(f, Entropy{1}, a, nil), a.asking, a.seal)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encode(x))
	f.Fuzz(func(t *testing.T, plain []byte) {
		x, err := readInvitation(plain, a.asking)
		switch {
		case err != nil && !errors.Is(err, ErrDamaged):
			t.Fatalf("an error of no kind: %v", err)
		case err == nil && len(x.Keys().Epochs) == 0:
			t.Fatal("keys without an epoch")
		}
	})
}
