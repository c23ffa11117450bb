package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// versionsOf reads, as a new device that has the words and the storage only, every version that is there, by device and
// time: path to content. Each has to be whole.
func versionsOf(t *testing.T, n node.Node, e format.Entropy) map[string]map[string][]byte {
	t.Helper()
	d := newWriter(t, n, e, "reader")
	st, err := d.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range st.Damaged {
		t.Errorf("damaged: %v", d)
	}
	versions, err := d.v.Versions(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string][]byte{}
	for _, x := range versions {
		key := fmt.Sprintf("%s %d", x.DeviceName, x.Seconds)
		if out[key], err = d.files(t.Context(), x.ID); err != nil {
			t.Errorf("version %s: %v", key, err)
		}
	}
	return out
}

// files reads a version.
func (w *writer) files(ctx context.Context, id format.ChunkID) (map[string][]byte, error) {
	s, err := w.v.Snapshot(ctx, id)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for x, err := range w.v.Entries(ctx, s.Root.Tree) {
		if err != nil {
			return nil, err
		}
		content := []byte{}
		for id, err := range w.v.Chunks(ctx, x) {
			if err != nil {
				return nil, err
			}
			plain, err := w.v.Read(ctx, format.KindData, id)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", x.Name, err)
			}
			content = append(content, plain...)
		}
		out[string(x.Name)] = content
	}
	return out, nil
}

func sameVersions(t *testing.T, got, want map[string]map[string][]byte) {
	t.Helper()
	for k, w := range want {
		if _, ok := got[k]; !ok {
			t.Errorf("version %s is gone", k)
		} else if !maps.EqualFunc(got[k], w, func(a, b []byte) bool { return bytes.Equal(a, b) }) {
			t.Errorf("version %s came back changed", k)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("version %s should not be there", k)
		}
	}
}

func stored(t *testing.T, n node.Node) int64 {
	t.Helper()
	u, err := n.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return u.RepoSize
}

// before removes the versions that are older than a time.
func before(seconds int64) func(vault.Version) bool {
	return func(x vault.Version) bool { return x.Seconds < seconds }
}

func wholeVault(t *testing.T, w *writer) {
	t.Helper()
	r, err := w.v.Verify(t.Context(), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("%s: %v", p.What, p.Err)
	}
}

func pinsOf(t *testing.T, n node.Node) int {
	t.Helper()
	pins, err := n.Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(pins)
}

// TestPruneFreesWhatOnlyRemovedVersionsNeeded: after it and a collection, the storage holds about what a vault takes that
// was made from the versions that are kept, and those are whole.
func TestPruneFreesWhatOnlyRemovedVersionsNeeded(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	want := map[string]map[string][]byte{}
	files := map[string][]byte{"long": random(1, 6<<20)}
	for i := range 40 {
		files[fmt.Sprint("day ", i%8)] = random(uint64(100+i), 300_000)
		files["text"] = bytes.Repeat(fmt.Appendf(nil, "day %d ", i), 2000)
		w.commit(t, files, 1_000+int64(i))
		want[fmt.Sprintf("laptop %d", 1_000+i)] = maps.Clone(files)
	}
	full := stored(t, m)
	maps.DeleteFunc(want, func(k string, _ map[string][]byte) bool { return k < "laptop 1035" })
	steps := int64(0)
	p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(1_035), Repack: 0.95, Report: func(done, total int64) {
		if steps++; done != steps || done > total {
			t.Errorf("step %d of %d was reported as the %dth", done, total, steps)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if p.RemovedSnapshots != 35 || p.Head == nil || p.FreedBytes < 4<<20 || p.RepackedPacks == 0 || p.DroppedPacks < p.RepackedPacks {
		t.Errorf("prune says %+v", p)
	}
	if err := w.v.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameVersions(t, versionsOf(t, m, e), want)
	wholeVault(t, w)
	left, fresh := stored(t, m), &nodetest.Memory{}
	if freed := full - left; freed < p.FreedBytes-p.StoredBytes || freed > p.FreedBytes+p.StoredBytes {
		t.Errorf("%d bytes came free, of %d less %d written", freed, p.FreedBytes, p.StoredBytes)
	}
	f := newWriter(t, fresh, entropy(t), "laptop")
	for i := range 5 {
		f.commit(t, want[fmt.Sprintf("laptop %d", 1_035+i)], 1_035+int64(i))
	}
	if newly := stored(t, fresh); left > newly+newly/10 {
		t.Errorf("%d bytes are stored, a new vault of the same takes %d", left, newly)
	}
	if n := pinsOf(t, m); n != 1 {
		t.Errorf("%d pins are left", n)
	}

	again, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(1_035), Repack: 0.95})
	if err != nil || again.Head != nil || again.RemovedSnapshots+again.DroppedPacks != 0 {
		t.Errorf("with nothing to do, prune says %+v, %v", again, err)
	}
	w.commit(t, files, 2_000)
	want["laptop 2000"] = files
	sameVersions(t, versionsOf(t, m, e), want)
	wholeVault(t, w)
}

