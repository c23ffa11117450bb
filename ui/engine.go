// Package ui shows the engine's Status and turns taps into engine calls.
//
// A screen is a file. It draws a value and holds no truth of its own: draw may be called at any time, any
// number of times, with the same value too. A tap calls one method of the engine away from the UI goroutine,
// and what comes of it is shown where the tap was. Nothing here imports fyne/app, so that all of it is tested
// without a display.
package ui

import (
	"context"
	"errors"
	"iter"
	"time"

	"roost/syncer"
	"roost/syncer/sheet"
)

// Engine is what the window needs of the engine. Every method but Watch may take long; none is called on the
// UI goroutine.
type Engine interface {
	// Watch yields how things are: at once, after each change, and at least once a minute, because the
	// window says "4 minutes ago". A slow reader skips values and always sees the last. It ends with ctx.
	Watch(ctx context.Context) iter.Seq[Now]
	// Backup saves these folders now, all of them without dirs, and returns when the storage holds it.
	Backup(ctx context.Context, dirs []string, r syncer.Report) ([]syncer.Saved, error)
	// Pause stops the automatic work of a folder until then; "" is all of them, a zero time until Resume.
	Pause(ctx context.Context, dir string, until time.Time) error
	// Resume ends a pause.
	Resume(ctx context.Context, dir string) error
	// AddFolders keeps more folders.
	AddFolders(ctx context.Context, dirs []string) ([]syncer.FolderInfo, error)
	// CheckNode asks a storage whether it answers and holds what it should.
	CheckNode(ctx context.Context, name string) (syncer.NodeInfo, error)
	// Accept says that the sudden change of a folder was meant.
	Accept(ctx context.Context, dir string) error
	// RemoveFolder stops keeping a folder; its versions stay.
	RemoveFolder(ctx context.Context, dir string) error
	// Verify proves from the storage that everything can be restored; percent of the content is read.
	Verify(ctx context.Context, percent int, r syncer.Report) (*syncer.Checked, error)
	// Set changes a setting; "" brings the usual value back.
	Set(ctx context.Context, key, value string) error

	// Replace has this computer take the place of a device; "" ends that wish, and what is told of its end.
	Replace(ctx context.Context, device string) error
	// Drill brings random files back from every storage, to try it. It writes nothing.
	Drill(ctx context.Context, r syncer.Report) ([]syncer.Drilled, error)

	storageKeeper
	bringer
	pinKeeper
	recorder

	// Words returns the recovery words.
	Words(ctx context.Context) ([]string, error)
	// NoteWords writes down that the words were asked for, and whether the person had them.
	NoteWords(ctx context.Context, had bool) error

	browser
	spaceKeeper
	versionKeeper
	chooser
}

// versionKeeper is what the window needs to keep fewer versions: the engine's methods of these names say the rest.
type versionKeeper interface {
	// Keep says which versions stay, and SetKeep changes that, or says what would go; nil: the storage cannot be asked.
	Keep(ctx context.Context) (syncer.Keep, error)
	SetKeep(ctx context.Context, ch syncer.KeepChange) (*syncer.Pruned, error)
	// Prune removes what does not stay and frees what nothing needs, or says what it would.
	Prune(ctx context.Context, o syncer.PruneOptions, r syncer.Report) (*syncer.Pruned, error)
	// Forget takes something out of every version, or removes versions, or says what that would do.
	Forget(ctx context.Context, o syncer.ForgetOptions, r syncer.Report) (*syncer.Forgotten, error)
	// Removed lists what can be brought back, and BringBack does it, by ids or by forgotten paths.
	Removed(ctx context.Context) ([]syncer.RemovedVersion, error)
	BringBack(ctx context.Context, names []string) ([]syncer.Version, error)
}

// spaceKeeper is what the Space screen needs of the engine: its methods of these names say the rest.
type spaceKeeper interface {
	// Space says what the storages hold.
	Space(ctx context.Context) (*syncer.Space, error)
	// Survey looks through the versions, so that Space knows what they cost.
	Survey(ctx context.Context, r syncer.Report) error
	// SetLimit sets how many bytes a storage may hold in all; 0 is no limit.
	SetLimit(ctx context.Context, storage string, bytes int64) error
	// FreeSpace has a storage delete at once what nothing on it keeps.
	FreeSpace(ctx context.Context, storage string, r syncer.Report) (*syncer.Freed, error)
}

