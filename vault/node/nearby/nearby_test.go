package nearby

import (
	"net"
	"slices"
	"strings"
	"testing"

	"roost/vault/node/code"
)

var print64 = strings.Repeat("ab", 32)

func ips(all ...string) (out []net.IP) {
	for _, a := range all {
		out = append(out, net.ParseIP(a))
	}
	return out
}

func TestWhatAStorageTellsIsReadWithCare(t *testing.T) {
	good := []string{"name=Pi in the living room", "cert=" + print64}
	long := make([]string, 0, 2000)
	for range 2000 {
		long = append(long, strings.Repeat("x", 255))
	}
	for what, c := range map[string]struct {
		text []string
		port int
		ips  []net.IP
		want Box // its Fingerprint is print64; no address: nothing is found
	}{
		"as it is told":        {good, 5443, ips("192.168.1.20"), Box{Name: "Pi in the living room", Addresses: []string{"https://192.168.1.20:5443"}}},
		"IPv6":                 {good, 5443, ips("fd00::7"), Box{Name: "Pi in the living room", Addresses: []string{"https://[fd00::7]:5443"}}},
		"as it is handed on":   {[]string{`name=Pi \226\128\147 K\195\188che \\\"\1`, "cert=" + print64}, 5443, ips("10.0.0.1"), Box{Name: `Pi – Küche \"1`, Addresses: []string{"https://10.0.0.1:5443"}}},
		"a bell in words":      {[]string{`name=Pi\007`, "cert=" + print64}, 5443, ips("10.0.0.1"), Box{}},
		"a torn escape":        {[]string{`name=Pi\`, "cert=" + print64}, 5443, ips("10.0.0.1"), Box{Name: `Pi\`, Addresses: []string{"https://10.0.0.1:5443"}}},
		"capital letters":      {[]string{"NAME=Pi", "Cert=" + strings.ToUpper(print64)}, 1, ips("10.0.0.1"), Box{Name: "Pi", Addresses: []string{"https://10.0.0.1:1"}}},
		"without a name":       {good[1:], 5443, ips("10.0.0.1"), Box{Addresses: []string{"https://10.0.0.1:5443"}}},
		"two names":            {append([]string{"name=a", "name=b"}, good[1:]...), 5443, ips("10.0.0.1"), Box{Name: "a", Addresses: []string{"https://10.0.0.1:5443"}}},
		"among much else":      {append(slices.Clone(long), good...), 5443, ips("10.0.0.1"), Box{Name: "Pi in the living room", Addresses: []string{"https://10.0.0.1:5443"}}},
		"elsewhere and here":   {good, 5443, ips("8.8.8.8", "10.0.0.1", "10.0.0.1", "127.0.0.1", "::1", "2001:db8::1", "fe80::1", "224.0.0.1", "0.0.0.0"), Box{Name: "Pi in the living room", Addresses: []string{"https://10.0.0.1:5443"}}},
		"elsewhere":            {good, 5443, ips("8.8.8.8", "127.0.0.1", "100.64.0.1"), Box{}},
		"nowhere":              {good, 5443, nil, Box{}},
		"no port":              {good, 0, ips("10.0.0.1"), Box{}},
		"a port of no kind":    {good, 70000, ips("10.0.0.1"), Box{}},
		"no certificate":       {good[:1], 5443, ips("10.0.0.1"), Box{}},
		"half a certificate":   {[]string{"cert=" + print64[:32]}, 5443, ips("10.0.0.1"), Box{}},
		"no hexadecimal":       {[]string{"cert=" + strings.Repeat("xy", 32)}, 5443, ips("10.0.0.1"), Box{}},
		"a name that turns":    {append([]string{"name=Pi\u202Efdp.exe"}, good[1:]...), 5443, ips("10.0.0.1"), Box{}},
		"a name with a bell":   {append([]string{"name=Pi\x07\x1b[2J"}, good[1:]...), 5443, ips("10.0.0.1"), Box{}},
		"a name that is long":  {append([]string{"name=" + strings.Repeat("x", 65)}, good[1:]...), 5443, ips("10.0.0.1"), Box{}},
		"a name that is bytes": {append([]string{"name=\xff\xfe"}, good[1:]...), 5443, ips("10.0.0.1"), Box{Addresses: []string{"https://10.0.0.1:5443"}}},
		"an address of bytes":  {good, 5443, []net.IP{{1, 2, 3}, nil, make(net.IP, 200)}, Box{}},
	} {
		got, ok := read(c.text, c.port, c.ips)
		if ok != (c.want.Addresses != nil) || ok && (got.Name != c.want.Name || got.Fingerprint != print64 || !slices.Equal(got.Addresses, c.want.Addresses)) {
			t.Errorf("%s: %+v, %v", what, got, ok)
		}
	}
}

func TestManyAddressesAreNotAllTaken(t *testing.T) {
	var many []net.IP
	for i := range 200 {
		many = append(many, net.IPv4(10, 0, 0, byte(i)))
	}
	a, ok := read([]string{"cert=" + print64}, 5443, many[:3])
	b, also := read([]string{"cert=" + print64, "name=another"}, 5443, many)
	if !ok || !also || len(b.Addresses) != mostAddresses {
		t.Fatalf("%+v and %+v", a, b)
	}
	if m := a.merge(b); len(m.Addresses) != mostAddresses || m.Name != a.Name || !slices.Equal(m.Addresses[:3], a.Addresses) {
		t.Errorf("together they are %+v", m)
	}
}

// FuzzRead: whatever is announced, what is read of it could stand in a connection code, and leads nowhere but into a home network.
func FuzzRead(f *testing.F) {
	f.Add("name=Pi\x00cert="+print64, 5443, []byte{192, 168, 1, 20})
	f.Add("cert="+print64, 1, make([]byte, 16))
	f.Add("=\x00==\x00name", -1, []byte{})
	f.Fuzz(func(t *testing.T, text string, port int, ip []byte) {
		b, ok := read(strings.Split(text, "\x00"), port, []net.IP{ip, ip})
		if !ok {
			return
		}
		c := code.Code{Name: b.Name, Addresses: b.Addresses, Fingerprint: b.Fingerprint}
		if err := c.Check(); err != nil || len(b.Fingerprint) != 64 || len(b.Addresses) != 1 {
			t.Errorf("%+v: %v", b, err)
		}
		if at := net.IP(ip); !at.IsPrivate() && !at.IsLinkLocalUnicast() {
			t.Errorf("%+v leads to %v", b, at)
		}
	})
}
