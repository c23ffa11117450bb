package syncer

import (
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// twoKubos are an engine that saves to one real storage, with a folder of 8 MB saved, and a second storage with the
// client that the engine will have to it.
func twoKubos(t *testing.T, change ...func(nodetest.Config)) (e *Engine, src string, to *node.Kubo) {
	t.Helper()
	e = testEngine(t, nodetest.StartKubo(t).Node(t), testEntropy(t))
	src = t.TempDir()
	sample(t, src, 1)
	write(t, src+"/large", noise(77, 8<<20))
	added(t, e, src)
	backup(t, e)
	return e, src, nodetest.StartKubo(t, change...).Node(t)
}

// mostAround is what a copy that storages make among themselves may send from here, in bytes: calls, and no pack.
const mostAround = 400_000

func TestStoragesThatReachEachOtherCopyAmongThemselves(t *testing.T) {
	e, src, to := twoKubos(t)
	further(t, e, "second", to)
	if sent := to.Sent(); sent > mostAround {
		t.Errorf("%d bytes went to the second storage from here", sent)
	}
	if ids, err := to.Peers(t.Context()); err != nil || len(ids) != 1 {
		t.Errorf("the second storage talks to %v, error %v", ids, err)
	}
	wantState(t, e, "safe")
	// And what comes later, too: only that travels.
	write(t, src+"/later", noise(5, 3_000_000))
	backup(t, e)
	if sent := to.Sent(); sent > 2*mostAround {
		t.Errorf("%d bytes went to the second storage from here", sent)
	}
	wantState(t, e, "safe")
	secret, err := e.bundle.Entropy()
	if err != nil {
		t.Fatal(err)
	}
	holdsAll(t, to, secret, src)
}

func TestStorageThatTalksToStrangersIsSentItsCopyFromHere(t *testing.T) {
	e, src, to := twoKubos(t)
	stranger, err := nodetest.StartKubo(t).Node(t).Peer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Connect(t.Context(), stranger); err != nil {
		t.Fatal(err)
	}
	further(t, e, "second", to)
	if sent := to.Sent(); sent < 8<<20 {
		t.Errorf("only %d bytes went there from here: it asked strangers for blocks of this backup", sent)
	}
	wantState(t, e, "safe")
	secret, err := e.bundle.Entropy()
	if err != nil {
		t.Fatal(err)
	}
	holdsAll(t, to, secret, src)
}

func TestStorageThatReachesNoOtherIsSentItsCopyFromHere(t *testing.T) {
	for what, change := range map[string]func(nodetest.Config){
		"it may not": func(c nodetest.Config) {
			c.Allow("/api/v0/id", "/api/v0/dag", "/api/v0/block", "/api/v0/pin", "/api/v0/files", "/api/v0/repo")
		},
		"none listens": func(c nodetest.Config) {
			c.Set("Addresses.Swarm", []string{})
			c.Set("Swarm.AddrFilters", []string{"/ip4/127.0.0.0/ipcidr/8"})
		},
	} {
		t.Run(what, func(t *testing.T) {
			e, src, to := twoKubos(t, change)
			further(t, e, "second", to)
			if sent := to.Sent(); sent < 8<<20 {
				t.Errorf("only %d bytes went there from here", sent)
			}
			wantState(t, e, "safe")
			secret, err := e.bundle.Entropy()
			if err != nil {
				t.Fatal(err)
			}
			holdsAll(t, to, secret, src)
		})
	}
}

func TestAStorageLostInTheMiddleOfACopyGetsItWhenItIsBack(t *testing.T) {
	e := testEngine(t, nodetest.StartKubo(t).Node(t), testEntropy(t))
	src := t.TempDir()
	sample(t, src, 1)
	write(t, src+"/large", noise(77, 8<<20))
	added(t, e, src)
	backup(t, e)
	second := nodetest.StartKubo(t)
	lost := false
	err := e.vault().Mirror(t.Context(), second.Node(t), func(done, total int64) {
		if !lost { // it was about to fetch
			lost = true
			second.Kill(t)
		}
	})
	if !lost || !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("lost %v: the copy ended with %v", lost, err)
	}
	second.Start(t)
	further(t, e, "second", second.Node(t))
	wantState(t, e, "safe")
	secret, err := e.bundle.Entropy()
	if err != nil {
		t.Fatal(err)
	}
	holdsAll(t, second.Node(t), secret, src)
}

// gate is the way from one storage to another: when it has carried so much towards the one that connects, it waits.
type gate struct {
	to      string
	left    atomic.Int64  // bytes
	waiting chan struct{} // closed then
	goOn    chan struct{} // closed by the test
	once    sync.Once
}

