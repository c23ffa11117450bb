package syncer

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

const (
	// restorers is how many files are written at once. They follow each other in the order of the trees, so that
	// neighbours find their pack in memory.
	restorers = 4
	// queuedFiles is how many more are on their way to a restorer.
	queuedFiles = 16
	// readsAtOnce is how many chunks all restorers together ask the storage for at a time.
	readsAtOnce = 8
)

// Restore brings files back from a version. It first reads the folders alone, to know that all paths are in the version
// and that there is room; nothing is written before that. Files are written beside their place and take it whole, with
// all metadata, so that an interrupted restore leaves only whole files: the same call again goes on with what is missing.
// When it returns nil, all that it wrote would survive a power cut.
//
// A file that cannot be restored is in Failed and does not stop the others. An error means that the restore ended:
// ErrUsage, ErrUnknownVersion, ErrAmbiguous, ErrNotInVersion, ErrNoRoom; the storage cannot be asked; the disk is full
// or read-only; the context is over. What was done until then is returned beside it.
func (e *Engine) Restore(ctx context.Context, o RestoreOptions, report Report) (*Restored, error) {
	out, err := e.restore(ctx, o, report)
	if out != nil {
		if nerr := e.noteRestored(context.WithoutCancel(ctx), out, int64(len(out.Failed))); nerr != nil {
			e.log.Warn("the restore could not be written down", "reason", nerr) // files that are back are not lost for that
		}
	}
	return out, err
}

// restore is Restore, and leaves it to the caller to write down what became of it. Without a result nothing was written.
func (e *Engine) restore(ctx context.Context, o RestoreOptions, report Report) (*Restored, error) {
	if o.OnConflict == "" {
		o.OnConflict = KeepBoth
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	versions, err := e.resolve(ctx, o.Snapshot)
	if err != nil {
		return nil, err
	}
	ids := make([]format.ChunkID, len(versions))
	for i, v := range versions {
		ids[i] = v.ID
	}
	defer e.uses.hold(ids...)()
	r := &restore{
		e: e, rule: o.OnConflict, report: report, started: time.Now(), out: &Restored{},
		reads: make(chan struct{}, readsAtOnce), devices: map[uint64]*disk.Dir{},
	}
	targets, err := r.targets(ctx, versions, o)
	if err == nil {
		defer e.readVault().ExpectNothing()
		err = r.plan(ctx, targets)
	}
	if vault.IsDamage(err) {
		if gone := e.stillThere(ctx, ids); gone != nil {
			return nil, gone
		}
	}
	if err != nil {
		return nil, err
	}
	out, err := r.run(ctx, targets)
	if slices.ContainsFunc(out.Failed, func(f Failure) bool { return f.Damage }) {
		err = errors.Join(err, e.stillThere(ctx, ids))
	}
	return out, err
}

// stillThere looks, after a restore met damage, whether the storage still lists the versions: another device may have
// removed them meanwhile, and then nothing is damaged.
func (e *Engine) stillThere(ctx context.Context, ids []format.ChunkID) error {
	st, err := e.state(ctx)
	if err != nil {
		return nil // what failed is named, and why
	}
	all, damage, err := e.everyVersion(ctx, st)
	if err != nil || damage != nil {
		return nil
	}
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(v Version) bool { return v.ID == id }) {
			return fmt.Errorf("restore %.12s: %w", id, ErrGone)
		}
	}
	return nil
}

func (o RestoreOptions) check() error {
	switch {
	case o.OnConflict != KeepBoth && o.OnConflict != Replace && o.OnConflict != SkipFile:
		return fmt.Errorf("%w: %q says nothing about files that are there already", ErrUsage, o.OnConflict)
	case o.InPlace && o.To != "":
		return fmt.Errorf("%w: either to a folder or to where it was", ErrUsage)
	case !o.InPlace && o.To == "":
		return fmt.Errorf("%w: no folder to restore to", ErrUsage)
	}
	return nil
}

// restore is one restore under way.
type restore struct {
	counters
	e       *Engine
	rule    OnConflict
	report  Report
	started time.Time
	reads   chan struct{} // holds one for each chunk that is being read
	warned  atomic.Int64  // files and folders that lack some of their metadata
	skipped atomic.Int64  // files that SkipFile left out

	mu      sync.Mutex // guards below
	out     *Restored
	devices map[uint64]*disk.Dir // one folder on every file system that was entered below the targets
}

