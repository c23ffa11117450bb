//go:build !linux

package main

import (
	"context"
	"errors"
	"log/slog"
)

// board is none here: the window's toolkit shows notices, which have no button then.
type board struct{}

var errNoBoard = errors.New("this system's notices have no buttons yet")

func openBoard(context.Context, func(code string)) (*board, error) { return nil, errNoBoard }

func (*board) show(context.Context, string, string, string, string) error { return errNoBoard }

func (*board) close() {}

// showNotices shows nothing: without the window there is no desktop to show it on here.
func showNotices(ctx context.Context, _ *slog.Logger, _ engine) error {
	<-ctx.Done()
	return nil
}
