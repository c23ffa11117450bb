//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"roost/packaging/kit"
	"roost/vault/node/code"
	"roost/vault/node/private"
)

const settingsFile = "node.json"

// settings are what was chosen when the storage was set up; no secret is in them.
type settings struct {
	Name       string   `json:"name"`                  // of the storage, for people
	Platform   string   `json:"platform"`              // "pi", "server" or "nas"
	Limit      int64    `json:"limit,omitempty"`       // bytes that the devices may fill; 0: the disk
	Data       string   `json:"data"`                  // folder of the repository
	User       string   `json:"user,omitempty"`        // who runs Kubo and Caddy; "": who calls
	Listen     string   `json:"listen,omitempty"`      // the one address to answer at; "": all
	Port       int      `json:"port"`                  // of the TLS proxy
	RPC        int      `json:"rpc"`                   // port of Kubo on loopback
	Addresses  []string `json:"addresses,omitempty"`   // host or host:port that are given out beside the machine's own
	PublicHost string   `json:"public_host,omitempty"` // whose public certificate is shown by who forwards to us

	Announce string `json:"announce,omitempty"` // whether the local network is told of it: "on", "off"; "": see announces

	Network *private.Network `json:"network,omitempty"` // its place in a private network, whose key Kubo has; nil: in none
	pending *code.Network    // to be joined; nil: none
}

func defaults() settings {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "storage"
	}
	return settings{Name: name, Platform: "pi", Data: "/var/lib/roost-node", Port: 5443, RPC: 5442}
}

func (m machine) settings() (settings, error) {
	s := defaults()
	data, err := os.ReadFile(m.path(settingsFile))
	if err != nil {
		return s, fmt.Errorf("read the settings: %w; is this machine set up?", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("read the settings in %s: %w", m.path(settingsFile), err)
	}
	return s, s.check()
}

// change applies the flags of configure.
func (s *settings) change(flags options) error {
	for name, value := range flags {
		var err error
		switch name {
		case "name":
			s.Name = value
		case "platform":
			s.Platform = value
		case "data":
			s.Data = filepath.Clean(value)
		case "user":
			s.User = value
		case "listen":
			s.Listen = value
		case "public-host":
			s.PublicHost = value
		case "announce":
			s.Announce = value
		case "port":
			s.Port, err = strconv.Atoi(value)
		case "limit":
			s.Limit, err = kit.Size(value)
		case "private", "join", "quiet": // networkFlags
		case "address":
			s.Addresses = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		default:
			err = errUsage
		}
		if err != nil {
			return fmt.Errorf("--%s %q is not understood: %w", name, value, errUsage)
		}
	}
	return s.check()
}

var (
	plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`) // it stands in a unit and in a Caddyfile
	userName  = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)
)

func (s settings) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), errUsage)
	}
	if !slices.Contains([]string{"pi", "server", "nas"}, s.Platform) {
		return wrong("the platform is pi, server or nas, not %q", s.Platform)
	}
	if !plainPath.MatchString(s.Data) {
		return wrong("the folder %q is not absolute, or has other characters than letters, digits, - _ and .", s.Data)
	}
	if s.User != "" && !userName.MatchString(s.User) {
		return wrong("%q is not the name of a user", s.User)
	}
	if s.Port < 1 || s.Port > 65535 || s.RPC < 1 || s.RPC > 65535 || s.Port == s.RPC {
		return wrong("a port is a number from 1 to 65535, and %d is Kubo's own", s.RPC)
	}
	if s.Listen != "" {
		if ip, err := netip.ParseAddr(s.Listen); err != nil || ip.Zone() != "" {
			return wrong("%q is not an IP address of this machine", s.Listen)
		}
	}
	if s.Announce != "" && s.Announce != announceOn && s.Announce != announceOff {
		return wrong("the local network is told of it or not, on or off, and not %q", s.Announce)
	}
	if s.Limit < 0 {
		return wrong("the limit is not a size")
	}
	if s.Network != nil {
		if err := s.Network.Check(); err != nil {
			return wrong("%v", err)
		}
	}
	c := code.Code{Name: s.Name, Addresses: []string{"https://localhost"}, Host: s.PublicHost}
	for _, a := range s.Addresses {
		c.Addresses = append(c.Addresses, "https://"+s.withPort(a))
	}
	if err := c.Check(); err != nil {
		return wrong("%v", err)
	}
	return nil
}

// withPort adds our port to a host that has none; an IPv6 address without a port may stand without brackets.
func (s settings) withPort(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return net.JoinHostPort(ip.String(), strconv.Itoa(s.Port))
	}
	if strings.Contains(host, ":") {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(s.Port))
}

// mostAddresses are given out: each dead one may cost a second.
const mostAddresses = 6

// addresses are where devices find the storage: those of the machine itself first, since at home they are the short way.
func (s settings) addresses(own []netip.Addr, hostname string) []string {
	var hosts []string
	switch {
	case s.PublicHost != "" && len(s.Addresses) == 0:
		return []string{"https://" + s.PublicHost}
	case s.Listen != "":
		hosts = append(hosts, s.Listen)
	case s.Platform != "nas": // in a container the machine's addresses are not those that count
		for _, ip := range own {
			hosts = append(hosts, ip.String())
		}
		if hostname != "" {
			hosts = append(hosts, hostname)
		}
	}
	room := mostAddresses - len(s.Addresses)
	hosts = append(hosts[:max(0, min(len(hosts), room))], s.Addresses...)
	var out []string
	for _, h := range hosts {
		if a := "https://" + s.withPort(h); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	if s.PublicHost != "" && !slices.Contains(out, "https://"+s.PublicHost) {
		out = append(out, "https://"+s.PublicHost)
	}
	return out
}

// localName is the name under which the machine announces itself at home; "" where nothing does that.
func localName() string {
	if _, err := os.Stat("/usr/sbin/avahi-daemon"); err != nil {
		return ""
	}
	name, err := os.Hostname()
	if err != nil || strings.Contains(name, ".") {
		return ""
	}
	return name + ".local"
}

// save replaces a file at once; who runs the services may read it, and nobody else.
func (m machine) save(name string, data []byte, s settings) error {
	_, gid, err := s.ids()
	if err != nil {
		return err
	}
	return writeFile(m.path(name), data, 0o640, 0, gid)
}

// writeFile replaces a file at once. Its owner stays who calls where gid is -1.
func writeFile(path string, data []byte, mode fs.FileMode, uid, gid int) error {
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil && gid >= 0 {
		err = os.Chown(temp, uid, gid)
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

// ids are the user's who runs the services; -1 where that is who calls.
func (s settings) ids() (uid, gid int, err error) {
	if s.User == "" {
		return -1, -1, nil
	}
	u, err := user.Lookup(s.User)
	if err != nil {
		return 0, 0, err
	}
	uid, err = strconv.Atoi(u.Uid)
	if err == nil {
		gid, err = strconv.Atoi(u.Gid)
	}
	return uid, gid, err
}

// lock lets one roost-node at a time change things.
func (m machine) lock() (release func(), err error) {
	f, err := os.OpenFile(m.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("change the settings of this storage: %w; try it with sudo", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, nil
}
