package node_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// certificate makes one that vouches for itself and ended yesterday or ends tomorrow.
func certificate(t *testing.T, host string, ends time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// behindTLS serves a real Kubo under a certificate and returns its address.
func behindTLS(t *testing.T, d *nodetest.Daemon, c tls.Certificate) string {
	t.Helper()
	to, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// nobody is an address where nothing listens; silence one where nothing ever answers.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "https://" + l.Addr().String()
}

func silence(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "https://" + l.Addr().String()
}

func TestAddressesAreTriedInTurn(t *testing.T) {
	d := nodetest.StartKubo(t)
	ended := certificate(t, "roost", time.Now().Add(-time.Hour)) // a pinned one has no end
	good := behindTLS(t, d, ended)
	printer := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("what is not the storage was asked something")
	}))
	t.Cleanup(printer.Close)
	for name, first := range map[string]string{"nobody": nobody(t), "silence": silence(t), "somebody else": printer.URL} {
		t.Run(name, func(t *testing.T) {
			k := dial(t, node.Options{URL: first, Addresses: []string{nobody(t), good}, Token: d.Token, TLSFingerprint: fingerprint(ended)})
			if _, err := k.Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			for range 5 {
				k.Close() // so that each call makes a new connection
				if _, err := k.Info(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("the address that works was not remembered: 5 calls took %v", took)
			}
		})
	}
}

func TestNoAddressAnswersIsSaidAsWhatItIs(t *testing.T) {
	d := nodetest.StartKubo(t)
	own, other := certificate(t, "roost", time.Now().Add(time.Hour)), certificate(t, "roost", time.Now().Add(time.Hour))
	changed := []string{behindTLS(t, d, other), behindTLS(t, d, other)}
	for name, o := range map[string]struct {
		urls []string
		want error
	}{
		"dead":                        {[]string{nobody(t), nobody(t)}, node.ErrUnreachable},
		"its certificate was changed": {changed, node.ErrCertificate},
		"a printer, and away is dead": {[]string{changed[0], nobody(t)}, node.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			k := dial(t, node.Options{URL: o.urls[0], Addresses: o.urls[1:], Token: d.Token, TLSFingerprint: fingerprint(own)})
			_, err := k.Info(t.Context())
			if !errors.Is(err, o.want) || errors.Is(err, node.ErrUnreachable) && errors.Is(err, node.ErrCertificate) {
				t.Errorf("%v, want %v", err, o.want)
			}
			if err != nil && strings.Contains(err.Error(), "token") {
				t.Errorf("it speaks of the token: %v", err)
			}
		})
	}
	for name, o := range map[string]node.Options{
		"plain http":  {URL: "https://a", Addresses: []string{"http://b"}, TLSFingerprint: fingerprint(own)},
		"a path":      {URL: "https://a", Addresses: []string{"https://b/c"}, TLSFingerprint: fingerprint(own)},
		"no address":  {URL: "https://a", Addresses: []string{"b"}, TLSFingerprint: fingerprint(own)},
		"http, named": {URL: "http://127.0.0.1:1", TLSHost: "a"},
	} {
		if _, err := node.Dial(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The system's roots are read once in a process, so this one is a process of its own.
func TestPublicCertificateIsOfTheHostInTheCode(t *testing.T) {
	roots := os.Getenv("ROOST_TEST_ROOT")
	if roots == "" {
		dir := t.TempDir()
		c := certificate(t, "storage.example.org", time.Now().Add(time.Hour))
		key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		pair := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}),
			pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
		file := filepath.Join(dir, "pair.pem")
		if err := os.WriteFile(file, pair, 0o600); err != nil {
			t.Fatal(err)
		}
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		again.Env = append(os.Environ(), "SSL_CERT_FILE="+file, "SSL_CERT_DIR="+dir, "ROOST_TEST_ROOT="+file)
		out, err := again.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	c, err := tls.LoadX509KeyPair(roots, roots)
	if err != nil {
		t.Fatal(err)
	}
	d := nodetest.StartKubo(t)
	public := behindTLS(t, d, c)
	own := certificate(t, "roost", time.Now().Add(time.Hour))
	home := behindTLS(t, d, own)
	for name, o := range map[string]struct {
		opts node.Options
		want error
	}{
		"public":                  {node.Options{URL: public, TLSHost: "storage.example.org"}, nil},
		"public, of another name": {node.Options{URL: public, TLSHost: "other.example.org"}, node.ErrCertificate},
		"own, none pinned":        {node.Options{URL: home, TLSHost: "storage.example.org"}, node.ErrCertificate},
		"home is dead, public":    {node.Options{URL: nobody(t), Addresses: []string{public}, TLSHost: "storage.example.org", TLSFingerprint: fingerprint(own)}, nil},
		"home":                    {node.Options{URL: home, Addresses: []string{public}, TLSHost: "storage.example.org", TLSFingerprint: fingerprint(own)}, nil},
		"neither is right":        {node.Options{URL: home, Addresses: []string{public}, TLSHost: "other.example.org", TLSFingerprint: fingerprint(c)[:62] + "00"}, node.ErrCertificate},
	} {
		o.opts.Token = d.Token
		_, err := dial(t, o.opts).Info(t.Context())
		if !errors.Is(err, o.want) {
			t.Errorf("%s: %v, want %v", name, err, o.want)
		}
	}
}
