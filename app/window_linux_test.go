//go:build !headless

package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"roost/ui/reader"
	"roost/vault/node/nodetest"
)

// buildWindow builds the program as people get it, window and all, but for the race detector. It shares what is built for the
// tests; only what draws on a real screen is added.
func buildWindow(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "roost")
	build := exec.CommandContext(t.Context(), "go", "build", "-race", "-tags", "accessibility", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the window: %v\n%s", err, out)
	}
	return binary
}

// person sits before a computer of the test's own: a screen, a bus, a home.
type person struct {
	t      *testing.T
	binary string
	home   string // the person's
	screen *xServer
	panel  *panel
	reader *reader.Reader // their eyes
	env    []string
}

func newPerson(t *testing.T, binary string) *person {
	t.Helper()
	p := &person{t: t, binary: binary, home: t.TempDir(), screen: startX(t), reader: reader.New(t)}
	address := startBus(t)
	p.panel = startPanel(t, address)
	passphrase := filepath.Join(p.home, "passphrase")
	write(t, passphrase, "a passphrase\n")
	p.env = []string{
		"HOME=" + p.home, "TMPDIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8", "DISPLAY=" + p.screen.display,
		"DBUS_SESSION_BUS_ADDRESS=" + address, "ROOST_HOME=" + filepath.Join(p.home, "roost"), "ROOST_IPFS=" + nodetest.Binary(t),
		"ROOST_KEYSTORE=file", "ROOST_PASSPHRASE_FILE=" + passphrase, "LIBGL_ALWAYS_SOFTWARE=1", "GORACE=atexit_sleep_ms=0 exitcode=0",
	}
	return p
}

// roost runs a verb, or the app where another shows its window.
func (p *person) roost(args ...string) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), p.binary, args...)
	cmd.Env = p.env
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("roost %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// running is the app.
type running struct {
	p    *person
	cmd  *exec.Cmd
	says *output
	item dbus.BusObject // in the tray
}

// output may be read while it is written.
type output struct {
	mu   sync.Mutex // guards said
	said bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String()
}

// open starts the app and waits for its sign in the tray.
func (p *person) open(args ...string) *running {
	p.t.Helper()
	r := &running{p: p, cmd: exec.Command(p.binary, args...), says: &output{}}
	r.cmd.Env, r.cmd.Stdout, r.cmd.Stderr = p.env, r.says, r.says
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if r.cmd.ProcessState == nil {
			_ = r.cmd.Process.Kill()
			_ = r.cmd.Wait() // killed
		}
	})
	r.registered()
	return r
}

func (r *running) registered() {
	r.p.t.Helper()
	select {
	case r.item = <-r.p.panel.items:
	case <-time.After(time.Minute):
		r.p.t.Fatalf("the tray shows nothing\n%s", r.says)
	}
}

// until waits for something that the app does and that nothing announces.
func (r *running) until(what string, done func() bool) {
	r.p.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			r.p.t.Fatalf("waited in vain for %s; the tray says %q\n%s", what, r.p.panel.tooltip(r.item), r.says)
		}
	}
}

func (r *running) untilTraySays(text string) {
	r.p.t.Helper()
	r.until("the tray to say "+text, func() bool { return strings.Contains(r.p.panel.tooltip(r.item), text) })
}

func (r *running) click(label string) {
	r.p.t.Helper()
	r.until("an entry "+label, func() bool { return r.p.panel.click(r.item, label) })
}

func (r *running) untilWindow(there bool) uint32 {
	r.p.t.Helper()
	var window uint32
	r.until(fmt.Sprintf("the window to be there: %v", there), func() bool {
		window = r.p.screen.window("Roost")
		return (window != 0) == there
	})
	return window
}

// ownRace finds a race that one of our own lines takes part in. The library of the tray has some of its own.
var ownRace = regexp.MustCompile(`(?i)(read|write) at 0x\w+ by .*\n\s+(main|roost/\w+)[./]`)

// crash is how a Go program ends that does not end by itself.
var crash = regexp.MustCompile(`(?m)^(panic: |fatal error: |goroutine \d+ \[)`)

