// Package vault stores sealed, deduplicated content on a storage and finds it again from the words alone.
//
// A Vault is one device's door to it: Begin opens a session that takes chunks and ends in Commit; Read brings a chunk
// back through three checks (block hash, seal, id); Refresh learns from the storage what exists; Verify proves it; Prune
// lets go of versions.
// The rules that keep two devices, a crash and a collecting storage from ever losing a chunk are in FORMAT.md, "Commit".
package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// Errors that callers branch on, beside those of format, node and catalog.
var (
	// ErrNoVault: the storage holds no backup that belongs to these words.
	ErrNoVault = errors.New("no backup of yours was found on this storage")
	// ErrMissing: a chunk is in no pack that is known, or its pack is gone from the storage.
	ErrMissing = errors.New("stored data is missing")
	// ErrRedo: the storage changed under a pass (another process committed, or a borrowed pack vanished); the pass is
	// run again and sends only what is not there.
	ErrRedo = errors.New("the storage changed meanwhile, the pass has to be run again")
	// ErrRetired: this device was shut out of the vault.
	ErrRetired = errors.New("this device was removed from the backup")
	// ErrShutOut: a device that was removed published something later.
	ErrShutOut = errors.New("a computer that was removed saved something later")
	// ErrNoDevice: no device of the vault is meant.
	ErrNoDevice = errors.New("no such computer in this backup")
	// ErrRolledBack: the storage serves an older state of this device than it confirmed before.
	ErrRolledBack = errors.New("the storage was set back to an older state")
	// ErrLimit: the storage holds as much as it may by the person's own limit. Nothing that it holds is touched.
	ErrLimit = errors.New("the storage's space limit is reached")
)

// Options are what a Vault is opened with.
type Options struct {
	Bundle  *Bundle          // this device's keys
	Node    node.Node        // the storage
	Catalog *catalog.Catalog // a cache of what the storage holds
	Log     *slog.Logger     // nil: discarded
}

// Vault is safe for concurrent use, except that one Session is open at a time.
type Vault struct {
	bundle *Bundle
	node   node.Node
	cat    *catalog.Catalog
	log    *slog.Logger
	ids    *format.IDs
	cutter *format.Chunker
	packs  *packCache
	torn   torn

	mu    sync.Mutex // guards below
	state *State     // as of the last Refresh; nil before
	label string     // pin name on this storage; "" before it was asked

	peers map[string]bool      // ids of storages that belong to this vault
	unmet map[string]time.Time // when a storage, by the label of our pins there, could not fetch from this one
}

// New returns a vault; nothing is asked of the storage yet.
func New(o Options) *Vault {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	k := o.Bundle.Keys()
	v := &Vault{
		bundle: o.Bundle, node: o.Node, cat: o.Catalog, log: o.Log,
		ids: format.NewIDs(k.ChunkID), cutter: format.NewChunker(k.Chunker),
	}
	v.packs = newPackCache(v.fetchPack)
	return v
}

// keys are the vault's, with the epochs that are known now.
func (v *Vault) keys() *format.Keys { return v.bundle.Keys() }

// Chunker cuts files for this vault.
func (v *Vault) Chunker() *format.Chunker { return v.cutter }

// ID returns the id of a chunk.
func (v *Vault) ID(k format.Kind, plain []byte) format.ChunkID { return v.ids.ID(k, plain) }

// Device is this device's id.
func (v *Vault) Device() format.DeviceID { return v.bundle.Device() }

// pinLabel is the name of our pins on this storage.
func (v *Vault) pinLabel(ctx context.Context) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.label != "" {
		return v.label, nil
	}
	info, err := v.node.Info(ctx)
	if err != nil {
		return "", fmt.Errorf("ask the storage who it is: %w", err)
	}
	v.label = v.keys().PinLabel(info.PeerID)
	return v.label, nil
}
