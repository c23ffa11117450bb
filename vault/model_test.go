package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// The model: a few devices of one vault back up, prune and confirm at once, call by call in a random order, while the
// storage collects garbage in between. Processes end at any call, answers get lost, catalogs and whole storages are set
// back or lost, computers are cloned. Whenever all is quiet, every version that was reported as saved and that its own
// device did not remove comes back from the words and the storage alone, and nothing else does.
//
// One seed is run again by -run 'TestInterleavingsLoseNothing/17$', or with ROOST_SEED. In a seed the order of calls is the
// same each time, except where the vault itself draws lots.

// TestInterleavingsLoseNothing is the model on the memory node: a few seeds, or with ROOST_SOAK thousands.
func TestInterleavingsLoseNothing(t *testing.T) {
	for seed := range seeds(t, 40, 10_000, 4674, 4876, 6192, 7658) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			m := &nodetest.Memory{PinTimeout: 20 * time.Millisecond}
			w := newWorld(t, seed, m)
			w.memory = m
			w.run()
		})
	}
}

// TestInterleavingsOnKuboLoseNothing is the model on a real storage: calls come as they come, and it is not set back.
func TestInterleavingsOnKuboLoseNothing(t *testing.T) {
	d := nodetest.StartKubo(t)
	for seed := range seeds(t, 4, 60) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			newWorld(t, seed, d.Node(t)).run()
		})
	}
}

// seeds yields the first few seeds and those that found something once, or many in a soak; ROOST_SEED names a single one.
func seeds(t *testing.T, few, many uint64, found ...uint64) func(func(uint64) bool) {
	return func(yield func(uint64) bool) {
		if s := os.Getenv("ROOST_SEED"); s != "" {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			yield(n)
			return
		}
		if os.Getenv("ROOST_SOAK") != "" {
			few, found = many, nil
		}
		for n := range few {
			if !yield(n) {
				return
			}
		}
		for _, n := range found {
			if !yield(n) {
				return
			}
		}
	}
}

// files is the content of a folder.
type files map[string][]byte

func (f files) equal(g files) bool {
	return maps.EqualFunc(f, g, func(a, b []byte) bool { return bytes.Equal(a, b) })
}

// world is one run of the model.
type world struct {
	t       *testing.T
	r       *rand.Rand // used while all is quiet, and to choose whose turn it is
	entropy format.Entropy
	node    node.Node
	memory  *nodetest.Memory // node, where it can be set back
	turns   *turns           // nil: calls are made as they come
	devices []*device
	saved   []savepoint
	before  int // pins of others

	mu     sync.Mutex // guards below
	now    int64      // time of the newest version
	trace  []string
	facts  facts
	allow  []error // what may be said of the storage, because it is true
	strict bool    // no pin may be left but one root for each device
}

// facts are what has to be on the storage. Versions are named by device and time.
type facts struct {
	must map[string]files // reported as saved, and not removed
	may  map[string]files // saving or removing was begun, and no more is known
	gone map[string]bool  // removed

	doubted map[string]int // how many removals of a version were begun of which no more is known
}

func (f facts) clone() facts {
	return facts{maps.Clone(f.must), maps.Clone(f.may), maps.Clone(f.gone), maps.Clone(f.doubted)}
}

// savepoint is what a storage can be set back to.
type savepoint struct {
	node  *nodetest.Memory
	facts facts
}

func newWorld(t *testing.T, seed uint64, n node.Node) *world {
	w := &world{
		t: t, r: rand.New(rand.NewPCG(seed, 0)), entropy: entropy(t), node: n, strict: true,
		facts: facts{map[string]files{}, map[string]files{}, map[string]bool{}, map[string]int{}},
	}
	w.before = pinsOf(t, n)
	t.Cleanup(func() {
		if t.Failed() {
			w.mu.Lock()
			defer w.mu.Unlock()
			t.Log("steps:\n" + strings.Join(w.trace, "\n"))
		}
	})
	return w
}

func (w *world) log(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func (w *world) tick() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now++
	return w.now
}

