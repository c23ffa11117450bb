//go:build (dragonfly && cgo) || (freebsd && cgo) || linux || netbsd || openbsd

package keystore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// lookAtKeyring connects to the session bus, without starting one: a bus of our own would have a keyring that nobody
// else sees, and would run on after us. It reports the state of the keyring that go-keyring is about to use.
func lookAtKeyring(ctx context.Context) (keyringState, error) {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return keyringUnknown, fmt.Errorf("%w: no session bus: %w", ErrNoService, err)
	}
	// Only read from: nothing is lost when closing it fails.
	defer func() { _ = conn.Close() }()
	if err := conn.Auth(nil); err != nil {
		return keyringUnknown, fmt.Errorf("%w: no session bus: %w", ErrNoService, err)
	}
	if err := conn.Hello(); err != nil {
		return keyringUnknown, fmt.Errorf("%w: no session bus: %w", ErrNoService, err)
	}
	state := keyringAbsent
	for _, path := range []dbus.ObjectPath{
		"/org/freedesktop/secrets/collection/login", "/org/freedesktop/secrets/aliases/default",
	} {
		var locked bool
		err := conn.Object("org.freedesktop.secrets", path).
			StoreProperty("org.freedesktop.Secret.Collection.Locked", &locked)
		switch {
		case err == nil && locked:
			return keyringLocked, nil
		case err == nil:
			return keyringOpen, nil
		case !strings.HasPrefix(dbusName(err), "org.freedesktop.DBus.Error.Unknown"):
			state = keyringUnknown // something else is wrong: go-keyring will meet it too
		}
	}
	return state, nil
}

// keyringCause returns the sentinel for an error of the bus or the service, nil for others.
func keyringCause(err error) error {
	if errors.Is(err, dbus.ErrClosed) {
		return ErrNoService
	}
	switch name := dbusName(err); name {
	case "org.freedesktop.DBus.Error.ServiceUnknown",
		"org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.NoServer",
		"org.freedesktop.DBus.Error.Disconnected",
		"org.freedesktop.DBus.Error.NoReply", // the service went away during the call
		"org.freedesktop.DBus.Error.TimedOut":
		return ErrNoService
	case "org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.AuthFailed":
		return ErrDenied
	case "org.freedesktop.Secret.Error.IsLocked":
		return ErrLocked
	default:
		if strings.HasPrefix(name, "org.freedesktop.DBus.Error.Spawn.") { // the service is installed and does not start
			return ErrNoService
		}
		return nil
	}
}

// dbusName returns the name of an error reply, "" for other errors.
func dbusName(err error) string {
	var reply dbus.Error
	if !errors.As(err, &reply) {
		return ""
	}
	return reply.Name
}
