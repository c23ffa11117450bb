package host

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Of <sys/resource.h>.
const (
	prioDarwinProcess = 4
	prioDarwinBG      = 0x1000
)

// Gentle lets other programs go first, at the processor, the disk and the network. It may be called again.
func Gentle() error {
	if err := unix.Setpriority(prioDarwinProcess, 0, prioDarwinBG); err != nil {
		return fmt.Errorf("go to the background: %w", err)
	}
	return nil
}
