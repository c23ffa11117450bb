package node_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
	"roost/vault/node/private"
)

// freePort is one that nothing listens at for now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// rpc asks a Kubo something that a storage is never asked.
func rpc(t *testing.T, base, token, command string, args ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v0/"+command+"?"+url.Values{"arg": args}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(token, "bearer:"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// awaitPeer waits until a node is connected to a peer.
func awaitPeer(t *testing.T, m *node.Managed, peer string) {
	t.Helper()
	answer := ""
	for range 3000 {
		if _, answer = rpc(t, m.URL(), m.Token(), "swarm/peers"); strings.Contains(answer, peer) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the two members do not find each other: %s", answer)
}

func peerOf(t *testing.T, k *node.Kubo) string {
	t.Helper()
	info, err := k.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.PeerID
}

// Members of a private network find each other by themselves and pass blocks on. Who has no key, or another one, cannot even
// connect; and a member whose key is lost does not run at all rather than in the open.
func TestNobodyEntersAPrivateNetworkWithoutItsKey(t *testing.T) {
	dirA, dirB := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	a, b := startManaged(t, dirA), startManaged(t, dirB)
	key := private.NewKey()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := a.JoinNetwork(t.Context(), private.Network{Port: taken.Addr().(*net.TCPAddr).Port, Listen: "127.0.0.1"}, key); !errors.Is(err, node.ErrPortTaken) {
		t.Errorf("a port that is taken: %v", err)
	}
	if n, _, _, err := a.Network(); n != nil || err != nil {
		t.Fatalf("it is in a network: %+v, %v", n, err)
	}
	if err := a.JoinNetwork(t.Context(), private.Network{Port: freePort(t), Listen: "127.0.0.1"}, key); err != nil {
		t.Fatal(err)
	}
	_, got, own, err := a.Network()
	if err != nil || got != key || len(own) != 1 {
		t.Fatalf("%v, %v", own, err)
	}
	if err := b.JoinNetwork(t.Context(), private.Network{Port: freePort(t), Listen: "127.0.0.1", Members: own}, key); err != nil {
		t.Fatal(err)
	}
	peerA := peerOf(t, a.Node())
	awaitPeer(t, b, peerA)

	block := nodetest.Raw([]byte("for the family"))
	if err := a.Node().Import(t.Context(), block.CID, []node.Block{block}); err != nil {
		t.Fatal(err)
	}
	if status, answer := rpc(t, b.URL(), b.Token(), "block/get", block.CID.String()); status != http.StatusOK || answer != string(block.Data) {
		t.Errorf("a member gets no block of the other: %d %s", status, answer)
	}

	other := private.NewKey()
	for name, prepare := range map[string]func(*nodetest.Daemon){
		"without a key":    func(*nodetest.Daemon) {},
		"with another key": func(d *nodetest.Daemon) { write(t, filepath.Join(d.Repo, "swarm.key"), other.Text()) },
		"with the key":     func(d *nodetest.Daemon) { write(t, filepath.Join(d.Repo, "swarm.key"), key.Text()) },
	} {
		stranger := nodetest.StartKubo(t)
		stranger.Stop(t)
		prepare(stranger)
		stranger.Start(t)
		status, answer := rpc(t, stranger.URL, stranger.Token, "swarm/connect", own[0])
		peer := peerOf(t, stranger.Node(t))
		_, peers := rpc(t, a.URL(), a.Token(), "swarm/peers")
		in := status == http.StatusOK && strings.Contains(peers, peer)
		if want := name == "with the key"; in != want {
			t.Errorf("%s: it is in: %t, it was told %d %s", name, in, status, answer)
		}
		stranger.Stop(t)
	}

	// What it is stays over restarts, and over a new token.
	if err := b.NewToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitPeer(t, b, peerA)
	config, err := os.ReadFile(filepath.Join(dirB, "repo", "config"))
	if err != nil || bytes.Contains(config, key.Text()[len(key.Text())-20:]) {
		t.Errorf("the key stands in the settings, or they cannot be read: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dirB, "repo", "swarm.key")); err != nil {
		t.Fatal(err)
	}
	lost, err := node.StartManaged(t.Context(), node.ManagedOptions{Dir: dirB, Binary: nodetest.Binary(t)})
	if err == nil {
		lost.Close()
		t.Error("without its key the node runs in the open")
	}

	// Who leaves is quiet again, with all that is stored.
	if err := a.LeaveNetwork(t.Context()); err != nil {
		t.Fatal(err)
	}
	has(t, a.Node(), block)
	if conn, err := net.DialTimeout("tcp", hostOf(t, own[0]), time.Second); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
	if n, _, _, err := a.Network(); n != nil || err != nil {
		t.Errorf("it is in a network still: %+v, %v", n, err)
	}
	log, err := os.ReadFile(filepath.Join(dirA, "kubo.log"))
	digits := strings.Fields(string(key.Text()))[2]
	if err != nil || bytes.Contains(bytes.ToLower(log), []byte(digits)) {
		t.Errorf("the key stands in the log: %v", err)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// hostOf is host:port of a member's address.
func hostOf(t *testing.T, member string) string {
	t.Helper()
	parts := strings.Split(member, "/")
	if len(parts) != 7 || !slices.Contains(parts, "tcp") {
		t.Fatalf("%q", member)
	}
	return net.JoinHostPort(parts[2], parts[4])
}
