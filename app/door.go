package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"roost/syncer"
)

// engine is what verbs and the window ask. It has two doors: local, an engine of this process, and remote, that of the
// Roost which runs already. Both give the same answers, the same words for errors and the same exit codes.
//
// Folders are absolute paths. What is known beside an error is returned with it.
type engine interface {
	Backup(ctx context.Context, dirs []string, r syncer.Report) ([]syncer.Saved, error)
	Restore(ctx context.Context, o syncer.RestoreOptions, r syncer.Report) (*syncer.Restored, error)
	StartRestore(ctx context.Context, w syncer.RestoreWish) error
	SteerRestore(ctx context.Context, id string, step syncer.ErrandStep) error
	Verify(ctx context.Context, percent int, r syncer.Report) (*syncer.Checked, error)
	Drill(ctx context.Context, r syncer.Report) ([]syncer.Drilled, error)

	Status(ctx context.Context) (syncer.Status, error)
	Watch(ctx context.Context) iter.Seq2[syncer.Status, error] // ends with an error, or with ctx
	Notices(ctx context.Context) iter.Seq[syncer.Notice]
	Activity(ctx context.Context, limit int) ([]syncer.Activity, error)
	NotSaved(ctx context.Context) ([]syncer.NotSaved, error)
	Snapshots(ctx context.Context, dir string) (versions []syncer.Version, stale bool, err error)
	Damage(ctx context.Context) ([]syncer.Problem, error)
	List(ctx context.Context, snapshot, path string) ([]syncer.Item, error)
	Find(ctx context.Context, pattern string) ([]syncer.Match, error)
	Children(ctx context.Context, snapshot, path string) ([]syncer.Item, error)
	History(ctx context.Context, snapshot, path string) ([]syncer.Edition, error)
	Compare(ctx context.Context, before, after, path string) (*syncer.Comparison, error)
	Preview(ctx context.Context, snapshot, path string, limit int64) ([]byte, error)
	ReadOnlyCopy(ctx context.Context, snapshot, path, to string) error
	Details(ctx context.Context, snapshot, path string) (*syncer.Details, error)
	Space(ctx context.Context) (*syncer.Space, error)
	Export(ctx context.Context, path string, r syncer.Report) (*syncer.Exported, error)
	ImportBackup(ctx context.Context, path string, r syncer.Report) (*syncer.Exported, error)
	ImportDated(ctx context.Context, dir string, r syncer.Report) (*syncer.ImportedVersions, error)
	PlainThings(ctx context.Context, storage string) ([]syncer.PlainThing, error)
	ImportPlain(ctx context.Context, src syncer.PlainSource, r syncer.Report) (*syncer.ImportedPlain, error)
	ExportPlain(ctx context.Context, t syncer.PlainTarget, r syncer.Report) (*syncer.WrittenPlain, error)
	Estimate(ctx context.Context, p syncer.BringPart, r syncer.Report) (*syncer.BringEstimate, error)
	StartBring(ctx context.Context, w syncer.BringWish) error
	SteerBring(ctx context.Context, id string, step syncer.ErrandStep) error
	Survey(ctx context.Context, r syncer.Report) error
	Pins(ctx context.Context, storage string) ([]syncer.Pin, error)
	Pin(ctx context.Context, storage, cid, name string) error
	Unpin(ctx context.Context, storage, cid string) error
	FreeSpace(ctx context.Context, storage string, r syncer.Report) (*syncer.Freed, error)
	SetLimit(ctx context.Context, storage string, bytes int64) error
	SetCopies(ctx context.Context, storage string, copies int) error

	Keep(ctx context.Context) (syncer.Keep, error)
	SetKeep(ctx context.Context, ch syncer.KeepChange) (*syncer.Pruned, error)
	Prune(ctx context.Context, o syncer.PruneOptions, r syncer.Report) (*syncer.Pruned, error)
	Forget(ctx context.Context, o syncer.ForgetOptions, r syncer.Report) (*syncer.Forgotten, error)
	Removed(ctx context.Context) ([]syncer.RemovedVersion, error)
	BringBack(ctx context.Context, names []string) ([]syncer.Version, error)

	Folders(ctx context.Context) ([]syncer.FolderInfo, error)
	AddFolders(ctx context.Context, dirs []string) ([]syncer.FolderInfo, error)
	RemoveFolder(ctx context.Context, dir string) error
	SetMode(ctx context.Context, dir, mode string) error
	SetPriority(ctx context.Context, dir string, low bool) error
	Accept(ctx context.Context, dir string) error
	LeaveOut(ctx context.Context, dir, path string) error
	Pause(ctx context.Context, dir string, until time.Time) error
	Resume(ctx context.Context, dir string) error
	Settings(ctx context.Context) ([]syncer.Setting, error)
	Set(ctx context.Context, key, value string) error
	SetAll(ctx context.Context, values map[string]string) error
	Rules(ctx context.Context, dir string) (string, error)
	SetRules(ctx context.Context, dir, before, text string) error
	TryRules(ctx context.Context, dir, text string) (*syncer.Trial, error)

	Nodes(ctx context.Context) ([]syncer.NodeInfo, error)
	CheckNode(ctx context.Context, name string) (syncer.NodeInfo, error)
	AddNode(ctx context.Context, o syncer.SetupOptions) error
	FixNode(ctx context.Context, name, check string) error
	RemoveNode(ctx context.Context, name string, lost bool) error
	Network(ctx context.Context, storage string) (*syncer.Network, error)
	SetNetwork(ctx context.Context, ch syncer.NetworkChange) (*syncer.Network, error)
	MoveNode(ctx context.Context, o syncer.MoveOptions, r syncer.Report) (*syncer.Moved, error)
	Devices(ctx context.Context) ([]syncer.DeviceInfo, error)
	LetIn(ctx context.Context, asking string) (*syncer.LetIn, error)
	RenameDevice(ctx context.Context, device, name, words string) error
	Replace(ctx context.Context, device string) error
	RemoveDevice(ctx context.Context, o syncer.RemoveDeviceOptions) (*syncer.RemovedDevice, error)
	Readdress(ctx context.Context, name string, o syncer.SetupOptions) error
	Words(ctx context.Context) ([]string, error)
	CheckWords(ctx context.Context, text string) error
	NoteWords(ctx context.Context, had bool) error
	Recovery(ctx context.Context) (syncer.Recovery, error)
}

