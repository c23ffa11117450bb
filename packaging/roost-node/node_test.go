//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"roost/packaging/kit"
	"roost/vault/node/code"
)

// newMachine is a machine with settings, a certificate and keys, whose Kubo and Caddy do not run.
func newMachine(t *testing.T, keys ...access) (machine, settings) {
	t.Helper()
	dir := t.TempDir()
	m := machine{etc: filepath.Join(dir, "etc"), run: dir, out: io.Discard, notes: io.Discard}
	s := settings{Name: "Pi", Platform: "nas", Data: filepath.Join(dir, "data"), Port: 5443, RPC: 5442, Addresses: []string{"192.168.1.20"}}
	repo := filepath.Join(s.Data, "repo")
	if err := errors.Join(os.MkdirAll(m.etc, 0o755), os.MkdirAll(repo, 0o755)); err != nil {
		t.Fatal(err)
	}
	config := `{"API":{"Authorizations":{"roost":{"AuthSecret":"bearer:` + newToken() + `"}}}}`
	text := `{"name":"Pi","platform":"nas","data":"` + s.Data + `","port":5443,"rpc":5442,"addresses":["192.168.1.20"]}`
	err := errors.Join(
		os.WriteFile(filepath.Join(repo, "config"), []byte(config), 0o600),
		os.WriteFile(m.path(settingsFile), []byte(text), 0o600),
		m.makeCertificate(s), m.apply(s, keys),
	)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func TestCodeOfAKeyLeadsToThisMachine(t *testing.T) {
	m, _ := newMachine(t, newAccess(owner, false))
	var out, notes bytes.Buffer
	m.out, m.notes = &out, &notes
	if err := m.addAccess("laptop", true, false); err != nil {
		t.Fatal(err)
	}
	c, err := code.Parse(out.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	print, err := m.fingerprint()
	if err != nil || c.Fingerprint != print || c.Name != "Pi" || !slices.Equal(c.Addresses, []string{"https://192.168.1.20:5443"}) {
		t.Errorf("%+v, %v", c, err)
	}
	keys, err := m.access()
	if err != nil || len(keys) != 2 || !keys[1].AddOnly || c.Token != "bearer:"+keys[1].Token {
		t.Errorf("%+v, %v", keys, err)
	}
	if strings.Contains(notes.String(), keys[1].Token) {
		t.Error("the key stands in what is said beside the code")
	}

	// Locked, it opens with the password alone.
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("apple river\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ROOST_CODE_PASSPHRASE_FILE", file)
	out.Reset()
	if err := m.showAccess("laptop", true); err != nil {
		t.Fatal(err)
	}
	if !code.Locked(out.String()) {
		t.Errorf("it is not locked: %s", out.String())
	}
	if err := os.WriteFile(file, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.showAccess("laptop", true); err == nil {
		t.Error("a password of five letters was taken")
	}
}

func TestKeysAreKeptApart(t *testing.T) {
	m, _ := newMachine(t, newAccess(owner, false), newAccess("laptop", true))
	for name, err := range map[string]error{
		"the same name again": m.addAccess("laptop", false, false),
		"no name":             m.addAccess("../x", false, false),
		"nobody's":            m.removeAccess("desktop"),
		"shown, nobody's":     m.showAccess("desktop", false),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	before, err := os.ReadFile(m.path("Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := m.access()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.removeAccess("laptop"); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(m.path("Caddyfile"))
	if err != nil || !bytes.Contains(before, []byte(keys[1].Token)) || bytes.Contains(after, []byte(keys[1].Token)) || !bytes.Contains(after, []byte(keys[0].Token)) {
		t.Errorf("the proxy's keys are wrong: %v", err)
	}
	if err := m.removeAccess(owner); err == nil {
		t.Error("nobody is left who could get in")
	}
}

// Damaged files are named, never written over, and no key shows in what is said about them.
func TestDamagedSettingsAreSaid(t *testing.T) {
	secret := newToken()
	for name, c := range map[string]struct{ file, text string }{
		"keys that are no JSON":  {accessFile, `[{"name":"owner","token":"` + secret},
		"a key that is none":     {accessFile, `[{"name":"owner","token":"` + secret + `\"}"}]`},
		"a name that is none":    {accessFile, `[{"name":"a b","token":"` + secret + `"}]`},
		"settings, unknown":      {settingsFile, `{"nmae":"x"}`},
		"settings, cut":          {settingsFile, `{"name":"x"`},
		"a path that breaks out": {settingsFile, `{"data":"/a b\nUser=root"}`},
	} {
		m, _ := newMachine(t, newAccess(owner, false))
		if err := os.WriteFile(m.path(c.file), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := m.addAccess("laptop", false, false)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
		if got, readErr := os.ReadFile(m.path(c.file)); readErr != nil || string(got) != c.text {
			t.Errorf("%s: it was written over", name)
		}
	}
}

func TestAddressesAreGivenOutNearestFirst(t *testing.T) {
	own := []netip.Addr{netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("2001:db8::1")}
	for name, c := range map[string]struct {
		s    settings
		want []string
	}{
		"at home":   {settings{Platform: "pi"}, []string{"https://192.168.1.20:5443", "https://[2001:db8::1]:5443", "https://pi.local:5443"}},
		"and away":  {settings{Platform: "pi", Addresses: []string{"a.example.org:444"}}, []string{"https://192.168.1.20:5443", "https://[2001:db8::1]:5443", "https://pi.local:5443", "https://a.example.org:444"}},
		"one only":  {settings{Platform: "server", Listen: "100.64.0.1"}, []string{"https://100.64.0.1:5443"}},
		"container": {settings{Platform: "nas", Addresses: []string{"10.0.0.9"}}, []string{"https://10.0.0.9:5443"}},
		"tunnel":    {settings{Platform: "pi", PublicHost: "s.example.org"}, []string{"https://s.example.org"}},
	} {
		c.s.Port = 5443
		if got := c.s.addresses(own, "pi.local"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestTheLocalNetworkIsToldAtHomeAndWhereSomebodyWantsIt(t *testing.T) {
	for name, c := range map[string]struct {
		s    settings
		want bool
	}{
		"at home":         {settings{Platform: "pi"}, true},
		"not there":       {settings{Platform: "pi", Announce: announceOff}, false},
		"at a provider's": {settings{Platform: "server"}, false},
		"wanted there":    {settings{Platform: "server", Announce: announceOn}, true},
		"in a container":  {settings{Platform: "nas"}, false},
		"on this machine": {settings{Platform: "pi", Announce: announceOn, Listen: "127.0.0.1"}, false},
		"one address":     {settings{Platform: "pi", Listen: "192.168.1.20"}, true},
		"tunnel":          {settings{Platform: "pi", PublicHost: "s.example.org"}, false},
	} {
		if got := c.s.announces(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFlagsThatMakeNoSenseAreSaid(t *testing.T) {
	for _, args := range [][]string{
		{"nonsense"},
		{"access"},
		{"access", "add"},
		{"access", "add", "a", "b"},
		{"--what"},
		{"configure", "--name"},
		{"configure", "--port", "http"},
		{"configure", "--port", "70000"},
		{"configure", "--listen", "pi.local"},
		{"configure", "--limit", "much"},
		{"configure", "--data", "a"},
		{"configure", "--data", "/a b"},
		{"configure", "--platform", "x"},
		{"configure", "--address", "a/b"},
		{"configure", "--user", "a b"},
		{"configure", "--public-host", "a b"},
		{"configure", "--announce", "perhaps"},
		{"announce", "it"},
	} {
		t.Setenv("ROOST_NODE_ETC", t.TempDir())
		if err := run(args, io.Discard, io.Discard); !errors.Is(err, errUsage) && !errors.Is(err, kit.ErrOptions) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