// openGate listens until the test ends, and returns the port.
func openGate(t *testing.T, bytes int64) (g *gate, port string) {
	t.Helper()
	g = &gate{waiting: make(chan struct{}), goOn: make(chan struct{})}
	g.left.Store(bytes)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			ended.Go(func() { g.carry(c) })
		}
	})
	t.Cleanup(func() { l.Close(); ended.Wait() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	must(t, err)
	return g, port
}

func (g *gate) carry(c net.Conn) {
	defer c.Close()
	there, err := net.Dial("tcp", g.to)
	if err != nil {
		return
	}
	defer there.Close()
	go func() {
		defer there.Close()
		_, _ = io.Copy(there, c)
	}()
	piece := make([]byte, 64<<10)
	for {
		n, err := there.Read(piece)
		if g.left.Add(-int64(n)) < 0 {
			g.once.Do(func() { close(g.waiting) })
			<-g.goOn
		}
		if _, werr := c.Write(piece[:n]); err != nil || werr != nil {
			return
		}
	}
}

// throughAGate are two real storages of which the second reaches the first through a gate, and an engine that saved 24 MB to
// the first.
func throughAGate(t *testing.T, bytes int64) (e *Engine, src string, g *gate, first, second *nodetest.Daemon) {
	t.Helper()
	g, port := openGate(t, bytes)
	first = nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Addresses.Announce", []string{"/ip4/127.0.0.1/tcp/" + port}) })
	listens := regexp.MustCompile(`/ip4/127\.0\.0\.1/tcp/(\d+)`).FindStringSubmatch(first.Run(t, "swarm", "addrs", "listen"))
	if listens == nil {
		t.Fatal("the first storage listens to nobody")
	}
	g.to = "127.0.0.1:" + listens[1]
	e = testEngine(t, first.Node(t), testEntropy(t))
	src = t.TempDir()
	write(t, src+"/large", noise(77, 24<<20))
	added(t, e, src)
	backup(t, e)
	return e, src, g, first, nodetest.StartKubo(t)
}

// TestTheSourceOfACopyKilledInTheMiddle: the second storage fetches from the first, of which the rest does not come. It is
// not waited for long, nothing is called safe, and the copy is there once the first storage is back.
func TestTheSourceOfACopyKilledInTheMiddle(t *testing.T) {
	e, src, g, first, second := throughAGate(t, 8<<20)
	to := second.Node(t)
	e.home.cfg.Nodes = append(e.home.cfg.Nodes, nodeConfig{Name: "second", URL: "http://127.0.0.1:1/second"})
	swapFar(e, "second", to)
	var copied errgroup.Group
	copied.Go(func() error { return e.mirror(t.Context(), nil) })
	<-g.waiting
	first.Kill(t)
	close(g.goOn)
	began := time.Now()
	if err := copied.Wait(); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("the copy ended with %v", err)
	}
	took := time.Since(began).Round(time.Millisecond)
	t.Logf("the copy was given up after %v", took)
	if took > 40*time.Second {
		t.Errorf("the copy was given up after %v", took)
	}
	if s := e.Status(t.Context()); s.State == StateSafe {
		t.Error("it is called safe")
	}
	if p := roots(t, to); len(p) != 0 {
		t.Errorf("the second storage keeps %v", p)
	}

	first.Start(t)
	e = reopenWith(t, e, first.Node(t), "second", to)
	backup(t, e)
	wantState(t, e, "safe")
	secret, err := e.bundle.Entropy()
	must(t, err)
	holdsAll(t, to, secret, src)
}

// TestTheConnectionOfACopyCutInTheMiddle: it is made again, and the copy goes on among the storages.
func TestTheConnectionOfACopyCutInTheMiddle(t *testing.T) {
	e, src, g, first, second := throughAGate(t, 8<<20)
	to := second.Node(t)
	var copied errgroup.Group
	copied.Go(func() error { return e.vault().Mirror(t.Context(), to, nil) })
	<-g.waiting
	second.Run(t, "swarm", "disconnect", "/p2p/"+strings.TrimSpace(first.Run(t, "id", "-f", "<id>")))
	close(g.goOn)
	must(t, copied.Wait())
	if sent := to.Sent(); sent > mostAround {
		t.Errorf("%d bytes went to the second storage from here", sent)
	}
	further(t, e, "second", to)
	wantState(t, e, "safe")
	secret, err := e.bundle.Entropy()
	must(t, err)
	holdsAll(t, to, secret, src)
}

func TestWhatACheckFindsRoostFixesByItself(t *testing.T) {
	secret := testEntropy(t)
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "second", second)
	swapFar(e, "second", &cutOff{Node: second})
	write(t, src+"/later", noise(3, 300_000))
	if _, err := e.Backup(t.Context(), nil, nil); err == nil {
		t.Fatal("the second storage was not cut off")
	}
	swapFar(e, "second", second)

	find := func(name string) NodeCheck {
		t.Helper()
		n, err := e.CheckNode(t.Context(), "second")
		must(t, err)
		i := slices.IndexFunc(n.Checks, func(c NodeCheck) bool { return c.Name == name })
		if i < 0 {
			t.Fatalf("nothing was checked about %s: %+v", name, n.Checks)
		}
		if name == "speed" && (n.Down <= 0 || n.Up <= 0) {
			t.Errorf("it gives %v and takes %v bytes a second", n.Down, n.Up)
		}
		return n.Checks[i]
	}
	if c := find("speed"); !c.OK {
		t.Errorf("how fast it is could not be measured: %+v", c)
	}
	if c := find("kept"); c.OK || !c.Fix || c.Message == "" || c.Action == "" {
		t.Errorf("a storage that is behind is checked as %+v", c)
	}
	must(t, e.FixNode(t.Context(), "second", "kept"))
	if c := find("kept"); !c.OK {
		t.Errorf("after it was fixed: %+v", c)
	}
	holdsAll(t, second, secret, src)
	if err := e.FixNode(t.Context(), "second", "clock"); !errors.Is(err, ErrUsage) {
		t.Errorf("a clock was set: %v", err)
	}
}
