package syncer

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// syncEvery is how many bytes a restore writes before it has them synced in the background, so that the sync at its end,
	// for which a person waits, finds little left: of 1 GB it takes a tenth off the whole.
	syncEvery = 128 << 20
	// syncLook is how often it is looked whether that many are written.
	syncLook = 50 * time.Millisecond
)

// syncAsItGoes syncs each time syncEvery bytes were restored, until stop is called. stop waits, and returns what
// a sync failed with: the system tells only once of a write that it could not do.
func (r *restore) syncAsItGoes() (stop func() error) {
	halt := make(chan struct{})
	result := make(chan error, 1)
	synced := r.bytes.Load()
	go func() {
		t := time.NewTicker(syncLook)
		defer t.Stop()
		for {
			select {
			case <-halt:
				result <- nil
				return
			case <-t.C:
			}
			if n := r.bytes.Load(); n-synced >= syncEvery {
				synced = n
				if err := r.sync(); err != nil {
					result <- err
					return
				}
			}
		}
	}()
	return func() error {
		close(halt)
		return <-result
	}
}

// sync returns when all that was restored before is on the disk.
func (r *restore) sync() error {
	r.mu.Lock()
	devices := slices.Collect(maps.Values(r.devices)) // each stays open until the restore ends
	r.mu.Unlock()
	for _, d := range devices {
		if err := d.SyncFS(); err != nil {
			return fmt.Errorf("write everything to the disk: %w", err)
		}
	}
	return nil
}
