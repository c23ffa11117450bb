package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"roost/syncer"
)

func serviceCommand() *command {
	return &command{name: "service", about: "run whenever this computer does", subs: []*command{
		{
			name: "service install", run: serviceInstall,
			help: `install: roost run starts with this computer's sessions, at low priority, and again after a failure. On Linux it is a
systemd unit of this account, on macOS a launch agent, on Windows an entry of what starts at log-in. It
remembers ROOST_KEYSTORE, ROOST_PASSPHRASE_FILE and ROOST_IPFS as they are set now.`,
		},
		{name: "service remove", run: serviceRemove, help: "remove: it is stopped and does not start again. Nothing else changes."},
		{
			name: "service status", run: serviceStatus,
			help: `status: whether it is installed, and whether a Roost runs. With --json, as the two above: {file, installed, running,
pid, command, next}; file is the registry's key on Windows.`,
		},
	}}
}

// service is the entry that starts Roost with a home by itself. Each system keeps it in its own way:
//
//	place() string                            where, for a person
//	installed() (bool, error)
//	install(ctx) (next string, err error)     writes it, and starts it where that can be done; next says what is left to do
//	remove(ctx) error                         stops it and removes it; fine without one
type service struct {
	name    string // "roost"; with something of its own for a home that is not the usual one
	binary  string // absolute
	home    string
	does    []string // what it is started with, beside the home
	env     func(string) string
	setting []string // NAME=value, of its environment
}

// serviceVariables are what a service needs of the environment that it was installed in. No secret is among them.
var serviceVariables = []string{"ROOST_KEYSTORE", "ROOST_PASSPHRASE_FILE", "ROOST_IPFS"}

func (c *call) service() (*service, error) {
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return nil, err
	}
	s := &service{name: "roost", home: home, does: []string{"run"}, env: c.env}
	if home != defaultHome(runtime.GOOS, c.env) {
		sum := sha256.Sum256([]byte(home))
		s.name += "-" + hex.EncodeToString(sum[:4])
	}
	if s.binary, err = ownBinary(); err != nil {
		return nil, computerError("Roost's own program could not be found", err)
	}
	for _, name := range serviceVariables {
		value := c.env(name)
		if value == "" {
			continue
		}
		if name != "ROOST_KEYSTORE" {
			if value, err = filepath.Abs(value); err != nil {
				return nil, computerError("a file that the service needs could not be found", err)
			}
		}
		s.setting = append(s.setting, name+"="+value)
	}
	return s, nil
}

// arguments are the command line.
func (s *service) arguments() []string {
	return append([]string{s.binary, "--home", s.home}, s.does...)
}

// ownBinary is the absolute path that this program was called by, which stays when what a link leads to is replaced by
// an update; or else where the program lies.
func ownBinary() (string, error) {
	lies, err := os.Executable()
	if err != nil {
		return "", err
	}
	called, err := exec.LookPath(os.Args[0])
	if err == nil {
		called, err = filepath.Abs(called)
	}
	if err != nil || !sameFile(called, lies) {
		return lies, nil
	}
	return called, nil
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

type serviceAnswer struct {
	File      string   `json:"file"`
	Installed bool     `json:"installed"`
	Running   bool     `json:"running"` // a Roost answers, whoever started it
	PID       int      `json:"pid"`     // 0: none
	Command   []string `json:"command"`
	Next      string   `json:"next"` // what is left to do; "": nothing
}

func serviceInstall(ctx context.Context, c *call) (answer, error) {
	s, err := c.service()
	if err != nil {
		return nil, err
	}
	c.unattended = true // as it will be
	if err := c.open(ctx, func(*syncer.Engine) error { return nil }); err != nil {
		return nil, err
	}
	next, err := s.install(ctx)
	if err != nil {
		return nil, computerError("the service could not be installed", err)
	}
	return s.answer(ctx, next)
}

func serviceRemove(ctx context.Context, c *call) (answer, error) {
	s, err := c.service()
	if err != nil {
		return nil, err
	}
	if err := s.remove(ctx); err != nil {
		return nil, computerError("the service could not be removed", err)
	}
	return s.answer(ctx, "")
}

func serviceStatus(ctx context.Context, c *call) (answer, error) {
	s, err := c.service()
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, "")
}

// answer says how things are now.
func (s *service) answer(ctx context.Context, next string) (answer, error) {
	a := serviceAnswer{File: s.place(), Command: s.arguments(), Next: next}
	var err error
	if a.Installed, err = s.installed(); err != nil {
		return nil, computerError("it could not be seen whether the service is installed", err)
	}
	running, err := findRunning(ctx, s.home)
	if err != nil {
		return nil, err
	}
	if running != nil {
		a.Running, a.PID = true, running.hello.PID
	}
	return a, nil
}

func (a serviceAnswer) people(w io.Writer) {
	if a.Installed {
		fmt.Fprintf(w, "Roost starts by itself: %s\n", shown(a.File))
	} else {
		fmt.Fprintln(w, "Roost does not start by itself.")
	}
	if a.Running {
		fmt.Fprintf(w, "It is running, as process %d.\n", a.PID)
	} else {
		fmt.Fprintln(w, "It is not running.")
	}
	if a.Next != "" {
		fmt.Fprintln(w, a.Next)
	}
}
