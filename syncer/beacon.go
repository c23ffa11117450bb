package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
)

// findByWords is the setting that lets whoever has the words alone find the storages: then this computer leaves a sealed note
// with other IPFS nodes, a beacon, which only the words open. Off unless a person wants it, because strangers' computers keep
// that note and see the storage's network address.
const findByWords = "find-by-words"

const (
	beaconAgain    = 6 * time.Hour    // a beacon is left anew after that long, although nothing changed
	beaconLeast    = 30 * time.Second // between two
	beaconLook     = time.Minute      // how often it is looked whether one is due
	beaconRetry    = time.Minute      // after one that could not be left: less often than a backup is tried, as no file hangs on it
	beaconRarely   = time.Hour        // after many of them
	beaconPatience = 5 * time.Minute  // for one: a walk through a DHT takes a while
	beaconAlone    = time.Minute      // the same for a single backup, whose end a person waits for
	placePatience  = 10 * time.Second // for a storage to say where other nodes reach it
)

// errNowhere: no storage could be reached by who finds the beacon.
var errNowhere = errors.New("nobody else can reach the storage")

// beaconNote is what the catalog remembers of the last beacon. Without it the number is learnt again from what lies there.
type beaconNote struct {
	vault.BeaconPlace
	Root   format.Digest // of this device, as it names it
	At     time.Time     // when it was left; zero: never
	Failed string        // why the last one could not be, as it was said; "": it could
}

const metaBeacon = "beacon"

func (e *Engine) beaconNote(ctx context.Context) (beaconNote, error) {
	return noted[beaconNote](ctx, e.cat, metaBeacon)
}

func (e *Engine) keepBeaconNote(ctx context.Context, n beaconNote) error {
	return noteDown(ctx, e.cat, metaBeacon, n)
}

// wantsBeacon tells whether the person wants the words alone to lead to the storages.
func (e *Engine) wantsBeacon() bool { return e.home.config().value(findByWords) == "on" }

// beaconDue is how long it is until a beacon has to be left: 0 for now; false for not at all as things are.
func (e *Engine) beaconDue(ctx context.Context, now time.Time) (time.Duration, bool, error) {
	own, known := e.newestOwn()
	if !e.wantsBeacon() || !known || own == nil {
		return 0, false, nil
	}
	n, err := e.beaconNote(ctx)
	if err != nil {
		return 0, false, err
	}
	due := n.At.Add(beaconAgain)
	if n.Root != own.Root || n.At.After(now) { // the clock was set back
		due = n.At.Add(beaconLeast)
	}
	if n.At.IsZero() || n.At.After(now) {
		due = now
	}
	return max(due.Sub(now), 0), true, nil
}

// leaveBeacon leaves one through the first storage that takes part in a directory, and says in the activities what came of it
// when that is something new.
func (e *Engine) leaveBeacon(ctx context.Context) error {
	n, err := e.beaconNote(ctx)
	if err != nil {
		return err
	}
	b := e.vault().Beacon(time.Now())
	if b == nil {
		return nil
	}
	place, err := e.putBeacon(ctx, b, n.BeaconPlace)
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return ctx.Err()
	}
	now, a := n, beaconActivity(err)
	if now.Failed = ""; err != nil {
		now.Failed = a.Text
	} else {
		now.BeaconPlace, now.Root, now.At = place, b.States[0].Root, time.Now()
	}
	ctx = context.WithoutCancel(ctx) // its time may be over, and it is said anyway
	if now.Failed != n.Failed || err == nil && n.At.IsZero() {
		err = errors.Join(err, e.note(ctx, a, false))
	}
	return errors.Join(err, e.keepBeaconNote(ctx, now))
}

