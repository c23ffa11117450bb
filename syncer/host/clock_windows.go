package host

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var queryUnbiasedInterruptTime = windows.NewLazySystemDLL("kernel32.dll").NewProc("QueryUnbiasedInterruptTime")

// Now reads the clocks.
func Now() Reading {
	r := Reading{Wall: time.Now()}
	var ticks uint64 // of 100 ns, without sleep
	if ok, _, _ := queryUnbiasedInterruptTime.Call(uintptr(unsafe.Pointer(&ticks))); ok != 0 {
		r.Awake, r.Boot = time.Duration(ticks)*100, windows.DurationSinceBoot()
		return r
	}
	r.Awake = windows.DurationSinceBoot()
	return r
}
