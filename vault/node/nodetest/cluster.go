package nodetest

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"roost/vault/node"
)

// Member is a real ipfs-cluster-service beside a real Kubo on this computer, one of a cluster without a leader (CRDT).
type Member struct {
	Kubo *Daemon
	API  string // URL of its REST API
	Dir  string // of its settings
	User string // whom its API lets in, "USER:PASSWORD": as its settings have it

	name, listen, first string
	port                string // of Kubo's RPC
	cmd                 *exec.Cmd
	log                 *os.File
}

// StartMember starts a member of its own cluster, or of an earlier member's.
func StartMember(t testing.TB, name string, of *Member) *Member {
	t.Helper()
	m := &Member{
		API: "http://127.0.0.1:" + freePort(t), Dir: filepath.Join(t.TempDir(), "cluster"), User: "roost:cluster-of-a-test",
		name: name, listen: "/ip4/127.0.0.1/tcp/" + freePort(t),
	}
	// Cluster shows its Kubo no token, and finds it at the same address when it was started again.
	m.port = freePort(t)
	m.Kubo = StartKubo(t, func(c Config) {
		c.Set("API.Authorizations", map[string]any{})
		c.Set("Addresses.API", []string{"/ip4/127.0.0.1/tcp/" + m.port})
	})
	if of != nil {
		m.first = of.listen + "/p2p/" + of.id(t)
	}
	m.run(t, "init", "--consensus", "crdt")
	m.Start(t)
	t.Cleanup(func() { m.Stop(t) })
	return m
}

// freePort is one that nothing listens at for now.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (m *Member) env() []string {
	api := strings.TrimPrefix(m.API, "http://127.0.0.1:")
	return append(
		os.Environ(),
		"IPFS_CLUSTER_PATH="+m.Dir, "CLUSTER_SECRET="+strings.Repeat("07", 32), "CLUSTER_PEERNAME="+m.name,
		"CLUSTER_LISTENMULTIADDRESS="+m.listen, "CLUSTER_RESTAPI_HTTPLISTENMULTIADDRESS=/ip4/127.0.0.1/tcp/"+api,
		"CLUSTER_IPFSHTTP_NODEMULTIADDRESS=/ip4/127.0.0.1/tcp/"+m.port,
		"CLUSTER_PINSVCAPI_HTTPLISTENMULTIADDRESS=/ip4/127.0.0.1/tcp/0", "CLUSTER_IPFSPROXY_LISTENMULTIADDRESS=/ip4/127.0.0.1/tcp/0",
		"CLUSTER_IPFSHTTP_CONNECTSWARMSDELAY=3s", "CLUSTER_MDNSINTERVAL=0", "CLUSTER_MONITORPINGINTERVAL=1s",
		"CLUSTER_PUBSUBMON_CHECKINTERVAL=1s", "CLUSTER_DISK_METRICTTL=5s", "CLUSTER_TAGS_METRICTTL=5s", "CLUSTER_PINRECOVERINTERVAL=3s",
		"CLUSTER_STATESYNCINTERVAL=3s", "CLUSTER_PEERWATCHINTERVAL=1s", "CLUSTER_CRDT_REBROADCASTINTERVAL=1s",
		"CLUSTER_CRDT_TRUSTEDPEERS=*",
	)
}

// ClusterBinary finds ipfs-cluster-service: ROOST_CLUSTER, or bin/ipfs-cluster-service in a folder above the test's.
func ClusterBinary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("ROOST_CLUSTER"); path != "" {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "bin", "ipfs-cluster-service")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	t.Fatal("this test runs against a real IPFS Cluster: make bin/ipfs-cluster-service, or set ROOST_CLUSTER")
	return ""
}

func (m *Member) run(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command(ClusterBinary(t), args...)
	cmd.Env = append(m.env(), "CLUSTER_RESTAPI_BASICAUTHCREDENTIALS="+m.User) // into its settings
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ipfs-cluster-service %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// id is the member's in the cluster.
func (m *Member) id(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.Dir, "identity.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(data, []byte(`"id": "`))
	id, _, found := bytes.Cut(rest, []byte(`"`))
	if !found {
		t.Fatal("the member has no id")
	}
	return string(id)
}

// Start starts a stopped member, and its Kubo where that is stopped.
func (m *Member) Start(t testing.TB) {
	t.Helper()
	if m.Kubo.PID() == 0 {
		m.Kubo.Start(t)
	}
	log, err := os.OpenFile(m.Dir+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"daemon"}
	if m.first != "" {
		args = append(args, "--bootstrap", m.first)
	}
	m.log, m.cmd = log, exec.Command(ClusterBinary(t), args...)
	m.cmd.Env, m.cmd.Stdout, m.cmd.Stderr = m.env(), log, log
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.API+"/id", nil)
		if err != nil {
			t.Fatal(err)
		}
		user, password, _ := strings.Cut(m.User, ":")
		req.SetBasicAuth(user, password)
		resp, err := http.DefaultClient.Do(req)
		cancel()
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
	text, _ := os.ReadFile(log.Name())
	m.Stop(t)
	t.Fatalf("the cluster's member did not start:\n%s", text)
}

// Stop ends the member and its Kubo, as a machine that is switched off.
func (m *Member) Stop(t testing.TB) {
	t.Helper()
	if m.cmd != nil {
		if err := m.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		timer := time.AfterFunc(20*time.Second, func() { m.cmd.Process.Kill() })
		m.cmd.Wait() // its status says how it was ended, which we did
		timer.Stop()
		m.log.Close()
		m.cmd = nil
	}
	m.Kubo.Stop(t)
}

// Kill ends the member and its Kubo at once, as a power cut does.
func (m *Member) Kill(t testing.TB) {
	t.Helper()
	if m.cmd != nil {
		if err := m.cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		m.cmd.Wait() // its status says how it was ended, which we did
		m.log.Close()
		m.cmd = nil
	}
	m.Kubo.Kill(t)
}

// Token is what the member's API asks for, as node.ClusterOptions take it.
func (m *Member) Token() string { return "basic:" + m.User }

// Node returns a client of the member's Kubo and of the cluster. Copies is as node.ClusterOptions has it.
func (m *Member) Node(t testing.TB, copies int) *node.Cluster {
	t.Helper()
	k, err := node.Dial(node.Options{URL: m.Kubo.URL})
	if err != nil {
		t.Fatal(err)
	}
	c, err := node.DialCluster(k, node.ClusterOptions{URL: m.API, Token: m.Token(), Copies: copies})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