func TestPruneNeverTakesAFoldersNewestVersion(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.commit(t, map[string][]byte{"a": random(1, 50_000)}, 1_000)
	w.commit(t, map[string][]byte{"a": random(2, 50_000)}, 2_000)
	w.commit(t, map[string][]byte{"a": random(3, 50_000)}, 1_500) // the clock was set back
	w.folder[0] = 'X'
	w.commit(t, map[string][]byte{"b": random(4, 50_000)}, 500)
	w.commit(t, map[string][]byte{"b": random(5, 50_000)}, 400)
	if _, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: func(vault.Version) bool { return true }}); !errors.Is(err, vault.ErrKeepsNothing) {
		t.Errorf("removing all gave %v", err)
	}
	if got := versionsOf(t, m, e); len(got) != 5 {
		t.Errorf("of 5 versions, %d are left", len(got))
	}
	p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: func(x vault.Version) bool { return x.Seconds != 1_000 }})
	if err != nil || p.RemovedSnapshots != 0 {
		t.Errorf("all but one were to go, of which all are the newest in some way: %+v, %v", p, err)
	}
	p, err = w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(1_500)})
	if err != nil || p.RemovedSnapshots != 1 {
		t.Errorf("prune says %+v, %v", p, err)
	}
	got := versionsOf(t, m, e)
	for _, k := range []string{"laptop 2000", "laptop 1500", "laptop 500", "laptop 400"} {
		if got[k] == nil {
			t.Errorf("%s is gone: it is the newest of its folder, by time or by order", k)
		}
	}
}

