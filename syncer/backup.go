package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"roost/syncer/disk"
	"roost/syncer/ignore"
	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
)

// Checkpoints: a long backup commits what it has at least this often, so that a computer lost half-way leaves what the
// last checkpoint held.
const (
	checkpointEvery = 10 * time.Minute
	checkpointBytes = 10 << 30
)

// redoTries bounds how often a pass is run again because the storage changed under it.
const redoTries = 3

// Backup makes one pass over the folders (all when dirs is empty) and returns when every storage holds the result. A pass
// that was interrupted is taken up again: what a storage has confirmed is not sent twice. Where only a further storage
// could not take its copy, the results are returned beside the error.
//
// A folder that is missing does not stop the others; its last version stands. Files that could not be read are named and
// keep the state of the last version.
func (e *Engine) Backup(ctx context.Context, dirs []string, r Report) ([]Saved, error) {
	folders, err := e.chosen(dirs)
	if err != nil {
		return nil, err
	}
	var out []Saved
	for _, f := range folders {
		s, err := e.save(ctx, f, nil, r)
		if err != nil {
			return out, fmt.Errorf("save %s: %w", f.Path, err)
		}
		out = append(out, *s)
	}
	if err := e.mirror(ctx, r); err != nil {
		return out, err
	}
	if err := e.finishReplacing(ctx); err != nil && ctx.Err() == nil {
		e.log.Warn("the computer that is replaced stays for now", "reason", err)
	}
	e.leaveBeaconAlone(ctx)
	return out, ctx.Err()
}

// save makes one pass over a folder, or the part of it in scope, and writes down what came of it. Of any number of callers
// one at a time has the storage.
func (e *Engine) save(ctx context.Context, f folderConfig, sc *scope, r Report) (s *Saved, err error) {
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if k := e.running.Load(); k != nil {
		begun := k.begin(f, sc, &r)
		defer func() { begun(s, err) }()
	}
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	if err := e.bringBackNow(ctx); err != nil {
		return nil, err
	}
	if s, err = e.backupFolder(ctx, f, sc, r); err != nil {
		return nil, err
	}
	if err := e.noteVersions(ctx); err != nil {
		return nil, err
	}
	if e.bundle.Changed() { // a newer keyring was met
		if err := e.home.saveBundle(e.bundle, e.master); err != nil {
			return nil, err
		}
	}
	return s, errors.Join(e.noteSaved(ctx, s), e.noteTraffic(ctx))
}

// noteVersions remembers the list of versions as the last commit left it.
func (e *Engine) noteVersions(ctx context.Context) error {
	st := e.vault().Known()
	if st == nil {
		return nil
	}
	list, _, err := e.everyVersion(ctx, st)
	if err != nil {
		return err
	}
	return e.keepVersions(ctx, list)
}

