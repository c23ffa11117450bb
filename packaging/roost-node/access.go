//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"roost/vault/node/code"
	"roost/vault/node/private"
	"roost/vault/node/quiet"
)

const accessFile = "access.json"

// owner is the key that every storage begins with.
const owner = "owner"

// access is one key: of one device or person.
type access struct {
	Name    string    `json:"name"`
	Token   string    `json:"token"` // the secret
	AddOnly bool      `json:"add_only,omitempty"`
	Made    time.Time `json:"made"`
}

var (
	accessName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
	accessToken = regexp.MustCompile(`^[a-z2-7]{32}$`)
)

// newToken is 160 random bits.
func newToken() string {
	random := make([]byte, 20)
	_, _ = rand.Read(random) // it never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(random))
}

func newAccess(name string, addOnly bool) access {
	return access{Name: name, Token: newToken(), AddOnly: addOnly, Made: time.Now().UTC().Truncate(time.Second)}
}

// access lists the keys; none where none was ever made.
func (m machine) access() ([]access, error) {
	data, err := os.ReadFile(m.path(accessFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w; try it with sudo", err)
	}
	var keys []access
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("read the keys: %s is damaged", m.path(accessFile)) // the parser's text may quote one
	}
	for _, k := range keys {
		if !accessName.MatchString(k.Name) || !accessToken.MatchString(k.Token) {
			return nil, fmt.Errorf("read the keys: %s is damaged", m.path(accessFile))
		}
	}
	return keys, nil
}

// edit changes the keys and makes them true.
func (m machine) edit(change func([]access) ([]access, error)) error {
	release, err := m.lock()
	if err != nil {
		return err
	}
	defer release()
	s, err := m.settings()
	if err != nil {
		return err
	}
	keys, err := m.access()
	if err == nil {
		keys, err = change(keys)
	}
	if err != nil {
		return err
	}
	return m.apply(s, keys)
}

// apply writes the keys and the Caddyfile, and lets a Caddy that runs read it. A crash in between is mended by the next
// call: until then a new key does not work, and a removed one still does, which is why the error is said.
func (m machine) apply(s settings, keys []access) error {
	text, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return err
	}
	config, err := quiet.Read(filepath.Join(s.Data, "repo", "config"))
	if err != nil {
		return fmt.Errorf("read the storage's configuration: %w", err)
	}
	inner, ok := strings.CutPrefix(config.Text("API", "Authorizations", rpcName, "AuthSecret"), "bearer:")
	if !ok || !accessToken.MatchString(inner) {
		return errors.New("read the storage's configuration: Caddy's key is missing; run roost-node configure")
	}
	if err := m.save(accessFile, append(text, '\n'), s); err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	if err := m.save("Caddyfile", m.caddyfile(s, inner, keys), s); err != nil {
		return fmt.Errorf("write the proxy's settings: %w", err)
	}
	return m.reload()
}

const reloadPatience = 30 * time.Second

// reload tells a running Caddy; connections that are in use stay.
func (m machine) reload() error {
	socket := filepath.Join(m.run, "caddy.sock")
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return nil // it does not run, and reads the file when it starts
	}
	conn.Close()
	ctx, done := context.WithTimeout(context.Background(), reloadPatience)
	defer done()
	cmd := exec.CommandContext(ctx, "caddy", "reload", "--config", m.path("Caddyfile"), "--adapter", "caddyfile", "--address", "unix/"+socket)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("let Caddy read its settings again: %w: %s", err, quiet.Reason(out))
	}
	return nil
}

func (m machine) addAccess(name string, addOnly, locked bool) error {
	if !accessName.MatchString(name) {
		return fmt.Errorf("a name has up to 32 letters, digits, dots and dashes: %w", errUsage)
	}
	err := m.edit(func(keys []access) ([]access, error) {
		if i := slices.IndexFunc(keys, named(name)); i >= 0 {
			return nil, fmt.Errorf("%s has a key already; see roost-node access show %s", name, name)
		}
		return append(keys, newAccess(name, addOnly)), nil
	})
	if err != nil {
		return err
	}
	return m.showAccess(name, locked)
}

func (m machine) removeAccess(name string) error {
	err := m.edit(func(keys []access) ([]access, error) {
		i := slices.IndexFunc(keys, named(name))
		if i < 0 {
			return nil, nobody(name)
		}
		if len(keys) == 1 {
			return nil, errors.New("this is the only key; add another one first, then remove this one")
		}
		return slices.Delete(keys, i, i+1), nil
	})
	if err == nil {
		fmt.Fprintf(m.notes, "The key of %s opens nothing any longer. What was stored with it stays.\n", name)
	}
	return err
}

func named(name string) func(access) bool { return func(k access) bool { return k.Name == name } }

func nobody(name string) error { return fmt.Errorf("nobody called %s has a key", name) }

func (m machine) listAccess() error {
	keys, err := m.access()
	for _, k := range keys {
		may := "everything"
		if k.AddOnly {
			may = "add only"
		}
		fmt.Fprintf(m.out, "%-32s  %-10s  since %s\n", k.Name, may, k.Made.Format(time.DateOnly))
	}
	return err
}

