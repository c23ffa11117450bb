// Package early discards the log of libraries until the program knows what to do with it.
//
// Fyne logs three lines about an unknown locale while it is initialised, before main runs and whatever verb was asked
// for. Go initialises packages by their import paths once what they import is ready, which puts this one first.
package early

import (
	"io"
	"log"
)

func init() { log.SetOutput(io.Discard) }
