package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// FreeSpace returns the bytes that this person may still write at path, or at its nearest parent that exists. A quota
// that the file system does not tell of is not counted.
func FreeSpace(path string) (int64, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return 0, fail("measure free space at", path, err)
	}
	for {
		free, err := available(path)
		if err == nil {
			return free, nil
		}
		parent := filepath.Dir(path)
		if parent == path || !errors.Is(err, fs.ErrNotExist) && !isNotDir(err) {
			return 0, fail("measure free space at", path, err)
		}
		path = parent
	}
}
