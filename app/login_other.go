//go:build !headless && !linux

package main

import "context"

// Nothing here was ever run: it compiles.

func (l atLogin) Starts() (bool, error) { return l.installed() }

func (l atLogin) Start(ctx context.Context, on bool) (err error) {
	if on {
		_, err = l.install(ctx)
	} else {
		err = l.remove(ctx)
	}
	if err != nil {
		return computerError("what starts at log-in could not be changed", err)
	}
	return nil
}
