package syncer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// keptFolder makes a folder one that is kept, without a disk behind it.
func keptFolder(t testing.TB, e *Engine, path string) format.FolderID {
	t.Helper()
	id, err := newFolderID()
	must(t, err)
	must(t, e.home.change(func(c *config) error {
		c.Folders = append(c.Folders, folderConfig{ID: hex.EncodeToString(id[:]), Path: []byte(path), Mode: Manual})
		return nil
	}))
	return id
}

// savedAt commits a version of these files, as if it had been made at that time.
func savedAt(t testing.TB, e *Engine, folder format.FolderID, path string, at time.Time, files map[string]string) format.ChunkID {
	t.Helper()
	s, err := e.vault().Begin(t.Context())
	must(t, err)
	defer s.Close()
	var recs []*record
	total := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		x := format.Entry{Name: []byte(name), Type: format.TypeFile, Mode: 0o644, MTime: 1, Size: uint64(len(files[name]))}
		total += len(files[name])
		for rest := []byte(files[name]); len(rest) > 0; {
			n := e.vault().Chunker().Cut(rest)
			id, _, err := s.Put(format.KindData, rest[:n])
			must(t, err)
			x.Chunks = append(x.Chunks, id[:]...)
			rest = rest[n:]
		}
		recs = append(recs, &record{name: name, entry: format.EncodeEntry(&x)})
	}
	tree, err := putTree(s, recs)
	must(t, err)
	c, err := s.Commit(t.Context(), []*format.Snapshot{{
		Version: format.Version, Folder: folder, Path: []byte(path), Device: e.vault().Device(), DeviceName: "Laptop", Seconds: at.Unix(),
		Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: tree[:]}, Files: uint64(len(files)), Bytes: uint64(total), Complete: true,
	}}, nil)
	must(t, err)
	return c.IDs[0]
}

func listed(t testing.TB, e *Engine) []format.ChunkID {
	t.Helper()
	all, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	var out []format.ChunkID
	for _, v := range all {
		out = append(out, v.ID)
	}
	return out
}

func pruned(t testing.TB, e *Engine, o PruneOptions) *Pruned {
	t.Helper()
	p, err := e.Prune(t.Context(), o, nil)
	must(t, err)
	return p
}

// dailyVersions saves one version a day, the last one today, each with a file of its own and one that all have.
func dailyVersions(t testing.TB, e *Engine, folder format.FolderID, days int) (out []format.ChunkID) {
	t.Helper()
	today := time.Now().Add(-time.Minute)
	for i := range days {
		files := map[string]string{"all": noise(1, 100_000), "own": noise(uint64(1000+i), 200_000)}
		out = append(out, savedAt(t, e, folder, "/docs", today.AddDate(0, 0, i-days+1), files))
	}
	slices.Reverse(out)
	return out
}

func TestRemovedVersionsComeBackForThirtyDays(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		folder := keptFolder(t, e, "/docs")
		all := dailyVersions(t, e, folder, 6)
		if p := pruned(t, e, PruneOptions{}); len(p.Versions) != 0 || len(listed(t, e)) != 6 {
			t.Fatalf("without rules, prune removed %v", p.Versions)
		}
		p, err := e.SetKeep(t.Context(), KeepChange{Rules: &KeepRules{Daily: 3}})
		if err != nil || len(p.Versions) != 3 || p.FreedLater < 500_000 || len(listed(t, e)) != 6 {
			t.Fatalf("the rules say %+v, %v", p, err)
		}
		p = pruned(t, e, PruneOptions{})
		if len(p.Versions) != 3 || p.FreedLater < 500_000 || p.FreedLater > 1_500_000 || time.Until(p.LaterBy) < restorableFor-time.Hour {
			t.Errorf("prune says %+v", p)
		}
		if got := listed(t, e); !slices.Equal(got, all[:3]) {
			t.Errorf("listed are %v", got)
		}
		if got := versionContents(t, e, all[5]); len(got["own"]) != 200_000 {
			t.Errorf("a removed version has %d bytes", len(got["own"]))
		}
		if found, err := e.resolve(t.Context(), all[5].String()[:12]); err != nil || found[0].ID != all[5] {
			t.Errorf("a removed version is found as %v, %v", found, err)
		}
		back, err := e.BringBack(t.Context(), []string{all[4].String()})
		if err != nil || len(back) != 1 || len(listed(t, e)) != 4 {
			t.Errorf("back came %v, %v", back, err)
		}
		if p := pruned(t, e, PruneOptions{}); len(p.Versions) != 0 || len(listed(t, e)) != 4 {
			t.Errorf("the rules took %v, which a person brought back", p.Versions)
		}
		must(t, e.changeMarks(func(m marks) error {
			for id, x := range m {
				if !x.Kept {
					x.On = x.On.Add(-restorableFor)
					m[id] = x
				}
			}
			return nil
		}))
		if p := pruned(t, e, PruneOptions{}); len(p.Versions) != 2 || p.Freed < 300_000 || !p.LaterBy.IsZero() {
			t.Errorf("after 30 days, prune says %+v", p)
		}
		if _, err := e.resolve(t.Context(), all[5].String()); !errors.Is(err, ErrUnknownVersion) {
			t.Errorf("a version that is gone for good is found: %v", err)
		}
		if m, err := e.marks(); err != nil || len(m) != 1 {
			t.Errorf("noted is %v, %v", m, err)
		}
		verified(t, e)
	})
}

