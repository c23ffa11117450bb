package main

import (
	"net"
	"strings"
)

// systemd is who started this process as a service and wants to know how it is; nil where that is nobody.
type systemd struct{ socket string }

func newSystemd(env func(string) string) *systemd {
	socket := env("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	if name, abstract := strings.CutPrefix(socket, "@"); abstract {
		socket = "\x00" + name
	}
	return &systemd{socket}
}

// tell sends one of the lines of sd_notify(3). What does not arrive is not missed: systemd asks what it waits for.
func (s *systemd) tell(line string) {
	if s == nil {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(line))
}