// showAccess prints the code of a key on a line of its own; what is for people goes beside it.
func (m machine) showAccess(name string, locked bool) error {
	s, err := m.settings()
	if err != nil {
		return err
	}
	keys, err := m.access()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(keys, named(name))
	if i < 0 {
		return nobody(name)
	}
	own, err := private.MachineAddresses()
	if err != nil {
		return err
	}
	c := code.Code{Name: s.Name, Token: "bearer:" + keys[i].Token, Addresses: s.addresses(own, localName()), Host: s.PublicHost}
	if name == owner { // who has this one may let one more storage in
		if c.Network, err = m.network(s); err != nil {
			return err
		}
	}
	if len(c.Addresses) == 0 {
		return errors.New("this machine has no address that others could use; name one: roost-node configure --address HOST")
	}
	if s.PublicHost == "" || len(s.Addresses) > 0 || s.Listen != "" {
		if c.Fingerprint, err = m.fingerprint(); err != nil {
			return err
		}
	}
	text := ""
	if locked {
		passphrase, err := newPassphrase(m.notes)
		if err != nil {
			return err
		}
		text, err = c.Seal(passphrase)
		if err != nil {
			return err
		}
	} else if text, err = c.Encode(); err != nil {
		return err
	}
	picture, err := code.Terminal(text)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.notes, "\nConnection code of %s, for %s:\n\n", s.Name, name)
	fmt.Fprintln(m.out, text)
	fmt.Fprintf(m.notes, "\n%s\nPaste it into Roost, or photograph the picture. ", picture)
	if locked {
		fmt.Fprintln(m.notes, "Tell the password another way than the code.")
	} else {
		fmt.Fprintln(m.notes, "It is a key: show it to nobody else.")
	}
	return nil
}

// newPassphrase is asked for twice, or read from the file that ROOST_CODE_PASSPHRASE_FILE names.
func newPassphrase(notes io.Writer) (string, error) {
	var given []byte
	if name := os.Getenv("ROOST_CODE_PASSPHRASE_FILE"); name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		given = data
	} else {
		ask := func(prompt string) ([]byte, error) {
			fmt.Fprint(notes, prompt)
			defer fmt.Fprintln(notes)
			return term.ReadPassword(int(os.Stdin.Fd()))
		}
		var again []byte
		var err error
		if given, err = ask("Password for the code: "); err == nil {
			again, err = ask("Once more: ")
		}
		if err != nil {
			return "", fmt.Errorf("ask for the password: %w", err)
		}
		if !bytes.Equal(given, again) {
			return "", errors.New("the two are not the same")
		}
	}
	if given = bytes.TrimSpace(given); len(given) < 8 {
		return "", errors.New("the password has fewer than 8 letters")
	}
	return string(given), nil
}

// caddyfile is the proxy's configuration. Kubo's own rights are one key's; whose key may do what is decided here. Each
// call is forwarded under its own name, never under what was typed for it, so that no dots or escapes slip through.
func (m machine) caddyfile(s settings, inner string, keys []access) []byte {
	var b bytes.Buffer
	rpc := "127.0.0.1:" + strconv.Itoa(s.RPC)
	fmt.Fprintf(&b, `# Written by roost-node, which writes it again: change settings with roost-node configure and access.
{
	admin unix/%s
	auto_https off
	grace_period 5s
	storage file_system %s
	log {
		level WARN
	}
	servers {
		protocols h1 h2
		timeouts {
			read_header 30s
			idle 5m
		}
	}
}

(kubo) {
	reverse_proxy %s {
		header_up Host %s
		header_up Authorization "Bearer %s"
		flush_interval -1
	}
}

https://:%d {
`, filepath.Join(m.run, "caddy.sock"), filepath.Join(s.Data, "caddy"), rpc, rpc, inner, s.Port)
	if s.Listen != "" {
		fmt.Fprintf(&b, "\tbind %s\n", s.Listen)
	}
	fmt.Fprintf(&b, "\ttls %s %s\n\n\tmap {http.request.header.Authorization} {access} {\n", m.path(certificateFile), m.path(keyFile))
	for _, k := range keys {
		may := "all"
		if k.AddOnly {
			may = "add"
		}
		fmt.Fprintf(&b, "\t\t\"Bearer %s\" %s # %s\n", k.Token, may, k.Name)
	}
	b.WriteString("\t\tdefault none\n\t}\n")
	forward := func(label, match, to string) {
		fmt.Fprintf(&b, "\n\t@%s {\n%s\t}\n\thandle @%s {\n\t\trewrite * %s\n\t\timport kubo\n\t}\n", label, match, label, to)
	}
	for _, c := range calls {
		label, to := strings.ReplaceAll(c.path, "/", "_"), "/api/v0/"+c.path
		match := fmt.Sprintf("\t\tmethod POST\n\t\tpath %s\n", to)
		adds := "\t\tvars {access} all\n"
		if c.adds && c.when == "" {
			adds = "\t\tvars {access} all add\n"
		}
		forward(label, match+adds, to)
		if c.when != "" {
			forward(label+"_add", match+"\t\tvars {access} add\n"+c.when, to)
		}
	}
	forward("block", "\t\tmethod GET HEAD\n\t\tpath_regexp block ^/ipfs/([a-zA-Z0-9]+)$\n\t\tvars {access} all add\n", "/ipfs/{re.block.1}?format=raw")
	b.WriteString("\n\thandle {\n\t\trespond \"This storage does not accept this key for that.\" 403\n\t}\n}\n")
	return b.Bytes()
}
