package disk

import "golang.org/x/sys/unix"

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
