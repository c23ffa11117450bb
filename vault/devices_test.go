package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// twoDevices save some versions each, the second so many that lists hold some of them; want is what a reader finds.
func twoDevices(t *testing.T, m node.Node, e format.Entropy, many int) (a, b *writer, want map[string]map[string][]byte) {
	t.Helper()
	a, b = newWriter(t, m, e, "laptop"), newWriter(t, m, e, "desktop")
	want = map[string]map[string][]byte{}
	save := func(w *writer, files map[string][]byte, at int64) {
		w.commit(t, files, at)
		want[fmt.Sprintf("%s %d", w.bundle.Name(), at)] = maps.Clone(files)
	}
	shared := noise(1, 400_000)
	save(a, map[string][]byte{"shared": shared, "only here": noise(2, 300_000)}, 1_700_000_000)
	files := map[string][]byte{"shared": shared}
	for i := range many {
		files[fmt.Sprint(i%7)] = noise(byte(3+i), 2000+i)
		save(b, files, 1_700_000_001+int64(i))
	}
	save(a, map[string][]byte{"new": noise(99, 200_000)}, 1_800_000_000)
	return a, b, want
}

func retire(t *testing.T, w *writer, o vault.RetireOptions) *vault.Retired {
	t.Helper()
	r, err := w.v.Retire(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func collect(t *testing.T, n node.Node) {
	t.Helper()
	if err := n.GC(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWhatARetiredDeviceHadSavedComesBackFromAnothersRoot: after its root is unpinned and the storage collected, every
// version is there under the name of the device that made it, and nobody misses that device.
func TestWhatARetiredDeviceHadSavedComesBackFromAnothersRoot(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost=%v", lost), func(t *testing.T) {
			m, e := &nodetest.Memory{}, entropy(t)
			a, b, want := twoDevices(t, m, e, 300)
			r := retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e, Lost: lost})
			if r.Name != "desktop" || r.Versions != 300 || r.Packs == 0 {
				t.Errorf("what was taken over: %+v", r)
			}
			collect(t, m)
			if n := pinsOf(t, m); n != 1 {
				t.Errorf("%d pins are left, want the one root", n)
			}
			sameVersions(t, versionsOf(t, m, e), want)
			wholeVault(t, a)
			said(t, "the one that took over", a, nil)
			if _, err := b.v.Refresh(t.Context()); !errors.Is(err, vault.ErrRetired) {
				t.Errorf("the retired device is told %v", err)
			}
			if _, err := b.v.Begin(t.Context()); !errors.Is(err, vault.ErrRetired) {
				t.Errorf("the retired device's backup begins with %v", err)
			}
			a.commit(t, note("later"), 1_900_000_000)
			want["laptop 1900000000"] = note("later")
			collect(t, m)
			sameVersions(t, versionsOf(t, m, e), want)
			a.newCatalog(t, m)
			said(t, "with a new catalog", a, nil)
			if again := retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e}); !again.Already {
				t.Errorf("retired twice: %+v", again)
			}
			kept, err := a.v.Prune(t.Context(), vault.PruneOptions{Remove: before(1_700_000_200)})
			if err != nil || kept.RemovedSnapshots == 0 {
				t.Errorf("thinning what was taken over: %+v, %v", kept, err)
			}
			collect(t, m)
			wholeVault(t, a)
		})
	}
}

// TestATakenOverDeviceIsTakenOverAgain: whoever took over is retired too.
func TestATakenOverDeviceIsTakenOverAgain(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, want := twoDevices(t, m, e, 5)
	c := newWriter(t, m, e, "phone")
	c.commit(t, note("c"), 1_600_000_000)
	want["phone 1600000000"] = note("c")
	retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e})
	retire(t, c, vault.RetireOptions{Device: a.v.Device(), Entropy: e, Lost: true})
	collect(t, m)
	sameVersions(t, versionsOf(t, m, e), want)
	said(t, "the last one", c, nil)
	if n := pinsOf(t, m); n != 1 {
		t.Errorf("%d pins are left, want the one root", n)
	}
	devices, err := c.v.Known().Devices()
	if err != nil || len(devices) != 3 {
		t.Fatalf("devices %+v, %v", devices, err)
	}
	for _, d := range devices {
		gone := d.ID != c.v.Device()
		if (d.Revoked != nil) != gone || d.Retired != (d.ID == b.v.Device()) || gone != (d.TakenBy == c.v.Device()) {
			t.Errorf("device %q: %+v", d.Name, d)
		}
	}
}

