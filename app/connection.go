package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"roost/vault/node/code"
)

// maxCodeFile is in bytes: a photograph of a QR picture is the longest thing that may hold a code.
const maxCodeFile = 32 << 20

// connectionCode reads the code of a storage.
func (c *call) connectionCode(ctx context.Context) (code.Code, error) {
	text, passphrase, err := c.codeText(ctx)
	if err != nil {
		return code.Code{}, err
	}
	return code.Parse(text, passphrase)
}

// codeText reads the text of a code from the file that --code-file names, "-" being standard input: its line, or an image of its
// QR picture. A locked one is opened with the passphrase in the file that ROOST_CODE_PASSPHRASE_FILE names, or a person is
// asked where there is a terminal that does not carry the code.
func (c *call) codeText(ctx context.Context) (text, passphrase string, err error) {
	return c.codeTextIn(ctx, c.value("code-file"))
}

// codeTextIn is codeText of a file that is named elsewhere.
func (c *call) codeTextIn(ctx context.Context, name string) (text, passphrase string, err error) {
	text, err = c.readWords(ctx, "The connection code", func() (string, error) {
		if name == "-" {
			if isTerminal(c.in) {
				return readLines(c.in, 1)
			}
			return readLimited(c.in, maxCodeFile)
		}
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		return readLimited(f, maxCodeFile)
	})
	if err != nil {
		return "", "", err
	}
	if text, err = code.Text([]byte(text)); err != nil {
		return "", "", err
	}
	if code.Locked(text) {
		if passphrase, err = c.codePassphrase(ctx); err != nil {
			return "", "", err
		}
	}
	return text, passphrase, nil
}

// codePassphrase is "" where there is none to be had.
func (c *call) codePassphrase(ctx context.Context) (string, error) {
	if name := c.env("ROOST_CODE_PASSPHRASE_FILE"); name != "" {
		f, err := os.Open(name)
		if err != nil {
			return "", usage(nil, "The password of the connection code could not be read: %v", err)
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, maxToken+1))
		if err == nil && len(b) > maxToken {
			err = errors.New("it is too long")
		}
		if err != nil {
			return "", usage(nil, "The password of the connection code could not be read: %v", err)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	if c.unattended || !isTerminal(c.in) {
		return "", nil
	}
	answer, err := c.screen.passphrases(ctx, c.in, c.err)("Password of the connection code: ")
	return string(bytes.TrimSpace(answer)), err
}
