//go:build !linux

package main

// useLargePages is for Linux alone: elsewhere nothing was measured that would call for it.
func useLargePages() {}
