// Package syncer keeps each folder's snapshot current and brings files back.
package syncer

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/keystore"
	"roost/vault/node"
)

// Errors that callers branch on, beside those of vault and the packages below it. Each has a row in the problem table.
var (
	ErrNoSetup        = errors.New("this home is not set up yet")
	ErrAlreadySetUp   = errors.New("this home belongs to a backup already")
	ErrBusy           = errors.New("another Roost is busy with this home")
	ErrUnknownVersion = errors.New("no version has this name")
	ErrAmbiguous      = errors.New("more than one version has this name")
	ErrNotInVersion   = errors.New("not in this version")
	ErrNotAFolder     = errors.New("not a folder that can be kept")
	ErrNested         = errors.New("folders cannot lie inside each other")
	ErrOwnStorage     = errors.New("the storage cannot be kept in itself")
	ErrNotAdded       = errors.New("not a folder that is kept")
	ErrNoRoom         = errors.New("not enough room on this disk")
	ErrHome           = errors.New("the home folder cannot be used")
	ErrUsage          = errors.New("not possible like this")
	ErrClock          = errors.New("the clock cannot be right")
	ErrWordsNeeded    = errors.New("the recovery words are needed for this")
	ErrGone           = errors.New("this version was removed meanwhile")
)

// Options open an Engine.
type Options struct {
	Home      string         // Roost's home folder
	Keys      keystore.Store // where the master key is kept
	Log       *slog.Logger   // nil: discarded
	Gentle    bool           // Run lets other programs go first: for a process without a window
	AllowHTTP bool           // plain http to a storage beyond this computer was allowed this time
}

// Engine does everything that Roost does to one home: the window and the command line are its two doors. Methods may be
// called from any goroutine.
type Engine struct {
	opts   Options
	log    *slog.Logger
	home   *home
	bundle *vault.Bundle
	master [32]byte // seals the bundle
	cat    *catalog.Catalog

	connecting sync.Mutex              // held while the first storage is connected to or replaced
	first      atomic.Pointer[primary] // the storage that commits go to; nil until it was wanted
	silent     atomic.Bool             // it has no board to tell other devices on

	farMu sync.Mutex            // guards below
	far   map[string]connection // further storages by name, once they were wanted

	near *nearest // what versions are read through where there are several storages; nil: the first storage alone

	turns     turns                  // passes run one at a time
	proving   turns                  // and so do looks at what the storages hold
	published latest[Status]         // of Run
	running   atomic.Pointer[keeper] // nil unless Run runs

	traffic   traffic              // of the storages
	restores  errands[restoreWork] // that go on by themselves
	brings    errands[bringWork]   // likewise
	surveying turns                // one at a time

	unread  atomic.Pointer[[]error] // lists of versions that could not be used when they were last read; nil: not looked yet
	proven  atomic.Pointer[proof]   // what the catalog says of it; nil until it was read or changed
	uses    uses                    // versions that are being read
	marking sync.Mutex              // held while the list of removed versions is changed

	checkpointBytes int64 // new plaintext between checkpoints; 0 means the usual 10 GiB
}

// primary is the storage that commits go to, and this device's door to the vault there.
type primary struct {
	connection
	vault *vault.Vault
}

// vault and node are the first storage's, after connect.
func (e *Engine) vault() *vault.Vault { return e.first.Load().vault }
func (e *Engine) node() node.Node     { return e.first.Load().node }

// Progress is the state of a long piece of work: a value, not a stream. Zero totals mean that they are not known yet.
type Progress struct {
	Phase      string // "looking", "saving", "confirming", "restoring", "checking", "cleaning", "freeing"
	Folder     string
	Current    string // the file under way
	Files      int64
	Bytes      int64
	TotalFiles int64
	TotalBytes int64
	New        int64 // bytes of content that were not stored before
	Started    time.Time
}

// Report is told of progress a few times a second; it must return at once. Nil is allowed.
type Report func(Progress)

