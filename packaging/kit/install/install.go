// Package install puts a node kit on another machine over SSH, runs its install.sh there and brings the connection code
// back. The password is used for that and kept nowhere.
package install

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"roost/vault/node/code"
)

// Options say what goes where.
type Options struct {
	Target Target
	Kit    string        // the folder of a kit that kit.Write wrote, for a machine with Debian
	Files  []string      // names in it
	Join   *code.Network // the private network that it becomes a member of; nil: as the kit says
	Data   string        // the folder there where everything is kept, such as one on a drive; "": the machine's own choice
	Known  string        // the file with the keys of machines, as OpenSSH keeps them; it is made

	// HostKey is what the machine has to show, as SHA256:…; "": what it showed the last time, or what Trust accepts.
	HostKey string
	// Trust tells whether a machine is the one that is meant; nil: nobody can be asked. It may take as long as it takes.
	Trust func(context.Context, Host) (bool, error)
	// Password is asked for once at most, and only when the machine wants one; nil: there is none.
	Password func(context.Context) (string, error)
	// Agent is the socket of an SSH agent, whose keys are offered first; "": there is none.
	Agent string
	// Report hears how far it is, from one goroutine at a time; nil: nobody.
	Report func(Progress)
}

// Stage is what is under way.
type Stage int

// The stages, in their order.
const (
	Connecting Stage = iota
	Copying
	Installing
)

// Progress is how far an installation is.
type Progress struct {
	Stage       Stage
	Done, Total int64  // bytes of Copying, steps of Installing
	Words       string // what install.sh calls its step; "" elsewhere
}

// work is where it is kept there until it is done: on the disk, which /tmp may not be.
const work = "/var/tmp/roost-kit."

// Run installs the kit, or brings an installed one up to date, and returns the connection code. Run again after whatever
// stopped it, it finishes. Its errors are [Error]s, but for those of ctx and of the callbacks.
func Run(ctx context.Context, o Options) (c code.Code, err error) {
	if o.Report == nil {
		o.Report = func(Progress) {}
	}
	if o.Password != nil {
		o.Password = once(o.Password)
	}
	if o.Data != "" && !plainPath.MatchString(o.Data) {
		return c, failed(ErrData, fmt.Errorf("%q", o.Data))
	}
	o.Report(Progress{Stage: Connecting})
	m, err := o.connect(ctx)
	if err != nil {
		return c, err
	}
	defer m.close()
	facts, err := m.look(ctx)
	if err != nil {
		return c, err
	}
	files, size, err := o.files(facts.arch)
	if err != nil {
		return c, err
	}
	if err := facts.check(size); err != nil {
		return c, err
	}
	root, err := m.becomeRoot(ctx, facts, o.Password)
	if err != nil {
		return c, err
	}
	dir, err := m.makeFolder(ctx)
	if err != nil {
		return c, err
	}
	defer func() {
		// Also after a stop; what is left behind when that fails as well, the next run clears away.
		if rerr := m.removeFolder(context.WithoutCancel(ctx), dir); err == nil {
			err = rerr
		}
	}()
	inside, err := o.inside()
	if err != nil {
		return c, err
	}
	if err := m.copyFiles(ctx, dir, o.Kit, files, inside, size, o.Report); err != nil {
		return c, err
	}
	script := "sh " + dir + "/install.sh"
	if o.Join != nil {
		script += " --join " + dir + "/" + joinFile
	}
	if o.Data != "" {
		script += " --data " + quoted(o.Data)
	}
	text, err := m.install(ctx, root, script, o.Report)
	if err != nil {
		return c, err
	}
	if c, err = code.Parse(text, ""); err != nil {
		return c, failed(ErrScript, fmt.Errorf("read the connection code: %w", err))
	}
	return withAddress(c, o.Target.Host), nil
}

// plainPath is what install.sh takes: it stands in a unit and in a Caddyfile.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)

// once asks one time, whoever needs it first.
func once(ask func(context.Context) (string, error)) func(context.Context) (string, error) {
	var mu sync.Mutex
	var asked bool
	var answer string
	var err error
	return func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if !asked {
			asked = true
			answer, err = ask(ctx)
		}
		return answer, err
	}
}

// files are those of the kit that a processor needs, and their size in bytes.
func (o Options) files(arch string) (names []string, size int64, err error) {
	for _, name := range o.Files {
		if other, ok := strings.CutPrefix(name, "ipfs-"); ok && other != arch {
			continue
		}
		if other, ok := strings.CutPrefix(name, "roost-node-"); ok && other != arch {
			continue
		}
		fi, err := os.Stat(filepath.Join(o.Kit, name))
		if err != nil {
			return nil, 0, fmt.Errorf("read the node kit: %w", err)
		}
		names = append(names, name)
		size += fi.Size()
	}
	return names, size, nil
}

// inside are further files for that machine, which are on no disk here.
func (o Options) inside() (map[string][]byte, error) {
	if o.Join == nil {
		return nil, nil
	}
	text, err := o.Join.Encode()
	if err != nil {
		return nil, fmt.Errorf("write the network's code: %w", err)
	}
	return map[string][]byte{joinFile: []byte(text + "\n")}, nil
}

// withAddress puts the address that led there, from here, before those that the machine knows of itself.
func withAddress(c code.Code, host string) code.Code {
	if ip := net.ParseIP(host); c.Fingerprint == "" || host == "localhost" || ip != nil && ip.IsLoopback() {
		return c
	}
	_, port, err := net.SplitHostPort(code.HostPort(c.Addresses[0]))
	if err != nil {
		return c
	}
	more := c
	more.Addresses = []string{"https://" + net.JoinHostPort(host, port)}
	for _, a := range c.Addresses {
		if a != more.Addresses[0] {
			more.Addresses = append(more.Addresses, a)
		}
	}
	if more.Check() != nil { // a name that only SSH knows, or one too many
		return c
	}
	return more
}