func TestNoRuleTakesWhatHasToStay(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	folder := keptFolder(t, e, "/docs")
	all := dailyVersions(t, e, folder, 6)
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Hourly: 1}; return nil }))

	must(t, e.hold(e.home.config().Folders[0].ID, &held{Snapshot: all[3].String()}))
	if p := pruned(t, e, PruneOptions{Now: true}); len(p.Versions) != 0 {
		t.Errorf("of a folder with a sudden change, %v went", p.Versions)
	}
	if _, err := e.Forget(t.Context(), ForgetOptions{Versions: []string{all[3].String()}}, nil); !errors.Is(err, ErrUsage) {
		t.Errorf("the version before a sudden change can be removed: %v", err)
	}
	must(t, e.hold(e.home.config().Folders[0].ID, nil))

	done := e.uses.hold(all[4])
	p := pruned(t, e, PruneOptions{Now: true})
	if p.InUse != 1 || len(p.Versions) != 5 { // the one in use left the list, and is still there
		t.Errorf("prune says %+v", p)
	}
	if got := versionContents(t, e, all[4]); len(got) != 2 {
		t.Errorf("the version in use has %v", got)
	}
	done()
	if p := pruned(t, e, PruneOptions{Now: true}); p.InUse != 0 || len(p.Versions) != 1 {
		t.Errorf("prune says %+v", p)
	}
	if got := listed(t, e); !slices.Equal(got, all[:1]) {
		t.Errorf("listed are %v, want the newest", got)
	}
	if _, err := e.Forget(t.Context(), ForgetOptions{Versions: []string{all[0].String()}}, nil); !errors.Is(err, ErrUsage) {
		t.Errorf("the newest version can be removed: %v", err)
	}
	must(t, e.home.change(func(c *config) error { c.Folders = nil; return nil }))
	dailyVersions(t, e, folder, 3)
	if p := pruned(t, e, PruneOptions{Now: true}); len(p.Versions) != 0 {
		t.Errorf("of a folder that is not kept any more, %v went", p.Versions)
	}
}

// TestALostHomeKeepsRemovedVersionsLonger: what was removed is noted in the home alone, so a loss takes nothing early.
func TestALostHomeKeepsRemovedVersionsLonger(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	dailyVersions(t, e, keptFolder(t, e, "/docs"), 4)
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Hourly: 1}; return nil }))
	pruned(t, e, PruneOptions{})
	must(t, m.GC(t.Context()))
	again := testEngine(t, m, secret)
	all := listed(t, again)
	if len(all) != 4 {
		t.Errorf("%d versions are listed", len(all))
	}
	for _, id := range all {
		if got := versionContents(t, again, id); len(got) != 2 {
			t.Errorf("%s has %d files", id, len(got))
		}
	}
	must(t, os.Remove(e.home.path(removedFile)))
	if got := listed(t, e); len(got) != 4 {
		t.Errorf("without the list of removed versions, %d are listed", len(got))
	}
}