func TestWhatARetiredDeviceHadSavedCanBeGivenUp(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, want := twoDevices(t, m, e, 20)
	r := retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e, Drop: true})
	if r.Versions != 20 || r.Packs != 0 {
		t.Errorf("what was given up: %+v", r)
	}
	full := stored(t, m)
	collect(t, m)
	if now := stored(t, m); now >= full {
		t.Errorf("%d bytes are stored, as many as before", now)
	}
	maps.DeleteFunc(want, func(k string, _ map[string][]byte) bool { return k[:7] == "desktop" })
	sameVersions(t, versionsOf(t, m, e), want)
	wholeVault(t, a)
	said(t, "the other one", a, nil)
}

// TestARevokedDeviceIsNotReadAnyMore: what it saves later, with its key to the storage, is not read and not built on, and is
// not taken for damage. A device without the words gets the new epoch; the revoked one without them does not.
func TestARevokedDeviceIsNotReadAnyMore(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, want := twoDevices(t, m, e, 3)
	c := newWriter(t, m, e, "phone")
	c.commit(t, note("c"), 1_600_000_000)
	want["phone 1600000000"] = note("c")
	r := retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e, Lost: true})
	if r.Epoch != 2 || a.bundle.Keys().Current().Number != 2 {
		t.Errorf("epoch %d began, and this device writes in epoch %d", r.Epoch, a.bundle.Keys().Current().Number)
	}
	there, err := m.List(t.Context(), b.bundle.Keys().PointerDir())
	if err != nil {
		t.Fatal(err)
	}
	hidden := blind{m, map[string]bool{}}
	for _, x := range there {
		hidden.to[x.Name] = true
	}
	b.reopen(hidden)
	b.commit(t, map[string][]byte{"after": noise(77, 300_000)}, 1_700_001_000)
	b.reopen(m)
	st, err := a.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Damaged) > 0 || len(st.Ignored) != 1 || !errors.Is(st.Ignored[0], vault.ErrShutOut) {
		t.Errorf("damaged %v, ignored %v", st.Damaged, st.Ignored)
	}
	a.commit(t, map[string][]byte{"after": noise(77, 300_000)}, 1_900_000_000)
	want["laptop 1900000000"] = map[string][]byte{"after": noise(77, 300_000)}
	sameVersions(t, versionsOf(t, m, e), want)

	c.bundle.ForgetWords()
	b.bundle.ForgetWords()
	said(t, "a device without the words", c, nil)
	if n := c.bundle.Keys().Current().Number; n != 2 {
		t.Errorf("a device that stays has epoch %d", n)
	}
	if _, err := b.v.Refresh(t.Context()); !errors.Is(err, vault.ErrRetired) {
		t.Errorf("the revoked device without the words is told %v", err)
	}
	if n := b.bundle.Keys().Current().Number; n != 1 {
		t.Errorf("the revoked device has epoch %d", n)
	}
	c.commit(t, note("in the new epoch"), 1_900_000_001)
	want["phone 1900000001"] = note("in the new epoch")
	sameVersions(t, versionsOf(t, m, e), want)
}

// blind is the storage as a device sees it that does not want to know of others.
type blind struct {
	node.Node
	to map[string]bool // names of pointers
}

func (b blind) List(ctx context.Context, dir string) ([]node.Entry, error) {
	all, err := b.Node.List(ctx, dir)
	return slices.DeleteFunc(all, func(x node.Entry) bool { return b.to[x.Name] }), err
}

