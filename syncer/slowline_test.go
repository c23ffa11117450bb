package syncer

import (
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// slowLine is the way to a storage by a home connection: what is sent arrives delay later, and no faster than rate, which
// all connections share, each way by itself.
type slowLine struct {
	rate     float64 // bytes per second
	delay    time.Duration
	up, down oneWay
}

type oneWay struct {
	mu   sync.Mutex // guards below
	free time.Time  // when all that was sent so far has left
	sent int64      // bytes
}

// send returns when n bytes that are sent now arrive.
func (w *oneWay) send(n int, line *slowLine) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); w.free.Before(now) {
		w.free = now
	}
	w.free = w.free.Add(time.Duration(float64(n) / line.rate * float64(time.Second)))
	w.sent += int64(n)
	return w.free.Add(line.delay)
}

func (w *oneWay) total() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent
}

// serve carries connections to an address until the listener is closed.
func (s *slowLine) serve(l net.Listener, to string, ended *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		ended.Go(func() {
			defer c.Close()
			there, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer there.Close()
			var g sync.WaitGroup
			g.Go(func() { s.carry(there, c, &s.up) })
			g.Go(func() { s.carry(c, there, &s.down) })
			g.Wait()
		})
	}
}

// carry holds as much under way as a router's queue does.
func (s *slowLine) carry(to, from net.Conn, way *oneWay) {
	defer to.Close()
	type piece struct {
		data    []byte
		arrives time.Time
	}
	queue := make(chan piece, 64)
	var g sync.WaitGroup
	defer g.Wait()
	defer close(queue)
	g.Go(func() {
		for p := range queue {
			time.Sleep(time.Until(p.arrives))
			if _, err := to.Write(p.data); err != nil {
				_ = from.Close() // ends the reading; what is queued is of no use
			}
		}
		if c, ok := to.(*net.TCPConn); ok {
			_ = c.CloseWrite()
		}
	})
	for {
		data := make([]byte, 1460)
		n, err := from.Read(data)
		if n > 0 {
			queue <- piece{data[:n], way.send(n, s)}
		}
		if err != nil {
			return
		}
	}
}

// A line of 10 Mbit/s to a storage 50 ms away is used by 90 %, up and down, where there is much to send: a backup asks some
// thirty things one after another.
func TestASlowLineIsUsed(t *testing.T) {
	size, least := 6<<20, 0.2 // what is asked takes more than a second beside the five, and a busy machine has no better figure
	if os.Getenv("ROOST_SOAK") != "" {
		size, least = 80<<20, 0.9
	}
	d := nodetest.StartKubo(t)
	line := &slowLine{rate: 10e6 / 8, delay: 25 * time.Millisecond}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var carried sync.WaitGroup
	carried.Go(func() { line.serve(l, d.URL[len("http://"):], &carried) })
	defer carried.Wait()
	defer l.Close()
	k, err := node.Dial(node.Options{URL: "http://" + l.Addr().String(), Token: d.Token})
	must(t, err)
	defer k.Close()

	secret := testEntropy(t)
	e := testEngine(t, k, secret)
	src := t.TempDir()
	for i := range 16 {
		write(t, src+"/"+string(rune('a'+i)), noise(uint64(i), size/16))
	}
	added(t, e, src)
	check := func(name string, way *oneWay, do func()) {
		before, began := way.total(), time.Now()
		do()
		took := time.Since(began)
		content := float64(size) / line.rate / took.Seconds()
		all := float64(way.total()-before) / line.rate / took.Seconds()
		t.Logf("%s: %d MiB in %v: %.3f of the line for files, %.3f for all", name, size>>20, took.Round(time.Millisecond), content, all)
		if content < least {
			t.Errorf("%s: %.2f of the line are used, want at least %.2f", name, content, least)
		}
	}
	check("up", &line.up, func() { backup(t, e) })
	e = testEngine(t, k, secret) // another device, so that nothing is in memory
	to := t.TempDir()
	check("down", &line.down, func() {
		r, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest:" + src, To: to}, nil)
		must(t, err)
		if len(r.Failed) > 0 {
			t.Errorf("not restored: %+v", r.Failed)
		}
	})
}
