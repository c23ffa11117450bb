package host

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var getSystemPowerStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemPowerStatus")

// powerStatus is Windows' SYSTEM_POWER_STATUS.
type powerStatus struct {
	acLine, batteryFlag, percent, saver byte
	seconds, fullSeconds                uint32
}

func onBattery() Answer {
	var s powerStatus
	if ok, _, _ := getSystemPowerStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return Unknown
	}
	switch s.acLine {
	case 0:
		return Yes
	case 1:
		return No
	}
	return Unknown
}
