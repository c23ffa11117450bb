package node

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Meter counts the bytes that go to storages and come from them, and holds them to a limit each way. Any number of
// storages may share one: their bytes are counted and limited together. The zero value has no limits. A Meter must not
// be copied.
//
// What is counted is what the connection carries: HTTP and TLS with the content, not the heads of TCP and IP, which are
// some three hundredths more. Received bytes count when they are read: what the system takes in ahead, for most
// connections 64 KiB when an answer begins, is not slowed.
type Meter struct{ up, down lane }

// SlowestLimit is the lowest limit, in bytes per second: below it not even a connection comes about in time.
const SlowestLimit = 4 << 10

// SetLimits sets the most that is sent and received, in bytes per second; 0: no limit, and what is below SlowestLimit
// counts as that. It may be called at any time and counts from the next piece on, which is at most 64 KiB and 50 ms.
func (m *Meter) SetLimits(up, down int64) {
	m.up.limit(up)
	m.down.limit(down)
}

// Limits returns what SetLimits set.
func (m *Meter) Limits() (up, down int64) { return m.up.speed(), m.down.speed() }

// Sent returns how many bytes went to storages since the meter was made.
func (m *Meter) Sent() int64 { return m.up.moved.Load() }

// Received returns how many bytes came from storages since the meter was made.
func (m *Meter) Received() int64 { return m.down.moved.Load() }

// lane is one direction.
type lane struct {
	moved    atomic.Int64
	setting  sync.Mutex // one change at a time
	throttle atomic.Pointer[throttle]
}

// throttle is a limit in force.
type throttle struct {
	speed   int64 // bytes per second
	piece   int   // the most bytes that wait as one
	bucket  *rate.Limiter
	turn    chan struct{} // holds one: the large transfer whose piece is next
	changed chan struct{} // closed when this limit is in force no longer
}

const (
	largestPiece = 64 << 10 // bytes: as much as is written at once without a limit
	// pieceTime is how long a piece takes at least, where it is not the largest: short enough for a small call to slip in
	// between, and long enough for what a timer is late to be made up for.
	pieceTime = 50 * time.Millisecond
)

func (l *lane) limit(speed int64) {
	l.setting.Lock()
	defer l.setting.Unlock()
	old := l.throttle.Load()
	if speed <= 0 {
		l.throttle.Store(nil)
	} else {
		speed = max(speed, SlowestLimit)
		if old != nil && old.speed == speed {
			return
		}
		amount := int(speed * int64(pieceTime) / int64(time.Second))
		l.throttle.Store(&throttle{
			speed: speed, piece: min(amount, largestPiece), bucket: rate.NewLimiter(rate.Limit(speed), amount),
			turn: make(chan struct{}, 1), changed: make(chan struct{}),
		})
	}
	if old != nil {
		close(old.changed)
	}
}

func (l *lane) speed() int64 {
	if t := l.throttle.Load(); t != nil {
		return t.speed
	}
	return 0
}

// piece returns how many of want bytes should be asked for at once, and whether there is a limit.
func (l *lane) piece(want int) (int, bool) {
	if t := l.throttle.Load(); t != nil {
		return min(want, t.piece), true
	}
	return want, false
}

// admit waits until some of want bytes may move, and returns how many. Large transfers wait for each other, a small one
// only for the piece that is on its way; c stands still meanwhile, nil: none does. It ends with net.ErrClosed when
// closed is.
func (l *lane) admit(want int, small bool, c *clock, closed <-chan struct{}) (int, error) {
	for {
		t := l.throttle.Load()
		if t == nil {
			return want, nil
		}
		n := min(want, t.piece)
		ok, err := t.admit(n, small, c, closed)
		if ok || err != nil {
			return n, err
		}
	}
}

// admit is false when the limit was changed meanwhile.
func (t *throttle) admit(n int, small bool, c *clock, closed <-chan struct{}) (bool, error) {
	if !small {
		select {
		case t.turn <- struct{}{}:
		default:
			c.hold()
			defer c.release()
			select {
			case t.turn <- struct{}{}:
			case <-t.changed:
				return false, nil
			case <-closed:
				return false, net.ErrClosed
			}
		}
		defer func() { <-t.turn }()
	}
	place := t.bucket.ReserveN(time.Now(), n)
	wait := place.Delay()
	if wait == 0 {
		return true, nil
	}
	c.hold()
	defer c.release()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true, nil
	case <-t.changed:
		return false, nil
	case <-closed:
		place.Cancel() // others need not wait for what is not sent
		return false, net.ErrClosed
	}
}

// slowed is how much longer a call may take for the limits in force that sends and gets so many bytes, while as many
// others do as there are connections.
func (m *Meter) slowed(sends, gets int64) time.Duration {
	var longer time.Duration
	for _, way := range []struct{ bytes, speed int64 }{{sends, m.up.speed()}, {gets, m.down.speed()}} {
		if way.speed > 0 {
			longer += time.Duration(float64(way.bytes) * mostConnections / float64(way.speed) * float64(time.Second))
		}
	}
	return longer
}
