//go:build !race

package ui

// slowdown is how much longer everything may take: not at all, without the race detector.
const slowdown = 1
