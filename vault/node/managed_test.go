package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// TestMain lets this program also be a Roost that supervises a node until it is killed, or its input ends.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	dir := os.Getenv("TEST_SUPERVISE")
	if dir == "" {
		os.Exit(m.Run())
	}
	n, err := node.StartManaged(context.Background(), node.ManagedOptions{Dir: dir, Binary: os.Getenv("TEST_BINARY")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(n.URL())
	io.Copy(io.Discard, os.Stdin)
	if err := n.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func startManaged(t *testing.T, dir string) *node.Managed {
	t.Helper()
	m, err := node.StartManaged(t.Context(), node.ManagedOptions{Dir: dir, Binary: nodetest.Binary(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// listens says whether anything answers at a URL.
func listens(url string) bool {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func has(t *testing.T, k *node.Kubo, b node.Block) {
	t.Helper()
	if got, err := k.Get(t.Context(), b.CID); err != nil || !bytes.Equal(got, b.Data) {
		t.Fatalf("the block came back as %d bytes, %v", len(got), err)
	}
}

func TestManagedNodeIsQuietPrivateAndDurable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "storage")
	m := startManaged(t, dir)
	b := nodetest.Raw([]byte("kept"))
	if err := m.Node().Import(t.Context(), b.CID, []node.Block{b}); err != nil {
		t.Fatal(err)
	}
	if u, err := m.Node().Usage(t.Context()); err != nil || u.StorageMax != 0 {
		t.Errorf("a limit that nobody chose: %+v, %v", u, err)
	}

	stranger := dial(t, node.Options{URL: m.URL()})
	if _, err := stranger.Info(t.Context()); !errors.Is(err, node.ErrUnauthorized) {
		t.Errorf("without the token: %v, want ErrUnauthorized", err)
	}
	friend := dial(t, node.Options{URL: m.URL(), Token: m.Token()})
	info, err := friend.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	data, err := os.ReadFile(filepath.Join(dir, "repo", "config"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Identity  struct{ PeerID string }
		Addresses struct{ API, Gateway, Swarm any }
		Bootstrap []string
		Routing   struct{ Type string }
		Provide   struct{ Enabled bool }
		Datastore struct {
			Spec struct {
				Mounts []struct {
					Type string
					Sync bool
				}
			}
		}
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	if config.Identity.PeerID != info.PeerID || len(config.Bootstrap) != 0 || config.Routing.Type != "none" || config.Provide.Enabled ||
		!config.Datastore.Spec.Mounts[0].Sync || len(config.Addresses.Gateway.([]any)) != 0 {
		t.Errorf("the configuration is not quiet: %+v", config)
	}
	for path, mode := range map[string]os.FileMode{
		"": 0o700, "repo": 0o700, "repo/config": 0o600, "kubo.log": 0o600, "supervisor.lock": 0o600, "started": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%q: %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "kubo.log"))
	if err != nil || !bytes.Contains(log, []byte("Daemon is ready")) || bytes.Contains(log, []byte(strings.TrimPrefix(m.Token(), "bearer:"))) {
		t.Errorf("the log misses the start or holds the token (%v)", err)
	}

	url, token := m.URL(), m.Token()
	for range 2 {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if listens(url) || m.URL() != "" {
		t.Error("the daemon still runs after Close")
	}
	if _, err := m.Node().Info(t.Context()); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("after Close: %v, want ErrUnreachable", err)
	}
	again := startManaged(t, dir)
	if again.Token() != token {
		t.Error("the token changed")
	}
	has(t, again.Node(), b)
	if after, err := os.ReadFile(filepath.Join(dir, "repo", "config")); err != nil || !bytes.Equal(after, data) {
		t.Errorf("the second start changed the configuration (%v)", err)
	}
}

// Whatever the configuration says, nothing may listen beyond this computer.
func TestManagedNodeLeavesARepositoryOfANewerKuboAlone(t *testing.T) {
	dir := t.TempDir()
	m := startManaged(t, dir)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	version := filepath.Join(dir, "repo", "version")
	if err := os.WriteFile(version, []byte("999\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := node.StartManaged(t.Context(), node.ManagedOptions{Dir: dir, Binary: nodetest.Binary(t)}); !errors.Is(err, node.ErrRepoNewer) {
		t.Errorf("a repository of form 999 was started: %v", err)
	}
}

func TestManagedNodeListensOnThisComputerAlone(t *testing.T) {
	m := startManaged(t, t.TempDir())
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(m.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if ip := a.(*net.IPNet).IP; !ip.IsLoopback() && listens("http://"+net.JoinHostPort(ip.String(), port)) {
			t.Errorf("the RPC answers at %s", ip)
		}
	}
	log, err := os.ReadFile(filepath.Join(filepath.Dir(node.StartedBy(m)), "kubo.log"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "listening on") && !strings.Contains(line, "127.0.0.1") || strings.Contains(line, "Gateway server") {
			t.Errorf("the daemon says: %s", line)
		}
	}
}

func TestManagedNodeComesBackAfterACrash(t *testing.T) {
	m := startManaged(t, t.TempDir())
	b := nodetest.Raw([]byte("kept"))
	if err := m.Node().Put(t.Context(), []node.Block{b}); err != nil {
		t.Fatal(err)
	}
	before := m.URL()
	if err := node.Crash(m); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return m.URL() != "" && m.URL() != before })
	has(t, m.Node(), b) // by the same client
}

// TestStorageOutlivesWhoStartedItWhileSomebodyElseUsesIt: a verb that starts the storage and a Roost that keeps on running
// meet; when the verb ends, the storage goes on for the other, which looks after it from then on.
func TestStorageOutlivesWhoStartedItWhileSomebodyElseUsesIt(t *testing.T) {
	dir := t.TempDir()
	cmd, in, url := supervisor(t, dir)
	m := startManaged(t, dir) // stands by
	b := nodetest.Raw([]byte("kept"))
	if err := m.Node().Put(t.Context(), []node.Block{b}); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil { // which ends the supervisor in order
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	has(t, m.Node(), b)
	if m.URL() != url {
		t.Errorf("the storage was at %s, now it is at %s", url, m.URL())
	}
	waitFor(t, func() bool { return node.Supervises(m) })
	has(t, m.Node(), b)
}

// TestLastOneToEndStopsTheStorage: also when it ends before it has noticed that it is the last.
func TestLastOneToEndStopsTheStorage(t *testing.T) {
	dir := t.TempDir()
	cmd, in, url := supervisor(t, dir)
	m := startManaged(t, dir)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err == nil {
		conn.Close()
		t.Error("the storage runs although nobody uses it")
	}
}

// waitFor waits for a process outside of our reach.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// supervisor starts another Roost process on dir and returns it with its node's URL.
func supervisor(t *testing.T, dir string) (*exec.Cmd, io.Closer, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_SUPERVISE="+dir, "TEST_BINARY="+nodetest.Binary(t))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	buf := make([]byte, 100)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return cmd, in, strings.TrimSpace(string(buf[:n]))
}

func TestOrphanOfAKilledRoostIsAdoptedAndStopped(t *testing.T) {
	dir := t.TempDir()
	cmd, _, url := supervisor(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if !listens(url) {
		t.Fatal("the daemon died with its supervisor")
	}
	m := startManaged(t, dir)
	if m.URL() != url {
		t.Errorf("the orphan at %s was not adopted; the node is at %s", url, m.URL())
	}
	if _, err := m.Node().Info(t.Context()); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if listens(url) {
		t.Error("the orphan still runs after Close")
	}
}

// TestOrphanOfARoostThatWasKilledWhileItStartedItIsStopped: nobody had written down yet where it is.
func TestOrphanOfARoostThatWasKilledWhileItStartedItIsStopped(t *testing.T) {
	dir := t.TempDir()
	cmd, _, url := supervisor(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if err := os.Truncate(filepath.Join(dir, "started"), 0); err != nil {
		t.Fatal(err)
	}
	if err := startManaged(t, dir).Close(); err != nil {
		t.Error(err)
	}
	if listens(url) {
		t.Error("the orphan still runs after Close")
	}
}

func TestSecondRoostSharesTheDaemonAndLeavesIt(t *testing.T) {
	dir := t.TempDir()
	cmd, in, url := supervisor(t, dir)
	m := startManaged(t, dir)
	if m.URL() != url {
		t.Errorf("a second daemon runs at %s beside %s", m.URL(), url)
	}
	if _, err := m.Node().Info(t.Context()); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if !listens(url) {
		t.Error("the second Roost stopped the daemon of the first")
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if listens(url) {
		t.Error("the first Roost left its daemon")
	}
}

func TestDaemonThatSomebodyElseStartedIsUsedAndLeft(t *testing.T) {
	dir := t.TempDir()
	if err := startManaged(t, dir).Close(); err != nil { // makes the repository
		t.Fatal(err)
	}
	cmd := exec.Command(nodetest.Binary(t), "daemon")
	cmd.Env = append(os.Environ(), "IPFS_PATH="+filepath.Join(dir, "repo"), "IPFS_TELEMETRY=off")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	waitFor(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "repo", "api"))
		return err == nil
	})
	m := startManaged(t, dir)
	url := m.URL()
	if _, err := m.Node().Info(t.Context()); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if !listens(url) {
		t.Error("Close stopped a daemon that Roost did not start")
	}
}

func TestUnfinishedRepositoryIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"repo.new", "repo.new-1"} { // what crashes during the first start leave
		half := filepath.Join(dir, name)
		if err := os.MkdirAll(half, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(half, "config"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := startManaged(t, dir).Node().Info(t.Context()); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "repo.*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q is left, %v", left, err)
	}
}

func TestStartThatFailsSaysWhyAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := startManaged(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	version := filepath.Join(dir, "repo", "version")
	if err := os.WriteFile(version, []byte("999\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := node.StartManaged(t.Context(), node.ManagedOptions{Dir: dir, Binary: nodetest.Binary(t)})
	if !errors.Is(err, node.ErrRepoNewer) {
		t.Errorf("a repository of the future: %v", err)
	}
	if err := os.WriteFile(version, []byte("18\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startManaged(t, dir) // the lock is free
}

// TestAStartThatTakesTooLongIsSaidLikeAnyStorageThatDoes: a computer that has much else to do is no bug of ours.
func TestAStartThatTakesTooLongIsSaidLikeAnyStorageThatDoes(t *testing.T) {
	dir := t.TempDir()
	if err := startManaged(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for ctx, want := range map[context.Context]error{late: node.ErrTimeout, stopped: context.Canceled} {
		m, err := node.StartManaged(ctx, node.ManagedOptions{Dir: dir, Binary: nodetest.Binary(t)})
		if err == nil {
			m.Close()
		}
		if !errors.Is(err, want) || errors.Is(err, node.ErrTimeout) != errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ends with %v, want %v", err, want)
		}
	}
	startManaged(t, dir) // nothing of it is left
}

func TestMissingBinaryIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("ROOST_IPFS", "")
	if _, err := node.FindBinary(); !errors.Is(err, node.ErrNoBinary) {
		t.Errorf("nothing in PATH: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "ipfs")
	t.Setenv("ROOST_IPFS", missing)
	if _, err := node.FindBinary(); !errors.Is(err, node.ErrNoBinary) || !strings.Contains(err.Error(), missing) {
		t.Errorf("ROOST_IPFS names nothing: %v", err)
	}
	if _, err := node.StartManaged(t.Context(), node.ManagedOptions{Dir: t.TempDir()}); !errors.Is(err, node.ErrNoBinary) {
		t.Errorf("StartManaged: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ROOST_IPFS", self)
	if path, err := node.FindBinary(); err != nil || path != self {
		t.Errorf("ROOST_IPFS names %s: got %s, %v", self, path, err)
	}
}
