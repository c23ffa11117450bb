package install

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"roost/vault/node/code"
)

func TestTargetIsReadAsItIsWritten(t *testing.T) {
	for _, c := range []struct{ text, host, again string }{
		{"pi@raspberrypi.local", "raspberrypi.local", "pi@raspberrypi.local"},
		{" pi@10.0.0.7:2222 ", "10.0.0.7", "pi@10.0.0.7:2222"},
		{"pi@10.0.0.7:22", "10.0.0.7", "pi@10.0.0.7"},
		{"root@[fd00::1]:2222", "fd00::1", "root@[fd00::1]:2222"},
		{"root@fd00::1", "fd00::1", "root@[fd00::1]:22"},
		{"root@[fd00::1]", "fd00::1", "root@[fd00::1]:22"},
		{strings.Repeat("p", 32) + "@" + strings.Repeat("h", 253), strings.Repeat("h", 253), strings.Repeat("p", 32) + "@" + strings.Repeat("h", 253)},
	} {
		got, err := ParseTarget(c.text)
		if err != nil || got.Host != c.host || got.String() != c.again {
			t.Errorf("%q: %+v (%s), %v", c.text, got, got, err)
		}
	}
	for _, text := range []string{
		"", "pi", "@host", "pi@", "pi@:22", "pi@host:0", "pi@host:65536", "pi@host:x", "p i@host", "pi@ho st", "-l@host", "pi@-host", "a@b@c", "pi@host/x",
		strings.Repeat("p", 33) + "@host", "pi@" + strings.Repeat("h", 254),
	} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	f.Add("pi@raspberrypi.local")
	f.Add("root@[fd00::1]:2222")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTarget(text)
		if err != nil {
			return
		}
		if again, err := ParseTarget(got.String()); err != nil || again != got {
			t.Errorf("%q: %+v becomes %+v, %v", text, got, again, err)
		}
	})
}

