package catalog

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// value is what SQLite stores and the driver hands over: int64, []byte, string, float64 or nil.
type value = driver.Value

// The readers of columns do not trust the file: a value of another type, length or range is ErrDamaged.

func integer(v value) (int64, error) {
	n, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("%w: %T where a number must be", ErrDamaged, v)
	}
	return n, nil
}

func text(v value) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%w: %T where a text must be", ErrDamaged, v)
	}
	return s, nil
}

// blob returns nil for an empty one.
func blob(v value) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("%w: %T where bytes must be", ErrDamaged, v)
	}
	if len(b) == 0 {
		return nil, nil
	}
	return b, nil
}

func fixed(dst []byte, v value) error {
	b, err := blob(v)
	if err == nil && len(b) != len(dst) {
		err = fmt.Errorf("%w: %d bytes where %d must be", ErrDamaged, len(b), len(dst))
	}
	copy(dst, b)
	return err
}

// bytesOf is the argument for a blob column that may not be NULL.
func bytesOf(b []byte) value {
	if b == nil {
		return []byte{}
	}
	return b
}

func flag(b bool) value {
	if b {
		return int64(1)
	}
	return int64(0)
}

func nanos(t time.Time) value {
	if t.IsZero() {
		return int64(0)
	}
	return t.UnixNano()
}

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// ranged is integer for a number that must lie between 0 and limit.
func ranged(v value, limit int64) (int64, error) {
	n, err := integer(v)
	if err == nil && (n < 0 || n > limit) {
		err = fmt.Errorf("%w: number %d is out of range", ErrDamaged, n)
	}
	return n, err
}

func boolean(v value) (bool, error) {
	n, err := ranged(v, 1)
	return n == 1, err
}

func moment(v value) (time.Time, error) {
	n, err := integer(v)
	return timeOf(n), err
}
