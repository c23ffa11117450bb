package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now reads the clocks. Other than on Linux, CLOCK_MONOTONIC runs on in sleep here.
func Now() Reading {
	return Reading{Awake: since(unix.CLOCK_UPTIME_RAW), Boot: since(unix.CLOCK_MONOTONIC), Wall: time.Now()}
}

func since(clock int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0 // every macOS of today has both
	}
	return time.Duration(ts.Nano())
}
