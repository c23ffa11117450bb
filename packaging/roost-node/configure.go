//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"roost/vault/node/private"
	"roost/vault/node/quiet"
)

// configure makes everything that is missing and applies the flags. What is there already stays: keys, certificate, data.
func (m machine) configure(flags options) error {
	if err := os.MkdirAll(m.etc, 0o755); err != nil {
		return fmt.Errorf("make the folder of the settings: %w", err)
	}
	release, err := m.lock()
	if err != nil {
		return err
	}
	defer release()
	s, err := m.settings()
	if errors.Is(err, fs.ErrNotExist) {
		s, err = defaults(), nil
	}
	if err == nil {
		err = s.change(flags)
	}
	if err == nil {
		err = m.networkFlags(&s, flags)
	}
	if err != nil {
		return err
	}
	if err := m.makeRepo(&s); err != nil {
		return fmt.Errorf("make the storage in %s: %w", s.Data, err)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := m.makeCertificate(s); err != nil {
		return fmt.Errorf("make the certificate: %w", err)
	}
	forced := ""
	if s.Network != nil {
		forced = private.Env + "\n"
	}
	if err := m.save(envFile, []byte(forced), s); err != nil {
		return fmt.Errorf("write Kubo's environment: %w", err)
	}
	if err := m.save(settingsFile, append(text, '\n'), s); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	keys, err := m.access()
	if err == nil && len(keys) == 0 {
		keys, err = []access{newAccess(owner, false)}, nil
	}
	if err == nil {
		err = m.apply(s, keys)
	}
	return err
}

// calls is what devices use of Kubo's RPC. For a key that may only add, adds says when: never, always, or under the
// condition of the Caddyfile's lines in when.
var calls = []struct {
	path string
	adds bool
	when string
}{
	{path: "id", adds: true},
	{path: "repo/stat", adds: true},
	{path: "repo/gc"},
	{path: "dag/import", adds: true},
	{path: "block/get", adds: true},
	{path: "block/stat", adds: true},
	{path: "pin/add", adds: true},
	{path: "pin/ls", adds: true},
	{path: "pin/rm"},
	// Without unpin=false, exactly so and once, it removes the old pin.
	{path: "pin/update", adds: true, when: query("("+plain+"&)?unpin=false(&"+plain+")?") + "\t\tnot vars_regexp {query} unpin=.*unpin=\n"},
	// With force it replaces what is there.
	{path: "files/cp", adds: true, when: query(plain) + "\t\tnot vars_regexp {query} force=[^f]\n"},
	{path: "files/ls", adds: true},
	{path: "files/rm"},
	// For a copy that storages make among themselves. Who may not delete may not bring strangers here either.
	{path: "swarm/connect"},
	{path: "swarm/peers"},
}

// plain is a query with nothing in it that Caddy and Kubo could read differently.
const plain = "([A-Za-z0-9=&._-]|%2F)*"

// query is Caddy's line for a query that is all of an expression. There can be one in a matcher: a second one would take
// the place of the first.
func query(expression string) string { return "\t\tvars_regexp {query} ^" + expression + "$\n" }

const rpcName = "roost" // of Kubo's only authorization: Caddy's

// makeRepo makes the repository when there is none, and its configuration quiet, but for the private network that it is in.
func (m machine) makeRepo(s *settings) error {
	uid, gid, err := s.ids()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Data, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"repo", "caddy"} {
		if err := os.MkdirAll(filepath.Join(s.Data, name), 0o700); err != nil {
			return err
		}
		if uid >= 0 {
			if err := os.Chown(filepath.Join(s.Data, name), uid, gid); err != nil {
				return err
			}
		}
	}
	repo := filepath.Join(s.Data, "repo")
	config := filepath.Join(repo, "config")
	made := false
	if _, err := os.Stat(filepath.Join(repo, "datastore_spec")); errors.Is(err, fs.ErrNotExist) {
		// A configuration without a datastore is what an interrupted start left: init refuses to go on from it.
		if err := os.Remove(config); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := kubo(repo, uid, gid, "init", "--empty-repo", "--profile=test,autoconf-off"); err != nil {
			return err
		}
		made = true
	} else if err != nil {
		return err
	}
	if s.Platform == "server" { // nothing is sent to private addresses, which providers punish
		if err := kubo(repo, uid, gid, "config", "profile", "apply", "server"); err != nil {
			return err
		}
	}
	if err := m.join(s); err != nil {
		return err
	}
	return quiet.Edit(config, func(c quiet.Settings) error {
		c.Quiet()
		if s.Network != nil {
			s.Network.Listen = s.Listen
			s.Network.Apply(c)
		}
		c.Set([]any{"/ip4/127.0.0.1/tcp/" + strconv.Itoa(s.RPC)}, "Addresses", "API")
		c.Set([]any{}, "Addresses", "Gateway") // raw blocks come from the address of the RPC
		if s.Limit > 0 {
			c.Set(strconv.FormatInt(s.Limit, 10)+"B", "Datastore", "StorageMax")
		} else if made {
			c.Set("", "Datastore", "StorageMax") // Kubo writes 10 GB, which nobody chose
		}
		if s.Platform == "pi" { // half of it is as fast on a small machine, and leaves it its memory
			c.Set(json.Number("8388608"), "Import", "BatchMaxSize")
		}
		var paths []any
		for _, call := range calls {
			paths = append(paths, "/api/v0/"+call.path)
		}
		secret := c.Text("API", "Authorizations", rpcName, "AuthSecret")
		if secret == "" {
			secret = "bearer:" + newToken()
		}
		// Only what is here, and Caddy alone knows the secret.
		c.Set(map[string]any{rpcName: map[string]any{"AuthSecret": secret, "AllowedPaths": paths}}, "API", "Authorizations")
		return nil
	})
}

// kubo runs the ipfs beside this program on a repository, as the user who owns it.
func kubo(repo string, uid, gid int, args ...string) error {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(self), "ipfs"), args...)
	cmd.Env = append(quiet.Env(os.Environ(), repo), "HOME="+repo, "XDG_CONFIG_HOME="+repo) // not root's
	cmd.Dir = "/"
	if uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ipfs %s: %w: %s", args[0], err, quiet.Reason(out))
	}
	return nil
}

const (
	certificateFile = "cert.pem"
	keyFile         = "key.pem"
)

// makeCertificate makes the machine's own when there is none. Devices know it by its fingerprint, so that neither its
// name nor its end matters to them; it is never changed, because then no code would fit any longer.
func (m machine) makeCertificate(s settings) error {
	_, certErr := os.Stat(m.path(certificateFile))
	_, keyErr := os.Stat(m.path(keyFile))
	if certErr == nil && keyErr == nil {
		return nil
	}
	if certErr == nil { // it is written last, so the key was there
		return fmt.Errorf("%s is missing; restore it, or remove %s to make both anew, which makes every code useless",
			m.path(keyFile), m.path(certificateFile))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	about := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "roost-node"},
		DNSNames:     []string{"roost-node"},
		NotBefore:    time.Now().AddDate(-1, 0, 0), // a Pi without a clock wakes up in the past
		NotAfter:     time.Now().AddDate(100, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := m.save(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), s); err != nil {
		return err
	}
	return m.save(certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), s)
}

func (m machine) fingerprint() (string, error) {
	data, err := os.ReadFile(m.path(certificateFile))
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return "", fmt.Errorf("%s holds no certificate", m.path(certificateFile))
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:]), nil
}
