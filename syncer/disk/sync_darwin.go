package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginWriting does nothing: there is no call for it.
func beginWriting(*os.File, int64, int64) {}

// SyncFS returns when everything written before is on the disk: sync starts the writing of all file systems, and
// F_FULLFSYNC waits for d's drive to empty its cache.
func (d *Dir) SyncFS() error {
	if err := unix.Sync(); err != nil {
		return fail("sync folder", ".", err)
	}
	if _, err := unix.FcntlInt(uintptr(d.fd), unix.F_FULLFSYNC, 0); err != nil {
		if err = unix.Fsync(d.fd); err != nil { // not every file system has the former
			return fail("sync folder", ".", err)
		}
	}
	return nil
}

// blockSize is the unit of the block counts in st, in bytes.
func blockSize(st *unix.Statfs_t) int64 { return int64(st.Bsize) }