// TestPruneOfLongHistoryKeepsItsLists: versions beyond what a head holds, removed at random.
func TestPruneOfLongHistoryKeepsItsLists(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	want := map[string]map[string][]byte{}
	for i := range 420 {
		files := map[string][]byte{"a": fmt.Appendf(nil, "edit %d", i)}
		w.commit(t, files, 1_000+int64(i))
		want[fmt.Sprintf("laptop %d", 1_000+i)] = files
	}
	for _, every := range []int64{3, 2, 7} {
		var went []string
		p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: func(x vault.Version) bool {
			if x.Seconds%every != 0 {
				return false
			}
			went = append(went, fmt.Sprintf("laptop %d", x.Seconds))
			return true
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range went {
			if k != "laptop 1419" {
				delete(want, k)
			}
		}
		if err := m.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
		sameVersions(t, versionsOf(t, m, e), want)
		if p.RemovedSnapshots == 0 {
			t.Errorf("prune says %+v", p)
		}
	}
	wholeVault(t, w)
}

func TestPruneTakesSupersededCheckpoints(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.checkpoint = true
	w.commit(t, map[string][]byte{"a": random(1, 500_000)}, 1_000)
	if p, err := w.v.Prune(t.Context(), vault.PruneOptions{}); err != nil || p.RemovedSnapshots != 0 {
		t.Errorf("the only version of a folder: %+v, %v", p, err)
	}
	// The folder has moved meanwhile, so the commit does not replace the checkpoint.
	w.checkpoint, w.path = false, "/elsewhere"
	w.commit(t, map[string][]byte{"b": random(2, 500_000)}, 2_000)
	w.checkpoint = true
	w.commit(t, map[string][]byte{"c": random(3, 500_000)}, 3_000)
	p, err := w.v.Prune(t.Context(), vault.PruneOptions{})
	if err != nil || p.RemovedSnapshots != 1 || p.FreedBytes < 500_000 {
		t.Errorf("prune says %+v, %v", p, err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := versionsOf(t, m, e)
	if len(got) != 2 || got["laptop 2000"] == nil || got["laptop 3000"] == nil {
		t.Errorf("%d versions are left", len(got))
	}
}

// TestPruneOfOneDeviceLeavesTheOthersAlone: both hold the same content; what one lets go of, the other keeps, and can still
// be read and built on by both.
func TestPruneOfOneDeviceLeavesTheOthersAlone(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, c := newWriter(t, m, e, "a"), newWriter(t, m, e, "b"), newWriter(t, m, e, "c")
	shared := map[string][]byte{"shared": random(1, 3<<20)}
	own := map[string][]byte{"own": random(2, 100_000)}
	a.commit(t, shared, 1_000)
	b.commit(t, shared, 1_001)
	c.commit(t, shared, 1_002)
	for i, w := range []*writer{a, b} { // c's state alone needs it then
		w.commit(t, own, 2_000+int64(i))
		if _, err := c.v.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)})
		if err != nil || p.RemovedSnapshots != 1 || p.FreedBytes < 3<<20 {
			t.Errorf("prune says %+v, %v", p, err)
		}
		if err := m.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
		sameVersions(t, versionsOf(t, m, e), map[string]map[string][]byte{
			"c 1002": shared, "a 2000": own, []string{"b 1001", "b 2001"}[i]: []map[string][]byte{shared, own}[i],
		})
	}
	for _, w := range []*writer{a, b, c} { // with the catalogs of those who were there
		wholeVault(t, w)
	}
	before := stored(t, m)
	a.commit(t, shared, 3_000)
	if grown := stored(t, m) - before; grown > 300_000 {
		t.Errorf("what another device still holds was stored again: %d bytes", grown)
	}
	wholeVault(t, a)
}

// TestPruneStopsAtWhatItCannotRead: a version to keep is not whole, so nothing is known to be superfluous.
func TestPruneStopsAtWhatItCannotRead(t *testing.T) {
	for _, kind := range []format.ObjectType{format.DataPack, format.MetaPack, format.IndexPack} {
		m, e := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, entropy(t)
		w := newWriter(t, m, e, "laptop")
		files := map[string][]byte{}
		for i := range 60 { // so that there is a segment
			files[fmt.Sprint(i)] = random(uint64(i), 200_000)
			w.commit(t, files, 1_000+int64(i))
		}
		var lost []format.Digest
		for p, err := range w.catalog.Packs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if format.ObjectType(p.Type) == kind {
				m.Lose(format.Digest(p.Digest).RawCID())
				lost = append(lost, p.Digest)
			}
		}
		if kind == format.DataPack { // prune reads none: they have to be known as lost
			if err := w.v.NoteLost(t.Context(), lost); err != nil {
				t.Fatal(err)
			}
		}
		w.reopen(m)
		pins, err := m.Pins(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(1_030)}); !vault.IsDamage(err) {
			t.Errorf("packs of type %d lost: %+v, %v", kind, p, err)
		}
		after, err := m.Pins(t.Context())
		if err != nil || len(after) != len(pins) || after[0] != pins[0] {
			t.Errorf("pins %v became %v, error %v", pins, after, err)
		}
	}
}