func (w *world) run() {
	if w.memory != nil {
		w.turns = &turns{events: make(chan struct{}, 100)}
	}
	for i := range 2 + w.r.IntN(2) {
		w.add(string(rune('a'+i)), nil)
	}
	for round := range 2 + w.r.IntN(3) {
		w.log("round %d", round)
		w.disasters(round)
		var work []func()
		for _, d := range w.devices {
			plan := w.plans(d)
			work = append(work, func() {
				for _, p := range plan {
					d.run(p)
				}
			})
		}
		if n := w.r.IntN(4); n > 0 {
			gc := &nodetest.Around{Node: w.node, Do: func(_ context.Context, method string, call func() error) error {
				w.turn("gc", method)
				return call()
			}}
			work = append(work, func() {
				for range n {
					w.log("gc")
					if err := gc.GC(w.t.Context()); err != nil {
						w.t.Errorf("gc: %v", err)
					}
				}
			})
		}
		w.together(work)
		w.collect()
		w.check()
		if w.memory != nil && w.r.IntN(3) == 0 {
			w.log("saved a copy of the storage")
			w.saved = append(w.saved, savepoint{w.memory.Clone(), w.facts.clone()})
		}
	}
	w.finish()
}

// disasters happen between the rounds.
func (w *world) disasters(round int) {
	if len(w.saved) > 0 && w.r.IntN(4) == 0 {
		s := w.saved[w.r.IntN(len(w.saved))]
		w.memory, w.facts = s.node.Clone(), s.facts.clone()
		w.node, w.strict = w.memory, false
		// A device that loses its catalog too may use a number twice, as a clone does.
		w.allow = append(w.allow, vault.ErrRolledBack, vault.ErrCloned)
		for _, d := range w.devices {
			d.reopen(false)
		}
		w.log("the storage was set back")
	}
	for _, d := range slices.Clone(w.devices) {
		switch w.r.IntN(14) {
		case 0:
			w.log("%s lost its catalog", d.tag)
			d.reopen(true)
		case 1:
			if round > 0 && !w.clones() {
				w.add(d.name, d)
				w.allow = append(w.allow, vault.ErrCloned)
				w.log("%s was cloned", d.tag)
			}
		}
	}
}

func (w *world) clones() bool {
	return slices.ContainsFunc(w.devices, func(d *device) bool { return strings.HasSuffix(d.tag, "'") })
}

// together runs the work at once, and lets one call after the other go, in a random order.
func (w *world) together(work []func()) {
	var wg sync.WaitGroup
	for _, f := range work {
		wg.Go(func() {
			f()
			w.turns.event()
		})
		w.turns.quiet()
	}
	for w.turns.next(w.r) {
		w.turns.quiet()
	}
	wg.Wait()
}

func (w *world) turn(who, method string) {
	if w.turns != nil {
		w.turns.wait(who + " " + method)
	}
}

// turns holds calls back until it is their turn. What runs makes one call at a time, so that after each turn nothing runs
// once it makes the next one or ends. A nil turns holds nothing back.
type turns struct {
	events chan struct{} // a call is held back, or some work ended

	mu      sync.Mutex // guards below
	waiting []turn
}

type turn struct {
	name string
	let  chan struct{}
}

func (t *turns) wait(name string) {
	x := turn{name, make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, x)
	t.mu.Unlock()
	t.event()
	<-x.let
}

func (t *turns) event() {
	if t != nil {
		t.events <- struct{}{}
	}
}

// quiet waits until what runs makes a call or ends.
func (t *turns) quiet() {
	if t == nil {
		return
	}
	select {
	case <-t.events:
	case <-time.After(10 * time.Second): // several calls at once after all: the others go on
	}
}

// next lets one call go; false when nobody waits.
func (t *turns) next(r *rand.Rand) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		return false
	}
	slices.SortStableFunc(t.waiting, func(a, b turn) int { return strings.Compare(a.name, b.name) })
	i := r.IntN(len(t.waiting))
	close(t.waiting[i].let)
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return true
}

// collect removes from the storage what nothing holds.
func (w *world) collect() {
	if err := w.node.GC(w.t.Context()); err != nil {
		w.t.Fatalf("gc: %v", err)
	}
}

// check reads all versions, as a new device with the words, and compares them with the facts. What was in doubt is known
// then.
func (w *world) check() {
	w.t.Helper()
	r := newWriter(w.t, w.node, w.entropy, "reader")
	st, err := r.v.Refresh(w.t.Context())
	if err != nil {
		w.t.Fatalf("look for versions: %v", err)
	}
	w.allowed(st.Damaged)
	versions, err := r.v.Versions(w.t.Context(), st)
	if err != nil {
		w.t.Fatalf("list versions: %v", err)
	}
	found := map[string]files{}
	for _, x := range versions {
		got, err := r.files(w.t.Context(), x.ID)
		key := x.DeviceName + " " + strconv.FormatInt(x.Seconds, 10)
		if err != nil {
			w.t.Fatalf("version %s: %v", key, err)
		}
		want, ok := w.facts.must[key]
		if !ok {
			want, ok = w.facts.may[key]
		}
		if !ok {
			w.t.Fatalf("version %s should not be there", key)
		}
		if !want.equal(got) {
			w.t.Fatalf("version %s came back changed", key)
		}
		found[key] = got
		if x.Complete && !st.Own(x.Device).Pin {
			w.facts.must[key] = got
			delete(w.facts.may, key)
		}
	}
	for key := range w.facts.must {
		if found[key] == nil {
			w.t.Fatalf("version %s is lost", key)
		}
	}
	maps.DeleteFunc(w.facts.may, func(key string, _ files) bool { return found[key] == nil })
	clear(w.facts.doubted)
}