// putBeacon completes a beacon and puts it. The first storage that takes it is enough: they are all named in it.
func (e *Engine) putBeacon(ctx context.Context, b *format.Beacon, last vault.BeaconPlace) (vault.BeaconPlace, error) {
	entropy, err := e.bundle.Entropy()
	if err != nil {
		return last, err
	}
	if b.Places = e.beaconPlaces(ctx); len(b.Places) == 0 {
		return last, errNowhere
	}
	var errs []error
	for _, nc := range e.home.config().Nodes {
		c, err := e.reach(ctx, nc)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		d, ok := c.node.(node.Directory)
		if !ok {
			errs = append(errs, fmt.Errorf("leave a note at %q: %w", nc.Name, vault.ErrBeaconLost))
			continue
		}
		place, err := vault.LeaveBeacon(ctx, d, entropy, b, last)
		if err == nil {
			return place, nil
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	return last, errors.Join(errs...)
}

// swarm is a storage that other IPFS nodes can reach.
type swarm interface {
	Peer(ctx context.Context) (node.Peer, error)
}

// beaconPlaces are where the storages are, for who finds the beacon: their addresses without their tokens, and where other
// IPFS nodes reach them. One that is of no use to anybody else is left out.
func (e *Engine) beaconPlaces(ctx context.Context) (out []format.Place) {
	all := e.places()
	for _, nc := range e.home.config().Nodes {
		p := format.Place{Name: nc.Name}
		if i := slices.IndexFunc(all, func(p format.Place) bool { return p.Name == nc.Name }); i >= 0 {
			p = all[i]
			p.Token, p.ClusterToken = "", ""
		}
		peer, err := e.peerOf(ctx, nc)
		if err != nil {
			e.log.Debug("a storage does not say where others reach it", "storage", nc.Name, "reason", err)
		}
		if len(peer.Addresses) > 0 {
			p.Peer = peer.ID
			for _, a := range peer.Addresses {
				p.Swarm = append(p.Swarm, strings.TrimSuffix(a, "/p2p/"+peer.ID))
			}
		}
		if len(p.Addresses) > 0 || p.Peer != "" {
			out = append(out, p)
		}
	}
	return out
}

func (e *Engine) peerOf(ctx context.Context, nc nodeConfig) (node.Peer, error) {
	ctx, cancel := context.WithTimeout(ctx, placePatience)
	defer cancel()
	c, err := e.reach(ctx, nc)
	if err != nil {
		return node.Peer{}, err
	}
	s, ok := c.node.(swarm)
	if !ok {
		return node.Peer{}, nil
	}
	return s.Peer(ctx)
}

// keepFindable leaves a beacon after each commit, and again before the last one is forgotten, while the settings want it. A
// failure holds nothing up.
func (k *keeper) keepFindable(ctx context.Context) {
	tries := 0
	var retry time.Time
	for ctx.Err() == nil {
		left, wanted, err := k.e.beaconDue(ctx, time.Now())
		next := beaconLook
		switch {
		case err != nil && ctx.Err() == nil:
			k.e.log.Warn("which note was left last cannot be read", "reason", err)
		case wanted && time.Now().Before(retry):
			next = min(next, time.Until(retry))
		case wanted && left > 0:
			next = min(next, left)
		case wanted:
			limited, cancel := context.WithTimeout(ctx, beaconPatience)
			err := k.e.leaveBeacon(limited)
			cancel()
			if err == nil {
				tries, retry = 0, time.Time{}
				continue
			}
			if ctx.Err() == nil {
				tries++
				retry = time.Now().Add(doubled(beaconRetry, beaconRarely, tries))
				k.e.log.Info("no note could be left for the recovery words for now", "again", time.Until(retry).Round(time.Second))
				k.e.log.Debug("why no note could be left", "error", err)
			}
			continue
		}
		select {
		case <-k.beacons:
		case <-time.After(next):
		case <-ctx.Done():
		}
	}
}

// leaveBeaconAlone is for a single backup, beside no Run: it takes little time, and its failure is no failure of the backup.
func (e *Engine) leaveBeaconAlone(ctx context.Context) {
	if e.running.Load() != nil {
		return
	}
	left, wanted, err := e.beaconDue(ctx, time.Now())
	if err == nil && wanted && left < beaconLeast {
		ctx, cancel := context.WithTimeout(ctx, beaconAlone)
		defer cancel()
		err = e.leaveBeacon(ctx)
	}
	if err != nil && ctx.Err() == nil {
		e.log.Info("no note could be left for the recovery words for now")
		e.log.Debug("why no note could be left", "error", err)
	}
}
