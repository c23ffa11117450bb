package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"roost/vault/node/private"
	"roost/vault/node/quiet"
)

// repo is a Kubo repository, an IPFS_PATH.
type repo string

func (r repo) configFile() string { return filepath.Join(string(r), "config") }

// apiFile is where a daemon writes its address when it is up. After a crash it is still there, and wrong.
func (r repo) apiFile() string { return filepath.Join(string(r), "api") }

// unfinished begins the names of repositories that are being made beside their place: one that is half there would never
// start.
func (r repo) unfinished() string { return string(r) + ".new" }

// sweep removes what a Roost left that was killed while it made the repository. The Kubo that it had started for this may
// still be at it; then the rest is removed the next time.
func (r repo) sweep() error {
	dir := filepath.Dir(string(r))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for unfinished storages: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !strings.HasPrefix(path, r.unfinished()) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			slog.Info("An unfinished storage stays for now.", "error", err)
		}
	}
	return nil
}

// prepare makes the repository when there is none, and its configuration quiet.
func (r repo) prepare(ctx context.Context, binary string) error {
	if err := r.sweep(); err != nil {
		return err
	}
	if _, err := os.Stat(string(r)); errors.Is(err, fs.ErrNotExist) {
		dir, err := os.MkdirTemp(filepath.Dir(string(r)), filepath.Base(r.unfinished())+"-")
		if err != nil {
			return fmt.Errorf("create storage: %w", err)
		}
		half := repo(dir)
		cmd := exec.CommandContext(ctx, binary, "init", "--empty-repo", "--profile=test,autoconf-off")
		cmd.Env = half.env()
		detach(cmd)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("create storage: %w: %s", err, quiet.Reason(out))
		}
		if err := half.edit(func(c quiet.Settings) error {
			c.Set("", "Datastore", "StorageMax") // Kubo writes 10 GB, which nobody chose
			return half.own(c)
		}); err != nil {
			return err
		}
		if err := os.Rename(string(half), string(r)); err != nil {
			return fmt.Errorf("create storage: %w", err)
		}
	} else if err != nil {
		return fmt.Errorf("open storage: %w", err)
	}
	return r.edit(r.own)
}

// env is our environment without what would change Kubo's ways. A member of a private network runs in none but that.
func (r repo) env() []string {
	env := quiet.Env(os.Environ(), string(r))
	if _, err := os.Stat(r.networkFile()); !errors.Is(err, fs.ErrNotExist) {
		env = append(env, private.Env)
	}
	return env
}

// settings is Kubo's configuration file, as package quiet makes it.
func (r repo) settings() (quiet.Settings, error) {
	c, err := quiet.Read(r.configFile())
	if err != nil {
		return nil, fmt.Errorf("read storage configuration: %w", err)
	}
	return c, nil
}

// edit writes the configuration when change changes it.
func (r repo) edit(change func(quiet.Settings) error) error {
	if err := quiet.Edit(r.configFile(), change); err != nil {
		return fmt.Errorf("write storage configuration: %w", err)
	}
	return nil
}

// own makes a quiet node that serves this computer alone, and the members of its private network where it is in one.
func (r repo) own(c quiet.Settings) error {
	c.Quiet()
	n, err := r.network()
	if err != nil {
		return err
	}
	if n != nil {
		n.Apply(c)
	}
	// Listen on this computer only, on whatever port is free. The gateway has no address of its own, see spawn.
	c.Set([]any{"/ip4/127.0.0.1/tcp/0"}, "Addresses", "API")
	c.Set([]any{}, "Addresses", "Gateway")

	door := c.At("API", "Authorizations", "roost")
	door["AllowedPaths"] = []any{"/api/v0"}
	if secret, _ := door["AuthSecret"].(string); len(secret) < 64 {
		random := make([]byte, 32)
		if _, err := rand.Read(random); err != nil {
			return fmt.Errorf("make token: %w", err)
		}
		door["AuthSecret"] = "bearer:" + hex.EncodeToString(random)
	}
	return nil
}

// identity returns the token of the RPC, as Options take it, and the peer id.
func (r repo) identity() (token, peerID string, err error) {
	c, err := r.settings()
	if err != nil {
		return "", "", err
	}
	token, _ = c.At("API", "Authorizations", "roost")["AuthSecret"].(string)
	peerID, _ = c.At("Identity")["PeerID"].(string)
	if token == "" || peerID == "" {
		return "", "", fmt.Errorf("read storage configuration: no token or identity")
	}
	return token, peerID, nil
}

// address returns the host:port that a daemon wrote last.
func (r repo) address() (string, error) {
	text, err := os.ReadFile(r.apiFile())
	if err != nil {
		return "", fmt.Errorf("read storage address: %w", err)
	}
	parts := strings.Split(strings.TrimSpace(string(text)), "/") // /ip4/127.0.0.1/tcp/5001
	if len(parts) != 5 || parts[1] != "ip4" || parts[3] != "tcp" {
		return "", fmt.Errorf("read storage address: not of the form /ip4/ADDRESS/tcp/PORT")
	}
	addr, err := netip.ParseAddrPort(parts[2] + ":" + parts[4])
	if err != nil || !addr.Addr().IsLoopback() {
		return "", fmt.Errorf("read storage address: not on this computer")
	}
	return addr.String(), nil
}
