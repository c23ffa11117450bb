package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"time"

	"roost/vault/node/quiet"
)

// daemon is a Kubo that runs on our repository.
type daemon struct {
	addr   string        // host:port of its RPC
	cmd    *exec.Cmd     // nil: it was there before us
	exited chan struct{} // closed when cmd ended; nil without cmd
	ours   bool          // a Roost started it, so a Roost may stop it
}

// errLocked: the repository has a daemon already.
var errLocked = errors.New("another daemon uses this storage")

// Waiting for a daemon. Ready takes 50–300 ms, a migration of the repository minutes.
const (
	startPatience = 10 * time.Minute
	adoptPatience = 5 * time.Second
	stopPatience  = 10 * time.Second
	pollEvery     = 20 * time.Millisecond
)

// spawn starts a daemon and waits until it answers. errLocked: another one has the repository.
func spawn(ctx context.Context, binary string, r repo, log logFile) (_ *daemon, err error) {
	token, peerID, err := r.identity()
	if err != nil {
		return nil, err
	}
	before, beforeErr := os.Stat(r.apiFile())
	out, start, err := log.open()
	if err != nil {
		return nil, err
	}
	defer out.Close() // the daemon has its own descriptor
	// Unrestricted means that the gateway serves every block, not those of Kubo's web page alone, at the address of the
	// RPC. The RPC itself wants the token, from a page that a browser got there too.
	cmd := exec.Command(binary, "daemon", "--migrate=true", "--enable-gc=false", "--unrestricted-api")
	cmd.Env, cmd.Stdout, cmd.Stderr = r.env(), out, out
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start storage: %w", err)
	}
	d := &daemon{cmd: cmd, exited: make(chan struct{}), ours: true}
	go func() {
		defer close(d.exited)
		cmd.Wait() // how it ended is in cmd.ProcessState
	}()
	defer func() {
		if err != nil {
			cmd.Process.Kill() // fails when it has ended, which is as well
			<-d.exited
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		select {
		case <-d.exited:
			text := log.since(start)
			if locked(string(text)) {
				return nil, errLocked
			}
			if newerRepo(string(text)) {
				return nil, fmt.Errorf("start storage: %w", ErrRepoNewer)
			}
			return nil, fmt.Errorf("start storage: it ended (%s): %s", cmd.ProcessState, quiet.Reason(text))
		case <-ctx.Done():
			return nil, fmt.Errorf("start storage: %w", ctx.Err())
		case <-time.After(pollEvery):
		}
		// The file of an earlier daemon does not count: at its address could be anyone, who would get our token.
		now, err := os.Stat(r.apiFile())
		if err != nil || beforeErr == nil && now.ModTime().Equal(before.ModTime()) && os.SameFile(now, before) {
			continue
		}
		if d.addr, err = r.address(); err == nil && probe(ctx, d.addr, token, peerID) == nil {
			return d, nil
		}
	}
}

// adopt finds the daemon that has the repository, once that is known from errLocked.
func adopt(ctx context.Context, r repo) (*daemon, error) {
	token, peerID, err := r.identity()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	for {
		addr, err := r.address()
		if err == nil {
			if err = probe(ctx, addr, token, peerID); err == nil {
				return &daemon{addr: addr}, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("use the daemon that runs on this storage: %w: %w", ctx.Err(), err)
		case <-time.After(pollEvery):
		}
	}
}

// probe asks who answers at an address of this computer.
func probe(ctx context.Context, addr, token, peerID string) error {
	k, err := Dial(Options{URL: "http://" + addr, Token: token})
	if err != nil {
		return err
	}
	defer k.Close()
	ctx, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	info, err := k.Info(ctx)
	if err == nil && info.PeerID != peerID {
		err = nonsense("another node answers")
	}
	return err
}

// alive says whether anything listens where the daemon did.
func (d *daemon) alive() bool {
	conn, err := net.DialTimeout("tcp", d.addr, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// stop ends the daemon, which flushes and closes its repository; k is a client of it.
func (d *daemon) stop(k *Kubo) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	if d.cmd == nil || runtime.GOOS == "windows" { // which has no signal to ask with
		k.shutdown(ctx) // its end may well cut the answer off; whether it ended is seen below
	} else if err := d.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop storage: %w", err)
	}
	if d.cmd == nil {
		for d.alive() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("stop storage: it still runs after %v", stopPatience)
			case <-time.After(pollEvery):
			}
		}
		return nil
	}
	select {
	case <-d.exited:
		return nil
	case <-ctx.Done():
	}
	if err := d.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop storage: %w", err)
	}
	<-d.exited
	return nil
}

// shutdown asks the daemon to end.
func (k *Kubo) shutdown(ctx context.Context) error {
	return k.do(ctx, &call{op: "stop storage", command: "shutdown", limit: k.patience.quick}, readNothing)
}
