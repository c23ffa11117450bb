//go:build !cgo

package catalog

import (
	"context"
	"errors"
	"time"
)

var errNoSQLite = errors.New("this build has no SQLite: it was made with CGO_ENABLED=0")

func openDriver(string) (driverConn, error) { return nil, errNoSQLite }

func classify(err error) error { return err }

// CopyDatabase needs SQLite, which this build does not have.
func CopyDatabase(_ context.Context, _, _ string, _ time.Duration) error {
	return errNoSQLite
}
