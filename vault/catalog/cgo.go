//go:build cgo

package catalog

import (
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// openDriver connects to the database that dsn names.
func openDriver(dsn string) (driverConn, error) {
	c, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	return c.(*sqlite3.SQLiteConn), nil
}

// classify gives an error of SQLite the sentinel that callers branch on; any other error stays as it is.
func classify(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	// The backup API reports the extended code in the place of the plain one.
	code, extended := e.Code&0xff, e.ExtendedCode
	if e.Code > 0xff {
		extended = sqlite3.ErrNoExtended(e.Code)
	}
	if s := sentinelOf(code, extended, e); s != nil {
		return fmt.Errorf("%w: %w", s, err)
	}
	return err
}

// errCorruptFS is SQLITE_IOERR_CORRUPTFS, which the driver does not name.
var errCorruptFS = sqlite3.ErrIoErr.Extend(33)

func sentinelOf(code sqlite3.ErrNo, extended sqlite3.ErrNoExtended, e sqlite3.Error) error {
	switch code {
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrFormat:
		return ErrDamaged
	case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrProtocol:
		return ErrBusy
	case sqlite3.ErrFull:
		return ErrDiskFull
	case sqlite3.ErrReadonly:
		if extended == sqlite3.ErrReadonlyRollback {
			return errHotJournal
		}
		return ErrReadOnly
	case sqlite3.ErrError:
		return errStatement
	case sqlite3.ErrIoErr, sqlite3.ErrCantOpen, sqlite3.ErrPerm:
		switch {
		case isDiskFull(e.SystemErrno):
			return ErrDiskFull
		case extended == sqlite3.ErrIoErrRead, extended == sqlite3.ErrIoErrShortRead, extended == errCorruptFS:
			return ErrDamaged
		case isReadOnly(e.SystemErrno):
			return ErrReadOnly
		}
	}
	return nil
}
