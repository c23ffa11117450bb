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
	observed()
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

// victim is a home with one folder, whose backups are other processes, with checkpoints every 2 MB.
type victim struct {
	home, src string
	keys      fileKey
	secret    format.Entropy
	node      node.Node
	pins      int // that are Kubo's own
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	d := nodetest.StartKubo(t)
	v := &victim{home: t.TempDir() + "/home", src: t.TempDir(), node: d.Node(t)}
	v.pins = pinCount(t, v.node) // Kubo pins an empty folder of its own
	v.keys = fileKey{path: v.home + ".key"}
	res, err := Setup(t.Context(), Options{Home: v.home, Keys: v.keys}, SetupOptions{URL: d.URL, Token: d.Token, Device: "Laptop"})
	must(t, err)
	v.secret, err = format.EntropyFromWords(join24(res.Words))
	must(t, err)
	sample(t, v.src, 1)
	e, err := Open(t.Context(), Options{Home: v.home, Keys: v.keys})
	must(t, err)
	added(t, e, v.src)
	must(t, e.Close())
	return v
}

// backup is one as a process of its own, which is still to be started.
func (v *victim) backup(env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childHome+"="+v.home, "ROOST_TEST_CHECKPOINT=2000000", "GORACE=atexit_sleep_ms=0"), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// isSaved proves, after a clean backup, that everything is on the storage, and that nothing else is kept there.
func (v *victim) isSaved(t *testing.T) {
	t.Helper()
	must(t, v.node.GC(t.Context()))
	sameContents(t, recovered(t, v.node, v.secret), onDisk(t, v.src))
	e, err := Open(t.Context(), Options{Home: v.home, Keys: v.keys})
	must(t, err)
	verified(t, e)
	must(t, e.Close())
	left := pinCount(t, v.node) - v.pins
	if left != 1 { // what the killed one had asked for was done after the clean one had looked
		t.Logf("%d pins are left after one backup", left)
		must(t, v.backup().Run())
		left = pinCount(t, v.node) - v.pins
	}
	if left != 1 {
		t.Errorf("%d pins are left, want the one root", left)
	}
}

func TestKilledBackupsLoseNothing(t *testing.T) {
	v := newVictim(t)
	run := func(after time.Duration) bool {
		cmd := v.backup()
		must(t, cmd.Start())
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
		err := cmd.Wait()
		if timer.Stop() && err != nil {
			t.Errorf("a backup that nobody killed: %v", err)
		}
		return err != nil
	}
	start := time.Now()
	if run(time.Minute) {
		t.Fatal("the first backup failed")
	}
	whole := time.Since(start) + 50*time.Millisecond

	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	killed := 0
	for i := range kills() {
		write(t, fmt.Sprintf("%s/round/%d", v.src, i%7), noise(uint64(1000+i), 200_000+r.IntN(1_500_000)))
		write(t, v.src+"/photos/one.jpg", noise(uint64(5000+i), 700_000))
		if run(time.Duration(r.Int64N(int64(whole)))) {
			killed++
		}
		if i%5 == 4 {
			must(t, v.node.GC(t.Context()))
			recovered(t, v.node, v.secret) // whatever was complete last still opens
		}
	}
	if killed < kills()/4 {
		t.Errorf("only %d of %d backups were killed: the moments are too late", killed, kills())
	}
	if run(time.Minute) {
		t.Fatal("the clean backup after the kills failed")
	}
	v.isSaved(t)
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
