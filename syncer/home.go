package syncer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"roost/vault"
	"roost/vault/format"
)

// home is Roost's folder on this computer: settings, sealed keys, the catalog, a lock, and the storage that Roost runs
// itself. Settings and keys are written whole by rename; all else can be lost.
type home struct {
	dir string

	mu  sync.Mutex // guards below
	cfg config
}

// config returns the settings as they are now. What its slices hold is never changed, only replaced.
func (h *home) config() config {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cfg
}

// change lets fn change the settings and writes them. When fn or the writing fails, they stay as they were.
func (h *home) change(fn func(*config) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.cfg
	next.Folders, next.Nodes = slices.Clone(next.Folders), slices.Clone(next.Nodes)
	if err := fn(&next); err != nil {
		return err
	}
	if err := h.save(next); err != nil {
		return err
	}
	h.cfg = next
	return nil
}

// config is config.json: no secret is in it.
type config struct {
	Version int            `json:"version"` // 1
	Vault   string         `json:"vault"`   // hex of the vault's id
	Device  string         `json:"device"`  // hex of this device's id
	Nodes   []nodeConfig   `json:"nodes"`
	Folders []folderConfig `json:"folders"`

	Paused   time.Time         `json:"paused,omitzero"`    // everything waits until then
	Settings map[string]string `json:"settings,omitempty"` // those that a person changed

	Keep KeepRules `json:"keep,omitzero"` // of folders without rules of their own
	Fit  int64     `json:"fit,omitempty"` // most bytes that this backup may take on a storage; 0: no bound

	Beginning Beginning `json:"beginning,omitzero"`
	Replaces  string    `json:"replaces,omitempty"` // hex id of the device that this one takes the place of, until it has

	ReplacesName string    `json:"replaces_name,omitempty"` // its name, until a person has read that it was replaced
	Replaced     time.Time `json:"replaced,omitzero"`       // when it was; zero: not yet

	Move *moveConfig `json:"move,omitempty"` // of a storage, on its way; nil: none is

	// Former are folders that were removed. One that is added again goes on where it stopped, under its own id: so removing
	// can be undone.
	Former []folderConfig `json:"former,omitempty"`
}

type nodeConfig struct {
	Name      string `json:"name"`
	URL       string `json:"url,omitempty"`
	Dir       string `json:"dir,omitempty"` // a storage that Roost runs itself, in this folder
	AllowHTTP bool   `json:"allow_http,omitempty"`
	Limit     int64  `json:"limit,omitempty"` // bytes that it may hold in all, as a person wants it; 0: no limit

	Addresses   []string `json:"addresses,omitempty"`   // beside URL
	Fingerprint string   `json:"fingerprint,omitempty"` // of its certificate, hex
	Host        string   `json:"host,omitempty"`        // that a public certificate is for

	Cluster *clusterConfig `json:"cluster,omitempty"` // that it is a member of, and acts for; nil: it is one storage
}

type folderConfig struct {
	ID   string `json:"id"` // hex, 16 bytes
	Path []byte `json:"path"`
	Mode string `json:"mode"` // Automatic or Manual

	Low    bool      `json:"low,omitempty"`   // may wait when the month's data or a storage's room gets short
	Paused time.Time `json:"paused,omitzero"` // waits until then
	Held   *held     `json:"held,omitempty"`  // a sudden change that the person was asked about

	Keep *KeepRules `json:"keep,omitempty"` // nil: those of all folders
}

func (f folderConfig) id() format.FolderID {
	var id format.FolderID
	b, err := hex.DecodeString(f.ID)
	if err == nil {
		copy(id[:], b)
	}
	return id
}

const (
	configFile  = "config.json"
	bundleFile  = "keys.sealed"
	catalogFile = "catalog.db"
	lockFile    = "lock"
	tempDir     = "tmp"
	storageDir  = "storage"
	probeFile   = "probe" // what was pinned to try a storage; gone when it was released
)

func (h *home) path(name string) string { return filepath.Join(h.dir, name) }

// keyName names the master key in the keystore: one per home, so that two homes of one vault do not share it.
func (c *config) keyName() string { return c.Vault + c.Device }

