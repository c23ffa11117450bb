package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"roost/syncer"
)

// refusing is an engine that does nothing: tests of what comes before one ask it.
type refusing struct{}

var errRefused = errors.New("refused")

func (refusing) Backup(context.Context, []string, syncer.Report) ([]syncer.Saved, error) {
	return nil, errRefused
}

func (refusing) Restore(context.Context, syncer.RestoreOptions, syncer.Report) (*syncer.Restored, error) {
	return nil, errRefused
}

func (refusing) StartRestore(context.Context, syncer.RestoreWish) error { return errRefused }

func (refusing) SteerRestore(context.Context, string, syncer.ErrandStep) error { return errRefused }

func (refusing) Verify(context.Context, int, syncer.Report) (*syncer.Checked, error) {
	return nil, errRefused
}

func (refusing) Drill(context.Context, syncer.Report) ([]syncer.Drilled, error) {
	return nil, errRefused
}

func (refusing) Status(context.Context) (syncer.Status, error) { return syncer.Status{}, errRefused }

func (refusing) Watch(context.Context) iter.Seq2[syncer.Status, error] {
	return func(yield func(syncer.Status, error) bool) { yield(syncer.Status{}, errRefused) }
}

func (refusing) Notices(context.Context) iter.Seq[syncer.Notice] {
	return func(func(syncer.Notice) bool) {}
}

func (refusing) Activity(context.Context, int) ([]syncer.Activity, error) { return nil, errRefused }

func (refusing) Snapshots(context.Context, string) ([]syncer.Version, bool, error) {
	return nil, false, errRefused
}

func (refusing) Damage(context.Context) ([]syncer.Problem, error) { return nil, errRefused }

func (refusing) List(context.Context, string, string) ([]syncer.Item, error) { return nil, errRefused }

func (refusing) Find(context.Context, string) ([]syncer.Match, error) { return nil, errRefused }

func (refusing) Children(context.Context, string, string) ([]syncer.Item, error) {
	return nil, errRefused
}

func (refusing) History(context.Context, string, string) ([]syncer.Edition, error) {
	return nil, errRefused
}

func (refusing) Compare(context.Context, string, string, string) (*syncer.Comparison, error) {
	return nil, errRefused
}

func (refusing) Preview(context.Context, string, string, int64) ([]byte, error) {
	return nil, errRefused
}

func (refusing) ReadOnlyCopy(context.Context, string, string, string) error { return errRefused }

func (refusing) Details(context.Context, string, string) (*syncer.Details, error) {
	return nil, errRefused
}

func (refusing) Survey(context.Context, syncer.Report) error { return errRefused }

func (refusing) Pins(context.Context, string) ([]syncer.Pin, error) { return nil, errRefused }

func (refusing) Pin(context.Context, string, string, string) error { return errRefused }

func (refusing) Unpin(context.Context, string, string) error { return errRefused }

func (refusing) FreeSpace(context.Context, string, syncer.Report) (*syncer.Freed, error) {
	return nil, errRefused
}

func (refusing) SetLimit(context.Context, string, int64) error { return errRefused }

func (refusing) SetCopies(context.Context, string, int) error { return errRefused }

func (refusing) Space(context.Context) (*syncer.Space, error) { return nil, errRefused }

func (refusing) Export(context.Context, string, syncer.Report) (*syncer.Exported, error) {
	return nil, errRefused
}

func (refusing) ImportBackup(context.Context, string, syncer.Report) (*syncer.Exported, error) {
	return nil, errRefused
}

func (refusing) MoveNode(context.Context, syncer.MoveOptions, syncer.Report) (*syncer.Moved, error) {
	return nil, errRefused
}

func (refusing) ImportDated(context.Context, string, syncer.Report) (*syncer.ImportedVersions, error) {
	return nil, errRefused
}

func (refusing) PlainThings(context.Context, string) ([]syncer.PlainThing, error) {
	return nil, errRefused
}

func (refusing) ImportPlain(context.Context, syncer.PlainSource, syncer.Report) (*syncer.ImportedPlain, error) {
	return nil, errRefused
}

func (refusing) ExportPlain(context.Context, syncer.PlainTarget, syncer.Report) (*syncer.WrittenPlain, error) {
	return nil, errRefused
}

