//go:build !linux

package main

import (
	"context"
	"log/slog"
)

// showNotices shows nothing: without the window there is no desktop to show it on here.
func showNotices(ctx context.Context, _ *slog.Logger, _ engine) error {
	<-ctx.Done()
	return nil
}
