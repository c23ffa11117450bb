package syncer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// cutOff is a storage that is gone from the n-th call on. With after, that call is still carried out and only its answer
// is lost.
type cutOff struct {
	node.Node
	left  atomic.Int64
	after bool
	asked func() // at each call; may be nil
}

func (c *cutOff) do(fn func() error) error {
	if c.asked != nil {
		c.asked()
	}
	n := c.left.Add(-1)
	if n < 0 || (n == 0 && !c.after) {
		return fmt.Errorf("cut off: %w", node.ErrUnreachable)
	}
	err := fn()
	if n == 0 {
		return fmt.Errorf("answer lost: %w", node.ErrUnreachable)
	}
	return err
}

func (c *cutOff) Info(ctx context.Context) (i node.Info, err error) {
	err = c.do(func() (err error) { i, err = c.Node.Info(ctx); return err })
	return i, err
}

func (c *cutOff) Import(ctx context.Context, root cid.Cid, b []node.Block) error {
	return c.do(func() error { return c.Node.Import(ctx, root, b) })
}

func (c *cutOff) Put(ctx context.Context, b []node.Block) error {
	return c.do(func() error { return c.Node.Put(ctx, b) })
}

func (c *cutOff) Get(ctx context.Context, id cid.Cid) (b []byte, err error) {
	err = c.do(func() (err error) { b, err = c.Node.Get(ctx, id); return err })
	return b, err
}

func (c *cutOff) Stat(ctx context.Context, id cid.Cid) (n int64, err error) {
	err = c.do(func() (err error) { n, err = c.Node.Stat(ctx, id); return err })
	return n, err
}

func (c *cutOff) PinAdd(ctx context.Context, id cid.Cid, name string) error {
	return c.do(func() error { return c.Node.PinAdd(ctx, id, name) })
}

func (c *cutOff) PinUpdate(ctx context.Context, from, to cid.Cid) error {
	return c.do(func() error { return c.Node.PinUpdate(ctx, from, to) })
}

func (c *cutOff) PinRemove(ctx context.Context, id cid.Cid) error {
	return c.do(func() error { return c.Node.PinRemove(ctx, id) })
}

func (c *cutOff) Pins(ctx context.Context) (p []node.Pin, err error) {
	err = c.do(func() (err error) { p, err = c.Node.Pins(ctx); return err })
	return p, err
}

func (c *cutOff) Pinned(ctx context.Context, id cid.Cid) (ok bool, err error) {
	err = c.do(func() (err error) { ok, err = c.Node.Pinned(ctx, id); return err })
	return ok, err
}

func (c *cutOff) Link(ctx context.Context, p string, id cid.Cid) error {
	return c.do(func() error { return c.Node.Link(ctx, p, id) })
}

func (c *cutOff) Unlink(ctx context.Context, p string) error {
	return c.do(func() error { return c.Node.Unlink(ctx, p) })
}

func (c *cutOff) List(ctx context.Context, d string) (e []node.Entry, err error) {
	err = c.do(func() (err error) { e, err = c.Node.List(ctx, d); return err })
	return e, err
}

