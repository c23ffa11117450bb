package nearby

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// alone runs a test again by itself, in a network that nobody else is in: two ends of a cable, of which one has an address of a home
// network. It takes root, or a system that lets everybody have namespaces.
func alone(t *testing.T) (inside bool) {
	t.Helper()
	if os.Getenv("ROOST_ALONE") == t.Name() {
		for _, line := range []string{
			"ip link set lo up", "ip link add home0 type veth peer name far0", "ip link set home0 up", "ip link set far0 up", "ip addr add 10.77.0.2/24 dev home0",
		} {
			ip(t, strings.TrimPrefix(line, "ip "))
		}
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), "ROOST_ALONE="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
	return false
}

func ip(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s", line, err, out)
	}
}

// announced tells of a storage until the test ends; what it tells can be changed.
func announced(t *testing.T, a *Announcement) *atomic.Pointer[Announcement] {
	t.Helper()
	var now atomic.Pointer[Announcement]
	now.Store(a)
	ctx, stop := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		what := func() (*Announcement, error) { return now.Load(), nil }
		if err := Announce(ctx, what, slog.New(slog.NewTextHandler(io.Discard, nil))); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); ended.Wait() })
	return &now
}

func find(t *testing.T, patience time.Duration) []Box {
	t.Helper()
	began := time.Now()
	all, err := Find(t.Context(), patience)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > patience+5*time.Second {
		t.Errorf("it took %v", took)
	}
	return all
}

// TestAStorageIsFoundWhereItIs: over real multicast. One that got another address is found at that, and one that is to tell nothing any
// more takes it back.
func TestAStorageIsFoundWhereItIs(t *testing.T) {
	if !alone(t) {
		return
	}
	if all := find(t, time.Second); len(all) != 0 {
		t.Errorf("in an empty network there is %+v", all)
	}
	told := announced(t, &Announcement{Name: `Pi – "Küche" \1`, Fingerprint: print64, Port: 5443})
	all := find(t, Patience)
	if len(all) != 1 || all[0].Name != `Pi – "Küche" \1` || all[0].Fingerprint != print64 || fmt.Sprint(all[0].Addresses) != "[https://10.77.0.2:5443]" {
		t.Fatalf("found is %+v", all)
	}
	began := time.Now()
	if all := find(t, Patience); len(all) != 1 {
		t.Errorf("a second search finds %+v", all)
	}
	t.Logf("a search takes %v", time.Since(began).Round(time.Millisecond))

	ip(t, "addr add 10.77.0.9/24 dev home0")
	ip(t, "addr del 10.77.0.2/24 dev home0") // the second one goes with it, or stays, by the system's settings
	ip(t, "addr replace 10.77.0.9/24 dev home0")
	time.Sleep(lookAgain + time.Second)
	if all := find(t, Patience); len(all) != 1 || fmt.Sprint(all[0].Addresses) != "[https://10.77.0.9:5443]" {
		t.Errorf("with another address it is found as %+v", all)
	}

	told.Store(&Announcement{Name: "Pi", Fingerprint: print64, Port: 5443, Listen: "10.99.0.1"})
	time.Sleep(lookAgain + time.Second)
	if all := find(t, time.Second); len(all) != 0 {
		t.Errorf("one that answers elsewhere only is found as %+v", all)
	}
	told.Store(nil)
	time.Sleep(lookAgain + time.Second)
	if all := find(t, time.Second); len(all) != 0 {
		t.Errorf("one that is to tell nothing is found as %+v", all)
	}
}

// TestNothingIsFoundWhereThereIsNoNetwork, and that is said.
func TestNothingIsFoundWhereThereIsNoNetwork(t *testing.T) {
	if !alone(t) {
		return
	}
	ip(t, "link del home0")
	if all, err := Find(t.Context(), time.Second); err == nil {
		t.Errorf("found is %+v", all)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if all, err := Find(ctx, time.Hour); err == nil {
		t.Errorf("after it was stopped: %+v", all)
	}
}

// hostile sends answers as a storage does, or as none does.
type hostile struct {
	t    *testing.T
	conn *net.UDPConn
}

func newHostile(t *testing.T) hostile {
	t.Helper()
	c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 77, 0, 2)}, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return hostile{t, c}
}