// chooser is what the Settings screen needs of the engine: its methods of these names say the rest.
type chooser interface {
	// Settings lists every setting with its present value.
	Settings(ctx context.Context) ([]syncer.Setting, error)
	// SetAll changes settings, all or none; "" brings the usual value back.
	SetAll(ctx context.Context, values map[string]string) error
	// RemoveFolder stops keeping a folder; its versions stay, and go on when it is added again.
	RemoveFolder(ctx context.Context, dir string) error
	// SetMode makes a folder automatic, or saved only when a person says so.
	SetMode(ctx context.Context, dir, mode string) error
	// SetPriority says whether a folder may wait when the month's data gets short.
	SetPriority(ctx context.Context, dir string, low bool) error
	// Rules returns what is left out of a folder, as a person wrote it.
	Rules(ctx context.Context, dir string) (string, error)
	// SetRules writes them, unless they are not as in before any more.
	SetRules(ctx context.Context, dir, before, text string) error
	// TryRules counts what rules would leave out of a folder.
	TryRules(ctx context.Context, dir, text string) (*syncer.Trial, error)
	// Devices lists the devices of the backup, this one first.
	Devices(ctx context.Context) ([]syncer.DeviceInfo, error)
	// LetIn makes the computer that asks with a code one of this backup. A person has compared its words.
	LetIn(ctx context.Context, asking string) (*syncer.LetIn, error)
	// RenameDevice gives a device, named by its id, another name. The words are needed where this computer does not keep them.
	RenameDevice(ctx context.Context, device, name, words string) error
	// RemoveDevice takes a device out of the backup; one that was lost is shut out. Run again, it finishes what was interrupted.
	RemoveDevice(ctx context.Context, o syncer.RemoveDeviceOptions) (*syncer.RemovedDevice, error)
	// Network tells how a storage that this computer runs stands to other machines, and SetNetwork changes that.
	Network(ctx context.Context, storage string) (*syncer.Network, error)
	SetNetwork(ctx context.Context, ch syncer.NetworkChange) (*syncer.Network, error)
	// Recovery tells what is known of the recovery words without showing them.
	Recovery(ctx context.Context) (syncer.Recovery, error)
}

// Desktop is what the Settings screen needs of the process that shows the window: the engine may be that of another one.
// None of the methods with a context is called on the UI goroutine.
type Desktop interface {
	About() About
	// Home is Roost's folder on this computer, Log the file with what it did there.
	Home() string
	Log() string
	// Locked tells whether a password of Roost's own protects this computer's key, and Unlock whether it is this one.
	Locked() bool
	Unlock(ctx context.Context, typed string) error
	// AsksLogIn tells whether the system can make sure that who sits here is who logged in, and AskLogIn has it do so: it waits
	// for the person.
	AsksLogIn(ctx context.Context) bool
	AskLogIn(ctx context.Context) (LogIn, error)
	// PrintSheet makes the recovery sheet for printing; it is gone when Roost ends.
	PrintSheet(ctx context.Context, s sheet.Sheet) (path string, err error)
	// SaveSheet writes the recovery sheet into a folder.
	SaveSheet(ctx context.Context, dir string, s sheet.Sheet) (path string, err error)
	// SaveReport writes what somebody who helps needs to know into a folder. No secret and no name of a file is in it.
	SaveReport(ctx context.Context, dir string) (path string, err error)
	// Document makes a file of a document, to be looked at until Roost ends.
	Document(ctx context.Context, which Document) (path string, err error)
}

// LogIn is what came of asking for the log-in to this computer.
type LogIn int

// The ways it can end.
const (
	LogInNotAsked LogIn = iota // the system had no way to ask
	LogInGiven
	LogInRefused // it was wrong, or nobody gave it
)

// About is what this Roost is.
type About struct {
	Version string
	Commit  string // that it was built from, short; "" is not known
	System  string // "linux/amd64"
}

// Document is a text that comes with Roost.
type Document int

