package host

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
	"golang.org/x/sys/unix"
)

func TestTheBatteryIsReadFromWhatTheKernelLists(t *testing.T) {
	for _, c := range []struct {
		what  string
		files string // name=content, by blanks
		want  Answer
	}{
		{"a desktop", "", No},
		{"a laptop on its battery", "AC/type=Mains AC/online=0 BAT0/type=Battery BAT0/status=Discharging", Yes},
		{"a laptop that charges", "AC/type=Mains AC/online=1 BAT0/type=Battery BAT0/status=Charging", No},
		{"full and plugged in", "AC/type=Mains AC/online=1 BAT0/type=Battery BAT0/status=Full", No},
		{"a weak charger", "AC/type=Mains AC/online=1 BAT0/type=Battery BAT0/status=Discharging", No},
		{"charged by USB", "AC/type=Mains AC/online=0 ucsi/type=USB ucsi/online=1 BAT0/type=Battery BAT0/status=Charging", No},
		{"two batteries, one in use", "AC/type=Mains AC/online=0 BAT0/type=Battery BAT0/status=Full BAT1/type=Battery BAT1/status=Discharging", Yes},
		{"no charger is listed", "BAT0/type=Battery BAT0/status=Discharging", Yes},
		{"no charger is listed, and it charges", "BAT0/type=Battery BAT0/status=Charging", No},
		{"a desktop with a mouse that is empty", "hid/type=Battery hid/scope=Device hid/status=Discharging", No},
		{"a desktop whose mains failed", "ups/type=UPS ups/status=Discharging", Yes},
		{"a battery that does not say, unplugged", "AC/type=Mains AC/online=0 BAT0/type=Battery BAT0/status=Unknown", Yes},
		{"a battery that does not say", "BAT0/type=Battery BAT0/status=Unknown", Unknown},
		{"a battery that cannot be read", "BAT0/type=Battery", Unknown},
	} {
		dir := t.TempDir()
		for _, f := range strings.Fields(c.files) {
			name, content, _ := strings.Cut(f, "=")
			path := filepath.Join(dir, name)
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			must(t, os.WriteFile(path, []byte(content+"\n"), 0o600))
		}
		if got := powerSupplies(dir); got != c.want {
			t.Errorf("%s: on battery: %v, wanted %v", c.what, got, c.want)
		}
	}
	if got := powerSupplies(t.TempDir() + "/none"); got != Unknown {
		t.Errorf("without a list: %v", got)
	}
}

// systemBus starts a bus of this test's own and makes it the system's for this process.
func systemBus(t *testing.T) (address string) {
	t.Helper()
	home, err := os.MkdirTemp("", "bus") // not t.TempDir: a socket's path is at most 108 bytes
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(home)) })
	must(t, os.WriteFile(home+"/bus.conf", []byte(`<busconfig><type>session</type><listen>unix:dir=`+home+`</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>`), 0o600))
	cmd := exec.Command("dbus-daemon", "--config-file="+home+"/bus.conf", "--nofork", "--nopidfile", "--print-address=1")
	out, err := cmd.StdoutPipe()
	must(t, err)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start dbus-daemon, of the package dbus: %v", err)
	}
	t.Cleanup(func() {
		must(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
	})
	address, err = bufio.NewReader(out).ReadString('\n')
	must(t, err)
	address = strings.TrimSpace(address)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
	return address
}

func TestNetworkManagerIsAskedWhetherTheNetworkIsMetered(t *testing.T) {
	address := systemBus(t)
	if got := metered(t.Context()); got != Unknown {
		t.Errorf("without NetworkManager: %v", got)
	}
	conn, err := dbus.Connect(address)
	must(t, err)
	defer func() { must(t, conn.Close()) }()
	const name = "org.freedesktop.NetworkManager"
	props, err := prop.Export(conn, "/org/freedesktop/NetworkManager", prop.Map{
		name: {"Metered": {Value: uint32(0), Emit: prop.EmitFalse}},
	})
	must(t, err)
	reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue)
	if must(t, err); reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("the name is taken: %v", reply)
	}
	for value, want := range map[uint32]Answer{0: Unknown, 1: Yes, 2: No, 3: Yes, 4: No, 99: Unknown} {
		props.SetMust(name, "Metered", value)
		if got := Read(t.Context()).Metered; got != want {
			t.Errorf("Metered %d: %v, wanted %v", value, got, want)
		}
	}
	must(t, conn.ExportMethodTable(map[string]any{
		"Get": func(string, string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant("text"), nil },
	}, "/org/freedesktop/NetworkManager", "org.freedesktop.DBus.Properties"))
	if got := metered(t.Context()); got != Unknown {
		t.Errorf("an answer of the wrong kind: %v", got)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if got := metered(stopped); got != Unknown {
		t.Errorf("when it is to stop: %v", got)
	}
	before := len(must1(os.ReadDir("/proc/self/fd"))(t))
	for range 50 {
		metered(t.Context())
	}
	if after := len(must1(os.ReadDir("/proc/self/fd"))(t)); after > before+5 {
		t.Errorf("%d files were open before, %d after", before, after)
	}
}

func TestASilentSystemBusIsNotWaitedForForever(t *testing.T) {
	path := filepath.Join(must1(os.MkdirTemp("", "bus"))(t), "s")
	defer func() { must(t, os.RemoveAll(filepath.Dir(path))) }()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(t, err)
	defer func() { must(t, unix.Close(fd)) }()
	must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	must(t, unix.Listen(fd, 1)) // connects, and nobody ever answers
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+path)
	began := time.Now()
	if got := metered(t.Context()); got != Unknown {
		t.Errorf("said %v", got)
	}
	if took := time.Since(began); took > networkPatience+3*time.Second {
		t.Errorf("waited %v", took)
	}
}

// gentleChild is set in a copy of this test: it cannot be taken back.
const gentleChild = "ROOST_HOST_TEST_CHILD"

func TestGentleReachesEveryThreadThatIsAndWillBe(t *testing.T) {
	if os.Getenv(gentleChild) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), gentleChild+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("in the child process: %v\n%s", err, out)
		}
		return
	}
	hold := make(chan struct{})
	var threads sync.WaitGroup
	start := func(n int) {
		var up sync.WaitGroup
		for range n {
			up.Add(1)
			threads.Go(func() {
				runtime.LockOSThread()
				up.Done()
				<-hold
			})
		}
		up.Wait()
	}
	start(10)
	must(t, Gentle())
	start(10)
	must(t, Gentle()) // again is free
	entries := must1(os.ReadDir("/proc/self/task"))(t)
	if len(entries) < 20 {
		t.Errorf("only %d threads", len(entries))
	}
	for _, e := range entries {
		var thread int
		_, err := fmt.Sscan(e.Name(), &thread)
		must(t, err)
		raw, err := unix.Getpriority(unix.PRIO_PROCESS, thread)
		must(t, err)
		io, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, ioprioWhoProcess, uintptr(thread), 0)
		if nice := 20 - raw; nice < niceness || errno != 0 || io != ioGentle {
			t.Errorf("thread %d: nice %d, disk priority %#x (%v)", thread, nice, io, errno)
		}
	}
	close(hold)
	threads.Wait()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must1[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}