// ends waits for the app to end with an exit code.
func (r *running) ends(code int) {
	r.p.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	select {
	case <-ended: // the code says how
	case <-time.After(20 * time.Second):
		_ = r.cmd.Process.Signal(syscall.SIGQUIT) // to see where it hangs
		<-ended
		r.p.t.Fatalf("it does not end\n%s", r.says)
	}
	if got := r.cmd.ProcessState.ExitCode(); got != code {
		r.p.t.Errorf("exit code %d, want %d\n%s", got, code, r.says)
	}
	if crash.MatchString(r.says.String()) {
		r.p.t.Errorf("it crashed:\n%s", r.says)
	}
	if ownRace.MatchString(r.says.String()) {
		r.p.t.Errorf("%s", r.says)
	}
}

// picture keeps what the window shows, where somebody wants to see it.
func (r *running) picture(window uint32) {
	r.p.t.Helper()
	dir := os.Getenv("ROOST_SCREENSHOTS")
	if dir == "" {
		return
	}
	time.Sleep(time.Second) // for what is beside the status
	f, err := os.Create(filepath.Join(dir, "window.png"))
	if err != nil {
		r.p.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, r.p.screen.picture(window)); err != nil {
		r.p.t.Fatal(err)
	}
}

// TestTheApp runs what people get, on a screen, in a tray and with a storage that are real.
func TestTheApp(t *testing.T) {
	binary := buildWindow(t)
	t.Run("from the first backup to quitting in the tray", func(t *testing.T) { lifeOfTheApp(t, newPerson(t, binary)) })
	t.Run("from the first start to a file that is back, with the mouse alone", func(t *testing.T) { withTheMouseAlone(t, newPerson(t, binary)) })
	t.Run("from the first start to a file that is back, with the keyboard alone", func(t *testing.T) { withTheKeyboardAlone(t, newPerson(t, binary)) })
	t.Run("starts in the tray alone and ends by a signal", func(t *testing.T) { startsAtLogIn(t, newPerson(t, binary)) })
}

func lifeOfTheApp(t *testing.T, p *person) {
	folder := filepath.Join(p.home, "Documents")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "letter.txt"), "Dear Ana\n")

	app := p.open()
	app.untilWindow(true)
	app.untilTraySays("Roost is not set up here yet")
	warning := p.panel.pixels(app.item)
	p.roost("setup", "--new", "--local", "--words-out", filepath.Join(p.home, "words"))
	p.roost("folder", "add", folder) // then it is kept, by the app that runs
	p.roost("folder", "mode", folder, "manual")
	app.click("Back up now")
	app.untilTraySays("Everything is safe")
	if p.panel.pixels(app.item) == warning {
		t.Error("the sign in the tray is the same as before the first backup")
	}
	app.picture(app.untilWindow(true))

	p.screen.close(app.untilWindow(true))
	app.untilWindow(false)
	app.click("Open Roost")
	p.screen.close(app.untilWindow(true))
	app.untilWindow(false)
	p.roost() // a second launch
	p.screen.close(app.untilWindow(true))
	app.untilWindow(false)
	p.roost("--hidden") // as at log-in: it is there already
	app.click("For an hour")
	app.untilTraySays("Paused until")
	app.click("Resume")
	app.untilTraySays("Everything is safe")
	if p.screen.window("Roost") != 0 {
		t.Error("the window opens by itself")
	}

	p.panel.vanish() // and with it the only way to a window that is closed
	window := app.untilWindow(true)
	p.screen.close(window)
	p.roost() // it is as alive as before, behind a question
	if p.screen.window("Roost") != window {
		t.Error("without a tray, closing the window takes it away")
	}
	p.panel.appear()
	app.registered()
	app.click("Quit")
	app.ends(0)
}

func startsAtLogIn(t *testing.T, p *person) {
	app := p.open("--hidden")
	app.untilTraySays("Roost is not set up here yet")
	if p.screen.window("Roost") != 0 {
		t.Error("there is a window")
	}
	app.terminated()
	app = p.open()
	app.untilWindow(true)
	app.terminated()
}

// terminated ends the app as a logging out system does.
func (r *running) terminated() {
	r.p.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.p.t.Fatal(err)
	}
	r.ends(130)
}
