package code

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"roost/vault/node/private"
)

const member = "/ip4/192.168.1.20/tcp/5444/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"

func network() Network {
	var key private.Key
	for i := range key {
		key[i] = byte(i)
	}
	return Network{Key: key, Members: []string{member}}
}

// goldenNetwork lies on paper, as codes of storages do.
const goldenNetwork = "ROOST1-AIAHXIQBLAQAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYCQF4FGL3JOA2C6MJZGIXDCNRYFYYS4MRQF52GG4BPGU2DINBPO" +
	"AZHALZRGJCDGS3PN5LUOQZWKR3FO2DGMFYG4Z2YGZ3XMSSIJVMXMS3QIRGVQUDCGNNG4Q22GZSE233BJV2GS3KRGXJ2ALZ6"

func TestFamilyNetworkCodesAreReadForEver(t *testing.T) {
	text, err := network().Encode()
	if err != nil || text != goldenNetwork {
		t.Errorf("it is written as %s, %v", text, err)
	}
	if got, err := ParseNetwork(strings.ToLower(goldenNetwork), ""); err != nil || !reflect.DeepEqual(got, network()) {
		t.Errorf("%v, %v", got.Members, err)
	}
	if _, err := Parse(goldenNetwork, ""); !errors.Is(err, ErrNetworkCode) {
		t.Errorf("it is taken for a storage: %v", err)
	}
}

func TestNetworkTravelsInTheCodeOfAStorageAndInItsKeyFile(t *testing.T) {
	n := network()
	c := pi
	c.Network = &n
	for name, write := range map[string]func() (string, error){
		"plain":  c.Encode,
		"locked": func() (string, error) { return c.Seal("apple river") },
	} {
		text, err := write()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseNetwork(text, "apple river"); err != nil || !reflect.DeepEqual(got, n) {
			t.Errorf("%s: %v, %v", name, got.Members, err)
		}
		if got, err := Parse(text, "apple river"); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := ParseNetwork(string(n.Key.Text()), ""); err != nil || got.Key != n.Key {
		t.Errorf("the key file: %v", err)
	}
	if _, err := ParseNetwork(goldenPlain, ""); !errors.Is(err, ErrNoNetwork) {
		t.Errorf("a storage without a network: %v", err)
	}
}

// What is said about a code or a key, right or wrong, does not hold the secret.
func TestNetworkKeyIsNeverPrinted(t *testing.T) {
	n := network()
	digits := strings.Fields(string(n.Key.Text()))[2]
	said := []string{
		fmt.Sprint(n), fmt.Sprintf("%+v", n), fmt.Sprintf("%#v", n), fmt.Sprintf("%x", n.Key), fmt.Sprintf("%s %v %d %q", n.Key, n.Key, n.Key, n.Key),
		fmt.Sprintf("%+v", Code{Network: &n}), n.Key.LogValue().String(),
	}
	for _, text := range []string{
		string(n.Key.Text()) + "0", strings.Replace(string(n.Key.Text()), "base16", "base64", 1), "/key/swarm/psk/1.0.0/\n/base16/\n" + digits[:63],
		"/key/swarm/psk/1.0.0/\n/base16/\n" + digits[:63] + "g",
	} {
		_, err := ParseNetwork(text, "")
		if !errors.Is(err, private.ErrNotKey) {
			t.Errorf("%v, want %v", err, private.ErrNotKey)
			continue
		}
		said = append(said, err.Error())
	}
	for _, s := range said {
		if strings.Contains(s, digits[:16]) || strings.Contains(s, "1 2 3 4 5") || strings.Contains(s, "0x1, 0x2") {
			t.Errorf("the key shows: %s", s)
		}
	}
}

func TestMembersThatKuboWouldNotTakeAreRefused(t *testing.T) {
	for _, m := range []string{
		"", "192.168.1.20:5444", "/ip4/192.168.1.20/tcp/5444", "/ip4/192.168.1.20/udp/5444/quic-v1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5",
		"/ip4/300.168.1.20/tcp/5444/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5", "/ip4/192.168.1.20/tcp/5444/p2p/12D3KooW",
		"/unix/tmp/x", strings.Replace(member, "5444", "70000", 1), member + "/p2p-circuit",
	} {
		if err := private.CheckMembers([]string{m}); err == nil {
			t.Errorf("%q is taken", m)
		}
	}
	if err := private.CheckMembers([]string{member, strings.Replace(member, "/ip4/192.168.1.20", "/dns4/pi.example.org", 1)}); err != nil {
		t.Error(err)
	}
}

func FuzzParseNetwork(f *testing.F) {
	f.Add(goldenNetwork)
	f.Add(goldenPlain)
	f.Add(string(network().Key.Text()))
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseNetwork(text, "")
		if err != nil {
			return
		}
		again, err := n.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseNetwork(again, ""); err != nil || got.Key != n.Key || len(got.Members) != len(n.Members) {
			t.Errorf("%q becomes another network: %v", text, err)
		}
	})
}
