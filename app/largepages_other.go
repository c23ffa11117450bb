//go:build !linux || race

package main

// useLargePages is for Linux alone: elsewhere nothing was measured that would call for it. And not for the race detector, which
// keeps a shadow of all memory and takes half a second for this.
func useLargePages() {}
