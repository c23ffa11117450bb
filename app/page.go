//go:build !headless

package main

import (
	"context"
	"time"

	"roost/syncer"
)

// attendant is what a window and its tray do for who keeps the folders.
type attendant struct {
	round  func(context.Context) (context.Context, context.CancelFunc) // what the keeping goes on in; nil: until ctx ends
	show   func()                                                      // comes to the front
	follow func(context.Context, engine) error                         // shows an engine until that or ctx ends
	cover  func(syncer.Problem)                                        // shows why there is no engine to show
	notify func(syncer.Notice)                                         // says something on the desktop
}

// showRunning brings the window of the Roost that runs to the front; false where there is none.
func (c *call) showRunning(ctx context.Context) (bool, error) {
	running, err := c.running(ctx)
	if err != nil || running == nil {
		return false, err
	}
	return running.Show(ctx)
}

// windowRuns tells whether a window or a tray shows this home already.
func (c *call) windowRuns(ctx context.Context) (bool, error) {
	running, err := c.running(ctx)
	return err == nil && running != nil && running.hello.Window, err
}

// retryEvery is how often a home that cannot be opened is tried again.
const retryEvery = 3 * time.Second

// takeOverAfter gives a service that is started again the time to be first.
const takeOverAfter = time.Second

// attend keeps the folders until ctx ends; beside a Roost that does so without a window, it shows what that one says, and
// takes over when it ends.
func (c *call) attend(ctx context.Context, w attendant) {
	all := ctx
	for all.Err() == nil {
		ctx, stop := all, context.CancelFunc(func() {})
		if w.round != nil {
			ctx, stop = w.round(all)
		}
		c.attendOnce(ctx, w)
		stop()
	}
}

// attendOnce keeps the folders until ctx ends or something goes wrong, which is tried again.
func (c *call) attendOnce(ctx context.Context, w attendant) {
	running, err := c.running(ctx)
	switch {
	case running != nil:
		_ = together(
			ctx, // however it ended, this one takes over
			func(ctx context.Context) error { return w.follow(ctx, running) },
			func(ctx context.Context) error { return running.Attach(ctx, w.show) },
		)
		wait(ctx, takeOverAfter)
		return
	case err == nil:
		err = c.keep(ctx, w.show, func(ctx context.Context, e engine) error {
			return together(
				ctx,
				func(ctx context.Context) error { return w.follow(ctx, e) },
				func(ctx context.Context) error { return w.notices(ctx, e) },
			)
		})
	}
	if err != nil && ctx.Err() == nil {
		w.cover(describe(ctx, err))
		wait(ctx, retryEvery)
	}
}

func (w attendant) notices(ctx context.Context, e engine) error {
	for n := range e.Notices(ctx) {
		w.notify(n)
	}
	<-ctx.Done()
	return nil
}

// wait ends early when ctx does.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