func TestNothingIsRemovedWhileTheClockIsInDoubt(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	dailyVersions(t, e, keptFolder(t, e, "/docs"), 3)
	for back, want := range map[time.Duration]error{25 * time.Hour: ErrClock, 23 * time.Hour: nil, -400 * 24 * time.Hour: nil} {
		if _, err := e.plan(t.Context(), e.home.config(), cleaning{}, time.Now().Add(-back)); !errors.Is(err, want) {
			t.Errorf("with the clock %v back: %v", back, err)
		}
	}
}

// TestARuleIsAppliedOnceADay by what runs, and only when something goes by it.
func TestARuleIsAppliedOnceADay(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	dailyVersions(t, e, keptFolder(t, e, "/docs"), 4)
	now := time.Now()
	must(t, e.tidyOnce(t.Context(), now))
	if a, err := e.Activity(t.Context(), 0); err != nil || len(a) != 0 {
		t.Errorf("with nothing to do, %v was written down, %v", a, err)
	}
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Daily: 2}; return nil }))
	must(t, e.tidyOnce(t.Context(), now.Add(23*time.Hour)))
	if n := len(listed(t, e)); n != 4 {
		t.Errorf("within a day, %d versions are left", n)
	}
	must(t, e.tidyOnce(t.Context(), now.Add(25*time.Hour)))
	if n := len(listed(t, e)); n != 2 {
		t.Errorf("after a day, %d versions are left", n)
	}
	if a, err := e.Activity(t.Context(), 0); err != nil || len(a) != 1 || a[0].Kind != ActivityPrune || a[0].Files != 2 {
		t.Errorf("written down is %v, %v", a, err)
	}
}

// TestABackupGoesBeforeCleaningUp: cleaning that nobody waits for gives way in the middle, and loses nothing by it.
func TestABackupGoesBeforeCleaningUp(t *testing.T) {
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	src := t.TempDir()
	added(t, e, src)
	for i := range 4 {
		write(t, src+"/a", noise(uint64(i), 300_000))
		backup(t, e)
	}
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Monthly: 1}; return nil }))
	all := listed(t, e)
	pruned(t, e, PruneOptions{}) // marked
	must(t, e.changeMarks(func(m marks) error {
		for id, x := range m {
			x.On = x.On.Add(-restorableFor)
			m[id] = x
		}
		return nil
	}))
	write(t, src+"/b", "new")
	started, saved := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	var cleaningUp atomic.Bool
	cleaningUp.Store(true)
	e = reopen(t, e, &nodetest.Around{Node: m, Do: func(ctx context.Context, method string, call func() error) error {
		if method == "Pinned" && cleaningUp.Load() {
			once.Do(func() { close(started) })
			<-ctx.Done()
			return ctx.Err()
		}
		return call()
	}})
	go func() {
		<-started
		cleaningUp.Store(false)
		_, err := e.Backup(t.Context(), nil, nil)
		saved <- err
	}()
	must(t, e.tidyOnce(t.Context(), time.Now()))
	must(t, <-saved)
	if got := listed(t, e); len(got) != 2 || got[1] != all[0] {
		t.Errorf("listed are %d versions", len(got))
	}
	must(t, e.tidyOnce(t.Context(), time.Now()))
	if all, err := e.Removed(t.Context()); err != nil || len(all) != 1 { // the one that the new version made superfluous
		t.Errorf("removed are %v, %v", all, err)
	}
	verified(t, e)
}

