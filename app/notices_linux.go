package main

import (
	"context"
	"log/slog"

	"github.com/godbus/dbus/v5"
)

// showNotices shows on the desktop what the engine has to say, until ctx ends; nothing where there is no session bus.
func showNotices(ctx context.Context, log *slog.Logger, e engine) error {
	bus, err := sessionBus(ctx)
	if err != nil {
		log.Debug("no desktop to show notices on", "reason", err)
		<-ctx.Done()
		return nil
	}
	defer bus.Close()
	desktop := bus.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications")
	shown := map[string]uint32{} // by code: the next of its kind takes its place
	for n := range e.Notices(ctx) {
		hints := map[string]dbus.Variant{"desktop-entry": dbus.MakeVariant(appID)}
		var id uint32
		err := desktop.CallWithContext(ctx, "org.freedesktop.Notifications.Notify", 0,
			"Roost", shown[n.Code], "", n.Title, noticeText(n), []string{}, hints, int32(-1)).Store(&id)
		if err != nil {
			log.Debug("a notice was not shown", "reason", err)
			continue
		}
		shown[n.Code] = id
	}
	<-ctx.Done()
	return nil
}

// sessionBus connects to the desktop's bus and never starts one.
func sessionBus(ctx context.Context) (*dbus.Conn, error) {
	bus, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if err := bus.Auth(nil); err != nil {
		bus.Close()
		return nil, err
	}
	if err := bus.Hello(); err != nil {
		bus.Close()
		return nil, err
	}
	return bus, nil
}
