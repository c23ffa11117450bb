package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"golang.org/x/term"
)

// terminal remembers how the terminal was before its echo was turned off.
type terminal struct {
	mu    sync.Mutex // guards below
	fd    int
	state *term.State // nil while the echo is on
}

// passphrases returns the question that a keystore asks on the terminal in. The answer is not echoed.
func (t *terminal) passphrases(ctx context.Context, in, out *os.File) func(prompt string) ([]byte, error) {
	return func(prompt string) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := t.hide(int(in.Fd())); err != nil {
			return nil, fmt.Errorf("turn the terminal's echo off: %w", err)
		}
		defer t.restore()
		fmt.Fprint(out, prompt)
		answer, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(out)
		return answer, err
	}
}

func (t *terminal) hide(fd int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	state, err := term.GetState(fd)
	if err != nil {
		return err
	}
	t.fd, t.state = fd, state
	return nil
}

// restore turns the echo on again, also while a passphrase is being waited for; it may be called at any time.
func (t *terminal) restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state != nil {
		_ = term.Restore(t.fd, t.state) // there is nobody left to tell
		t.state = nil
	}
}

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }
