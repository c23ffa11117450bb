//go:build race

package ui

// slowdown is how much longer everything may take: the race detector's own work.
const slowdown = 4
