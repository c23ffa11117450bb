//go:build !headless && !linux

package main

import (
	"context"

	"roost/ui"
)

// Windows and macOS ask for the log-in through interfaces that Roost does not use yet: the window says so.

func (d thisDesktop) AsksLogIn(context.Context) bool { return false }

func (d thisDesktop) AskLogIn(context.Context) (ui.LogIn, error) { return ui.LogInNotAsked, nil }
