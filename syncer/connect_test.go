package syncer

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// badLine is a way to a storage on which one thing in a hundred goes wrong: a piece of data is lost and comes a quarter of
// a second later, as TCP has it, the beginning of a connection is lost and comes a second later, and a connection is cut off
// half way.
type badLine struct {
	to      atomic.Pointer[string] // where the storage is; nil: it is down
	lost    atomic.Int64           // pieces and beginnings
	cut     atomic.Int64           // connections
	refused atomic.Int64           // because it was down

	mu   sync.Mutex // guards below
	dice *rand.Rand
}

func (b *badLine) misfortune() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dice.IntN(100) == 0
}

// serve carries connections until the listener is closed.
func (b *badLine) serve(l net.Listener, ended *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		ended.Go(func() { b.carry(c) })
	}
}

func (b *badLine) carry(c net.Conn) {
	defer c.Close()
	if b.misfortune() {
		b.lost.Add(1)
		time.Sleep(time.Second)
	}
	to := b.to.Load()
	if to == nil {
		b.refused.Add(1)
		_ = c.(*net.TCPConn).SetLinger(0)
		return
	}
	there, err := net.Dial("tcp", *to)
	if err != nil {
		b.refused.Add(1)
		_ = c.(*net.TCPConn).SetLinger(0)
		return
	}
	defer there.Close()
	if b.misfortune() {
		b.cut.Add(1)
		_ = c.(*net.TCPConn).SetLinger(0) // the other end sees it as cut off
		_, _ = io.CopyN(there, c, 64)     // in the middle of its request
		return
	}
	var g sync.WaitGroup
	g.Go(func() { b.pieces(there, c) })
	g.Go(func() { b.pieces(c, there) })
	g.Wait()
}

func (b *badLine) pieces(to, from net.Conn) {
	defer to.Close()
	piece := make([]byte, 1460)
	for {
		n, err := from.Read(piece)
		if n > 0 && b.misfortune() {
			b.lost.Add(1)
			time.Sleep(250 * time.Millisecond)
		}
		if _, werr := to.Write(piece[:n]); err != nil || werr != nil {
			return
		}
	}
}

// A storage is reached within 10 seconds, by the patience that the engine has, on a line that loses 1 % while the storage
// is restarted: at least 99 of 100 times.
func TestAStorageIsReachedOnABadLineAndWhileItRestarts(t *testing.T) {
	tries, restarts, long := 100, 1, os.Getenv("ROOST_SOAK") != ""
	if long {
		tries, restarts = 1000, 10
	}
	const most = 10 * time.Second
	d := nodetest.StartKubo(t)
	line := &badLine{dice: rand.New(rand.NewPCG(3, 5))}
	open := func() {
		addr := d.URL[len("http://"):]
		line.to.Store(&addr)
	}
	open()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var carried sync.WaitGroup
	carried.Go(func() { line.serve(l, &carried) })
	defer carried.Wait()
	defer l.Close()

	var done, slow atomic.Int64
	var worst atomic.Int64 // milliseconds
	var g errgroup.Group
	g.SetLimit(4)
	ask := func() error {
		k, err := node.Dial(node.Options{URL: "http://" + l.Addr().String(), Token: d.Token})
		if err != nil {
			return err
		}
		defer k.Close()
		ctx, cancel := context.WithTimeout(t.Context(), most)
		defer cancel()
		began := time.Now()
		for tried := 1; ; tried++ {
			if _, err = k.Info(ctx); err == nil {
				break
			}
			wait(ctx, backoff(err, tried))
			if ctx.Err() != nil {
				t.Logf("not reached after %d tries: %v", tried, err)
				slow.Add(1)
				break
			}
		}
		took := time.Since(began).Milliseconds()
		for was := worst.Load(); took > was && !worst.CompareAndSwap(was, took); was = worst.Load() {
		}
		done.Add(1)
		return nil
	}
	for i := range tries {
		if i%(tries/restarts) == tries/restarts/2 {
			line.to.Store(nil)
			var met errgroup.Group // those that meet a storage that is down
			for range 4 {
				met.Go(ask)
			}
			down := time.Now()
			if long {
				d.Stop(t)
				d.Start(t)
			} else { // what the start of a program takes is the machine's, which may be a slow one
				time.Sleep(1500 * time.Millisecond)
			}
			open()
			t.Logf("it was down for %v", time.Since(down).Round(time.Millisecond))
			must(t, met.Wait())
		}
		g.Go(ask)
	}
	must(t, g.Wait())
	t.Logf("%d connections: %d were not made within %v, the longest took %d ms; %d pieces were lost, %d connections cut off, %d refused",
		done.Load(), slow.Load(), most, worst.Load(), line.lost.Load(), line.cut.Load(), line.refused.Load())
	if slow.Load()*100 > done.Load() {
		t.Errorf("%d of %d connections were not made within %v", slow.Load(), done.Load(), most)
	}
	if line.refused.Load() == 0 || line.lost.Load()+line.cut.Load() == 0 {
		t.Error("nothing met the storage while it was down, or nothing was lost")
	}
}
