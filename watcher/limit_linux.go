package watcher

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// inotify's limits: each has a system-wide setting, and one of its user namespace; the lower one holds.
var (
	watchLimits    = []string{"fs.inotify.max_user_watches", "user.max_inotify_watches"}
	instanceLimits = []string{"fs.inotify.max_user_instances", "user.max_inotify_instances"}
)

// limitOf makes a refusal to watch a [limitError] if that is what it is.
func limitOf(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return lowestLimit(watchLimits, 524288, err)
	case errors.Is(err, unix.EMFILE):
		var files unix.Rlimit
		if uerr := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); uerr == nil && uint64(openFiles()) >= files.Cur {
			return &limitError{limit: "the number of open files", now: int(files.Cur), fix: "start Roost with a higher ulimit -n", cause: err}
		}
		return lowestLimit(instanceLimits, 1024, err)
	case errors.Is(err, unix.ENFILE):
		return &limitError{limit: "fs.file-max, of open files of the whole system", now: sysctl("fs.file-max"), cause: err}
	}
	return err
}

// lowestLimit names the limit that was reached, and at least atLeast as its better value.
func lowestLimit(names []string, atLeast int, cause error) error {
	name, now := lowest(names)
	return &limitError{
		limit: name, now: now, cause: cause, current: func() int { _, n := lowest(names); return n },
		fix: fmt.Sprintf("run: echo %s=%d | sudo tee /etc/sysctl.d/60-roost.conf && sudo sysctl --system", name, max(2*now, atLeast)),
	}
}

// lowest is the lowest of some settings, of those that there are.
func lowest(names []string) (name string, now int) {
	name = names[0]
	for _, s := range names {
		if n := sysctl(s); n > 0 && (now == 0 || n < now) {
			name, now = s, n
		}
	}
	return name, now
}

// sysctl reads a number of the kernel; 0 if there is none.
func sysctl(name string) int {
	b, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return n
}

// openFiles counts this process's descriptors; 0 if they cannot be listed, which needs one more.
func openFiles() int {
	f, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, unix.EMFILE) {
		return 1 << 30
	}
	return len(f)
}
