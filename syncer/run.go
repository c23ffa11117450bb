package syncer

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"roost/syncer/host"
	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
)

// Run keeps every folder until ctx ends: it watches, saves what changes, asks the storages how they are, and publishes a
// Status. Folders and settings may be changed meanwhile. The caller holds the home's lock.
//
// Nothing has to be written down for a crash: what waits is the difference between the disk and the catalog, and the scan
// that every start begins with finds it.
func (e *Engine) Run(ctx context.Context) error {
	k := newKeeper(e)
	if !e.running.CompareAndSwap(nil, k) {
		return ErrBusy
	}
	defer e.running.Store(nil)
	if e.opts.Gentle {
		if err := host.Gentle(); err != nil {
			e.log.Info("other programs cannot be let go first", "reason", err)
		}
	}
	k.run(ctx)
	return ctx.Err()
}

// Watch yields the newest Status whenever it has changed, while Run runs or until ctx ends. A slow reader skips some.
func (e *Engine) Watch(ctx context.Context) iter.Seq[Status] {
	return e.published.watch(ctx)
}

// poke lets what runs look at the settings again.
func (e *Engine) poke() {
	if k := e.running.Load(); k != nil {
		poke(k.settings)
	}
}

// poke leaves a note in a channel that holds one; a note that lies there already will do.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// keeper is Run at work: what it knows, and who is told when that changes.
type keeper struct {
	e        *Engine
	settings chan struct{} // holds one when the settings changed
	news     chan struct{} // holds one when a fact changed
	stores   chan struct{} // holds one when the storages should be asked now
	beacons  chan struct{} // holds one when it should be looked whether a beacon is due
	heard    chan struct{} // holds one when another device said that it published something

	asking turns // of the storages

	// watch begins to watch a folder: startWatcher, but in tests of time, in which no kernel may take part.
	watch func(*keeping, context.Context, config) started

	mu       sync.Mutex // guards below
	folders  map[format.FolderID]*keeping
	storages map[string]*storageFacts
	commits  []time.Time // recent ones, oldest first
	newest   time.Time   // when the last of them was made; zero: none was
	computer host.Facts
	lost     int
	damaged  []error
}

func newKeeper(e *Engine) *keeper {
	one := func() chan struct{} { return make(chan struct{}, 1) }
	return &keeper{
		e: e, settings: one(), news: one(), stores: one(), beacons: one(), heard: one(), folders: map[format.FolderID]*keeping{}, storages: map[string]*storageFacts{},
		watch: (*keeping).startWatcher,
	}
}

func (k *keeper) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { k.publish(ctx) })
	wg.Go(func() { k.askStorages(ctx) })
	wg.Go(func() { k.watchComputer(ctx) })
	wg.Go(func() { k.keepSurveyed(ctx) })
	wg.Go(func() { k.proveAll(ctx) })
	wg.Go(func() { k.e.restores.keep(ctx, k, restorer{k.e}) })
	wg.Go(func() { k.e.brings.keep(ctx, k, bearer{k.e}) })
	wg.Go(func() { k.tidy(ctx) })
	wg.Go(func() { k.keepFindable(ctx) })
	wg.Go(func() { k.noticeOthers(ctx) })
	wg.Go(func() { k.hearOthers(ctx) })
	k.keepFolders(ctx)
}

// keepFolders keeps the folders that the settings have until ctx ends.
func (k *keeper) keepFolders(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		k.follow(ctx, &wg)
		k.e.applyLimits(time.Now())
		poke(k.news)
		poke(k.beacons)
		select {
		case <-k.settings:
		case <-ctx.Done():
			return
		}
	}
}

// follow starts and stops the keeping of folders as the settings have them.
func (k *keeper) follow(ctx context.Context, wg *sync.WaitGroup) {
	c := k.e.home.config()
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, f := range k.folders {
		if !slices.ContainsFunc(c.Folders, func(fc folderConfig) bool { return fc.id() == id }) {
			f.stop()
			delete(k.folders, id)
		}
	}
	for _, fc := range c.Folders {
		f, ok := k.folders[fc.id()]
		if !ok {
			f = k.newKeeping(fc)
			k.folders[fc.id()] = f
			inner, stop := context.WithCancel(ctx)
			f.stop = stop
			wg.Go(func() { f.run(inner) })
		}
		f.config = fc
		poke(f.wake)
	}
	for name := range k.storages {
		if !slices.ContainsFunc(c.Nodes, func(n nodeConfig) bool { return n.Name == name }) {
			delete(k.storages, name)
		}
	}
	for _, n := range c.Nodes {
		if k.storages[n.Name] == nil {
			k.storages[n.Name] = &storageFacts{name: n.Name}
			poke(k.stores)
		}
	}
}

const (
	publishLeast = 100 * time.Millisecond // between two Statuses
	publishMost  = 30 * time.Second       // after which one is made anyway: some of it is only a matter of time
)

// publish makes a Status of the facts whenever they change.
func (k *keeper) publish(ctx context.Context) {
	for ctx.Err() == nil {
		k.e.published.put(statusOf(k.facts(time.Now())))
		wait(ctx, publishLeast)
		select {
		case <-k.news:
		case <-time.After(publishMost):
		case <-ctx.Done():
		}
	}
}

