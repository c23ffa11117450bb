// Package nearby announces a storage in the local network and finds those that are announced there, by multicast DNS
// (RFC 6762 and 6763).
//
// What is told is the storage's name and the fingerprint of its certificate, which whoever connects to it sees anyway, and where
// it answers; nothing of what it holds or for whom. What is found is a claim that anybody in the network can make: it lets
// nobody in, and a storage that is meant has to show the certificate with the fingerprint of its connection code.
package nearby

import (
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"roost/vault/node/code"
)

// Service is the type under which storages are announced.
const Service = "_roost._tcp"

const domain = "local"

// The keys of the announcement's text.
const (
	nameKey        = "name"
	certificateKey = "cert"
)

// Box is a storage as it was announced.
type Box struct {
	Name        string   // what its owner calls it, as anybody can; "": it told none
	Fingerprint string   // SHA-256 of the certificate that it says it shows, 64 hexadecimal digits
	Addresses   []string // "https://address:port", of this network; 1 to 8
}

// mostAddresses is what a connection code may hold.
const mostAddresses = 8

// read is what an answer says of a storage; false: it is no storage's.
func read(text []string, port int, ips []net.IP) (Box, bool) {
	b := Box{Name: value(text, nameKey), Fingerprint: strings.ToLower(value(text, certificateKey))}
	if port < 1 || port > 65535 {
		return b, false
	}
	if raw, err := hex.DecodeString(b.Fingerprint); err != nil || len(raw) == 0 {
		return b, false
	}
	for _, ip := range ips {
		at, ok := netip.AddrFromSlice(ip)
		if at = at.Unmap(); !ok || !isNear(at) {
			continue
		}
		a := "https://" + net.JoinHostPort(at.String(), strconv.Itoa(port))
		if len(b.Addresses) < mostAddresses && !slices.Contains(b.Addresses, a) {
			b.Addresses = append(b.Addresses, a)
		}
	}
	// What a code may say of a storage, an announcement may.
	c := code.Code{Name: b.Name, Addresses: b.Addresses, Fingerprint: b.Fingerprint}
	return b, c.Check() == nil
}

// value is what stands behind a key; of two, the first counts.
func value(text []string, key string) string {
	for _, line := range text {
		if k, v, ok := strings.Cut(unescaped(line), "="); ok && strings.EqualFold(k, key) && utf8.ValidString(v) {
			return v
		}
	}
	return ""
}

// unescaped is a text as it was sent: the library hands it over as a zone file has it (RFC 1035, 5.1), and takes it so.
func unescaped(line string) string {
	if !strings.Contains(line, `\`) {
		return line
	}
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] != '\\' || i+1 == len(line) {
			b.WriteByte(line[i])
			continue
		}
		if n, err := strconv.ParseUint(line[i+1:min(i+4, len(line))], 10, 8); err == nil && i+4 <= len(line) {
			b.WriteByte(byte(n))
			i += 3
			continue
		}
		i++
		b.WriteByte(line[i])
	}
	return b.String()
}

func escaped(text string) string { return strings.ReplaceAll(text, `\`, `\\`) }

// isNear tells whether an address is one of a home network: nobody is led anywhere else by an announcement.
func isNear(a netip.Addr) bool { return a.IsPrivate() || a.Is4() && a.IsLinkLocalUnicast() }

// merge is what two announcements of one certificate tell together. The name stays.
func (b Box) merge(o Box) Box {
	for _, a := range o.Addresses {
		if len(b.Addresses) < mostAddresses && !slices.Contains(b.Addresses, a) {
			b.Addresses = append(b.Addresses, a)
		}
	}
	return b
}
