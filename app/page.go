//go:build !headless

package main

import (
	"context"
	"time"

	"roost/syncer"
)

// statusPage is what the window shows, in words.
type statusPage struct {
	title    string
	folders  []string
	problems []string
}

func newStatusPage(s syncer.Status) statusPage {
	p := statusPage{title: stateTitle(s)}
	for _, f := range s.Folders {
		p.folders = append(p.folders, shown(f.Path)+"\n"+folderWords(f))
	}
	for _, problem := range s.Problems {
		p.problems = append(p.problems, problemWords(problem))
	}
	return p
}

// problemPage is shown while the home cannot be opened at all.
func problemPage(ctx context.Context, err error) statusPage {
	p := describe(ctx, err)
	return statusPage{title: sentence(p.Title), problems: []string{p.Text + " " + sentence(p.Action)}}
}

// attendant is what a window does for who keeps the folders.
type attendant struct {
	show   func()              // comes to the front
	draw   func(statusPage)    // shows how things are
	notify func(syncer.Notice) // says something on the desktop
}

// showRunning brings the window of the Roost that runs to the front; false where there is none.
func (c *call) showRunning(ctx context.Context) (bool, error) {
	running, err := c.running(ctx)
	if err != nil || running == nil {
		return false, err
	}
	return running.Show(ctx)
}

// retryEvery is how often a home that cannot be opened is tried again.
const retryEvery = 3 * time.Second

// takeOverAfter gives a service that is started again the time to be first.
const takeOverAfter = time.Second

// attend keeps the folders until ctx ends; beside a Roost that does so without a window, it shows what that one says, and
// takes over when it ends.
func (c *call) attend(ctx context.Context, w attendant) {
	for ctx.Err() == nil {
		running, err := c.running(ctx)
		switch {
		case running != nil:
			_ = together(
				ctx, // however it ended, this one takes over
				func(ctx context.Context) error { return w.follow(ctx, running) },
				func(ctx context.Context) error { return running.Attach(ctx, w.show) },
			)
			wait(ctx, takeOverAfter)
			continue
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
			w.draw(problemPage(ctx, err))
			wait(ctx, retryEvery)
		}
	}
}

func (w attendant) follow(ctx context.Context, e engine) error {
	for s, err := range e.Watch(ctx) {
		if err != nil {
			return err
		}
		w.draw(newStatusPage(s))
	}
	return nil
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