func (b blind) Pins(context.Context) ([]node.Pin, error) { return nil, nil }

// TestARetireIsFinishedByTheNextOne: each call in turn fails, loses its answer, or lies. Nothing that was readable is lost at
// any moment, also not by a collection, and running it again ends it.
func TestARetireIsFinishedByTheNextOne(t *testing.T) {
	for what, kind := range map[string]nodetest.Kind{"fails": nodetest.Fail, "loses its answer": nodetest.FailAfter, "lies": nodetest.Lie} {
		for _, method := range []string{"Info", "Import", "Put", "Get", "Stat", "PinAdd", "PinUpdate", "PinRemove", "Pins", "Pinned", "Link", "Unlink", "List"} {
			t.Run(method+" "+what, func(t *testing.T) {
				t.Parallel()
				for call := 1; call < 80; call++ {
					if !retireWith(t, nodetest.Fault{Method: method, Call: call, Kind: kind}) {
						return
					}
				}
			})
		}
	}
}

// retireWith retires a device with a fault; false when there were fewer calls.
func retireWith(t *testing.T, fault nodetest.Fault) bool {
	t.Helper()
	m, e := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, entropy(t)
	a, b, want := twoDevices(t, m, e, 2)
	f := nodetest.NewFaulty(m, 1, fault)
	a.reopen(f)
	o := vault.RetireOptions{Device: b.v.Device(), Entropy: e, Lost: true}
	_, err := a.v.Retire(t.Context(), o)
	if f.Calls(fault.Method) < fault.Call {
		return false
	}
	collect(t, m)
	sameVersions(t, versionsOf(t, m, e), want)
	a.reopen(m)
	retire(t, a, o)
	a.commit(t, note("later"), 1_900_000_000)
	want["laptop 1900000000"] = note("later")
	collect(t, m)
	sameVersions(t, versionsOf(t, m, e), want)
	wholeVault(t, a)
	said(t, "at the end", a, nil)
	if n := pinsOf(t, m); n != 1 && fault.Kind != nodetest.Lie { // what a storage said to have removed is not removed again
		t.Errorf("%d pins are left, want the one root", n)
	}
	if t.Failed() {
		t.Fatalf("with the fault %+v, which said %v", fault, err)
	}
	return true
}

// TestADeviceWhosePacksAreGoneIsNotRetired: what would be taken over has to be there.
func TestADeviceWhosePacksAreGoneIsNotRetired(t *testing.T) {
	m, e := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, entropy(t)
	a, b, _ := twoDevices(t, m, e, 2)
	for p, err := range b.catalog.Packs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Linked && p.Owner == [16]byte(b.v.Device()) {
			m.Lose(format.Digest(p.Digest).RawCID())
			break
		}
	}
	if _, err := a.v.Retire(t.Context(), vault.RetireOptions{Device: b.v.Device(), Entropy: e}); !vault.IsDamage(err) {
		t.Errorf("retiring says %v", err)
	}
	if _, err := b.v.Refresh(t.Context()); errors.Is(err, vault.ErrRetired) {
		t.Error("the device was retired all the same")
	}
}

func TestADeviceGetsAnotherName(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, _ := twoDevices(t, m, e, 2)
	if err := a.v.Rename(t.Context(), b.v.Device(), "Büro", e); err != nil {
		t.Fatal(err)
	}
	if err := a.v.Rename(t.Context(), a.v.Device(), "reise", e); err != nil {
		t.Fatal(err)
	}
	for what, w := range map[string]*writer{"the one that did it": a, "the other": b, "a new one": newWriter(t, m, e, "new")} {
		st, err := w.v.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, h := range st.Heads {
			names[h.Name()] = true
		}
		if !names["Büro"] || !names["reise"] || len(names) != 2 {
			t.Errorf("%s sees %v", what, names)
		}
	}
	if b.bundle.Name() != "Büro" || !b.bundle.Changed() || a.bundle.Name() != "reise" {
		t.Errorf("the devices call themselves %q and %q", b.bundle.Name(), a.bundle.Name())
	}
	var id format.DeviceID
	if err := a.v.Rename(t.Context(), id, "x", e); !errors.Is(err, vault.ErrNoDevice) {
		t.Errorf("renaming nobody says %v", err)
	}
}

