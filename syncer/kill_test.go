package syncer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// oneKey is a keystore of a test: the key file's cost would blur when a child is killed.
type oneKey struct{}

func (oneKey) Get(context.Context, string) ([32]byte, error) { return [32]byte{1, 2, 3}, nil }
func (oneKey) Set(context.Context, string, [32]byte) error   { return nil }
func (oneKey) Delete(context.Context, string) error          { return nil }

// The test binary run as a child opens the home that the environment names, and backs it up or, with childRuns, keeps it
// until it is stopped.
const (
	childHome = "ROOST_TEST_BACKUP_HOME"
	childRuns = "ROOST_TEST_RUN"
)

func TestMain(m *testing.M) {
	home := os.Getenv(childHome)
	if home == "" {
		os.Exit(m.Run())
	}
	if err := childBackup(home); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func childBackup(home string) error {
	ctx := context.Background()
	e, err := Open(ctx, Options{Home: home, Keys: setKey{}})
	if err != nil {
		return err
	}
	unlock, err := e.Lock(ctx, 5*time.Second)
	if err != nil {
		return err
	}
	defer unlock()
	if n, err := strconv.ParseInt(os.Getenv("ROOST_TEST_CHECKPOINT"), 10, 64); err == nil {
		e.checkpointBytes = n
	}
	if os.Getenv(childRuns) != "" {
		return e.Run(ctx)
	}
	_, err = e.Backup(ctx, nil, nil)
	return err
}

// setKey remembers the key that Setup made, in a file beside the home.
type setKey struct{ oneKey }

func (setKey) Get(context.Context, string) (k [32]byte, err error) {
	b, err := os.ReadFile(os.Getenv(childHome) + ".key")
	copy(k[:], b)
	return k, err
}

// fileKey is setKey's other side, in the parent.
type fileKey struct {
	oneKey
	path string
}

func (f fileKey) Get(context.Context, string) (k [32]byte, err error) {
	b, err := os.ReadFile(f.path)
	copy(k[:], b)
	return k, err
}

func (f fileKey) Set(_ context.Context, _ string, k [32]byte) error {
	return os.WriteFile(f.path, k[:], 0o600)
}

// kills is how many moments TestKilledBackups tries: few each time, 200 in a soak.
func kills() int {
	if os.Getenv("ROOST_SOAK") != "" {
		return 200
	}
	return 25
}

func TestKilledBackupsLoseNothing(t *testing.T) {
	d := nodetest.StartKubo(t)
	before := pinCount(t, d.Node(t)) // Kubo pins an empty folder of its own
	home, src := t.TempDir()+"/home", t.TempDir()
	keys := fileKey{path: home + ".key"}
	res, err := Setup(t.Context(), Options{Home: home, Keys: keys}, SetupOptions{URL: d.URL, Token: d.Token, Device: "Laptop"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := format.EntropyFromWords(join24(res.Words))
	if err != nil {
		t.Fatal(err)
	}
	sample(t, src, 1)
	e, err := Open(t.Context(), Options{Home: home, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	added(t, e, src)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	n := d.Node(t)
	run := func(after time.Duration) bool {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childHome+"="+home, "ROOST_TEST_CHECKPOINT=2000000")
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
		err := cmd.Wait()
		return !timer.Stop() || err != nil
	}
	start := time.Now()
	if run(time.Minute) {
		t.Fatal("the first backup failed")
	}
	whole := time.Since(start) + 50*time.Millisecond

	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	killed := 0
	for i := range kills() {
		write(t, fmt.Sprintf("%s/round/%d", src, i%7), noise(uint64(1000+i), 200_000+r.IntN(1_500_000)))
		write(t, src+"/photos/one.jpg", noise(uint64(5000+i), 700_000))
		if run(time.Duration(r.Int64N(int64(whole)))) {
			killed++
		}
		if i%5 == 4 {
			if err := n.GC(t.Context()); err != nil {
				t.Fatal(err)
			}
			recovered(t, n, secret) // whatever was complete last still opens
		}
	}
	if killed < kills()/4 {
		t.Errorf("only %d of %d backups were killed: the moments are too late", killed, kills())
	}
	if run(time.Minute) {
		t.Fatal("the clean backup after the kills failed")
	}
	if err := n.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameContents(t, recovered(t, n, secret), onDisk(t, src))
	e, err = Open(t.Context(), Options{Home: home, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	verified(t, e)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if left := pinCount(t, n) - before; left != 1 {
		t.Errorf("%d pins are left, want the one root", left)
	}
}

func pinCount(t *testing.T, n node.Node) int {
	t.Helper()
	pins, err := n.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(pins)
}

func join24(words []string) string {
	out := ""
	for _, w := range words {
		out += w + " "
	}
	return out
}
