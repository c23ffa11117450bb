//go:build !headless

package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"roost/syncer/guide"
)

// firstSteps is the way of a home that is not set up into the window: until its end nobody keeps folders, because the steps
// need the home for themselves.
type firstSteps struct {
	guide *guide.Guide
	home  string      // that they are taken for
	taken atomic.Bool // to their end, in this window

	mu   sync.Mutex    // guards below
	over chan struct{} // closed when nothing is left to do
	done bool          // it is closed
	stop func()        // ends the keeping of folders that goes on; nil: none does
}

// firstSteps finds out what is left of them; the caller closes it.
func (c *call) firstSteps(ctx context.Context) (*firstSteps, error) {
	g, err := c.starter()
	if err != nil {
		return nil, err
	}
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	f := &firstSteps{guide: g, home: home, over: make(chan struct{})}
	running, err := c.running(ctx)
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	stage, err := g.Stage(ctx)
	if err != nil || stage >= guide.Returning || running != nil {
		f.end() // what is wrong with a home is said by whoever keeps it
	}
	return f, nil
}

// end lets the folders be kept from now on.
func (f *firstSteps) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.done {
		f.done = true
		close(f.over)
	}
}

// isOver is closed when nothing is left to do.
func (f *firstSteps) isOver() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// round waits until nothing is left to do, and returns what the keeping of folders goes on in, until ctx ends or the steps
// begin anew.
func (f *firstSteps) round(ctx context.Context) (context.Context, context.CancelFunc) {
	for {
		f.wait(ctx)
		going, stop := context.WithCancel(ctx)
		f.mu.Lock()
		done := f.done
		if done {
			f.stop = stop
		}
		f.mu.Unlock()
		if done || ctx.Err() != nil {
			return going, stop
		}
		stop()
	}
}

// again puts the home aside and begins anew: whoever keeps folders stops, and goes on at the end of the steps.
func (f *firstSteps) again(ctx context.Context) error {
	f.mu.Lock()
	if f.done {
		f.over, f.done = make(chan struct{}), false
	}
	stop := f.stop
	f.stop = nil
	f.mu.Unlock()
	f.taken.Store(false)
	if stop != nil {
		stop()
	}
	err := f.guide.SetAside(ctx)
	if err != nil {
		f.end() // as it was
	}
	return err
}

// finish is end, by somebody who took the steps in the window.
func (f *firstSteps) finish() {
	f.taken.Store(true)
	f.end()
}

// left tells whether something of them is left to do.
func (f *firstSteps) left() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.done
}

// lookEvery is how often it is looked whether somebody set the home up on the command line instead.
const lookEvery = 2 * time.Second

// wait returns when nothing is left to do, or ctx ends.
func (f *firstSteps) wait(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-f.isOver():
			return
		case <-ctx.Done():
			return
		case <-look.C:
			if stage, err := f.guide.Stage(ctx); err == nil && stage >= guide.Returning && !f.guide.Holds() {
				f.end()
			}
		}
	}
}

func (f *firstSteps) close() error { return f.guide.Close() }

// asksForPassword tells whether a problem is that the key's password is not known, or another one.
func asksForPassword(code string) bool { return code == "no_passphrase" || code == "wrong_passphrase" }
