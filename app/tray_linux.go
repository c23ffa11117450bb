//go:build !headless

package main

import (
	"context"
	"iter"

	"github.com/godbus/dbus/v5"
)

// The names of what shows trays on this desktop.
const (
	trayWatcher = "org.kde.StatusNotifierWatcher"
	trayPath    = "/StatusNotifierWatcher"
)

// canHaveTray tells whether there is a session bus, the only place where a tray can be.
func canHaveTray(ctx context.Context) bool {
	bus, err := sessionBus(ctx)
	if err != nil {
		return false
	}
	bus.Close()
	return true
}

// trayHosts yields whether somebody shows the tray: at once, and whenever that changes, until ctx or the bus ends.
func trayHosts(ctx context.Context) iter.Seq[bool] {
	return func(yield func(bool) bool) {
		bus, err := sessionBus(ctx)
		if err != nil {
			yield(false)
			return
		}
		defer bus.Close()
		changes := make(chan *dbus.Signal, 16)
		bus.Signal(changes)
		// Without these it stays as it was found, and a window that comes back too early or too late is still one.
		_ = bus.AddMatchSignalContext(ctx, dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"),
			dbus.WithMatchArg(0, trayWatcher))
		_ = bus.AddMatchSignalContext(ctx, dbus.WithMatchInterface(trayWatcher))
		for was, first := false, true; ; first = false {
			is := trayShown(ctx, bus)
			if ctx.Err() != nil || (first || is != was) && !yield(is) {
				return
			}
			was = is
			select {
			case signal := <-changes:
				if signal == nil { // the bus ended
					yield(false)
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// trayShown asks whether there is a watcher, and somebody who shows what it watches.
func trayShown(ctx context.Context, bus *dbus.Conn) bool {
	var there bool
	err := bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, trayWatcher).Store(&there)
	if err != nil || !there {
		return false
	}
	var shown dbus.Variant
	err = bus.Object(trayWatcher, trayPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0,
		trayWatcher, "IsStatusNotifierHostRegistered").Store(&shown)
	is, ok := shown.Value().(bool)
	return err == nil && ok && is
}
