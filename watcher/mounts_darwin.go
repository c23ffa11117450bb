package watcher

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// mountsOf reads what is mounted at, above and below the folder path, which must be free of links.
func mountsOf(path string) (*mounts, error) {
	n, err := unix.Getfsstat(nil, unix.MNT_NOWAIT)
	if err != nil {
		return nil, fmt.Errorf("count what is mounted: %w", err)
	}
	table := make([]unix.Statfs_t, n+8) // some may come between the two calls
	if n, err = unix.Getfsstat(table, unix.MNT_NOWAIT); err != nil {
		return nil, fmt.Errorf("read what is mounted: %w", err)
	}
	m := &mounts{}
	best := -1 // length of the mount point that the folder lies on
	for _, fs := range table[:n] {
		point, kind := unix.ByteSliceToString(fs.Mntonname[:]), unix.ByteSliceToString(fs.Fstypename[:])
		reports := fs.Flags&unix.MNT_LOCAL != 0
		switch {
		case within(path, point, "/"):
			if len(point) < best {
				continue
			}
			best, m.self, m.reports = len(point), kind, reports
		case within(point, path, "/"):
			if !reports {
				m.silent = append(m.silent, point)
			}
		default:
			continue
		}
		m.told += fmt.Sprintf("%v %s %q\n", fs.Fsid, kind, point)
	}
	slices.Sort(m.silent)
	return m, nil
}
