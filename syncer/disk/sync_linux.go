package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginWriting tells the kernel to write a range of f to the disk now, and does not wait for it. Whether that succeeds, a
// later sync tells, as for all else.
func beginWriting(f *os.File, off, n int64) {
	if c, err := f.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) { _ = unix.SyncFileRange(int(fd), off, n, unix.SYNC_FILE_RANGE_WRITE) })
	}
}

// SyncFS returns when everything written to d's file system before is on the disk.
func (d *Dir) SyncFS() error {
	if err := unix.Syncfs(d.fd); err != nil {
		return fail("sync folder", ".", err)
	}
	return nil
}

// blockSize is the unit of the block counts in st, in bytes.
func blockSize(st *unix.Statfs_t) int64 {
	if st.Frsize > 0 {
		return int64(st.Frsize)
	}
	return int64(st.Bsize)
}