// TestABackupStaysWithinItsBound: old versions that free much go first, removed ones when the room is needed, the newest
// never.
func TestABackupStaysWithinItsBound(t *testing.T) {
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	folder := keptFolder(t, e, "/docs")
	today := time.Now().Add(-time.Minute)
	var all []format.ChunkID
	for i := range 12 {
		all = append(all, savedAt(t, e, folder, "/docs", today.AddDate(0, 0, i-12), map[string]string{"own": noise(uint64(i), 1_000_000)}))
	}
	used := all[3]
	e.noteUse(t.Context(), used)
	const bound = 6_500_000
	p, err := e.SetKeep(t.Context(), KeepChange{SetFit: true, Fit: bound})
	if err != nil || len(p.Versions) < 6 || len(p.Versions) > 8 {
		t.Fatalf("the bound says %+v, %v", p, err)
	}
	p = pruned(t, e, PruneOptions{})
	own, _, err := e.stored(t.Context())
	if err != nil || own > bound || p.Freed < 5_000_000 || p.Over != 0 {
		t.Errorf("%d bytes are stored, prune says %+v, %v", own, p, err)
	}
	left := listed(t, e)
	if left[0] != all[11] || !slices.Contains(left, used) || len(left) < 4 {
		t.Errorf("left are %v", left)
	}
	must(t, e.home.change(func(c *config) error { c.Fit = 500_000; return nil }))
	p = pruned(t, e, PruneOptions{})
	if got := listed(t, e); len(got) != 1 || got[0] != all[11] || p.Over < 400_000 {
		t.Errorf("left are %v, prune says %+v", got, p)
	}
	verified(t, e)
}

// cutPrune makes a history with rules, and runs do on it with the storage cut off at the n-th call; false when it made
// fewer. all are the versions, newest first.
func cutPrune(t *testing.T, n int64, after bool, do func(e *Engine) error) (e *Engine, m *nodetest.Memory, secret format.Entropy, all []format.ChunkID, err error, cut bool) {
	t.Helper()
	m, secret = &nodetest.Memory{PinTimeout: 20 * time.Millisecond}, testEntropy(t)
	e = testEngine(t, m, secret)
	folder := keptFolder(t, e, "/docs")
	today := time.Now().Add(-time.Minute)
	for i := range 4 {
		all = append(all, savedAt(t, e, folder, "/docs", today.AddDate(0, 0, i-4), map[string]string{
			"all": noise(1, 2_000), "own": noise(uint64(10+i), 2_000), "secret": noise(uint64(20+i), 2_000),
		}))
	}
	slices.Reverse(all)
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Daily: 2}; return nil }))
	off := &cutOff{Node: m, after: after}
	off.left.Store(n)
	e = reopen(t, e, off)
	err = do(e)
	if err != nil && !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("cut off at call %d: %v", n, err)
	}
	cut = off.left.Load() <= 0
	must(t, m.GC(t.Context()))
	return reopen(t, e, m), m, secret, all, err, cut
}

// TestPruneCutOffAtEveryCallLosesNothingThatStays: and run again it ends the job.
func TestPruneCutOffAtEveryCallLosesNothingThatStays(t *testing.T) {
	eachCut(t, 200, 200, func(t *testing.T, n int64, after bool) bool {
		e, m, secret, all, _, cut := cutPrune(t, n, after, func(e *Engine) error {
			_, err := e.Prune(t.Context(), PruneOptions{Now: true}, nil)
			return err
		})
		for _, id := range all[:2] {
			if got := versionContents(t, e, id); len(got) != 3 {
				t.Fatalf("cut off at call %d: a version that stays has %d files", n, len(got))
			}
		}
		pruned(t, e, PruneOptions{Now: true})
		must(t, m.GC(t.Context()))
		if got := listed(t, e); !slices.Equal(got, all[:2]) {
			t.Fatalf("cut off at call %d, and run again: %v", n, got)
		}
		if got := listed(t, testEngine(t, m, secret)); !slices.Equal(got, all[:2]) {
			t.Fatalf("cut off at call %d, and run again: another device lists %v", n, got)
		}
		verified(t, e)
		return cut
	})
}

