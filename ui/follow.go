package ui

import (
	"context"

	"roost/syncer"
)

// follow does something that reports how far it is, away from the UI goroutine, and draws that on it until ctx ends. A window
// that is slow skips values.
func (w *Window) follow(ctx context.Context, do func(syncer.Report) error, draw func(syncer.Progress)) (err error) {
	latest := make(chan syncer.Progress, 1)
	go func() {
		defer close(latest)
		err = do(func(p syncer.Progress) {
			select {
			case <-latest:
			default:
			}
			select {
			case latest <- p:
			default:
			}
		})
	}()
	for p := range latest {
		if ctx.Err() == nil {
			w.post(func() { draw(p) })
		}
	}
	return err
}
