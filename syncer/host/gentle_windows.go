package host

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// Gentle lets other programs go first at the processor. Windows' background mode would do so at the disk too, but takes
// memory away until nothing works. It may be called again.
func Gentle() error {
	if err := windows.SetPriorityClass(windows.CurrentProcess(), windows.BELOW_NORMAL_PRIORITY_CLASS); err != nil {
		return fmt.Errorf("lower the priority: %w", err)
	}
	return nil
}
