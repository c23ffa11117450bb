package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"roost/syncer/disk"
)

// Measured is how much a folder holds that would be kept.
type Measured struct {
	Files int64
	Bytes int64
}

// Measure counts a folder as it would be kept by the usual rules. tell hears of it a few times a second, and once at the
// end; nil is allowed. What cannot be read is not counted. Errors: ErrNotAFolder, and ctx's, with what was counted.
func Measure(ctx context.Context, dir string, tell func(Measured)) (Measured, error) {
	path, err := cleanFolder(dir)
	if err != nil {
		return Measured{}, err
	}
	root, err := disk.OpenRoot(path)
	if err != nil {
		return Measured{}, fmt.Errorf("%w: %w", ErrNotAFolder, err)
	}
	var m Measured
	told := time.Now()
	add := func(bytes int64) {
		m.Files++
		m.Bytes += bytes
		if now := time.Now(); tell != nil && now.Sub(told) >= reportEvery {
			told = now
			tell(m)
		}
	}
	err = count(ctx, root, "", config{}.rules(folderConfig{Path: []byte(path)}), nil, add, 0)
	if errors.Is(err, errDeep) {
		err = nil
	}
	if tell != nil {
		tell(m)
	}
	return m, errors.Join(err, root.Close())
}
