//go:build !headless && !linux

package main

import (
	"context"
	"iter"
)

// canHaveTray: Windows and macOS always have a place for it.
func canHaveTray(context.Context) bool { return true }

func trayHosts(context.Context) iter.Seq[bool] {
	return func(yield func(bool) bool) { yield(true) }
}
