package syncer

import (
	"context"
	"errors"
	"time"

	"roost/vault/node"
)

const (
	// othersEvery is how often it is looked whether another device has saved something. It costs a storage the listing of a few
	// names; only when these have changed is more asked.
	othersEvery = 45 * time.Second
	// othersPause keeps what anybody may say on a board from having the storage asked all the time.
	othersPause = 5 * time.Second
	// hearAgain is how soon a storage is asked for its board again that has ended, and hearRarely where it has none.
	hearAgain  = 20 * time.Second
	hearRarely = time.Hour
	// newsPatience is how long a backup that is done may take to say so to the others.
	newsPatience = 5 * time.Second
)

// noticeOthers takes over what other devices publish within a minute, and at once where they can tell.
func (k *keeper) noticeOthers(ctx context.Context) {
	for {
		timer := time.NewTimer(othersEvery)
		select {
		case <-timer.C:
		case <-k.heard:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if err := k.lookForOthers(ctx); err != nil && ctx.Err() == nil {
			k.e.log.Debug("whether another device saved something is not known", "reason", err) // a storage that is away is said elsewhere
		}
		if wait(ctx, othersPause); ctx.Err() != nil {
			return
		}
	}
}

// hearOthers has it looked for others at once when one of them says that it published something.
func (k *keeper) hearOthers(ctx context.Context) {
	for ctx.Err() == nil {
		pause := hearAgain
		if p := k.e.first.Load(); p != nil {
			pause = hearRarely
			if n, ok := p.node.(node.News); ok {
				err := n.Hear(ctx, p.vault.NewsTopic(), func() { poke(k.heard) })
				if !errors.Is(err, node.ErrNoNews) {
					pause = hearAgain
				}
				k.e.log.Debug("the storage ended its notices", "reason", err)
			}
		}
		wait(ctx, pause)
	}
}

// tellOthers says on the storage's board that something was published. It is a courtesy: without it, others look within a minute.
func (e *Engine) tellOthers(ctx context.Context) {
	n, ok := e.node().(node.News)
	if !ok || e.silent.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, newsPatience)
	defer cancel()
	if err := n.Tell(ctx, e.vault().NewsTopic()); err != nil {
		e.silent.Store(errors.Is(err, node.ErrNoNews))
		e.log.Debug("the other devices were not told", "reason", err)
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
