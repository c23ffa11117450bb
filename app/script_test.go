package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/rogpeppe/go-internal/testscript"

	"roost/syncer"
	"roost/vault/keystore"
	"roost/vault/node/nodetest"
)

// programs are the programs that this test binary is under another name.
var programs = map[string]func(){"roost": main}

// TestMain lets scripts and tests run the real command, as roost.
func TestMain(m *testing.M) {
	keystore.CheapFiles()
	testscript.Main(m, programs)
}

// TestScripts runs testdata/script: what a person or another program types, and what comes back. Each script has a home of
// its own ($ROOST_HOME), a passphrase instead of a keyring, and with "kubo start" a real node.
func TestScripts(t *testing.T) {
	commands := map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"exits":    exits,
		"jsonhas":  jsonHas,
		"setjson":  setJSON,
		"kubo":     kubo,
		"cluster":  cluster,
		"codes":    writeCodes,
		"mktree":   makeTree,
		"sametree": sameTree,
		"hold":     hold,
		"keeper":   keeper,
		"service":  runService,
		"awaits":   awaits,
		"notified": notified,
		"saveas":   saveAs,
		"mode":     fileMode,
		"empty":    emptyDir,
		"envfile":  envFile,
	}
	maps.Copy(commands, machineCommands)
	maps.Copy(commands, networkCommands)
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			tb, ok := env.T().(testing.TB)
			if !ok {
				return errors.New("a script needs a testing.TB")
			}
			env.Values[scriptKey{}] = &script{tb: tb, keepers: map[string]*kept{}}
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else -race adds a second to each command
			env.Setenv("ROOST_IPFS", nodetest.Binary(tb))
			env.Setenv("ROOST_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("ROOST_KEYSTORE", "file")
			env.Setenv("ROOST_PASSPHRASE_FILE", filepath.Join(env.WorkDir, "passphrase"))
			env.Setenv("HOME", filepath.Join(env.WorkDir, "person"))
			env.Setenv("TMPDIR", filepath.Join(env.WorkDir, ".tmp"))
			if err := os.WriteFile(filepath.Join(env.WorkDir, "passphrase"), []byte("a passphrase\n"), 0o600); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(env.WorkDir, "node-token"), []byte("bearer:token-of-a-test\n"), 0o600); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "wrong-token"), []byte("bearer:another\n"), 0o600)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "rawnames": // a file name may be any bytes
				return runtime.GOOS == "linux", nil
			case "machine": // there can be another one: that takes root's rights on Linux
				return runtime.GOOS == "linux" && os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: commands,
	})
}

// envFile is envfile NAME FILE: the one line of a file becomes a variable.
func envFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: envfile NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// script is what one script has beside its files.
type script struct {
	tb   testing.TB
	kubo *nodetest.Daemon // after "kubo start"

	cluster *clusterOf // after "cluster start"

	other *another   // after "machine make" or "machine use"
	all   []*another // that were made

	keepers map[string]*kept
	systemd *net.UnixConn // after "notified start"
}

type scriptKey struct{}

func of(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

// exits CODE COMMAND… runs a command and checks its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if args[0] != strconv.Itoa(code) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// jsonHas FILE PATH [VALUE] checks that FILE is one JSON object that has PATH ("snapshots.0.id"; len is an array's length),
// equal to VALUE, or matching it where it begins with ~.
func jsonHas(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: jsonhas FILE PATH [VALUE]")
	}
	value, err := jsonAt(ts.ReadFile(args[0]), args[1])
	if err == nil && len(args) == 3 {
		err = wantValue(value, args[2])
	}
	if neg && err == nil {
		ts.Fatalf("%s is %s", args[1], value)
	}
	if !neg {
		ts.Check(err)
	}
}

// setjson NAME FILE PATH puts a value of a JSON object into the environment.
func setJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: setjson NAME FILE PATH")
	}
	value, err := jsonAt(ts.ReadFile(args[1]), args[2])
	ts.Check(err)
	ts.Setenv(args[0], value)
}

