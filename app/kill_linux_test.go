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

// observed is roost under the eyes of killtest.
func observed() {
	program, err := os.Executable()
	if err == nil {
		err = killtest.Become(program, append([]string{"roost"}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(125)
}

func init() { programs["observed"] = observed }

// world is a storage, a home and a folder of a test that kills.
type world struct {
	t       *testing.T
	storage *nodetest.Daemon
	client  *node.Kubo
	pins    int // that are not ours, or of backups that are done with

	spelled string // the words
	dir     string // holds all of the following
}

func (w *world) home() string  { return filepath.Join(w.dir, "home") }
func (w *world) src() string   { return filepath.Join(w.dir, "Documents") }
func (w *world) words() string { return filepath.Join(w.dir, "words") }

// anew is a world without a home, on the same storage.
func (w *world) anew() {
	w.t.Helper()
	if w.dir != "" && w.isSetUp() {
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
	program, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Args[0] = name
	cmd.Dir = w.dir
	secret := filepath.Join(w.dir, "passphrase")
	for path, text := range map[string]string{secret: "a passphrase\n", w.token(): w.storage.Token + "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "ROOST_HOME="+w.home(), "ROOST_KEYSTORE=file", "ROOST_PASSPHRASE_FILE="+secret,
		"HOME="+w.dir, "TMPDIR="+w.dir)
	return cmd
}

func (w *world) token() string { return filepath.Join(w.dir, "token") }

// node is the flags that name the storage.
func (w *world) node() []string { return []string{"--node", w.storage.URL, "--token-file", w.token()} }

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
	if err := w.client.GC(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.roost("verify", "--read", "100")
	w.recovered()
	got := w.pinned()
	if got != w.pins+1 { // what the killed one had asked for was done after the clean one had looked
		w.t.Logf("%d pins after one clean run, want one more than %d", got, w.pins)
		w.roost("backup")
		got = w.pinned()
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

// recovered gets the folder back as a new device would, which is done here because it is quicker than five processes.
func (w *world) recovered() {
	w.t.Helper()
	dir := w.t.TempDir()
	opts := syncer.Options{Home: filepath.Join(dir, "home"), Keys: &memoryKey{}}
	_, err := syncer.Setup(w.t.Context(), opts, syncer.SetupOptions{Words: w.spelled, URL: w.storage.URL, Token: w.storage.Token})
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := syncer.Open(w.t.Context(), opts)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	if _, err := e.Restore(w.t.Context(), syncer.RestoreOptions{Snapshot: "latest", To: filepath.Join(dir, "back")}, nil); err != nil {
		w.t.Fatal(err)
	}
	w.sameTrees(filepath.Join(dir, "back", "Documents"))
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

func (w *world) pinned() int {
	w.t.Helper()
	pins, err := w.client.Pins(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return len(pins)
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

// killings are the verbs that are killed: what comes before, the verb, and what has to be true after it.
var killings = []struct {
	name   string
	once   func(*world)      // before the first
	before func(*world, int) // before each, which are counted
	verb   func(*world) []string
	after  func(*world)
}{
	{
		name:   "setup",
		before: func(w *world, _ int) { w.anew() },
		verb: func(w *world) []string {
			return append([]string{"setup", "--new", "--words-out", w.words()}, w.node()...)
		},
		after: func(w *world) {
			again := w.command("roost", append([]string{"setup", "--new", "--words-out", w.words()}, w.node()...)...)
			if w.isSetUp() {
				w.exitsWith(2, again)
			} else {
				w.exitsWith(0, again)
			}
			w.spelled = strings.Join(w.phrase(), " ")
			if b, err := os.ReadFile(w.words()); err == nil && len(b) > 0 && strings.TrimSpace(string(b)) != w.spelled {
				w.t.Errorf("the file says %q, which are not the words", b)
			}
			w.roost("folder", "add", w.src())
			w.roost("backup")
		},
	},
	{
		name: "recover",
		once: func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, _ int) {
			if err := os.RemoveAll(w.home()); err != nil {
				w.t.Fatal(err)
			}
		},
		verb: func(w *world) []string {
			return append([]string{"setup", "--recover", "--words-file", w.words()}, w.node()...)
		},
		after: func(w *world) {
			if !w.isSetUp() {
				w.roost(append([]string{"setup", "--recover", "--words-file", w.words()}, w.node()...)...)
			}
		},
	},
	{
		name:   "folder add",
		before: func(w *world, _ int) { w.anew(); w.setUp() },
		verb:   func(w *world) []string { return []string{"folder", "add", w.src()} },
		after: func(w *world) {
			w.roost("folder", "list")
			w.roost("folder", "add", w.src())
			w.roost("backup")
		},
	},
	{
		name:   "set",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, _ int) { w.roost("set", "settle", "5s") },
		verb:   func(*world) []string { return []string{"set", "settle", "7s"} },
		after: func(w *world) {
			var a struct{ Settings []struct{ Key, Value string } }
			if err := json.Unmarshal([]byte(w.roost("set", "--json")), &a); err != nil {
				w.t.Fatal(err)
			}
			i := slices.IndexFunc(a.Settings, func(s struct{ Key, Value string }) bool { return s.Key == "settle" })
			if i < 0 || a.Settings[i].Value != "5s" && a.Settings[i].Value != "7s" {
				w.t.Errorf("the settings are %+v, neither the old nor the new ones", a)
			}
			w.roost("set", "settle", "7s")
		},
	},
	{
		name:   "first backup",
		before: func(w *world, _ int) { w.anew(); w.added() },
		verb:   func(*world) []string { return []string{"backup"} },
		after:  func(w *world) { w.roost("backup") },
	},
	{
		name:   "later backup",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.changed(i) },
		verb:   func(*world) []string { return []string{"backup"} },
		after:  func(w *world) { w.roost("backup") },
	},
	{
		name: "prune",
		once: func(w *world) { w.anew(); w.backedUp(); w.roost("keep", "--daily", "1") },
		before: func(w *world, i int) {
			for range 2 { // one version more is to go than stays
				w.changed(i)
				w.roost("backup")
			}
		},
		verb:  func(*world) []string { return []string{"prune", "--now"} },
		after: func(w *world) { w.roost("prune", "--now") },
	},
	{
		name: "forget",
		once: func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) {
			w.write("secret", fmt.Sprint("to be forgotten ", i))
			w.roost("backup")
			if err := os.Remove(w.secret()); err != nil {
				w.t.Fatal(err)
			}
			w.roost("backup")
		},
		verb: func(w *world) []string { return []string{"forget", "--now", w.secret()} },
		after: func(w *world) {
			if w.finds("secret") {
				w.roost("forget", "--now", w.secret())
			}
			if w.finds("secret") {
				w.t.Error("what was forgotten is found")
			}
		},
	},
	{
		name:   "run",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.changed(i) },
		verb:   func(*world) []string { return []string{"run"} },
		after:  func(w *world) { w.untilSafe() },
	},
	{
		name: "restore",
		once: func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, _ int) {
			if err := os.RemoveAll(filepath.Join(w.dir, "back")); err != nil {
				w.t.Fatal(err)
			}
		},
		verb: func(w *world) []string { return []string{"restore", "latest", "--to", filepath.Join(w.dir, "back")} },
		after: func(w *world) {
			w.roost("restore", "latest", "--to", filepath.Join(w.dir, "back"))
			w.sameTrees(filepath.Join(w.dir, "back", "Documents"))
		},
	},
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

func TestKilledAtEveryDurablePoint(t *testing.T) {
	for _, x := range killings {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			d := nodetest.StartKubo(t)
			w := &world{t: t, storage: d, client: d.Node(t)}
			w.pins = w.pinned()
			if x.once != nil {
				x.once(w)
			}
			round := 0
			at := func(k killtest.Kill) ([]string, bool) {
				x.before(w, round)
				round++
				points, killed := w.killed(k, x.verb(w)...)
				defer func() {
					if t.Failed() {
						t.Logf("after a kill, %v, at %+v of %q", killed, k, points)
					}
				}()
				x.after(w)
				w.isSaved()
				return points, killed
			}
			start := time.Now()
			points, _ := at(killtest.Kill{})
			t.Logf("%d points: %s", len(points), counted(points))
			if os.Getenv("ROOST_SOAK") != "" {
				for n := 1; ; n++ {
					if _, killed := at(killtest.Kill{At: n, After: n%2 == 0}); !killed || t.Failed() {
						t.Logf("killed at %d points in %v", n-1, time.Since(start))
						return
					}
				}
			}
			for _, n := range some(points, 2) {
				if at(killtest.Kill{At: n, After: rand.IntN(2) == 0}); t.Failed() {
					return
				}
			}
		})
	}
}

// counted says how often each point was come to.
func counted(points []string) string {
	times := map[string]int{}
	for _, p := range points {
		times[p]++
	}
	var out []string
	for p, n := range times {
		out = append(out, fmt.Sprintf("%s ×%d", p, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// some chooses points of different kinds, counted from 1.
func some(points []string, n int) []int {
	var chosen []int
	seen := map[string]bool{}
	for _, i := range rand.Perm(len(points)) {
		if !seen[points[i]] && len(chosen) < n {
			seen[points[i]] = true
			chosen = append(chosen, i+1)
		}
	}
	return chosen
}
