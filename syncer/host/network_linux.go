package host

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// networkPatience is how long the system bus has to answer.
const networkPatience = 2 * time.Second

// metered asks NetworkManager, if it runs; it is not started for this.
func metered(ctx context.Context) Answer {
	ctx, cancel := context.WithTimeout(ctx, networkPatience)
	defer cancel()
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return Unknown
	}
	// Only read from: nothing is lost when closing it fails.
	defer func() { _ = conn.Close() }()
	var v dbus.Variant
	const name = "org.freedesktop.NetworkManager"
	err = conn.Object(name, "/org/freedesktop/NetworkManager").
		CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, name, "Metered").Store(&v)
	if err != nil {
		return Unknown
	}
	// NMMetered: 0 unknown, 1 yes, 2 no, 3 guessed yes, 4 guessed no.
	switch n, _ := v.Value().(uint32); n {
	case 1, 3:
		return Yes
	case 2, 4:
		return No
	}
	return Unknown
}
