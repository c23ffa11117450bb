// Package quiet edits the configuration of a Kubo repository into that of a node that keeps what it confirmed and tells
// nobody about it.
package quiet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Settings is Kubo's configuration file, "config" in its repository.
type Settings map[string]any

// Read reads a configuration.
func Read(file string) (Settings, error) {
	c, _, err := read(file)
	return c, err
}

func read(file string) (Settings, []byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var c Settings
	if err := dec.Decode(&c); err != nil || c == nil {
		return nil, nil, errors.New("not JSON") // the parser's text may quote a key
	}
	return c, data, nil
}

// Edit writes a configuration when change changes it, with the permissions and the owner that it has; at once or not at all.
func Edit(file string, change func(Settings) error) error {
	c, old, err := read(file)
	if err != nil {
		return err
	}
	if err := change(c); err != nil {
		return err
	}
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if bytes.Equal(data, old) {
		return nil
	}
	return replace(file, data)
}

func replace(file string, data []byte) error {
	was, err := os.Stat(file)
	if err != nil {
		return err
	}
	temp := file + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	if err := sameOwner(temp, was); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

// At returns the object at a path, making it when it is missing.
func (c Settings) At(keys ...string) Settings {
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

// Set writes the value at a path.
func (c Settings) Set(value any, keys ...string) {
	last := len(keys) - 1
	c.At(keys[:last]...)[keys[last]] = value
}

// Text returns the text at a path, "" where there is none.
func (c Settings) Text(keys ...string) string {
	last := len(keys) - 1
	text, _ := c.At(keys[:last]...)[keys[last]].(string)
	return text
}

// Quiet makes a node that talks to nobody of its own accord. Where its RPC listens, and to whom, is for the caller.
func (c Settings) Quiet() {
	// To who knows a block's name the gateway gives that block, which is sealed, as raw bytes and nothing else: no pages,
	// no names.
	c.Set(true, "Gateway", "NoFetch")
	c.Set(true, "Gateway", "NoDNSLink")
	c.Set(false, "Gateway", "DeserializedResponses")

	// Look for nobody, announce nothing, relay for nobody, report to nobody.
	c.Set([]any{"/ip4/127.0.0.1/tcp/0"}, "Addresses", "Swarm")
	c.Set([]any{}, "Bootstrap")
	c.Set([]any{}, "Peering", "Peers")
	c.Set(false, "Discovery", "MDNS", "Enabled")
	c.Set("none", "Routing", "Type")
	c.Set([]any{}, "Routing", "DelegatedRouters")
	c.Set([]any{}, "Ipns", "DelegatedPublishers")
	c.Set(map[string]any{}, "DNS", "Resolvers")
	c.Set(false, "Provide", "Enabled")
	c.Set(false, "HTTPRetrieval", "Enabled")
	c.Set(false, "AutoConf", "Enabled")
	c.Set(false, "AutoTLS", "Enabled")
	c.Set("disabled", "AutoNAT", "ServiceMode")
	c.Set(true, "Swarm", "DisableNatPortMap")
	c.Set(false, "Swarm", "EnableHolePunching")
	c.Set(false, "Swarm", "RelayClient", "Enabled")
	c.Set(false, "Swarm", "RelayService", "Enabled")
	c.Set(false, "Version", "SwarmCheckEnabled")
	c.Set("off", "Plugins", "Plugins", "telemetry", "Config", "Mode")

	// Many imports at once at a third of the memory, and twice as fast.
	c.Set(json.Number("16777216"), "Import", "BatchMaxSize")
	// A block that was confirmed survives a power cut, at half the speed.
	mounts, _ := c.At("Datastore", "Spec")["mounts"].([]any)
	for _, m := range mounts {
		if m, ok := m.(map[string]any); ok && m["type"] == "flatfs" {
			m["sync"] = true
		}
	}
}

// Env is the environment of a Kubo on a repository: base without what would change Kubo's ways.
func Env(base []string, repo string) []string {
	var env []string
	for _, v := range base {
		name := strings.ToUpper(v)
		if !strings.HasPrefix(name, "IPFS_") && !strings.HasPrefix(name, "LIBP2P_") && !strings.HasPrefix(name, "GOLOG_") {
			env = append(env, v)
		}
	}
	return append(env, "IPFS_PATH="+repo, "IPFS_TELEMETRY=off")
}

// Reason returns the line of Kubo's output that says why it failed, made fit for a message.
func Reason(out []byte) string {
	last := ""
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "Error:") || line != "" && !strings.HasPrefix(last, "Error:") {
			last = line
		}
	}
	const most = 300 // bytes
	if len(last) > most {
		last = last[:most] + "…"
	}
	return fmt.Sprintf("%q", last)
}
