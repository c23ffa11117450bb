package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// PruneOptions say what Prune does beside what the rules ask for.
type PruneOptions struct {
	Now     bool // what was removed goes for good at once
	Preview bool // nothing is changed: only what would be is said
}

// Pruned is what Prune did, or would do.
type Pruned struct {
	Versions   []Version // that left the list by this, or that had left it before and are gone for good now
	Freed      int64     // bytes that came free on the storages
	FreedLater int64     // about what comes free when the removed versions go for good
	LaterBy    time.Time // when all of that is free; zero: nothing is left to go
	InUse      int       // versions that were to go and are being looked at
	Over       int64     // bytes that the backup takes beyond its bound, although only what always stays is left; 0: it fits
	Storages   []StorageFreed
}

// StorageFreed is what came free on one storage.
type StorageFreed struct {
	Name  string
	Freed int64
	Told  bool   // the storage told how full it was; else Freed is what was dropped there
	Err   string // why it could not be cleaned, in words; "": it was
}

// Prune removes the versions that the rules do not keep, and lets go for good of those whose time is over. A version that
// is removed leaves the list and can be brought back for 30 days, unless the room that it takes is needed before.
//
// Room is measured as the storages tell it; see collect.
//
// Never removed are a folder's newest version, the versions of a folder with a sudden change that nobody has answered,
// and one that is being restored or looked at.
//
// An interrupted Prune is run again; what it had removed stays restorable. Where only a further storage could not take
// part, the result is returned beside the error. Errors: ErrClock; those of vault.Prune, with which nothing is lost.
func (e *Engine) Prune(ctx context.Context, o PruneOptions, r Report) (*Pruned, error) {
	if o.Preview {
		return e.planned(ctx, e.home.config(), o)
	}
	return e.prune(ctx, cleaning{PruneOptions: o}, r)
}

// cleaning is one way to prune.
type cleaning struct {
	PruneOptions
	only  map[format.ChunkID]bool // these versions go for good, and nothing else; nil: as the rules and the time say
	quiet bool                    // nobody waits: where there is nothing to remove, nothing is done, and it gives way to a backup
}

// preview is what would go by these settings.
func (e *Engine) preview(ctx context.Context, c config) (*Pruned, error) {
	return e.planned(ctx, c, PruneOptions{Preview: true})
}

func (e *Engine) planned(ctx context.Context, c config, o PruneOptions) (*Pruned, error) {
	p, err := e.plan(ctx, c, cleaning{PruneOptions: o}, time.Now())
	if err != nil {
		return nil, err
	}
	out := p.outcome()
	out.Versions = slices.Clone(p.remove)
	for _, v := range p.own {
		if p.due[v.ID] && !slices.ContainsFunc(p.remove, func(x Version) bool { return x.ID == v.ID }) {
			out.Versions = append(out.Versions, v)
		}
	}
	return out, p.estimate(ctx, e, out)
}

func (e *Engine) prune(ctx context.Context, o cleaning, r Report) (*Pruned, error) {
	var c counters
	c.phaseName.Store("looking")
	stop := c.tell(r, "", time.Now())
	defer stop()
	full, err := e.fill(ctx)
	if err != nil {
		return nil, err
	}
	out, done, err := e.pruneFirst(ctx, o, &c)
	if err != nil || done == nil {
		return out, err
	}
	errs := []error{e.mirror(ctx, nil)}
	c.phaseName.Store("freeing")
	errs = append(errs, e.collect(ctx, full, done, out))
	if done.tight { // there was no room to write packs anew; now there is
		if again, err := e.cleanVault(ctx, nil, &c); err != nil {
			errs = append(errs, err)
		} else if again.Head != nil {
			out.Freed, out.Storages = 0, nil
			errs = append(errs, e.mirror(ctx, nil), e.collect(ctx, full, done, out))
		}
	}
	return out, errors.Join(append(errs, e.notePruned(ctx, out, o.only == nil))...)
}

