package format

import (
	"bytes"
	"crypto/ed25519"
	"reflect"
	"slices"
	"testing"
)

func TestAKeyringDeliversEveryEpochToItsDevicesOnly(t *testing.T) {
	k := testKeys(1, 3)
	root := RootKey(testEntropy(1))
	a, b, lost := newTestDevice(t, k.Vault, 1), newTestDevice(t, k.Vault, 2), newTestDevice(t, k.Vault, 3)
	block := must(SealKeyring(KeyringState{Version: 4, Current: 3}, k, []*Certificate{a.cert, b.cert}, root))(t)
	// The words alone open it with no epoch known; so does a device that was shut out, and learns the number only.
	early := testKeys(1, 1)
	if st := must(OpenKeyring(block, early))(t); st != (KeyringState{Version: 4, Current: 3}) {
		t.Errorf("state %+v", st)
	}
	for _, d := range []testDevice{a, b} {
		if got := must(OpenKeyringAs(block, early, d.id, d.seal))(t); !reflect.DeepEqual(got, k.Epochs) {
			t.Errorf("epochs %v", got)
		}
	}
	_, err := OpenKeyringAs(block, early, lost.id, lost.seal)
	wantErr(t, "a device that was shut out", err, ErrWrongKey)
	_, err = OpenKeyringAs(block, early, a.id, lost.seal)
	wantErr(t, "in another device's name", err, ErrDamaged)
	plain := must(OpenOne(block, Keyring, k.Vault, []Epoch{k.outer()}))(t)
	for _, e := range k.Epochs {
		if bytes.Contains(plain, e.Secret[:]) {
			t.Error("an epoch lies open in the keyring")
		}
	}
}

func TestForgedKeyringsAreRefused(t *testing.T) {
	k := testKeys(1, 2)
	root := RootKey(testEntropy(1))
	d := newTestDevice(t, k.Vault, 1)
	seal := func(key ed25519.PrivateKey, label string, b keyringBody) []byte {
		return must(SealOne(Keyring, k.Vault, k.outer(), encode(sign(label, key, encode(b)))))(t)
	}
	good := keyringBody{Vault: k.Vault, Version: 1, Current: 2}
	if _, err := OpenKeyring(seal(root, keyringLabel, good), k); err != nil {
		t.Fatalf("a right forgery: %v", err)
	}
	change := func(f func(*keyringBody)) keyringBody {
		b := good
		f(&b)
		return b
	}
	for what, block := range map[string][]byte{
		"signed by a device":     seal(d.sign, keyringLabel, good),
		"signed as a revocation": seal(root, revocationLabel, good),
		"of another vault":       seal(root, keyringLabel, change(func(b *keyringBody) { b.Vault = VaultID{1} })),
		"version 0":              seal(root, keyringLabel, change(func(b *keyringBody) { b.Version = 0 })),
		"version 2^63":           seal(root, keyringLabel, change(func(b *keyringBody) { b.Version = 1 << 63 })),
		"epoch 0":                seal(root, keyringLabel, change(func(b *keyringBody) { b.Current = 0 })),
		"four billion epochs":    seal(root, keyringLabel, change(func(b *keyringBody) { b.Current = 1<<32 - 1 })),
		"unsigned":               must(SealOne(Keyring, k.Vault, k.outer(), encode(signed{Payload: encode(good)})))(t),
	} {
		_, err := OpenKeyring(block, k)
		wantErr(t, what, err, ErrDamaged)
		_, err = OpenKeyringAs(block, k, d.id, d.seal)
		wantErr(t, what, err, ErrDamaged)
	}
	_, err := OpenKeyring(must(SealKeyring(KeyringState{Version: 1, Current: 2}, testKeys(2, 2), nil, root))(t), k)
	wantErr(t, "of another vault's secret", err, ErrWrongKey)
}

