package syncer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// soakTime is how long TestDisorderEndsByteEqual makes disorder.
func soakTime() time.Duration {
	if os.Getenv("ROOST_SOAK") != "" {
		return 20 * time.Minute
	}
	return 12 * time.Second
}

// TestDisorderEndsByteEqual lets an engine keep a folder in which files change at random, while the engine is killed, the
// storage is restarted and collects garbage at random moments. In the end, after some quiet, the storage holds byte for
// byte what the folder does.
func TestDisorderEndsByteEqual(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("ROOST_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("ROOST_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	d := nodetest.StartKubo(t)
	home, src := t.TempDir()+"/home", t.TempDir()
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	res, err := Setup(t.Context(), opts, SetupOptions{URL: d.URL, Token: d.Token})
	must(t, err)
	secret, err := format.EntropyFromWords(join24(res.Words))
	must(t, err)
	fixPort(t, d)
	sample(t, src, 1)
	e, err := Open(t.Context(), opts)
	must(t, err)
	added(t, e, src)
	must(t, e.Set(t.Context(), "settle", "1s"))
	must(t, e.Set(t.Context(), "max-wait", "2s"))
	must(t, e.Close())

	var child *exec.Cmd
	start := func() {
		child = exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childHome+"="+home, childRuns+"=1", "ROOST_TEST_CHECKPOINT=2000000")
		child.Stderr = os.Stderr
		must(t, child.Start())
	}
	stop := func() {
		must(t, child.Process.Kill())
		if err := child.Wait(); child.ProcessState.Exited() && runtime.GOOS != "windows" { // which tells the two not apart
			t.Errorf("it ended before it was killed: %v", err)
		}
	}
	start()
	kills, restarts, collections, changes := 0, 0, 0, 0
	for end := time.Now().Add(soakTime()); time.Now().Before(end); {
		switch n := r.IntN(200); {
		case n == 0:
			stop()
			start()
			kills++
		case n == 1:
			d.Stop(t)
			d.Start(t)
			restarts++
		case n < 4:
			must(t, d.Node(t).GC(t.Context()))
			collections++
		default:
			disorder(t, r, src)
			changes++
		}
		time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
	}
	stop()
	t.Logf("%d changes, %d kills, %d restarts of the storage, %d collections", changes, kills, restarts, collections)

	e, err = Open(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	if f, err := e.folder(src); err == nil && f.Held != nil {
		must(t, e.Accept(t.Context(), src)) // disorder may well change most of a folder
	}
	running(t, e)
	until(t, e, "everything is saved after the disorder", func(s Status) bool {
		if s.Folders[0].Held != nil {
			must(t, e.Accept(t.Context(), src))
		}
		return isSafe(s)
	})
	must(t, d.Node(t).GC(t.Context()))
	sameContents(t, recovered(t, d.Node(t), secret), onDisk(t, src))
	verified(t, e)
}

// fixPort lets a storage have the same address whenever it is started again.
func fixPort(t *testing.T, d *nodetest.Daemon) {
	t.Helper()
	port := d.URL[strings.LastIndexByte(d.URL, ':')+1:]
	d.Stop(t)
	d.Change(t, func(c nodetest.Config) { c.Set("Addresses.API", "/ip4/127.0.0.1/tcp/"+port) })
	d.Start(t)
}

// disorder does one random thing to a folder.
func disorder(t *testing.T, r *rand.Rand, src string) {
	t.Helper()
	var dirs, files []string
	must(t, filepath.WalkDir(src, func(path string, x os.DirEntry, err error) error {
		if err == nil && x.IsDir() {
			dirs = append(dirs, path)
		} else if err == nil && x.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	}))
	pick := func(of []string) string { return of[r.IntN(len(of))] }
	fresh := func() string { return fmt.Sprintf("%s/%c%d", pick(dirs), 'a'+rune(r.IntN(26)), r.IntN(1000)) }
	content := func() []byte { return []byte(noise(r.Uint64(), r.IntN(1<<r.IntN(20)))) }
	switch n := r.IntN(20); {
	case n < 6 || len(files) < 10:
		must(t, os.WriteFile(fresh(), content(), 0o600))
	case n < 10: // part of a file
		f, err := os.OpenFile(pick(files), os.O_RDWR, 0)
		must(t, err)
		_, err = f.WriteAt(content(), int64(r.IntN(100_000)))
		must(t, err)
		must(t, f.Close())
	case n < 12:
		must(t, os.Truncate(pick(files), int64(r.IntN(50_000))))
	case n < 14:
		_ = os.Rename(pick(files), fresh()) // onto a folder it fails
	case n < 15:
		_ = os.Rename(pick(dirs[max(len(dirs)-3, 0):]), fresh()) // into itself it fails
	case n < 16 && len(dirs) < 200:
		must(t, os.MkdirAll(fresh()+"/deep/er", 0o700))
	case n < 18:
		must(t, os.Remove(pick(files)))
	case n < 19 && len(dirs) > 20:
		if gone := pick(dirs); gone != src {
			must(t, os.RemoveAll(gone))
		}
	default:
		must(t, os.Chmod(pick(files), 0o600|os.FileMode(r.IntN(64))))
	}
}

// TestStopsWithinFiveSecondsWithNothingHalfDone: the engine is stopped in the middle of a backup, and the next one is whole.
func TestStopsWithinFiveSecondsWithNothingHalfDone(t *testing.T) {
	d := nodetest.StartKubo(t)
	home, src := t.TempDir()+"/home", t.TempDir()
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	res, err := Setup(t.Context(), opts, SetupOptions{URL: d.URL, Token: d.Token})
	must(t, err)
	secret, err := format.EntropyFromWords(join24(res.Words))
	must(t, err)
	for i := range 20 {
		write(t, fmt.Sprintf("%s/%d", src, i), noise(uint64(i), 2_000_000))
	}
	e, err := Open(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	added(t, e, src)
	for _, after := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		time.Sleep(after)
		cancel()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Errorf("stopped after %v, it had not ended 5 s later", after)
			must(t, pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)) // what it waits for
			<-ended
		}
	}
	running(t, e)
	until(t, e, "the backup", isSafe)
	sameContents(t, recovered(t, d.Node(t), secret), onDisk(t, src))
	if left := pinCount(t, d.Node(t)); left > 2 {
		t.Errorf("%d pins are left", left)
	}
}
