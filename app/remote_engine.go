package main

import (
	"context"
	"iter"
	"time"

	"roost/syncer"
)

// Backup and the rest are the calls of [engine].

func (r *remote) Backup(ctx context.Context, dirs []string, report syncer.Report) ([]syncer.Saved, error) {
	return ask[[]syncer.Saved](ctx, r, "backup", backupArgs{dirs}, report)
}

func (r *remote) Restore(ctx context.Context, o syncer.RestoreOptions, report syncer.Report) (*syncer.Restored, error) {
	return ask[*syncer.Restored](ctx, r, "restore", o, report)
}

func (r *remote) StartRestore(ctx context.Context, w syncer.RestoreWish) error {
	return r.tell(ctx, "start-restore", w)
}

func (r *remote) SteerRestore(ctx context.Context, id string, step syncer.ErrandStep) error {
	return r.tell(ctx, "steer-restore", steerArgs{id, step})
}

func (r *remote) Verify(ctx context.Context, percent int, report syncer.Report) (*syncer.Checked, error) {
	return ask[*syncer.Checked](ctx, r, "verify", verifyArgs{percent}, report)
}

func (r *remote) Drill(ctx context.Context, report syncer.Report) ([]syncer.Drilled, error) {
	return ask[[]syncer.Drilled](ctx, r, "drill", struct{}{}, report)
}

func (r *remote) Status(ctx context.Context) (syncer.Status, error) {
	return ask[syncer.Status](ctx, r, "status", nil, nil)
}

