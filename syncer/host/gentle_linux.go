package host

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	niceness = 10 // of -20 to 19
	// ioGentle is the last of the eight levels of best effort (ioprio_set(2): class 2, level 7). The idle class would
	// never come to its turn on a busy disk.
	ioGentle = 2<<13 | 7

	ioprioWhoProcess = 1
)

// Gentle lets other programs go first, at the processor and at the disk, from now on until this process ends: the
// system lets nobody take it back. It may be called again.
func Gentle() error {
	// Priorities belong to threads here, and a thread inherits them from the one that starts it. Threads may appear
	// while the others are told, so that it is done when nobody is left to tell.
	for told := map[int]bool{}; ; {
		entries, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("list threads: %w", err)
		}
		left := false
		for _, e := range entries {
			thread, err := strconv.Atoi(e.Name())
			if err != nil || told[thread] {
				continue
			}
			told[thread], left = true, true
			if err := gentleThread(thread); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
		if !left {
			return nil
		}
	}
}

func gentleThread(thread int) error {
	now, err := unix.Getpriority(unix.PRIO_PROCESS, thread) // the kernel counts from 40 down to 1
	if err != nil {
		return fmt.Errorf("ask for a thread's priority: %w", err)
	}
	if 20-now < niceness {
		if err := unix.Setpriority(unix.PRIO_PROCESS, thread, niceness); err != nil {
			return fmt.Errorf("lower a thread's priority: %w", err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(thread), ioGentle); errno != 0 {
		return fmt.Errorf("lower a thread's disk priority: %w", errno)
	}
	return nil
}
