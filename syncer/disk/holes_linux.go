package disk

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// maxSeeks bounds the time that a file of a hundred million fragments takes; what is not looked at counts as data.
const maxSeeks = 1 << 17

// Holes returns where the first size bytes of f are not stored because nothing was ever written there: ranges of at
// least 64 KiB, the max largest of them, sorted by offset. It returns nil when there are none, and on file systems
// whose answer is not good enough to leave bytes unread for. Bytes beyond the current end of f are never a hole.
// Entry.Blocks tells cheaply whether asking is worth it. The read position of f is left as it was.
func Holes(f *os.File, size int64, max int) ([]Range, error) {
	fd := int(f.Fd())
	if max <= 0 || !tellsHoles(fd) {
		return nil, nil
	}
	var st unix.Stat_t
	if err := fstat(fd, &st); err != nil {
		return nil, fail("find holes in", f.Name(), err)
	}
	size = min(size, st.Size)
	was, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fail("find holes in", f.Name(), err)
	}
	holes, err := seekHoles(fd, size, max)
	if _, serr := f.Seek(was, io.SeekStart); err == nil {
		err = serr
	}
	if err != nil {
		return nil, fail("find holes in", f.Name(), err)
	}
	return largest(holes, max), nil
}

func seekHoles(fd int, size int64, max int) ([]Range, error) {
	var holes []Range
	for off, seeks := int64(0), 0; off < size && seeks < maxSeeks; seeks += 2 {
		hole, err := unix.Seek(fd, off, unix.SEEK_HOLE)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENXIO) { // unsupported; f has become shorter
			return holes, nil
		}
		if err != nil {
			return nil, err
		}
		if hole >= size {
			return holes, nil
		}
		data, err := unix.Seek(fd, hole, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // a hole up to the end of the file
			var st unix.Stat_t
			if err := fstat(fd, &st); err != nil {
				return nil, err
			}
			data = min(size, st.Size)
		} else if err != nil {
			return nil, err
		}
		data = min(data, size)
		if data-hole >= minHole {
			holes = append(holes, Range{Off: hole, Len: data - hole})
			if len(holes) >= 2*max+1024 {
				holes = largest(holes, max)
			}
		}
		off = data
	}
	return holes, nil
}

// tellsHoles names the file systems whose SEEK_HOLE the kernel itself answers from the same map that reads use.
// A hole reported over data would lose the data, and that has happened: OpenZFS (issue 11900), network file systems
// whose server answers, and layers such as overlayfs that pass the question on to either.
func tellsHoles(fd int) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(fd, &st) != nil {
		return false
	}
	switch int64(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return true
	}
	return false
}
