//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

// another is a second machine; only Linux can play one.
type another struct{}

var machineCommands map[string]func(*testscript.TestScript, bool, []string)
