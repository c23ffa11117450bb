package ui

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"roost/vault/node/code"
	"roost/vault/node/nodetest"
)

func TestAConnectionCodeIsAllThatAStorageNeeds(t *testing.T) {
	d := nodetest.StartKubo(t)
	given := code.Code{Name: "attic", Addresses: []string{d.URL}, Token: d.Token}
	text, err := given.Encode()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := given.Seal("Zwetschgenkuchen")
	if err != nil {
		t.Fatal(err)
	}
	c := newComputer(t)
	c.tap("Keep my folders safe")
	c.tap("I have a connection code")
	for _, wrong := range []struct{ text, password, want string }{
		{"", "", "This is not a connection code"},
		{"hello", "", "This is not a connection code"},
		{text[:len(text)-9], "", "The connection code is not complete"},
		{text[:20] + "AAAA" + text[24:], "", "The connection code has a mistake in it"},
		{sealed, "", "Password of the code"},
		{sealed, "Apfelkuchen", "This is not the password of the connection code"},
	} {
		c.paste("Connection code", wrong.text)
		if wrong.password != "" { // before a locked code, there is no field for it
			c.enter("Password of the code", wrong.password)
		}
		c.tap("Continue")
		c.until(wrong.want)
	}
	if _, err := os.Stat(filepath.Join(c.roost, "config.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a home was made: %v", err)
	}
	c.enter("Password of the code", "Zwetschgenkuchen")
	c.tap("Continue")
	c.until("24 words bring everything back")
}

// homeDesktop has a home that is there.
type homeDesktop struct {
	sampleDesktop
	home string
}

func (d homeDesktop) Home() string { return d.home }

// smallParts are what make kit writes, with programs that cannot run.
func smallParts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var sums strings.Builder
	for _, name := range []string{"ipfs-amd64", "ipfs-arm64", "roost-node-amd64", "roost-node-arm64"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(name)), name)
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheKitIsWrittenWithTheLinesToType(t *testing.T) {
	c := newComputer(t)
	c.picked = t.TempDir()
	t.Setenv("ROOST_KIT", t.TempDir())
	c.tap("Keep my folders safe")
	c.tap("Help me set one up")
	c.tap("An old laptop")
	c.tap("Write it to a folder or a USB stick")
	c.until("The programs for the other machine are not complete on this computer")
	t.Setenv("ROOST_KIT", smallParts(t))
	c.tap("Write it to a folder or a USB stick")
	c.until("The folder is written")
	for _, name := range []string{"install.sh", "README.md", "ipfs-arm64"} {
		if _, err := os.Stat(filepath.Join(c.picked, "roost-kit", name)); err != nil {
			t.Error(err)
		}
	}
	c.tap("I have the code")
	c.until("The connection code")
}

func TestAMachineThatIsNotTrustedGetsNoPassword(t *testing.T) {
	var passwords atomic.Int64
	address := listenSSH(t, &passwords)
	c := newComputer(t)
	c.w.desktop = homeDesktop{home: filepath.Join(c.own, "roost")}
	t.Setenv("ROOST_KIT", smallParts(t))
	t.Setenv("SSH_AUTH_SOCK", "")
	c.tap("Keep my folders safe")
	c.tap("Help me set one up")
	c.tap("A small computer at home")
	c.tap("Install it for me")
	c.tap("Install")
	c.until("Type the name of the user.")
	c.enter("User", "pi")
	c.enter("Password", "Zwetschgenkuchen")
	c.enter("Address", "two words")
	c.tap("Install")
	c.until("This is no address. It looks like this: raspberrypi.local")
	c.enter("Address", "127.0.0.1:1")
	c.tap("Install")
	c.until("The other machine does not answer")

	c.enter("Address", address)
	c.tap("Install")
	c.until("Is it this machine?")
	c.tap("Stop")
	c.until("The other machine is not known yet")
	if n := passwords.Load(); n != 0 {
		t.Errorf("it got %d passwords", n)
	}
	c.tap("Install")
	c.until("Is it this machine?")
	c.tap("Yes, go on")
	c.until("The connection to the other machine was lost") // it lets people in, and does nothing for them
	if n := passwords.Load(); n != 1 {
		t.Errorf("it got %d passwords", n)
	}
	known, err := os.ReadFile(filepath.Join(c.own, "roost", "known_hosts"))
	if err != nil || strings.Contains(string(known), "Zwetschgenkuchen") {
		t.Errorf("known machines: %q, %v", known, err)
	}
}

// listenSSH lets everybody in who has a password, and refuses whatever they want then.
func listenSSH(t *testing.T, passwords *atomic.Int64) (address string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
		passwords.Add(1)
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c, channels, requests, err := ssh.NewServerConn(conn, config)
			if err != nil {
				conn.Close()
				continue
			}
			go ssh.DiscardRequests(requests)
			for wanted := range channels {
				_ = wanted.Reject(ssh.Prohibited, "no") // whoever wanted it has gone
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}
