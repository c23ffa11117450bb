package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"roost/syncer"
	"roost/syncer/killtest"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// world is a storage, a home and a folder of a test that kills.
type world struct {
	t        testing.TB
	program  string           // "": this one
	storage  *nodetest.Daemon // nil: this computer, by Roost's own Kubo
	second   *nodetest.Daemon // another one, once it was wanted
	pins     int              // of backups that are done with
	imported int              // states of the backup that were imported into the second storage

	spelled string // the words
	dir     string // holds all of the following
}

func (w *world) home() string  { return filepath.Join(w.dir, "home") }
func (w *world) src() string   { return filepath.Join(w.dir, "Documents") }
func (w *world) words() string { return filepath.Join(w.dir, "words") }

// anew is a world without a home, on the same storage.
func (w *world) anew() {
	w.t.Helper()
	if w.dir != "" && w.isSetUp() && w.storage != nil {
		w.pins++ // what the last one keeps
	}
	w.dir = w.t.TempDir()
	w.write("letter.txt", "Dear Marta,\n")
	w.write("Photos/one.jpg", noise(1, 200_000))
	w.write("Photos/two.jpg", noise(2, 3_000))
	if err := os.Symlink("letter.txt", filepath.Join(w.src(), "link")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) isSetUp() bool {
	_, err := os.Lstat(filepath.Join(w.home(), "config.json"))
	return err == nil
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.src(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func noise(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// command is a roost of this world, under another name if it is to be observed.
func (w *world) command(name string, args ...string) *exec.Cmd {
	w.t.Helper()
	program := w.program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			w.t.Fatal(err)
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Args[0] = name
	cmd.Dir = w.dir
	secret := filepath.Join(w.dir, "passphrase")
	if err := os.WriteFile(secret, []byte("a passphrase\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "ROOST_IPFS="+nodetest.Binary(w.t), "ROOST_HOME="+w.home(), "ROOST_KEYSTORE=file",
		"ROOST_PASSPHRASE_FILE="+secret, "HOME="+w.dir, "TMPDIR="+w.dir)
	return cmd
}

// node is the flags that name the storage.
func (w *world) node() []string { return w.nodeAt(w.storage) }

func (w *world) nodeAt(d *nodetest.Daemon) []string {
	w.t.Helper()
	if d == nil {
		return []string{"--local"}
	}
	token := filepath.Join(w.dir, "token")
	if err := os.WriteFile(token, []byte(d.Token+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return []string{"--node", d.URL, "--token-file", token}
}

// local is the folder of the storage on this computer.
func (w *world) local() string { return filepath.Join(w.home(), "storage") }

// client is one of the storage, until the function that it comes with is called.
func (w *world) client() (*node.Kubo, func()) {
	w.t.Helper()
	if w.storage != nil {
		return w.storage.Node(w.t), func() {}
	}
	m, err := node.StartManaged(w.t.Context(), node.ManagedOptions{Dir: w.local(), Binary: nodetest.Binary(w.t)})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Node(), func() {
		if err := m.Close(); err != nil {
			w.t.Error(err)
		}
	}
}

// noneRuns proves that no Kubo was left running on the storage of this computer.
func (w *world) noneRuns() {
	w.t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, path := range found {
		env, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended, or is another person's
		}
		if bytes.Contains(env, []byte("IPFS_PATH="+w.local())) {
			w.t.Errorf("a Kubo was left behind: %s", filepath.Dir(path))
		}
	}
}

// roost runs a verb to its end and returns what it says; it has to end with this code.
func (w *world) exits(code int, args ...string) string {
	w.t.Helper()
	return w.exitsWith(code, w.command("roost", args...))
}

func (w *world) exitsWith(code int, cmd *exec.Cmd) string {
	w.t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		w.t.Fatalf("roost %s: exit code %d, want %d\n%s%s", strings.Join(cmd.Args[1:], " "), got, code, &out, &errs)
	}
	return out.String()
}

func (w *world) roost(args ...string) string {
	w.t.Helper()
	return w.exits(0, args...)
}

// killed runs a verb and kills it there.
func (w *world) killed(k killtest.Kill, args ...string) (points []string, killed bool) {
	w.t.Helper()
	cmd := w.command("observed", args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ended := make(chan struct{})
	var asking sync.WaitGroup
	if args[0] == "run" {
		asking.Go(func() { w.stopSafe(ended) })
	}
	points, killed, err := killtest.Run(cmd, w.dir, k)
	close(ended)
	asking.Wait()
	if err != nil {
		w.t.Fatalf("%v\n%s", err, &out)
	}
	if code := cmd.ProcessState.ExitCode(); !killed && code != 0 {
		w.t.Fatalf("roost %s: exit code %d\n%s", strings.Join(args, " "), code, &out)
	}
	return points, killed
}

// isSaved proves that the words and the storage give the folder back as it is, and that one root alone is pinned.
func (w *world) isSaved() {
	w.t.Helper()
	if w.storage == nil {
		w.noneRuns()
		defer w.noneRuns()
	}
	client, done := w.client()
	defer done()
	if err := client.GC(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.recovered(w.storage)
	got := w.pinned(client)
	if got != w.pins+1 { // what the killed one had asked for was done after the clean one had looked
		w.t.Logf("%d pins after one clean run, want one more than %d", got, w.pins)
		w.roost("backup")
		got = w.pinned(client)
	}
	if got != w.pins+1 {
		w.t.Errorf("%d pins, want one more than %d", got, w.pins)
	}
	for _, dir := range []string{w.home(), filepath.Join(w.home(), "tmp")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			w.t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				w.t.Errorf("%s was left in the home", e.Name())
			}
		}
	}
}

// recovered gets the folder back from a storage as a new device would, which is done here because it is quicker than some
// processes. All that the storage holds has to be whole.
func (w *world) recovered(d *nodetest.Daemon) {
	w.t.Helper()
	dir := w.t.TempDir()
	e := w.device(d, filepath.Join(dir, "home"))
	defer w.closed(e)
	if c, err := e.Verify(w.t.Context(), 100, nil); err != nil || !c.OK {
		w.t.Fatalf("the storage is not whole: %+v, %v", c, err)
	}
	if _, err := e.Restore(w.t.Context(), syncer.RestoreOptions{Snapshot: "latest:" + w.src(), To: filepath.Join(dir, "back")}, nil); err != nil {
		w.t.Fatal(err)
	}
	w.sameTrees(filepath.Join(dir, "back", "Documents"))
}

// device is a further computer of the same backup.
func (w *world) device(d *nodetest.Daemon, home string) *syncer.Engine {
	w.t.Helper()
	opts := syncer.Options{Home: home, Keys: &memoryKey{}}
	o := syncer.SetupOptions{Words: w.spelled, LocalDir: w.local(), Device: filepath.Base(home)}
	if d != nil {
		o.LocalDir, o.URL, o.Token = "", d.URL, d.Token
	}
	if _, err := syncer.Setup(w.t.Context(), opts, o); err != nil {
		w.t.Fatal(err)
	}
	e, err := syncer.Open(w.t.Context(), opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) closed(e *syncer.Engine) {
	w.t.Helper()
	if err := e.Close(); err != nil {
		w.t.Error(err)
	}
}

// memoryKey is a place for one key.
type memoryKey struct{ key [32]byte }

func (m *memoryKey) Get(context.Context, string) ([32]byte, error)     { return m.key, nil }
func (m *memoryKey) Set(_ context.Context, _ string, k [32]byte) error { m.key = k; return nil }
func (m *memoryKey) Delete(context.Context, string) error              { m.key = [32]byte{}; return nil }

func (w *world) sameTrees(back string) {
	w.t.Helper()
	c := comparison{tell: func(syncer.Progress) {}}
	if err := c.trees(w.t.Context(), w.src(), back); err != nil {
		w.t.Fatal(err)
	}
	if len(c.differences) > 0 {
		w.t.Errorf("differences: %q", c.differences)
	}
}

// pinned counts the pins, without the one that a new Kubo makes by itself.
func (w *world) pinned(client *node.Kubo) int {
	w.t.Helper()
	pins, err := client.Pins(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return len(slices.DeleteFunc(pins, func(p node.Pin) bool { return p.CID.Version() == 0 }))
}

func (w *world) phrase() []string {
	w.t.Helper()
	var a phraseAnswer
	if err := json.Unmarshal([]byte(w.roost("phrase", "show", "--json")), &a); err != nil {
		w.t.Fatal(err)
	}
	return a.Words
}

func (w *world) setUp() {
	w.t.Helper()
	w.roost(append([]string{"setup", "--new", "--words-out", w.words()}, w.node()...)...)
	b, err := os.ReadFile(w.words())
	if err != nil {
		w.t.Fatal(err)
	}
	w.spelled = string(b)
}

func (w *world) added() {
	w.t.Helper()
	w.setUp()
	w.roost("folder", "add", w.src())
}

func (w *world) backedUp() {
	w.t.Helper()
	w.added()
	w.roost("backup")
}

// changed is the i-th change to the folder.
func (w *world) changed(i int) {
	w.t.Helper()
	w.write("Photos/one.jpg", noise(uint64(100+i), 150_000+i))
	w.write(fmt.Sprintf("new/%d", i%5), fmt.Sprint("something new ", i))
}

// secret is the file that is forgotten.
func (w *world) secret() string { return filepath.Join(w.src(), "secret") }

// finds tells whether a version has a file of that name.
func (w *world) finds(name string) bool {
	w.t.Helper()
	return strings.Contains(w.roost("find", name, "--json"), `"snapshot"`)
}

// untilSafe runs a Roost until it says that everything is safe.
func (w *world) untilSafe() {
	w.t.Helper()
	ended := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() { w.stopSafe(ended) })
	w.roost("run")
	close(ended)
	asking.Wait()
}

// stopSafe asks the Roost of this world until it says that everything is safe, and stops it, unless it has ended before.
func (w *world) stopSafe(ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(20 * time.Millisecond):
		}
		r, err := findRunning(w.t.Context(), w.home())
		if err != nil || r == nil {
			continue // it is not up yet, or was killed
		}
		s, err := r.Status(w.t.Context())
		if err == nil && s.State == "safe" && s.Progress == nil {
			p, err := os.FindProcess(r.hello.PID)
			if err == nil {
				err = p.Signal(syscall.SIGTERM)
			}
			if err != nil && !errors.Is(err, os.ErrProcessDone) {
				w.t.Error(err)
			}
			return
		}
	}
}
