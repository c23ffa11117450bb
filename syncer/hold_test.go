package syncer

import (
	"fmt"
	"testing"
	"time"

	"roost/syncer/host"
)

// TestWhatCanWaitGoesByWhatAPersonChoseForTheBackup: no traffic to a storage that nobody asked for begins during a pause or in
// quiet hours, nor where the battery or the network is to be spared.
func TestWhatCanWaitGoesByWhatAPersonChoseForTheBackup(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		when           string
		settings       map[string]string
		computer       host.Facts
		paused         time.Time
		sent           int64 // this month
		proves, tidies bool
		catchesUp      bool // a storage that is behind
	}{
		{when: "always", proves: true, tidies: true, catchesUp: true},
		{when: "in a pause", paused: now.Add(time.Hour)},
		{when: "after a pause", paused: now.Add(-time.Hour), proves: true, tidies: true, catchesUp: true},
		{
			when:     "in quiet hours",
			settings: map[string]string{"quiet-hours": now.Add(-time.Hour).Format("15:04") + "-" + now.Add(time.Hour).Format("15:04")},
		},
		{
			when:     "out of quiet hours",
			settings: map[string]string{"quiet-hours": now.Add(time.Hour).Format("15:04") + "-" + now.Add(2*time.Hour).Format("15:04")},
			proves:   true, tidies: true, catchesUp: true,
		},
		{when: "on a network that is paid by use", computer: host.Facts{Metered: host.Yes}},
		{when: "on such a network, gently", computer: host.Facts{Metered: host.Yes}, settings: map[string]string{"on-metered": "gentle"}, catchesUp: true},
		{
			when: "on such a network, as usual", computer: host.Facts{Metered: host.Yes}, settings: map[string]string{"on-metered": "normal"},
			proves: true, tidies: true, catchesUp: true,
		},
		{when: "on battery", computer: host.Facts{OnBattery: host.Yes}, catchesUp: true},
		{when: "on battery, waiting", computer: host.Facts{OnBattery: host.Yes}, settings: map[string]string{"on-battery": "wait"}},
		{
			when: "on battery, as usual", computer: host.Facts{OnBattery: host.Yes}, settings: map[string]string{"on-battery": "normal"},
			proves: true, tidies: true, catchesUp: true,
		},
		{when: "with little left of the month's data", settings: map[string]string{"data-budget": "10MB"}, sent: 9_000_000, proves: true, catchesUp: true},
		{when: "with nothing left of the month's data", settings: map[string]string{"data-budget": "10MB"}, sent: 11_000_000, proves: true},
	} {
		t.Run(c.when, func(t *testing.T) {
			far := newPeer("far")
			e := testEngine(t, newPeer("near"), testEntropy(t))
			src := t.TempDir()
			write(t, src+"/a", "one")
			added(t, e, src)
			further(t, e, "attic", far) // which is behind from the backup on
			swapFar(e, "attic", &cutOff{Node: far})
			if _, err := e.Backup(t.Context(), nil, nil); err == nil {
				t.Fatal("the second storage was not cut off")
			}
			swapFar(e, "attic", far)
			must(t, e.SetAll(t.Context(), c.settings))
			must(t, e.home.change(func(cfg *config) error { cfg.Paused = c.paused; return nil }))
			if c.sent > 0 {
				e.traffic.mu.Lock()
				e.countTraffic(now)
				e.traffic.sent["storage"] = c.sent
				e.traffic.mu.Unlock()
			}
			k := newKeeper(e)
			k.computer = c.computer

			surveys, err := k.surveyDue(t.Context(), now)
			must(t, err)
			proves := !k.busy(e.home.config(), now)
			if got, want := fmt.Sprint(surveys, proves, k.tidyable(now)), fmt.Sprint(c.proves, c.proves, c.tidies); got != want {
				t.Errorf("it looks through the versions, proves and tidies: %s, want %s", got, want)
			}
			k.storages["attic"] = &storageFacts{name: "attic", err: errBehind}
			k.catchUp(t.Context(), now)
			if got := len(roots(t, far)) > 0; got != c.catchesUp {
				t.Errorf("a storage that is behind gets its copy: %v, want %v", got, c.catchesUp)
			}
		})
	}
}