// answer claims a storage.
func (h hostile) answer(instance, name, print string, port uint16, address net.IP, more ...string) {
	self, service := instance+"."+Service+".local.", Service+".local."
	header := func(name string, kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 120}
	}
	m := new(dns.Msg)
	m.Response, m.Compress = true, true
	m.Answer = []dns.RR{&dns.PTR{Hdr: header(service, dns.TypePTR), Ptr: self}}
	m.Extra = []dns.RR{
		&dns.SRV{Hdr: header(self, dns.TypeSRV), Port: port, Target: "liar.local."},
		&dns.TXT{Hdr: header(self, dns.TypeTXT), Txt: append([]string{"name=" + name, "cert=" + print}, more...)},
		&dns.A{Hdr: header("liar.local.", dns.TypeA), A: address},
	}
	if packet, err := m.Pack(); err == nil {
		h.send(packet)
	}
}

func (h hostile) send(packet []byte) { _, _ = h.conn.Write(packet) } // one that is not sent harms nobody

// TestLiarsAreReadAndBelievedNothing: huge texts, odd names, what is no DNS at all. The storage that is there is found.
func TestLiarsAreReadAndBelievedNothing(t *testing.T) {
	if !alone(t) {
		return
	}
	announced(t, &Announcement{Name: "Pi", Fingerprint: print64, Port: 5443})
	h := newHostile(t)
	stop := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() {
		near, huge := net.IPv4(10, 77, 0, 66), make([]string, 0, 200)
		for range 200 {
			huge = append(huge, strings.Repeat("z", 255))
		}
		dice := rand.New(rand.NewPCG(1, 2))
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			other := strings.Repeat("cd", 32)
			h.answer("a", "twin", print64, 5443, near)                    // claims to be the other one
			h.answer("b", "elsewhere", other, 5443, net.IPv4(8, 8, 8, 8)) // leads out of the network
			h.answer("c", "huge", strings.Repeat("ef", 32), 5443, near, huge...)
			h.answer("d", "x\x1b[2J", other, 5443, near)
			h.answer("e", "x\u202Ey", other, 5443, near)
			h.answer("f", "no port", other, 0, near)
			h.answer("g", "no print", "", 5443, near)
			h.answer(`h\000\255\.`, "odd", "00"+other, 5443, near)
			h.answer("", "nameless", other[:10], 5443, near)
			for range 20 {
				packet := make([]byte, dice.IntN(1400))
				for i := range packet {
					packet[i] = byte(dice.Uint32())
				}
				h.send(packet)
			}
			h.send(append(make([]byte, 12), 0xc0, 12)) // a name that points at itself
			h.send([]byte{0, 0, 0x84, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		}
	})
	all := find(t, Patience)
	close(stop)
	sending.Wait()
	found := false
	for _, b := range all {
		switch {
		case b.Fingerprint == print64:
			found = true
			if !strings.Contains(fmt.Sprint(b.Addresses), "https://10.77.0.2:5443") {
				t.Errorf("it is found at %v", b.Addresses)
			}
		case b.Name != "huge" || b.Fingerprint != strings.Repeat("ef", 32):
			t.Errorf("a liar is believed: %+v", b)
		}
	}
	if !found {
		t.Errorf("the one that is there is not among %+v", all)
	}
}

// TestThousandsOfAnswersAreNotKept: who floods the network ends the search, and fills no memory.
func TestThousandsOfAnswersAreNotKept(t *testing.T) {
	if !alone(t) {
		return
	}
	h := newHostile(t)
	stop := make(chan struct{})
	var sending sync.WaitGroup
	var sent atomic.Int64
	sending.Go(func() {
		huge := make([]string, 0, 200)
		for range 200 {
			huge = append(huge, strings.Repeat("z", 255))
		}
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			print := make([]byte, 32)
			print[0], print[1], print[2] = byte(i), byte(i>>8), byte(i>>16)
			h.answer(fmt.Sprint("liar", i), fmt.Sprint("liar ", i), hex.EncodeToString(print), 5443, net.IPv4(10, 77, 1, byte(i)), huge...)
			sent.Add(1)
		}
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := find(t, Patience)
	close(stop)
	sending.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d answers were sent, %d storages are listed, %d MB are in use, %d MB were had from the system", sent.Load(), len(all), after.HeapAlloc>>20, after.Sys>>20)
	if len(all) == 0 || len(all) > mostBoxes {
		t.Errorf("%d storages are listed", len(all))
	}
	if after.HeapAlloc > before.HeapAlloc+16<<20 || after.Sys > before.Sys+512<<20 {
		t.Errorf("%d MB are in use, of %d MB", after.HeapAlloc>>20, after.Sys>>20)
	}
}
