package install

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Target is who logs in where.
type Target struct {
	User, Host string
	Port       int
}

// Lengths are looked at apart: a count in an expression takes milliseconds of every start of the program.
var (
	userName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]*$`)
	hostName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

const (
	longestUser = 32
	longestHost = 253
)

// ParseTarget reads USER@HOST, USER@HOST:PORT or USER@[IPv6]:PORT.
func ParseTarget(text string) (Target, error) {
	t := Target{Port: 22}
	user, host, ok := strings.Cut(strings.TrimSpace(text), "@")
	if !ok || len(user) > longestUser || !userName.MatchString(user) {
		return t, fmt.Errorf("%q is no user and machine, such as pi@raspberrypi.local", text)
	}
	t.User, t.Host = user, host
	if h, port, err := net.SplitHostPort(host); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return t, fmt.Errorf("%q is no port", port)
		}
		t.Host, t.Port = h, int(n)
	} else if inner, ok := strings.CutPrefix(host, "["); ok {
		t.Host = strings.TrimSuffix(inner, "]")
	}
	if _, err := netip.ParseAddr(t.Host); err != nil && (len(t.Host) > longestHost || !hostName.MatchString(t.Host)) {
		return t, fmt.Errorf("%q is no name or address of a machine", t.Host)
	}
	return t, nil
}

func (t Target) address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

// String is the target as ParseTarget reads it.
func (t Target) String() string {
	host := t.Host
	if t.Port != 22 || strings.Contains(host, ":") {
		host = t.address()
	}
	return t.User + "@" + host
}
