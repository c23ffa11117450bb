//go:build !windows

package archive

import (
	"errors"
	"os"
	"syscall"
)

// syncDir makes the names in a folder last. A disk whose file system cannot do that for folders does it by itself.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
