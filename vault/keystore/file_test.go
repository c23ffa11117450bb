package keystore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	masterKey = [32]byte([]byte("master key for tests, 32 bytes.."))
	otherKey  = [32]byte{0xff}
)

// cheap is a store whose files cost as little as a reader accepts; asked counts how often the passphrase was wanted.
func cheap(path, passphrase string) (s fileStore, asked *int) {
	asked = new(int)
	ask := func() ([]byte, error) {
		*asked++
		return []byte(passphrase), nil
	}
	return fileStore{path: path, ask: ask, askNew: ask, cost: minCost}, asked
}

// stored returns a path with vaultA's masterKey under "secret".
func stored(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "master.key")
	s, _ := cheap(path, "secret")
	if err := s.Set(context.Background(), vaultA, masterKey); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rechecked makes the checksum of changed bytes right again.
func rechecked(b []byte) []byte {
	body := b[:len(b)-sha256.Size]
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}

func TestFileKeepsAKeyUnderItsPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	s := File(path, func() ([]byte, error) { return []byte("secret"), nil })
	if _, err := s.Get(t.Context(), vaultA); wantOnly(err, ErrNotFound) != nil {
		t.Fatalf("before: %v", err)
	}
	if err := s.Delete(t.Context(), vaultA); wantOnly(err, ErrNotFound) != nil {
		t.Fatalf("delete before: %v", err)
	}
	for _, key := range [][32]byte{otherKey, masterKey} {
		if err := s.Set(t.Context(), vaultA, key); err != nil {
			t.Fatal(err)
		}
	}
	if key, err := s.Get(t.Context(), strings.ToUpper(vaultA)); err != nil || key != masterKey {
		t.Fatalf("%x, %v", key, err)
	}
	b := readFile(t, path)
	if bytes.Contains(b, masterKey[:8]) {
		t.Error("the file shows the key")
	}
	file, err := parseKeyFile(b)
	if err != nil || file.cost != (cost{memory: 65536, passes: 3, lanes: 4}) {
		t.Errorf("%+v, %v", file.cost, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := s.Delete(t.Context(), vaultA); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), vaultA); wantOnly(err, ErrNotFound) != nil {
		t.Fatalf("after: %v", err)
	}
}

func TestEveryFileHasItsOwnSalt(t *testing.T) {
	a, b := readFile(t, stored(t)), readFile(t, stored(t))
	if bytes.Equal(a[saltOffset:vaultOffset], b[saltOffset:vaultOffset]) {
		t.Error("two files have the same salt")
	}
}

// A file of version 1 as this program wrote it on its first day: it opens for ever.
func TestTheFirstKeyFileStillOpens(t *testing.T) {
	b, err := hex.DecodeString(goldenKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "master.key")
	writeFile(t, path, b)
	s, _ := cheap(path, "p\u00e4ss w\u00f6rd")
	if key, err := s.Get(t.Context(), vaultA); err != nil || key != masterKey {
		t.Errorf("%x, %v", key, err)
	}
}

func TestAWrongPassphraseIsSaid(t *testing.T) {
	path := stored(t)
	for _, passphrase := range []string{"Secret", "secret ", "secret\n", "s"} {
		s, asked := cheap(path, passphrase)
		key, err := s.Get(t.Context(), vaultA)
		if err := wantOnly(err, ErrWrongPassphrase); err != nil || *asked != 1 || key != [32]byte{} {
			t.Errorf("%q: %v, asked %d times", passphrase, err, *asked)
		}
	}
}

func TestAPassphraseIsTheSameHoweverItsAccentsAreTyped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	composed, _ := cheap(path, "\u00e9t\u00e9")
	decomposed, _ := cheap(path, "e\u0301te\u0301")
	if err := decomposed.Set(t.Context(), vaultA, masterKey); err != nil {
		t.Fatal(err)
	}
	if key, err := composed.Get(t.Context(), vaultA); err != nil || key != masterKey {
		t.Errorf("%x, %v", key, err)
	}
}

