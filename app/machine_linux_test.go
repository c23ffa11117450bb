package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"roost/vault/node"
	"roost/vault/node/code"
	"roost/vault/node/nodetest"
)

// another is a second machine: a copy of this system that nothing survives of, in namespaces of its own, with a cable to
// this one. It has everything that this one has installed, and no systemd that runs.
type another struct {
	init *exec.Cmd // its first process; all others end with it
	root string
	wire string // this end of the cable
	addr string // of its own end

	services map[string]*exec.Cmd
}

// buildParts makes what make kit makes, for this processor: the Kubo of the tests, and roost-node. For the other processor
// there are two files that cannot run.
func buildParts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: parts DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "roost-node-"+runtime.GOARCH), "roost/packaging/roost-node")
	build.Dir = repository
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
	ipfs, err := os.ReadFile(nodetest.Binary(of(ts).tb))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "ipfs-"+runtime.GOARCH), ipfs, 0o755))
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	for _, name := range []string{"ipfs-", "roost-node-"} {
		ts.Check(os.WriteFile(filepath.Join(dir, name+other), []byte("for another processor\n"), 0o755))
	}
	var sums strings.Builder
	for _, name := range []string{"ipfs-amd64", "ipfs-arm64", "roost-node-amd64", "roost-node-arm64"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		ts.Check(err)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	ts.Check(os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644))
}

// repository is where the tests' packages are built.
var repository = func() string {
	dir, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return dir
}()

// machine make: another machine, with a cable to this one and to those that were made before. machine use N: from here on
// that one, counted from 1. machine run COMMAND…: as its root. machine start|stop UNIT: what its ExecStart says, as
// systemd would. machine spawn NAME COMMAND…: the same for any command.
func machine(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: machine make | run COMMAND… | start|stop UNIT | spawn NAME COMMAND…")
	}
	s := of(ts)
	switch args[0] {
	case "make":
		m := makeMachine(ts, len(s.all))
		ts.Defer(func() { m.end(s.tb) })
		for i, earlier := range s.all {
			connect(ts, earlier, m, i)
		}
		s.all, s.other = append(s.all, m), m
	case "use":
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		s.other = s.all[n-1]
		ts.Setenv("MACHINE", s.other.addr)
	case "run":
		err := ts.Exec("nsenter", s.other.enter(ts, args[1:]...)...)
		if neg && err == nil {
			ts.Fatalf("%q went well", args[1:])
		} else if !neg {
			ts.Check(err)
		}
	case "start":
		s.other.start(ts, args[1])
	case "spawn":
		s.other.spawn(ts, args[1], args[2:]...)
	case "stop":
		s.other.stop(ts, args[1])
	default:
		ts.Fatalf("machine %s", args[0])
	}
}

