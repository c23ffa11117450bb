package main

import (
	"runtime"
	"testing"
	"time"
)

func TestLittleMemoryIsNotLookedThroughAgainAndAgain(t *testing.T) {
	for _, c := range []struct {
		live uint64 // bytes
		want int    // percent
	}{
		{0, 200}, {1 << 20, 200}, {4 << 20, 200}, {8 << 20, 100}, {16 << 20, 50}, {40 << 20, 20}, {1 << 30, 20},
	} {
		if got := percentFor(c.live); got != c.want {
			t.Errorf("%d MB that are needed: %d %% may be added, want %d", c.live>>20, got, c.want)
		}
	}
}

// TestCollectionsAreNoticedForEver: one that comes before the last was dealt with counts as that one.
func TestCollectionsAreNoticedForEver(t *testing.T) {
	called := make(chan bool, 100)
	afterEveryCollection(func() { called <- true })
	<-called
	for range 3 {
		for noticed, end := false, time.Now().Add(10*time.Second); !noticed; {
			if time.Now().After(end) {
				t.Fatal("collections were not noticed")
			}
			runtime.GC()
			select {
			case noticed = <-called:
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}