// TestPruneReadsNoMoreThanItMay: packs that are hardly needed are written anew within the budget, the least needed first.
func TestPruneReadsNoMoreThanItMay(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	keep := map[string][]byte{}
	files := map[string][]byte{}
	for i := range 200 {
		files[fmt.Sprint(i)] = random(uint64(i), 90_000)
		if i%12 == 0 {
			keep[fmt.Sprint(i)] = files[fmt.Sprint(i)]
		}
	}
	w.commit(t, files, 1_000)
	w.commit(t, keep, 2_000)
	for round, budget := range []int64{5 << 20, 5 << 20, 0} {
		n := nodetest.NewFaulty(m, 1)
		w.reopen(n)
		p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000), Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		if budget > 0 && (p.RepackedPacks == 0 || p.RepackedPacks > 5) {
			t.Errorf("round %d: %d packs were written anew", round, p.RepackedPacks)
		}
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameVersions(t, versionsOf(t, m, e), map[string]map[string][]byte{"laptop 2000": keep})
	if n := stored(t, m); n > 3<<20 {
		t.Errorf("%d bytes are stored of 1.5 MB that is kept", n)
	}
	wholeVault(t, w)
}

// TestAnInterruptedPruneIsTakenUp: what it has written anew is used by the next one, or the next backup, and its pins go.
func TestAnInterruptedPruneIsTakenUp(t *testing.T) {
	for _, next := range []string{"prune", "backup"} {
		m, e := &nodetest.Memory{}, entropy(t)
		w := newWriter(t, m, e, "laptop")
		files, keep := map[string][]byte{}, map[string][]byte{}
		for i := range 200 {
			files[fmt.Sprint(i)] = random(uint64(i), 90_000)
			if i%12 == 0 {
				keep[fmt.Sprint(i)] = files[fmt.Sprint(i)]
			}
		}
		w.commit(t, files, 1_000)
		w.commit(t, keep, 2_000)
		f := nodetest.NewFaulty(m, 1, nodetest.Fault{Method: "PinUpdate", Kind: nodetest.Fail})
		w.reopen(f)
		if _, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)}); !errors.Is(err, node.ErrUnreachable) {
			t.Fatalf("not interrupted: %v", err)
		}
		want := map[string]map[string][]byte{"laptop 1000": files, "laptop 2000": keep}
		sameVersions(t, versionsOf(t, m, e), want)
		w.reopen(m)
		if next == "backup" {
			w.commit(t, keep, 3_000)
			want["laptop 3000"] = keep
		}
		before3 := stored(t, m)
		p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)})
		if err != nil {
			t.Fatal(err)
		}
		if p.RepackedPacks != 0 {
			t.Errorf("%s: %d packs were written anew again", next, p.RepackedPacks)
		}
		if grown := stored(t, m) - before3; grown > 200_000 {
			t.Errorf("%s: %d bytes were sent again", next, grown)
		}
		if err := m.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
		delete(want, "laptop 1000")
		sameVersions(t, versionsOf(t, m, e), want)
		wholeVault(t, w)
		if n := pinsOf(t, m); n != 1 {
			t.Errorf("%s: %d pins are left", next, n)
		}
		if n := stored(t, m); n > 3<<20 {
			t.Errorf("%d bytes are stored of 1.5 MB that is kept", n)
		}
	}
}

