package syncer

import (
	"os"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node/nodetest"
)

// A copy to a second storage takes about as long as the two take by themselves, when one is told to fetch and pin the same
// from the other: 1 GiB of it in the long run.
func TestACopyToASecondStorageIsAsFastAsTheStoragesAreAmongThemselves(t *testing.T) {
	size, least := 48<<20, 0.3 // a machine that does much else at the same time has no better figure
	if os.Getenv("ROOST_SOAK") != "" {
		size, least = 1<<30, 0.8
	}
	first := nodetest.StartKubo(t)
	e := testEngine(t, first.Node(t), testEntropy(t))
	src := t.TempDir()
	for i := range 8 {
		write(t, src+"/"+string(rune('a'+i)), noise(uint64(i), size/8))
	}
	added(t, e, src)
	backup(t, e)
	st, err := e.state(t.Context())
	must(t, err)
	root := st.Own(e.vault().Device()).Root.DagCID()
	from, err := first.Node(t).Peer(t.Context())
	must(t, err)

	alone, ours := time.Duration(1<<62), time.Duration(1<<62)
	for range 2 { // the better of two each, taken in turn
		// Alone: each new storage fetches and pins, by Kubo's own calls.
		to := nodetest.StartKubo(t).Node(t)
		began := time.Now()
		must(t, to.Connect(t.Context(), from))
		must(t, to.Fetch(t.Context(), root, cid.Undef, "", func(int64) {}))
		alone = min(alone, time.Since(began))

		second := nodetest.StartKubo(t).Node(t)
		began = time.Now()
		must(t, e.vault().Mirror(t.Context(), second, nil))
		ours = min(ours, time.Since(began))
		if sent := second.Sent(); sent > mostAround {
			t.Errorf("%d bytes went there from here", sent)
		}
	}
	rate := func(d time.Duration) float64 { return float64(size) / d.Seconds() / 1e6 }
	part := alone.Seconds() / ours.Seconds()
	t.Logf("%d MiB: the storages alone %.0f MB/s, a copy by Roost %.0f MB/s, %.2f of it", size>>20, rate(alone), rate(ours), part)
	if part < least {
		t.Errorf("a copy runs at %.2f of what the storages do among themselves, want at least %.2f", part, least)
	}
}