var folderName = regexp.MustCompile(`^` + regexp.QuoteMeta(work) + `[A-Za-z0-9]{6,}$`)

// makeFolder makes a folder that only the user there can use, and clears away those of runs that were cut off.
func (m *machine) makeFolder(ctx context.Context) (string, error) {
	out, err := m.output(ctx, `find /var/tmp -maxdepth 1 -name 'roost-kit.*' -user "$(id -u)" -mmin +60 -exec rm -rf {} +
mktemp -d `+work+`XXXXXXXX`, nil)
	if err != nil {
		return "", failed(ErrCopy, err)
	}
	dir := strings.TrimSpace(out)
	if !folderName.MatchString(dir) {
		return "", failed(ErrCopy, errors.New("the machine gives its folder a name that makes no sense"))
	}
	return dir, nil
}

func (m *machine) removeFolder(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := m.output(ctx, "rm -rf "+dir, nil); err != nil {
		return failed(ErrCopy, err)
	}
	return nil
}

// copyFiles sends the files as one archive. install.sh compares what arrived with its sums.
func (m *machine) copyFiles(ctx context.Context, dir, kit string, names []string, inside map[string][]byte, size int64, report func(Progress)) error {
	report(Progress{Stage: Copying, Total: size})
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, w := io.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() {
		err := writeArchive(w, kit, names, inside, &counter{total: size, report: report})
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			cancel(err)
		}
		w.CloseWithError(err)
	})
	_, err := m.output(ctx, "tar -x -C "+dir, r)
	r.Close()
	wg.Wait()
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return failed(ErrCopy, err)
}

func writeArchive(to io.Writer, kit string, names []string, inside map[string][]byte, count *counter) error {
	w := tar.NewWriter(to)
	for name, data := range inside {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data))}); err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	for _, name := range names {
		err := func() error {
			f, err := os.Open(filepath.Join(kit, name))
			if err != nil {
				return err
			}
			defer f.Close()
			fi, err := f.Stat()
			if err != nil {
				return err
			}
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: fi.Size()}); err != nil {
				return err
			}
			_, err = io.Copy(w, io.TeeReader(f, count))
			return err
		}()
		if err != nil {
			return fmt.Errorf("copy the node kit: %w", err)
		}
	}
	return w.Close()
}

// counter counts bytes that go by, and tells of each hundredth of them.
type counter struct {
	done, told, total int64
	report            func(Progress)
}

func (c *counter) Write(p []byte) (int, error) {
	c.done += int64(len(p))
	if c.done-c.told >= c.total/100 {
		c.told = c.done
		c.report(Progress{Stage: Copying, Done: c.done, Total: c.total})
	}
	return len(p), nil
}

var scriptStep = regexp.MustCompile(`^([1-9])/([1-9]) (.+)$`)

const longestStep = 400 // bytes; what is longer is none of ours

// install runs the script and returns the connection code, which is in no error and no report.
func (m *machine) install(ctx context.Context, r root, script string, report func(Progress)) (string, error) {
	found := ""
	said := func(line string) {
		if step := scriptStep.FindStringSubmatch(line); step != nil && len(line) <= longestStep {
			report(Progress{Stage: Installing, Done: int64(step[1][0] - '0'), Total: int64(step[2][0] - '0'), Words: step[3]})
		} else if isCode(line) {
			found = strings.TrimSpace(line)
		}
	}
	var errs tail
	err := m.run(ctx, r.command(script), r.stdin(), lines(said), &errs)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case isLost(err):
		return "", failed(ErrLost, err)
	case err != nil:
		return "", failed(ErrScript, errors.Join(errors.New(reason(errs.String())), err))
	case found == "":
		return "", failed(ErrScript, errors.New("it ended without a connection code"))
	}
	return found, nil
}

func isCode(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "ROOST") }

// reason is what install.sh said last, or else the last line of whatever failed in it.
func reason(errs string) string {
	all := slices.DeleteFunc(strings.Split(strings.TrimSpace(errs), "\n"), isCode)
	for _, line := range slices.Backward(all) {
		if words, ok := strings.CutPrefix(line, "install.sh: "); ok {
			return words
		}
	}
	if len(all) == 0 || all[len(all)-1] == "" {
		return "it gave no reason"
	}
	return all[len(all)-1]
}

// tail keeps the end of what is written.
type tail struct{ kept []byte }

const tailSize = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = slices.Delete(t.kept, 0, over)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(bytes.ToValidUTF8(t.kept, []byte("?"))) }

// lineWriter gives on whole lines, and drops what is longer than any line should be.
type lineWriter struct {
	rest []byte
	line func(string)
}

func lines(line func(string)) *lineWriter { return &lineWriter{line: line} }

func (w *lineWriter) Write(p []byte) (int, error) {
	for _, b := range p {
		switch {
		case b == '\n':
			w.line(strings.TrimRight(string(w.rest), "\r"))
			w.rest = w.rest[:0]
		case len(w.rest) < tailSize:
			w.rest = append(w.rest, b)
		}
	}
	return len(p), nil
}

// isLost tells a connection that ended from a command that failed.
func isLost(err error) bool {
	var exit *ssh.ExitError
	return err != nil && !errors.As(err, &exit)
}
