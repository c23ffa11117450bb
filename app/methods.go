package main

import (
	"context"
	"time"

	"github.com/fxamacker/cbor/v2"

	"roost/syncer"
)

// method answers one kind of call: it reads the arguments, asks the engine, and returns what it said, which may be
// something also beside an error.
type method func(ctx context.Context, e engine, args cbor.RawMessage, r syncer.Report) (any, error)

// methods are all calls that have one answer, by the name in their address.
var methods = map[string]method{
	"backup": takes(func(ctx context.Context, e engine, a backupArgs, r syncer.Report) ([]syncer.Saved, error) {
		return e.Backup(ctx, a.Dirs, r)
	}),
	"restore": takes(func(ctx context.Context, e engine, a syncer.RestoreOptions, r syncer.Report) (*syncer.Restored, error) {
		return e.Restore(ctx, a, r)
	}),
	"start-restore": tells(func(ctx context.Context, e engine, w syncer.RestoreWish) error { return e.StartRestore(ctx, w) }),
	"steer-restore": tells(func(ctx context.Context, e engine, a steerArgs) error { return e.SteerRestore(ctx, a.ID, a.Step) }),
	"verify": takes(func(ctx context.Context, e engine, a verifyArgs, r syncer.Report) (*syncer.Checked, error) {
		return e.Verify(ctx, a.Percent, r)
	}),
	"drill": takes(func(ctx context.Context, e engine, _ struct{}, r syncer.Report) ([]syncer.Drilled, error) {
		return e.Drill(ctx, r)
	}),
	"export": takes(func(ctx context.Context, e engine, a pathArgs, r syncer.Report) (*syncer.Exported, error) {
		return e.Export(ctx, a.Path, r)
	}),
	"import-backup": takes(func(ctx context.Context, e engine, a pathArgs, r syncer.Report) (*syncer.Exported, error) {
		return e.ImportBackup(ctx, a.Path, r)
	}),
	"import-dated": takes(func(ctx context.Context, e engine, a pathArgs, r syncer.Report) (*syncer.ImportedVersions, error) {
		return e.ImportDated(ctx, a.Path, r)
	}),
	"plain-things": takesOnly(func(ctx context.Context, e engine, a nameArgs) ([]syncer.PlainThing, error) {
		return e.PlainThings(ctx, a.Name)
	}),
	"import-plain": takes(func(ctx context.Context, e engine, a syncer.PlainSource, r syncer.Report) (*syncer.ImportedPlain, error) {
		return e.ImportPlain(ctx, a, r)
	}),
	"export-plain": takes(func(ctx context.Context, e engine, a syncer.PlainTarget, r syncer.Report) (*syncer.WrittenPlain, error) {
		return e.ExportPlain(ctx, a, r)
	}),
	"estimate": takes(func(ctx context.Context, e engine, a syncer.BringPart, r syncer.Report) (*syncer.BringEstimate, error) {
		return e.Estimate(ctx, a, r)
	}),
	"start-bring": tells(func(ctx context.Context, e engine, w syncer.BringWish) error { return e.StartBring(ctx, w) }),
	"steer-bring": tells(func(ctx context.Context, e engine, a steerBringArgs) error { return e.SteerBring(ctx, a.ID, a.Step) }),
	"status":      asks(engine.Status),
	"activity": takesOnly(func(ctx context.Context, e engine, a limitArgs) ([]syncer.Activity, error) {
		return e.Activity(ctx, a.Limit)
	}),
	"not-saved": asks(engine.NotSaved),
	"snapshots": takesOnly(func(ctx context.Context, e engine, a folderArgs) (versionsReply, error) {
		versions, stale, err := e.Snapshots(ctx, a.Dir)
		return versionsReply{versions, stale}, err
	}),
	"damage": asks(engine.Damage),
	"list": takesOnly(func(ctx context.Context, e engine, a listArgs) ([]syncer.Item, error) {
		return e.List(ctx, a.Snapshot, a.Path)
	}),
	"find":  takesOnly(func(ctx context.Context, e engine, a findArgs) ([]syncer.Match, error) { return e.Find(ctx, a.Pattern) }),
	"space": asks(engine.Space),
	"survey": takes(func(ctx context.Context, e engine, _ struct{}, r syncer.Report) (any, error) {
		return nil, e.Survey(ctx, r)
	}),
	"pins":  takesOnly(func(ctx context.Context, e engine, a nameArgs) ([]syncer.Pin, error) { return e.Pins(ctx, a.Name) }),
	"pin":   tells(func(ctx context.Context, e engine, a pinArgs) error { return e.Pin(ctx, a.Storage, a.CID, a.Name) }),
	"unpin": tells(func(ctx context.Context, e engine, a pinArgs) error { return e.Unpin(ctx, a.Storage, a.CID) }),
	"free-space": takes(func(ctx context.Context, e engine, a nameArgs, r syncer.Report) (*syncer.Freed, error) {
		return e.FreeSpace(ctx, a.Name, r)
	}),
	"set-limit": tells(func(ctx context.Context, e engine, a storageLimitArgs) error {
		return e.SetLimit(ctx, a.Storage, a.Bytes)
	}),
	"set-copies": tells(func(ctx context.Context, e engine, a storageCopiesArgs) error {
		return e.SetCopies(ctx, a.Storage, a.Copies)
	}),
	"children": takesOnly(func(ctx context.Context, e engine, a listArgs) ([]syncer.Item, error) {
		return e.Children(ctx, a.Snapshot, a.Path)
	}),
	"history": takesOnly(func(ctx context.Context, e engine, a listArgs) ([]syncer.Edition, error) {
		return e.History(ctx, a.Snapshot, a.Path)
	}),
	"compare": takesOnly(func(ctx context.Context, e engine, a compareArgs) (*syncer.Comparison, error) {
		return e.Compare(ctx, a.Before, a.After, a.Path)
	}),
	"preview": takesOnly(func(ctx context.Context, e engine, a previewArgs) ([]byte, error) {
		return e.Preview(ctx, a.Snapshot, a.Path, a.Limit)
	}),
	"read-only-copy": tells(func(ctx context.Context, e engine, a copyArgs) error {
		return e.ReadOnlyCopy(ctx, a.Snapshot, a.Path, a.To)
	}),
	"details": takesOnly(func(ctx context.Context, e engine, a listArgs) (*syncer.Details, error) {
		return e.Details(ctx, a.Snapshot, a.Path)
	}),

	"keep": asks(engine.Keep),
	"set-keep": takesOnly(func(ctx context.Context, e engine, a syncer.KeepChange) (*syncer.Pruned, error) {
		return e.SetKeep(ctx, a)
	}),
	"prune": takes(func(ctx context.Context, e engine, a syncer.PruneOptions, r syncer.Report) (*syncer.Pruned, error) {
		return e.Prune(ctx, a, r)
	}),
	"forget": takes(func(ctx context.Context, e engine, a syncer.ForgetOptions, r syncer.Report) (*syncer.Forgotten, error) {
		return e.Forget(ctx, a, r)
	}),
	"removed": asks(engine.Removed),
	"bring-back": takesOnly(func(ctx context.Context, e engine, a namesArgs) ([]syncer.Version, error) {
		return e.BringBack(ctx, a.Names)
	}),

	"folders": asks(engine.Folders),
	"add-folders": takesOnly(func(ctx context.Context, e engine, a backupArgs) ([]syncer.FolderInfo, error) {
		return e.AddFolders(ctx, a.Dirs)
	}),
	"remove-folder": tells(func(ctx context.Context, e engine, a folderArgs) error { return e.RemoveFolder(ctx, a.Dir) }),
	"set-mode":      tells(func(ctx context.Context, e engine, a modeArgs) error { return e.SetMode(ctx, a.Dir, a.Mode) }),
	"set-priority":  tells(func(ctx context.Context, e engine, a priorityArgs) error { return e.SetPriority(ctx, a.Dir, a.Low) }),
	"accept":        tells(func(ctx context.Context, e engine, a folderArgs) error { return e.Accept(ctx, a.Dir) }),
	"leave-out":     tells(func(ctx context.Context, e engine, a leaveArgs) error { return e.LeaveOut(ctx, a.Dir, a.Path) }),
	"pause":         tells(func(ctx context.Context, e engine, a pauseArgs) error { return e.Pause(ctx, a.Dir, a.Until) }),
	"resume":        tells(func(ctx context.Context, e engine, a folderArgs) error { return e.Resume(ctx, a.Dir) }),
	"settings":      asks(engine.Settings),
	"set":           tells(func(ctx context.Context, e engine, a setArgs) error { return e.Set(ctx, a.Key, a.Value) }),
	"set-all":       tells(func(ctx context.Context, e engine, a setAllArgs) error { return e.SetAll(ctx, a.Values) }),
	"rules":         takesOnly(func(ctx context.Context, e engine, a folderArgs) (string, error) { return e.Rules(ctx, a.Dir) }),
	"set-rules": tells(func(ctx context.Context, e engine, a rulesArgs) error {
		return e.SetRules(ctx, a.Dir, a.Before, a.Text)
	}),
	"try-rules": takesOnly(func(ctx context.Context, e engine, a rulesArgs) (*syncer.Trial, error) {
		return e.TryRules(ctx, a.Dir, a.Text)
	}),

	"nodes": asks(engine.Nodes),
	"check-node": takesOnly(func(ctx context.Context, e engine, a nameArgs) (syncer.NodeInfo, error) {
		return e.CheckNode(ctx, a.Name)
	}),
	"add-node":    tells(func(ctx context.Context, e engine, a syncer.SetupOptions) error { return e.AddNode(ctx, a) }),
	"fix-node":    tells(func(ctx context.Context, e engine, a fixNodeArgs) error { return e.FixNode(ctx, a.Name, a.Check) }),
	"remove-node": tells(func(ctx context.Context, e engine, a removeNodeArgs) error { return e.RemoveNode(ctx, a.Name, a.Lost) }),
	"network": takesOnly(func(ctx context.Context, e engine, a nameArgs) (*syncer.Network, error) {
		return e.Network(ctx, a.Name)
	}),
	"set-network": takesOnly(func(ctx context.Context, e engine, ch syncer.NetworkChange) (*syncer.Network, error) {
		return e.SetNetwork(ctx, ch)
	}),
	"move-node": takes(func(ctx context.Context, e engine, a syncer.MoveOptions, r syncer.Report) (*syncer.Moved, error) {
		return e.MoveNode(ctx, a, r)
	}),
	"devices": asks(engine.Devices),
	"rename-device": tells(func(ctx context.Context, e engine, a renameArgs) error {
		return e.RenameDevice(ctx, a.Device, a.Name, a.Words)
	}),
	"let-in":  takesOnly(func(ctx context.Context, e engine, a textArgs) (*syncer.LetIn, error) { return e.LetIn(ctx, a.Text) }),
	"replace": tells(func(ctx context.Context, e engine, a nameArgs) error { return e.Replace(ctx, a.Name) }),
	"remove-device": takesOnly(func(ctx context.Context, e engine, a syncer.RemoveDeviceOptions) (*syncer.RemovedDevice, error) {
		return e.RemoveDevice(ctx, a)
	}),
	"readdress": tells(func(ctx context.Context, e engine, a readdressArgs) error {
		return e.Readdress(ctx, a.Name, a.To)
	}),
	"words":       asks(engine.Words),
	"check-words": tells(func(ctx context.Context, e engine, a textArgs) error { return e.CheckWords(ctx, a.Text) }),
	"note-words":  tells(func(ctx context.Context, e engine, a hadArgs) error { return e.NoteWords(ctx, a.Had) }),
	"recovery":    asks(engine.Recovery),
}

