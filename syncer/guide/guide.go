// Package guide takes a person from nothing to a home that keeps folders, step by step.
package guide

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"roost/syncer"
	"roost/syncer/disk"
	"roost/vault/keystore"
)

// Options say where and how.
type Options struct {
	Engine  syncer.Options // Keys is not used
	Runtime string         // folder for what must be gone at the end, made when missing
	// Keys is where this computer's key is kept. ask returns the passphrase that the person typed, or
	// keystore.ErrNoPassphrase when there is none yet.
	Keys func(ask func(prompt string) ([]byte, error)) (keystore.Store, error)
}

// Guide does what the steps ask for. It holds the home's lock from the first step that needs the engine until Finish or
// Close. Its methods may be called from any goroutine.
type Guide struct {
	opts  Options
	paper *Paper

	opening sync.Mutex // held while the engine is opened

	mu         sync.Mutex // guards below
	passphrase []byte     // that the person typed; nil: none
	engine     *syncer.Engine
	unlock     func() // the home; nil while engine is
}

// New makes a guide. A sheet that an earlier one left behind, because the computer went off, is removed.
func New(o Options) (*Guide, error) {
	paper, err := newPaper(o.Runtime)
	if err != nil {
		return nil, err
	}
	return &Guide{opts: o, paper: paper}, nil
}

// Stage is what a person has to do next.
type Stage int

// The stages, in their order.
const (
	Nothing   Stage = iota // nothing is set up
	Words                  // the recovery words are neither checked nor put off
	Folders                // nothing is kept yet
	Recovered              // the backup was found with its words, and nothing was chosen
	Returning              // folders come back, which the engine does, and nothing is kept yet
	Done
)

// Stage derives the stage from the home alone. It needs neither the key nor the lock.
func (g *Guide) Stage(context.Context) (Stage, error) {
	b, folders, err := syncer.BeginningOf(g.opts.Engine.Home)
	switch {
	case errors.Is(err, syncer.ErrNoSetup):
		return Nothing, nil
	case err != nil:
		return Done, err
	case b.Finished || folders > 0:
		return Done, nil
	case b.Recovered && syncer.HasRestore(g.opts.Engine.Home):
		return Returning, nil
	case b.Recovered:
		return Recovered, nil
	case b.Asked.IsZero():
		return Words, nil
	default:
		return Folders, nil
	}
}

// leastRoom is what the disk of a new storage must have free, in bytes.
const leastRoom = 1 << 30

// Check looks in silence at all that may be in the way of Begin and returns what is: the keyring, the program of a
// storage that Roost runs, room for it, and whether another one answers and takes what it is given.
func (g *Guide) Check(ctx context.Context, how syncer.SetupOptions) []error {
	var found []error
	add := func(err error) {
		if err != nil {
			found = append(found, err)
		}
	}
	if keys, err := g.opts.Keys(g.Passphrase); err != nil {
		add(err)
	} else if _, err := keys.Get(ctx, "00"); errors.Is(err, keystore.ErrNoService) {
		if _, none := g.Passphrase(""); none != nil {
			add(err)
		}
	} else if !errors.Is(err, keystore.ErrNotFound) {
		add(err)
	}
	fresh := !how.Recovering()
	add(syncer.TryStorage(ctx, g.opts.Engine, how, fresh))
	if how.LocalDir != "" && fresh {
		free, err := disk.FreeSpace(how.LocalDir)
		if err == nil && free < leastRoom {
			err = fmt.Errorf("%w: %d MB are free", syncer.ErrNoRoom, free>>20)
		}
		add(err)
	}
	return found
}

// Try tells whether a storage answers; with write also whether it takes what it is given.
func (g *Guide) Try(ctx context.Context, how syncer.SetupOptions, write bool) error {
	return syncer.TryStorage(ctx, g.opts.Engine, how, write)
}

// Import puts a copy of a backup, which Export wrote to a disk, into a new storage before Begin makes the home: the one of how, or of
// this computer where how names none. It returns how with that storage in it. What is there already is not copied again.
func (g *Guide) Import(ctx context.Context, how syncer.SetupOptions, from string, r syncer.Report) (syncer.SetupOptions, error) {
	if how.URL == "" && how.LocalDir == "" {
		how.LocalDir = syncer.OwnStorage(g.opts.Engine.Home)
	}
	_, err := syncer.ImportBackup(ctx, g.opts.Engine, how, from, r)
	return how, err
}

// Begin makes the home: a new backup, or with words this computer as one more device of theirs. Where the computer has no
// keyring the passphrase given to UsePassphrase protects its key; without one that is keystore.ErrNoPassphrase.
func (g *Guide) Begin(ctx context.Context, how syncer.SetupOptions) (*syncer.SetupResult, error) {
	keys, err := g.keys()
	if err != nil {
		return nil, err
	}
	opts := g.opts.Engine
	opts.Keys = keys
	got, err := syncer.Setup(ctx, opts, how)
	if err != nil {
		return nil, err
	}
	if _, err := g.open(ctx); err != nil {
		return nil, err
	}
	return got, nil
}