// fill asks the storages how full they are; one that does not tell is left out.
func (e *Engine) fill(ctx context.Context) (map[string]int64, error) {
	full := map[string]int64{}
	for _, nc := range e.home.config().Nodes {
		c, err := e.reach(ctx, nc)
		var u node.Usage
		if err == nil {
			u, err = c.node.Usage(ctx)
		}
		if err != nil {
			e.log.Debug("a storage does not tell how full it is", "storage", nc.Name, "reason", err)
			continue
		}
		full[nc.Name] = u.RepoSize
	}
	return full, ctx.Err()
}

// collect lets every storage free what nothing needs, and measures it.
func (e *Engine) collect(ctx context.Context, full map[string]int64, done *cleaned, out *Pruned) error {
	var errs []error
	for _, nc := range e.home.config().Nodes {
		s := StorageFreed{Name: nc.Name}
		c, err := e.reach(ctx, nc)
		if err == nil {
			err = c.node.GC(ctx)
		}
		if err != nil {
			s.Err = Describe(err).Title
			errs = append(errs, fmt.Errorf("free the storage %q: %w", nc.Name, err))
			out.Storages = append(out.Storages, s)
			continue
		}
		before, known := full[nc.Name]
		u, err := c.node.Usage(ctx)
		if s.Told = known && err == nil; s.Told {
			s.Freed = max(before-u.RepoSize, 0)
		}
		if s.Freed < littleFreed && len(done.Dropped) <= fewDropped {
			if n, err := gone(ctx, c.node, done.Dropped); err != nil {
				errs = append(errs, err)
			} else if n > 0 {
				s.Freed, s.Told = max(s.Freed, n-done.StoredBytes), true
			}
		}
		out.Freed += s.Freed
		out.Storages = append(out.Storages, s)
	}
	return errors.Join(errs...)
}

// How full a storage says that it is includes the folders that it keeps blocks in, which stay when the blocks go: up to a
// few megabytes. Where little came free, the blocks that were dropped are asked for instead, if they are few.
const (
	littleFreed = 8 << 20
	fewDropped  = 1000
)

// gone is the size of those packs that a storage does not have any more.
func gone(ctx context.Context, n node.Node, packs []format.PackInfo) (bytes int64, err error) {
	for _, p := range packs {
		_, err := n.Stat(ctx, p.Digest.RawCID())
		switch {
		case errors.Is(err, node.ErrNotFound):
			bytes += int64(p.Size)
		case err != nil:
			return bytes, fmt.Errorf("look what came free: %w", err)
		}
	}
	return bytes, nil
}

// cleaned is what happened on the first storage.
type cleaned struct {
	vault.Pruned
	tight bool // nothing was written anew, because the storage is full
}

