package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"roost/vault/format"
)

// maxWords is in bytes: far more than 24 words, with room for a sheet's decoration.
const maxWords = 64 << 10

// recoveryWords reads them from the file that --words-file names, "-" being standard input, or from the terminal. What
// it returns is text that may hold words; whether they are a vault's, others find out.
func (c *call) recoveryWords(ctx context.Context) (string, error) {
	const what = "The recovery words"
	switch name := c.value("words-file"); {
	case name == "-":
		return c.readWords(ctx, what, func() (string, error) { return readLimited(c.in, maxWords) })
	case name != "":
		return c.readWords(ctx, what, func() (string, error) {
			f, err := os.Open(name)
			if err != nil {
				return "", err
			}
			defer f.Close()
			return readLimited(f, maxWords)
		})
	case isTerminal(c.in):
		fmt.Fprintf(c.err, "Type the %d recovery words, on as many lines as you like; an empty line ends.\n", format.WordCount)
		return c.readWords(ctx, what, func() (string, error) { return readLines(c.in, format.WordCount) })
	}
	return "", usage(c.command, "The recovery words are missing: give --words-file.")
}

// readWords waits for what may need a person; an interrupt ends the wait. The error says what could not be read.
func (c *call) readWords(ctx context.Context, what string, read func() (string, error)) (string, error) {
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
			return "", usage(c.command, "%s could not be read: %v", what, r.err)
		}
		return r.text, nil
	}
}

func readLimited(r io.Reader, most int) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return "", err
	}
	if len(b) > most {
		return "", errors.New("that is far too long")
	}
	return string(b), nil
}

// readLines reads until there are enough words or a line is empty.
func readLines(r io.Reader, words int) (string, error) {
	var text strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() && strings.TrimSpace(lines.Text()) != "" {
		text.WriteString(lines.Text() + "\n")
		if len(strings.Fields(text.String())) >= words {
			break
		}
	}
	return text.String(), lines.Err()
}
