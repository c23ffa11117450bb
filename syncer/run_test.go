package syncer

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/vault/format"
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

func isSafe(s Status) bool { return s.State == StateSafe }

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
	until(t, e, "nothing is kept yet", func(s Status) bool { return s.State == StateUnprotected })
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
	s := until(t, e, "the storage is away", func(s Status) bool { return s.State == StateWaiting && len(s.Problems) > 0 })
	if !slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == "unreachable" }) {
		t.Errorf("the problems are %+v", s.Problems)
	}
	faulty.Script()
	until(t, e, "the storage is back", isSafe)
	sameContents(t, recovered(t, faulty, secret), onDisk(t, src))
}

func TestPausedFoldersWaitUntilTheyAreResumed(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/a", "one")
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	for _, dir := range []string{"", src} {
		must(t, e.Pause(t.Context(), dir, time.Time{}))
		until(t, e, "the pause", func(s Status) bool { return s.State == StatePaused })
		before := recovered(t, m, secret)
		write(t, src+"/a", "changed while paused "+dir)
		until(t, e, "the change is noticed", func(s Status) bool { return !s.Folders[0].Changed.IsZero() })
		wait(t.Context(), 2*time.Second) // longer than it takes to settle
		sameContents(t, recovered(t, m, secret), before)
		must(t, e.Resume(t.Context(), dir))
		until(t, e, "it is saved after the pause", isSafe)
		sameContents(t, recovered(t, m, secret), onDisk(t, src))
	}
	if err := e.Pause(t.Context(), "", time.Now().Add(-time.Hour)); Describe(err).Exit != ExitUsage {
		t.Errorf("a pause into the past: %v", err)
	}
	if err := e.Pause(t.Context(), t.TempDir(), time.Time{}); Describe(err).Exit != ExitUsage {
		t.Errorf("a pause of a folder that is not kept: %v", err)
	}

	// A person may save during a pause.
	must(t, e.Pause(t.Context(), "", time.Now().Add(time.Hour)))
	write(t, src+"/a", "by hand")
	backup(t, e)
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
	must(t, e.Resume(t.Context(), ""))

	must(t, e.SetMode(t.Context(), src, Manual))
	write(t, src+"/b", "only when I say")
	until(t, e, "the change is noticed", func(s Status) bool { return s.State == StateWaiting })
	wait(t.Context(), 2*time.Second)
	if got := recovered(t, m, secret); got["b"] != "" {
		t.Error("a folder that is saved by hand was saved by itself")
	}
	backup(t, e)
	until(t, e, "it was saved by hand", isSafe)
}

func TestFolderThatVanishesAndComesBackIsKeptOn(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir() + "/disk"
	write(t, src+"/a", "one")
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	full := onDisk(t, src)
	must(t, os.Rename(src, src+".away"))
	s := until(t, e, "it is missed", func(s Status) bool { return s.State == StateNeedsYou })
	if len(s.Problems) == 0 || s.Problems[0].Code != "folder_missing" {
		t.Errorf("the problems are %+v", s.Problems)
	}
	sameContents(t, recovered(t, m, secret), full)
	must(t, os.Rename(src+".away", src))
	until(t, e, "it is back", isSafe)
	write(t, src+"/b", "two")
	until(t, e, "a change is noticed", func(s Status) bool { return !isSafe(s) })
	until(t, e, "it is saved", isSafe)
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
}

func TestBurstIsOneBackup(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/a", "one")
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	for i := range 5000 {
		write(t, fmt.Sprintf("%s/%d/%d", src, i%50, i), fmt.Sprint(i))
	}
	until(t, e, "the burst is seen", func(s Status) bool { return !isSafe(s) })
	until(t, e, "the burst is saved", isSafe)
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
	must(t, os.Rename(src+"/7", src+"/renamed"))
	until(t, e, "a rename is seen", func(s Status) bool { return !isSafe(s) })
	until(t, e, "the rename is saved", isSafe)
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
	versions, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	if len(versions) > 8 {
		t.Errorf("three changes made %d versions", len(versions))
	}
	log, err := e.Activity(t.Context(), 0)
	must(t, err)
	if len(log) < 3 || log[0].Kind != ActivityBackup || log[0].Folder != src {
		t.Errorf("the activity is %+v", log)
	}
}

