package node

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// line is a metered connection in memory and the storage's end of it.
func line(t *testing.T, m *Meter) (ours *meteredConn, theirs net.Conn) {
	a, theirs := net.Pipe()
	ours = meters{own: new(Meter), shared: m, limits: m}.wrap(a)
	t.Cleanup(func() {
		ours.Close()
		theirs.Close()
	})
	return ours, theirs
}

// upload sends without end until the connection is closed.
func upload(t *testing.T, m *Meter, wg *sync.WaitGroup) *meteredConn {
	ours, theirs := line(t, m)
	wg.Go(func() { io.Copy(io.Discard, theirs) })
	wg.Go(func() {
		for buf := make([]byte, 64<<10); ; {
			if _, err := ours.Write(buf); err != nil {
				return
			}
		}
	})
	return ours
}

// download receives without end until the connection is closed.
func download(t *testing.T, m *Meter, wg *sync.WaitGroup) *meteredConn {
	ours, theirs := line(t, m)
	wg.Go(func() {
		for buf := make([]byte, 1448); ; {
			if _, err := theirs.Write(buf); err != nil {
				return
			}
		}
	})
	wg.Go(func() {
		io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{ours}, make([]byte, 64<<10))
	})
	return ours
}

// within tells whether the limit was kept and used, to a twentieth and one piece: it may be on its way at either end.
func within(t *testing.T, what string, moved int64, speed int64, d time.Duration) {
	t.Helper()
	want := float64(speed) * d.Seconds()
	if off := math.Abs(float64(moved) - want); off > 0.05*want+float64(speed)*pieceTime.Seconds() {
		t.Errorf("%s: %d bytes in %v at %d bytes/s, %.1f %% of what may be", what, moved, d, speed, 100*float64(moved)/want)
	}
}

func TestLimitsHoldForAllStoragesTogether(t *testing.T) {
	for _, c := range []struct {
		up, down int64
		lines    int
		warm     time.Duration // until the heads, which are paid for afterwards, are through
	}{
		{20_000, 50_000, 1, 0},
		{20_000, 4 << 10, 40, 5 * time.Minute},
		{1_000_000, 3_000_000, 8, 0},
		{50_000_000, 20_000_000, 3, 0},
		{0, 20_000, 2, 0},
		{20_000, 0, 2, 0},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const d = 5 * time.Second
				var m Meter
				m.SetLimits(c.up, c.down)
				var wg sync.WaitGroup
				var conns []*meteredConn
				for range c.lines {
					if c.up > 0 {
						conns = append(conns, upload(t, &m, &wg))
					}
					if c.down > 0 {
						conns = append(conns, download(t, &m, &wg))
					}
				}
				time.Sleep(c.warm)
				sent, received := m.Sent(), m.Received()
				time.Sleep(d)
				if c.up > 0 {
					within(t, "up", m.Sent()-sent, c.up, d)
				}
				if c.down > 0 {
					within(t, "down", m.Received()-received, c.down, d)
				}
				for _, conn := range conns {
					conn.Close()
				}
				wg.Wait()
			})
		})
	}
}

func TestSmallCallsSlipThroughLargeOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		m.SetLimits(20_000, 20_000)
		var wg sync.WaitGroup
		var conns []*meteredConn
		for range 30 {
			conns = append(conns, upload(t, &m, &wg), download(t, &m, &wg))
		}
		time.Sleep(time.Minute) // past the heads
		ours, theirs := line(t, &m)
		wg.Go(func() {
			for buf := make([]byte, 600); ; {
				if _, err := io.ReadFull(theirs, buf); err != nil {
					return
				}
				theirs.Write(buf[:400])
			}
		})
		for range 20 {
			start := time.Now()
			if _, err := ours.Write(make([]byte, 600)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(ours, make([]byte, 400)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 300*time.Millisecond {
				t.Errorf("a small call took %v", took)
			}
		}
		for _, conn := range append(conns, ours) {
			conn.Close()
		}
		wg.Wait()
	})
}

func TestAnotherLimitCountsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		var wg sync.WaitGroup
		m.SetLimits(1, 1) // the slowest
		if up, down := m.Limits(); up != SlowestLimit || down != SlowestLimit {
			t.Errorf("the limits are %d and %d", up, down)
		}
		var conns []*meteredConn
		for range 16 {
			conns = append(conns, upload(t, &m, &wg), download(t, &m, &wg))
		}
		time.Sleep(time.Minute)
		for _, speed := range []int64{5_000_000, 20_000, 100_000_000, SlowestLimit, 300_000} {
			m.SetLimits(speed, speed)
			sent, received := m.Sent(), m.Received()
			time.Sleep(time.Second)
			within(t, "up, in the first second", m.Sent()-sent, speed+speed/20, time.Second)
			within(t, "down, in the first second", m.Received()-received, speed+speed/20, time.Second)
			for range 100 { // what is set again is not begun again
				m.SetLimits(speed, speed)
			}
			sent = m.Sent()
			time.Sleep(4 * time.Second)
			within(t, "up", m.Sent()-sent, speed, 4*time.Second)
		}
		m.SetLimits(SlowestLimit, SlowestLimit)
		time.Sleep(time.Minute)
		small, rest := line(t, &m)
		wg.Go(func() { io.Copy(io.Discard, rest) })
		time.AfterFunc(time.Second, func() { m.SetLimits(0, 0) })
		start := time.Now()
		for _, conn := range conns {
			defer conn.Close()
		}
		if _, err := small.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 1100*time.Millisecond {
			t.Errorf("without a limit it still took %v", took)
		}
		for _, conn := range append(conns, small) {
			conn.Close()
		}
		wg.Wait()
	})
}

func TestClosingEndsAWaitAndHurtsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Meter
		m.SetLimits(SlowestLimit, SlowestLimit)
		var wg sync.WaitGroup
		for range 20 {
			ours, theirs := line(t, &m)
			wg.Go(func() { io.Copy(io.Discard, theirs) })
			var ended atomic.Int64
			wg.Go(func() {
				if _, err := ours.Write(make([]byte, 1<<20)); err == nil {
					t.Error("a megabyte went in ten seconds")
				}
				ended.Store(time.Now().UnixNano())
			})
			time.Sleep(10 * time.Second)
			closed := time.Now()
			ours.Close()
			synctest.Wait()
			if ended.Load() != closed.UnixNano() {
				t.Error("it still waited")
			}
		}
		ours := upload(t, &m, &wg)
		before := m.Sent()
		time.Sleep(20 * time.Second)
		within(t, "after the others", m.Sent()-before, SlowestLimit, 20*time.Second)
		ours.Close()
		wg.Wait()
	})
}

func TestTheClockStandsStillWhileOurLimitHolds(t *testing.T) {
	for name, c := range map[string]struct {
		run  func(*clock)
		want error
	}{
		"no progress":      {func(*clock) { time.Sleep(6 * time.Second) }, errStalled},
		"progress":         {func(c *clock) { every(c, 2*time.Second, 4) }, nil},
		"too long":         {func(c *clock) { every(c, 2*time.Second, 16) }, errDeadline},
		"held":             {func(c *clock) { c.hold(); time.Sleep(time.Hour); c.release() }, nil},
		"held, then still": {func(c *clock) { c.hold(); time.Sleep(time.Hour); c.release(); time.Sleep(6 * time.Second) }, errStalled},
		"held, then on": {func(c *clock) {
			for range 100 {
				c.hold()
				time.Sleep(time.Minute)
				c.release()
				time.Sleep(100 * time.Millisecond)
				c.progress()
			}
		}, nil},
		"still beside holds": {func(c *clock) {
			for range 100 {
				c.hold()
				time.Sleep(time.Minute)
				c.release()
				time.Sleep(100 * time.Millisecond)
			}
		}, errStalled},
		"held twice at once": {func(c *clock) {
			c.hold()
			c.hold()
			time.Sleep(time.Hour)
			c.progress()
			c.release()
			time.Sleep(time.Hour)
			c.release()
			time.Sleep(4 * time.Second)
		}, nil},
		"held too late": {func(c *clock) { time.Sleep(5 * time.Second); c.hold(); time.Sleep(time.Second); c.release() }, errStalled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				clock := startClock(limit{deadline: 30 * time.Second, stall: 5 * time.Second}, cancel)
				c.run(clock)
				synctest.Wait()
				if got := context.Cause(ctx); got != c.want {
					t.Errorf("ended by %v, want %v", got, c.want)
				}
				clock.stop()
				clock.hold() // the last bytes of a call may still wait when it has ended
				clock.release()
				cancel(nil)
			})
		})
	}
}

func every(c *clock, d time.Duration, times int) {
	for range times {
		time.Sleep(d)
		c.progress()
	}
}
