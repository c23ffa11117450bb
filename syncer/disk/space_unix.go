//go:build linux || darwin

package disk

import (
	"errors"
	"math"
	"math/bits"

	"golang.org/x/sys/unix"
)

func available(path string) (int64, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return 0, err
		}
	}
	// Some user-space file systems answer with absurdly many blocks.
	high, low := bits.Mul64(uint64(st.Bavail), uint64(blockSize(&st)))
	if high != 0 || low > math.MaxInt64 {
		return math.MaxInt64, nil
	}
	return int64(low), nil
}

func isNotDir(err error) bool { return errors.Is(err, unix.ENOTDIR) }
