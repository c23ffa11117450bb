package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"roost/vault/format"
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

// maxWords is in bytes: far more than 24 words, with room for a sheet's decoration.
const maxWords = 64 << 10

// recoveryWords reads them from the file that --words-file names, "-" being standard input, or from the terminal. What
// it returns is text that may hold words; whether they are a vault's, others find out.
func (c *call) recoveryWords(ctx context.Context) (string, error) {
	switch name := c.value("words-file"); {
	case name == "-":
		return c.readWords(ctx, func() (string, error) { return readLimited(c.in) })
	case name != "":
		return c.readWords(ctx, func() (string, error) {
			f, err := os.Open(name)
			if err != nil {
				return "", err
			}
			defer f.Close()
			return readLimited(f)
		})
	case isTerminal(c.in):
		fmt.Fprintf(c.err, "Type the %d recovery words, on as many lines as you like; an empty line ends.\n", format.WordCount)
		return c.readWords(ctx, func() (string, error) { return readLines(c.in) })
	}
	return "", usage(c.command, "The recovery words are missing: give --words-file.")
}

// readWords waits for what may need a person; an interrupt ends the wait.
func (c *call) readWords(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-done:
		if r.err != nil {
			return "", usage(c.command, "The recovery words could not be read: %v", r.err)
		}
		return r.text, nil
	}
}

func readLimited(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxWords+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxWords {
		return "", errors.New("that is far more than 24 words")
	}
	return string(b), nil
}

// readLines reads until there are enough words or a line is empty.
func readLines(r io.Reader) (string, error) {
	var text strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() && strings.TrimSpace(lines.Text()) != "" {
		text.WriteString(lines.Text() + "\n")
		if len(strings.Fields(text.String())) >= format.WordCount {
			break
		}
	}
	return text.String(), lines.Err()
}
