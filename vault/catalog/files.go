package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// sides are the files that SQLite keeps beside a database; they belong to it and go where it goes.
var sides = []string{"-wal", "-journal", "-shm"}

// withSides returns path and the names of the files that SQLite may keep beside it.
func withSides(path string) []string {
	names := []string{path}
	for _, s := range sides {
		names = append(names, path+s)
	}
	return names
}

// Remove deletes the catalog at path with all its files, to make room for a new one; none there is fine. It must be
// closed. A folder in its place that is not empty is somebody's: it is moved aside, not deleted.
func Remove(path string) error {
	fi, err := os.Lstat(path)
	if err == nil && fi.IsDir() && os.Remove(path) != nil {
		if _, err := MoveAside(path); err != nil {
			return err
		}
	}
	return removeDatabase(path)
}

// removeDatabase deletes the file first: a log without its database is dropped by SQLite, a database without its log
// may lack half a transaction.
func removeDatabase(path string) error {
	for _, name := range withSides(path) {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove database: %w", fileError(err))
		}
	}
	return nil
}

// MoveAside renames the catalog at path, with all its files, to a free name beside it and returns that name. It must
// be closed.
func MoveAside(path string) (string, error) {
	aside := ""
	for n := 1; aside == ""; n++ {
		name := fmt.Sprintf("%s.old-%d", path, n)
		_, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			aside = name
		case err != nil:
			return "", fmt.Errorf("move catalog aside: %w", fileError(err))
		}
	}
	to := withSides(aside)
	for i, name := range withSides(path) {
		if err := os.Rename(name, to[i]); err != nil && (i == 0 || !errors.Is(err, fs.ErrNotExist)) {
			return "", fmt.Errorf("move catalog aside: %w", fileError(err))
		}
	}
	return aside, nil
}

// fileError gives an error of package os the sentinel that callers branch on.
func fileError(err error) error {
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &errno) && isDiskFull(errno):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case errors.As(err, &errno) && isReadOnly(errno):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case errno == syscall.EISDIR:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func isDiskFull(errno syscall.Errno) bool {
	if runtime.GOOS == "windows" {
		return errno == 39 || errno == 112 // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
	}
	return errno == syscall.ENOSPC || errno == syscall.EDQUOT
}

func isReadOnly(errno syscall.Errno) bool {
	if runtime.GOOS == "windows" {
		return errno == 5 || errno == 19 // ERROR_ACCESS_DENIED, ERROR_WRITE_PROTECT
	}
	return errno == syscall.EACCES || errno == syscall.EPERM || errno == syscall.EROFS
}
