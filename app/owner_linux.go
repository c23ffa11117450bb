//go:build !headless

package main

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"

	"roost/ui"
)

// polkit asks on Linux for the log-in of who sits at the computer, through the desktop's own window. What it asks for is an
// action that packaging/io.github.roost.Roost.policy describes: where that is not installed, nothing can be asked.
const (
	polkitName   = "org.freedesktop.PolicyKit1"
	polkitPath   = "/org/freedesktop/PolicyKit1/Authority"
	polkitCheck  = polkitName + ".Authority.CheckAuthorization"
	ownerAction  = appID + ".show-recovery-words"
	letThemAsk   = 1 // its flag that allows to ask
	onlyLookHere = 0
)

// AsksLogIn tells whether the system would ask for the log-in. Whether the desktop has a window for it shows when it is asked.
func (d thisDesktop) AsksLogIn(ctx context.Context) bool {
	said, err := checkOwner(ctx, onlyLookHere)
	return err == nil && said.Challenge
}

func (d thisDesktop) AskLogIn(ctx context.Context) (ui.LogIn, error) {
	said, err := checkOwner(ctx, letThemAsk)
	switch {
	case err != nil:
		return ui.LogInNotAsked, err
	case said.Authorized:
		return ui.LogInGiven, nil
	case said.Challenge: // still: nobody was there to ask
		return ui.LogInNotAsked, nil
	}
	return ui.LogInRefused, nil
}

// authorization is polkit's answer.
type authorization struct {
	Authorized, Challenge bool
	Details               map[string]string
}

// checkOwner asks polkit about this process, by its place on the system's bus. With letThemAsk it answers when a person has.
func checkOwner(ctx context.Context, flags uint32) (a authorization, err error) {
	bus, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return a, fmt.Errorf("reach the system's bus: %w", err)
	}
	defer bus.Close()
	subject := struct {
		Kind    string
		Details map[string]dbus.Variant
	}{"system-bus-name", map[string]dbus.Variant{"name": dbus.MakeVariant(bus.Names()[0])}}
	err = bus.Object(polkitName, polkitPath).CallWithContext(ctx, polkitCheck, 0, subject, ownerAction, map[string]string{}, flags, "").Store(&a)
	if err != nil {
		return a, fmt.Errorf("ask for the log-in: %w", err)
	}
	return a, nil
}
