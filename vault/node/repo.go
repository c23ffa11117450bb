package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// repo is a Kubo repository, an IPFS_PATH.
type repo string

func (r repo) configFile() string { return filepath.Join(string(r), "config") }

// apiFile is where a daemon writes its address when it is up. After a crash it is still there, and wrong.
func (r repo) apiFile() string { return filepath.Join(string(r), "api") }

// prepare makes the repository when there is none, and its configuration quiet.
func (r repo) prepare(ctx context.Context, binary string) error {
	if _, err := os.Stat(string(r)); errors.Is(err, fs.ErrNotExist) {
		// Made beside its place: a repository that is half there would never start.
		half := r + ".new"
		if err := os.RemoveAll(string(half)); err != nil {
			return fmt.Errorf("clear unfinished storage: %w", err)
		}
		if err := os.Mkdir(string(half), 0o700); err != nil {
			return fmt.Errorf("create storage: %w", err)
		}
		cmd := exec.CommandContext(ctx, binary, "init", "--empty-repo", "--profile=test,autoconf-off")
		cmd.Env = half.env()
		detach(cmd)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("create storage: %w: %s", err, quote(reason(out)))
		}
		if err := half.edit(func(c settings) error {
			c.set("", "Datastore", "StorageMax") // Kubo writes 10 GB, which nobody chose
			return c.quiet()
		}); err != nil {
			return err
		}
		if err := os.Rename(string(half), string(r)); err != nil {
			return fmt.Errorf("create storage: %w", err)
		}
	} else if err != nil {
		return fmt.Errorf("open storage: %w", err)
	}
	return r.edit(settings.quiet)
}

// env is our environment without what would change Kubo's ways.
func (r repo) env() []string {
	var env []string
	for _, v := range os.Environ() {
		name := strings.ToUpper(v)
		if !strings.HasPrefix(name, "IPFS_") && !strings.HasPrefix(name, "LIBP2P_") && !strings.HasPrefix(name, "GOLOG_") {
			env = append(env, v)
		}
	}
	return append(env, "IPFS_PATH="+string(r), "IPFS_TELEMETRY=off")
}

// settings is Kubo's configuration file.
type settings map[string]any

func (r repo) settings() (settings, []byte, error) {
	data, err := os.ReadFile(r.configFile())
	if err != nil {
		return nil, nil, fmt.Errorf("read storage configuration: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var c settings
	if err := dec.Decode(&c); err != nil || c == nil {
		return nil, nil, fmt.Errorf("read storage configuration: not JSON") // the parser's text may quote a key
	}
	return c, data, nil
}

// edit writes the configuration when change changes it.
func (r repo) edit(change func(settings) error) error {
	c, old, err := r.settings()
	if err != nil {
		return err
	}
	if err := change(c); err != nil {
		return err
	}
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write storage configuration: %w", err)
	}
	if bytes.Equal(data, old) {
		return nil
	}
	temp := r.configFile() + ".new"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return fmt.Errorf("write storage configuration: %w", err)
	}
	if err := os.Rename(temp, r.configFile()); err != nil {
		return fmt.Errorf("write storage configuration: %w", err)
	}
	return nil
}

// at returns the object at a path, making it when it is missing.
func (c settings) at(keys ...string) settings {
	at := c
	for _, key := range keys {
		next, ok := at[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[key] = next
		}
		at = next
	}
	return at
}

func (c settings) set(value any, keys ...string) {
	last := len(keys) - 1
	c.at(keys[:last]...)[keys[last]] = value
}

// quiet makes a node that serves this computer alone, tells nobody what it has, and keeps what it confirmed.
func (c settings) quiet() error {
	// Listen on this computer only, on whatever port is free. The gateway has no address of its own, see spawn; to who
	// knows a block's name it gives that block, which is sealed, as raw bytes and nothing else: no pages, no names.
	c.set([]any{"/ip4/127.0.0.1/tcp/0"}, "Addresses", "API")
	c.set([]any{}, "Addresses", "Gateway")
	c.set([]any{"/ip4/127.0.0.1/tcp/0"}, "Addresses", "Swarm")
	c.set(true, "Gateway", "NoFetch")
	c.set(true, "Gateway", "NoDNSLink")
	c.set(false, "Gateway", "DeserializedResponses")

	// Look for nobody, announce nothing, relay for nobody, report to nobody.
	c.set([]any{}, "Bootstrap")
	c.set([]any{}, "Peering", "Peers")
	c.set(false, "Discovery", "MDNS", "Enabled")
	c.set("none", "Routing", "Type")
	c.set([]any{}, "Routing", "DelegatedRouters")
	c.set([]any{}, "Ipns", "DelegatedPublishers")
	c.set(map[string]any{}, "DNS", "Resolvers")
	c.set(false, "Provide", "Enabled")
	c.set(false, "HTTPRetrieval", "Enabled")
	c.set(false, "AutoConf", "Enabled")
	c.set(false, "AutoTLS", "Enabled")
	c.set("disabled", "AutoNAT", "ServiceMode")
	c.set(true, "Swarm", "DisableNatPortMap")
	c.set(false, "Swarm", "EnableHolePunching")
	c.set(false, "Swarm", "RelayClient", "Enabled")
	c.set(false, "Swarm", "RelayService", "Enabled")
	c.set(false, "Version", "SwarmCheckEnabled")
	c.set("off", "Plugins", "Plugins", "telemetry", "Config", "Mode")

	// Many imports at once at a third of the memory, and twice as fast.
	c.set(json.Number("16777216"), "Import", "BatchMaxSize")
	// A block that was confirmed survives a power cut, at half the speed.
	mounts, _ := c.at("Datastore", "Spec")["mounts"].([]any)
	for _, m := range mounts {
		if m, ok := m.(map[string]any); ok && m["type"] == "flatfs" {
			m["sync"] = true
		}
	}

	door := c.at("API", "Authorizations", "roost")
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
	c, _, err := r.settings()
	if err != nil {
		return "", "", err
	}
	token, _ = c.at("API", "Authorizations", "roost")["AuthSecret"].(string)
	peerID, _ = c.at("Identity")["PeerID"].(string)
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

// reason returns the line of a program's output that says why it failed.
func reason(out []byte) string {
	last := ""
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "Error:") || line != "" && !strings.HasPrefix(last, "Error:") {
			last = line
		}
	}
	return last
}
