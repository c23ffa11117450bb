package format

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/ipfs/go-cid"
)

// testKeys are the keys of a vault whose entropy is 32 times seed.
func testKeys(seed byte, epochs uint32) *Keys { return DeriveKeys(testEntropy(seed), epochs) }

func testEntropy(seed byte) Entropy { return Entropy(bytes.Repeat([]byte{seed}, 32)) }

// testBytes are n random bytes that do not compress, the same for one seed.
func testBytes(seed byte, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{seed})
	_, _ = r.Read(b) // ChaCha8 never fails
	return b
}

// constant is a random source that broke.
type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

type noRandom struct{}

func (noRandom) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// testDevice is a device with its keys, certified by nobody yet.
type testDevice struct {
	id   DeviceID
	sign ed25519.PrivateKey
	seal *ecdh.PrivateKey
	cert *Certificate
}

func newTestDevice(t testing.TB, vault VaultID, seed byte) testDevice {
	t.Helper()
	sign := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	seal, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	pub := sign.Public().(ed25519.PublicKey)
	return testDevice{DeviceOf(pub), sign, seal, &Certificate{
		Vault: vault, Sign: pub, Seal: seal.PublicKey().Bytes(), Name: "Laptop", Seconds: 1_700_000_000,
	}}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestDigestsNameBlocksAsIPFSDoes(t *testing.T) {
	// The CIDs of an empty raw block and of the empty UnixFS directory, known to every node.
	if got := Sum(nil).RawCID().String(); got != "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku" {
		t.Errorf("raw CID of nothing: %s", got)
	}
	dir := EncodeDirectory(nil)
	if got := Sum(dir).DagCID().String(); got != "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354" {
		t.Errorf("CID of an empty directory: %s", got)
	}
}

func TestOnlyOurKindOfLinkIsTaken(t *testing.T) {
	d := Sum([]byte("x"))
	for _, c := range []cid.Cid{d.RawCID(), d.DagCID()} {
		got, codec, err := DigestOf(c)
		if err != nil || got != d || codec != c.Type() {
			t.Errorf("%s: %v %d %v", c, got, codec, err)
		}
	}
	for _, s := range []string{
		"QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", // CIDv0
		"bafkqaaa", // identity hash
		"bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs", // SHA-512
	} {
		c, err := cid.Decode(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		_, _, err = DigestOf(c)
		wantErr(t, s, err, ErrDamaged)
	}
}
