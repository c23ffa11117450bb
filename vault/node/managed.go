package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// ManagedOptions say where a managed node lives.
type ManagedOptions struct {
	Dir    string // its folder, made when missing; the blocks are in Dir/repo
	Binary string // the Kubo program; "": FindBinary
	Log    string // its log file, kept below 4 MiB; "": Dir/kubo.log
	Meter  *Meter // counts what goes to the node and comes from it, but does not limit what stays in this computer; nil: none
}

// Managed is a Kubo daemon on this computer that Roost runs: quiet, listening on loopback alone, behind a token of its
// own. It is started again when it ends by itself.
//
// One process supervises a folder, which a lock tells; others that start it use the same daemon and stand by: when the
// supervisor ends, it leaves the daemon to them. A daemon that outlived its supervisor is adopted by the next.
type Managed struct {
	kubo   *Kubo
	door   door
	repo   repo
	binary string
	log    logFile
	dir    string
	meter  *Meter

	lock *flock.Flock  // held by the process that supervises
	user *flock.Flock  // shared by those that stand by
	quit func()        // asks the supervisor, or who stands by, to end
	done chan struct{} // closed when it ended
	err  error         // of stopping; read after done

	mu      sync.Mutex // guards below
	standby bool       // another process supervises
	up      *daemon    // nil: it is down, or another process's
}

// StartManaged starts the node in opts.Dir, or joins the one that runs there, and returns when it answers. ctx is for
// the start alone. Errors: ErrNoBinary, ErrTimeout.
func StartManaged(ctx context.Context, opts ManagedOptions) (_ *Managed, err error) {
	defer func() {
		if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrTimeout) {
			err = fmt.Errorf("%w: %w", ErrTimeout, err)
		}
	}()
	if opts.Binary == "" {
		if opts.Binary, err = FindBinary(); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("start storage: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start storage: %w", err)
	}
	if opts.Log == "" {
		opts.Log = filepath.Join(dir, "kubo.log")
	}
	if err := os.MkdirAll(filepath.Dir(opts.Log), 0o700); err != nil {
		return nil, fmt.Errorf("start storage: %w", err)
	}
	m := &Managed{
		repo: repo(filepath.Join(dir, "repo")), binary: opts.Binary, log: logFile(opts.Log), dir: dir,
		meter: opts.Meter, quit: func() {}, done: make(chan struct{}),
	}
	m.lock = flock.New(filepath.Join(dir, "supervisor.lock"), flock.SetPermissions(0o600))
	m.user = flock.New(filepath.Join(dir, "users.lock"), flock.SetPermissions(0o600))
	mine, err := m.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("start storage: lock its folder: %w", err)
	}
	if !mine {
		return m.join(ctx)
	}
	defer func() {
		if err != nil {
			m.lock.Unlock()
		}
	}()
	if err := m.repo.prepare(ctx, m.binary); err != nil {
		return nil, err
	}
	if err := m.connect(); err != nil {
		return nil, err
	}
	d, err := m.start(ctx)
	if err != nil {
		return nil, err
	}
	supervised, quit := context.WithCancel(context.WithoutCancel(ctx))
	m.quit = quit
	go m.supervise(supervised, d)
	return m, nil
}

// connect makes the client. Its address is looked up for every connection: a daemon that was started again has another.
func (m *Managed) connect() (err error) {
	m.door.repo = m.repo
	if _, err := m.door.token(); err != nil {
		return err
	}
	count := meters{own: new(Meter), shared: m.meter}
	direct := dialer(true, count)
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		addr, err := m.address()
		if err != nil {
			return nil, err
		}
		return direct(ctx, network, addr)
	}
	config, err := tlsConfig("", "")
	if err != nil {
		return err
	}
	m.kubo, err = newKubo("http://127.0.0.1", m.door.auth, httpTransport(dial, config, true), count)
	return err
}

