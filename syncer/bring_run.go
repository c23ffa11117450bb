package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// BringRun is how far a BringWish is, until a person puts its report away. Run does it.
type BringRun struct {
	ID       string
	State    string
	Parts    []BringPart
	Part     int       // that is under way, from 0
	Progress Progress  // of that part
	Problem  *Problem  // of ErrandStopped
	Done     []Brought // the parts that are through, each with its report
	Files    int64     // of all parts, as estimated, like Bytes; 0: not known
	Bytes    int64
	Canceled bool // a person ended it before everything was through
}

// bringFile is the note of the wish and of what came of it. It names files, as the catalog does, and no secret.
const bringFile = "bringing"

// bringWork is the wish and what came of it.
type bringWork struct {
	Parts []BringPart
	Done  []Brought // its length is the part that is under way
	Added bool      // the folder of the part under way was not kept before
}

func (bringWork) names() (file, what string) { return bringFile, "what is brought in" }

func (w bringWork) left() bool { return len(w.Done) < len(w.Parts) }

func (w bringWork) sound() bool {
	bad := len(w.Done) > len(w.Parts)
	for _, part := range w.Parts {
		bad = bad || part.check() != nil
	}
	return !bad
}

// add ends the part that is under way. Who was told of the earlier ones keeps what it has.
func (w *bringWork) add(b Brought) { w.Done, w.Added = append(slices.Clip(w.Done), b), false }

// StartBring writes the wish down and lets Run do it. What a person paused, what is stopped or over makes room for it. A move
// is begun at once, so that what is wrong with the new storage is said where it was named. Errors: ErrBringing, ErrUsage,
// ErrHome, those of MoveNode's first step.
func (e *Engine) StartBring(ctx context.Context, w BringWish) error {
	if len(w.Parts) == 0 {
		return fmt.Errorf("%w: there is nothing to bring in", ErrUsage)
	}
	parts := slices.Clone(w.Parts)
	for i, p := range parts {
		if err := p.check(); err != nil {
			return err
		}
		parts[i].To = SetupOptions{}
	}
	r := &e.brings
	r.mu.Lock()
	r.load(e)
	going := r.going()
	r.mu.Unlock()
	if going {
		return ErrBringing
	}
	for _, p := range w.Parts {
		if p.Kind == BringMove {
			if err := e.beginMove(ctx, MoveOptions{From: p.From, To: p.To}); err != nil {
				return err
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.going() { // another wish was quicker
		return ErrBringing
	}
	return r.begin(e, bringWork{Parts: parts})
}

// SteerBring pauses, goes on with, skips a part of, cancels or puts away the run with this id. One that is not there any more, or
// is beyond that step, stays as it is. Errors: ErrUsage for another step, ErrHome.
func (e *Engine) SteerBring(_ context.Context, id string, step ErrandStep) error {
	r := &e.brings
	return r.steer(e, id, step, func(n *errandNote[bringWork]) error {
		p := n.Work.Parts[len(n.Work.Done)]
		if err := e.letGo(p, n.Work.Added); err != nil {
			return err
		}
		return r.change(e, func(n *errandNote[bringWork]) {
			n.Work.add(Brought{Kind: p.Kind, Name: p.name(), Problem: r.problem})
		})
	})
}

// bringRun is how far it is; nil when there is nothing.
func (e *Engine) bringRun() *BringRun {
	r := &e.brings
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.note
	if n == nil {
		return nil
	}
	w := n.Work
	out := &BringRun{
		ID: n.ID, State: r.state(), Parts: w.Parts, Part: len(w.Done), Progress: r.progress, Problem: r.problem, Done: w.Done, Canceled: n.Canceled,
	}
	out.Files, out.Bytes = bringSum(w.Parts)
	return out
}

// bearer does what a bringWork says.
type bearer struct{ e *Engine }

func (x bearer) do(ctx context.Context, w bringWork, r Report) func(bool) bool {
	got, err := x.part(ctx, w.Parts[len(w.Done)], r)
	return func(told bool) bool { return x.brought(got, err, told) }
}

// part does one. A folder that is new is kept by itself from its first version on.
func (x bearer) part(ctx context.Context, p BringPart, report Report) (Brought, error) {
	if p.Kind != BringFolder {
		return x.e.bring(ctx, p, report)
	}
	added, err := x.e.adopt(p.Path)
	if err == nil && added {
		r := &x.e.brings
		r.mu.Lock()
		err = r.change(x.e, func(n *errandNote[bringWork]) { n.Work.Added = true })
		r.mu.Unlock()
	}
	if err != nil {
		return Brought{Kind: p.Kind, Name: p.name()}, err
	}
	return x.e.bring(ctx, p, report)
}

// brought writes down what a try came to.
func (x bearer) brought(got Brought, err error, told bool) (again bool) {
	r := &x.e.brings
	switch {
	case err != nil && told:
		return false
	case err != nil && passing(err):
		p := Describe(err)
		r.problem = &p
		return p.Retry
	case err != nil:
		p := Describe(err)
		got.Problem = &p
	}
	w := r.note.Work
	part := w.Parts[len(w.Done)]
	if part.Kind == BringFolder && w.Added {
		if err == nil {
			err = x.e.SetMode(context.Background(), part.Path, Automatic)
		} else {
			err = x.e.letGo(part, true)
		}
		if err != nil {
			p := Describe(err)
			r.problem = &p
			return false
		}
	}
	if err := r.change(x.e, func(n *errandNote[bringWork]) { n.Work.add(got) }); err != nil {
		p := Describe(err)
		r.problem = &p
	}
	return false
}

func (x bearer) end(context.Context) bool {
	r := &x.e.brings
	w := r.note.Work
	var err error
	if w.left() {
		err = x.e.letGo(w.Parts[len(w.Done)], w.Added)
	}
	if err == nil {
		err = r.change(x.e, func(n *errandNote[bringWork]) {
			n.Over, n.Work.Added, n.Canceled = true, false, n.Work.left() // it may have been through when it was to stop
		})
	}
	if err != nil {
		x.e.log.Warn("what was brought in could not be written down", "reason", rootCause(err))
		return false
	}
	r.problem = nil
	return true
}

// letGo stops keeping the folder of a part that was not brought in, where it was not kept before. What it saved stays.
func (e *Engine) letGo(p BringPart, added bool) error {
	if p.Kind != BringFolder || !added {
		return nil
	}
	err := e.RemoveFolder(context.Background(), p.Path)
	if errors.Is(err, ErrNotAdded) { // somebody was quicker
		return nil
	}
	return err
}
