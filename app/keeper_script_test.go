package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// kept is a `roost run` of a script.
type kept struct {
	cmd   *exec.Cmd
	ended chan error
}

var signals = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}

// stopWithin is how long a Roost that is told to stop may take.
const stopWithin = slowdown * 5 * time.Second

// keeper start NAME [FLAG…] runs `roost run FLAG…` until the script ends, and waits until it answers; its output goes to
// NAME.out and NAME.err. keeper stop NAME SIGNAL CODE ends it, which has to be done within 5 seconds.
func keeper(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) >= 2 && args[0] == "start":
		path, err := exec.LookPath("roost")
		ts.Check(err)
		startKeeper(ts, args[1], append([]string{path, "run"}, args[2:]...), nil)
	case !neg && len(args) == 4 && args[0] == "stop":
		k := of(ts).keepers[args[1]]
		start := time.Now()
		ts.Check(k.cmd.Process.Signal(signals[args[2]]))
		select {
		case <-k.ended:
		case <-time.After(4 * stopWithin):
			ts.Fatalf("it does not stop")
		}
		if took := time.Since(start); took > stopWithin {
			ts.Fatalf("it took %v to stop", took)
		}
		if code := k.cmd.ProcessState.ExitCode(); strconv.Itoa(code) != args[3] {
			ts.Fatalf("exit code %d, want %s", code, args[3])
		}
	default:
		ts.Fatalf("usage: keeper start NAME [FLAG…] | keeper stop NAME SIGNAL CODE")
	}
}

// startKeeper runs it with these variables, or else with those of the script.
func startKeeper(ts *testscript.TestScript, name string, argv, env []string) {
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	k := &kept{cmd: exec.Command(argv[0], argv[1:]...), ended: make(chan error, 1)}
	k.cmd.Dir, k.cmd.Stdout, k.cmd.Stderr = ts.MkAbs("."), out, errs
	names := []string{"HOME", "TMPDIR", "GORACE", "NOTIFY_SOCKET"}
	if env == nil {
		names = append(names, "PATH", "ROOST_HOME", "ROOST_IPFS", "ROOST_KEYSTORE", "ROOST_PASSPHRASE_FILE")
	}
	for _, name := range names {
		env = append(env, name+"="+ts.Getenv(name))
	}
	k.cmd.Env = env
	ts.Check(k.cmd.Start())
	go func() {
		k.ended <- errors.Join(k.cmd.Wait(), out.Close(), errs.Close())
		close(k.ended)
	}()
	of(ts).keepers[name] = k
	ts.Defer(func() {
		_ = k.cmd.Process.Kill() // it may have ended
		<-k.ended
	})
	until(ts, "it to answer", func() bool {
		r, err := findRunning(of(ts).tb.Context(), ts.Getenv("ROOST_HOME"))
		return err == nil && r != nil && r.hello.PID == k.cmd.Process.Pid
	})
}

// awaits PATH VALUE waits until what the Roost that runs says of itself, as `roost status --json` shows it, has PATH with this VALUE, as jsonhas compares them.
func awaits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: awaits PATH VALUE")
	}
	until(ts, strings.Join(args, " "), func() bool {
		r, err := findRunning(of(ts).tb.Context(), ts.Getenv("ROOST_HOME"))
		ts.Check(err)
		s, err := r.Status(of(ts).tb.Context())
		ts.Check(err)
		var text strings.Builder
		ts.Check(encodeJSON(&text, newStatusAnswer(s)))
		value, err := jsonAt(text.String(), args[0])
		return err == nil && wantValue(value, args[1]) == nil
	})
}

// until waits for something that another process does and that nothing announces.
func until(ts *testscript.TestScript, what string, done func() bool) {
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("waited in vain for %s", what)
		}
	}
}

// service NAME FILE runs the ExecStart line of a unit as systemd would, as the keeper NAME.
func runService(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: service NAME FILE")
	}
	unit := ts.ReadFile(args[1])
	var argv, env []string
	for _, line := range regexp.MustCompile(`(?m)^(ExecStart|Environment)=(.*)$`).FindAllStringSubmatch(unit, -1) {
		for _, word := range regexp.MustCompile(`"(\\.|[^"\\])*"`).FindAllString(line[2], -1) {
			text, err := strconv.Unquote(word)
			ts.Check(err)
			text = strings.ReplaceAll(text, "%%", "%")
			if line[1] == "ExecStart" {
				argv = append(argv, strings.ReplaceAll(text, "$$", "$"))
			} else {
				env = append(env, text)
			}
		}
	}
	if len(argv) == 0 || !filepath.IsAbs(argv[0]) || len(env) == 0 {
		ts.Fatalf("the unit starts %q with %q", argv, env)
	}
	startKeeper(ts, args[0], argv, env)
}

// notified start listens as systemd does to a service, at $NOTIFY_SOCKET. notified wants TEXT waits for a line with it.
func notified(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	switch {
	case !neg && len(args) == 1 && args[0] == "start":
		name := filepath.Join(s.tb.TempDir(), "notify") // a socket's path is short
		conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		ts.Check(err)
		ts.Defer(func() { ts.Check(conn.Close()) })
		s.systemd = conn
		ts.Setenv("NOTIFY_SOCKET", name)
	case !neg && len(args) == 2 && args[0] == "wants":
		line := make([]byte, 4096)
		ts.Check(s.systemd.SetReadDeadline(time.Now().Add(30 * time.Second)))
		for {
			n, err := s.systemd.Read(line)
			ts.Check(err)
			if strings.Contains(string(line[:n]), args[1]) {
				return
			}
		}
	default:
		ts.Fatalf("usage: notified start | notified wants TEXT")
	}
}

// saveas FILE PATH NAME sets the variable NAME, in capitals, to what jsonhas finds.
func saveAs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: saveas FILE PATH NAME")
	}
	value, err := jsonAt(ts.ReadFile(args[0]), args[1])
	ts.Check(err)
	ts.Setenv(strings.ToUpper(args[2]), value)
}
