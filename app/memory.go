package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much memory may be taken, of what is still needed, before what is not is collected: a fifth of it, and floor where that
// is less, so that a few megabytes are not looked through again and again. Most of what is needed is packs and buffers without
// a pointer, and those are used again: looking takes 1 % of the processor time, and a backup of 1 GB stays below 160 MB rather
// than 230.
const (
	collectPercent = 20
	collectFloor   = 8 << 20
)

// collectEarly has memory collected as said above, unless the environment says otherwise.
func collectEarly() {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	afterEveryCollection(func() {
		metrics.Read(live)
		debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
	})
}

// percentFor is what may be added to so many bytes, in percent of them. The runtime takes it of 4 MB at least.
func percentFor(live uint64) int {
	return int(min(max(collectPercent, 100*collectFloor/max(live, 1)), 100*collectFloor/(4<<20)))
}

// afterEveryCollection does f now, and again whenever memory was collected.
func afterEveryCollection(f func()) {
	f()
	runtime.AddCleanup(new([64]byte), afterEveryCollection, f)
}
