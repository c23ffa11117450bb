package syncer

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"roost/vault/catalog"
)

const (
	tidyEvery = 24 * time.Hour   // between two times that the rules are applied
	tidyLook  = 10 * time.Minute // between looks whether it is time and nothing else is to be done
)

// metaTidied is the catalog's note of when the rules were last applied by themselves.
const metaTidied = "tidied"

// tidy applies the rules once a day, when no folder has anything to save. A backup that comes up meanwhile goes first:
// what was begun is given up, and begun again later.
func (k *keeper) tidy(ctx context.Context) {
	for ctx.Err() == nil {
		wait(ctx, tidyLook)
		now := time.Now().Round(0)
		if ctx.Err() != nil || !k.tidyable(now) {
			continue
		}
		if err := k.e.tidyOnce(ctx, now); err != nil && ctx.Err() == nil {
			k.e.log.Info("older versions could not be removed for now", "problem", Describe(err).Code)
			k.e.log.Debug("why they could not be", "error", err)
		}
	}
}

// tidyable tells whether now is the time for it: no folder has something to save or is being saved.
func (k *keeper) tidyable(now time.Time) bool {
	if c := k.e.home.config(); k.busy(c, now) || k.e.budgetHold(c, true, now) != nil { // what is left in packs is sent again
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.folders {
		if !f.pending.none() || f.err != nil {
			return false
		}
	}
	return true
}

// tidyOnce applies the rules unless that was done within a day.
func (e *Engine) tidyOnce(ctx context.Context, now time.Time) error {
	b, ok, err := e.cat.Meta(ctx, metaTidied)
	if err != nil {
		return err
	}
	if ok && len(b) == 8 {
		if since := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(b)), 0)); since >= 0 && since < tidyEvery {
			return nil
		}
	}
	_, err = e.prune(ctx, cleaning{quiet: true}, nil)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		e.log.Debug("older versions are removed later, because a backup is due")
		return nil
	}
	if err != nil {
		return err
	}
	return e.cat.Update(ctx, func(tx *catalog.Tx) error {
		return tx.SetMeta(metaTidied, binary.BigEndian.AppendUint64(nil, uint64(now.Unix())))
	})
}