func (e *Engine) chosen(dirs []string) ([]folderConfig, error) {
	if len(dirs) == 0 {
		if len(e.home.config().Folders) == 0 {
			return nil, fmt.Errorf("%w: no folder was added yet", ErrUsage)
		}
		return e.home.config().Folders, nil
	}
	var out []folderConfig
	for _, d := range dirs {
		f, err := e.folder(d)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(x folderConfig) bool { return x.ID == f.ID }) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (e *Engine) backupFolder(ctx context.Context, f folderConfig, sc *scope, r Report) (*Saved, error) {
	root, err := disk.OpenRoot(string(f.Path))
	if err != nil {
		level := slog.LevelWarn
		if e.running.Load() != nil {
			level = slog.LevelDebug // it is looked for every minute, and the Status says so
		}
		e.log.Log(ctx, level, "a folder is not there; its last version stands", "folder", f.ID, "reason", rootCause(err))
		e.log.Debug("the folder that is not there", "folder", f.ID, "error", err)
		return &Saved{Folder: string(f.Path), Missing: true, Skipped: []Skipped{{Path: string(f.Path), Reason: reason(err), Failed: true}}}, nil
	}
	defer root.Close()
	for try := 1; ; try++ {
		s, err := e.pass(ctx, f, root, sc, r)
		if errors.Is(err, vault.ErrRedo) && try < redoTries {
			e.log.Info("the pass is run again", "reason", err)
			continue
		}
		return s, err
	}
}

// begin opens a session, within what the storage may hold, and a pass in it; end closes both.
func (e *Engine) begin(ctx context.Context, f folderConfig, root *disk.Dir, sc *scope, r Report) (p *pass, end func(), err error) {
	s, err := e.vault().Begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err = e.allow(ctx, s); err == nil {
		p, err = e.newPass(ctx, f, s, root, sc, r)
	}
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return p, func() { p.stop(); s.Close() }, nil
}

// pass scans one folder and commits its snapshot.
func (e *Engine) pass(ctx context.Context, f folderConfig, root *disk.Dir, sc *scope, r Report) (*Saved, error) {
	p, end, err := e.begin(ctx, f, root, sc, r)
	if err != nil {
		return nil, err
	}
	defer end()
	s := p.s
	p.expect(ctx, s.Previous(f.id()))
	top, err := p.run(ctx)
	if err != nil {
		return nil, err
	}
	p.carry()
	out := &Saved{Folder: string(f.Path), Files: p.files.Load(), Bytes: p.bytes.Load(), Skipped: p.skippedList(), Complete: true}
	if prev := s.Previous(f.id()); len(prev) > 0 && prev[0].Complete {
		same, err := p.sameAs(ctx, prev[0], top)
		if err != nil {
			return nil, err
		}
		if same && !p.repair {
			return p.unchanged(ctx, out, prev[0])
		}
		held, make, err := p.watchOver(ctx, prev[0], tally{out.Files, out.Bytes})
		if err != nil {
			return nil, err
		}
		if out.Held = held; !make {
			out.ID, out.Time, out.Unchanged = prev[0].ID, prev[0].Time(), true
			return out, nil
		}
	}
	p.phase("confirming")
	snap := p.snapshot(top, true)
	c, err := s.Commit(ctx, []*format.Snapshot{snap}, p.remember)
	if err != nil {
		return nil, err
	}
	if p.folder.Held != nil && p.folder.Held.Meant {
		if err := p.hold(nil); err != nil {
			return nil, err
		}
	}
	out.ID, out.Time = c.IDs[0], time.Unix(snap.Seconds, int64(snap.Nanos))
	out.NewBytes, out.StoredBytes = s.Stats().NewBytes, c.Stored
	p.e.tellOthers(ctx)
	return out, nil
}

// sameAs tells whether the pass found exactly what a version holds.
func (p *pass) sameAs(ctx context.Context, v format.Summary, top *format.Entry) (bool, error) {
	old, err := p.e.vault().Snapshot(ctx, v.ID)
	if err == nil {
		err = old.Fits(v, p.folder.id())
	}
	if vault.IsDamage(err) {
		return false, nil // a new version is the remedy
	}
	if err != nil {
		return false, err
	}
	return string(format.EncodeEntry(&old.Root)) == string(format.EncodeEntry(top)) && string(old.Path) == string(p.folder.Path), nil
}

// unchanged confirms, with the storage, that the newest version still holds, and leaves no trace of this pass.
func (p *pass) unchanged(ctx context.Context, out *Saved, v format.Summary) (*Saved, error) {
	if err := p.s.Confirm(ctx); err != nil {
		return nil, err
	}
	if err := p.e.cat.Update(ctx, p.remember); err != nil {
		return nil, err
	}
	out.ID, out.Time, out.Unchanged, out.Held = v.ID, v.Time(), true, p.folder.Held.shown()
	if out.Held != nil && out.Held.Empty { // its disk is back
		out.Held = nil
		return out, p.hold(nil)
	}
	return out, nil
}

// pass is one scan of one folder. Directories are walked by one goroutine, those that the catalog knows by a few, and
// finished by whoever completes their last child; files are read by a few. gate is held shared while anything is stored, and
// exclusively by a checkpoint.
type pass struct {
	e       *Engine
	s       *vault.Session
	folder  folderConfig
	root    *disk.Dir
	report  Report
	started time.Time
	scope   *scope
	trusted bool // what the catalog remembers of this folder needs no second look
	repair  bool // the storage lost something: a new version is made in any case
	gen     []byte
	own     ownFolders
	rules   *ignore.Rules // what is not wanted
	dev     uint64        // of the folder itself

	of   []byte    // the folder that the version is one of, where that is not the one that is read; nil: it is
	when time.Time // of the version; zero: now

	gate sync.RWMutex
	jobs chan func() // file work
	wg   sync.WaitGroup

	walkers *semaphore.Weighted // for what walks beside the first
	walking sync.WaitGroup

	temp       string // private folder for database copies
	tempSeq    atomic.Int64
	every      time.Duration // between checkpoints
	everyBytes int64

	goneFiles, changedFiles atomic.Int64 // beside what the catalog knew; those below vanished folders are not among them

	counters
	counting  sync.WaitGroup
	stopCount context.CancelFunc // nil when nothing counts

	mu       sync.Mutex // guards below
	err      error      // the first failure
	top      *dirNode
	skipped  []Skipped
	believed map[string]bool // directories that were not listed
	dirs     changedDirs     // for the catalog
	gone     []string        // folders that the catalog knew and that are no more
	unwanted map[string]bool // those of them that are only left out from now on
	lastCp   time.Time
	cpBytes  int64
}

func (e *Engine) newPass(ctx context.Context, f folderConfig, s *vault.Session, root *disk.Dir, sc *scope, r Report) (*pass, error) {
	p := &pass{
		e: e, s: s, folder: f, root: root, scope: sc, believed: map[string]bool{}, unwanted: map[string]bool{}, report: r, started: time.Now(), jobs: make(chan func()),
		walkers: semaphore.NewWeighted(walkers()),
	}
	p.fresh = func() int64 { return s.Stats().NewBytes }
	p.lastCp, p.every, p.everyBytes = p.started, checkpointEvery, cmp.Or(e.checkpointBytes, checkpointBytes)
	var err error
	if p.temp, err = e.home.temp(); err != nil {
		return nil, err
	}
	p.dirs.dir = p.temp
	if p.gen, err = e.vault().Generation(ctx); err != nil {
		return nil, err
	}
	seen, ok, err := e.cat.Meta(ctx, p.metaDirs())
	if err != nil {
		return nil, err
	}
	p.trusted = ok && string(seen) == string(p.gen)
	lost, err := e.vault().LostCount(ctx)
	if err != nil {
		return nil, err
	}
	p.repair = lost > 0
	if p.own, err = e.ownFolders(); err != nil {
		return nil, err
	}
	p.rules = e.home.config().rules(f)
	return p, nil
}

// metaDirs is the catalog's note of the generation in which this folder's rows were written.
func (p *pass) metaDirs() string { return "dirs/" + p.folder.ID }

// remember writes what the pass learnt, in the transaction that records the commit.
func (p *pass) remember(tx *catalog.Tx) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, dir := range p.gone {
		if err := tx.DropDirs(p.folder.id(), dir); err != nil {
			return err
		}
	}
	if err := p.dirs.each(func(d catalog.Dir) error { return tx.PutDir(p.folder.id(), d) }); err != nil {
		return err
	}
	return tx.SetMeta(p.metaDirs(), p.gen)
}

