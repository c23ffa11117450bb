package syncer

import (
	"testing"
	"time"

	"roost/vault/node/nodetest"
)

// TestMonthsDataIsHeldTo: what was sent is counted over restarts; when it gets short, folders that may wait do, and when it
// is used up, all do, until the month is over.
func TestMonthsDataIsHeldTo(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	now := time.Date(2026, 3, 20, 12, 0, 0, 0, time.Local)
	must(t, e.Set(t.Context(), "data-budget", "10MB"))
	c := e.home.config()
	sent := func(n int64) {
		e.traffic.mu.Lock()
		e.countTraffic(now)
		e.traffic.sent["storage"] = n
		e.traffic.mu.Unlock()
	}
	for _, x := range []struct {
		sent           int64
		usual, mayWait bool // wait
	}{{0, false, false}, {7_900_000, false, false}, {8_100_000, false, true}, {10_000_000, true, true}} {
		sent(x.sent)
		if p := e.budgetHold(c, false, now); (p != nil) != x.usual {
			t.Errorf("after %d bytes a folder waits: %+v", x.sent, p)
		}
		p := e.budgetHold(c, true, now)
		if (p != nil) != x.mayWait {
			t.Errorf("after %d bytes a folder that may wait waits: %+v", x.sent, p)
		}
		if p != nil && !p.Until.Equal(time.Date(2026, 4, 1, 0, 0, 0, 0, time.Local)) {
			t.Errorf("it waits until %v", p.Until)
		}
	}
	if p := e.budgetHold(c, false, now.AddDate(0, 0, 12)); p != nil {
		t.Errorf("in the next month it still waits: %+v", p)
	}

	// Slowed down when it gets short: what is left is spread, but not to a trickle.
	if up := budgetLimit(0, 1e12, 0, now); up != 0 {
		t.Errorf("with all of it left the limit is %d", up)
	}
	if up := budgetLimit(0, 1e12, 9e11, now); up < 50_000 || up > 150_000 {
		t.Errorf("with a tenth left the limit is %d", up)
	}
	if up := budgetLimit(1000, 1e12, 9e11, now); up != 1000 {
		t.Errorf("a limit of 1000 became %d", up)
	}
	if up := budgetLimit(0, 10e6, 11e6, now); up != slowestBudget {
		t.Errorf("with nothing left the limit is %d", up)
	}
}

func TestTrafficIsRememberedOverRestarts(t *testing.T) {
	d := nodetest.StartKubo(t)
	home, src := t.TempDir()+"/home", t.TempDir()
	write(t, src+"/a", noise(1, 3_000_000))
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	_, err := Setup(t.Context(), opts, SetupOptions{URL: d.URL, Token: d.Token, NodeName: "Pi"})
	must(t, err)
	for round, want := range []int64{3_000_000, 6_000_000} {
		e, err := Open(t.Context(), opts)
		must(t, err)
		added(t, e, src)
		write(t, src+"/b", noise(uint64(round+7), 3_000_000*round+1))
		backup(t, e)
		s := e.Status(t.Context())
		if got := s.Storages[0].Sent; got < want || got > want+1_500_000 {
			t.Errorf("round %d: %d bytes were sent this month, want some %d", round, got, want)
		}
		must(t, e.Close())
	}
}
