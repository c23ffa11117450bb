package node

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
)

// meters are what a storage's connections are measured by.
type meters struct {
	own    *Meter // counts for the storage alone
	shared *Meter // counts; nil: none
	limits *Meter // limits; nil: nothing does
}

func (m meters) wrap(conn net.Conn) *meteredConn {
	return &meteredConn{Conn: conn, meters: m, closed: make(chan struct{})}
}

// meteredConn counts what it carries, and holds it to a limit. Deadlines do not end a wait for the limit; Close does.
type meteredConn struct {
	net.Conn
	meters

	clock   atomic.Pointer[clock] // of the call that uses the connection; nil: none yet
	out, in atomic.Int64          // bytes since something went the other way: how large the transfer is

	paid int // bytes that may be read without waiting again

	closing sync.Once
	closed  chan struct{}
}

// small is how many bytes of a request or an answer do not queue behind the large transfers of others: what most calls
// consist of, and the head of each.
const small = 16 << 10

// admit waits until some of want bytes may go a way on which the transfer has come so far, and returns how many.
func (c *meteredConn) admit(way *lane, far *atomic.Int64, want int) (int, error) {
	head := small - far.Load()
	if head > 0 {
		want = min(want, int(head))
	}
	n, err := way.admit(want, head > 0, c.clock.Load(), c.closed)
	far.Add(int64(n))
	return n, err
}

func (c *meteredConn) Write(p []byte) (int, error) {
	c.in.Store(0)
	done := 0
	for {
		n := len(p) - done
		if c.limits != nil {
			var err error
			if n, err = c.admit(&c.limits.up, &c.out, n); err != nil {
				return done, err
			}
		}
		n, err := c.Conn.Write(p[done : done+n])
		c.own.up.moved.Add(int64(n))
		if c.shared != nil {
			c.shared.up.moved.Add(int64(n))
		}
		if done += n; err != nil || done == len(p) {
			return done, err
		}
	}
}

// Read waits for the limit before it reads from a large answer, so that what may not be read yet waits on the storage's
// side; the head of an answer it pays for afterwards, because nobody knows when it comes.
func (c *meteredConn) Read(p []byte) (int, error) {
	limited := false
	if c.limits != nil {
		var most int
		most, limited = c.limits.down.piece(len(p))
		if limited && c.paid == 0 && c.in.Load() >= small {
			var err error
			if c.paid, err = c.admit(&c.limits.down, &c.in, most); err != nil {
				return 0, err
			}
		}
		if limited && c.paid > 0 {
			most = min(most, c.paid)
		}
		p = p[:most]
	}
	n, err := c.Conn.Read(p)
	c.own.down.moved.Add(int64(n))
	if c.shared != nil {
		c.shared.down.moved.Add(int64(n))
	}
	if n > 0 {
		c.out.Store(0)
	}
	owed := max(n-c.paid, 0)
	c.paid = max(c.paid-n, 0)
	for limited && owed > 0 {
		paid, stop := c.admit(&c.limits.down, &c.in, owed)
		if stop != nil {
			return 0, stop // closed: nobody reads on
		}
		owed -= paid
	}
	return n, err
}

// Close also ends what waits.
func (c *meteredConn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// serve makes a connection of this package, below TLS or not, let a call's clock stand still while it waits.
func serve(conn net.Conn, call *clock) {
	for {
		switch c := conn.(type) {
		case *tls.Conn:
			conn = c.NetConn()
		case *listeningConn:
			conn = c.Conn
		case *meteredConn:
			c.clock.Store(call)
			return
		default:
			return
		}
	}
}
