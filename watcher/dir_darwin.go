package watcher

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func idOf(fi os.FileInfo) id {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return id{uint64(st.Dev), st.Ino}
	}
	return id{}
}

// watchesStick: a watch can be given back when its directory has moved.
const watchesStick = false

// watchCost is what a watch of d takes of the system's limits: kqueue opens the directory and every entry.
func watchCost(d *dir) (int, error) {
	n, err := d.each(func(fs.DirEntry) {})
	return 1 + n, err
}

// watchBudget leaves most descriptors to the rest of the program.
func watchBudget() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 128 // half of what every process is given
	}
	return int(min(limit.Cur/2, 16384))
}
