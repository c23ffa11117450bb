package syncer

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"roost/vault/catalog"
	"roost/vault/format"
)

// lookingFor is how long a version that somebody looked into counts as being looked at. A restore holds its versions for
// as long as it takes.
const lookingFor = 10 * time.Minute

// uses are the versions that somebody reads now. The zero value is ready.
type uses struct {
	mu     sync.Mutex // guards below
	held   map[format.ChunkID]int
	looked map[format.ChunkID]time.Time
}

// hold keeps versions from going until done is called.
func (u *uses) hold(ids ...format.ChunkID) (done func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.held == nil {
		u.held = map[format.ChunkID]int{}
	}
	for _, id := range ids {
		u.held[id]++
	}
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		for _, id := range ids {
			if u.held[id]--; u.held[id] == 0 {
				delete(u.held, id)
			}
		}
	}
}

// look notes that somebody looks into a version.
func (u *uses) look(id format.ChunkID, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.looked == nil {
		u.looked = map[format.ChunkID]time.Time{}
	}
	u.looked[id] = now
}

// lookedAway ends the looking into versions that a person who looked wants to be gone. What is being restored is still read.
func (u *uses) lookedAway(ids map[format.ChunkID]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id := range ids {
		delete(u.looked, id)
	}
}

// now tells whether a version is being read.
func (u *uses) now(id format.ChunkID, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	at, looked := u.looked[id]
	return u.held[id] > 0 || looked && now.Sub(at) < lookingFor
}

// metaUsed is the catalog's note of when a version was last restored or looked into.
func metaUsed(id format.ChunkID) string { return "used/" + id.String() }

// noteUse writes down that versions are restored or looked into. It only helps to choose what may go, so that an error is
// no more than said.
func (e *Engine) noteUse(ctx context.Context, ids ...format.ChunkID) {
	now := time.Now()
	for _, id := range ids {
		if now.Sub(e.lastUse(ctx, id)) < time.Hour {
			continue
		}
		err := e.cat.Update(ctx, func(tx *catalog.Tx) error {
			return tx.SetMeta(metaUsed(id), binary.BigEndian.AppendUint64(nil, uint64(now.Unix())))
		})
		if err != nil && ctx.Err() == nil {
			e.log.Info("the use of a version could not be written down", "reason", err)
		}
	}
}

// lastUse is when a version was last restored or looked into; zero when that is not known.
func (e *Engine) lastUse(ctx context.Context, id format.ChunkID) time.Time {
	b, ok, err := e.cat.Meta(ctx, metaUsed(id))
	if err != nil || !ok || len(b) != 8 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0)
}