func (refusing) Estimate(context.Context, syncer.BringPart, syncer.Report) (*syncer.BringEstimate, error) {
	return nil, errRefused
}

func (refusing) StartBring(context.Context, syncer.BringWish) error { return errRefused }

func (refusing) SteerBring(context.Context, string, syncer.ErrandStep) error { return errRefused }

func (refusing) Folders(context.Context) ([]syncer.FolderInfo, error) { return nil, errRefused }

func (refusing) AddFolders(context.Context, []string) ([]syncer.FolderInfo, error) {
	return nil, errRefused
}

func (refusing) RemoveFolder(context.Context, string) error      { return errRefused }
func (refusing) SetMode(context.Context, string, string) error   { return errRefused }
func (refusing) SetPriority(context.Context, string, bool) error { return errRefused }
func (refusing) Accept(context.Context, string) error            { return errRefused }
func (refusing) LeaveOut(context.Context, string, string) error  { return errRefused }
func (refusing) NotSaved(context.Context) ([]syncer.NotSaved, error) {
	return nil, errRefused
}

func (refusing) Readdress(context.Context, string, syncer.SetupOptions) error {
	return errRefused
}

func (refusing) Pause(context.Context, string, time.Time) error     { return errRefused }
func (refusing) Resume(context.Context, string) error               { return errRefused }
func (refusing) Settings(context.Context) ([]syncer.Setting, error) { return nil, errRefused }
func (refusing) Set(context.Context, string, string) error          { return errRefused }
func (refusing) Nodes(context.Context) ([]syncer.NodeInfo, error)   { return nil, errRefused }
func (refusing) AddNode(context.Context, syncer.SetupOptions) error { return errRefused }
func (refusing) FixNode(context.Context, string, string) error      { return errRefused }
func (refusing) RemoveNode(context.Context, string, bool) error     { return errRefused }
func (refusing) Words(context.Context) ([]string, error)            { return nil, errRefused }
func (refusing) CheckWords(context.Context, string) error           { return errRefused }
func (refusing) NoteWords(context.Context, bool) error              { return errRefused }
func (refusing) SetAll(context.Context, map[string]string) error    { return errRefused }
func (refusing) Rules(context.Context, string) (string, error)      { return "", errRefused }
func (refusing) Network(context.Context, string) (*syncer.Network, error) {
	return nil, errRefused
}

func (refusing) SetNetwork(context.Context, syncer.NetworkChange) (*syncer.Network, error) {
	return nil, errRefused
}

func (refusing) SetRules(context.Context, string, string, string) error { return errRefused }

func (refusing) TryRules(context.Context, string, string) (*syncer.Trial, error) {
	return nil, errRefused
}

func (refusing) Recovery(context.Context) (syncer.Recovery, error) {
	return syncer.Recovery{}, errRefused
}

func (refusing) Devices(context.Context) ([]syncer.DeviceInfo, error) { return nil, errRefused }
func (refusing) LetIn(context.Context, string) (*syncer.LetIn, error) { return nil, errRefused }

func (refusing) RenameDevice(context.Context, string, string, string) error { return errRefused }
func (refusing) Replace(context.Context, string) error                      { return errRefused }

func (refusing) RemoveDevice(context.Context, syncer.RemoveDeviceOptions) (*syncer.RemovedDevice, error) {
	return nil, errRefused
}

func (refusing) CheckNode(context.Context, string) (syncer.NodeInfo, error) {
	return syncer.NodeInfo{}, errRefused
}

func (refusing) Keep(context.Context) (syncer.Keep, error) { return syncer.Keep{}, errRefused }

func (refusing) SetKeep(context.Context, syncer.KeepChange) (*syncer.Pruned, error) {
	return nil, errRefused
}

func (refusing) Prune(context.Context, syncer.PruneOptions, syncer.Report) (*syncer.Pruned, error) {
	return nil, errRefused
}

func (refusing) Forget(context.Context, syncer.ForgetOptions, syncer.Report) (*syncer.Forgotten, error) {
	return nil, errRefused
}

func (refusing) Removed(context.Context) ([]syncer.RemovedVersion, error) { return nil, errRefused }

func (refusing) BringBack(context.Context, []string) ([]syncer.Version, error) {
	return nil, errRefused
}