type (
	backupArgs  struct{ Dirs []string }
	verifyArgs  struct{ Percent int }
	limitArgs   struct{ Limit int }
	folderArgs  struct{ Dir string }
	listArgs    struct{ Snapshot, Path string }
	findArgs    struct{ Pattern string }
	compareArgs struct{ Before, After, Path string }
	copyArgs    struct{ Snapshot, Path, To string }
	previewArgs struct {
		Snapshot, Path string
		Limit          int64
	}
	pinArgs          struct{ Storage, CID, Name string }
	storageLimitArgs struct {
		Storage string
		Bytes   int64
	}
	storageCopiesArgs struct {
		Storage string
		Copies  int
	}
	modeArgs     struct{ Dir, Mode string }
	priorityArgs struct {
		Dir string
		Low bool
	}
	pauseArgs struct {
		Dir   string
		Until time.Time
	}
	setArgs    struct{ Key, Value string }
	setAllArgs struct{ Values map[string]string }
	rulesArgs  struct{ Dir, Before, Text string }
	nameArgs   struct{ Name string }
	namesArgs  struct{ Names []string }
	textArgs   struct{ Text string }
	pathArgs   struct{ Path string }
	hadArgs    struct{ Had bool }
	renameArgs struct{ Device, Name, Words string }
	steerArgs  struct {
		ID   string
		Step syncer.ErrandStep
	}

	steerBringArgs struct {
		ID   string
		Step syncer.ErrandStep
	}

	fixNodeArgs    struct{ Name, Check string }
	removeNodeArgs struct {
		Name string
		Lost bool
	}
	leaveArgs     struct{ Dir, Path string }
	readdressArgs struct {
		Name string
		To   syncer.SetupOptions
	}

	versionsReply struct {
		Versions []syncer.Version
		Stale    bool
	}
)

// takes is a method with arguments that may take long.
func takes[A, R any](do func(context.Context, engine, A, syncer.Report) (R, error)) method {
	return func(ctx context.Context, e engine, raw cbor.RawMessage, r syncer.Report) (any, error) {
		var args A
		if err := decodeWire(raw, &args); err != nil {
			return nil, err
		}
		return do(ctx, e, args, r)
	}
}

// takesOnly is a method with arguments.
func takesOnly[A, R any](do func(context.Context, engine, A) (R, error)) method {
	return takes(func(ctx context.Context, e engine, args A, _ syncer.Report) (R, error) { return do(ctx, e, args) })
}

// asks is a method without arguments.
func asks[R any](do func(engine, context.Context) (R, error)) method {
	return func(ctx context.Context, e engine, _ cbor.RawMessage, _ syncer.Report) (any, error) {
		return do(e, ctx)
	}
}

// tells is a method that has no answer but that it was done.
func tells[A any](do func(context.Context, engine, A) error) method {
	return takes(func(ctx context.Context, e engine, args A, _ syncer.Report) (any, error) {
		return nil, do(ctx, e, args)
	})
}
