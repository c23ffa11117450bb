package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The control socket lies in the home, for nobody but the person whose home it is: the folder is private, the socket has
// mode 0600, and where the system tells, each side looks who the other one is. Only the holder of the home's lock makes
// it, so what lies there when the lock is free is left from a Roost that crashed.

const socketName = "engine.sock"

// maxSocketPath is in bytes: the system's address of a socket has room for 104 on macOS and 108 elsewhere.
const maxSocketPath = 100

// errNobody: no Roost listens at this home.
var errNobody = errors.New("no Roost is running with this home")

// listenSocket makes the control socket of a home. It exists with its final mode or not at all, and replaces a stale one.
// Who calls it holds the home's lock.
func listenSocket(home string) (net.Listener, error) {
	dir, err := makeSocketDir(home)
	if err != nil {
		return nil, computerError("the control socket has no place", err)
	}
	path := filepath.Join(dir, socketName)
	l, err := bindPrivately(dir, path)
	if err != nil {
		return nil, computerError("the control socket could not be made", err)
	}
	return &ownListener{l, path}, nil
}

// bindPrivately makes the socket in a folder that nobody else can enter, and then puts it in its place.
func bindPrivately(dir, path string) (_ *net.UnixListener, err error) {
	private, err := os.MkdirTemp(dir, ".socket-") // 0700
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(private)) }()
	bound := filepath.Join(private, "s")
	short, done, err := shortPath(bound)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it would unlink the name that it had first
	err = os.Chmod(bound, 0o600)
	if err == nil {
		err = os.Rename(bound, path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// ownListener lets nobody in but this person, and removes its socket when it is closed.
type ownListener struct {
	*net.UnixListener
	path string
}

func (l *ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if err := checkPeer(conn); err == nil {
			return conn, nil
		}
		_ = conn.Close() // not ours
	}
}

func (l *ownListener) Close() error {
	err := os.Remove(l.path) // first: who finds a socket shall find somebody
	return errors.Join(l.UnixListener.Close(), ignoreMissing(err))
}

// dialPatience is how long the system may take to connect; it takes none unless the other side is overrun or hangs.
const dialPatience = 5 * time.Second

// dialSocket connects to the Roost that runs with this home. Errors: errNobody.
func dialSocket(ctx context.Context, home string) (net.Conn, error) {
	path := filepath.Join(socketDir(home), socketName)
	short, done, err := shortPath(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNobody, err)
	}
	defer done()
	dialer := net.Dialer{Timeout: dialPatience}
	conn, err := dialer.DialContext(ctx, "unix", short)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case isTimeout(err):
		return nil, err
	case err != nil: // there is none, or a stale one
		return nil, fmt.Errorf("%w: %w", errNobody, err)
	}
	if err := checkPeer(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// removeStale removes what a crashed Roost left. Who calls it holds the home's lock.
func removeStale(home string) error {
	path := filepath.Join(socketDir(home), socketName)
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&os.ModeSocket != 0 {
		err = os.Remove(path)
	}
	if err = ignoreMissing(err); err != nil {
		return computerError("what an earlier Roost left could not be removed", err)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// errOtherPerson: the process at the other end is not of this person.
var errOtherPerson = errors.New("it belongs to another account of this computer")