func makeMachine(ts *testscript.TestScript, before int) *another {
	m := &another{root: ts.MkAbs(fmt.Sprint("machine", before+1)), services: map[string]*exec.Cmd{}}
	ts.Check(os.Mkdir(m.root, 0o755))
	m.init = exec.Command("unshare", "--mount", "--pid", "--net", "--uts", "--fork", "--kill-child", "sh", "-euc", `
		cd "$1"
		mount -t tmpfs -o mode=755 none .
		cd "$1"
		mkdir upper work root
		mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" root
		mount -t proc proc root/proc
		mount --rbind /dev root/dev
		mount -t tmpfs none root/run
		hostname attic
		ip link set lo up
		echo ready
		exec sleep infinity`, "machine", m.root)
	out, err := m.init.StdoutPipe()
	ts.Check(err)
	m.init.Stderr = os.Stderr
	ts.Check(m.init.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		m.end(of(ts).tb)
		ts.Fatalf("the other machine does not start: %q, %v", line, err)
	}
	// A network of two addresses, unlikely to be anybody else's.
	n := rand.IntN(1 << 14)
	m.wire = fmt.Sprintf("roost%d", n)
	net := fmt.Sprintf("10.213.%d.%d", n>>6, n&63*4)
	net = net[:strings.LastIndexByte(net, '.')+1]
	last := n & 63 * 4
	for _, line := range []string{
		fmt.Sprintf("ip link add %s type veth peer name eth0 netns %d", m.wire, m.pid(ts)),
		fmt.Sprintf("ip addr add %s%d/30 dev %s", net, last+1, m.wire),
		"ip link set " + m.wire + " up",
		fmt.Sprintf("nsenter -t %d -n ip addr add %s%d/30 dev eth0", m.pid(ts), net, last+2),
		fmt.Sprintf("nsenter -t %d -n ip link set eth0 up", m.pid(ts)),
	} {
		words := strings.Fields(line)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			m.end(of(ts).tb)
			ts.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	m.addr = fmt.Sprintf("%s%d", net, last+2)
	ts.Setenv("MACHINE", m.addr)
	ts.Setenv("WIRE", m.wire)
	return m
}

// connect puts a cable between two machines.
func connect(ts *testscript.TestScript, a, b *another, n int) {
	one, two := a.pid(ts), b.pid(ts)
	for _, line := range []string{
		fmt.Sprintf("ip link add wire%d netns %d type veth peer name wire netns %d", two, one, two),
		fmt.Sprintf("nsenter -t %d -n ip addr add 10.214.%d.1/30 dev wire%d", one, n, two),
		fmt.Sprintf("nsenter -t %d -n ip addr add 10.214.%d.2/30 dev wire", two, n),
		fmt.Sprintf("nsenter -t %d -n ip link set wire%d up", one, two),
		fmt.Sprintf("nsenter -t %d -n ip link set wire up", two),
	} {
		words := strings.Fields(line)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			ts.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
}

// fetches CODE CID: the storage of a code comes to have a block, from another member of its network.
func fetches(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fetches CODE CID")
	}
	c, err := code.Parse(ts.ReadFile(args[0]), "")
	ts.Check(err)
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	last := ""
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodPost, c.Addresses[0]+"/api/v0/block/get?timeout=10s&arg="+args[1], nil)
		ts.Check(err)
		req.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(c.Token, "bearer:"))
		resp, err := client.Do(req)
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, node.MaxBlockSize))
		resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK && len(body) > 0 {
			return
		}
		last = fmt.Sprint(resp.Status, err)
	}
	ts.Fatalf("the other storage does not pass the block on: %s", last)
}

// pid is of the first process inside: unshare's child.
func (m *another) pid(ts *testscript.TestScript) int { return child(ts, m.init.Process.Pid) }

// child is the only one of a process.
func child(ts *testscript.TestScript, of int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", of, of))
	ts.Check(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	ts.Check(err)
	return pid
}

// enter is the arguments of nsenter that run a command inside.
func (m *another) enter(ts *testscript.TestScript, command ...string) []string {
	return append([]string{
		"-t", strconv.Itoa(m.pid(ts)), "-m", "-p", "-n", "-u", "env", "-i",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "chroot", m.root + "/root",
	}, command...)
}

func (m *another) end(tb testing.TB) {
	if err := m.init.Process.Kill(); err != nil {
		tb.Error(err)
	}
	_ = m.init.Wait() // it was killed
	for _, s := range m.services {
		_ = s.Wait() // so were they
	}
}

// start runs a unit's command as its user, in its environment.
func (m *another) start(ts *testscript.TestScript, unit string) {
	text, err := exec.Command("nsenter", m.enter(ts, "cat", "/etc/systemd/system/"+unit)...).Output()
	ts.Check(err)
	var env, command []string
	user, dir := "", ""
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "User":
			user = value
		case "Environment":
			env = append(env, strings.Fields(value)...)
		case "EnvironmentFile":
			added, err := exec.Command("nsenter", m.enter(ts, "cat", value)...).Output()
			ts.Check(err)
			env = append(env, strings.Fields(string(added))...)
		case "ExecStart":
			command = strings.Fields(value)
		case "RuntimeDirectory":
			dir = "/run/" + value
		}
	}
	if user == "" || len(command) == 0 {
		ts.Fatalf("%s has no user or no command:\n%s", unit, text)
	}
	if dir != "" {
		ts.Check(exec.Command("nsenter", m.enter(ts, "install", "-d", "-m", "700", "-o", user, dir)...).Run())
	}
	words := append([]string{"setpriv", "--reuid", user, "--regid", user, "--init-groups", "--no-new-privs", "env"}, env...)
	m.spawn(ts, unit, append(words, command...)...)
}