// TestWhatAnInterruptedPruneLeftIsNotTrustedBlindly: the storage damaged the packs that it wrote anew; those that they were
// to replace are read again.
func TestWhatAnInterruptedPruneLeftIsNotTrustedBlindly(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	all := map[string][]byte{}
	for i := range 60 {
		all[fmt.Sprint(i)] = random(uint64(i), 90_000)
	}
	keep := map[string][]byte{"0": all["0"], "30": all["30"]}
	w.commit(t, all, 1_000)
	w.commit(t, keep, 2_000)
	old := map[format.Digest]bool{}
	for p, err := range w.catalog.Packs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		old[p.Digest] = true
	}
	w.reopen(nodetest.NewFaulty(m, 1, nodetest.Fault{Method: "PinUpdate", Kind: nodetest.Fail}))
	if _, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)}); !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("not interrupted: %v", err)
	}
	for p, err := range w.catalog.Packs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if !old[p.Digest] {
			m.Damage(format.Digest(p.Digest).RawCID())
		}
	}
	w.reopen(m)
	if p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)}); err != nil || p.RepackedPacks == 0 {
		t.Fatalf("prune says %+v, %v", p, err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameVersions(t, versionsOf(t, m, e), map[string]map[string][]byte{"laptop 2000": keep})
	wholeVault(t, w)
	if n := pinsOf(t, m); n != 1 {
		t.Errorf("%d pins are left", n)
	}
}

// TestPruneCutOffAtEveryCallLosesNothing: the process ends before or after each call in turn, or the storage is full. What
// is there is the state before or the one after, and the next run ends the job.
func TestPruneCutOffAtEveryCallLosesNothing(t *testing.T) {
	all, keep := map[string][]byte{}, map[string][]byte{}
	for i := range 12 {
		all[fmt.Sprint(i)] = random(uint64(i), 20_000)
		if i%6 == 0 {
			keep[fmt.Sprint(i)] = all[fmt.Sprint(i)]
		}
	}
	for _, after := range []bool{false, true} {
		for at := 1; at < 200; at++ {
			m, e := &nodetest.Memory{PinTimeout: 20 * time.Millisecond}, entropy(t)
			w := newWriter(t, m, e, "laptop")
			w.commit(t, all, 1_000)
			w.commit(t, keep, 2_000)
			calls := 0
			w.reopen(&nodetest.Around{Node: m, Do: func(_ context.Context, method string, call func() error) error {
				calls++
				if calls > at || calls == at && !after {
					return fmt.Errorf("%s: cut off: %w", method, node.ErrUnreachable)
				}
				err := call()
				if err == nil && calls == at {
					err = fmt.Errorf("%s: answer lost: %w", method, node.ErrUnreachable)
				}
				return err
			}})
			_, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)})
			if err == nil && calls < at {
				t.Logf("prune makes %d calls", calls)
				break
			}
			if err != nil && !errors.Is(err, node.ErrUnreachable) {
				t.Fatalf("cut off at call %d: %v", at, err)
			}
			if err := m.GC(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := versionsOf(t, m, e)
			want := map[string]map[string][]byte{"laptop 2000": keep}
			if err != nil && len(got) == 2 {
				want["laptop 1000"] = all
			}
			sameVersions(t, got, want)
			w.reopen(m)
			if _, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)}); err != nil {
				t.Fatalf("after being cut off at call %d: %v", at, err)
			}
			w.commit(t, keep, 3_000)
			if err := m.GC(t.Context()); err != nil {
				t.Fatal(err)
			}
			sameVersions(t, versionsOf(t, m, e), map[string]map[string][]byte{"laptop 2000": keep, "laptop 3000": keep})
			wholeVault(t, w)
			if n := pinsOf(t, m); n != 1 {
				t.Errorf("%d pins are left", n)
			}
			if t.Failed() {
				t.Fatalf("cut off at call %d, carried out %v", at, after)
			}
		}
	}
}

