package syncer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
)

// Status says how things are now. While Run runs, it is what the engine knows, after one more look at the storages. Else
// every storage is asked and every folder is looked through once.
func (e *Engine) Status(ctx context.Context) Status {
	if k := e.running.Load(); k != nil {
		return k.ask(ctx)
	}
	return statusOf(e.askAll(ctx))
}

// askAll gathers the facts from outside: nobody watches.
func (e *Engine) askAll(ctx context.Context) facts {
	c := e.home.config()
	now := time.Now()
	f := e.settledFacts(c, now)
	st, err := e.state(ctx)
	var list []Version
	if err == nil {
		list, _, err = e.versions(ctx, st)
	}
	if err != nil {
		if known, ok, kerr := e.knownVersions(ctx); kerr == nil && ok {
			list = known
		}
	}
	var own *vault.Head
	if err == nil {
		own = st.Own(e.vault().Device())
		for _, d := range e.damaged() {
			f.others = append(f.others, e.describeOn(c.Nodes[0].Name, d))
		}
	}
	f.others = append(f.others, oldKeyProblems(e.bundle.OldKeys())...)
	f.proof = e.knownProof(ctx)
	f.storages = e.askEach(ctx, c, own, err)
	f.now = time.Now()
	for _, fc := range c.Folders {
		x := folderOf(&fc, now)
		x.saved = newest(list, fc.id())
		var skipped []format.Skip
		if x.saved != nil && err == nil {
			snap, serr := e.vault().Version(ctx, *x.saved)
			if serr != nil {
				f.others = append(f.others, Describe(serr))
			} else {
				x.left, skipped = int64(snap.SkipCount), snap.Skipped
			}
		}
		x.scanned = true
		if x.there && x.saved != nil {
			n, lerr := e.lookThrough(ctx, fc, skipped)
			if lerr != nil {
				e.log.Debug("a folder could not be looked through", "folder", fc.ID, "error", lerr)
			}
			x.scanned, x.waiting = lerr == nil, n
		}
		f.folders = append(f.folders, x)
	}
	if e.first.Load() != nil {
		n, err := e.vault().LostCount(ctx)
		if err != nil {
			f.others = append(f.others, Describe(err))
		}
		f.others = append(f.others, lostParts(n)...)
	}
	return f
}

// settledFacts are the facts that the settings are.
func (e *Engine) settledFacts(c config, now time.Time) facts {
	f := facts{
		now: now, device: e.bundle.Name(), within: c.duration("confirmed-within"), budget: c.bytes("data-budget"), copies: c.value(copiesKey),
		beginning: c.Beginning, look: c.look(), replaces: c.replacing(),
	}
	if c.Paused.After(now) {
		f.paused = c.Paused
	}
	return f
}

// askEach asks every storage; err is why the first could not tell the newest state.
func (e *Engine) askEach(ctx context.Context, c config, own *vault.Head, err error) (out []storageFacts) {
	for i, nc := range c.Nodes {
		x := storageFacts{name: nc.Name, quota: nc.Limit}
		if i == 0 && err != nil {
			x.answered(err, true)
		} else {
			x.check(ctx, e, nc, own, err == nil)
		}
		x.url, x.dir = e.addressOf(nc), nc.Dir
		out = append(out, x)
	}
	return out
}

// folderOf are the facts that the settings hold.
func folderOf(fc *folderConfig, now time.Time) folderFacts {
	x := folderFacts{id: fc.id(), path: string(fc.Path), mode: fc.Mode, low: fc.Low, held: fc.Held.shown()}
	if fc.Held != nil && fc.Held.Meant {
		x.held, x.changed = nil, fc.Held.Time // it is settled by the next pass
	}
	_, err := os.Stat(x.path)
	x.there = err == nil
	if fc.Paused.After(now) {
		x.paused = fc.Paused
	}
	return x
}

// newest is the newest complete version of a folder in a list that begins with the newest; nil when there is none.
func newest(list []Version, id format.FolderID) *Version {
	i := slices.IndexFunc(list, func(v Version) bool { return v.FolderID == id && v.Complete })
	if i < 0 {
		return nil
	}
	v := list[i]
	return &v
}

// check asks a storage whether it keeps this computer's newest state, which is nil before the first backup. While that is
// not known, the storage can only say that it is there.
func (x *storageFacts) check(ctx context.Context, e *Engine, nc nodeConfig, own *vault.Head, known bool) {
	c, err := e.reach(ctx, nc)
	var info node.Info
	if err == nil {
		info, err = c.node.Info(ctx)
	}
	was, before := x.cluster, x.err
	x.cluster = was.unknown()
	if err == nil {
		x.asked, x.latency, x.peer, x.version = time.Now(), info.Latency, info.PeerID, info.Version
		if own != nil {
			err = confirm(ctx, c.node, own)
		}
		if cl, ok := c.node.(*node.Cluster); ok && nc.Cluster != nil && err == nil {
			var now *ClusterStatus
			now, err = e.askMembers(ctx, nc, cl, own, was)
			switch {
			case now != nil && (err == nil || errors.Is(err, ErrMembersBehind) || errors.Is(err, ErrFewMembers)):
				x.cluster = now
			case ctx.Err() != nil && was != nil && was.Known && (before == nil || errors.Is(before, ErrMembersBehind)):
				// Who asked cannot wait until a member that is away is given up: what was found last stands, and is no older.
				x.cluster, err, known = was, before, false
			}
		}
		if errors.Is(err, node.ErrNotPinned) && nc.Name != e.home.config().Nodes[0].Name {
			err = e.behind(ctx, c.node, own)
		}
	}
	if err == nil {
		u, uerr := c.node.Usage(ctx)
		if uerr != nil { // a key need not allow this, and safety does not hang on it
			e.log.Debug("a storage does not tell its space", "storage", nc.Name, "reason", uerr)
		} else {
			x.used, x.limit, x.disk = u.RepoSize, u.StorageMax, e.diskOf(nc, u.RepoSize)
		}
	}
	x.sent = e.sentThisMonth(nc.Name, time.Now())
	x.answered(err, known)
}

// answered notes the outcome of asking; confirmed says that without an error it was about the newest state.
func (x *storageFacts) answered(err error, confirmed bool) {
	now := time.Now()
	switch {
	case err != nil && x.err == nil:
		x.since = now
	case err == nil:
		x.since = time.Time{}
		if confirmed {
			x.confirmed = now
		}
	}
	x.err = err
}

// addressOf is where a storage is, as far as that is known without starting one.
func (e *Engine) addressOf(nc nodeConfig) string {
	if nc.Dir == "" {
		return nc.URL
	}
	var c connection
	if p := e.first.Load(); p != nil && nc.Name == e.home.config().Nodes[0].Name {
		c = p.connection
	} else {
		e.farMu.Lock()
		c = e.far[nc.Name]
		e.farMu.Unlock()
	}
	return c.address(nc)
}

// confirm asks a storage whether it keeps a state.
func confirm(ctx context.Context, n node.Node, h *vault.Head) error {
	ok, err := n.Pinned(ctx, h.Root.DagCID())
	if err != nil {
		return fmt.Errorf("ask what the storage keeps: %w", err)
	}
	if !ok {
		return node.ErrNotPinned
	}
	return nil
}
