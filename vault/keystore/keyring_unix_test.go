//go:build (dragonfly && cgo) || (freebsd && cgo) || linux || netbsd || openbsd

package keystore

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
)

// session is a session bus of its own, with a home and no services but those that the test starts.
type session struct {
	home, address string
	bus           *exec.Cmd
}

func newSession(t *testing.T) *session {
	t.Helper()
	for _, program := range []string{"dbus-daemon", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: install the packages dbus and gnome-keyring", program)
		}
	}
	home, err := os.MkdirTemp("", "bus") // not t.TempDir: a socket's path is at most 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	s := &session{home: home}
	// Without <servicedir>: nothing is started that outlives the test, and "no service" is what it says.
	config := filepath.Join(home, "bus.conf")
	err = os.WriteFile(config, []byte(`<busconfig><type>session</type><listen>unix:dir=`+home+`</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s.bus = exec.Command("dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile", "--print-address=1")
	out, err := s.bus.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, s.bus)
	if s.address, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("start dbus-daemon: %v", err)
	}
	s.address = strings.TrimSpace(s.address)
	return s
}

// env is what a process in the session sees.
func (s *session) env() []string {
	return []string{
		"DBUS_SESSION_BUS_ADDRESS=" + s.address, "HOME=" + s.home, "XDG_RUNTIME_DIR=" + s.home,
		"XDG_DATA_HOME=" + s.home + "/data", "DISPLAY=", "WAYLAND_DISPLAY=",
		"KEYSTORE_TEST_BUS_PID=" + strconv.Itoa(s.bus.Process.Pid),
	}
}

// startKeyring runs gnome-keyring until the returned stop. With unlock its login keyring is made or opened; without, an
// existing one stays locked and a missing one is not made.
func (s *session) startKeyring(t *testing.T, unlock bool) (stop func()) {
	t.Helper()
	conn, err := dbus.Connect(s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	err = conn.AddMatchSignal(dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, "org.freedesktop.secrets"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("gnome-keyring-daemon", "--foreground", "--components=secrets")
	if unlock {
		cmd.Args = append(cmd.Args, "--unlock")
		cmd.Stdin = strings.NewReader("test\n")
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), s.env()...)
	stop = start(t, cmd)
	deadline := time.After(20 * time.Second)
	for {
		select {
		case signal := <-signals:
			// name, old owner, new owner; NameAcquired of this connection comes the same way
			if len(signal.Body) == 3 && signal.Body[2] != "" {
				return stop
			}
		case <-deadline:
			stop()
			t.Fatalf("gnome-keyring-daemon does not come up:\n%s", out.Bytes())
		}
	}
}

// start runs cmd until the returned stop, or the end of the test.
func start(t *testing.T, cmd *exec.Cmd) (stop func()) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()         // "signal: killed"
	}
	t.Cleanup(stop)
	return stop
}

func init() {
	children["round trip"] = func() error {
		ctx, s, keyA, keyB := context.Background(), Keyring(), [32]byte{1, 2, 3}, [32]byte{4, 5, 6}
		get := func(vault string, want [32]byte) error {
			if got, err := s.Get(ctx, vault); err != nil || got != want {
				return fmt.Errorf("get %s: %x, %w", vault, got, err)
			}
			return nil
		}
		missing := func(vault string) error {
			_, err := s.Get(ctx, vault)
			return wantOnly(err, ErrNotFound)
		}
		stored := func() error {
			value, err := keyring.Get("Roost", vaultA)
			if err != nil || value != base64.StdEncoding.EncodeToString(keyA[:]) || len(value) > 2560 {
				return fmt.Errorf("stored as %q, %w", value, err)
			}
			return nil
		}
		damaged := func(value string) error {
			if err := keyring.Set("Roost", vaultA, value); err != nil {
				return err
			}
			_, err := s.Get(ctx, vaultA)
			if value != "" && strings.Contains(err.Error(), value) {
				return fmt.Errorf("the error shows the value: %w", err)
			}
			return wantOnly(err, ErrDamaged)
		}
		for i, step := range []func() error{
			func() error { return missing(vaultA) },
			func() error { return wantOnly(s.Delete(ctx, vaultA), ErrNotFound) },
			func() error { return s.Set(ctx, vaultA, keyB) },
			func() error { return s.Set(ctx, vaultA, keyA) },
			func() error { return get(vaultA, keyA) },
			func() error { return get(strings.ToUpper(vaultA), keyA) },
			func() error { return missing(vaultB) },
			func() error { return s.Set(ctx, strings.ToUpper(vaultB), keyB) },
			func() error { return get(vaultB, keyB) },
			func() error { return get(vaultA, keyA) },
			stored,
			func() error { return s.Delete(ctx, vaultB) },
			func() error { return missing(vaultB) },
			func() error { return get(vaultA, keyA) },
			func() error { return damaged("not base64!") },
			func() error { return damaged(base64.StdEncoding.EncodeToString(keyA[:31])) },
			func() error { return damaged("") },
			func() error { return s.Delete(ctx, vaultA) },
			func() error { return missing(vaultA) },
		} {
			if err := step(); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
		return nil
	}

	children["set"] = func() error { return Keyring().Set(context.Background(), vaultA, [32]byte{9}) }

	children["get"] = func() error {
		if key, err := Keyring().Get(context.Background(), vaultA); err != nil || key != [32]byte{9} {
			return fmt.Errorf("%x, %w", key, err)
		}
		return nil
	}

	everyCall := func(want ...error) func() error {
		return func() error {
			for call, err := range eachCall(context.Background(), Keyring()) {
				if err := wantOnly(err, want...); err != nil {
					return fmt.Errorf("%s: %w", call, err)
				}
			}
			return nil
		}
	}
	children["no service"] = everyCall(ErrNoService)
	children["locked"] = everyCall(ErrLocked)

	children["prompt"] = func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if err := exportPrompter(cancel); err != nil {
			return err
		}
		_, err := Keyring().Get(ctx, vaultA)
		return wantOnly(err, ErrLocked, context.Canceled)
	}

	children["bus ends"] = func() error {
		pid, err := strconv.Atoi(os.Getenv("KEYSTORE_TEST_BUS_PID"))
		if err != nil {
			return err
		}
		if err := exportPrompter(func() { _ = syscall.Kill(pid, syscall.SIGKILL) }); err != nil {
			return err
		}
		_, err = Keyring().Get(context.Background(), vaultA)
		return wantOnly(err, ErrNoService)
	}

	children["forgets"] = func() error {
		var has atomic.Bool
		if err := exportSecrets(&has); err != nil {
			return err
		}
		if err := wantOnly(Keyring().Set(context.Background(), vaultA, [32]byte{1}), ErrDenied); err != nil {
			return fmt.Errorf("set: %w", err)
		}
		has.Store(true)
		if err := wantOnly(Keyring().Delete(context.Background(), vaultA), ErrDenied); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		return nil
	}
}

// exportPrompter is the part of a desktop that shows gnome-keyring's dialogs. This one never shows any: it calls asked.
func exportPrompter(asked func()) error {
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		return err
	}
	methods := map[string]any{"BeginPrompting": func(dbus.ObjectPath) *dbus.Error {
		go asked()
		return nil
	}}
	err = conn.ExportMethodTable(methods, "/org/gnome/keyring/Prompter", "org.gnome.keyring.internal.Prompter")
	if err != nil {
		return err
	}
	return ownName(conn, "org.gnome.keyring.SystemPrompter")
}

// exportSecrets is a secret service that says yes to everything and does nothing: it has every item or none. It stands
// for a person who refuses in the dialog that a service shows for a change, which go-keyring reports as success.
func exportSecrets(has *atomic.Bool) error {
	const service, login = dbus.ObjectPath("/org/freedesktop/secrets"), "/org/freedesktop/secrets/collection/login"
	const none = dbus.ObjectPath("/")
	type secret struct {
		Session           dbus.ObjectPath
		Parameters, Value []byte
		ContentType       string
	}
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		return err
	}
	export := func(path dbus.ObjectPath, iface string, methods map[string]any) {
		err = errors.Join(err, conn.ExportMethodTable(methods, path, iface))
	}
	export(service, "org.freedesktop.DBus.Properties", map[string]any{
		"Get": func(_, _ string) (dbus.Variant, *dbus.Error) {
			return dbus.MakeVariant([]dbus.ObjectPath{login}), nil
		},
	})
	export(login, "org.freedesktop.DBus.Properties", map[string]any{
		"Get": func(_, _ string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant(false), nil },
	})
	export(service, "org.freedesktop.Secret.Service", map[string]any{
		"OpenSession": func(string, dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
			return dbus.MakeVariant(""), "/org/freedesktop/secrets/session/1", nil
		},
		"Unlock": func(paths []dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
			return paths, none, nil
		},
	})
	export("/org/freedesktop/secrets/session/1", "org.freedesktop.Secret.Session", map[string]any{
		"Close": func() *dbus.Error { return nil },
	})
	export(login, "org.freedesktop.Secret.Collection", map[string]any{
		"CreateItem": func(map[string]dbus.Variant, secret, bool) (dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
			return none, none, nil
		},
		"SearchItems": func(map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
			if has.Load() {
				return []dbus.ObjectPath{login + "/1"}, nil
			}
			return nil, nil
		},
	})
	export(login+"/1", "org.freedesktop.Secret.Item", map[string]any{
		"Delete": func() (dbus.ObjectPath, *dbus.Error) { return none, nil },
		"GetSecret": func(session dbus.ObjectPath) (secret, *dbus.Error) {
			return secret{session, nil, []byte("value"), "text/plain"}, nil
		},
	})
	if err != nil {
		return err
	}
	return ownName(conn, "org.freedesktop.secrets")
}

func ownName(conn *dbus.Conn, name string) error {
	reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue)
	if err == nil && reply != dbus.RequestNameReplyPrimaryOwner {
		err = fmt.Errorf("own %s: reply %d", name, reply)
	}
	return err
}

func TestKeyringKeepsAKeyForEachVault(t *testing.T) {
	s := newSession(t)
	s.startKeyring(t, true)
	runChild(t, "round trip", s.env(), nil)
	runChild(t, "set", s.env(), nil)
	runChild(t, "get", s.env(), nil) // another process
}

func TestALockedKeyringIsToldFromAMissingKey(t *testing.T) {
	s := newSession(t)
	stop := s.startKeyring(t, true)
	runChild(t, "set", s.env(), nil)
	stop()
	stop = s.startKeyring(t, false)
	runChild(t, "locked", s.env(), nil)
	stop()
	s.startKeyring(t, true)
	runChild(t, "get", s.env(), nil) // nothing was lost meanwhile
}

func TestAnUnansweredDialogEndsWithTheContext(t *testing.T) {
	s := newSession(t)
	stop := s.startKeyring(t, true)
	runChild(t, "set", s.env(), nil)
	stop()
	s.startKeyring(t, false)
	runChild(t, "prompt", s.env(), nil)
}

// go-keyring dereferences nil in this case.
func TestABusThatEndsDuringADialogDoesNotEndTheProgram(t *testing.T) {
	s := newSession(t)
	stop := s.startKeyring(t, true)
	runChild(t, "set", s.env(), nil)
	stop()
	s.startKeyring(t, false)
	runChild(t, "bus ends", s.env(), nil)
}

func TestAKeyringThatDoesNotKeepTheKeyIsNotBelieved(t *testing.T) {
	runChild(t, "forgets", newSession(t).env(), nil)
}

func TestAServiceWithoutAnyKeyringIsNoService(t *testing.T) {
	s := newSession(t)
	s.startKeyring(t, false)
	runChild(t, "no service", s.env(), nil)
}

func TestABusWithoutASecretServiceIsNoService(t *testing.T) {
	runChild(t, "no service", newSession(t).env(), nil)
}

func TestNoBusIsNoServiceAndNoneIsStarted(t *testing.T) {
	runChild(t, "no service", []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus"}, nil)

	// Without an address go-keyring would run dbus-launch. A user without a session has no /run/user/<uid>/bus either.
	dir := worldDir(t)
	mark := filepath.Join(dir, "launched")
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	launch := filepath.Join(dir, "bin", "dbus-launch")
	if err := os.WriteFile(launch, []byte("#!/bin/sh\n: >'"+mark+"'\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", childUID())); err == nil {
		return // this person's own bus would be found, and their keyring asked
	}
	env := []string{"DBUS_SESSION_BUS_ADDRESS=", "PATH=" + filepath.Dir(launch) + ":/usr/bin:/bin"}
	runChild(t, "no service", env, asNobody(t))
	if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("dbus-launch was run: %v", err)
	}
}

func TestBusErrorsAreToldApart(t *testing.T) {
	for name, want := range map[string]error{
		"org.freedesktop.DBus.Error.ServiceUnknown":    ErrNoService,
		"org.freedesktop.DBus.Error.NameHasNoOwner":    ErrNoService,
		"org.freedesktop.DBus.Error.NoReply":           ErrNoService,
		"org.freedesktop.DBus.Error.Spawn.ChildExited": ErrNoService,
		"org.freedesktop.DBus.Error.AccessDenied":      ErrDenied,
		"org.freedesktop.Secret.Error.IsLocked":        ErrLocked,
	} {
		keyring.MockInitWithError(dbus.Error{Name: name, Body: []any{"words that change"}})
		for call, err := range eachCall(t.Context(), mocked(keyringOpen)) {
			if err := wantOnly(err, want); err != nil {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
	keyring.MockInitWithError(dbus.ErrClosed)
	for call, err := range eachCall(t.Context(), mocked(keyringOpen)) {
		if err := wantOnly(err, ErrNoService); err != nil {
			t.Errorf("closed, %s: %v", call, err)
		}
	}
}