// TestForgetCutOffAtEveryCallLosesNothing: until it is done both are there, and run again it is done.
func TestForgetCutOffAtEveryCallLosesNothing(t *testing.T) {
	forget := func(e *Engine) error {
		_, err := e.Forget(t.Context(), ForgetOptions{Path: "/docs/secret"}, nil)
		return err
	}
	eachCut(t, 200, 200, func(t *testing.T, n int64, after bool) bool {
		e, m, _, all, err, cut := cutPrune(t, n, after, forget)
		for i, id := range all {
			if got := versionContents(t, e, id); len(got) != 3 || len(got["own"]) != 2_000 {
				t.Fatalf("cut off at call %d: version %d has %d files", n, i, len(got))
			}
		}
		if ferr := forget(e); ferr != nil && !(err == nil && errors.Is(ferr, ErrNotInVersion)) && !errors.Is(ferr, ErrNotInVersion) {
			t.Fatalf("cut off at call %d, and run again: %v", n, ferr)
		}
		must(t, m.GC(t.Context()))
		left := listed(t, e)
		if len(left) != 4 {
			t.Fatalf("cut off at call %d, and run again: %d versions are listed", n, len(left))
		}
		for _, id := range left {
			if got := versionContents(t, e, id); len(got) != 2 || got["secret"] != "" {
				t.Fatalf("cut off at call %d, and run again: a version has %d files", n, len(got))
			}
		}
		verified(t, e)
		if _, err := e.BringBack(t.Context(), []string{"/docs/secret"}); err != nil {
			t.Fatal(err)
		}
		if got := listed(t, e); !slices.Equal(got, all) {
			t.Fatalf("cut off at call %d: brought back are %v", n, got)
		}
		return cut
	})
}

// TestForgettingAgainAfterBringingBack: any number of times, each version is listed once.
func TestForgettingAgainAfterBringingBack(t *testing.T) {
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	all := dailyVersions(t, e, keptFolder(t, e, "/docs"), 3)
	for range 3 {
		f, err := e.Forget(t.Context(), ForgetOptions{Path: "/docs/own"}, nil)
		if err != nil || len(f.Versions) != 3 || f.Files != 1 || f.Bytes != 200_000 || f.Left != 3 || f.OnDisk {
			t.Fatalf("forgotten is %+v, %v", f, err)
		}
		left := listed(t, e)
		if len(left) != 3 {
			t.Fatalf("%d versions are listed", len(left))
		}
		for _, id := range left {
			if got := versionContents(t, e, id); len(got) != 1 {
				t.Errorf("a version has %d files", len(got))
			}
		}
		if r, err := e.Removed(t.Context()); err != nil || len(r) != 3 || r[0].Forgotten != "/docs/own" {
			t.Errorf("removed are %+v, %v", r, err)
		}
		if _, err := e.BringBack(t.Context(), []string{"/docs/own"}); err != nil {
			t.Fatal(err)
		}
		if got := listed(t, e); !slices.Equal(got, all) {
			t.Errorf("listed are %v, want %v", got, all)
		}
		if r, err := e.Removed(t.Context()); err != nil || len(r) != 0 {
			t.Errorf("removed are %+v, %v", r, err)
		}
	}
	f, err := e.Forget(t.Context(), ForgetOptions{Path: "/docs/own", Now: true}, nil)
	if err != nil || f.Freed == nil || f.Freed.Freed < 500_000 || !f.Until.IsZero() {
		t.Errorf("forgotten is %+v, %v", f, err)
	}
	if _, err := e.BringBack(t.Context(), []string{"/docs/own"}); !errors.Is(err, ErrUnknownVersion) {
		t.Errorf("what is gone for good comes back: %v", err)
	}
	verified(t, e)
}

func TestRemovingMostVersionsAsksForTheWords(t *testing.T) {
	secret := testEntropy(t)
	e := testEngine(t, &nodetest.Memory{}, secret)
	all := dailyVersions(t, e, keptFolder(t, e, "/docs"), 4)
	most := []string{all[1].String(), all[2].String(), all[3].String()}
	if _, err := e.Forget(t.Context(), ForgetOptions{Versions: most}, nil); !errors.Is(err, ErrWordsNeeded) {
		t.Errorf("without words: %v", err)
	}
	other := format.WordsFromEntropy(testEntropy(t))
	if _, err := e.Forget(t.Context(), ForgetOptions{Versions: most, Words: join24(other)}, nil); !errors.Is(err, ErrWrongWords) {
		t.Errorf("with other words: %v", err)
	}
	if n := len(listed(t, e)); n != 4 {
		t.Fatalf("%d versions are left", n)
	}
	if _, err := e.Forget(t.Context(), ForgetOptions{Versions: most[:2]}, nil); err != nil {
		t.Errorf("half of them: %v", err)
	}
	if _, err := e.BringBack(t.Context(), most[:2]); err != nil {
		t.Fatal(err)
	}
	f, err := e.Forget(t.Context(), ForgetOptions{Versions: most, Words: join24(format.WordsFromEntropy(secret))}, nil)
	if err != nil || len(f.Versions) != 3 || f.Left != 1 {
		t.Errorf("with the words: %+v, %v", f, err)
	}
}

