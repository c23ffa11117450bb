package syncer

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// beforeRead is a storage where something happens just before some blocks are read for the how manieth time.
type beforeRead struct {
	node.Node
	of   []cid.Cid
	left atomic.Int64
	do   func()
}

func (b *beforeRead) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if slices.Contains(b.of, c) && b.left.Add(-1) == 0 {
		b.do()
	}
	return b.Node.Get(ctx, c)
}

// TestAVersionThatAnotherComputerRemovedMeanwhileIsGoneAndNotDamaged: at whatever moment that is, who restores it hears what
// happened, and is not sent to look for damage that there is none of; or gets all of it.
func TestAVersionThatAnotherComputerRemovedMeanwhileIsGoneAndNotDamaged(t *testing.T) {
	whole := false
	for at := int64(1); at < 20 && !whole; at++ {
		t.Run(strconv.FormatInt(at, 10), func(t *testing.T) { whole = removedAt(t, at) })
	}
	if !whole {
		t.Error("it was never read to its end")
	}
}

// removedAt restores a version that is removed before the read with this number, and tells whether there was no such read.
func removedAt(t *testing.T, at int64) (whole bool) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	owner := testEngine(t, m, secret)
	docs := keptFolder(t, owner, "/docs")
	old := savedAt(t, owner, docs, "/docs", time.Now().AddDate(0, 0, -2), map[string]string{"old": noise(1, 3_000_000)})
	packs := dataPacks(t, owner)
	kept := savedAt(t, owner, docs, "/docs", time.Now().Add(-time.Minute), map[string]string{"new": noise(2, 100_000)})
	must(t, owner.home.change(func(c *config) error { c.Keep = KeepRules{Daily: 1}; return nil }))
	removed := false
	between := &beforeRead{Node: m, of: packs, do: func() {
		p, err := owner.Prune(context.Background(), PruneOptions{Now: true}, nil)
		if removed = true; err != nil || len(p.Versions) != 1 {
			t.Errorf("removed %+v, %v", p, err)
		}
		if err := m.GC(context.Background()); err != nil {
			t.Error(err)
		}
	}}
	between.left.Store(at)
	e := testEngine(t, between, secret)
	to := t.TempDir()
	got, err := e.Restore(t.Context(), RestoreOptions{Snapshot: old.String(), To: to}, nil)
	switch {
	case err == nil && len(got.Failed) == 0:
		wantContent(t, to+"/docs/old", noise(1, 3_000_000)) // what was read before was enough
	case !errors.Is(err, ErrGone) || Describe(err).Code != "version_gone":
		t.Errorf("restored %+v, %v", got, err)
	}
	if again := restores(t, e, RestoreOptions{Snapshot: kept.String(), To: to}); again.Files != 1 {
		t.Errorf("of the other version came back %+v", again)
	}
	return !removed
}
