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
	once  sync.Once
	over  chan struct{} // closed when nothing is left to do
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
	if err != nil || stage == guide.Done || running != nil {
		f.end() // what is wrong with a home is said by whoever keeps it
	}
	return f, nil
}

// end lets the folders be kept from now on.
func (f *firstSteps) end() { f.once.Do(func() { close(f.over) }) }

// finish is end, by somebody who took the steps in the window.
func (f *firstSteps) finish() {
	f.taken.Store(true)
	f.end()
}

// left tells whether something of them is left to do.
func (f *firstSteps) left() bool {
	select {
	case <-f.over:
		return false
	default:
		return true
	}
}

// lookEvery is how often it is looked whether somebody set the home up on the command line instead.
const lookEvery = 2 * time.Second

// wait returns when nothing is left to do, or ctx ends.
func (f *firstSteps) wait(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-f.over:
			return
		case <-ctx.Done():
			return
		case <-look.C:
			if stage, err := f.guide.Stage(ctx); err == nil && stage == guide.Done && !f.guide.Holds() {
				f.end()
			}
		}
	}
}

func (f *firstSteps) close() error { return f.guide.Close() }

// asksForPassword tells whether a problem is that the key's password is not known, or another one.
func asksForPassword(code string) bool { return code == "no_passphrase" || code == "wrong_passphrase" }
