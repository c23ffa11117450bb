package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

const (
	patience = 20 * time.Second // for an answer to something small
	alive    = 15 * time.Second // between two signs of life
	silence  = time.Minute      // without one: it is gone
)

// machine is the other one, with somebody logged in.
type machine struct {
	client *ssh.Client
	over   chan struct{} // closed by close
}

var errUnknown = errors.New("its key is not known")

// connect logs in. A machine that nobody knows yet is left, and asked for again once a person said that it is the one:
// comparing takes longer than a login may.
func (o Options) connect(ctx context.Context) (*machine, error) {
	var accepted ssh.PublicKey
	for {
		var shown ssh.PublicKey
		m, err := o.dial(ctx, accepted, &shown)
		if err == nil {
			if err := remember(o.Known, o.Target.address(), shown); err != nil {
				m.close()
				return nil, fmt.Errorf("remember the machine's key: %w", err)
			}
			return m, nil
		}
		if !errors.Is(err, errUnknown) || shown == nil {
			return nil, err
		}
		host := Host{
			Address: o.Target.address(), Fingerprint: ssh.FingerprintSHA256(shown),
			Kind: strings.ToUpper(strings.TrimPrefix(shown.Type(), "ssh-")),
		}
		before, err := known(o.Known, o.Target.address())
		if err != nil {
			return nil, err
		}
		if len(before) > 0 {
			host.Before = ssh.FingerprintSHA256(before[0].Key)
		}
		if o.HostKey != "" || o.Trust == nil {
			return nil, untrusted(host, o.HostKey)
		}
		yes, err := o.Trust(ctx, host)
		if err != nil {
			return nil, err
		}
		if !yes {
			return nil, untrusted(host, "")
		}
		accepted = shown
	}
}

func untrusted(h Host, wanted string) error {
	cause := fmt.Errorf("%s shows %s", h.Address, h.Fingerprint)
	switch {
	case wanted != "":
		return failed(ErrOtherHost, fmt.Errorf("%w, not %s", cause, wanted))
	case h.Before != "":
		return failed(ErrOtherHost, fmt.Errorf("%w, and the last time %s", cause, h.Before))
	}
	return failed(ErrUnknownHost, cause)
}

// dial logs in at a machine that shows the accepted key, or else one that is expected. What it shows is told.
func (o Options) dial(ctx context.Context, accepted ssh.PublicKey, shown *ssh.PublicKey) (*machine, error) {
	address := o.Target.address()
	before, err := known(o.Known, address)
	if err != nil {
		return nil, err
	}
	config := &ssh.ClientConfig{
		User: o.Target.User,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			*shown = key
			same := func(k ssh.PublicKey) bool { return string(k.Marshal()) == string(key.Marshal()) }
			switch {
			case accepted != nil && same(accepted), o.HostKey != "" && o.HostKey == ssh.FingerprintSHA256(key):
				return nil
			case accepted == nil && o.HostKey == "" && len(before) > 0 && same(before[0].Key):
				return nil
			}
			return errUnknown
		},
	}
	switch { // the key of the kind that is known, if the machine has several
	case accepted != nil:
		config.HostKeyAlgorithms = algorithms(accepted)
	case len(before) > 0 && o.HostKey == "":
		config.HostKeyAlgorithms = append(algorithms(before[0].Key), ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoRSASHA512)
	default:
		config.HostKeyAlgorithms = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	var fromAgent net.Conn
	if o.Agent != "" {
		// An agent that does not answer is as good as none.
		if fromAgent, err = net.Dial("unix", o.Agent); err == nil {
			defer fromAgent.Close()
			config.Auth = append(config.Auth, ssh.PublicKeysCallback(agent.NewClient(fromAgent).Signers))
		}
	}
	asked := false
	var failedAsk error
	secret := func() (word string, _ error) {
		asked = true
		if o.Password == nil {
			return "", errors.New("there is no password")
		}
		word, failedAsk = o.Password(ctx)
		return word, failedAsk
	}
	config.Auth = append(config.Auth, ssh.PasswordCallback(secret), ssh.KeyboardInteractive(func(_, _ string, questions []string, echo []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if echo[i] { // it asks for something else
				continue
			}
			word, err := secret()
			if err != nil {
				return nil, err
			}
			answers[i] = word
		}
		return answers, nil
	}))

	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, failed(ErrUnreachable, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	// A person may be asked for the password meanwhile: the machine's own limit ends that, ours only a machine that is silent.
	handshake := time.AfterFunc(3*time.Minute, func() { conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, address, config)
	handshake.Stop()
	if err != nil {
		conn.Close()
		stop()
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, errUnknown):
			return nil, errUnknown
		case asked && o.Password == nil:
			return nil, failed(ErrNoPassword, err)
		case failedAsk != nil:
			return nil, failedAsk
		case *shown == nil || !strings.Contains(err.Error(), "unable to authenticate"):
			return nil, failed(ErrNoSSH, err)
		case !asked:
			return nil, failed(ErrOnlyKeys, err)
		}
		return nil, failed(ErrPassword, err)
	}
	stop() // from here on each session ends by itself, so that what was begun there can be cleared away
	m := &machine{client: ssh.NewClient(c, channels, requests), over: make(chan struct{})}
	go m.watch()
	return m, nil
}

func algorithms(key ssh.PublicKey) []string {
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{key.Type()}
}

