package watcher

import "os"

// watchesStick: fsnotify can give back a watch only while its directory is at the path where it was watched.
const watchesStick = true

// idOf knows none: what stands at a path is told by its events alone.
func idOf(os.FileInfo) id { return id{} }

// watchCost is what a watch of d takes of the system's limits.
func watchCost(*dir) (int, error) { return 1, nil }

// watchBudget is how much of that all watches of a folder may take: each holds a handle and a buffer of 64 KiB.
func watchBudget() int { return 4096 }
