package syncer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"roost/vault"
	"roost/vault/node"
)

// TestTwoDevicesAndACollectorAtOnce: two devices of one vault save much the same at the same time, and remove versions in
// between, while the storage collects garbage without a pause.
func TestTwoDevicesAndACollectorAtOnce(t *testing.T) {
	for _, prune := range []bool{false, true} {
		t.Run(fmt.Sprintf("prune=%v", prune), func(t *testing.T) { twoDevicesAtOnce(t, prune) })
	}
}

func twoDevicesAtOnce(t *testing.T, prune bool) {
	eachNode(t, func(t *testing.T, n node.Node) {
		secret := testEntropy(t)
		var engines []*Engine
		want := map[string]string{}
		dirs := []string{t.TempDir(), t.TempDir()}
		for _, dir := range dirs {
			e := testEngine(t, n, secret)
			added(t, e, dir)
			engines = append(engines, e)
		}
		ctx, stop := context.WithCancel(t.Context())
		var collecting, saving sync.WaitGroup
		collecting.Go(func() {
			for ctx.Err() == nil {
				if err := n.GC(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
		for i, e := range engines {
			saving.Go(func() {
				for round := range 8 {
					shared := uint64(round) // both devices meet the same content
					write(t, fmt.Sprintf("%s/of %d/%d", dirs[i], i, round), noise(shared, 300_000))
					write(t, fmt.Sprintf("%s/of %d/own", dirs[i], i), noise(uint64(1000*i+round), 50_000))
					if _, err := e.Backup(t.Context(), nil, nil); err != nil {
						t.Error(err)
						return
					}
					if !prune || round%3 != 2 {
						continue
					}
					write(t, fmt.Sprintf("%s/of %d/%d", dirs[i], i, round-1), "what was there is in an older version now")
					_, err := e.vault().Prune(t.Context(), vault.PruneOptions{
						Remove: func(v vault.Version) bool { return v.Seconds%2 == 0 || v.Files > 3 }, Repack: 0.9,
					})
					if err != nil && !errors.Is(err, vault.ErrKeepsNothing) {
						t.Error(err)
						return
					}
				}
			})
		}
		saving.Wait()
		stop()
		collecting.Wait()
		if t.Failed() {
			return
		}
		if err := n.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			maps.Copy(want, onDisk(t, dir))
		}
		sameContents(t, recovered(t, n, secret), want)
		for _, e := range engines {
			verified(t, e)
		}
	})
}