func TestNoPassphraseIsRefused(t *testing.T) {
	path := stored(t)
	before := readFile(t, path)
	empty, _ := cheap(path, "")
	failing := errors.New("terminal closed")
	for name, test := range map[string]struct {
		store Store
		want  error
	}{
		"nobody to ask": {File(path, nil), ErrNoPassphrase},
		"empty":         {empty, ErrNoPassphrase},
		"asking fails":  {File(path, func() ([]byte, error) { return nil, failing }), failing},
	} {
		_, get := test.store.Get(t.Context(), vaultA)
		for _, err := range []error{get, test.store.Set(t.Context(), vaultA, otherKey)} {
			if err := wantOnly(err, test.want); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if !bytes.Equal(before, readFile(t, path)) {
		t.Error("the file was changed")
	}
	if text := ErrNoPassphrase.Error(); !strings.Contains(text, "ROOST_PASSPHRASE_FILE") {
		t.Errorf("%q does not say what to do", text)
	}
}

func TestThePassphraseIsWipedAfterUse(t *testing.T) {
	path := stored(t)
	typed := []byte("secret")
	s := File(path, func() ([]byte, error) { return typed, nil })
	if _, err := s.Get(t.Context(), vaultA); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(typed, make([]byte, len(typed))) {
		t.Errorf("%q is still in memory", typed)
	}
}

func TestAskingEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	s := File(stored(t), func() ([]byte, error) {
		cancel()
		<-release
		return nil, nil
	})
	if _, err := s.Get(ctx, vaultA); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := s.Delete(ctx, vaultA); !errors.Is(err, context.Canceled) {
		t.Errorf("delete: %v", err)
	}
}

func TestDamageIsFoundBeforeThePassphraseIsTried(t *testing.T) {
	path := stored(t)
	whole := readFile(t, path)
	s, asked := cheap(path, "secret")
	check := func(name string, b []byte) {
		t.Helper()
		writeFile(t, path, b)
		key, err := s.Get(t.Context(), vaultA)
		if err := wantOnly(err, ErrDamaged); err != nil || *asked != 0 || key != [32]byte{} {
			t.Fatalf("%s: %v, asked %d times", name, err, *asked)
		}
	}
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			check(fmt.Sprintf("bit %d of byte %d flipped", bit, i), b)
		}
	}
	for n := range whole {
		check(fmt.Sprintf("cut to %d bytes", n), whole[:n])
	}
	for _, n := range []int{1, 32, maxKeyFile, 2 * maxKeyFile} {
		check(fmt.Sprintf("%d bytes more", n), append(bytes.Clone(whole), make([]byte, n)...))
	}
	check("zeros of the same length", make([]byte, len(whole)))
	check("twice", append(bytes.Clone(whole), whole...))

	// Whoever wants to begin again can.
	if err := s.Set(t.Context(), vaultA, otherKey); err != nil {
		t.Fatal(err)
	}
	if key, err := s.Get(t.Context(), vaultA); err != nil || key != otherKey {
		t.Fatalf("%x, %v", key, err)
	}
	writeFile(t, path, whole[:50])
	if err := s.Delete(t.Context(), vaultA); err != nil {
		t.Fatal(err)
	}
}

// With a checksum made anew it is not a failing disk but somebody's hand, and every byte of the header is bound.
func TestAForgedFileDoesNotOpen(t *testing.T) {
	path := stored(t)
	whole := readFile(t, path)
	s, _ := cheap(path, "secret")
	for _, change := range []struct {
		name   string
		offset int
	}{
		{"passes 1 to 3", 17},
		{"lanes 1 to 3", 18},
		{"memory", 13},
		{"salt", saltOffset},
		{"sealed key", vaultOffset + 1 + 16},
		{"tag", vaultOffset + 1 + 16 + 47},
	} {
		b := bytes.Clone(whole)
		b[change.offset] ^= 2
		writeFile(t, path, rechecked(b))
		key, err := s.Get(t.Context(), vaultA)
		if err := wantOnly(err, ErrWrongPassphrase); err != nil || key != [32]byte{} {
			t.Errorf("%s: %v", change.name, err)
		}
	}
	// Another vault's id in the header: the file cannot be passed off as that vault's.
	b := bytes.Clone(whole)
	id, err := vaultID(vaultB)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[vaultOffset+1:], id)
	writeFile(t, path, rechecked(b))
	if _, err := s.Get(t.Context(), vaultB); wantOnly(err, ErrWrongPassphrase) != nil {
		t.Errorf("vault: %v", err)
	}
}

func TestACostOutsideTheLimitsIsNotPaid(t *testing.T) {
	path := stored(t)
	whole := readFile(t, path)
	s, asked := cheap(path, "secret")
	for _, c := range []cost{
		{memory: 19<<10 - 1, passes: 3, lanes: 4},
		{memory: 0, passes: 3, lanes: 4},
		{memory: 1<<20 + 1, passes: 3, lanes: 4},
		{memory: 1<<32 - 1, passes: 3, lanes: 4},
		{memory: 64 << 10, passes: 0, lanes: 4},
		{memory: 64 << 10, passes: 65, lanes: 4},
		{memory: 64 << 10, passes: 1<<32 - 1, lanes: 4},
		{memory: 64 << 10, passes: 3, lanes: 0},
		{memory: 64 << 10, passes: 3, lanes: 17},
		{memory: 64 << 10, passes: 3, lanes: 255},
	} {
		b := bytes.Clone(whole)
		binary.BigEndian.PutUint32(b[10:], c.memory)
		binary.BigEndian.PutUint32(b[14:], c.passes)
		b[18] = c.lanes
		writeFile(t, path, rechecked(b))
		_, err := s.Get(t.Context(), vaultA)
		if err := wantOnly(err, ErrDamaged); err != nil || *asked != 0 {
			t.Errorf("%+v: %v, asked %d times", c, err, *asked)
		}
	}
	for _, c := range []cost{minCost, maxCost, defaultCost} {
		if err := c.check(); err != nil {
			t.Error(err)
		}
	}
}