// SetupOptions describe a new home.
type SetupOptions struct {
	Words     string // recovery words; empty makes a new vault
	Device    string // this computer's name; empty: the host name, with a number where another computer has that
	NodeName  string // empty: "storage"
	URL       string // a storage that runs by itself
	Token     string // what it asks for, if anything
	LocalDir  string // or: a storage that Roost runs in this folder
	AllowHTTP bool
	Replaces  string // with Words: the name or id of a device that this computer takes the place of; see Replace

	// FindByWords, with Words: the storage is not known, and the one that is named is an IPFS node to ask for it, see locate.
	FindByWords bool
	Report      Report `cbor:"-"` // of looking for it and fetching from it; nil: nobody is told

	// Joined is this computer as another one let it in, in place of Words; nil: it was not.
	Joined *Joined `cbor:"-"`

	// What only a connection code says, see UseCode.
	Addresses   []string // further ones of the storage at URL, tried in turn
	Fingerprint string   // of its own certificate, in hex; "": none is pinned
	Host        string   // that a public certificate is for; "": the URL's

	// The cluster that the storage at URL is a member of and acts for. Without a ClusterURL there is none.
	ClusterURL         string // of the member's REST API
	ClusterToken       string // what that asks for: "USER:PASSWORD", or a bearer secret
	ClusterFingerprint string // of its certificate, in hex; "": none is pinned
	ClusterCopies      int    // members that shall hold everything; 0: all
}

// SetupResult is what Setup did.
type SetupResult struct {
	Words       []string // only of a new vault
	Fingerprint string
	Device      string
	Devices     []DeviceInfo // found when recovering
	Problems    []Problem    // with what else is there
	Storage     string       // with FindByWords: the address of the storage that is used from now on
}

// DeviceInfo is one device of the vault.
type DeviceInfo struct {
	Name   string
	Newest time.Time // zero: no version yet

	// What only Devices tells.
	ID           string // hex; a unique prefix of at least 4 digits names the device too
	State        string // DeviceActive, DeviceRetired or DeviceRevoked
	This         bool   // this computer
	Versions     int
	Bytes        int64  // of the newest complete version of each of its folders
	IntroducedBy string // name of the device that let it in; "": it came with the words
	KeptBy       string // of one that is gone: who took over its versions; "" when they were given up
}

// FolderInfo is one kept folder.
type FolderInfo struct {
	ID    format.FolderID
	Path  string
	Mode  string // Automatic or Manual
	State string // one of the states of Status
}

// Version is one snapshot as lists show it.
type Version = vault.Version

// Saved is the outcome of backing one folder up.
type Saved struct {
	ID          format.ChunkID
	Folder      string
	Time        time.Time // of the version
	Files       int64
	Bytes       int64
	NewBytes    int64 // plaintext that was not stored before
	StoredBytes int64 // what went to the storage
	Complete    bool
	Skipped     []Skipped
	Missing     bool  // the folder is not there; the last version stands
	Unchanged   bool  // nothing had changed: ID is the version that still holds
	Held        *Held // most of the folder was gone or different at once: a person is asked
}

// Skipped is a file that is not in a version, and why.
type Skipped struct {
	Path   string
	Reason string
	Failed bool // it should have been kept (false for pipes, sockets and devices)
}

// Item is one name in a version.
type Item struct {
	Path  string // raw bytes, relative to the folder
	Type  format.EntryType
	Size  int64
	MTime time.Time
	Mode  uint32
}

// Match is one hit of Find.
type Match struct {
	Snapshot format.ChunkID
	Path     string
	Time     time.Time // of the version
	Size     int64
}

// OnConflict says what to do where a restored file meets another one.
type OnConflict string

// Conflict rules.
const (
	KeepBoth OnConflict = "keep-both"
	Replace  OnConflict = "replace"
	SkipFile OnConflict = "skip"
)

// RestoreOptions say what comes back, and where to.
type RestoreOptions struct {
	Snapshot   string   // id, prefix, "latest" or "latest:DIR"
	Paths      []string // within the version; none: all of it
	To         string   // target folder
	InPlace    bool     // or: to where it was
	OnConflict OnConflict
}

// Restored is the outcome of a restore.
type Restored struct {
	Files   int64
	Bytes   int64
	Same    int64 // were there already, byte for byte
	Left    int64 // were left out because another file stands there (OnConflict skip)
	Bare    int64 // came back without some of their attributes
	Failed  []Failure
	Targets []string // folders that were written to
}

// Failure is a file that could not be restored, and why.
type Failure struct {
	Path   string
	Reason string
	Damage bool // the stored data is damaged or missing, rather than this computer in the way
}

// Checked is the outcome of Verify.
type Checked struct {
	OK       bool
	Blocks   int64
	Bytes    int64
	Problems []string
	Mended   int // lost or damaged parts that were brought back from another storage
}

