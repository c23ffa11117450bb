package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// How a folder is kept.
const (
	Automatic = "auto"   // changes are saved as they come
	Manual    = "manual" // only when a person says so
)

// untilResumed is the end of a pause that only a person ends.
var untilResumed = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Pause stops the automatic work until then, for one folder or, when dir is "", for all. A zero time means until Resume.
// What is saved stays saved, and a backup that a person asks for still runs. Errors: ErrNotAdded, ErrUsage for a past time.
func (e *Engine) Pause(_ context.Context, dir string, until time.Time) error {
	if until.IsZero() {
		until = untilResumed
	}
	if !until.After(time.Now()) {
		return fmt.Errorf("%w: a pause ends in the future", ErrUsage)
	}
	return e.setPause(dir, until)
}

// Resume ends a pause. Resuming everything ends the pauses of single folders, too. Errors: ErrNotAdded.
func (e *Engine) Resume(_ context.Context, dir string) error { return e.setPause(dir, time.Time{}) }

func (e *Engine) setPause(dir string, until time.Time) error {
	if dir == "" {
		return e.changed(func(c *config) error {
			c.Paused = until
			if until.IsZero() {
				for i := range c.Folders {
					c.Folders[i].Paused = time.Time{}
				}
			}
			return nil
		})
	}
	return e.changeFolder(dir, func(f *folderConfig) { f.Paused = until })
}

// SetMode makes a folder automatic, or saved only when a person says so. Errors: ErrNotAdded, ErrUsage.
func (e *Engine) SetMode(_ context.Context, dir, mode string) error {
	if mode != Automatic && mode != Manual {
		return fmt.Errorf("%w: a folder is %s or %s", ErrUsage, Automatic, Manual)
	}
	return e.changeFolder(dir, func(f *folderConfig) { f.Mode = mode })
}

// SetPriority says whether a folder may wait when the month's data or a storage's room gets short. Errors: ErrNotAdded.
func (e *Engine) SetPriority(_ context.Context, dir string, low bool) error {
	return e.changeFolder(dir, func(f *folderConfig) { f.Low = low })
}

// changed changes the settings and lets what runs go by them at once.
func (e *Engine) changed(fn func(*config) error) error {
	if err := e.home.change(fn); err != nil {
		return err
	}
	e.poke()
	return nil
}

func (e *Engine) changeFolder(dir string, fn func(*folderConfig)) error {
	f, err := e.folder(dir)
	if err != nil {
		return err
	}
	return e.changed(func(c *config) error {
		i := slices.IndexFunc(c.Folders, func(x folderConfig) bool { return x.ID == f.ID })
		if i < 0 {
			return fmt.Errorf("%w: %s", ErrNotAdded, f.Path)
		}
		fn(&c.Folders[i])
		return nil
	})
}

// pausedUntil is when the pause of a folder, its own or that of everything, ends; zero when there is none now.
func (c config) pausedUntil(f *folderConfig, now time.Time) time.Time {
	until := c.Paused
	if f.Paused.After(until) {
		until = f.Paused
	}
	if !until.After(now) {
		return time.Time{}
	}
	return until
}
