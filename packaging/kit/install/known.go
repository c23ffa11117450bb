package install

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Host is a machine that shows a key which was not expected.
type Host struct {
	Address     string // host:port
	Kind        string // of the key: ED25519
	Fingerprint string // SHA256:…, as the machine itself tells it
	Before      string // the fingerprint of the last time; "": this is the first time
}

// known are the keys that a machine showed earlier; none where it was never there.
func known(file, address string) ([]knownhosts.KnownKey, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	check, err := knownhosts.New(file)
	if err != nil {
		return nil, fmt.Errorf("read the keys of known machines: %w", err)
	}
	var unlike *knownhosts.KeyError
	if errors.As(check(address, &net.TCPAddr{}, noKey{}), &unlike) {
		return unlike.Want, nil
	}
	return nil, nil
}

// noKey is like no other key, so that those that are known are told.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("this is no key") }

// remember writes down a machine's key in the place of its earlier ones. The file is a new one or the old one, whole.
func remember(file, address string, key ssh.PublicKey) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	name := knownhosts.Normalize(address)
	var text strings.Builder
	for line := range strings.Lines(string(old)) {
		if first, _, _ := strings.Cut(line, " "); first != name {
			text.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
	}
	text.WriteString(knownhosts.Line([]string{name}, key) + "\n")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text.String())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