// pruneFirst removes, and lets go for good, on the first storage; cleaned is nil where nothing was to be done.
func (e *Engine) pruneFirst(ctx context.Context, o cleaning, c *counters) (*Pruned, *cleaned, error) {
	take := e.turns.take
	if o.quiet {
		var giveWay context.CancelFunc
		ctx, giveWay = context.WithCancel(ctx)
		defer giveWay()
		take = func(ctx context.Context) (func(), error) { return e.turns.takeUntilWanted(ctx, giveWay) }
	}
	done, err := take(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	p, err := e.plan(ctx, e.home.config(), o, time.Now())
	if err != nil {
		return nil, nil, err
	}
	out := p.outcome()
	if o.quiet && len(p.remove) == 0 && len(p.due) == 0 && !p.full {
		return out, nil, nil
	}
	// Removed first and gone later: what is interrupted in between is listed as removed, and can be brought back.
	if err := e.remove(p.remove, p.now); err != nil {
		return nil, nil, err
	}
	if !o.quiet {
		if err := p.estimate(ctx, e, out); err != nil {
			return nil, nil, err
		}
		out.Freed = 0 // is measured
	}
	cl, err := e.cleanTurn(ctx, p.due, o.only != nil, c)
	if err != nil {
		return nil, nil, err
	}
	left, err := e.vault().Versions(ctx, e.vault().Known())
	if err != nil {
		return nil, nil, err
	}
	if err := e.forgetMarks(ctx, left); err != nil {
		return nil, nil, err
	}
	there := map[format.ChunkID]bool{}
	for _, v := range left {
		there[v.ID] = true
	}
	for _, v := range p.own {
		if !there[v.ID] || slices.ContainsFunc(p.remove, func(x Version) bool { return x.ID == v.ID }) {
			out.Versions = append(out.Versions, v)
		}
	}
	return out, cl, e.noteVersions(ctx)
}

// cleanVault is cleanTurn for whoever does not have the turn yet.
func (e *Engine) cleanVault(ctx context.Context, due map[format.ChunkID]bool, c *counters) (*cleaned, error) {
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return e.cleanTurn(ctx, due, false, c)
}

// mostWaste is the share of the stored bytes that may stay unneeded.
const mostWaste = 0.04

// cleanTurn lets versions go for good and drops what nothing needs then. Of a storage that is full it takes no room.
//
// With thorough, nothing that is not needed is left in any pack: what a person wants to be gone is gone, also for somebody
// who has the keys and looks through the packs themselves.
func (e *Engine) cleanTurn(ctx context.Context, due map[format.ChunkID]bool, thorough bool, c *counters) (*cleaned, error) {
	c.phaseName.Store("cleaning")
	out := &cleaned{}
	o := vault.PruneOptions{
		Remove: func(v Version) bool { return due[v.ID] && !e.uses.now(v.ID, time.Now()) },
		Waste:  mostWaste,
		Report: func(done, total int64) { c.files.Store(done); c.totalFiles.Store(total) },
	}
	if thorough {
		o.Repack, o.Waste = 1, 0
	}
	for try := 1; ; try++ {
		p, err := e.vault().Prune(ctx, o)
		switch {
		case err == nil:
			out.Pruned = *p
			return out, nil
		case errors.Is(err, vault.ErrRedo) && try < redoTries:
			e.log.Info("cleaning up is run again", "reason", err)
		case errors.Is(err, node.ErrNoSpace) && !out.tight:
			e.log.Warn("the storage is full; what nothing needs is dropped without writing anything anew")
			out.tight, o.Waste, o.Repack = true, 0, -1
		default:
			return nil, fmt.Errorf("clean up: %w", err)
		}
	}
}

// remove marks versions as removed.
func (e *Engine) remove(list []Version, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	return e.changeMarks(func(m marks) error {
		for _, v := range list {
			if !m.removed(v.ID) {
				m[v.ID] = mark{ID: v.ID.String(), On: now.UTC()}
			}
		}
		return nil
	})
}

// forgetMarks drops what is noted of versions that are gone; left are those of all devices that are there.
func (e *Engine) forgetMarks(ctx context.Context, left []Version) error {
	m, err := e.marks()
	if err != nil {
		return err
	}
	for _, v := range left {
		delete(m, v.ID)
	}
	if len(m) == 0 {
		return nil
	}
	err = e.changeMarks(func(all marks) error {
		for id := range m {
			delete(all, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.cat.Update(ctx, func(tx *catalog.Tx) error {
		for id := range m {
			if err := tx.DeleteMeta(metaUsed(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// plan is what a cleaning is going to do.
type plan struct {
	now    time.Time
	own    []Version // of this device, newest first, removed ones too
	marks  marks
	remove []Version               // leave the list
	due    map[format.ChunkID]bool // go for good
	inUse  int
	over   int64
	full   bool           // the backup takes more than its bound
	w      *vault.Weights // nil: nobody needed them yet
}

// mostOff is how far the clock may be behind what was written by it, here or on another device.
const mostOff = 24 * time.Hour

func (e *Engine) plan(ctx context.Context, c config, o cleaning, now time.Time) (*plan, error) {
	st, err := e.state(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range st.Heads {
		if h.Time().After(now.Add(mostOff)) {
			return nil, fmt.Errorf("%w: it says %s, and %q has saved on %s", ErrClock, now.Format(time.DateTime), h.Name(), h.Time().Format(time.DateTime))
		}
	}
	p := &plan{now: now, due: map[format.ChunkID]bool{}}
	all, err := e.vault().Versions(ctx, st)
	if err != nil {
		return nil, err
	}
	if p.marks, err = e.marks(); err != nil {
		return nil, err
	}
	p.own = slices.DeleteFunc(all, func(v Version) bool { return v.Device != e.vault().Device() })
	stays := staying(st.Own(e.vault().Device()), p.own, p.marks)
	if o.only == nil {
		p.byRules(c, stays)
		if c.Fit > 0 {
			if err := p.fit(ctx, e, c, stays); err != nil {
				return nil, err
			}
		}
	}
	for _, v := range p.own {
		m := p.marks[v.ID]
		removed := p.marks.removed(v.ID) || slices.ContainsFunc(p.remove, func(x Version) bool { return x.ID == v.ID })
		over := o.Now || !m.On.IsZero() && !m.until().After(now) || p.due[v.ID]
		if o.only != nil {
			over = o.only[v.ID]
		}
		switch {
		case !removed || !over || stays[v.ID] || wasHeld(c, v):
			delete(p.due, v.ID)
		case e.uses.now(v.ID, now):
			delete(p.due, v.ID)
			p.inUse++
		default:
			p.due[v.ID] = true
		}
	}
	return p, nil
}

// wasHeld tells the version that a person may want to go back to after a sudden change.
func wasHeld(c config, v Version) bool {
	return slices.ContainsFunc(c.Folders, func(f folderConfig) bool { return f.Held != nil && f.Held.Snapshot == v.ID.String() })
}

// staying are the versions that always stay: of those of a folder that are not removed the newest complete one or, where
// none is complete, the newest. Where a clock was set back, the newest by its time and the one that was saved last do.
func staying(own *vault.Head, list []Version, m marks) map[format.ChunkID]bool {
	out := map[format.ChunkID]bool{}
	pick := func(list []Version) {
		best := map[format.FolderID]Version{}
		for _, v := range list {
			b, ok := best[v.FolderID]
			if !m.removed(v.ID) && (!ok || v.Complete && !b.Complete) {
				best[v.FolderID] = v
			}
		}
		for _, v := range best {
			out[v.ID] = true
		}
	}
	pick(list)
	if own != nil {
		var saved []Version
		for _, s := range own.Snapshots {
			saved = append(saved, Version{Summary: s, FolderID: own.Folders[s.Folder].ID})
		}
		pick(saved)
	}
	return out
}

// byRules chooses what the rules do not keep.
func (p *plan) byRules(c config, stays map[format.ChunkID]bool) {
	for _, f := range c.Folders {
		if f.Held != nil {
			continue // a person is asked; until then nothing is taken
		}
		var list []Version
		for _, v := range p.own {
			if v.FolderID == f.id() && v.Complete && !p.marks.removed(v.ID) {
				list = append(list, v)
			}
		}
		for _, v := range c.rulesFor(f.id()).surplus(list, time.Local) {
			if !stays[v.ID] && !p.marks[v.ID].Kept {
				p.remove = append(p.remove, v)
			}
		}
	}
}

func (p *plan) outcome() *Pruned { return &Pruned{InUse: p.inUse, Over: p.over} }

// weigh reads what versions take, once.
func (p *plan) weigh(ctx context.Context, e *Engine) (*vault.Weights, error) {
	if p.w != nil {
		return p.w, nil
	}
	var err error
	p.w, err = e.vault().Weigh(ctx, nil)
	return p.w, err
}

// estimate says what comes free: of what goes for good, and later.
func (p *plan) estimate(ctx context.Context, e *Engine, out *Pruned) error {
	var later []Version
	for _, v := range p.own {
		on, removed := p.marks[v.ID].On, p.marks.removed(v.ID)
		if !removed && slices.ContainsFunc(p.remove, func(x Version) bool { return x.ID == v.ID }) {
			on, removed = p.now, true
		}
		if !removed || p.due[v.ID] {
			continue
		}
		later = append(later, v)
		if until := on.Add(restorableFor); until.After(out.LaterBy) {
			out.LaterBy = until
		}
	}
	if len(later) == 0 && len(p.due) == 0 {
		return nil
	}
	w, err := p.weigh(ctx, e)
	if err != nil {
		return err
	}
	for _, v := range p.own {
		if p.due[v.ID] {
			out.Freed += w.Remove(v.ID)
		}
	}
	for _, v := range later {
		out.FreedLater += w.Remove(v.ID)
	}
	for _, v := range p.own { // the plan is used once, but what it weighs stays what it was
		w.Keep(v.ID)
	}
	return nil
}
