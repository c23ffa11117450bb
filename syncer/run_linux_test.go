package syncer

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"roost/syncer/host"
	"roost/vault"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// TestFolderThatCannotBeWatchedIsLookedThroughAndNeverSafe: with too few watches everything is saved all the same, only
// later, and a person is told what to do.
func TestFolderThatCannotBeWatchedIsLookedThroughAndNeverSafe(t *testing.T) {
	attr := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	inChild(t, attr, os.Geteuid(), func(t *testing.T, _ string) {
		must(t, os.WriteFile("/proc/sys/user/max_inotify_watches", []byte("10"), 0))
		problem := foundWithoutWatching(t, t.TempDir(), "watch_limit")
		if !strings.Contains(problem.InFull(), "sysctl") {
			t.Errorf("it is not said what to do: %+v", problem)
		}
	})
}

// TestFolderWithoutEventsIsLookedThroughAndNeverSafe: one that is at two places tells of changes at one of them alone, as a
// file system of a network tells of those alone that are made here.
func TestFolderWithoutEventsIsLookedThroughAndNeverSafe(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, _ string) {
		src := t.TempDir()
		must(t, os.MkdirAll(src+"/here", 0o755))
		must(t, os.MkdirAll(src+"/there", 0o755))
		must(t, unix.Mount(src+"/here", src+"/there", "", unix.MS_BIND, ""))
		defer func() { must(t, unix.Unmount(src+"/there", 0)) }()
		foundWithoutWatching(t, src, "not_watchable")
	})
}

// foundWithoutWatching proves that changes in a folder that cannot be watched are saved, that the folder is never safe, and that
// this problem is said, which it returns.
func foundWithoutWatching(t *testing.T, src, code string) Problem {
	t.Helper()
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	for i := range 30 {
		write(t, fmt.Sprintf("%s/%d/file", src, i), fmt.Sprint(i))
	}
	added(t, e, src)
	if got := e.home.config().duration("rescan-unwatched"); got != 15*time.Minute {
		t.Errorf("it is looked through every %v unless somebody chose otherwise", got)
	}
	must(t, e.Set(t.Context(), "rescan-unwatched", "10s"))
	running(t, e)
	s := until(t, e, "the first look", func(s Status) bool {
		return s.Folders[0].Snapshot != "" && !s.Folders[0].Watched && len(s.Problems) > 0
	})
	i := slices.IndexFunc(s.Problems, func(p Problem) bool { return p.Code == code })
	if i < 0 {
		t.Fatalf("the problems are %+v", s.Problems)
	}
	if s.State != StateWaiting {
		t.Errorf("a folder that is not watched makes the state %s", s.State)
	}
	write(t, src+"/29/file", "changed where nobody watches")
	until(t, e, "the change is found", func(Status) bool { return recovered(t, m, secret)["29/file"] == "changed where nobody watches" })
	return s.Problems[i]
}

// TestFullDiskAtHomeIsWaitedForAndLosesNothing: the notes of a backup do not fit any more, later they do.
func TestFullDiskAtHomeIsWaitedForAndLosesNothing(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, _ string) {
		m, secret := &nodetest.Memory{}, testEntropy(t)
		home := t.TempDir()
		must(t, unix.Mount("tmpfs", home, "tmpfs", 0, "size=640k"))
		defer func() { must(t, unix.Unmount(home, unix.MNT_DETACH)) }()
		b, err := vault.NewBundle(secret, "Laptop", time.Now())
		must(t, err)
		e := testEngineIn(t, home, m, b)
		src := t.TempDir()
		write(t, src+"/first", "a file")
		added(t, e, src)
		t.Run("running", func(t *testing.T) { // so that Run has ended before the disk goes
			running(t, e)
			until(t, e, "the first backup", isSafe)
			for i := range 4000 {
				write(t, fmt.Sprintf("%s/many/%d/a file of some length %d", src, i%9, i), fmt.Sprint(i))
			}
			s := until(t, e, "the disk is full", func(s Status) bool { return s.State == StateNeedsYou })
			if !slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == "disk_full" }) {
				t.Errorf("the problems are %+v", s.Problems)
			}
			must(t, unix.Mount("tmpfs", home, "tmpfs", unix.MS_REMOUNT, "size=64m"))
			until(t, e, "there is room again", isSafe)
			sameContents(t, recovered(t, m, secret), onDisk(t, src))
		})
	})
}

