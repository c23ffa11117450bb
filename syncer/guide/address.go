package guide

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// errAddress: this is no address of a storage.
var errAddress = errors.New("this is no address of a storage")

// Where a storage, and the program that joins several, listen unless somebody changed it.
const (
	usualPort      = "5001"
	usualGroupPort = "9094"
)

// Address completes what a person typed as the address of a storage: "raspberrypi" is http://raspberrypi:5001. What holds
// a name or a password, or cannot be an address, is refused.
func Address(typed string) (string, error) { return address(typed, usualPort) }

// GroupAddress is Address for the program that joins several storages, which act as one.
func GroupAddress(typed string) (string, error) { return address(typed, usualGroupPort) }

func address(typed, usual string) (string, error) {
	text := strings.TrimSpace(typed)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(u.Host, " \t\"'<>") {
		return "", fmt.Errorf("%w: it has the form http://raspberrypi:5001", errAddress) // without the text, which may hold a secret
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%w: only a name or number and a port belong there", errAddress)
	}
	if u.Port() == "" && u.Scheme == "http" {
		u.Host = net.JoinHostPort(u.Hostname(), usual)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u.String(), nil
}

// AddressName is what a storage at an address is called until somebody gives it a name.
func AddressName(address string) string {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return address
}
