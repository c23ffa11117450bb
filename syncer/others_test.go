package syncer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// twoDevices are of one backup, with a folder each, of which the first has saved its own.
func twoDevices(t *testing.T, n node.Node) (here, there *Engine, src, theirs string) {
	t.Helper()
	secret := testEntropy(t)
	here, there = testEngine(t, n, secret), testEngine(t, n, secret)
	src, theirs = t.TempDir(), t.TempDir()
	write(t, src+"/a", "here")
	write(t, theirs+"/b", "there")
	added(t, here, src)
	added(t, there, theirs)
	backup(t, here)
	return here, there, src, theirs
}

// TestWhatAnotherDeviceSavesIsNoticed: without being asked, and only when there is something.
func TestWhatAnotherDeviceSavesIsNoticed(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		here, there, src, theirs := twoDevices(t, n)
		k := newKeeper(here)
		known := func() (devices []format.DeviceID) {
			for _, h := range here.vault().Known().Heads {
				devices = append(devices, h.Device)
			}
			return devices
		}
		look := func(want bool) {
			t.Helper()
			moved, err := here.vault().OthersMoved(t.Context())
			must(t, err)
			if moved != want {
				t.Errorf("something changed: %v, want %v", moved, want)
			}
			must(t, k.lookForOthers(t.Context()))
			if got := slices.Contains(known(), there.vault().Device()); got != (len(known()) == 2) {
				t.Errorf("known are %v", known())
			}
		}
		look(false)
		write(t, src+"/a", "here, changed")
		backup(t, here) // one's own is no news
		look(false)
		for i, text := range []string{"there", "there, changed", "there, changed again"} {
			write(t, theirs+"/b", text)
			s := backup(t, there)
			look(true)
			versions, _, err := here.knownVersions(t.Context())
			must(t, err)
			if len(versions) != 2+i+1 || !slices.ContainsFunc(versions, func(v Version) bool { return v.ID.String() == s.ID.String() }) {
				t.Errorf("after version %d of the other one %d are known here", i+1, len(versions))
			}
			look(false)
		}
	})
}

// Where the storage passes notices on, what another device saves is known within seconds; what anybody else says there is a reason to
// look, and no more. A storage that passes none on is looked at as before.
func TestWhatAnotherDeviceSavesIsToldWhereTheStoragePassesNoticesOn(t *testing.T) {
	d := nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Pubsub.Enabled", true) })
	here, there, src, _ := twoDevices(t, d.Node(t))
	k := newKeeper(here)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { k.hearOthers(ctx) })
	wg.Go(func() { k.noticeOthers(ctx) })
	topic := here.vault().NewsTopic()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(d.Run(t, "pubsub", "ls"), topic); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("nobody hears: %s", d.Run(t, "pubsub", "ls"))
		}
	}
	began := time.Now()
	backup(t, there)
	for len(here.vault().Known().Heads) != 2 {
		if time.Since(began) > othersEvery-10*time.Second {
			t.Fatal("it was not told")
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("known after %v", time.Since(began).Round(time.Millisecond))
	if there.silent.Load() {
		t.Error("it is said to pass no notices on")
	}

	quiet := nodetest.StartKubo(t).Node(t)
	if err := quiet.Hear(t.Context(), topic, func() {}); !errors.Is(err, node.ErrNoNews) {
		t.Errorf("a storage without notices says %v", err)
	}
	alone := testEngine(t, quiet, testEntropy(t))
	added(t, alone, src)
	backup(t, alone)
	if !alone.silent.Load() {
		t.Error("a storage without notices is told every time")
	}
}

func TestOthersAreLookedForAtLeastOnceAMinute(t *testing.T) {
	inItsOwnTime(t, func(s *schedule) {
		s.storage.left.Store(1_000_000) // it can be reached
		must(t, s.e.Pause(t.Context(), "", time.Time{}))
	}, func(t *testing.T, s *schedule) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		began := time.Now()
		wg.Go(func() { s.k.noticeOthers(ctx) })
		time.Sleep(time.Hour)
		last := time.Duration(0)
		tries := s.tries(began)
		for _, at := range tries {
			if at-last > time.Minute {
				t.Errorf("they are not looked for between %v and %v", last, at)
			}
			last = at
		}
		if len(tries) < 60 || len(tries) > 90 {
			t.Errorf("in an hour they are looked for %d times", len(tries))
		}
	})
}