// TestWhatADeviceReportsWhileItIsRetiredIsTakenOver: the device saves, another retires it and may end at any call, the storage
// collects, all call by call in a random order. What was reported as saved comes back.
func TestWhatADeviceReportsWhileItIsRetiredIsTakenOver(t *testing.T) {
	for seed := range seeds(t, 60, 5_000) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m, e := &nodetest.Memory{PinTimeout: 20 * time.Millisecond}, entropy(t)
			w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), node: m, turns: &turns{events: make(chan struct{}, 100)}}
			a, b := newWriter(t, m, e, "laptop"), newWriter(t, m, e, "desktop")
			a.commit(t, note("a"), 1)
			b.commit(t, note("b"), 2)
			want := map[string]map[string][]byte{"laptop 1": note("a"), "desktop 2": note("b")}
			crash := 1 + w.r.Int64N(120)
			var calls atomic.Int64
			a.reopen(&nodetest.Around{Node: m, Do: func(_ context.Context, method string, call func() error) error {
				w.turn("a", method)
				if calls.Add(1) >= crash {
					return fmt.Errorf("the process has ended: %w", node.ErrUnreachable)
				}
				return call()
			}})
			b.reopen(&nodetest.Around{Node: m, Do: func(_ context.Context, method string, call func() error) error {
				w.turn("b", method)
				return call()
			}})
			o := vault.RetireOptions{Device: b.v.Device(), Entropy: e}
			w.together([]func(){
				func() {
					for range 3 {
						if _, err := a.v.Retire(t.Context(), o); !errors.Is(err, vault.ErrRedo) {
							return
						}
					}
				},
				func() {
					for i := range int64(3) {
						text := note(fmt.Sprint("while it is retired ", i))
						if err := b.try(t.Context(), text, 10+i); err != nil {
							if !errors.Is(err, vault.ErrRetired) && !errors.Is(err, vault.ErrRedo) && !vault.IsDamage(err) {
								t.Errorf("the device's backup: %v", err)
							}
							return
						}
						want[fmt.Sprintf("desktop %d", 10+i)] = text
					}
				},
				func() {
					for range 2 {
						w.turn("gc", "GC")
						if err := m.GC(t.Context()); err != nil {
							t.Error(err)
						}
					}
				},
			})
			a.reopen(m)
			retire(t, a, o)
			collect(t, m)
			got := versionsOf(t, m, e)
			for k, x := range want {
				if !maps.EqualFunc(got[k], x, bytes.Equal) {
					t.Errorf("version %s is lost or changed", k)
				}
			}
			wholeVault(t, a)
			said(t, "at the end", a, nil)
		})
	}
}

// try saves one small file as a version.
func (w *writer) try(ctx context.Context, files map[string][]byte, at int64) error {
	s, err := w.v.Begin(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	tree, total := &format.Tree{}, uint64(0)
	for name, content := range files {
		total += uint64(len(content))
		id, _, err := s.Put(format.KindData, content)
		if err != nil {
			return err
		}
		tree.Entries = append(tree.Entries, format.Entry{Name: []byte(name), Type: format.TypeFile, Mode: 0o644, MTime: at, Size: uint64(len(content)), Chunks: id[:]})
	}
	id, _, err := s.Put(format.KindTree, format.EncodeTree(tree))
	if err != nil {
		return err
	}
	_, err = s.Commit(ctx, []*format.Snapshot{{
		Version: format.Version, Folder: w.folder, Path: []byte(w.path), Device: w.v.Device(), DeviceName: w.bundle.Name(),
		Seconds: at, Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: id[:]}, Files: uint64(len(files)), Bytes: total, Complete: true,
	}}, nil)
	return err
}