func TestPruneOnAFullStorageChangesNothing(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	all := map[string][]byte{}
	for i := range 40 {
		all[fmt.Sprint(i)] = random(uint64(i), 90_000)
	}
	keep := map[string][]byte{"1": all["1"]}
	w.commit(t, all, 1_000)
	w.commit(t, keep, 2_000)
	full := nodetest.NewFaulty(m, 1, nodetest.Fault{Method: "Import", Kind: nodetest.Fail, Err: node.ErrNoSpace})
	w.reopen(full)
	if p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)}); !errors.Is(err, node.ErrNoSpace) {
		t.Fatalf("prune says %+v, %v", p, err)
	}
	sameVersions(t, versionsOf(t, m, e), map[string]map[string][]byte{"laptop 1000": all, "laptop 2000": keep})
	// With nothing to write anew there may be room enough.
	p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000), Repack: -1})
	if err != nil || p.DroppedPacks == 0 || p.RepackedPacks != 0 {
		t.Errorf("prune says %+v, %v", p, err)
	}
	sameVersions(t, versionsOf(t, m, e), map[string]map[string][]byte{"laptop 2000": keep})
}

// TestPruneLeavesAnInterruptedBackupItsPacks: what a backup has sent before it was cut off is not sent twice because the
// device pruned in between.
func TestPruneLeavesAnInterruptedBackupItsPacks(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.commit(t, map[string][]byte{"a": random(1, 500_000)}, 1_000)
	w.commit(t, map[string][]byte{"a": random(2, 500_000)}, 2_000)
	s, err := w.v.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []byte
	for i := 0; s.Stats().StoredBytes == 0; i++ {
		id, _, err := s.Put(format.KindData, random(uint64(100+i), 500_000))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id[:]...)
	}
	s.Close()
	if p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: before(2_000)}); err != nil || p.RemovedSnapshots != 1 {
		t.Fatalf("prune says %+v, %v", p, err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err = w.v.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if ok, err := s.Has(ids[:32*8]); err != nil || !ok {
		t.Errorf("what was sent is known: %v, %v", ok, err)
	}
}

// TestPruneLeavesLittleUnneeded: whatever was removed, and however small the commits were, no more than the given part of
// what is stored is padding or needed by nothing. Run again, it soon finds nothing to do.
func TestPruneLeavesLittleUnneeded(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	files, want := map[string][]byte{}, map[string]map[string][]byte{}
	for i := range 90 {
		files[fmt.Sprint(i%37)] = random(uint64(i), 30_000+i*5_000)
		files["text"] = bytes.Repeat(fmt.Appendf(nil, "day %d ", i), 500)
		w.commit(t, files, 1_000+int64(i))
		if i%9 == 8 {
			want[fmt.Sprintf("laptop %d", 1_000+i)] = maps.Clone(files)
		}
	}
	gone := func(x vault.Version) bool { return want[fmt.Sprintf("laptop %d", x.Seconds)] == nil }
	if _, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: gone, Waste: 0.04}); err != nil {
		t.Fatal(err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameVersions(t, versionsOf(t, m, e), want)
	wholeVault(t, w)
	needed := map[string]int{} // content of files, each once; the text compresses to next to nothing
	sum := 0
	for _, v := range want {
		for name, content := range v {
			if name == "text" {
				continue
			}
			if key := string(content[:32]); needed[key] == 0 {
				needed[key] = len(content)
				sum += len(content)
			}
		}
	}
	if n := stored(t, m); n > int64(sum)+int64(sum)/20+format.PackSize { // the last packs are not full
		t.Errorf("%d bytes are stored of %d that are needed", n, sum)
	}
	for try := 1; ; try++ { // how chunks fall together is drawn by lot
		again, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: gone, Waste: 0.04})
		if err != nil || again.Head != nil && again.FreedBytes <= again.StoredBytes {
			t.Fatalf("prune says %+v, %v", again, err)
		}
		if again.Head == nil {
			return
		}
		if try == 4 {
			t.Fatal("prune finds something to do each time")
		}
	}
}