// TestFullStorageNeedsAPersonAndThenGoesOn.
func TestFullStorageNeedsAPersonAndThenGoesOn(t *testing.T) {
	secret := testEntropy(t)
	faulty := nodetest.NewFaulty(&nodetest.Memory{}, 1)
	e := testEngine(t, faulty, secret)
	src := t.TempDir()
	write(t, src+"/a", "one")
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	before := recovered(t, faulty, secret)
	faulty.Script(nodetest.Fault{Method: "Import", Err: node.ErrNoSpace}, nodetest.Fault{Method: "Put", Err: node.ErrNoSpace})
	write(t, src+"/a", "two")
	s := until(t, e, "the storage is full", func(s Status) bool { return s.State == StateNeedsYou })
	if len(s.Problems) == 0 || s.Problems[0].Code != "storage_full" || s.Folders[0].NextTry.IsZero() {
		t.Errorf("the status is %+v", s)
	}
	sameContents(t, recovered(t, faulty, secret), before)
	faulty.Script()
	e.running.Load().retryNow()
	until(t, e, "there is room again", isSafe)
	sameContents(t, recovered(t, faulty, secret), onDisk(t, src))
}

// TestAStorageOnAFullDiskNeedsAPersonAndThenGoesOn: a real storage, on a disk that is really full.
func TestAStorageOnAFullDiskNeedsAPersonAndThenGoesOn(t *testing.T) {
	withOwnMounts(t, func(t *testing.T, dir string) {
		disk := dir + "/disk"
		must(t, os.Mkdir(disk, 0o755))
		must(t, unix.Mount("tmpfs", disk, "tmpfs", 0, "size=12m"))
		defer func() { must(t, unix.Unmount(disk, 0)) }()
		secret, src := testEntropy(t), t.TempDir()
		t.Run("storage", func(t *testing.T) { // so that it has ended before its disk goes
			d := nodetest.StartKuboIn(t, disk+"/ipfs")
			e := testEngine(t, d.Node(t), secret)
			write(t, src+"/first", noise(1, 2_000_000))
			added(t, e, src)
			backup(t, e)
			before := onDisk(t, src)
			for i := range 6 {
				write(t, fmt.Sprintf("%s/large/%d", src, i), noise(uint64(10+i), 4_000_000))
			}
			_, err := e.Backup(t.Context(), nil, nil)
			if p := Describe(err); p.Code != "storage_full" || p.Exit != ExitStorage || p.Severity != needsYou {
				t.Fatalf("a backup onto a full disk ends with %v, described as %+v", err, p)
			}
			sameContents(t, recovered(t, d.Node(t), secret), before)
			t.Run("running", func(t *testing.T) {
				running(t, e)
				s := until(t, e, "the storage is full", func(s Status) bool { return s.State == StateNeedsYou })
				if !slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == "storage_full" }) || s.Folders[0].NextTry.IsZero() {
					t.Errorf("the status is %+v", s)
				}
				must(t, unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT, "size=100m"))
				e.running.Load().retryNow() // rather than wait for it
				until(t, e, "there is room again", isSafe)
			})
			must(t, d.Node(t).GC(t.Context()))
			verified(t, e)
			holdsAll(t, d.Node(t), secret, src)
		})
	})
}

// TestAfterAWeekAsleepEverythingIsLookedThrough: what happened meanwhile, or what no event tells, is found.
func TestAfterAWeekAsleepEverythingIsLookedThrough(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src, elsewhere := t.TempDir(), t.TempDir()
	write(t, src+"/deep/er/a", "one")
	must(t, os.Link(src+"/deep/er/a", elsewhere+"/a"))
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	write(t, elsewhere+"/a", "two") // through a name that nobody watches
	var clock host.Clock
	now := host.Now()
	k := e.running.Load()
	k.tick(&clock, now)
	now.Awake, now.Boot, now.Wall = now.Awake+clockEvery, now.Boot+7*day, now.Wall.Add(7*day)
	k.tick(&clock, now)
	until(t, e, "it is found", func(Status) bool { return recovered(t, m, secret)["deep/er/a"] == "two" })
}