// openHome reads the settings. Errors: ErrNoSetup, format.ErrNewer, format.ErrDamaged, ErrHome.
func openHome(dir string) (*home, error) {
	h := &home{dir: dir}
	b, err := os.ReadFile(h.path(configFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoSetup
	}
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w: %w", ErrHome, err)
	}
	if err := json.Unmarshal(b, &h.cfg); err != nil {
		return nil, fmt.Errorf("read the settings: %w: %w", ErrSettings, err)
	}
	if h.cfg.Version > 1 {
		return nil, fmt.Errorf("read the settings: %w", format.ErrNewer)
	}
	if _, err := h.cfg.vaultID(); err != nil || len(h.cfg.Nodes) == 0 {
		return nil, fmt.Errorf("read the settings: %w", ErrSettings)
	}
	for _, f := range h.cfg.Folders {
		if f.id() == (format.FolderID{}) || len(f.Path) == 0 {
			return nil, fmt.Errorf("read the settings: %w: a folder without a name", ErrSettings)
		}
	}
	for _, n := range h.cfg.Nodes {
		if err := n.checkCluster(); err != nil {
			return nil, fmt.Errorf("read the settings: %w: the storage %q: %w", ErrSettings, n.Name, err)
		}
	}
	return h, nil
}

// ErrSettings: config.json is not what Roost wrote.
var ErrSettings = errors.New("the settings file is damaged")

func (c *config) vaultID() (id format.VaultID, err error) {
	b, err := hex.DecodeString(c.Vault)
	if err != nil || len(b) != len(id) {
		return id, errors.New("vault id is not 32 hex digits")
	}
	return format.VaultID(b), nil
}

// save writes the settings. What runs calls change, which holds the lock.
func (h *home) save(c config) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return h.write(configFile, append(b, '\n'))
}

func (h *home) saveBundle(b *vault.Bundle, master [32]byte) error {
	sealed, err := b.Seal(master)
	if err != nil {
		return err
	}
	return h.write(bundleFile, sealed)
}

// write replaces a file whole: private, synced, renamed.
func (h *home) write(name string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = homeError("write "+name, err)
		}
	}()
	f, err := os.CreateTemp(h.dir, half+name+"-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the write's own error is what counts
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), h.path(name))
	}
	if err != nil {
		return err
	}
	return syncDir(h.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, fs.ErrPermission) {
		return err // Windows and some file systems cannot sync a folder
	}
	return nil
}

// homeError says that the home is at fault: not writable, or its disk full.
func homeError(op string, err error) error {
	return fmt.Errorf("%s: %w: %w", op, ErrHome, err)
}

// makeHome creates the home folder, private, and proves that it can be written.
func makeHome(dir string) (*home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, homeError("make Roost's home", err)
	}
	h := &home{dir: dir}
	if _, err := os.Lstat(h.path(configFile)); err == nil {
		return nil, ErrAlreadySetUp
	}
	probe, err := os.CreateTemp(dir, half+probeFile+"-*")
	if err != nil {
		return nil, homeError("write to Roost's home", err)
	}
	_, err = probe.Write(make([]byte, 4096))
	if cerr := probe.Close(); err == nil {
		err = cerr
	}
	if rerr := os.Remove(probe.Name()); err == nil && !errors.Is(rerr, fs.ErrNotExist) { // who has the lock may have swept it away
		err = rerr
	}
	if err != nil {
		return nil, homeError("write to Roost's home", err)
	}
	return h, nil
}

// lock takes the home for one process, waiting at most that long.
func (h *home) lock(ctx context.Context, wait time.Duration) (func(), error) {
	l := flock.New(h.path(lockFile), flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ok, err := l.TryLockContext(ctx, 50*time.Millisecond)
	if !ok {
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			return nil, ErrBusy
		}
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, homeError("lock Roost's home", err)
	}
	h.sweep()
	return func() { _ = l.Unlock() }, nil // the lock ends with the process in any case
}

// What is made in the home before it gets its own name begins like this: files, the proof that the home can be written,
// and the control socket, made by package app.
const (
	half       = ".half-"
	halfSocket = ".socket-"
)

// sweep removes what processes left in the home that were killed while they wrote. The caller holds the lock.
func (h *home) sweep() {
	entries, err := os.ReadDir(h.dir)
	if err != nil {
		return // whoever took the lock will say so
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), half) || strings.HasPrefix(e.Name(), halfSocket) {
			_ = os.RemoveAll(h.path(e.Name())) // it harms nothing, and is tried again
		}
	}
}

// temp returns an empty private folder for temporary files, without what an earlier process left.
func (h *home) temp() (string, error) {
	dir := h.path(tempDir)
	if err := os.RemoveAll(dir); err != nil {
		return "", homeError("empty the temporary folder", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", homeError("make the temporary folder", err)
	}
	return dir, nil
}

func newFolderID() (format.FolderID, error) {
	var id format.FolderID
	if _, err := rand.Read(id[:]); err != nil {
		return id, fmt.Errorf("read random bytes: %w", err)
	}
	return id, nil
}
