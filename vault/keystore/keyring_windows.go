package keystore

import (
	"context"
	"errors"

	"golang.org/x/sys/windows"
)

// lookAtKeyring: Credential Manager is open while its user is logged in.
func lookAtKeyring(context.Context) (keyringState, error) { return keyringUnknown, nil }

// keyringCause returns the sentinel for an error of Credential Manager, nil for others.
func keyringCause(err error) error {
	switch {
	case errors.Is(err, windows.ERROR_NO_SUCH_LOGON_SESSION): // a network logon (ssh, WinRM) has no credential set
		return ErrNoService
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return ErrDenied
	}
	return nil
}