// run writes.
func (r *restore) run(ctx context.Context, targets []*target) (_ *Restored, err error) {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, d := range r.devices {
			err = errors.Join(err, d.Close())
		}
		slices.SortFunc(r.out.Failed, func(a, b Failure) int { return strings.Compare(a.Path, b.Path) })
	}()
	r.phaseName.Store("restoring")
	stop := r.syncAsItGoes()
	unopened, err := r.restoreTargets(ctx, targets)
	if err := errors.Join(err, stop()); err != nil {
		return r.out, err
	}
	if len(r.out.Targets) == 0 {
		return r.out, unopened
	}
	r.phaseName.Store("confirming")
	if err := r.sync(); err != nil {
		return r.out, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Left, r.out.Bare = r.skipped.Load(), r.warned.Load()
	r.e.log.Info("restored", "files", r.out.Files, "same", r.out.Same, "left out", r.out.Left, "failed", len(r.out.Failed),
		"without all metadata", r.out.Bare)
	return r.out, nil
}

// restoreTargets writes all. unopened tells of the folders that could not be opened.
func (r *restore) restoreTargets(ctx context.Context, targets []*target) (unopened, err error) {
	for _, t := range targets {
		switch err := r.restoreTarget(ctx, t); {
		case isFileError(err): // this folder cannot be opened; another one may
			unopened = errors.Join(unopened, fmt.Errorf("restore to %s: %w", t.path, err))
			r.fail(path.Join(t.prefix, "."), err)
		case err != nil:
			return unopened, fmt.Errorf("restore to %s: %w", t.path, err)
		}
	}
	return unopened, nil
}

// restoreTarget writes one version. A fileError means that its folder could not be opened.
func (r *restore) restoreTarget(ctx context.Context, t *target) error {
	stop := r.tell(r.report, t.path, r.started)
	defer stop()
	var err error
	if t.ground, err = disk.OpenTarget(t.within); err != nil {
		return local(err)
	}
	defer t.ground.Close() // nothing is written through it any more
	w := &walk{r: r, t: t, jobs: make(chan job, queuedFiles), links: map[linkKey]*linked{}}
	top, err := w.top()
	if err != nil {
		return err
	}
	r.out.Targets = append(r.out.Targets, t.path)
	g, ctx := errgroup.WithContext(ctx)
	for range restorers {
		g.Go(func() error {
			for j := range w.jobs {
				err := w.file(ctx, j)
				w.release(ctx, j.in)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(w.jobs)
		return w.run(ctx, top)
	})
	err = g.Wait()
	for j := range w.jobs { // left by restorers that ended early
		w.release(ctx, j.in)
	}
	return err
}

// fail notes what could not be restored.
func (r *restore) fail(path string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Failed = append(r.out.Failed, Failure{Path: path, Reason: restoreReason(err), Damage: vault.Unusable(err)})
}

// failsAlone tells an error of one file or folder from one that ends the restore.
func failsAlone(err error) bool { return isFileError(err) || vault.Unusable(err) }

// local sorts an error of this computer's disk: one that every further file would meet ends the restore.
func local(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, disk.ErrNoSpace):
		return fmt.Errorf("%w: %w", ErrNoRoom, err)
	case errors.Is(err, disk.ErrReadOnly):
		return err
	}
	return fileError{err}
}

// placed takes the error of putting something in place; one that only warns of metadata is counted and done with.
func (r *restore) placed(err error) error {
	if w, ok := errors.AsType[*disk.MetaWarning](err); ok {
		r.warned.Add(1)
		r.e.log.Debug("restored without some metadata", "missing", w.Names)
		return nil
	}
	return err
}

// metaOf is what a version records beside the content.
func metaOf(x *format.Entry) disk.Meta {
	m := disk.Meta{Mode: x.Mode, MTimeSec: x.MTime, MTimeNsec: int32(x.MNano)}
	if x.Owner != nil {
		m.HasOwner, m.UID, m.GID = true, x.Owner.UID, x.Owner.GID
	}
	for _, a := range x.Xattrs {
		m.Xattrs = append(m.Xattrs, disk.Xattr{Name: string(a.Name), Value: a.Value})
	}
	return m
}