// facts is a copy of what is known.
func (k *keeper) facts(now time.Time) facts {
	now = now.Round(0) // ages are counted by the clock on the wall: Go's own stands still while a computer sleeps
	c := k.e.home.config()
	f := k.e.settledFacts(c, now)
	f.watching, f.restore, f.bring = true, k.e.restoreRun(), k.e.bringRun()
	for i := range c.Folders {
		f.folders = append(f.folders, folderOf(&c.Folders[i], now))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f.newest = k.newest
	for _, n := range c.Nodes {
		x := storageFacts{name: n.Name}
		if known := k.storages[n.Name]; known != nil {
			x = *known
		}
		x.url, x.dir, x.quota = k.e.addressOf(n), n.Dir, n.Limit
		f.storages = append(f.storages, x)
	}
	for i := range f.folders {
		if kept := k.folders[f.folders[i].id]; kept != nil {
			kept.fill(&f.folders[i], c, now)
		}
	}
	f.others = lostParts(k.lost)
	for _, d := range k.damaged {
		f.others = append(f.others, k.e.describeOn(c.Nodes[0].Name, d))
	}
	f.others = append(f.others, oldKeyProblems(k.e.bundle.OldKeys())...)
	f.proof = k.e.knownProof(context.Background())
	return f
}

// ask brings what is known of the storages up to date and makes a Status of it.
func (k *keeper) ask(ctx context.Context) Status {
	limited, cancel := context.WithTimeout(ctx, tellPatience)
	defer cancel()
	k.checkStorages(limited, askedLately)
	s := statusOf(k.facts(time.Now()))
	k.e.published.put(s) // whoever watches is not behind the one who asked
	return s
}

// wait sleeps, but not beyond the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// clockEvery is how often the keeper looks at the clock and at the computer.
const clockEvery = time.Minute

// watchComputer notices that the computer slept: then nothing that is known can be relied on. It also learns what the
// battery and the network ask for.
func (k *keeper) watchComputer(ctx context.Context) {
	var clock host.Clock
	clock.Next(host.Now())
	for ctx.Err() == nil {
		facts := host.Read(ctx)
		k.mu.Lock()
		k.computer = facts
		k.mu.Unlock()
		wait(ctx, clockEvery)
		k.tick(&clock, host.Now())
	}
}

// tick lets everything that is due begin, and all of it be looked through and asked when the clocks tell of a sleep.
func (k *keeper) tick(clock *host.Clock, r host.Reading) {
	if j := clock.Next(r); j != (host.Jump{}) {
		k.e.log.Info("the computer slept or its clock was set; everything is looked through again", "slept", j.Slept, "set", j.Set)
		k.rescan()
	}
	k.wakeAll()
}

// rescan has every folder looked through whole, and every storage asked.
func (k *keeper) rescan() {
	k.mu.Lock()
	for _, f := range k.folders {
		f.pending.all = true
		f.retry = time.Time{}
	}
	k.mu.Unlock()
	poke(k.stores)
	k.wakeAll()
}

// lookAgain has one folder looked through whole.
func (k *keeper) lookAgain(id format.FolderID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f := k.folders[id]; f != nil {
		f.pending.add(pending{all: true, since: time.Now()})
	}
}

func (k *keeper) wakeAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.folders {
		poke(f.wake)
	}
	poke(k.news)
}

const (
	askEvery     = 5 * time.Minute  // a storage that is well
	askSickEvery = 45 * time.Second // one that is not
	// one of several that act as one, while the newest state is on its way from member to member
	askArrivingEvery = 5 * time.Second
	askedLately      = 5 * time.Second // who asks for the status is content with an answer as young as this
	askPatience      = 20 * time.Second
	tellPatience     = 4 * time.Second // then who asks is told what is known
)

// askStorages asks every storage now and then.
func (k *keeper) askStorages(ctx context.Context) {
	for ctx.Err() == nil {
		k.checkStorages(ctx, 0)
		k.catchUp(ctx, time.Now())
		if err := k.e.tryOldKeys(ctx); err != nil && ctx.Err() == nil {
			k.e.log.Warn("whether old keys are refused could not be written down", "reason", err)
		}
		if err := k.e.finishReplacing(ctx); err != nil && ctx.Err() == nil {
			k.e.log.Info("the computer that is replaced stays for now", "problem", Describe(err).Code)
			k.e.log.Debug("why the computer that is replaced stays", "error", err)
		}
		k.e.applyLimits(time.Now())
		if err := k.e.noteTraffic(ctx); err != nil && ctx.Err() == nil {
			k.e.log.Warn("this month's traffic could not be written down", "reason", err)
		}
		if err := k.sampleAll(ctx); err != nil && ctx.Err() == nil {
			k.e.log.Warn("how full the storages are could not be written down", "reason", err)
		}
		every := askEvery
		switch {
		case k.arriving():
			every = askArrivingEvery
		case k.sick():
			every = askSickEvery
		}
		select {
		case <-k.stores:
		case <-time.After(every):
		case <-ctx.Done():
		}
	}
}