// recovered reads, as a new device that has the words and the storage only, the newest complete version of each folder:
// path to content.
func recovered(t *testing.T, n node.Node, e format.Entropy) map[string]string {
	t.Helper()
	d := testEngine(t, n, e)
	st, err := d.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range st.Damaged {
		if !errors.Is(err, vault.ErrRolledBack) { // another device that is gone is missed, and harms nothing
			t.Fatalf("damaged: %v", err)
		}
	}
	versions, err := d.vault().Versions(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	seen := map[format.FolderID]bool{}
	for _, v := range versions {
		if v.Complete && !seen[v.FolderID] {
			seen[v.FolderID] = true
			maps.Copy(out, versionContents(t, d, v.ID))
		}
	}
	return out
}

func versionContents(t *testing.T, d *Engine, id format.ChunkID) map[string]string {
	t.Helper()
	s, err := d.vault().Snapshot(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(path string, tree []byte)
	walk = func(path string, tree []byte) {
		for e, err := range d.vault().Entries(t.Context(), tree) {
			if err != nil {
				t.Fatal(err)
			}
			name := join(path, string(e.Name))
			if e.Type == format.TypeDir {
				walk(name, e.Tree)
				continue
			}
			var b strings.Builder
			holes := e.Holes
			skip := func() {
				for len(holes) > 0 && int(holes[0].Off) == b.Len() {
					b.Write(make([]byte, holes[0].Len))
					holes = holes[1:]
				}
			}
			for id, err := range d.vault().Chunks(t.Context(), e) {
				if err != nil {
					t.Fatal(err)
				}
				c, err := d.vault().Read(t.Context(), format.KindData, id)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for len(c) > 0 {
					skip()
					n := len(c)
					if len(holes) > 0 {
						n = min(n, int(holes[0].Off)-b.Len())
					}
					b.Write(c[:n])
					c = c[n:]
				}
			}
			skip()
			out[name] = b.String()
		}
	}
	walk("", s.Root.Tree)
	return out
}

// onDisk reads a folder's files.
func onDisk(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameContents(t *testing.T, got, want map[string]string) {
	t.Helper()
	for p, w := range want {
		if g, ok := got[p]; !ok {
			t.Errorf("%s is missing", p)
		} else if g != w {
			t.Errorf("%s has %d bytes of other content than the %d it should", p, len(g), len(w))
		}
	}
	for p := range got {
		if _, ok := want[p]; !ok {
			t.Errorf("%s was never there", p)
		}
	}
}

// noise is content that does not compress, from a seed.
func noise(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// reopen is the same home after its process ended.
func reopen(t *testing.T, e *Engine, n node.Node) *Engine {
	t.Helper()
	if err := e.cat.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(t.Context(), e.home.path(catalogFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	again := &Engine{log: e.log, home: e.home, bundle: e.bundle, cat: c}
	again.use(connection{node: n})
	return again
}

// eachCut has do cut a job off at its n-th call, n from 1, until do says that the job made fewer or went wrong: before that call
// and after it, or, where there is no time for all, before the odd and after the even ones. Beyond the first dense calls they
// are ever further apart; a job that makes most or more is a mistake.
func eachCut(t *testing.T, most, dense int64, do func(t *testing.T, n int64, after bool) (more bool)) {
	t.Helper()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after=%v", after), func(t *testing.T) {
			n, step := int64(1), int64(1)
			if os.Getenv("ROOST_SOAK") == "" {
				step = 2
				if after {
					n = 2
				}
			}
			for ; do(t, n, after); n += step * (1 + n/dense) {
				if n >= most {
					t.Fatalf("a job on a few files makes over %d calls", most)
				}
			}
			t.Logf("it ended at call %d", n)
		})
	}
}

func TestCutOffAtEveryCallLosesNothing(t *testing.T) { eachCut(t, 200, 200, cutOffAt) }

// cutOffAt backs up, changes files, and cuts the second backup off at its n-th call; false when it made fewer. Whatever
// happened, the first state or the second is on the storage whole, and the next backup brings the second there.
func cutOffAt(t *testing.T, n int64, after bool) (more bool) {
	t.Helper()
	m, secret := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/a", noise(1, 300_000))
	write(t, src+"/b", "unchanged")
	if _, err := e.AddFolders(t.Context(), []string{src}); err != nil {
		t.Fatal(err)
	}
	backup(t, e)
	first := onDisk(t, src)
	write(t, src+"/a", noise(2, 200_000))
	write(t, src+"/sub/c", noise(3, 1_200_000))
	second := onDisk(t, src)

	cut := &cutOff{Node: m, after: after}
	cut.left.Store(n)
	e = reopen(t, e, cut)
	_, err := e.Backup(t.Context(), nil, nil)
	if err == nil && cut.left.Load() > 0 {
		return false
	}
	if err != nil && !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("cut off at call %d: %v", n, err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := recovered(t, m, secret)
	if err == nil || len(got) == len(second) {
		sameContents(t, got, second)
	} else {
		sameContents(t, got, first)
	}

	e = reopen(t, e, m)
	backup(t, e)
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameContents(t, recovered(t, m, secret), second)
	c, err := e.Verify(t.Context(), 100, nil)
	if err != nil || !c.OK {
		t.Fatalf("cut off at call %d: verify says %+v, %v", n, c, err)
	}
	write(t, src+"/d", "one more")
	backup(t, e)
	pins, err := m.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(pins) != 1 {
		t.Errorf("cut off at call %d: %d pins are left, want the one root", n, len(pins))
	}
	return !t.Failed()
}
