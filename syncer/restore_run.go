package syncer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// RestoreWish is a restore that goes on by itself: when the window that asked for it is closed, after a pause, and after Roost
// was ended. Run does it.
type RestoreWish struct {
	Title string // as the person saw it
	Parts []RestoreOptions
}

// RestoreRun is how far a RestoreWish is, until a person puts its report away.
type RestoreRun struct {
	ID       string
	Title    string
	State    string
	Part     int // that is under way, from 0
	Parts    int
	Progress Progress // of that part
	Problem  *Problem // of ErrandStopped
	Total    Restored // of the parts that are through, and when it is over of all; at most mostNamed of Failed
	Failed   int64    // how many there are in all
	Canceled bool     // a person ended it before everything was back
}

// restoreFile is the note of the wish and of what came of it. It names files, as the catalog does, and no secret.
const restoreFile = "restore"

// HasRestore tells, from the home alone, whether a restore goes on in it by itself, or has a report that nobody put away.
func HasRestore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, restoreFile))
	return err == nil
}

// restoreWork is the wish and what came of it. It is also written down after every stop. What a kill loses of it is which files
// of the part under way had just come back: they count as being there already.
type restoreWork struct {
	Wish   RestoreWish
	Next   int      // part
	Total  Restored // see RestoreRun
	Failed int64

	Stopped *Restored // what the last try of part Next did, which was stopped; nil: there was none
	Again   int64     // files that the tries before that one brought back, which it found in their places
}

func (restoreWork) names() (file, what string) { return restoreFile, "a restore" }

func (n restoreWork) left() bool { return n.Next < len(n.Wish.Parts) }

func (n restoreWork) sound() bool {
	bad := n.Next < 0 || n.Next > len(n.Wish.Parts) || len(n.Total.Failed) > mostNamed
	for _, part := range n.Wish.Parts {
		bad = bad || part.check() != nil
	}
	return !bad
}

// add counts what one try of a part brought back; whole when it was not stopped. The next try finds its files in place.
func (n *restoreWork) add(r *Restored, whole bool) {
	if r != nil {
		n.Total.Files += r.Files
		n.Total.Bytes += r.Bytes
		n.Total.Bare += r.Bare
		for _, t := range r.Targets {
			if !slices.Contains(n.Total.Targets, t) {
				n.Total.Targets = append(n.Total.Targets, t)
			}
		}
		if n.Stopped != nil {
			n.Again += n.Stopped.Files
		}
		n.Stopped = r
	}
	if whole {
		n.settle()
		n.Next++
	}
}

// settle counts what the last try of a part found, when it was whole or is the last that there will be.
func (n *restoreWork) settle() {
	r := n.Stopped
	if r == nil {
		return
	}
	n.Total.Same += max(r.Same-n.Again, 0)
	n.Total.Left += r.Left
	n.Failed += int64(len(r.Failed))
	n.Total.Failed = append(n.Total.Failed, r.Failed[:min(len(r.Failed), mostNamed-len(n.Total.Failed))]...)
	n.Again, n.Stopped = 0, nil
}

// StartRestore writes the wish down and lets Run do it. A restore that a person paused, that is stopped or over makes room for
// it. Errors: ErrRestoring while one goes on, ErrUsage, ErrHome.
func (e *Engine) StartRestore(_ context.Context, w RestoreWish) error {
	if len(w.Parts) == 0 {
		return fmt.Errorf("%w: there is nothing to restore", ErrUsage)
	}
	w.Parts = slices.Clone(w.Parts)
	for i := range w.Parts {
		if w.Parts[i].OnConflict == "" {
			w.Parts[i].OnConflict = KeepBoth
		}
		if err := w.Parts[i].check(); err != nil {
			return err
		}
	}
	r := &e.restores
	r.mu.Lock()
	defer r.mu.Unlock()
	r.load(e)
	if r.going() {
		return ErrRestoring
	}
	return r.begin(e, restoreWork{Wish: w})
}

// ErrRestoring: a restore goes on already.
var ErrRestoring = errors.New("a restore goes on already")

// SteerRestore pauses, goes on with, cancels or puts away the restore with this id. One that is not there any more, or is
// beyond that step, stays as it is. Errors: ErrUsage for another step, ErrHome.
func (e *Engine) SteerRestore(_ context.Context, id string, step ErrandStep) error {
	return e.restores.steer(e, id, step, nil)
}

// restoreRun is how far it is; nil when there is none.
func (e *Engine) restoreRun() *RestoreRun {
	r := &e.restores
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.note
	if n == nil {
		return nil
	}
	w := n.Work
	return &RestoreRun{
		ID: n.ID, Title: w.Wish.Title, State: r.state(), Part: w.Next, Parts: len(w.Wish.Parts), Progress: r.progress, Problem: r.problem,
		Total: w.Total, Failed: w.Failed, Canceled: n.Canceled,
	}
}

// restorer does what a restoreWork says.
type restorer struct{ e *Engine }

func (x restorer) do(ctx context.Context, w restoreWork, r Report) func(bool) bool {
	got, err := x.e.restore(ctx, w.Wish.Parts[w.Next], r)
	return func(told bool) bool { return x.tried(got, err, told) }
}

// tried writes down what a try came to.
func (x restorer) tried(got *Restored, err error, told bool) (again bool) {
	r := &x.e.restores
	if err != nil && !told {
		p := Describe(err)
		r.problem, again = &p, unreachableNow(err)
	}
	next := *r.note
	next.Work.add(got, err == nil)
	r.note = &next
	if err := next.save(x.e.home); err != nil { // files that are back are not lost for that
		x.e.log.Warn("how far the restore is could not be written down", "reason", rootCause(err))
	}
	return again
}

func (x restorer) end(ctx context.Context) bool {
	r := &x.e.restores
	next := *r.note
	next.Work.settle()
	next.Over, next.Canceled = true, next.Work.left() // it may have been through when it was to stop
	r.note, r.problem = &next, nil
	err := x.e.noteRestored(context.WithoutCancel(ctx), &next.Work.Total, next.Work.Failed)
	if err := errors.Join(err, next.save(x.e.home)); err != nil {
		x.e.log.Warn("the restore could not be written down", "reason", rootCause(err))
	}
	return true
}