// local is the door to an engine of this process. Where the engine cannot fail, only the other door can.
type local struct{ *syncer.Engine }

var _ engine = local{}

func (l local) Status(ctx context.Context) (syncer.Status, error) {
	return l.Engine.Status(ctx), ctx.Err()
}

func (l local) Watch(ctx context.Context) iter.Seq2[syncer.Status, error] {
	return func(yield func(syncer.Status, error) bool) {
		for s := range l.Engine.Watch(ctx) {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (l local) Folders(context.Context) ([]syncer.FolderInfo, error) { return l.Engine.Folders(), nil }

func (l local) Settings(ctx context.Context) ([]syncer.Setting, error) {
	return l.Engine.Settings(ctx), nil
}

func (l local) Nodes(ctx context.Context) ([]syncer.NodeInfo, error) {
	return l.Engine.Nodes(ctx), ctx.Err()
}

// lockPatience is how long a verb waits for another Roost to be done with the home.
const lockPatience = 5 * time.Second

// lockTry is how long it waits between looking whether that other Roost answers by now.
const lockTry = 250 * time.Millisecond

// work runs do with the engine that runs, or else with one of its own that holds the home's lock: for verbs that change
// something or need what they see to stay.
func (c *call) work(ctx context.Context, do func(engine) error) error {
	return c.reach(ctx, do, func(e *syncer.Engine) error {
		unlock, running, err := c.lock(ctx, e)
		if err != nil {
			return err
		}
		if running != nil {
			return do(running)
		}
		defer unlock()
		return do(local{e})
	})
}

// look runs do with the engine that runs, or else with one of its own that needs no lock.
func (c *call) look(ctx context.Context, do func(engine) error) error {
	return c.reach(ctx, do, func(e *syncer.Engine) error { return do(local{e}) })
}

// reach asks the engine that runs; where none does, it opens the home for as long as alone runs.
func (c *call) reach(ctx context.Context, do func(engine) error, alone func(*syncer.Engine) error) error {
	running, err := c.running(ctx)
	if err != nil {
		return err
	}
	if running != nil {
		return do(running)
	}
	useLargePages()
	return c.open(ctx, alone)
}

// running is the door to the Roost that runs; nil where none does.
func (c *call) running(ctx context.Context) (*remote, error) {
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return nil, err
	}
	return findRunning(ctx, home)
}

// lock takes the home's lock. A Roost that holds it and begins to answer meanwhile is returned instead.
func (c *call) lock(ctx context.Context, e *syncer.Engine) (unlock func(), running *remote, err error) {
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return nil, nil, err
	}
	for end := time.Now().Add(lockPatience); ; {
		unlock, err = e.Lock(ctx, lockTry)
		if err == nil {
			return unlock, nil, removeStale(home)
		}
		if found, ferr := findRunning(ctx, home); found != nil || ferr != nil {
			return nil, found, ferr
		}
		if !errors.Is(err, syncer.ErrBusy) || time.Now().After(end) {
			return nil, nil, err
		}
	}
}

// open opens the home for as long as do runs, without its lock.
func (c *call) open(ctx context.Context, do func(*syncer.Engine) error) (err error) {
	opts, err := c.options(ctx)
	if err != nil {
		return err
	}
	e, err := syncer.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := e.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("close Roost's home: %w", cerr)
		}
	}()
	return do(e)
}