// TestAFullStorageIsPrunedWithoutWritingAnew: what nothing needs goes first, which makes the room for the rest.
func TestAFullStorageIsPrunedWithoutWritingAnew(t *testing.T) {
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	folder := keptFolder(t, e, "/docs")
	keep := map[string]string{}
	files := map[string]string{}
	for i := range 60 {
		files[fmt.Sprint(i)] = noise(uint64(i), 90_000)
		if i%10 == 0 {
			keep[fmt.Sprint(i)] = files[fmt.Sprint(i)]
		}
	}
	savedAt(t, e, folder, "/docs", time.Now().AddDate(0, 0, -1), files)
	last := savedAt(t, e, folder, "/docs", time.Now(), keep)
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Hourly: 1}; return nil }))
	var roomy atomic.Bool // once it has collected
	e = reopen(t, e, &nodetest.Around{Node: m, Do: func(_ context.Context, method string, call func() error) error {
		if method == "Import" && !roomy.Load() {
			return fmt.Errorf("write: %w", node.ErrNoSpace)
		}
		if method == "GC" {
			roomy.Store(true)
		}
		return call()
	}})
	p := pruned(t, e, PruneOptions{Now: true})
	if len(p.Versions) != 1 || p.Freed < 3_000_000 || !roomy.Load() {
		t.Errorf("prune says %+v", p)
	}
	if got := listed(t, e); len(got) != 1 || got[0] != last {
		t.Errorf("left are %v", got)
	}
	verified(t, e)
}

// TestEveryStorageIsCleaned, and each says what came free on it.
func TestEveryStorageIsCleaned(t *testing.T) {
	a, b := newPeer("a"), newPeer("b")
	e := testEngine(t, a, testEntropy(t))
	must(t, e.home.change(func(c *config) error {
		c.Nodes = append(c.Nodes, nodeConfig{Name: "attic", URL: "http://127.0.0.1:2"})
		return nil
	}))
	e.farMu.Lock()
	e.keepFar("attic", connection{node: b})
	e.farMu.Unlock()
	dailyVersions(t, e, keptFolder(t, e, "/docs"), 4)
	must(t, e.mirror(t.Context(), nil))
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Hourly: 1}; return nil }))
	p := pruned(t, e, PruneOptions{Now: true})
	if len(p.Storages) != 2 || p.Storages[0].Freed < 500_000 || p.Storages[1].Freed < 500_000 || p.Storages[1].Name != "attic" ||
		p.Freed != p.Storages[0].Freed+p.Storages[1].Freed {
		t.Errorf("prune says %+v", p)
	}
}

// TestTwoDevicesPruneAtOnce: by rules, while both save and the storage collects.
func TestTwoDevicesPruneAtOnce(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		secret := testEntropy(t)
		var working sync.WaitGroup
		for i := range 2 {
			e := testEngine(t, n, secret)
			folder := keptFolder(t, e, fmt.Sprint("/docs", i))
			must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Daily: 2}; return nil }))
			working.Go(func() {
				for round := range 6 {
					files := map[string]string{"both": noise(uint64(round), 100_000), "own": noise(uint64(100*i+round), 50_000)}
					savedAt(t, e, folder, fmt.Sprint("/docs", i), time.Now().AddDate(0, 0, round-6), files)
					if _, err := e.Prune(t.Context(), PruneOptions{Now: true}, nil); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		working.Wait()
		e := testEngine(t, n, secret)
		all := listed(t, e)
		if len(all) != 4 {
			t.Errorf("%d versions are left", len(all))
		}
		for _, id := range all {
			versionContents(t, e, id)
		}
		verified(t, e)
	})
}

