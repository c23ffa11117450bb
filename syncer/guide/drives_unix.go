//go:build linux || darwin

package guide

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mountedDrives looks at drivePlaces for disks that are not the one they are listed on, and can be written.
func mountedDrives() (paths []string) {
	for _, pattern := range drivePlaces {
		found, err := filepath.Glob(pattern)
		if err != nil {
			panic(err) // the patterns are ours
		}
		for _, path := range found {
			if !SameDisk(path, filepath.Dir(path)) && !SameDisk(path, "/") && unix.Access(path, unix.W_OK) == nil {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// SameDisk tells whether two paths lie on one file system, or their nearest parents that exist do. It says no where that
// cannot be known.
func SameDisk(a, b string) bool {
	one, ok := device(a)
	other, okay := device(b)
	return ok && okay && one == other
}

func device(path string) (uint64, bool) {
	for {
		var st unix.Stat_t
		err := unix.Stat(path, &st)
		if err == nil {
			return uint64(st.Dev), true // its type differs between systems
		}
		parent := filepath.Dir(path)
		if parent == path || !os.IsNotExist(err) {
			return 0, false
		}
		path = parent
	}
}