func TestANewerFileIsLeftAlone(t *testing.T) {
	path := stored(t)
	for _, b := range [][]byte{
		rechecked(append(append([]byte("roostkey\x00\x02"), make([]byte, 300)...), make([]byte, 32)...)),
		rechecked(append([]byte("roostkey\xff\xff"), make([]byte, 32)...)),
	} {
		writeFile(t, path, b)
		s, asked := cheap(path, "secret")
		for call, err := range eachCall(t.Context(), s) {
			if err := wantOnly(err, ErrNewer); err != nil || *asked != 0 {
				t.Errorf("%s: %v, asked %d times", call, err, *asked)
			}
		}
		if !bytes.Equal(b, readFile(t, path)) {
			t.Fatal("the file was changed")
		}
	}
	writeFile(t, path, rechecked(append([]byte("roostkey\x00\x00"), make([]byte, 200)...)))
	s, _ := cheap(path, "secret")
	if _, err := s.Get(t.Context(), vaultA); wantOnly(err, ErrDamaged) != nil {
		t.Errorf("version 0: %v", err)
	}
}

func TestTheKeyOfAnotherVaultIsNeverOverwritten(t *testing.T) {
	path := stored(t)
	s, asked := cheap(path, "secret")
	if _, err := s.Get(t.Context(), vaultB); wantOnly(err, ErrNotFound) != nil || *asked != 0 {
		t.Errorf("get: %v", err)
	}
	if err := s.Delete(t.Context(), vaultB); wantOnly(err, ErrNotFound) != nil {
		t.Errorf("delete: %v", err)
	}
	if err := s.Set(t.Context(), vaultB, otherKey); err != nil {
		t.Fatal(err)
	}
	if key, err := s.Get(t.Context(), vaultB); err != nil || key != otherKey {
		t.Errorf("new: %x, %v", key, err)
	}
	aside, _ := cheap(path+"."+vaultA, "secret")
	if key, err := aside.Get(t.Context(), vaultA); err != nil || key != masterKey {
		t.Errorf("old: %x, %v", key, err)
	}
}

func TestALeftoverTemporaryFileDoesNotStopSet(t *testing.T) {
	path := stored(t)
	precious := filepath.Join(t.TempDir(), "precious")
	writeFile(t, precious, []byte("precious"))
	if err := os.Symlink(precious, path+".tmp"); err != nil {
		t.Fatal(err)
	}
	s, _ := cheap(path, "secret")
	if err := s.Set(t.Context(), vaultA, otherKey); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, precious); string(got) != "precious" {
		t.Error("written through a link")
	}
	if key, err := s.Get(t.Context(), vaultA); err != nil || key != otherKey {
		t.Errorf("%x, %v", key, err)
	}
}

func TestAFolderInPlaceOfTheFileIsNoWrongPassphrase(t *testing.T) {
	s, asked := cheap(t.TempDir(), "secret")
	for call, err := range eachCall(t.Context(), s) {
		if err == nil || wantOnly(err) != nil || *asked != 0 {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func FuzzKeyFile(f *testing.F) {
	whole := readFile(f, stored(f))
	f.Add(whole, false)
	f.Add(whole, true)
	f.Add(whole[:40], true)
	f.Add([]byte("roostkey\x00\x02 anything"), true)
	f.Add([]byte(nil), true)
	f.Fuzz(func(t *testing.T, b []byte, check bool) {
		if check { // past the checksum
			sum := sha256.Sum256(b)
			b = append(bytes.Clone(b), sum[:]...)
		}
		file, err := parseKeyFile(b)
		if err != nil {
			if wantOnly(err, ErrDamaged) != nil && wantOnly(err, ErrNewer) != nil {
				t.Fatal(err)
			}
			return
		}
		if err := file.cost.check(); err != nil {
			t.Fatal(err)
		}
		n := len(file.vault)
		if n < 1 || n > maxVault || len(file.header) != vaultOffset+1+n || len(file.sealed) != sealedSize ||
			len(b) != vaultOffset+1+n+sealedSize+sha256.Size {
			t.Fatalf("%d bytes: vault %d, header %d, sealed %d", len(b), n, len(file.header), len(file.sealed))
		}
	})
}

const goldenKeyFile = "726f6f73746b6579000100010000000000030401aa487509391e698abef626ca812d441000112233445566778899aabb" +
	"ccddeeffc1622e314504def814fdec6448f633588fb772672ecfd8f4ad8d28911a7eecf11f4dab25ae2686d08caae843" +
	"555f8e7920f85420913b5d16dc4915408fa3db60a6713c4625c76de9931fde46ba774621"