// TestYearsOfDailyRulesLeaveNoWaste: after edits on many days, with the rules applied every few days, the storage holds
// hardly more than that of a new vault with the versions that stay.
func TestYearsOfDailyRulesLeaveNoWaste(t *testing.T) {
	days, every := 60, 5
	if os.Getenv("ROOST_SOAK") != "" {
		days, every = 1000, 1
	}
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	folder := keptFolder(t, e, "/docs")
	must(t, e.home.change(func(c *config) error { c.Keep = KeepRules{Daily: 7, Weekly: 4, Monthly: 12}; return nil }))
	source := rand.NewChaCha8([32]byte{1})
	r := rand.New(source)
	content := func(n int) string {
		b := make([]byte, n)
		_, _ = source.Read(b) // never fails
		return string(b)
	}
	files := map[string]string{}
	for i := range 60 {
		files[fmt.Sprint(i)] = content(20_000 + r.IntN(500_000))
	}
	kept := map[format.ChunkID]map[string]string{}
	first := time.Now().AddDate(0, 0, -days)
	for day := range days {
		for range 1 + r.IntN(3) {
			files[fmt.Sprint(r.IntN(70))] = content(20_000 + r.IntN(500_000))
		}
		kept[savedAt(t, e, folder, "/docs", first.AddDate(0, 0, day), files)] = maps.Clone(files)
		if day%every == 0 || day == days-1 {
			pruned(t, e, PruneOptions{Now: true})
		}
	}
	fresh := &nodetest.Memory{}
	f := testEngine(t, fresh, testEntropy(t))
	again := keptFolder(t, f, "/docs")
	left, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	for _, v := range slices.Backward(left) {
		if got := versionContents(t, e, v.ID); !maps.Equal(got, kept[v.ID]) {
			t.Fatalf("version %s came back changed", v.Time())
		}
		savedAt(t, f, again, "/docs", v.Time(), kept[v.ID])
	}
	pruned(t, f, PruneOptions{Now: true})
	u, err := m.Usage(t.Context())
	must(t, err)
	want, err := fresh.Usage(t.Context())
	must(t, err)
	w, err := e.vault().Weigh(t.Context(), nil)
	must(t, err)
	own, _, err := e.stored(t.Context())
	must(t, err)
	t.Logf("%d versions of %d days: %d bytes, a new vault takes %d: %+.1f %%; waste %.1f %%", len(left), days, u.RepoSize, want.RepoSize,
		100*float64(u.RepoSize-want.RepoSize)/float64(want.RepoSize), 100*(1-float64(w.Total())/float64(own)))
	if u.RepoSize > want.RepoSize+want.RepoSize/10 {
		t.Errorf("%d bytes are stored, a new vault takes %d", u.RepoSize, want.RepoSize)
	}
}

// TestWhatRemovedVersionsWillFreeIsToldBeforeTheyGo: as much as comes free then, and one of them can go before the others.
func TestWhatRemovedVersionsWillFreeIsToldBeforeTheyGo(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		folder := keptFolder(t, e, "/docs")
		all := dailyVersions(t, e, folder, 6)
		told := func(known bool) *Space {
			t.Helper()
			s, err := e.Space(t.Context())
			must(t, err)
			if s.Removed.Known != known {
				t.Fatalf("removed versions are told as %+v", s.Removed)
			}
			return s
		}
		if s := told(true); s.Removed.Versions != 0 || !s.Removed.Until.IsZero() {
			t.Errorf("with none removed, they are told as %+v", s.Removed)
		}
		must(t, e.Survey(t.Context(), nil))
		before := told(true).Reclaimable
		_, err := e.SetKeep(t.Context(), KeepChange{Rules: &KeepRules{Daily: 3}})
		must(t, err)
		pruned(t, e, PruneOptions{})
		told(false)
		must(t, e.Survey(t.Context(), nil))
		s := told(true)
		if r := s.Removed; r.Versions != 3 || r.Bytes < 500_000 || r.Bytes > 1_500_000 || time.Until(r.Until) < restorableFor-time.Hour {
			t.Errorf("removed versions are told as %+v", r)
		}
		if s.Reclaimable < before+s.Removed.Bytes {
			t.Errorf("%d bytes could be freed, of them %d of removed versions", s.Reclaimable, s.Removed.Bytes)
		}

		f, err := e.Forget(t.Context(), ForgetOptions{Versions: []string{all[5].String()}, Now: true}, nil)
		if err != nil || len(f.Versions) != 1 || f.Left != 3 || len(f.Freed.Versions) != 1 {
			t.Fatalf("a removed version goes as %+v, %v", f, err)
		}
		if _, err := e.resolve(t.Context(), all[5].String()); !errors.Is(err, ErrUnknownVersion) {
			t.Errorf("it is still there: %v", err)
		}
		left, err := e.Removed(t.Context())
		if err != nil || len(left) != 2 || len(listed(t, e)) != 3 {
			t.Errorf("beside it, %d removed and %d listed versions are left, %v", len(left), len(listed(t, e)), err)
		}
		_, err = e.Forget(t.Context(), ForgetOptions{Versions: []string{all[4].String()}}, nil)
		if !errors.Is(err, ErrUnknownVersion) {
			t.Errorf("a removed version is removed again: %v", err)
		}
	})
}