// NodeInfo is one storage.
type NodeInfo struct {
	Name   string
	URL    string
	State  string // as StorageStatus has it
	Checks []NodeCheck
	Used   int64 // bytes on its disk, of everybody, when that was asked

	Confirmed time.Time // when it last confirmed to hold this computer's newest state; zero: never
	Down, Up  float64   // bytes a second that it gives and takes, when that was measured

	Cluster *ClusterStatus // of several storages that act as one; nil: it is one
}

// NodeCheck is one thing that was looked at: one sentence, one action.
type NodeCheck struct {
	Name    string
	OK      bool
	Message string
	Action  string
	Problem *Problem // what is wrong; nil when OK
	Fix     bool     // Roost can do something about it by itself, see FixNode
}

// Status is what the window and `roost status` draw: a plain value that is true now.
type Status struct {
	State    string // safe, saving, waiting, paused, needs_you, unprotected
	Folders  []FolderStatus
	Storages []StorageStatus
	Copies   Copies
	Problems []Problem // what is wrong now, what needs a person first
	Queue    int64     // files known to wait
	Node     string    // the first storage's name
	Device   string    // this computer's name

	Watching    bool       // an engine runs and watches; else this is a look from outside
	Progress    *Progress  // of the pass under way; nil: none
	PausedUntil time.Time  // everything is paused; zero: it is not
	Saved       time.Time  // when the newest complete version was made; zero: there is none
	Replaces    *Replacing // the device that this one takes the place of; nil: none
	Proof       Proof      // how far the storages were looked at
	WordsDue    bool       // it is time that the person proves to have the recovery words
	Look        Look       // of the window, as the settings have it

	Restore *RestoreRun // that goes on by itself; nil: there is none
	Bring   *BringRun   // likewise
}

// Replacing is how far this computer is with taking the place of another device.
type Replacing struct {
	Name    string    // of the other device
	Folders int       // that are kept here
	Saved   int       // of those, the ones with a complete version: the test restore comes after the last
	Done    time.Time // when the other one was retired; zero: not yet
}

// FolderStatus is one folder's part of Status.
type FolderStatus struct {
	Path     string
	State    string
	Snapshot string // newest complete version; "" before the first
	Time     time.Time
	Files    int64
	Bytes    int64
	Skipped  int64 // entries that are not in that version

	Mode        string    // Automatic or Manual
	Low         bool      // may wait when the month's data or a storage's room gets short
	Watched     bool      // changes are noticed as they come; else it is looked through now and then
	Waiting     int64     // files known to have changed since
	Changed     time.Time // first change that is not saved yet; zero: none is known
	Progress    *Progress // of its pass under way; nil: none
	PausedUntil time.Time // zero: not paused
	NextTry     time.Time // when a pass that failed is run again; zero: none failed
	Held        *Held     // a sudden change that a person should look at
}

// StorageStatus is one storage's part of Status.
type StorageStatus struct {
	Name      string
	URL       string
	State     string    // safe, copying, waiting, needs_you
	Confirmed time.Time // when it last confirmed to hold this computer's newest state; zero: never
	Asked     time.Time // when it last answered; zero: never
	Latency   time.Duration
	Used      int64 // bytes on its disk, of everybody
	Limit     int64 // bytes that it may use: Quota, else what the storage names; 0: not known
	Quota     int64 // bytes that it may use as the person wants it; 0: no limit
	Disk      int64 // bytes that it could hold, by the free room on its disk; 0: not known
	Sent      int64 // bytes sent to it this month
	Budget    int64 // most bytes that are sent to it in a month; 0: no limit

	Dir     string    // the folder that Roost runs it in; "": it runs by itself
	Behind  bool      // it answers, and holds an earlier state than the first one
	Copying *Progress // of the newest state on its way there; nil: it is not
	PeerID  string    // when it last answered; "": never
	Version string    // of its Kubo, then

	Cluster *ClusterStatus // of several storages that act as one; nil: it is one
}

// Held is a sudden change: most of a folder's files were gone or different at once.
type Held struct {
	Snapshot string // the last version before it, which is kept
	Time     time.Time
	Empty    bool  // nothing was left, and no version was made of that
	Files    int64 // in the last version
	Gone     int64
	Changed  int64
}

// Activity is one thing that happened.
type Activity struct {
	Time    time.Time
	Kind    string // "backup", "restore", "verify", "prune", "problem"
	Folder  string // "" when it concerns none
	Storage string // where it was saved to or restored from; "": not known
	Text    string // a sentence
	Files   int64
	Bytes   int64
	Skipped []Skipped // what was not saved or restored, and why; at most 1,000
}
