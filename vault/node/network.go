package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"roost/vault/node/private"
)

// networkFile says which place the node has in a private network; without it the node is in none. It is no secret.
func (r repo) networkFile() string { return filepath.Join(filepath.Dir(string(r)), "network.json") }

// keyFile is where Kubo looks for the key of its private network.
func (r repo) keyFile() string { return filepath.Join(string(r), "swarm.key") }

// network is the node's place in a private network; nil where it is in none.
func (r repo) network() (*private.Network, error) {
	data, err := os.ReadFile(r.networkFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var n private.Network
	if err == nil {
		err = json.Unmarshal(data, &n)
	}
	if err == nil {
		err = n.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("read the storage's private network: %w", err)
	}
	return &n, nil
}

// ErrPortTaken: another program listens where the other members would look for this one.
var ErrPortTaken = errors.New("the port of the private network is taken")

// Network is the node's place in a private network, the network's key, and the addresses under which the other members find
// the node; nil where it is in none.
func (m *Managed) Network() (n *private.Network, key private.Key, own []string, err error) {
	if n, err = m.repo.network(); n == nil || err != nil {
		return nil, key, nil, err
	}
	text, err := os.ReadFile(m.repo.keyFile())
	if err == nil {
		key, err = private.ParseKey(string(text))
	}
	if err != nil {
		return nil, key, nil, fmt.Errorf("read the key of the private network: %w", err)
	}
	_, peer, err := m.repo.identity()
	if err == nil {
		own, err = n.Own(peer)
	}
	return n, key, own, err
}

// JoinNetwork makes the node a member of the private network of a key, or changes its place there, and returns when it
// answers again. Interrupted, the next start of the daemon finishes it, or it was not begun.
// Errors: ErrPortTaken.
func (m *Managed) JoinNetwork(ctx context.Context, n private.Network, key private.Key) error {
	const op = "join the private network"
	if err := n.Check(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	was, err := m.repo.network()
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if was == nil || was.Port != n.Port || was.Listen != n.Listen {
		if err := n.Free(); err != nil {
			return fmt.Errorf("%s: %w: %w", op, ErrPortTaken, err)
		}
	}
	text, err := json.MarshalIndent(n, "", "  ")
	if err == nil {
		err = replaceFile(m.repo.keyFile(), key.Text())
	}
	if err == nil { // from here on no daemon starts without the key
		err = replaceFile(m.repo.networkFile(), append(text, '\n'))
	}
	if err == nil {
		err = m.again(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// LeaveNetwork makes the node a quiet one that knows nobody, and returns when it answers again.
func (m *Managed) LeaveNetwork(ctx context.Context) error {
	var errs []error
	for _, file := range []string{m.repo.networkFile(), m.repo.keyFile()} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	err := errors.Join(errs...)
	if err == nil {
		err = m.again(ctx)
	}
	if err != nil {
		return fmt.Errorf("leave the private network: %w", err)
	}
	return nil
}

// again has the daemon started again with what the settings are now.
func (m *Managed) again(ctx context.Context) error {
	if err := m.repo.edit(m.repo.own); err != nil {
		return err
	}
	addr, err := m.address()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	token, _, err := m.repo.identity()
	if err != nil {
		return err
	}
	if err := shutdown(ctx, addr, token); err != nil {
		return err
	}
	return m.waitAgain(ctx)
}

// replaceFile writes a file that only its owner reads, at once or not at all.
func replaceFile(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