// TestWhatIsForgottenForGoodIsInNoRemovedVersion: neither in one that a rule removed nor in one that something else was
// forgotten in, and what else these hold still comes back.
func TestWhatIsForgottenForGoodIsInNoRemovedVersion(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		folder := keptFolder(t, e, "/docs")
		today := time.Now().Add(-time.Minute)
		for i := range 4 {
			savedAt(t, e, folder, "/docs", today.AddDate(0, 0, i-3), map[string]string{"letter": "Dear Marta", "photo": noise(uint64(i), 50_000), "secret": noise(9, 30_000)})
		}
		oldest := listed(t, e)[3].String()
		_, err := e.Forget(t.Context(), ForgetOptions{Versions: []string{oldest}}, nil)
		must(t, err)
		_, err = e.Forget(t.Context(), ForgetOptions{Path: "/docs/photo"}, nil)
		must(t, err)
		e.uses.look(listed(t, e)[0], time.Now()) // as who forgets it from where they found it
		f, err := e.Forget(t.Context(), ForgetOptions{Path: "/docs/secret", Now: true}, nil)
		if err != nil || len(f.Versions) != 3 || len(f.Freed.Versions) != 7 || f.Left != 3 { // three listed, three before the photo was forgotten, the oldest
			t.Fatalf("forgotten is %+v, %v", f, err)
		}
		removed, err := e.Removed(t.Context())
		if err != nil || len(removed) != 4 || len(listed(t, e)) != 3 {
			t.Fatalf("%d removed and %d listed versions are left, %v", len(removed), len(listed(t, e)), err)
		}
		every := listed(t, e)
		for _, x := range removed {
			every = append(every, x.ID)
			if got := versionContents(t, e, x.ID); got["photo"] == "" || got["letter"] == "" {
				t.Errorf("a removed version lost more than it should: it has %d files", len(got))
			}
		}
		for _, id := range every {
			if got := versionContents(t, e, id); got["secret"] != "" || got["letter"] == "" {
				t.Errorf("version %.8s has %d files", id, len(got))
			}
		}
		back, err := e.BringBack(t.Context(), []string{"/docs/photo"})
		if err != nil || len(back) != 3 || len(listed(t, e)) != 3 {
			t.Errorf("%d come back and %d are listed, %v", len(back), len(listed(t, e)), err)
		}
		for _, id := range listed(t, e) {
			if got := versionContents(t, e, id); got["photo"] == "" || got["secret"] != "" {
				t.Errorf("version %.8s came back with %d files", id, len(got))
			}
		}
		// What only removed versions have is forgotten there.
		_, err = e.Forget(t.Context(), ForgetOptions{Path: "/docs/photo"}, nil)
		must(t, err)
		if _, err := e.Forget(t.Context(), ForgetOptions{Path: "/docs/photo", Now: true}, nil); err != nil {
			t.Fatal(err)
		}
		removed, err = e.Removed(t.Context())
		must(t, err)
		for _, x := range removed {
			if got := versionContents(t, e, x.ID); got["photo"] != "" {
				t.Errorf("removed version %.8s has it still", x.ID)
			}
		}
		verified(t, e)
	})
}