// join waits for the daemon that another process supervises, and stands by from then on.
func (m *Managed) join(ctx context.Context) (*Managed, error) {
	m.standby = true
	if _, err := m.user.TryRLock(); err != nil {
		return nil, fmt.Errorf("start storage: lock its folder: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		_, err := adopt(limited, m.repo)
		if err == nil {
			err = m.connect()
		}
		if err == nil {
			inner, quit := context.WithCancel(context.WithoutCancel(ctx))
			m.quit = quit
			go m.standBy(inner)
			return m, nil
		}
		select {
		case <-limited.Done():
			return nil, errors.Join(fmt.Errorf("wait for the storage that another Roost starts: %w: %w", limited.Err(), err), m.user.Unlock())
		case <-time.After(pollEvery):
		}
	}
}

// standByEvery is how often a process that stands by looks whether the supervisor is still there.
const standByEvery = 2 * time.Second

// standBy takes over when the supervisor ends. The last one to end stops the daemon.
func (m *Managed) standBy(ctx context.Context) {
	tick := time.NewTicker(standByEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		mine, err := m.lock.TryLock()
		if err != nil {
			slog.Warn("It is not known whether somebody looks after the storage on this computer.", "error", err)
		}
		if !mine {
			continue
		}
		m.mu.Lock()
		m.standby = false
		m.mu.Unlock()
		if err := m.user.Unlock(); err != nil {
			slog.Warn("The storage on this computer will be left running.", "error", err)
		}
		wait := restartFirst
		d, err := m.start(context.WithoutCancel(ctx))
		if err != nil {
			slog.Warn("The storage on this computer does not start.", "error", err)
			if d = m.restart(ctx, &wait); d == nil {
				m.err = m.lock.Unlock()
				close(m.done)
				return
			}
		}
		m.supervise(ctx, d)
		return
	}
	m.err = errors.Join(m.user.Unlock(), m.clearUp())
	close(m.done)
}

// clearUp stops a daemon that the last supervisor left to those who stood by, none of whom is there any more.
func (m *Managed) clearUp() error {
	mine, err := m.lock.TryLock()
	if err != nil || !mine {
		return err
	}
	addr, err := m.repo.address()
	d := &daemon{addr: addr}
	if err != nil || !d.alive() { // it was stopped
		return m.lock.Unlock()
	}
	left, err := os.ReadFile(m.startedFile())
	d.ours = err == nil && isOurs(left, addr)
	return m.finish(d)
}

// start brings a daemon up: a new one, or the one that an earlier supervisor left behind. That a Roost starts one is noted
// before, so that it is known also of one whose Roost was killed in that moment.
func (m *Managed) start(ctx context.Context) (*daemon, error) {
	left, err := os.ReadFile(m.startedFile())
	if errors.Is(err, os.ErrNotExist) {
		left, err = nil, nil
	}
	if err == nil {
		err = m.noteStarted([]byte{})
	}
	if err != nil {
		return nil, fmt.Errorf("start storage: %w", err)
	}
	end := time.Now().Add(time.Minute) // one that is about to end may hold the repository a while
	for {
		d, err := spawn(ctx, m.binary, m.repo, m.log)
		if errors.Is(err, errLocked) {
			if d, err = adopt(ctx, m.repo); err == nil {
				d.ours = isOurs(left, d.addr)
			} else if ctx.Err() == nil && time.Now().Before(end) && (!errors.Is(err, ErrUnauthorized) || m.stopOld(ctx)) {
				continue
			}
		}
		if err != nil {
			return nil, errors.Join(err, m.noteStarted(left))
		}
		var started []byte
		if d.ours {
			started = []byte(d.addr)
		}
		if err := m.noteStarted(started); err != nil {
			if d.cmd != nil {
				err = errors.Join(err, d.stop(m.kubo))
			}
			return nil, fmt.Errorf("start storage: %w", err)
		}
		m.setUp(d)
		return d, nil
	}
}

// startedFile holds the address of the daemon that a Roost started last. It is empty while one is starting, and missing when
// none runs that a Roost started.
func (m *Managed) startedFile() string { return filepath.Join(m.dir, "started") }

// isOurs tells from startedFile, nil when there is none, whether a Roost started the daemon at an address.
func isOurs(started []byte, addr string) bool {
	return started != nil && (len(started) == 0 || string(started) == addr)
}

// noteStarted writes startedFile; nil removes it.
func (m *Managed) noteStarted(started []byte) error {
	if started != nil {
		return os.WriteFile(m.startedFile(), started, 0o600) // it is empty before it has its content: a kill between them is no harm
	}
	if err := os.Remove(m.startedFile()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Waiting before a daemon that ended by itself is started again.
const (
	restartFirst = time.Second
	restartMost  = time.Minute
	restartCalm  = 5 * time.Minute // after this long up, the next wait is the first again
)

// supervise keeps a daemon up until ctx ends, and stops it then.
func (m *Managed) supervise(ctx context.Context, d *daemon) {
	defer close(m.done)
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	wait, since, missed := restartFirst, time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			m.err = m.finish(d)
			return
		case <-tick.C:
			if err := m.log.trim(); err != nil {
				slog.Warn("The storage's log could not be cut.", "error", err)
			}
			if d.cmd != nil || d.alive() {
				missed = 0
				continue
			}
			if missed++; missed < 2 {
				continue
			}
		case <-d.exited: // blocks for ever on one that we adopted
		}
		m.setUp(nil)
		if time.Since(since) > restartCalm {
			wait = restartFirst
		}
		if d = m.restart(ctx, &wait); d == nil {
			m.err = m.lock.Unlock()
			return
		}
		since, missed = time.Now(), 0
	}
}

// restart starts a daemon again until it runs; nil when ctx ended first.
func (m *Managed) restart(ctx context.Context, wait *time.Duration) *daemon {
	for {
		if _, err := os.Stat(m.oldTokenFile()); err == nil { // by NewToken, of this process or another
			slog.Info("The storage on this computer is started again with its new key.", "wait", *wait)
		} else {
			slog.Warn("The storage on this computer ended by itself. It is started again.", "wait", *wait)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(*wait):
		}
		*wait = min(*wait*2, restartMost)
		d, err := m.start(ctx)
		if err == nil {
			return d
		}
		if ctx.Err() != nil {
			return nil
		}
		slog.Error("The storage on this computer does not start.", "error", err)
	}
}

// finish stops the daemon, if a Roost started it, and gives the folder free.
func (m *Managed) finish(d *daemon) error {
	var err error
	alone, lockErr := m.user.TryLock()
	if lockErr != nil {
		err = fmt.Errorf("stop storage: %w", lockErr)
	}
	if d.ours && alone { // else who stands by goes on with it
		if err = d.stop(m.kubo); err == nil {
			err = m.noteStarted(nil)
		}
	}
	m.setUp(nil)
	return errors.Join(err, m.user.Unlock(), m.lock.Unlock())
}

func (m *Managed) setUp(d *daemon) {
	m.mu.Lock()
	m.up = d
	m.mu.Unlock()
	m.kubo.idle() // what is open leads to an earlier daemon
}

// address returns host:port of the daemon.
func (m *Managed) address() (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.standby {
		return m.repo.address()
	}
	if m.up == nil {
		return "", errors.New("the storage on this computer is not running")
	}
	return m.up.addr, nil
}

// Node returns the client, the same one however often the daemon is started again.
func (m *Managed) Node() *Kubo { return m.kubo }

// Token returns the token of the RPC, as Options take it.
func (m *Managed) Token() string {
	token, err := m.door.token()
	if err != nil {
		slog.Warn("The storage's key cannot be read.", "error", err)
	}
	return token
}

// URL returns where the RPC is now; "" while the daemon is down. Every start may have another port.
func (m *Managed) URL() string {
	addr, err := m.address()
	if err != nil {
		return ""
	}
	return "http://" + addr
}

// Close stops supervising, and stops the daemon when a Roost started it; not one that was running before, nor the one
// that another process supervises. It may be called more than once.
func (m *Managed) Close() error {
	m.quit()
	<-m.done
	m.kubo.idle()
	return m.err
}
