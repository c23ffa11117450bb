package keystore

import (
	"context"
	"errors"
	"os/exec"
)

// lookAtKeyring: Keychain says what is wrong in its exit status, see keyringCause.
func lookAtKeyring(context.Context) (keyringState, error) { return keyringUnknown, nil }

// keyringCause returns the sentinel for the exit status of /usr/bin/security, which is the low byte of the OSStatus
// (Security/SecBase.h); nil for others.
func keyringCause(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil
	}
	switch exit.ExitCode() {
	case 36: // errSecInteractionNotAllowed, -25308: locked, and nobody can be asked (ssh)
		return ErrLocked
	case 128, 51: // errSecUserCanceled, -128; errSecAuthFailed, -25293
		return ErrDenied
	case 37, 50, 53: // errSecNoDefaultKeychain, -25307; errSecNoSuchKeychain, -25294; errSecNotAvailable, -25291
		return ErrNoService
	}
	return nil
}
