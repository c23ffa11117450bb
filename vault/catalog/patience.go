package catalog

import (
	"context"
	"errors"
	"time"
)

// patience waits for a lock that another process holds, for as long as limit without any progress.
type patience struct {
	limit time.Duration
	since time.Time     // when waiting began; zero: not waiting
	pause time.Duration // the last pause
}

// gained says that something moved: waiting starts afresh.
func (p *patience) gained() { p.since, p.pause = time.Time{}, 0 }

// wait pauses before the next try. It returns why, with ErrBusy in it, once patience is exhausted, or ctx's error.
func (p *patience) wait(ctx context.Context, why error) error {
	if p.since.IsZero() {
		p.since = time.Now()
	}
	left := p.limit - time.Since(p.since)
	if left <= 0 {
		if !errors.Is(why, ErrBusy) {
			why = errors.Join(ErrBusy, why)
		}
		return why
	}
	p.pause = min(2*p.pause+time.Millisecond, 100*time.Millisecond, left)
	t := time.NewTimer(p.pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