// spawn runs a command until it is stopped; what it says goes to a file, NAME.log.
func (m *another) spawn(ts *testscript.TestScript, name string, command ...string) {
	cmd := exec.Command("nsenter", m.enter(ts, command...)...)
	log, err := os.OpenFile(ts.MkAbs(name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	ts.Check(cmd.Start())
	m.services[name] = cmd
}

func (m *another) stop(ts *testscript.TestScript, unit string) {
	cmd := m.services[unit]
	delete(m.services, unit)
	ts.Check(syscall.Kill(child(ts, cmd.Process.Pid), syscall.SIGINT))
	_ = cmd.Wait() // however it ended
}

// askNode is asks CODE STATUS METHOD PATH: what the storage of a code, in a file, answers to a request that is sent exactly so. With
// "-" instead of CODE no token is sent, to the storage of the file named code.
func askNode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: asks CODE STATUS METHOD PATH")
	}
	file := args[0]
	if file == "-" {
		file = "code"
	}
	c, err := code.Parse(ts.ReadFile(file), "")
	ts.Check(err)
	host := strings.TrimPrefix(c.Addresses[0], "https://")
	conn, err := tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true})
	ts.Check(err)
	defer conn.Close()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].Raw)
	if hex.EncodeToString(sum[:]) != c.Fingerprint {
		ts.Fatalf("another certificate")
	}
	ts.Check(conn.SetDeadline(time.Now().Add(30 * time.Second)))
	token := "Authorization: Bearer " + strings.TrimPrefix(c.Token, "bearer:") + "\r\n"
	if args[0] == "-" {
		token = ""
	}
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", args[2], args[3], host, token)
	ts.Check(err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	ts.Check(err)
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(resp.StatusCode) != args[1] {
		ts.Fatalf("%s %s: %s, want %s: %s", args[2], args[3], resp.Status, args[1], body)
	}
}

// repins CODE has every pin of a storage made again, with a time limit that ends it at once.
func repins(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: repins CODE")
	}
	c, err := code.Parse(ts.ReadFile(args[0]), "")
	ts.Check(err)
	k, err := node.Dial(node.Options{URL: c.Addresses[0], Token: c.Token, TLSFingerprint: c.Fingerprint})
	ts.Check(err)
	defer k.Close()
	pins, err := k.Pins(of(ts).tb.Context())
	ts.Check(err)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for _, p := range pins {
		req, err := http.NewRequest(http.MethodPost, c.Addresses[0]+"/api/v0/pin/add?timeout=1ms&arg="+p.CID.String(), nil)
		ts.Check(err)
		req.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(c.Token, "bearer:"))
		resp, err := client.Do(req)
		ts.Check(err)
		resp.Body.Close()
	}
	left, err := k.Pins(of(ts).tb.Context())
	ts.Check(err)
	ts.Logf("%d of %d pins are left", len(left), len(pins))
	if len(left) == len(pins) {
		ts.Fatalf("this is no attack any longer: all %d pins are left", len(pins))
	}
}

// machineCommands are those of a script that need Linux.
var machineCommands = map[string]func(*testscript.TestScript, bool, []string){
	"parts": buildParts, "machine": machine, "asks": askNode, "repins": repins, "fetches": fetches,
}
