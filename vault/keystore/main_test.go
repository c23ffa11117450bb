package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// children are run in a process of their own: with another environment, session bus or user than the tests'.
var children = map[string]func() error{}

const childEnv = "KEYSTORE_TEST_CHILD"

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	child, found := children[name]
	if !found {
		fmt.Fprintln(os.Stderr, "no child", name)
		os.Exit(2)
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runChild runs children[name] with env added. change may alter the command, nil leaves it.
func runChild(t *testing.T, name string, env []string, change func(*exec.Cmd)) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(append(os.Environ(), env...), childEnv+"="+name,
		"GORACE=atexit_sleep_ms=0") // else -race adds a second to each child
	if change != nil {
		change(cmd)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, out.Bytes())
	}
}

// allErrors are the sentinels; wantOnly checks that err is exactly the ones that are wanted.
var allErrors = []error{
	ErrNotFound, ErrLocked, ErrNoService, ErrDenied, ErrWrongPassphrase, ErrNoPassphrase, ErrDamaged, ErrNewer,
}

func wantOnly(err error, want ...error) error {
	for _, one := range allErrors {
		wanted := false
		for _, w := range want {
			wanted = wanted || w == one
		}
		if errors.Is(err, one) != wanted {
			return fmt.Errorf("got error %q, want %v", err, want)
		}
	}
	for _, w := range want {
		if !errors.Is(err, w) {
			return fmt.Errorf("got error %q, want %v", err, want)
		}
	}
	return nil
}