// allowed fails for what is said of the storage and not true.
func (w *world) allowed(said []error) {
	w.t.Helper()
	for _, d := range said {
		if !slices.ContainsFunc(w.allow, func(a error) bool { return errors.Is(d, a) }) {
			w.t.Fatalf("it is said that %v", d)
		}
	}
}

// finish lets every device save once more without trouble, after which all is as it should be.
func (w *world) finish() {
	w.turns = nil
	for range 2 { // a clone's first look comes before the other's last state
		for _, d := range w.devices {
			d.run(plan{what: "backup", seed: w.r.Uint64(), calm: true})
			d.run(plan{what: "confirm", calm: true})
		}
	}
	w.collect()
	w.check()
	r := newWriter(w.t, w.node, w.entropy, "reader")
	report, err := r.v.Verify(w.t.Context(), 100, nil)
	if err != nil {
		w.t.Fatalf("verify: %v", err)
	}
	var said []error
	for _, p := range report.Problems {
		said = append(said, fmt.Errorf("%s: %w", p.What, p.Err))
	}
	w.allowed(said)
	names := map[string]bool{}
	for _, d := range w.devices {
		names[d.name] = true
	}
	if n := pinsOf(w.t, w.node) - w.before; w.strict && n != len(names) {
		w.t.Fatalf("%d pins are left of %d devices", n, len(names))
	}
}

// device is one installation: the model of what the engine keeps of it.
type device struct {
	w       *world
	tag     string // name, with a mark for a clone
	name    string
	bundle  *vault.Bundle
	file    string // of the catalog
	opened  int
	catalog *catalog.Catalog
	v       *vault.Vault
	folders []files

	mu    sync.Mutex // guards below
	plan  plan
	calls int
}

// plan is one thing that a device does.
type plan struct {
	what  string // backup, checkpoint, confirm, prune
	seed  uint64
	crash int  // the process ends at this call; 0: it does not
	after bool // the call is carried out all the same
	lost  int  // the answer of this call is lost; 0: of none
	calm  bool // nothing is to go wrong
}

func (p plan) String() string {
	s := fmt.Sprintf("%s %d", p.what, p.seed%1000)
	if p.crash > 0 {
		s += fmt.Sprintf(", ends at call %d, carried out %v", p.crash, p.after)
	}
	if p.lost > 0 {
		s += fmt.Sprintf(", answer %d is lost", p.lost)
	}
	return s
}

// plans draws what a device does in a round.
func (w *world) plans(d *device) []plan {
	var out []plan
	for range 1 + w.r.IntN(2) {
		p := plan{what: []string{"backup", "backup", "backup", "prune", "prune", "checkpoint", "confirm"}[w.r.IntN(7)], seed: w.r.Uint64()}
		switch w.r.IntN(6) {
		case 0, 1:
			p.crash, p.after = 1+w.r.IntN(60), w.r.IntN(2) == 0
		case 2:
			p.lost = 1 + w.r.IntN(60)
		}
		out = append(out, p)
	}
	return out
}

// add makes a device, new or as a clone.
func (w *world) add(name string, of *device) {
	d := &device{w: w, tag: name, name: name, file: filepath.Join(w.t.TempDir(), "catalog.db")}
	var err error
	if of == nil {
		if d.bundle, err = vault.NewBundle(w.entropy, name, time.Now()); err != nil {
			w.t.Fatal(err)
		}
		d.folders = make([]files, 1+w.r.IntN(2))
		for i := range d.folders {
			d.folders[i] = files{}
		}
	} else {
		d.tag = of.tag + "'"
		for _, f := range of.folders {
			d.folders = append(d.folders, maps.Clone(f))
		}
		of.close()
		d.bundle = copyOf(w.t, of.bundle, of.file, d.file)
		of.open()
	}
	d.open()
	w.t.Cleanup(d.close)
	w.devices = append(w.devices, d)
}

