package syncer

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node"
)

// distant is a storage that takes a while to say who it is, and counts the blocks that are read from it.
type distant struct {
	peer
	latency time.Duration
	gets    *atomic.Int64
}

func newDistant(id string, latency time.Duration) distant {
	return distant{newPeer(id), latency, new(atomic.Int64)}
}

func (d distant) Info(ctx context.Context) (node.Info, error) {
	i, err := d.peer.Info(ctx)
	i.Latency = d.latency
	return i, err
}

func (d distant) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	d.gets.Add(1)
	return d.peer.Get(ctx, c)
}

// restored brings the newest version of everything back through an engine that has read nothing yet.
func restored(t *testing.T, e *Engine) map[string]string {
	t.Helper()
	e.near = newNearest(e)
	to := t.TempDir()
	r, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Failed) > 0 {
		t.Fatalf("not restored: %+v", r.Failed)
	}
	out := map[string]string{}
	for name, content := range onDisk(t, to) {
		_, rest, _ := strings.Cut(name, "/")
		out[rest] = content
	}
	return out
}

func TestFilesComeFromTheNearestStorageAndBlockByBlockFromTheNextThatHasThem(t *testing.T) {
	first, second := newDistant("one", 80*time.Millisecond), newDistant("two", time.Millisecond)
	e := testEngine(t, first, testEntropy(t))
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "second", second)
	want := onDisk(t, src)

	e = reopen(t, e, first)
	swapFar(e, "second", second)
	first.gets.Store(0)
	second.gets.Store(0)
	sameContents(t, restored(t, e), want)
	if near, far := second.gets.Load(), first.gets.Load(); near == 0 || far > near {
		t.Errorf("%d blocks came from the storage that is near, %d from the one that is far", near, far)
	}

	// Each of the two lost what the other has.
	data := 0
	for _, p := range packsOf(t, e) {
		if p.Type != format.DataPack {
			continue
		}
		if data++; data%2 == 0 {
			first.Lose(p.Digest.RawCID())
		} else {
			second.Damage(p.Digest.RawCID())
		}
	}
	if data < 2 {
		t.Fatalf("%d packs hold the files", data)
	}
	sameContents(t, restored(t, e), want)
}

func TestFilesComeBackWhileTheStorageThatBackupsGoToIsAway(t *testing.T) {
	first, second := newPeer("one"), newPeer("two")
	e := testEngine(t, first, testEntropy(t))
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "second", second)
	e = reopen(t, e, &cutOff{Node: first})
	swapFar(e, "second", second)
	sameContents(t, restored(t, e), onDisk(t, src))
	if s := e.Status(t.Context()); s.State == StateSafe {
		t.Errorf("the state is %s although a storage is away", s.State)
	}
}

func TestAFirstStorageThatIsGoneForGoodIsReplacedByOneThatIsBehind(t *testing.T) {
	secret := testEntropy(t)
	first, second, third := newPeer("one"), newPeer("two"), newPeer("three")
	e := testEngine(t, first, secret)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "oldest", second)
	further(t, e, "older", third)
	swapFar(e, "oldest", &cutOff{Node: second})
	for i := range 2 {
		write(t, fmt.Sprintf("%s/later %d", src, i), noise(uint64(40+i), 300_000))
		if i == 1 {
			swapFar(e, "older", &cutOff{Node: third})
		}
		if _, err := e.Backup(t.Context(), nil, nil); err == nil {
			t.Fatal("a storage that is away was not told")
		}
	}
	if err := e.RemoveNode(t.Context(), "storage", true); err == nil {
		t.Error("a storage that answers was given up as lost")
	}

	e = reopen(t, e, &cutOff{Node: first})
	swapFar(e, "oldest", second)
	swapFar(e, "older", third)
	if err := e.RemoveNode(t.Context(), "storage", false); err == nil {
		t.Error("a storage was replaced by one that is behind, unasked")
	}
	if err := e.RemoveNode(t.Context(), "storage", true); err != nil {
		t.Fatal(err)
	}
	if got := e.home.config().Nodes; len(got) != 2 || got[0].Name != "older" {
		t.Fatalf("the storages are %+v, want the one with the newest state first", got)
	}
	acts, err := e.Activity(t.Context(), 1)
	if err != nil || len(acts) != 1 || !strings.Contains(acts[0].Text, "1 version went with it") {
		t.Errorf("the activity is %+v, error %v", acts, err)
	}
	backup(t, e)
	verified(t, e)
	wantState(t, e, "safe")
	holdsAll(t, second, secret, src)
	holdsAll(t, third, secret, src)
	versions, _, err := e.Snapshots(t.Context(), "")
	if err != nil || len(versions) != 3 { // the first two, and what the folder holds now
		t.Errorf("%d versions are left, error %v", len(versions), err)
	}
}
