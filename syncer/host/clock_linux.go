package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now reads the clocks.
func Now() Reading {
	return Reading{Awake: since(unix.CLOCK_MONOTONIC), Boot: since(unix.CLOCK_BOOTTIME), Wall: time.Now()}
}

func since(clock int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0 // every kernel of today has both
	}
	return time.Duration(ts.Nano())
}
