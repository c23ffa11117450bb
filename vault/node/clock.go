package node

import (
	"context"
	"sync"
	"time"
)

// clock ends a call that makes no progress, or takes too long. It stands still while the call waits for a limit of our
// own: that says nothing of the storage.
type clock struct {
	stall  time.Duration // without progress
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer // rings at the earlier of these two, or before; nil: the call has ended
	still time.Time   // when it will have stalled
	end   time.Time   // when it will have taken too long
	holds int         // waits that go on
	since time.Time   // when the first of them began
}

// startClock starts the clock of a call that cancel ends.
func startClock(l limit, cancel context.CancelCauseFunc) *clock {
	now := time.Now()
	c := &clock{stall: min(l.stall, l.deadline), cancel: cancel, end: now.Add(l.deadline)}
	c.still = now.Add(c.stall)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(c.stall, c.ring)
	return c
}

// progress starts the time without progress again.
func (c *clock) progress() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = time.Now().Add(c.stall)
	if c.holds > 0 {
		c.still = c.since.Add(c.stall)
	}
}

// hold stops the clock until release; nil does nothing. There may be several at once.
func (c *clock) hold() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holds++; c.holds == 1 {
		c.since = time.Now()
	}
}

func (c *clock) release() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holds--; c.holds == 0 {
		held := time.Since(c.since)
		c.still, c.end = c.still.Add(held), c.end.Add(held)
	}
}

// ring looks whether it is time.
func (c *clock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.holds > 0 {
		now = c.since
	}
	switch {
	case c.timer == nil:
	case !now.Before(c.end):
		c.cancel(errDeadline)
	case !now.Before(c.still):
		c.cancel(errStalled)
	default:
		c.timer.Reset(min(c.still.Sub(now), c.end.Sub(now)))
	}
}

// stop ends the clock with its call. An idle connection may remember it, so it lets go of the call.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
	c.timer, c.cancel = nil, nil
}