// TestALargeTreeRenamedIsOneBackupOfNothingNew, of 50,000 files in a soak.
func TestALargeTreeRenamedIsOneBackupOfNothingNew(t *testing.T) {
	files := 5_000
	if os.Getenv("ROOST_SOAK") != "" {
		files = 50_000
	}
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	for i := range files {
		write(t, fmt.Sprintf("%s/tree/%d/%d/%d", src, i%25, i%500, i), fmt.Sprint(i))
	}
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	before, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	used, err := m.Usage(t.Context())
	must(t, err)
	must(t, os.Rename(src+"/tree", src+"/renamed"))
	until(t, e, "the rename is seen", func(s Status) bool { return !isSafe(s) })
	s := until(t, e, "the rename is saved", isSafe)
	if s.Folders[0].Files != int64(files) || !s.Folders[0].Watched {
		t.Errorf("after it the folder is %+v", s.Folders[0])
	}
	now, err := m.Usage(t.Context())
	must(t, err)
	if grown := now.RepoSize - used.RepoSize; grown > 100_000 {
		t.Errorf("the storage has grown by %d bytes", grown)
	}
	after, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	if len(after) > len(before)+2 {
		t.Errorf("one rename made %d versions", len(after)-len(before))
	}
	write(t, src+"/renamed/7/7/7", "changed in the renamed tree")
	until(t, e, "a change in it is seen", func(s Status) bool { return !isSafe(s) })
	until(t, e, "it is saved", isSafe)
	got := recovered(t, m, secret)
	if len(got) != files || got["renamed/7/7/7"] != "changed in the renamed tree" || got["renamed/8/8/8"] != "8" {
		t.Errorf("%d files came back, %q in one", len(got), got["renamed/7/7/7"])
	}
}

// TestSecondStorageThatWasAwayCatchesUp: it is given what it missed, and only then everything is safe again.
func TestSecondStorageThatWasAwayCatchesUp(t *testing.T) {
	first, second := nodetest.StartKubo(t), nodetest.StartKubo(t)
	home, src := t.TempDir()+"/home", t.TempDir()
	write(t, src+"/a", "one")
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	res, err := Setup(t.Context(), opts, SetupOptions{URL: first.URL, Token: first.Token})
	must(t, err)
	secret, err := format.EntropyFromWords(join24(res.Words))
	must(t, err)
	e, err := Open(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	added(t, e, src)
	backup(t, e)
	must(t, e.AddNode(t.Context(), SetupOptions{NodeName: "second", URL: second.URL, Token: second.Token}))
	running(t, e)
	until(t, e, "both hold it", isSafe)
	second.Stop(t)
	write(t, src+"/a", "two")
	s := until(t, e, "one is away", func(s Status) bool {
		return s.State == StateWaiting && s.Folders[0].Changed.IsZero() && len(s.Problems) > 0
	})
	if s.Storages[0].State != StateSafe || s.Storages[1].State != StateWaiting {
		t.Errorf("the storages are %+v", s.Storages)
	}
	port := second.URL[strings.LastIndexByte(second.URL, ':')+1:]
	second.Change(t, func(c nodetest.Config) { c.Set("Addresses.API", "/ip4/127.0.0.1/tcp/"+port) })
	second.Start(t)
	e.running.Load().rescan() // as a wake from sleep does
	until(t, e, "both hold it again", isSafe)
	sameContents(t, recovered(t, second.Node(t), secret), onDisk(t, src))
}

// TestDamageFoundWhileRunningIsMended: a verify finds that the storage lost something, and what is still here is sent again
// without being asked.
func TestDamageFoundWhileRunningIsMended(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	for _, p := range packsOf(t, e) {
		if p.Type == format.DataPack {
			m.Lose(p.Digest.RawCID())
		}
	}
	c, err := e.Verify(t.Context(), 0, nil)
	must(t, err)
	if c.OK {
		t.Fatal("verify did not notice that packs are gone")
	}
	until(t, e, "it is mended", func(s Status) bool {
		c, err := e.Verify(t.Context(), 100, nil)
		return err == nil && c.OK && isSafe(s)
	})
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
}
