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

func TestEveryCollectionIsNoticed(t *testing.T) {
	called := make(chan bool, 100)
	afterEveryCollection(func() { called <- true })
	<-called
	for range 3 {
		runtime.GC()
		select {
		case <-called:
		case <-time.After(10 * time.Second):
			t.Fatal("a collection was not noticed")
		}
	}
}
