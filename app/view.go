//go:build !headless

package main

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"roost/syncer"
	"roost/ui"
)

// view is the window's door to an engine: the engine's own methods, and a Watch that tells beside the status what happened
// and how the backup grew.
type view struct {
	engine
	life context.Context // of the engine
}

var _ ui.Engine = view{}

// What is told beside the status, and how often it is read anew although no new version was made.
const (
	toldActivities = 50
	toldDays       = 30
	besideEvery    = 30 * time.Second
)

// Backup goes on when the window that asked for it is closed, and ends with the engine.
func (v view) Backup(_ context.Context, dirs []string, r syncer.Report) ([]syncer.Saved, error) {
	return v.engine.Backup(v.life, dirs, r)
}

// RemoveDevice goes on when the window that asked for it is closed.
func (v view) RemoveDevice(_ context.Context, o syncer.RemoveDeviceOptions) (*syncer.RemovedDevice, error) {
	return v.engine.RemoveDevice(v.life, o)
}

// Prune goes on like Backup, unless it only says what would go.
func (v view) Prune(ctx context.Context, o syncer.PruneOptions, r syncer.Report) (*syncer.Pruned, error) {
	if !o.Preview {
		ctx = v.life
	}
	return v.engine.Prune(ctx, o, r)
}

// Forget goes on like Prune.
func (v view) Forget(ctx context.Context, o syncer.ForgetOptions, r syncer.Report) (*syncer.Forgotten, error) {
	if !o.Preview {
		ctx = v.life
	}
	return v.engine.Forget(ctx, o, r)
}

// AddNode goes on like Backup, unless a person gave it up.
func (v view) AddNode(ctx context.Context, o syncer.SetupOptions) error {
	going, stop := context.WithCancel(v.life)
	defer stop()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), ui.ErrGivenUp) {
			stop()
		}
	})()
	return v.engine.AddNode(going, o)
}

// Watch yields how things are until ctx or the engine ends.
func (v view) Watch(ctx context.Context) iter.Seq[ui.Now] {
	return func(yield func(ui.Now) bool) {
		var reading sync.WaitGroup
		defer reading.Wait()
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		statuses, news := make(chan syncer.Status), make(chan beside)
		wanted := make(chan struct{}, 1) // holds one when what is told beside the status may be another
		reading.Go(func() {
			defer stop() // when the engine ends, so does this
			for s, err := range v.engine.Watch(ctx) {
				if err != nil || !send(ctx, statuses, s) {
					return
				}
			}
		})
		reading.Go(func() { v.readBeside(ctx, wanted, news) })

		var now ui.Now
		var read time.Time // when what is beside was wanted last
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-statuses:
				at := time.Now()
				if s.Saved != now.Saved || s.State != now.State || at.Sub(read) >= besideEvery {
					read = at
					select {
					case wanted <- struct{}{}:
					default: // it is about to be read
					}
				}
				now.Status, now.At = s, at
			case b := <-news:
				now.Activity, now.Space, now.Days = b.activity, b.space, b.days
				if now.At.IsZero() {
					continue
				}
			}
			if !yield(now) {
				return
			}
		}
	}
}

// beside is what a status does not say.
type beside struct {
	activity []syncer.Activity
	space    syncer.Space
	days     []int64
}

// readBeside reads it whenever it is wanted, until ctx ends. What cannot be read stays as it was: the problems of the
// status say why.
func (v view) readBeside(ctx context.Context, wanted <-chan struct{}, news chan<- beside) {
	var b beside
	for {
		select {
		case <-ctx.Done():
			return
		case <-wanted:
		}
		if activity, err := v.Activity(ctx, toldActivities); err == nil {
			b.activity = activity
		}
		if !send(ctx, news, b) {
			return
		}
		// These ask the storage, which may take its time.
		if space, err := v.Space(ctx); err == nil {
			b.space = *space
		}
		if versions, _, err := v.Snapshots(ctx, ""); err == nil {
			b.days = growth(versions, time.Now(), toldDays)
		}
		if !send(ctx, news, b) {
			return
		}
	}
}

// send gives up when ctx ends.
func send[T any](ctx context.Context, to chan<- T, value T) bool {
	select {
	case to <- value:
		return true
	case <-ctx.Done():
		return false
	}
}

// growth is what the newest complete versions of all folders held at the end of each of the last days, oldest first, today
// last. It begins with the first day that had any.
func growth(versions []syncer.Version, now time.Time, days int) []int64 {
	held := make([]int64, days)
	y, m, d := now.Date()
	for i := range held {
		end := time.Date(y, m, d-days+2+i, 0, 0, 0, 0, now.Location())
		seen := map[string]bool{}    // folders of devices
		for _, v := range versions { // newest first
			folder := string(v.Device[:]) + string(v.FolderID[:])
			if v.Complete && v.Time().Before(end) && !seen[folder] {
				seen[folder] = true
				held[i] += int64(v.Bytes)
			}
		}
	}
	for i, bytes := range held {
		if bytes > 0 {
			return held[i:]
		}
	}
	return nil
}
