package syncer

import (
	"context"
	"time"
)

// othersEvery is how often it is looked whether another device has saved something. It costs a storage the listing of a few
// names; only when these have changed is more asked.
const othersEvery = 45 * time.Second

// noticeOthers takes over what other devices publish within a minute.
func (k *keeper) noticeOthers(ctx context.Context) {
	for {
		if wait(ctx, othersEvery); ctx.Err() != nil {
			return
		}
		if err := k.lookForOthers(ctx); err != nil && ctx.Err() == nil {
			k.e.log.Debug("whether another device saved something is not known", "reason", err) // a storage that is away is said elsewhere
		}
	}
}

// lookForOthers reads the newest states when another device's pointers are not those that were read last.
func (k *keeper) lookForOthers(ctx context.Context) error {
	p := k.e.first.Load()
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	moved, err := p.vault.OthersMoved(ctx)
	if err != nil || !moved {
		return err
	}
	if _, err := k.e.state(ctx); err != nil {
		return err
	}
	if err := k.e.noteVersions(ctx); err != nil {
		return err
	}
	k.learnDamage()
	poke(k.beacons) // a beacon names their states, too
	poke(k.news)
	return nil
}