func TestEveryRecipientGetsTheSameCompleteEpochs(t *testing.T) {
	k := testKeys(1, 3)
	root := RootKey(testEntropy(1))
	d := newTestDevice(t, k.Vault, 1)
	block := must(SealKeyring(KeyringState{Version: 2, Current: 3}, k, []*Certificate{d.cert}, root))(t)
	b := must(openKeyring(block, k))(t)
	// Another version's ciphertext, and another plaintext than the hash says: the signer cannot serve two truths.
	b.Version = 3
	moved := must(SealOne(Keyring, k.Vault, k.outer(), encode(sign(keyringLabel, root, encode(b)))))(t)
	_, err := OpenKeyringAs(moved, k, d.id, d.seal)
	wantErr(t, "a ciphertext of another version", err, ErrDamaged)
	b.Version, b.Hash = 2, Digest{}
	moved = must(SealOne(Keyring, k.Vault, k.outer(), encode(sign(keyringLabel, root, encode(b)))))(t)
	_, err = OpenKeyringAs(moved, k, d.id, d.seal)
	wantErr(t, "another plaintext than the hash says", err, ErrDamaged)

	for what, epochs := range map[string][]Epoch{
		"none": nil, "without the first": k.Epochs[:2], "without the newest": k.Epochs[1:],
		"oldest first": {k.Epochs[2], k.Epochs[1], k.Epochs[0]}, "one twice": {k.Epochs[0], k.Epochs[0], k.Epochs[2]},
	} {
		bad := *k
		bad.Epochs = slices.Clone(epochs)
		_, err := SealKeyring(KeyringState{Version: 1, Current: 3}, &bad, nil, root)
		wantErr(t, what, err, ErrDamaged)
		wantErr(t, what, checkEpochs(epochs, 3), ErrDamaged)
	}
	for _, st := range []KeyringState{{Version: 0, Current: 3}, {Version: 1, Current: 0}, {Version: 1, Current: 2}, {Version: 1 << 63, Current: 3}} {
		_, err := SealKeyring(st, k, nil, root)
		wantErr(t, "a state that makes no sense", err, ErrDamaged)
	}
	bad := *d.cert
	bad.Seal = make([]byte, 32)
	if _, err := SealKeyring(KeyringState{Version: 1, Current: 3}, k, []*Certificate{&bad}, root); err == nil {
		t.Error("sealed to a key of low order")
	}
}

func TestABatchMarkerNamesItsDevice(t *testing.T) {
	k := testKeys(1, 1)
	want := &Marker{Device: DeviceID{1}, Installation: [16]byte{2}, Seconds: 3}
	block := must(SealMarker(want, k))(t)
	if got := must(OpenMarker(block, k))(t); *got != *want {
		t.Errorf("got %+v", got)
	}
	_, err := OpenMarker(block, testKeys(2, 1))
	wantErr(t, "another vault", err, ErrWrongKey)
	_, err = OpenMarker(must(SealOne(BatchMarker, k.Vault, k.outer(), []byte{0xf5}))(t), k)
	wantErr(t, "something else inside", err, ErrDamaged)
}

func TestTheWordsGiveEveryEpochAndNoOtherKeyTwice(t *testing.T) {
	k := testKeys(1, 4)
	root := RootKey(testEntropy(1))
	seen := map[string]bool{string(root.Seed()): true}
	for _, s := range []Secret{k.ChunkID, k.Chunker, k.Locator, k.PinName, k.Outer} {
		seen[string(s[:])] = true
	}
	for i, e := range k.Epochs {
		seen[string(e.Secret[:])] = true
		if int(e.Number) != 4-i {
			t.Errorf("epoch %d at place %d", e.Number, i)
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d different keys of 10", len(seen))
	}
	if k.Current().Number != 4 || DeriveKeys(testEntropy(1), 0).Current().Number != 1 || len(DeriveKeys(testEntropy(1), 1<<32-1).Epochs) != MaxEpochs {
		t.Error("epochs out of bounds")
	}
	if !reflect.DeepEqual(testKeys(1, 4), k) {
		t.Error("the same words gave other keys")
	}
}

func TestNamesOnTheStorageSayNothing(t *testing.T) {
	a, b := testKeys(1, 1), testKeys(2, 1)
	names := []string{
		a.PointerDir(), b.PointerDir(), a.PointerName(DeviceID{1}, 1), a.PointerName(DeviceID{1}, 2), a.PointerName(DeviceID{2}, 1),
		b.PointerName(DeviceID{1}, 1), a.PinLabel("x"), a.PinLabel("y"), b.PinLabel("x"),
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names repeat: %v", names)
	}
	for _, n := range names {
		if len(n) > 0 && n[0] == '/' {
			n = n[1:]
		}
		if len(n) != 32 {
			t.Errorf("name %q", n)
		}
	}
}

func FuzzDecodeKeyring(f *testing.F) {
	k := testKeys(1, 1)
	root := RootKey(testEntropy(1))
	d := newTestDevice(f, k.Vault, 1)
	block := must(SealKeyring(KeyringState{Version: 1, Current: 1}, k, []*Certificate{d.cert}, root))(f)
	b := must(openKeyring(block, k))(f)
	f.Add(encode(b))
	f.Fuzz(func(t *testing.T, payload []byte) {
		block, err := SealOne(Keyring, k.Vault, k.outer(), encode(sign(keyringLabel, root, payload)))
		if err != nil {
			return
		}
		if st, err := OpenKeyring(block, k); err == nil && (st.Current == 0 || st.Current > MaxEpochs || st.Version == 0) {
			t.Fatalf("state %+v", st)
		}
		_, _ = OpenKeyringAs(block, k, d.id, d.seal) // must not panic
	})
}