// TestWeightsSayWhatComesFree: of each version alone, and of all one after the other, as prune then frees it.
func TestWeightsSayWhatComesFree(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	files := map[string][]byte{"all": random(1, 6<<20)}
	for i := range 5 {
		files["own"] = random(uint64(10+i), 3<<20)
		w.commit(t, files, 1_000+int64(i))
	}
	weights, err := w.v.Weigh(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	st, err := w.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.v.Versions(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	total := weights.Total()
	if total < 21<<20 || total > 23<<20 {
		t.Errorf("all weigh %d bytes", total)
	}
	for _, x := range all {
		if n := weights.Alone(x.ID); n < 3<<20 || n > 4<<20 {
			t.Errorf("version %d alone frees %d", x.Seconds, n)
		}
	}
	freed := int64(0)
	for _, x := range all[1:] {
		freed += weights.Remove(x.ID)
		if weights.Remove(x.ID) != 0 || weights.Alone(x.ID) != 0 {
			t.Error("a version that is removed frees something again")
		}
	}
	if weights.Total() != total-freed {
		t.Errorf("%d of %d less %d are left", weights.Total(), total, freed)
	}
	before := stored(t, m)
	if _, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: func(x vault.Version) bool { return x.Seconds < 1_004 }, Waste: 0.04}); err != nil {
		t.Fatal(err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := before - stored(t, m); got < freed-freed/10 || got > freed+freed/10 {
		t.Errorf("%d bytes came free, %d were said", got, freed)
	}
	for _, x := range all[1:] {
		weights.Keep(x.ID)
	}
	if weights.Total() != total || weights.Remove(format.ChunkID{1}) != 0 {
		t.Errorf("with all kept, %d of %d are left", weights.Total(), total)
	}
}

// TestRewriteOfALongHistoryKeepsItsOrder: versions in the head and in lists are written anew beside the old ones.
func TestRewriteOfALongHistoryKeepsItsOrder(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	for i := range 300 {
		w.commit(t, map[string][]byte{"a": fmt.Appendf(nil, "edit %d", i), "b": fmt.Appendf(nil, "not %d", i)}, 1_000+int64(i))
	}
	for round := range 2 { // the second adds nothing
		s, err := w.v.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		st := w.v.Known()
		all, err := w.v.Versions(t.Context(), st)
		if err != nil || len(all) != 300+40*round {
			t.Fatalf("%d versions, %v", len(all), err)
		}
		tree, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{}))
		if err != nil {
			t.Fatal(err)
		}
		anew := map[format.ChunkID]*format.Snapshot{}
		for _, x := range all {
			if x.Seconds >= 1_280 || x.Seconds < 1_020 {
				snap, err := w.v.Snapshot(t.Context(), x.ID)
				if err != nil {
					t.Fatal(err)
				}
				if snap.Files == 0 {
					continue
				}
				snap.Root.Tree, snap.Files, snap.Bytes = tree[:], 0, 0
				anew[x.ID] = snap
			}
		}
		ids, err := s.Rewrite(t.Context(), anew, nil)
		s.Close()
		if err != nil || len(ids) != 40 {
			t.Fatalf("%d are written anew, %v", len(ids), err)
		}
		h := w.v.Known().Own(w.v.Device())
		if anew[h.Snapshots[0].ID] != nil || anew[h.Snapshots[1].ID] == nil {
			t.Error("the newest version is not the new one, or the old one does not follow it")
		}
	}
	p, err := w.v.Prune(t.Context(), vault.PruneOptions{Remove: func(x vault.Version) bool { return x.Files == 2 && (x.Seconds >= 1_280 || x.Seconds < 1_020) }})
	if err != nil || p.RemovedSnapshots != 40 {
		t.Fatalf("prune says %+v, %v", p, err)
	}
	if err := m.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := versionsOf(t, m, e)
	if len(got) != 300 || len(got["laptop 1299"]) != 0 || len(got["laptop 1000"]) != 0 || len(got["laptop 1100"]) != 2 {
		t.Errorf("%d versions are left", len(got))
	}
	wholeVault(t, w)
}