func (d *device) open() {
	var err error
	if d.catalog, err = catalog.Open(d.w.t.Context(), d.file); err != nil {
		d.w.t.Fatal(err)
	}
	d.v = vault.New(vault.Options{
		Bundle: d.bundle, Catalog: d.catalog, Node: &nodetest.Around{Node: d.w.node, Do: d.through},
	})
}

func (d *device) close() {
	if err := d.catalog.Close(); err != nil {
		d.w.t.Error(err)
	}
}

// reopen is the device after its process ended.
func (d *device) reopen(loseCatalog bool) {
	d.close()
	if loseCatalog {
		d.opened++
		d.file = filepath.Join(filepath.Dir(d.file), fmt.Sprintf("catalog-%d.db", d.opened))
	}
	d.open()
}

// through is what happens to a call on its way.
func (d *device) through(_ context.Context, method string, call func() error) error {
	d.w.turn(d.tag, method)
	d.mu.Lock()
	d.calls++
	n, p := d.calls, d.plan
	d.mu.Unlock()
	if p.crash > 0 && (n > p.crash || n == p.crash && !p.after) {
		return fmt.Errorf("%s: the process ended: %w", method, node.ErrUnreachable)
	}
	err := call()
	if err == nil && (n == p.crash || n == p.lost) {
		return fmt.Errorf("%s: answer lost: %w", method, node.ErrUnreachable)
	}
	return err
}

// run does what was planned, as often as the engine would, and notes what is known then.
func (d *device) run(p plan) {
	d.mu.Lock()
	d.plan, d.calls = p, 0
	d.mu.Unlock()
	d.w.log("%s: %s", d.tag, p)
	r := rand.New(rand.NewPCG(p.seed, 1))
	var err error
	switch p.what {
	case "backup", "checkpoint":
		err = d.backup(r, p.what == "backup")
	case "confirm":
		err = d.confirm()
	case "prune":
		err = d.prune(p.seed, []float64{-1, 0, 0.9}[r.IntN(3)])
	}
	d.mu.Lock()
	crashed := p.crash > 0 && d.calls >= p.crash
	d.mu.Unlock()
	d.w.log("%s: %s gave %v", d.tag, p.what, err)
	switch {
	case err == nil, errors.Is(err, vault.ErrRolledBack), errors.Is(err, vault.ErrKeepsNothing):
	case p.calm:
		d.w.t.Errorf("%s: %s without trouble: %v", d.tag, p, err)
	case errors.Is(err, node.ErrUnreachable) && (p.crash > 0 || p.lost > 0):
	case errors.Is(err, vault.ErrRedo) && d.w.clones(): // two processes of one device take turns
	default:
		d.w.t.Errorf("%s: %s: %v", d.tag, p, err)
	}
	if crashed {
		d.reopen(false)
	}
}

// redo runs a pass again when the storage changed under it.
func redo(pass func() error) (err error) {
	for range 3 {
		if err = pass(); !errors.Is(err, vault.ErrRedo) {
			return err
		}
	}
	return err
}

// memo is what a backup remembers in the catalog of the files that it saved: their chunks, which need no second look in
// the same generation.
type memo struct {
	Generation []byte
	Chunks     map[string][]byte // by hash of content
}

// backup edits a folder and saves it.
func (d *device) backup(r *rand.Rand, complete bool) error {
	w := d.w
	which := r.IntN(len(d.folders))
	f := d.folders[which]
	for range r.IntN(4) {
		name := fmt.Sprint("file ", r.IntN(5))
		switch r.IntN(4) {
		case 0:
			delete(f, name)
		case 1: // what other devices and folders have too
			f[name] = random(uint64(r.IntN(12)), 2_000+r.IntN(3)*20_000)
		default:
			f[name] = random(r.Uint64(), 1+r.IntN(60_000))
		}
	}
	at, content := w.tick(), maps.Clone(f)
	key := d.name + " " + strconv.FormatInt(at, 10)
	w.mu.Lock()
	w.facts.may[key] = content
	w.mu.Unlock()
	err := redo(func() error { return d.pass(which, content, at, complete) })
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && complete && !w.facts.gone[key] {
		w.facts.must[key] = content
		delete(w.facts.may, key)
	}
	return err
}

