package syncer

import (
	"context"
	"errors"
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
	var m Measured
	told := time.Now()
	c := counting{
		found: func(_ string, x *disk.Entry) {
			m.Files++
			m.Bytes += contentOf(x)
			if now := time.Now(); tell != nil && now.Sub(told) >= reportEvery {
				told = now
				tell(m)
			}
		},
		left: func() {},
	}
	err = c.folder(ctx, path, config{})
	if tell != nil && !errors.Is(err, ErrNotAFolder) {
		tell(m)
	}
	return m, err
}
