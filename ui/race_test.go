//go:build race

package ui

// slowdown is how much longer everything may take: the race detector's own work, and a package that is tested beside this one.
const slowdown = 8