// Watch ends with an error also when the engine does.
func (r *remote) Watch(ctx context.Context) iter.Seq2[syncer.Status, error] {
	return func(yield func(syncer.Status, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		last, err := r.call(ctx, "watch", nil, false, func(f *frame) error {
			var s syncer.Status
			if err := decodeWire(f.Item, &s); err != nil {
				return broken(err)
			}
			if !yield(s, nil) {
				stop()
			}
			return ctx.Err()
		})
		if err == nil {
			err = last.err(ctx)
		}
		if ctx.Err() == nil {
			yield(syncer.Status{}, err)
		}
	}
}

// Notices are none: the process that runs the engine shows them.
func (r *remote) Notices(context.Context) iter.Seq[syncer.Notice] {
	return func(func(syncer.Notice) bool) {}
}

func (r *remote) Activity(ctx context.Context, limit int) ([]syncer.Activity, error) {
	return ask[[]syncer.Activity](ctx, r, "activity", limitArgs{limit}, nil)
}

func (r *remote) Snapshots(ctx context.Context, dir string) ([]syncer.Version, bool, error) {
	got, err := ask[versionsReply](ctx, r, "snapshots", folderArgs{dir}, nil)
	return got.Versions, got.Stale, err
}

func (r *remote) Damage(ctx context.Context) ([]syncer.Problem, error) {
	return ask[[]syncer.Problem](ctx, r, "damage", nil, nil)
}

func (r *remote) List(ctx context.Context, snapshot, path string) ([]syncer.Item, error) {
	return ask[[]syncer.Item](ctx, r, "list", listArgs{snapshot, path}, nil)
}

func (r *remote) Find(ctx context.Context, pattern string) ([]syncer.Match, error) {
	return ask[[]syncer.Match](ctx, r, "find", findArgs{pattern}, nil)
}

func (r *remote) Children(ctx context.Context, snapshot, path string) ([]syncer.Item, error) {
	return ask[[]syncer.Item](ctx, r, "children", listArgs{snapshot, path}, nil)
}

func (r *remote) History(ctx context.Context, snapshot, path string) ([]syncer.Edition, error) {
	return ask[[]syncer.Edition](ctx, r, "history", listArgs{snapshot, path}, nil)
}

func (r *remote) Compare(ctx context.Context, before, after, path string) (*syncer.Comparison, error) {
	return ask[*syncer.Comparison](ctx, r, "compare", compareArgs{before, after, path}, nil)
}

func (r *remote) Preview(ctx context.Context, snapshot, path string, limit int64) ([]byte, error) {
	return ask[[]byte](ctx, r, "preview", previewArgs{snapshot, path, limit}, nil)
}

func (r *remote) ReadOnlyCopy(ctx context.Context, snapshot, path, to string) error {
	return r.tell(ctx, "read-only-copy", copyArgs{snapshot, path, to})
}

func (r *remote) Details(ctx context.Context, snapshot, path string) (*syncer.Details, error) {
	return ask[*syncer.Details](ctx, r, "details", listArgs{snapshot, path}, nil)
}

func (r *remote) Space(ctx context.Context) (*syncer.Space, error) {
	return ask[*syncer.Space](ctx, r, "space", nil, nil)
}

func (r *remote) Export(ctx context.Context, path string, report syncer.Report) (*syncer.Exported, error) {
	return ask[*syncer.Exported](ctx, r, "export", pathArgs{path}, report)
}

func (r *remote) ImportBackup(ctx context.Context, path string, report syncer.Report) (*syncer.Exported, error) {
	return ask[*syncer.Exported](ctx, r, "import-backup", pathArgs{path}, report)
}

func (r *remote) Survey(ctx context.Context, report syncer.Report) error {
	_, err := ask[struct{}](ctx, r, "survey", struct{}{}, report)
	return err
}

func (r *remote) Pins(ctx context.Context, storage string) ([]syncer.Pin, error) {
	return ask[[]syncer.Pin](ctx, r, "pins", nameArgs{storage}, nil)
}

func (r *remote) Pin(ctx context.Context, storage, cid, name string) error {
	return r.tell(ctx, "pin", pinArgs{storage, cid, name})
}

func (r *remote) Unpin(ctx context.Context, storage, cid string) error {
	return r.tell(ctx, "unpin", pinArgs{Storage: storage, CID: cid})
}

func (r *remote) FreeSpace(ctx context.Context, storage string, report syncer.Report) (*syncer.Freed, error) {
	return ask[*syncer.Freed](ctx, r, "free-space", nameArgs{storage}, report)
}

func (r *remote) SetLimit(ctx context.Context, storage string, bytes int64) error {
	return r.tell(ctx, "set-limit", storageLimitArgs{storage, bytes})
}

func (r *remote) SetCopies(ctx context.Context, storage string, copies int) error {
	return r.tell(ctx, "set-copies", storageCopiesArgs{storage, copies})
}

func (r *remote) ImportDated(ctx context.Context, dir string, report syncer.Report) (*syncer.ImportedVersions, error) {
	return ask[*syncer.ImportedVersions](ctx, r, "import-dated", pathArgs{dir}, report)
}

func (r *remote) PlainThings(ctx context.Context, storage string) ([]syncer.PlainThing, error) {
	return ask[[]syncer.PlainThing](ctx, r, "plain-things", nameArgs{storage}, nil)
}

func (r *remote) ImportPlain(ctx context.Context, src syncer.PlainSource, report syncer.Report) (*syncer.ImportedPlain, error) {
	return ask[*syncer.ImportedPlain](ctx, r, "import-plain", src, report)
}

func (r *remote) ExportPlain(ctx context.Context, t syncer.PlainTarget, report syncer.Report) (*syncer.WrittenPlain, error) {
	return ask[*syncer.WrittenPlain](ctx, r, "export-plain", t, report)
}

func (r *remote) Estimate(ctx context.Context, p syncer.BringPart, report syncer.Report) (*syncer.BringEstimate, error) {
	return ask[*syncer.BringEstimate](ctx, r, "estimate", p, report)
}

func (r *remote) StartBring(ctx context.Context, w syncer.BringWish) error {
	return r.tell(ctx, "start-bring", w)
}

func (r *remote) SteerBring(ctx context.Context, id string, step syncer.ErrandStep) error {
	return r.tell(ctx, "steer-bring", steerBringArgs{id, step})
}

func (r *remote) Folders(ctx context.Context) ([]syncer.FolderInfo, error) {
	return ask[[]syncer.FolderInfo](ctx, r, "folders", nil, nil)
}

func (r *remote) AddFolders(ctx context.Context, dirs []string) ([]syncer.FolderInfo, error) {
	return ask[[]syncer.FolderInfo](ctx, r, "add-folders", backupArgs{dirs}, nil)
}

func (r *remote) RemoveFolder(ctx context.Context, dir string) error {
	return r.tell(ctx, "remove-folder", folderArgs{dir})
}

func (r *remote) SetMode(ctx context.Context, dir, mode string) error {
	return r.tell(ctx, "set-mode", modeArgs{dir, mode})
}

func (r *remote) SetPriority(ctx context.Context, dir string, low bool) error {
	return r.tell(ctx, "set-priority", priorityArgs{dir, low})
}

func (r *remote) Accept(ctx context.Context, dir string) error {
	return r.tell(ctx, "accept", folderArgs{dir})
}

func (r *remote) LeaveOut(ctx context.Context, dir, path string) error {
	return r.tell(ctx, "leave-out", leaveArgs{dir, path})
}

func (r *remote) NotSaved(ctx context.Context) ([]syncer.NotSaved, error) {
	return ask[[]syncer.NotSaved](ctx, r, "not-saved", nil, nil)
}

func (r *remote) Readdress(ctx context.Context, name string, o syncer.SetupOptions) error {
	return r.tell(ctx, "readdress", readdressArgs{name, o})
}

func (r *remote) Pause(ctx context.Context, dir string, until time.Time) error {
	return r.tell(ctx, "pause", pauseArgs{dir, until})
}

func (r *remote) Resume(ctx context.Context, dir string) error {
	return r.tell(ctx, "resume", folderArgs{dir})
}

func (r *remote) Settings(ctx context.Context) ([]syncer.Setting, error) {
	return ask[[]syncer.Setting](ctx, r, "settings", nil, nil)
}

func (r *remote) Set(ctx context.Context, key, value string) error {
	return r.tell(ctx, "set", setArgs{key, value})
}

func (r *remote) SetAll(ctx context.Context, values map[string]string) error {
	return r.tell(ctx, "set-all", setAllArgs{values})
}

func (r *remote) Rules(ctx context.Context, dir string) (string, error) {
	return ask[string](ctx, r, "rules", folderArgs{dir}, nil)
}

func (r *remote) SetRules(ctx context.Context, dir, before, text string) error {
	return r.tell(ctx, "set-rules", rulesArgs{dir, before, text})
}

func (r *remote) TryRules(ctx context.Context, dir, text string) (*syncer.Trial, error) {
	return ask[*syncer.Trial](ctx, r, "try-rules", rulesArgs{Dir: dir, Text: text}, nil)
}

func (r *remote) Nodes(ctx context.Context) ([]syncer.NodeInfo, error) {
	return ask[[]syncer.NodeInfo](ctx, r, "nodes", nil, nil)
}

func (r *remote) CheckNode(ctx context.Context, name string) (syncer.NodeInfo, error) {
	return ask[syncer.NodeInfo](ctx, r, "check-node", nameArgs{name}, nil)
}

func (r *remote) AddNode(ctx context.Context, o syncer.SetupOptions) error {
	return r.tell(ctx, "add-node", o)
}

func (r *remote) FixNode(ctx context.Context, name, check string) error {
	return r.tell(ctx, "fix-node", fixNodeArgs{name, check})
}

func (r *remote) RemoveNode(ctx context.Context, name string, lost bool) error {
	return r.tell(ctx, "remove-node", removeNodeArgs{name, lost})
}

func (r *remote) Network(ctx context.Context, storage string) (*syncer.Network, error) {
	return ask[*syncer.Network](ctx, r, "network", nameArgs{storage}, nil)
}

func (r *remote) SetNetwork(ctx context.Context, ch syncer.NetworkChange) (*syncer.Network, error) {
	return ask[*syncer.Network](ctx, r, "set-network", ch, nil)
}

func (r *remote) MoveNode(ctx context.Context, o syncer.MoveOptions, report syncer.Report) (*syncer.Moved, error) {
	return ask[*syncer.Moved](ctx, r, "move-node", o, report)
}

func (r *remote) Devices(ctx context.Context) ([]syncer.DeviceInfo, error) {
	return ask[[]syncer.DeviceInfo](ctx, r, "devices", nil, nil)
}

func (r *remote) LetIn(ctx context.Context, asking string) (*syncer.LetIn, error) {
	return ask[*syncer.LetIn](ctx, r, "let-in", textArgs{asking}, nil)
}

func (r *remote) RenameDevice(ctx context.Context, device, name, words string) error {
	return r.tell(ctx, "rename-device", renameArgs{device, name, words})
}

func (r *remote) Replace(ctx context.Context, device string) error {
	return r.tell(ctx, "replace", nameArgs{device})
}

func (r *remote) RemoveDevice(ctx context.Context, o syncer.RemoveDeviceOptions) (*syncer.RemovedDevice, error) {
	return ask[*syncer.RemovedDevice](ctx, r, "remove-device", o, nil)
}

func (r *remote) Words(ctx context.Context) ([]string, error) {
	return ask[[]string](ctx, r, "words", nil, nil)
}

func (r *remote) CheckWords(ctx context.Context, text string) error {
	return r.tell(ctx, "check-words", textArgs{text})
}

func (r *remote) NoteWords(ctx context.Context, had bool) error {
	return r.tell(ctx, "note-words", hadArgs{had})
}

func (r *remote) Recovery(ctx context.Context) (syncer.Recovery, error) {
	return ask[syncer.Recovery](ctx, r, "recovery", nil, nil)
}

func (r *remote) Keep(ctx context.Context) (syncer.Keep, error) {
	return ask[syncer.Keep](ctx, r, "keep", nil, nil)
}

func (r *remote) SetKeep(ctx context.Context, ch syncer.KeepChange) (*syncer.Pruned, error) {
	return ask[*syncer.Pruned](ctx, r, "set-keep", ch, nil)
}

func (r *remote) Prune(ctx context.Context, o syncer.PruneOptions, report syncer.Report) (*syncer.Pruned, error) {
	return ask[*syncer.Pruned](ctx, r, "prune", o, report)
}

func (r *remote) Forget(ctx context.Context, o syncer.ForgetOptions, report syncer.Report) (*syncer.Forgotten, error) {
	return ask[*syncer.Forgotten](ctx, r, "forget", o, report)
}

func (r *remote) Removed(ctx context.Context) ([]syncer.RemovedVersion, error) {
	return ask[[]syncer.RemovedVersion](ctx, r, "removed", nil, nil)
}

func (r *remote) BringBack(ctx context.Context, names []string) ([]syncer.Version, error) {
	return ask[[]syncer.Version](ctx, r, "bring-back", namesArgs{names}, nil)
}
