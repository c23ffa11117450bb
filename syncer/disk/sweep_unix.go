//go:build linux || darwin

package disk

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// abandonedAfter is how long a temporary file that cannot show whether it is in use must have been left alone.
const abandonedAfter = time.Hour

// SweepTemp removes what a restore that was killed left in d under a temporary name, and returns how many. What
// another process is still writing stays.
func SweepTemp(d *Dir) (removed int, err error) {
	ents, err := d.names()
	if err != nil {
		return 0, fail("list folder", ".", err)
	}
	var failed error
	for _, e := range ents {
		if !IsTempName(e.name) {
			continue
		}
		gone, err := d.sweep(e.name)
		if err != nil {
			failed = errors.Join(failed, fail("remove", e.name, err))
		}
		if gone {
			removed++
		}
	}
	return removed, failed
}

// sweep removes one leftover. It holds the lock while it does, so that nobody who has just created it goes on with a
// file that has no name any more.
func (d *Dir) sweep(name string) (gone bool, err error) {
	var st unix.Stat_t
	if err := lstatat(d.fd, name, &st); err != nil {
		return false, ignoreMissing(err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
	case unix.S_IFREG:
		fd, err := openat(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == nil {
			defer unix.Close(fd)
			err = flock(fd)
		}
		if errors.Is(err, unix.EWOULDBLOCK) {
			return false, nil
		}
		// Unreadable because it had got its mode already, or no locks on this file system.
		if err != nil && time.Since(time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec))) < abandonedAfter {
			return false, nil
		}
	default: // not made by us
		return false, nil
	}
	err = d.relaxing(func() error { return unix.Unlinkat(d.fd, name, 0) })
	return err == nil, ignoreMissing(err)
}

func ignoreMissing(err error) error {
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
