package nodetest

import (
	"strings"
	"testing"
	"time"
)

// StartDHT starts Kubos that are a DHT of their own on this computer: each is connected to all others and keeps records. They
// look for nobody else.
func StartDHT(t testing.TB, n int, change ...func(Config)) []*Daemon {
	t.Helper()
	ds := make([]*Daemon, n)
	for i := range ds {
		ds[i] = StartKubo(t, append([]func(Config){func(c Config) {
			c.Set("Routing.Type", "dht")
			c.Set("Routing.LoopbackAddressesOnLanDHT", true)
			c.Set("Addresses.Swarm", []string{"/ip4/127.0.0.1/tcp/0"})
		}}, change...)...)
	}
	Meet(t, ds...)
	return ds
}

// Meet connects Kubos of a DHT with each other, and waits until each counts the others as part of it.
func Meet(t testing.TB, ds ...*Daemon) {
	t.Helper()
	for i, d := range ds {
		for _, other := range ds[:i] {
			peer, err := other.Node(t).Peer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Node(t).Connect(t.Context(), peer); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, d := range ds {
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if strings.Count(d.Run(t, "stats", "dht", "lan"), "12D3") >= len(ds)-1 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the nodes of the DHT do not see each other:\n%s", d.Run(t, "stats", "dht", "lan"))
			}
		}
	}
}
