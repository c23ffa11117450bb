package syncer

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// running starts Run and ends it with the test. Changes settle quickly.
func running(t *testing.T, e *Engine) {
	t.Helper()
	must(t, e.Set(t.Context(), "settle", "1s"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Error("Run did not end within 5 s")
		}
	})
}

// until waits for a Status that satisfies ok.
func until(t *testing.T, e *Engine, what string, ok func(Status) bool) Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last Status
	for s := range e.Watch(ctx) {
		if last = s; ok(s) {
			return s
		}
	}
	t.Fatalf("%s: not within a minute; the last status is %+v", what, last)
	return last
}

func isSafe(s Status) bool { return s.State == stateSafe }

func TestChangesAreSavedWithoutBeingAsked(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		secret := testEntropy(t)
		e := testEngine(t, n, secret)
		src := t.TempDir()
		write(t, src+"/a", "one")
		write(t, src+"/deep/er/b", "two")
		added(t, e, src)
		running(t, e)
		until(t, e, "the first backup", isSafe)
		sameContents(t, recovered(t, n, secret), onDisk(t, src))

		write(t, src+"/deep/er/b", "two, changed")
		write(t, src+"/new/dir/c", "three")
		must(t, os.Remove(src+"/a"))
		until(t, e, "a change is noticed at once", func(s Status) bool { return !isSafe(s) })
		until(t, e, "the change is saved", isSafe)
		sameContents(t, recovered(t, n, secret), onDisk(t, src))
	})
}

func TestFoldersAddedWhileRunningAreKept(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	running(t, e)
	until(t, e, "nothing is kept yet", func(s Status) bool { return s.State == stateUnprotected })
	src := t.TempDir()
	write(t, src+"/a", "one")
	added(t, e, src)
	until(t, e, "the new folder is saved", isSafe)
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
	must(t, e.RemoveFolder(t.Context(), src))
	until(t, e, "it is not kept any longer", func(s Status) bool { return len(s.Folders) == 0 })
}

func TestStorageThatIsAwayIsWaitedForAndNeverSafe(t *testing.T) {
	secret := testEntropy(t)
	faulty := nodetest.NewFaulty(&nodetest.Memory{}, 1)
	e := testEngine(t, faulty, secret)
	src := t.TempDir()
	write(t, src+"/a", "one")
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	faulty.Script(nodetest.Fault{})
	write(t, src+"/a", "two")
	s := until(t, e, "the storage is away", func(s Status) bool { return s.State == stateWaiting && len(s.Problems) > 0 })
	if !slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == "unreachable" }) {
		t.Errorf("the problems are %+v", s.Problems)
	}
	faulty.Script()
	until(t, e, "the storage is back", isSafe)
	sameContents(t, recovered(t, faulty, secret), onDisk(t, src))
}