func (d *device) pass(which int, content files, at int64, complete bool) error {
	ctx := d.w.t.Context()
	s, err := d.v.Begin(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	gen, err := d.v.Generation(ctx)
	if err != nil {
		return err
	}
	id := format.FolderID{byte(which + 1)}
	copy(id[1:], d.name)
	var old memo
	key := fmt.Sprint("memo/", which)
	raw, ok, err := d.catalog.Meta(ctx, key)
	if err != nil {
		return err
	}
	if ok {
		if err := json.Unmarshal(raw, &old); err != nil {
			return err
		}
	}
	trusted := ok && bytes.Equal(old.Generation, gen)
	now := memo{Generation: gen, Chunks: map[string][]byte{}}
	tree := &format.Tree{}
	total := uint64(0)
	for _, name := range slices.Sorted(maps.Keys(content)) {
		plain := content[name]
		x := format.Entry{Name: []byte(name), Type: format.TypeFile, Mode: 0o644, MTime: at, Size: uint64(len(plain))}
		total += x.Size
		sum := sha256.Sum256(plain)
		known := old.Chunks[string(sum[:])]
		if !trusted && known != nil {
			has, err := s.Has(known)
			if err != nil {
				return err
			}
			if !has {
				known = nil
			}
		}
		if x.Chunks = known; known == nil {
			for part := range slices.Chunk(plain, 9_000) {
				id, _, err := s.Put(format.KindData, part)
				if err != nil {
					return err
				}
				x.Chunks = append(x.Chunks, id[:]...)
			}
		}
		now.Chunks[string(sum[:])] = x.Chunks
		tree.Entries = append(tree.Entries, x)
	}
	top, _, err := s.Put(format.KindTree, format.EncodeTree(tree))
	if err != nil {
		return err
	}
	_, err = s.Commit(ctx, []*format.Snapshot{{
		Version: format.Version, Folder: id, Path: []byte("/home"), Device: d.v.Device(), DeviceName: d.name, Seconds: at,
		Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: top[:]}, Files: uint64(len(content)), Bytes: total, Complete: complete,
	}}, func(tx *catalog.Tx) error {
		if !complete {
			return nil
		}
		b, err := json.Marshal(now)
		if err != nil {
			return err
		}
		return tx.SetMeta(key, b)
	})
	return err
}

func (d *device) confirm() error {
	return redo(func() error {
		s, err := d.v.Begin(d.w.t.Context())
		if err != nil {
			return err
		}
		defer s.Close()
		if err = s.Confirm(d.w.t.Context()); errors.Is(err, vault.ErrNoVault) {
			return nil // nothing was saved yet
		}
		return err
	})
}

// prune removes a random part of the versions.
func (d *device) prune(seed uint64, repack float64) error {
	waste := 0.0
	if seed%2 == 0 {
		repack, waste = 0, 0.04 // as the engine has it
	}
	w := d.w
	var asked []vault.Version
	doubt := map[string]files{}
	chosen := func(x vault.Version) bool {
		return rand.New(rand.NewPCG(seed, uint64(x.Seconds))).IntN(5) < 2
	}
	key := func(x vault.Version) string { return d.name + " " + strconv.FormatInt(x.Seconds, 10) }
	err := redo(func() error {
		asked = nil
		_, err := d.v.Prune(w.t.Context(), vault.PruneOptions{Repack: repack, Waste: waste, Remove: func(x vault.Version) bool {
			asked = append(asked, x)
			w.mu.Lock()
			defer w.mu.Unlock()
			k := key(x)
			content := w.facts.must[k]
			if content == nil && w.facts.doubted[k] > 0 { // by a copy of this device, at the same time
				content = w.facts.may[k]
			}
			if chosen(x) && content != nil && doubt[k] == nil {
				doubt[k], w.facts.may[k] = content, content
				w.facts.doubted[k]++
				delete(w.facts.must, k)
			}
			return chosen(x)
		}})
		return err
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		first, newest := map[format.FolderID]int64{}, map[format.FolderID]int64{}
		for _, x := range asked { // as they were committed, newest first
			if x.Complete {
				first[x.FolderID] = max(first[x.FolderID], x.Seconds*b2i(first[x.FolderID] == 0))
				newest[x.FolderID] = max(newest[x.FolderID], x.Seconds)
			}
		}
		for _, x := range asked {
			if chosen(x) && x.Complete && x.Seconds != first[x.FolderID] && x.Seconds != newest[x.FolderID] {
				w.facts.gone[key(x)] = true
				delete(w.facts.may, key(x))
				delete(doubt, key(x))
			}
		}
		fallthrough
	case errors.Is(err, vault.ErrKeepsNothing), errors.Is(err, vault.ErrRolledBack):
		for k, f := range doubt { // they stay, as far as it is for this one to say
			if w.facts.doubted[k]--; w.facts.doubted[k] == 0 && !w.facts.gone[k] {
				w.facts.must[k] = f
				delete(w.facts.may, k)
			}
		}
	}
	return err
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
