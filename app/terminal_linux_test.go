package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Ctrl-C while a passphrase is typed must not leave a terminal in which nothing that is typed can be seen.
func TestCtrlCAtThePassphraseTurnsTheEchoOnAgain(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	cmd, _, errs := start(t, home, "setup", "--new", "--local")
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("setup: %d: %s", code, errs)
	}
	terminal := openTerminal(t)
	cmd = roost(t, home, "folder", "list")
	cmd.Stdin = terminal
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(said)
	if prompt, err := lines.ReadString(':'); err != nil || !strings.HasPrefix(prompt, "Passphrase") {
		t.Fatalf("asked %q: %v", prompt, err)
	}
	waitFor(t, "the echo to go", func() bool { return !echoes(t, terminal) })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if !echoes(t, terminal) {
		t.Error("the terminal does not echo any more")
	}
}

// openTerminal returns the near end of a pseudo-terminal.
func openTerminal(t *testing.T) *os.File {
	t.Helper()
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	if err := unix.IoctlSetPointerInt(int(far.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(far.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	near, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	return near
}

func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	mode, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return mode.Lflag&unix.ECHO != 0
}
