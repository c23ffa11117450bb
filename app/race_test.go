//go:build race

package main

// slowdown is how much longer the program may take: the race detector's own work.
const slowdown = 3
