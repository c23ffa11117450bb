//go:build linux

package main

import (
	"context"
	"log/slog"
	"net/netip"
	"os/signal"
	"syscall"

	"roost/vault/node/nearby"
)

// What the setting about announcing says; "" is what suits the platform.
const (
	announceOn  = "on"
	announceOff = "off"
)

// announces tells whether this storage tells the local network of itself: a small computer at home does, so that a person need
// not know its address. In a provider's network there is nobody who should hear it, and a container is not heard.
func (s settings) announces() bool {
	if ip, err := netip.ParseAddr(s.Listen); err == nil && ip.IsLoopback() {
		return false
	}
	switch s.Announce {
	case announceOn:
		return true
	case announceOff:
		return false
	}
	return s.Platform == "pi" && s.PublicHost == "" // whose code says where it is found
}

// announce tells the local network of this storage until it is stopped, as the settings of the moment say.
func (m machine) announce() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return nearby.Announce(ctx, func() (*nearby.Announcement, error) {
		s, err := m.settings()
		if err != nil || !s.announces() {
			return nil, err
		}
		print, err := m.fingerprint()
		if err != nil {
			return nil, err
		}
		return &nearby.Announcement{Name: s.Name, Fingerprint: print, Port: s.Port, Listen: s.Listen}, nil
	}, slog.New(slog.NewTextHandler(m.notes, nil)))
}