// snapshot describes the folder as found.
func (p *pass) snapshot(top *format.Entry, complete bool) *format.Snapshot {
	now, of := p.when, p.of
	if now.IsZero() {
		now = time.Now()
	}
	if of == nil {
		of = p.folder.Path
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &format.Snapshot{
		Version: format.Version, Folder: p.folder.id(), Path: of, Device: p.e.vault().Device(), DeviceName: p.e.bundle.Name(),
		Seconds: now.Unix(), Nanos: uint32(now.Nanosecond()), Root: *top, Files: uint64(p.files.Load()), Bytes: uint64(p.bytes.Load()),
		Complete: complete, SkipCount: uint64(len(p.skipped)),
	}
	for _, x := range p.skipped[:min(len(p.skipped), format.MaxSkipped)] {
		s.Skipped = append(s.Skipped, format.Skip{Path: []byte(x.Path), Reason: x.Reason})
	}
	return s
}

func (p *pass) skip(path, why string, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.skipped = append(p.skipped, Skipped{Path: path, Reason: why, Failed: failed})
}

// carry takes over what an earlier pass left out where this one did not look.
func (p *pass) carry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.skipped = append(p.skipped, p.scope.elsewhere(p.believed)...)
}

func (p *pass) skippedList() []Skipped {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortFunc(p.skipped, func(a, b Skipped) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	})
	return p.skipped
}

func (p *pass) skippedCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.skipped)
}

func (p *pass) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
}

func (p *pass) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// rootCause is the innermost error: the operating system's own words.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
