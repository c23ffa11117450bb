package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"roost/vault/node/quiet"
)

// door knows the token of a managed node. Any process may give the node another one, so the configuration is read again
// when it has changed.
type door struct {
	repo repo

	mu   sync.Mutex // guards below
	read fs.FileInfo
	last string // as Options take it
}

func (d *door) token() (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, err := os.Stat(d.repo.configFile())
	if err == nil && d.read != nil && os.SameFile(now, d.read) && now.ModTime().Equal(d.read.ModTime()) {
		return d.last, nil
	}
	token, _, terr := d.repo.identity()
	if terr != nil {
		return d.last, terr
	}
	d.read, d.last = now, token
	return token, err
}

// auth is the header of a request. One that cannot be known is left out, and the node says no.
func (d *door) auth() string {
	token, err := d.token()
	if err == nil {
		token, err = authorization(token)
	}
	if err != nil {
		slog.Warn("The storage's key cannot be read.", "error", err)
		return ""
	}
	return token
}

// againPatience is how long a daemon may take to be back with other settings.
const againPatience = time.Minute

// waitAgain waits for a daemon that was ended so that it reads its settings again.
func (m *Managed) waitAgain(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, againPatience)
	defer cancel()
	for {
		m.kubo.idle() // what is open leads to the daemon that ends
		_, err := m.kubo.Info(limited)
		if err == nil {
			return nil
		}
		select {
		case <-limited.Done():
			return err
		case <-time.After(5 * pollEvery):
		}
	}
}

// oldTokenFile holds the token that the daemon may still have until it was started again.
func (m *Managed) oldTokenFile() string { return filepath.Join(m.dir, "token.old") }

// NewToken gives the node a token that nobody else knows, and returns when it answers to that one alone: the daemon is
// started again. An interrupted NewToken is finished by the next start of the daemon.
func (m *Managed) NewToken(ctx context.Context) error {
	old, _, err := m.repo.identity()
	if err != nil {
		return err
	}
	addr, err := m.address()
	if err != nil {
		return fmt.Errorf("change the storage's key: %w: %w", ErrUnreachable, err)
	}
	if err := os.WriteFile(m.oldTokenFile(), []byte(old), 0o600); err != nil {
		return fmt.Errorf("change the storage's key: %w", err)
	}
	err = m.repo.edit(func(c quiet.Settings) error {
		delete(c.At("API", "Authorizations", "roost"), "AuthSecret")
		return m.repo.own(c)
	})
	if err != nil {
		return err
	}
	if err := shutdown(ctx, addr, old); err != nil {
		return fmt.Errorf("change the storage's key: %w", err)
	}
	if err := m.waitAgain(ctx); err != nil {
		return fmt.Errorf("wait for the storage with its new key: %w", err)
	}
	return os.Remove(m.oldTokenFile())
}

// shutdown ends the daemon at an address of this computer.
func shutdown(ctx context.Context, addr, token string) error {
	k, err := Dial(Options{URL: "http://" + addr, Token: token})
	if err != nil {
		return err
	}
	defer k.Close()
	return (&daemon{addr: addr}).stop(k)
}

// stopOld ends a daemon that still has the token of before an interrupted NewToken; false when there is none such.
func (m *Managed) stopOld(ctx context.Context) bool {
	old, err := os.ReadFile(m.oldTokenFile())
	if err != nil {
		return false
	}
	addr, err := m.repo.address()
	if err == nil {
		err = shutdown(ctx, addr, string(old))
	}
	if err != nil {
		slog.Warn("The storage on this computer has an old key and does not end.", "error", err)
		return false
	}
	if err := os.Remove(m.oldTokenFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		slog.Warn("The storage's old key stays in its folder.", "error", err)
	}
	return true
}
