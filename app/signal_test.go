//go:build unix

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"roost/vault/node/nodetest"
)

// A storage that takes the question and never answers: Ctrl-C ends the wait, says so, and leaves no half backup.
func TestCtrlCStopsCleanly(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			asked := make(chan struct{}, 100)
			release := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				select {
				case <-r.Context().Done():
				case <-release:
				}
			}))
			defer server.Close()
			defer close(release)
			home := filepath.Join(t.TempDir(), "home")
			cmd, out, errs := start(t, home, "setup", "--new", "--node", server.URL, "--words-out", home+".words", "--json")
			select {
			case <-asked:
			case <-time.After(30 * time.Second):
				t.Fatalf("the storage was never asked: %s", errs)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if code := exitCode(t, cmd); code != 130 {
				t.Errorf("exit code %d: %s", code, errs)
			}
			if !strings.Contains(errs.String(), "Stopping") || !strings.Contains(out.String(), `"error":{"code":"stopped"`) {
				t.Errorf("said %q and %q", out, errs)
			}
			for _, left := range []string{filepath.Join(home, "config.json"), home + ".words"} {
				if _, err := os.Lstat(left); !os.IsNotExist(err) {
					t.Errorf("%s was left behind", left)
				}
			}
		})
	}
}

// start runs the real command, with a passphrase in a file.
func start(t *testing.T, home string, args ...string) (cmd *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	passphrase := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(passphrase, []byte("a passphrase\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	cmd = roost(t, home, args...)
	cmd.Env = append(cmd.Env, "ROOST_PASSPHRASE_FILE="+passphrase)
	cmd.Stdout, cmd.Stderr = out, errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out, errs
}

func roost(t *testing.T, home string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "roost", args...)
	cmd.Env = append(os.Environ(), "ROOST_HOME="+home, "ROOST_KEYSTORE=file", "ROOST_IPFS="+nodetest.Binary(t),
		"GORACE=atexit_sleep_ms=0", // else -race adds a second
		"LC_ALL=en_US.UTF-8")       // Fyne complains of the locale C as soon as it is linked
	return cmd
}

// exitCode waits for the end.
func exitCode(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}