func TestWhatIsInTheWayIsKnownBeforeAnythingIsChanged(t *testing.T) {
	const pi = "debian=yes\nkernel=aarch64\nsystem=arm64\nuid=1000\nsudo=yes\nfree /var/tmp=900000\nfree /usr/local=900000\n"
	for _, c := range []struct {
		name, out string
		want      error
	}{
		{"a Pi", pi, nil},
		{"root without sudo", strings.NewReplacer("uid=1000", "uid=0", "sudo=yes\n", "").Replace(pi), nil},
		{"no df", strings.Replace(pi, "=900000", "=", 2), nil},
		{"no Debian", strings.Replace(pi, "debian=yes\n", "", 1), ErrNotDebian},
		{"32 bits below 64", strings.Replace(pi, "arm64", "armhf", 1), ErrProcessor},
		{"another processor", strings.Replace(pi, "aarch64", "riscv64", 1), ErrProcessor},
		{"no sudo", strings.Replace(pi, "sudo=yes\n", "", 1), ErrNoRoot},
		{"little space", strings.Replace(pi, "free /usr/local=900000", "free /usr/local=90000", 1), ErrSpace},
		{"nothing", "", ErrNotDebian},
		{"something else", "Welcome!\n=\n===\x00\nfree=3\n", ErrNotDebian},
	} {
		if err := parseFacts(c.out).check(100 << 20); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func FuzzFacts(f *testing.F) {
	f.Add("debian=yes\nkernel=aarch64\nsystem=arm64\nuid=0\nfree /var/tmp=900000\n")
	f.Fuzz(func(t *testing.T, out string) {
		facts := parseFacts(out)
		for dir, n := range facts.free {
			if n < 0 {
				t.Errorf("%d bytes are free in %q", n, dir)
			}
		}
		if facts.arch != "" && facts.arch != facts.system {
			t.Errorf("%+v", facts)
		}
	})
}

func TestEveryErrorHasItsWords(t *testing.T) {
	for _, row := range problems {
		err := failed(row.err, errors.New("a cause"))
		var own *Error
		if !errors.Is(err, row.err) || !errors.As(err, &own) {
			t.Fatalf("%v", err)
		}
		p := own.Problem()
		if p.Code == "" || p.Title == "" || p.Text == "" || p.Action == "" || p.Severity == "" || p.Exit == 0 || !strings.Contains(p.Detail, "a cause") {
			t.Errorf("%v: %+v", row.err, p)
		}
	}
}

func TestScriptIsHeardWithoutItsCode(t *testing.T) {
	var heard []string
	w := lines(func(line string) { heard = append(heard, line) })
	for _, part := range []string{"1/5 Check", "ing the kit\r\n", strings.Repeat("x", 3*tailSize), "\nROOST1-AAAA\n"} {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if len(heard) != 3 || heard[0] != "1/5 Checking the kit" || len(heard[1]) != tailSize || !isCode(heard[2]) {
		t.Errorf("%.80q", heard)
	}
	for errs, want := range map[string]string{
		"E: no network\ninstall.sh: Caddy could not be installed\n": "Caddy could not be installed",
		"useradd: no\n":           "useradd: no",
		"sh: broken\nROOST1-AA\n": "sh: broken",
		"":                        "it gave no reason",
		"ROOST1-AA":               "it gave no reason",
	} {
		if got := reason(errs); got != want {
			t.Errorf("%q: %q, want %q", errs, got, want)
		}
	}
}

func TestAddressThatLedThereComesFirst(t *testing.T) {
	c := code.Code{Name: "attic", Addresses: []string{"https://10.0.0.7:5443", "https://attic.local:5443"}, Token: "x", Fingerprint: strings.Repeat("ab", 32)}
	for host, want := range map[string][]string{
		"attic.example.org": {"https://attic.example.org:5443", "https://10.0.0.7:5443", "https://attic.local:5443"},
		"attic.local":       {"https://attic.local:5443", "https://10.0.0.7:5443"},
		"fd00::7":           {"https://[fd00::7]:5443", "https://10.0.0.7:5443", "https://attic.local:5443"},
		"localhost":         c.Addresses,
		"127.0.0.1":         c.Addresses,
		"::1":               c.Addresses,
		"fe80::1%eth0":      c.Addresses,
	} {
		if got := withAddress(c, host).Addresses; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

// A machine that nobody vouched for is told no password; one that somebody did is remembered, and nobody is asked again.
func TestPasswordGoesOnlyToATrustedMachine(t *testing.T) {
	first, second := newKey(t), newKey(t)
	file := filepath.Join(t.TempDir(), "home", "known_hosts")
	asked, passwords := 0, 0
	login := func(key ssh.Signer, trust func(context.Context, Host) (bool, error)) error {
		t.Helper()
		host, port := serve(t, key, &passwords)
		_ = port
		o := Options{
			Target: Target{User: "pi", Host: host, Port: port}, Known: file, Trust: trust,
			Password: func(context.Context) (string, error) { return "jam", nil },
		}
		m, err := o.connect(t.Context())
		if err == nil {
			m.close()
		}
		return err
	}
	answer := func(yes bool) func(context.Context, Host) (bool, error) {
		return func(_ context.Context, h Host) (bool, error) {
			asked++
			if h.Fingerprint != ssh.FingerprintSHA256(first.PublicKey()) && h.Before == "" || h.Kind != "ED25519" {
				t.Errorf("asked about %+v", h)
			}
			return yes, nil
		}
	}
	if err := login(first, nil); !errors.Is(err, ErrUnknownHost) || passwords != 0 {
		t.Fatalf("nobody to ask: %v, %d passwords", err, passwords)
	}
	if err := login(first, answer(false)); !errors.Is(err, ErrUnknownHost) || passwords != 0 || asked != 1 {
		t.Fatalf("said no: %v, %d passwords", err, passwords)
	}
	if _, err := os.Stat(file); err == nil {
		t.Fatal("it is remembered all the same")
	}
	if err := login(first, answer(true)); err != nil || passwords != 1 || asked != 2 {
		t.Fatalf("said yes: %v, %d passwords", err, passwords)
	}
	if err := login(first, nil); err != nil || passwords != 2 {
		t.Fatalf("known: %v, %d passwords", err, passwords)
	}
	if err := login(second, nil); !errors.Is(err, ErrOtherHost) || passwords != 2 {
		t.Fatalf("another: %v, %d passwords", err, passwords)
	}
	if err := login(second, answer(true)); err != nil || passwords != 3 || asked != 3 {
		t.Fatalf("said yes to another: %v, %d passwords", err, passwords)
	}
	if err := login(second, nil); err != nil {
		t.Fatalf("the other one is known now: %v", err)
	}
}

func newKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// serve lets anybody log in with a password, at a fixed place, until the test ends or serve is called again.
func serve(t *testing.T, key ssh.Signer, passwords *int) (host string, port int) {
	t.Helper()
	if last != nil {
		last()
	}
	l, err := net.Listen("tcp", place)
	if err != nil {
		t.Fatal(err)
	}
	place = l.Addr().String()
	done := make(chan struct{})
	last = func() { l.Close(); <-done; last = nil }
	t.Cleanup(func() {
		if last != nil {
			last()
		}
	})
	config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
		*passwords++
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(key)
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c, _, requests, err := ssh.NewServerConn(conn, config)
			if err != nil {
				conn.Close()
				continue
			}
			go ssh.DiscardRequests(requests)
			_ = c.Wait() // until who logged in leaves
		}
	}()
	addr := l.Addr().(*net.TCPAddr)
	return addr.IP.String(), addr.Port
}

var (
	last  func() // ends the server before
	place = "127.0.0.1:0"
)
