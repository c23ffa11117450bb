//go:build !headless

package main

import "roost/ui"

// atLogin is the entry that starts the app, hidden in its tray, when this account logs in. Each system keeps it in its own
// way, on Linux as a file of the desktop:
//
//	Starts() (bool, error)
//	Start(ctx, on) error    puts the entry there, or takes it away; fine when it was so
type atLogin struct{ service }

var _ ui.AtLogin = atLogin{}

func (c *call) atLogin() (atLogin, error) {
	s, err := c.service()
	if err != nil {
		return atLogin{}, err
	}
	s.does = []string{"--hidden"}
	s.name += "-window"
	return atLogin{*s}, nil
}
