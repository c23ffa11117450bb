package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/godbus/dbus/v5"
)

const (
	noticesName = "org.freedesktop.Notifications"
	noticesPath = "/org/freedesktop/Notifications"
)

// board is where this desktop shows notices.
type board struct {
	bus     *dbus.Conn
	pressed func(code string) // nil: there is nothing to open
	heard   sync.WaitGroup

	mu    sync.Mutex        // guards below
	shown map[string]uint32 // by code: the next of its kind takes its place
}

// openBoard connects to the desktop; it fails where there is no session bus. pressed is told the code of a notice that a person
// pressed, or the button on it; with nil they have none. Who opened it closes it.
func openBoard(ctx context.Context, pressed func(code string)) (*board, error) {
	bus, err := sessionBus(ctx)
	if err != nil {
		return nil, err
	}
	b := &board{bus: bus, pressed: pressed, shown: map[string]uint32{}}
	if pressed == nil {
		return b, nil
	}
	signals := make(chan *dbus.Signal, 16)
	bus.Signal(signals)
	if err := bus.AddMatchSignalContext(ctx, dbus.WithMatchInterface(noticesName), dbus.WithMatchMember("ActionInvoked")); err != nil {
		bus.Close()
		return nil, fmt.Errorf("hear of notices that are pressed: %w", err)
	}
	b.heard.Go(func() {
		for s := range signals { // closed with the bus
			b.hear(s)
		}
	})
	return b, nil
}

// hear takes a signal of the desktop, which tells every program of every notice.
func (b *board) hear(s *dbus.Signal) {
	var id uint32
	var action string
	if dbus.Store(s.Body, &id, &action) != nil {
		return
	}
	b.mu.Lock()
	code := ""
	for c, x := range b.shown {
		if x == id {
			code = c
		}
	}
	b.mu.Unlock()
	if code != "" {
		b.pressed(code)
	}
}

// show shows a notice, or in place of the last one with that code. action is what its button says.
func (b *board) show(ctx context.Context, code, title, text, action string) error {
	hints := map[string]dbus.Variant{"desktop-entry": dbus.MakeVariant(appID)}
	actions := []string{}
	if b.pressed != nil {
		actions = append(actions, "default", action, "open", action) // "default" is a press on the notice itself
	}
	b.mu.Lock()
	last := b.shown[code]
	b.mu.Unlock()
	var id uint32
	err := b.bus.Object(noticesName, noticesPath).CallWithContext(ctx, noticesName+".Notify", 0,
		"Roost", last, "", title, text, actions, hints, int32(-1)).Store(&id)
	if err != nil {
		return fmt.Errorf("show a notice: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown[code] = id
	return nil
}

func (b *board) close() {
	b.bus.Close()
	b.heard.Wait()
}

// showNotices shows on the desktop what the engine has to say, until ctx ends; nothing where there is no session bus.
func showNotices(ctx context.Context, log *slog.Logger, e engine) error {
	b, err := openBoard(ctx, nil)
	if err != nil {
		log.Debug("no desktop to show notices on", "reason", err)
		<-ctx.Done()
		return nil
	}
	defer b.close()
	for n := range e.Notices(ctx) {
		if err := b.show(ctx, n.Code, n.Title, noticeText(n), ""); err != nil {
			log.Debug("a notice was not shown", "reason", err)
		}
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