func jsonAt(text, path string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		return "", fmt.Errorf("not a JSON object: %w\n%s", err, text)
	}
	if _, err := dec.Token(); err != io.EOF {
		return "", errors.New("more than one JSON object")
	}
	var at any = object
	for _, key := range strings.Split(path, ".") {
		switch in := at.(type) {
		case map[string]any:
			inner, there := in[key]
			if !there {
				return "", fmt.Errorf("no %q of %s in %s", key, path, text)
			}
			at = inner
		case []any:
			if key == "len" {
				at = json.Number(strconv.Itoa(len(in)))
				continue
			}
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(in) {
				return "", fmt.Errorf("no element %q of %s in %s", key, path, text)
			}
			at = in[i]
		default:
			return "", fmt.Errorf("nothing below %q of %s in %s", key, path, text)
		}
	}
	if s, ok := at.(string); ok {
		return s, nil
	}
	raw, err := json.Marshal(at)
	return string(raw), err
}

func wantValue(value, want string) error {
	if pattern, ok := strings.CutPrefix(want, "~"); ok {
		re, err := regexp.Compile(pattern)
		if err == nil && !re.MatchString(value) {
			err = fmt.Errorf("%q does not match %s", value, pattern)
		}
		return err
	}
	if value != want {
		return fmt.Errorf("%q, want %q", value, want)
	}
	return nil
}

// kubo start|stop|damage: a real node of this script. start sets $NODE; its token is in node-token. damage changes every
// block that has the size of a data pack. kubo run ARGS… is what another program does there; $ANSWER has what it said.
func kubo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 1 && args[0] != "run" {
		ts.Fatalf("usage: kubo start|dht|stop|damage|gc|run ARGS…")
	}
	s := of(ts)
	switch args[0] {
	case "start":
		s.kubo = nodetest.StartKubo(s.tb)
		ts.Setenv("NODE", s.kubo.URL)
	case "dht": // three that know each other; the third is OTHER
		all := nodetest.StartDHT(s.tb, 3)
		s.kubo = all[0]
		ts.Setenv("NODE", all[0].URL)
		ts.Setenv("OTHER", all[2].URL)
	case "stop":
		s.kubo.Stop(s.tb)
	case "damage":
		ts.Check(damagePacks(s.kubo.Repo))
	case "gc":
		ts.Check(s.kubo.Node(s.tb).GC(s.tb.Context()))
	case "run":
		given := slices.Clone(args[1:])
		for i, a := range given {
			if path := ts.MkAbs(a); i > 0 && exists(path) {
				given[i] = path
			}
		}
		ts.Setenv("ANSWER", strings.TrimSpace(s.kubo.Run(s.tb, given...)))
	default:
		ts.Fatalf("kubo %s", args[0])
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func damagePacks(repo string) error {
	damaged := 0
	err := filepath.WalkDir(filepath.Join(repo, "blocks"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) < 1<<20 {
			return err
		}
		damaged++
		data[len(data)/2] ^= 1
		return os.WriteFile(path, data, 0o600)
	})
	if err == nil && damaged == 0 {
		err = errors.New("there is no data pack")
	}
	return err
}

// makeTree DIR writes everything that a folder can hold and that a script's own files cannot.
func makeTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mktree DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(makeSample(dir))
	if runtime.GOOS == "linux" {
		ts.Check(os.WriteFile(filepath.Join(dir, "latin \xe9.txt"), []byte("old"), 0o640))
	}
	ts.Check(os.WriteFile(filepath.Join(dir, "line\nbreak.txt"), nil, 0o600))
	ts.Check(os.Chtimes(dir, time.Unix(1, 0), time.Unix(981173106, 987654321)))
}

// sameTree A B: everything in both is equal, bytes, times and permissions.
func sameTree(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sametree A B")
	}
	c := comparison{tell: func(syncer.Progress) {}}
	ts.Check(c.trees(of(ts).tb.Context(), ts.MkAbs(args[0]), ts.MkAbs(args[1])))
	if neg != (len(c.differences) > 0) {
		ts.Fatalf("differences: %q", c.differences)
	}
}

// hold HOME takes a home's lock until the script ends, as another Roost would.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold HOME")
	}
	lock := flock.New(filepath.Join(ts.MkAbs(args[0]), "lock"))
	taken, err := lock.TryLock()
	ts.Check(err)
	if !taken {
		ts.Fatalf("the lock is taken")
	}
	ts.Defer(func() { ts.Check(lock.Unlock()) })
}

// emptyDir DIR: there is nothing in it.
func emptyDir(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: empty DIR")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("there is %s", entries[0].Name())
	}
}

// fileMode MODE FILE checks permissions.
func fileMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode MODE FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); runtime.GOOS != "windows" && got != args[0] {
		ts.Fatalf("mode %s, want %s", got, args[0])
	}
}