// watch ends a connection to a machine that gives no sign of life. It ends with the machine.
func (m *machine) watch() {
	tick := time.NewTicker(alive)
	defer tick.Stop()
	for {
		select {
		case <-m.over:
			return
		case <-tick.C:
		}
		gone := time.AfterFunc(silence, func() { m.client.Close() })
		_, _, err := m.client.SendRequest("keepalive@openssh.com", true, nil)
		gone.Stop()
		if err != nil {
			return // whoever waits for the connection hears of it
		}
	}
}

func (m *machine) close() {
	close(m.over)
	_ = m.client.Close() // everything was asked for already
}

// run runs a shell script there until it ends. stdin may be nil.
func (m *machine) run(ctx context.Context, script string, stdin io.Reader, out, errs io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A machine that does not answer any more must not keep whoever stops.
	stop := context.AfterFunc(ctx, func() { m.client.Close() })
	s, err := m.client.NewSession()
	stop()
	if err != nil {
		return err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Close() })()
	s.Stdin, s.Stdout, s.Stderr = stdin, out, errs
	return s.Run("sh -c " + quoted("LC_ALL=C; export LC_ALL; "+script)) // whatever shell the user has
}

// output is what a small script says. Its error has the script's own words.
func (m *machine) output(ctx context.Context, script string, stdin io.Reader) (string, error) {
	var out, errs tail
	err := m.run(ctx, script, stdin, &out, &errs)
	if err != nil {
		if words := strings.TrimSpace(errs.String()); words != "" {
			err = fmt.Errorf("%s: %w", lastLine(words), err)
		}
	}
	return out.String(), err
}

func lastLine(text string) string { return text[strings.LastIndexByte(text, '\n')+1:] }

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// facts are what a machine says of itself.
type facts struct {
	debian bool
	kernel string // as uname -m
	system string // as dpkg --print-architecture
	arch   string // as the files of a kit are called; "": there are none for it
	root   bool
	sudo   bool
	free   map[string]int64 // bytes, of the folders that fill
}

const asking = `
[ -e /etc/debian_version ] && echo debian=yes
echo "kernel=$(uname -m)"
echo "system=$(dpkg --print-architecture 2>/dev/null)"
echo "uid=$(id -u)"
command -v sudo >/dev/null && echo sudo=yes
for d in /var/tmp /usr/local; do echo "free $d=$(df -Pk "$d" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)"; done
true`

func (m *machine) look(ctx context.Context) (facts, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := m.output(ctx, asking, nil)
	if err != nil {
		return facts{}, failed(ErrLost, err)
	}
	return parseFacts(out), nil
}

// parseFacts reads what asking prints. What is missing or makes no sense stays unknown.
func parseFacts(out string) facts {
	f := facts{free: map[string]int64{}}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "debian":
			f.debian = value == "yes"
		case "kernel":
			f.kernel = value
		case "system":
			f.system = value
		case "uid":
			f.root = value == "0"
		case "sudo":
			f.sudo = value == "yes"
		default:
			dir, ok := strings.CutPrefix(key, "free ")
			if n, err := strconv.ParseInt(value, 10, 64); ok && err == nil && n >= 0 && n < 1<<50 {
				f.free[dir] = n << 10
			}
		}
	}
	arch := map[string]string{"x86_64": "amd64", "aarch64": "arm64"}[f.kernel]
	if arch == f.system { // a 32-bit system below a 64-bit kernel could not run it
		f.arch = arch
	}
	return f
}

// room is beside the kit and its copy: Caddy, and a little for the rest.
const room = 150 << 20

// check says what is in the way, before anything is changed there.
func (f facts) check(size int64) error {
	switch {
	case !f.debian:
		return failed(ErrNotDebian, errors.New("there is no /etc/debian_version"))
	case f.arch == "":
		return failed(ErrProcessor, fmt.Errorf("processor %q, system %q", f.kernel, f.system))
	case !f.root && !f.sudo:
		return failed(ErrNoRoot, errors.New("there is no sudo"))
	}
	for _, dir := range slices.Sorted(maps.Keys(f.free)) {
		if f.free[dir] < size+room {
			return failed(ErrSpace, fmt.Errorf("%d MB are free in %s, and %d MB are needed", f.free[dir]/1e6, dir, (size+room)/1e6))
		}
	}
	return nil
}

// root is how root's rights are had there.
type root struct {
	sudo     bool
	password string // that sudo asks for; "": it asks for none
}

// becomeRoot finds out how, without changing anything.
func (m *machine) becomeRoot(ctx context.Context, f facts, ask func(context.Context) (string, error)) (root, error) {
	if f.root {
		return root{}, nil
	}
	r := root{sudo: true}
	if _, err := m.output(ctx, "sudo -n true", nil); err == nil {
		return r, nil
	} else if isLost(err) {
		return r, lostOr(ctx, err)
	}
	if ask == nil {
		return r, failed(ErrNoRoot, errors.New("sudo asks for a password"))
	}
	var err error
	if r.password, err = ask(ctx); err != nil {
		return r, err
	}
	if _, err := m.output(ctx, r.command("true"), r.stdin()); isLost(err) {
		return r, lostOr(ctx, err)
	} else if err != nil {
		return r, failed(ErrNoRoot, err)
	}
	return r, nil
}

func lostOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failed(ErrLost, err)
}

// command runs another as root; it reads nothing.
func (r root) command(command string) string {
	command = "exec </dev/null; " + command
	if !r.sudo {
		return command
	}
	return "sudo -S -p '' sh -c " + quoted(command)
}

// stdin is what sudo reads.
func (r root) stdin() io.Reader {
	if r.password == "" {
		return nil
	}
	return strings.NewReader(r.password + "\n")
}
