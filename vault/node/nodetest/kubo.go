package nodetest

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

// Daemon is a real Kubo on this computer, quiet and without durable writes, whose repository lives as long as its test.
type Daemon struct {
	URL   string // changes when the daemon is started again
	Token string // as node.Options takes it
	Repo  string // IPFS_PATH

	binary string
	cmd    *exec.Cmd
	log    *os.File
}

// Config is Kubo's configuration file.
type Config map[string]any

// Set sets the value at a dotted path, "Datastore.StorageMax".
func (c Config) Set(dotted string, value any) {
	at := map[string]any(c)
	keys := strings.Split(dotted, ".")
	for _, key := range keys[:len(keys)-1] {
		next, ok := at[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[key] = next
		}
		at = next
	}
	at[keys[len(keys)-1]] = value
}

// Allow limits the token to API paths: "/api/v0/block/get". Kubo matches them as prefixes.
func (c Config) Allow(paths ...string) {
	c.Set("API.Authorizations.roost.AllowedPaths", paths)
}

// StartKubo starts a Kubo with an empty repository and waits until it answers; change may edit its configuration.
// Without a Kubo program the test fails. The daemon is stopped when the test ends.
func StartKubo(t testing.TB, change ...func(Config)) *Daemon {
	t.Helper()
	return StartKuboIn(t, filepath.Join(t.TempDir(), "ipfs"), change...)
}

// StartKuboIn is StartKubo with the repository at a place of the caller's.
func StartKuboIn(t testing.TB, repo string, change ...func(Config)) *Daemon {
	t.Helper()
	d := &Daemon{Token: "bearer:token-of-a-test", Repo: repo, binary: Binary(t)}
	d.Run(t, "init", "--empty-repo", "--profile=test,autoconf-off")
	d.Change(t, func(c Config) {
		c.Set("Addresses.Gateway", []string{})
		c.Set("API.Authorizations.roost", map[string]any{"AuthSecret": d.Token, "AllowedPaths": []string{"/api/v0"}})
		c.Set("Routing.Type", "none")
		c.Set("Provide.Enabled", false)
		c.Set("HTTPRetrieval.Enabled", false)
		c.Set("Swarm.RelayClient.Enabled", false)
		c.Set("Swarm.EnableHolePunching", false)
		c.Set("Plugins.Plugins.telemetry.Config.Mode", "off")
		c.Set("Import.BatchMaxSize", 16<<20)
		for _, f := range change {
			f(c)
		}
	})
	d.Start(t)
	t.Cleanup(func() { d.Stop(t) })
	return d
}

// Binary finds the Kubo program: ROOST_IPFS, bin/ipfs in a folder above the test's, or ipfs in PATH.
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("ROOST_IPFS"); path != "" {
		return path
	}
	name := "ipfs"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "bin", name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal("these tests run against a real Kubo: set ROOST_IPFS, or put ipfs into bin/ or PATH")
	}
	return path
}

// Node returns a client with the daemon's token. It stops working when the daemon is started again.
func (d *Daemon) Node(t testing.TB) *node.Kubo {
	t.Helper()
	k, err := node.Dial(node.Options{URL: d.URL, Token: d.Token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// Change edits the configuration; a running daemon reads it when it is started again.
func (d *Daemon) Change(t testing.TB, change func(Config)) {
	t.Helper()
	path := filepath.Join(d.Repo, "config")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c Config
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	change(c)
	if data, err = json.MarshalIndent(c, "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Run runs an ipfs command on the repository, over the daemon when there is one, and returns its output.
func (d *Daemon) Run(t testing.TB, args ...string) string {
	t.Helper()
	if d.cmd != nil {
		args = append([]string{"--api-auth", d.Token}, args...)
	}
	cmd := exec.Command(d.binary, args...)
	cmd.Env = d.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ipfs %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (d *Daemon) env() []string {
	return append(os.Environ(), "IPFS_PATH="+d.Repo, "IPFS_TELEMETRY=off")
}

// PID returns the daemon's process id; 0 when it does not run.
func (d *Daemon) PID() int {
	if d.cmd == nil {
		return 0
	}
	return d.cmd.Process.Pid
}

// Start starts a stopped daemon. Its URL is a new one.
func (d *Daemon) Start(t testing.TB) {
	t.Helper()
	api := filepath.Join(d.Repo, "api")
	if err := os.Remove(api); err != nil && !os.IsNotExist(err) { // after a kill
		t.Fatal(err)
	}
	log, err := os.Create(d.Repo + ".log")
	if err != nil {
		t.Fatal(err)
	}
	d.log = log
	d.cmd = exec.Command(d.binary, "daemon", "--migrate=true", "--enable-gc=false")
	d.cmd.Env, d.cmd.Stdout, d.cmd.Stderr = d.env(), log, log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		addr, err := os.ReadFile(api)
		if err != nil {
			continue
		}
		parts := strings.Split(strings.TrimSpace(string(addr)), "/") // /ip4/127.0.0.1/tcp/PORT
		if len(parts) != 5 {
			continue
		}
		d.URL = "http://" + parts[2] + ":" + parts[4]
		k, err := node.Dial(node.Options{URL: d.URL, Token: d.Token})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_, err = k.Usage(ctx)
		cancel()
		k.Close()
		if err == nil {
			return
		}
		text, _ := os.ReadFile(log.Name())
		if !strings.Contains(string(text), "Daemon is ready") {
			continue
		}
		return // up, with a token that may not ask for the space
	}
	text, _ := os.ReadFile(log.Name())
	d.Kill(t)
	t.Fatalf("Kubo did not start:\n%s", text)
}

// Stop ends the daemon as a service manager does.
func (d *Daemon) Stop(t testing.TB) {
	t.Helper()
	if d.cmd == nil {
		return
	}
	if runtime.GOOS != "windows" {
		if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		timer := time.AfterFunc(10*time.Second, func() { d.cmd.Process.Kill() })
		defer timer.Stop()
	} else if err := d.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	d.gone()
}

// Kill ends the daemon as a power cut does, as far as a process can feel one.
func (d *Daemon) Kill(t testing.TB) {
	t.Helper()
	if d.cmd == nil {
		return
	}
	if err := d.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	d.gone()
}

func (d *Daemon) gone() {
	d.cmd.Wait() // its status says how it was ended, which we did
	d.log.Close()
	d.cmd = nil
}

// LoseBlock removes the file of a block, pinned or not, as a failing disk would.
func (d *Daemon) LoseBlock(t testing.TB, c cid.Cid) {
	t.Helper()
	if err := os.Remove(d.blockFile(c)); err != nil {
		t.Fatal(err)
	}
}

// DamageBlock flips a bit in the file of a block.
func (d *Daemon) DamageBlock(t testing.TB, c cid.Cid) {
	t.Helper()
	data, err := os.ReadFile(d.blockFile(c))
	if err != nil || len(data) == 0 {
		t.Fatalf("block of %d bytes: %v", len(data), err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(d.blockFile(c), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// blockFile is where flatfs keeps a block: base32 of the multihash, sharded by its last letters but one.
func (d *Daemon) blockFile(c cid.Cid) string {
	key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(c.Hash())
	return filepath.Join(d.Repo, "blocks", key[len(key)-3:len(key)-1], key+".data")
}