// UsePassphrase is what the person typed, for a key that is kept under one; "" forgets it.
func (g *Guide) UsePassphrase(typed string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.passphrase)
	g.passphrase = nil
	if typed != "" {
		g.passphrase = []byte(typed)
	}
}

// Passphrase is what UsePassphrase was given last, as a keystore asks for it; keystore.ErrNoPassphrase while there is none.
func (g *Guide) Passphrase(string) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.passphrase == nil {
		return nil, keystore.ErrNoPassphrase
	}
	return bytes.Clone(g.passphrase), nil // who asks overwrites it
}

// keys is the store of this computer: where it has no keyring, a file under the passphrase.
func (g *Guide) keys() (keystore.Store, error) {
	store, err := g.opts.Keys(g.Passphrase)
	if err != nil {
		return nil, err
	}
	return fallback{store, keystore.File(filepath.Join(g.opts.Engine.Home, keystore.FileName), func() ([]byte, error) { return g.Passphrase("") })}, nil
}

// fallback keeps keys in the second store where the first is not there.
type fallback struct{ first, second keystore.Store }

func (f fallback) Get(ctx context.Context, vault string) ([32]byte, error) {
	key, err := f.first.Get(ctx, vault)
	if errors.Is(err, keystore.ErrNoService) {
		return f.second.Get(ctx, vault)
	}
	return key, err
}

func (f fallback) Set(ctx context.Context, vault string, key [32]byte) error {
	err := f.first.Set(ctx, vault, key)
	if errors.Is(err, keystore.ErrNoService) {
		return f.second.Set(ctx, vault, key)
	}
	return err
}

func (f fallback) Delete(ctx context.Context, vault string) error {
	err := f.first.Delete(ctx, vault)
	if errors.Is(err, keystore.ErrNoService) {
		return f.second.Delete(ctx, vault)
	}
	return err
}

// lockPatience is how long another Roost may take to be done with the home.
const lockPatience = 5 * time.Second

// open is the engine of the home, opened with its lock when it is first wanted.
func (g *Guide) open(ctx context.Context) (*syncer.Engine, error) {
	keys, err := g.keys()
	if err != nil {
		return nil, err
	}
	g.opening.Lock()
	defer g.opening.Unlock()
	g.mu.Lock()
	e := g.engine
	g.mu.Unlock()
	if e != nil {
		return e, nil
	}
	opts := g.opts.Engine
	opts.Keys = keys
	e, err = syncer.Open(ctx, opts) // it may ask for the passphrase, so without mu
	if err != nil {
		return nil, err
	}
	unlock, err := e.Lock(ctx, lockPatience)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.engine, g.unlock = e, unlock
	return e, nil
}

// Words returns the recovery words, and the four words that name the backup.
func (g *Guide) Words(ctx context.Context) (words []string, fingerprint string, err error) {
	e, err := g.open(ctx)
	if err != nil {
		return nil, "", err
	}
	words, err = e.Words(ctx)
	return words, e.Fingerprint(), err
}

// NoteWords writes down that the person was asked for the words, and whether they had them.
func (g *Guide) NoteWords(ctx context.Context, had bool) error {
	e, err := g.open(ctx)
	if err != nil {
		return err
	}
	return e.NoteWords(ctx, had)
}

// AddFolders keeps folders from now on.
func (g *Guide) AddFolders(ctx context.Context, dirs []string) error {
	e, err := g.open(ctx)
	if err != nil {
		return err
	}
	_, err = e.AddFolders(ctx, dirs)
	return err
}

// Finish writes down that all is done, and gives the home free for the engine that keeps the folders.
func (g *Guide) Finish(ctx context.Context) error {
	e, err := g.open(ctx)
	if err != nil {
		return err
	}
	if err := e.FinishBeginning(ctx); err != nil {
		return err
	}
	return g.release()
}

// SetAside makes the home one that is not set up, so that the steps begin anew; nothing is deleted.
func (g *Guide) SetAside(ctx context.Context) error {
	if err := g.release(); err != nil {
		return err
	}
	return syncer.SetAside(ctx, g.opts.Engine.Home, lockPatience)
}

// Holds tells whether the home is held for the steps: they have begun, here.
func (g *Guide) Holds() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.engine != nil
}

// Close gives the home free and removes what was only for a while: the sheet, the passphrase.
func (g *Guide) Close() error {
	g.UsePassphrase("")
	return errors.Join(g.release(), g.paper.Close())
}

func (g *Guide) release() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.engine == nil {
		return nil
	}
	err := g.engine.Close()
	g.unlock()
	g.engine, g.unlock = nil, nil
	return err
}
