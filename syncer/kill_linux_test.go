package syncer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"roost/syncer/killtest"
)

// childObserved makes the child one whose durable points are seen.
const childObserved = "ROOST_TEST_OBSERVED"

// observed begins the child again under killtest's eyes, if it is to be.
func observed() {
	if os.Getenv(childObserved) == "" {
		return
	}
	must := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	must(os.Unsetenv(childObserved))
	program, err := os.Executable()
	must(err)
	must(killtest.Become(program, os.Args, os.Environ()))
}

// TestKilledAtEveryPointOfABackupWithCheckpoints: a few points each time, all of them in a soak. What was complete before
// the kill is still there after it, and the next backup goes on from where this one was.
func TestKilledAtEveryPointOfABackupWithCheckpoints(t *testing.T) {
	v := newVictim(t)
	round := 0
	at := func(k killtest.Kill) (points int, killed bool) {
		t.Helper()
		round++
		for i := range 4 {
			write(t, fmt.Sprintf("%s/large/%d", v.src, i), noise(uint64(round*10+i), 1_500_000))
		}
		cmd := v.backup(childObserved + "=yes")
		run, killed, err := killtest.Run(cmd, v.home, k)
		must(t, err)
		if !killed && !cmd.ProcessState.Success() {
			t.Fatalf("a backup that nobody killed: %v", cmd.ProcessState)
		}
		if killed && round > 1 {
			must(t, v.node.GC(t.Context()))
			recovered(t, v.node, v.secret) // whatever was complete last still opens
		}
		must(t, v.backup().Run())
		v.isSaved(t)
		if t.Failed() {
			t.Fatalf("after a kill, %v, at %+v of %q", killed, k, run)
		}
		return len(run), killed
	}
	at(killtest.Kill{}) // makes the first version
	all, _ := at(killtest.Kill{})
	if os.Getenv("ROOST_SOAK") == "" {
		for range 4 {
			at(killtest.Kill{At: 1 + rand.IntN(all), After: rand.IntN(2) == 0})
		}
		return
	}
	for n := 1; ; n++ {
		if _, killed := at(killtest.Kill{At: n, After: n%2 == 0}); !killed {
			t.Logf("killed at %d points", n-1)
			return
		}
	}
}