// checkStorages asks the storages that were not asked within that long. One that answers again lets the folders try at
// once; one that lost the newest state has them looked through, which gives it back.
func (k *keeper) checkStorages(ctx context.Context, lately time.Duration) {
	done, err := k.asking.take(ctx)
	if err != nil {
		return
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	own, known := k.e.newestOwn()
	if !known {
		_, err = k.e.state(ctx)
		own, known = k.e.newestOwn()
	}
	var wg sync.WaitGroup
	for i, nc := range k.e.home.config().Nodes {
		x := k.storage(nc.Name)
		if lately > 0 && time.Since(x.checked) < lately {
			continue
		}
		wg.Go(func() {
			was := x.err
			if i == 0 && err != nil {
				x.answered(err, false)
			} else {
				x.check(ctx, k.e, nc, own, known)
			}
			if errors.Is(ctx.Err(), context.Canceled) {
				return
			}
			if now, _ := k.e.newestOwn(); !sameState(now, own) {
				poke(k.stores) // a commit came between: what was confirmed is not the newest
				return
			}
			x.checked = time.Now()
			k.setStorage(x)
			switch {
			case was != nil && x.err == nil:
				k.retryNow()
			case was == nil && errors.Is(x.err, node.ErrNotPinned) && !errors.Is(x.err, errBehind):
				k.rescan()
			}
		})
	}
	wg.Wait()
}

func (k *keeper) storage(name string) storageFacts {
	k.mu.Lock()
	defer k.mu.Unlock()
	if x := k.storages[name]; x != nil {
		return *x
	}
	return storageFacts{name: name}
}

func (k *keeper) setStorage(x storageFacts) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was := k.storages[x.name]; was != nil { // it was not removed meanwhile
		x.copying = was.copying // which is not for who asked to say
		k.storages[x.name] = &x
	}
	poke(k.news)
}

// sick tells whether something is wrong with a storage.
func (k *keeper) sick() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range k.storages {
		if x.err != nil {
			return true
		}
	}
	return false
}

// arriving tells whether a member of a cluster is on its way to the newest state.
func (k *keeper) arriving() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range k.storages {
		if c := x.cluster; c != nil && c.Known && slices.ContainsFunc(c.Members, func(m MemberStatus) bool { return m.State == MemberWaiting }) {
			return true
		}
	}
	return false
}

// catchUp copies the newest state to storages that are behind, and has the members of a cluster get it, unless the folders' own work would wait now.
func (k *keeper) catchUp(ctx context.Context, now time.Time) {
	c := k.e.home.config()
	k.mu.Lock()
	if c.Paused.After(now) || k.holdAll(c, now) != nil || k.e.budgetHold(c, false, now) != nil {
		k.mu.Unlock()
		return
	}
	behind, tooFew := false, map[string]time.Duration{} // for how long too few members of a cluster hold the newest state
	for _, x := range k.storages {
		behind = behind || errors.Is(x.err, errBehind)
		if errors.Is(x.err, ErrMembersBehind) {
			tooFew[x.name] = now.Sub(x.since)
		}
	}
	k.mu.Unlock()
	own, _ := k.e.newestOwn()
	for _, nc := range c.Nodes {
		if since, ok := tooFew[nc.Name]; ok {
			if err := k.e.refill(ctx, nc, own, since > replaceAfter); err != nil && ctx.Err() == nil {
				k.e.log.Info("members of a cluster stay behind for now", "storage", nc.Name, "reason", err)
			}
		}
	}
	if !behind {
		return
	}
	if err := k.e.bringBack(ctx); err != nil && ctx.Err() == nil {
		k.e.log.Info("what the first storage lost stays where it is for now", "reason", err)
	}
	if err := k.e.mirror(ctx, nil); err != nil {
		k.e.log.Info("a storage stays behind for now", "reason", err)
	}
}

// newestOwn is this computer's newest state as the last commit or look left it, nil when it has none; false while nobody
// has looked.
func (e *Engine) newestOwn() (*vault.Head, bool) {
	p := e.first.Load()
	if p == nil {
		return nil, false
	}
	st := p.vault.Known()
	if st == nil {
		return nil, false
	}
	return st.Own(p.vault.Device()), true
}

// sameState tells whether two looks at this computer's newest state found the same.
func sameState(a, b *vault.Head) bool {
	return a == b || a != nil && b != nil && a.Root == b.Root
}

// learnDamage takes over what is known to be wrong with the stored data.
func (k *keeper) learnDamage() {
	p := k.e.first.Load()
	if p == nil {
		return
	}
	lost, err := p.vault.LostCount(context.Background())
	if err != nil {
		k.e.log.Warn("the list of lost parts cannot be read", "reason", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lost = lost
	if p.vault.Known() != nil {
		k.damaged = k.e.damaged()
	}
}

// retryNow lets every folder whose pass failed try again.
func (k *keeper) retryNow() {
	k.mu.Lock()
	for _, f := range k.folders {
		if f.err != nil {
			f.retry = time.Time{}
		}
	}
	k.mu.Unlock()
	k.wakeAll()
}
