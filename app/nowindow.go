//go:build headless

package main

import "context"

// hasWindow says whether this Roost can open one.
const hasWindow = false

func openWindow(context.Context, *call) (answer, error) {
	return nil, usage(nil, "This Roost is built without a window: say what to do.")
}
