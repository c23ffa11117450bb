package syncer

import (
	"context"
	"slices"
	"time"

	"roost/vault/format"
)

// A bound says how much the backup may take. The last tenth of it is for removed versions: while they fit there, they can
// be brought back, and when they do not, those that were removed first go for good.

// fit chooses what goes so that the backup stays within its bound.
func (p *plan) fit(ctx context.Context, e *Engine, c config, stays map[format.ChunkID]bool) error {
	own, others, err := e.stored(ctx)
	if err != nil {
		return err
	}
	bound := c.Fit - others
	if own <= bound-bound/10 {
		return nil
	}
	p.full = own > bound
	w, err := p.weigh(ctx, e)
	if err != nil {
		return err
	}
	var removed, can []Version // removed ones, the first to have been removed first; those that may go
	for _, v := range p.own {
		switch {
		case p.marks.removed(v.ID):
			removed = append(removed, v)
		case !stays[v.ID] && !p.marks[v.ID].Kept && !slices.ContainsFunc(p.remove, func(x Version) bool { return x.ID == v.ID }) &&
			!c.isHeld(v.FolderID) && !e.uses.now(v.ID, p.now):
			can = append(can, v)
		}
	}
	slices.SortStableFunc(removed, func(a, b Version) int { return p.marks[a.ID].On.Compare(p.marks[b.ID].On) })
	total := w.Total() + int64(mostWaste*float64(w.Total())) // with what was removed
	for _, v := range slices.Concat(removed, p.remove) {
		w.Remove(v.ID)
	}
	t := thinning{e: e, ctx: ctx, c: c, now: p.now, all: p.shown(), gone: map[format.ChunkID]bool{}}
	for _, v := range p.remove {
		t.gone[v.ID] = true
	}
	for w.Total() > bound-bound/10 && len(can) > 0 {
		i := t.next(can, w.Alone)
		v := can[i]
		w.Remove(v.ID)
		t.gone[v.ID] = true
		p.remove = append(p.remove, v)
		can = slices.Delete(can, i, i+1)
	}
	p.over = max(w.Total()-bound, 0)
	// What was removed is still there and takes room, until that is needed.
	for _, v := range slices.Concat(removed, p.remove) {
		w.Keep(v.ID)
	}
	for _, v := range slices.Concat(removed, p.remove) {
		if total <= bound {
			break
		}
		total -= w.Remove(v.ID)
		p.due[v.ID] = true
	}
	for _, v := range p.own {
		w.Keep(v.ID)
	}
	return nil
}

// stored is what this device's state links on the storage, and what only the others' do, in bytes.
func (e *Engine) stored(ctx context.Context) (own, others int64, err error) {
	for p, err := range e.cat.Packs(ctx) {
		switch {
		case err != nil:
			return 0, 0, err
		case p.Linked:
			own += int64(p.Size)
		default:
			others += int64(p.Size)
		}
	}
	return own, others, nil
}

func (c config) isHeld(id format.FolderID) bool {
	return slices.ContainsFunc(c.Folders, func(f folderConfig) bool { return f.Held != nil && f.id() == id })
}

// shown are this device's versions that are listed, newest first.
func (p *plan) shown() []Version {
	return slices.DeleteFunc(slices.Clone(p.own), func(v Version) bool { return p.marks.removed(v.ID) })
}

// thinning chooses versions to do without, one after the other.
type thinning struct {
	e    *Engine
	ctx  context.Context
	c    config
	now  time.Time
	all  []Version
	gone map[format.ChunkID]bool

	scores map[format.ChunkID]float64 // of each, while its neighbours stay
}

// next is the version that is missed least for what it frees. What a version is worth falls with its age, and with how
// close to it others of its folder are; one of a folder that may wait is worth a quarter, one that was restored or looked
// into within a month eight times as much.
func (t *thinning) next(can []Version, alone func(format.ChunkID) int64) int {
	if t.scores == nil {
		t.scores = map[format.ChunkID]float64{}
	}
	best, most := 0, -1.0
	for i, v := range can {
		s, known := t.scores[v.ID]
		if !known {
			s = t.score(v, alone(v.ID))
			t.scores[v.ID] = s
		}
		if s > most {
			best, most = i, s
		}
	}
	for _, n := range t.neighbours(can[best]) {
		delete(t.scores, n.ID)
	}
	return best
}

// least is what removing any version frees: its own description.
const least = 4 << 10

func (t *thinning) score(v Version, freed int64) float64 {
	gap := 365 * 24 * time.Hour // of one that stands alone
	if n := t.neighbours(v); len(n) == 2 {
		gap = n[0].Time().Sub(n[1].Time())
	}
	age := max(t.now.Sub(v.Time()), 0)
	s := float64(freed+least) * (age + 24*time.Hour).Hours() / max(gap+time.Hour, time.Hour).Hours()
	for _, f := range t.c.Folders {
		if f.id() == v.FolderID && f.Low {
			s *= 4
		}
	}
	if used := t.e.lastUse(t.ctx, v.ID); t.now.Sub(used) < restorableFor {
		s /= 8
	}
	return s
}

// neighbours are the next newer and the next older version of the folder that are left.
func (t *thinning) neighbours(v Version) []Version {
	var out []Version
	var newer Version
	found, passed := false, false
	for _, x := range t.all {
		switch {
		case x.FolderID != v.FolderID || t.gone[x.ID] || !x.Complete:
		case x.ID == v.ID:
			if passed = true; found {
				out = append(out, newer)
			}
		case !passed:
			newer, found = x, true
		default:
			return append(out, x)
		}
	}
	return out
}
