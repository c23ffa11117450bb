package private

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/multiformats/go-multiaddr"

	"roost/vault/node/quiet"
)

// Network is one storage's place in a private network. No secret is in it.
type Network struct {
	Port    int      `json:"port"`              // of TCP, at which the other members find it
	Listen  string   `json:"listen,omitempty"`  // the one address to listen at; "": all of this machine
	Members []string `json:"members,omitempty"` // the others, /ip4/192.168.1.20/tcp/5444/p2p/12D3KooW…
}

// DefaultPort is beside that of the storage's own address.
const DefaultPort = 5444

// mostMembers is what a code has room for.
const mostMembers = 16

// Check says what is wrong, in words.
func (n Network) Check() error {
	if n.Port < 1 || n.Port > 65535 {
		return fmt.Errorf("the port of a private network is a number from 1 to 65535")
	}
	if n.Listen != "" {
		if ip, err := netip.ParseAddr(n.Listen); err != nil || ip.Zone() != "" {
			return fmt.Errorf("%q is not an IP address of this machine", n.Listen)
		}
	}
	return CheckMembers(n.Members)
}

// CheckMembers says what is wrong with the addresses of members, in words. Kubo does not start with a wrong one.
func CheckMembers(all []string) error {
	if len(all) > mostMembers {
		return fmt.Errorf("a private network is told of at most %d addresses", mostMembers)
	}
	for _, m := range all {
		if _, _, err := split(m); err != nil {
			return err
		}
	}
	return nil
}

// split takes the address of a member apart.
func split(member string) (at, peer string, err error) {
	wrong := fmt.Errorf("%q is no address of a member: /ip4/192.168.1.20/tcp/%d/p2p/12D3KooW…", member, DefaultPort)
	a, err := multiaddr.NewMultiaddr(member)
	if err != nil || len(member) > 512 || a.String() != member {
		return "", "", wrong
	}
	codes := a.Protocols()
	hosts := []int{multiaddr.P_IP4, multiaddr.P_IP6, multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6}
	if len(codes) != 3 || !slices.Contains(hosts, codes[0].Code) || codes[1].Code != multiaddr.P_TCP || codes[2].Code != multiaddr.P_P2P {
		return "", "", wrong
	}
	at, peer, _ = strings.Cut(member, "/p2p/")
	return at, peer, nil
}

// Known are the addresses of both lists, each once and as many as a network is told of.
func Known(first, more []string) []string {
	var all []string
	for _, m := range append(slices.Clone(first), more...) {
		if !slices.Contains(all, m) && len(all) < mostMembers {
			all = append(all, m)
		}
	}
	return all
}

// Without are the members that are not one of our own addresses, nor another address of that machine.
func Without(members, own []string) []string {
	return slices.DeleteFunc(slices.Clone(members), func(m string) bool {
		_, peer, err := split(m)
		return err != nil || slices.ContainsFunc(own, func(o string) bool { return strings.HasSuffix(o, "/p2p/"+peer) })
	})
}

// Apply makes a quiet node a member: its own port open over TCP, which alone knows private networks, to the members and
// nobody else. Without the key in its repository, and with Env, such a node does not start.
func (n Network) Apply(c quiet.Settings) {
	c.Set(n.listens(), "Addresses", "Swarm")
	for _, transport := range []string{"QUIC", "Websocket", "WebTransport", "WebRTCDirect", "Relay"} {
		c.Set(false, "Swarm", "Transports", "Network", transport)
	}
	c.Set(true, "Swarm", "Transports", "Network", "TCP")
	c.Set([]any{}, "Swarm", "AddrFilters") // the members may be at home, and nobody else is called
	var bootstrap, peers []any
	byPeer := map[string]map[string]any{}
	for _, m := range n.Members {
		at, peer, err := split(m)
		if err != nil { // Check was not asked
			continue
		}
		bootstrap = append(bootstrap, m)
		if byPeer[peer] == nil {
			byPeer[peer] = map[string]any{"ID": peer, "Addrs": []any{}}
			peers = append(peers, byPeer[peer])
		}
		byPeer[peer]["Addrs"] = append(byPeer[peer]["Addrs"].([]any), at)
	}
	c.Set(orNone(bootstrap), "Bootstrap")
	c.Set(orNone(peers), "Peering", "Peers")
}

func orNone(list []any) []any {
	if list == nil {
		return []any{} // Kubo reads null as its own list
	}
	return list
}

func (n Network) listens() []any {
	hosts := []string{n.Listen}
	if n.Listen == "" {
		hosts = []string{"0.0.0.0", "::"}
	}
	var all []any
	for _, h := range hosts {
		all = append(all, address(netip.MustParseAddr(h), n.Port))
	}
	return all
}

func address(ip netip.Addr, port int) string {
	kind := "ip4"
	if ip.Is6() && !ip.Is4In6() {
		kind = "ip6"
	}
	return fmt.Sprintf("/%s/%s/tcp/%d", kind, ip.Unmap(), port)
}

// Env makes a Kubo refuse to run outside a private network, whatever becomes of its files.
const Env = "LIBP2P_FORCE_PNET=1"

// mostOwn is how many addresses of this machine are given out: each dead one costs the others a try.
const mostOwn = 4

// Own are the addresses under which the others find a member of this machine.
func (n Network) Own(peer string) ([]string, error) {
	var hosts []netip.Addr
	if n.Listen != "" {
		hosts = append(hosts, netip.MustParseAddr(n.Listen))
	} else {
		all, err := MachineAddresses()
		if err != nil {
			return nil, err
		}
		hosts = all[:min(len(all), mostOwn)]
	}
	var out []string
	for _, h := range hosts {
		out = append(out, address(h, n.Port)+"/p2p/"+peer)
	}
	return out, nil
}

// Free tells whether nothing else listens at the port yet.
func (n Network) Free() error {
	l, err := net.Listen("tcp", net.JoinHostPort(n.Listen, strconv.Itoa(n.Port)))
	if err != nil {
		return fmt.Errorf("another program answers at port %d already", n.Port)
	}
	return l.Close()
}

// inner are the interfaces of containers.
var inner = regexp.MustCompile(`^(docker|br-|veth|virbr|lxc|cni|podman)`)

// MachineAddresses lists this machine's, IPv4 before IPv6 and home networks before others; not those of containers.
func MachineAddresses() ([]netip.Addr, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list this machine's addresses: %w", err)
	}
	var out []netip.Addr
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || inner.MatchString(i.Name) {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("list the addresses of %s: %w", i.Name, err)
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsGlobalUnicast() {
				out = append(out, p.Addr().Unmap())
			}
		}
	}
	rank := func(a netip.Addr) int {
		r := 0
		if !a.Is4() {
			r += 2
		}
		if !a.IsPrivate() {
			r++
		}
		return r
	}
	slices.SortStableFunc(out, func(a, b netip.Addr) int { return rank(a) - rank(b) })
	return out, nil
}