// The documents.
const (
	Licence Document = iota // Roost's own
	Format                  // of what is stored
	Notices                 // the licences of what Roost is built from
)

// AtLogin is whether the app starts, hidden in its tray, when the person logs in: a setting of the computer.
type AtLogin interface {
	Starts() (bool, error)
	Start(ctx context.Context, on bool) error
}

// storageKeeper is what the Storage screen needs of the engine.
type storageKeeper interface {
	// AddNode makes one more storage hold everything, which takes as long as a first backup. It goes on when the window is
	// closed, and ends with the engine, or when ctx is cancelled because of ErrGivenUp.
	AddNode(ctx context.Context, o syncer.SetupOptions) error
	// SetCopies sets how many of several storages that act as one shall hold everything; 0 is all that are there.
	SetCopies(ctx context.Context, storage string, copies int) error
	// FixNode does what can be done about a check that failed.
	FixNode(ctx context.Context, name, check string) error
	// RemoveNode stops using a storage. What it holds stays there. With lost, one that does not answer goes in any case.
	RemoveNode(ctx context.Context, name string, lost bool) error
	// Readdress gives a storage another address or key.
	Readdress(ctx context.Context, name string, o syncer.SetupOptions) error
}

// pinKeeper is what the pages of saved copies need of the engine.
type pinKeeper interface {
	// Pins lists what a storage keeps until somebody says otherwise: ours first, newest first.
	Pins(ctx context.Context, storage string) ([]syncer.Pin, error)
	// Pin has a storage keep what it holds already; Unpin has it keep no longer what is not of this backup.
	Pin(ctx context.Context, storage, cid, name string) error
	Unpin(ctx context.Context, storage, cid string) error
}

// ErrGivenUp is why a person stopped something that would go on without the window.
var ErrGivenUp = errors.New("a person gave it up")

// recorder is what the Activity screen needs of the engine.
type recorder interface {
	// Activity lists what happened, newest first: at most limit things, all that are kept when it is 0.
	Activity(ctx context.Context, limit int) ([]syncer.Activity, error)
	// NotSaved lists what the newest versions lack, and why.
	NotSaved(ctx context.Context) ([]syncer.NotSaved, error)
	// LeaveOut says that a file or folder of a kept folder is not wanted any longer.
	LeaveOut(ctx context.Context, dir, path string) error
}

// browser is what the Files and Restore screens need of the engine: its methods of these names say the rest.
type browser interface {
	// Snapshots lists versions, newest first; stale tells that the storage did not answer, and that there may be more.
	Snapshots(ctx context.Context, dir string) (versions []syncer.Version, stale bool, err error)
	// Children lists what lies directly in a folder of a version.
	Children(ctx context.Context, snapshot, path string) ([]syncer.Item, error)
	// Find looks for names in every version, newest first.
	Find(ctx context.Context, pattern string) ([]syncer.Match, error)
	// History lists what one path was over all versions, newest first.
	History(ctx context.Context, snapshot, path string) ([]syncer.Edition, error)
	// Compare says what became different from one version to another.
	Compare(ctx context.Context, before, after, path string) (*syncer.Comparison, error)
	// Preview is the beginning of a file, limit bytes at most.
	Preview(ctx context.Context, snapshot, path string, limit int64) ([]byte, error)
	// ReadOnlyCopy writes a file of a version to a new file, to be looked at.
	ReadOnlyCopy(ctx context.Context, snapshot, path, to string) error
	// Details says what lies behind a file or folder.
	Details(ctx context.Context, snapshot, path string) (*syncer.Details, error)
	// StartRestore brings files back, which goes on by itself: the status tells how far it is.
	StartRestore(ctx context.Context, w syncer.RestoreWish) error
	// SteerRestore pauses, goes on with, cancels or puts away the restore with this id.
	SteerRestore(ctx context.Context, id string, step syncer.ErrandStep) error
}

// Now is all that the window draws: how things were at one moment. The zero value is a window that knows
// nothing yet.
type Now struct {
	syncer.Status

	At       time.Time         // when it was so; zero: nothing is known yet
	Space    syncer.Space      // what the storage holds; zero: not known yet
	Days     []int64           // bytes kept at the end of each of the last days, oldest first, today last
	Activity []syncer.Activity // newest first
}
