package syncer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"roost/syncer/disk"
	"roost/vault/format"
)

// Preview returns the beginning of a file of one version, limit bytes at most, verified as a restore would.
//
// Errors: ErrUnknownVersion, ErrAmbiguous, ErrNotInVersion, ErrUsage for what is not a file, and those of reading.
func (e *Engine) Preview(ctx context.Context, snapshot, path string, limit int64) ([]byte, error) {
	if limit < 0 {
		return nil, fmt.Errorf("%w: less than nothing", ErrUsage)
	}
	x, err := e.fileAt(ctx, snapshot, path)
	if err != nil {
		return nil, err
	}
	limit = min(limit, int64(x.Size))
	var got []byte
	if limit > 0 {
		err = e.content(ctx, x, func(p []byte) bool {
			got = append(got, p[:min(int64(len(p)), limit-int64(len(got)))]...)
			return int64(len(got)) < limit
		})
	}
	if err != nil {
		return nil, err
	}
	return got, nil
}

// ReadOnlyCopy writes a file of one version to a new file that only this person may read and nobody may change, to be
// looked at. Holes are kept as such, no other attribute is. Whoever asks for it takes it away again.
//
// Errors: as Preview, disk.ErrExists when the name is taken, ErrNoRoom. Nothing is left behind then.
func (e *Engine) ReadOnlyCopy(ctx context.Context, snapshot, path, to string) error {
	x, err := e.fileAt(ctx, snapshot, path)
	if err != nil {
		return err
	}
	dir, err := disk.OpenRoot(filepath.Dir(to))
	if err != nil {
		return fmt.Errorf("make a copy to look at: %w", err)
	}
	defer dir.Close() // nothing is written through it any more
	t, err := dir.Create()
	if err != nil {
		return fmt.Errorf("make a copy to look at: %w", local(err))
	}
	ctx, cancel := context.WithCancel(ctx) // what is read ahead ends with it
	defer cancel()
	f := placing{walk: &walk{r: e.reading()}, entry: x}
	if err := f.fill(ctx, t); err != nil {
		return errors.Join(err, t.Abort())
	}
	err = t.Commit(filepath.Base(to), disk.Meta{Mode: 0o400, MTimeSec: x.MTime, MTimeNsec: int32(x.MNano)}, false)
	if _, bare := errors.AsType[*disk.MetaWarning](err); bare {
		return nil // its time is only for show
	}
	return local(err)
}

// reading is a restore that writes nothing by itself.
func (e *Engine) reading() *restore { return &restore{e: e, reads: make(chan struct{}, readsAtOnce)} }

// fileAt finds a file in a version.
func (e *Engine) fileAt(ctx context.Context, snapshot, path string) (*format.Entry, error) {
	s, err := e.version(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	_, x, err := e.entryAt(ctx, s, path)
	if err != nil {
		return nil, err
	}
	if x.Type != format.TypeFile {
		return nil, fmt.Errorf("%w: it is not a file", ErrUsage)
	}
	return x, nil
}

// content hands out what a file holds, in order, until take has enough. Holes are told as zeros.
func (e *Engine) content(ctx context.Context, x *format.Entry, take func([]byte) (more bool)) error {
	ctx, cancel := context.WithCancel(ctx) // what is read ahead ends with it
	defer cancel()
	pos, left, holes := int64(0), dataSize(x), x.Holes
	more := true
	skip := func() {
		for ; more && len(holes) > 0 && int64(holes[0].Off) == pos; holes = holes[1:] {
			more = takeZeros(int64(holes[0].Len), take)
			pos += int64(holes[0].Len)
		}
	}
	for plain, err := range e.reading().chunks(ctx, x) {
		if err != nil {
			return err
		}
		if left -= int64(len(plain)); len(plain) == 0 || left < 0 {
			return errPieces
		}
		for skip(); more && len(plain) > 0; skip() {
			n := int64(len(plain))
			if len(holes) > 0 {
				n = min(n, int64(holes[0].Off)-pos)
			}
			more = take(plain[:n])
			plain, pos = plain[n:], pos+n
		}
		if !more {
			return nil
		}
	}
	if left != 0 {
		return errPieces
	}
	skip()
	return nil
}

func takeZeros(n int64, take func([]byte) bool) bool {
	zero := make([]byte, min(n, 64<<10))
	for n > 0 {
		part := zero[:min(n, int64(len(zero)))]
		if !take(part) {
			return false
		}
		n -= int64(len(part))
	}
	return true
}
