package syncer

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"roost/vault/format"
)

// An errand is something long that a person asked for and that Run does by itself, part by part: a restore, or what is brought
// in. It is Roost's and not the window's: it goes on when the window is closed, keeps its pause, and is taken up again when
// Roost was ended.

// The states of an errand.
const (
	ErrandGoing    = "going"
	ErrandStopping = "stopping" // it was told to, and does so as soon as it can
	ErrandPaused   = "paused"   // by a person, until they go on
	ErrandStopped  = "stopped"  // something is in the way: see Problem
	ErrandOver     = "over"     // with a report
)

// ErrandStep is what a person does with an errand.
type ErrandStep string

// The steps.
const (
	ErrandPause   ErrandStep = "pause"
	ErrandGoOn    ErrandStep = "go on"
	ErrandSkip    ErrandStep = "skip"     // the part that something is in the way of; not of a restore
	ErrandCancel  ErrandStep = "cancel"   // for good; what was done stays
	ErrandPutAway ErrandStep = "put away" // its report
)

// errandRetry is how long an errand waits that a storage does not answer.
const errandRetry = time.Minute

// errandWork is what one kind of errand is about, and what came of it by now.
type errandWork interface {
	names() (file, what string) // of its note in the home, and in messages
	sound() bool                // it can be what was written down
	left() bool                 // there are parts that were not done
}

// errandNote is what is written down of an errand: before a step of a person counts, and after every part.
type errandNote[W errandWork] struct {
	ID       string
	Paused   bool
	Canceled bool
	Over     bool
	Work     W
}

// errands is the errand of one kind that Run does. The zero value is ready.
type errands[W errandWork] struct {
	mu       sync.Mutex // guards below, and the file
	read     bool
	note     *errandNote[W]     // nil: there is none
	stop     context.CancelFunc // ends the try under way; nil: there is none
	progress Progress           // of that one, or of the last
	problem  *Problem           // why it stopped; nil: for nothing that is in the way
	wake     chan struct{}      // holds one when there may be something to do; nil while Run does not run
}

// load reads the note that an earlier process left. One that cannot be read is none: what it was about can be asked for
// again. Called with mu held.
func (r *errands[W]) load(e *Engine) {
	if r.read {
		return
	}
	r.read = true
	var kind W
	file, what := kind.names()
	b, err := os.ReadFile(e.home.path(file))
	if err == nil {
		r.note, err = parseErrand[W](b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.log.Warn("what was under way is forgotten: its note cannot be read", "errand", what, "reason", rootCause(err))
	}
}

// parseErrand reads what save wrote.
func parseErrand[W errandWork](b []byte) (*errandNote[W], error) {
	var n errandNote[W]
	_, what := n.Work.names()
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&n); err != nil {
		return nil, fmt.Errorf("read the note of %s: %w", what, err)
	}
	if n.ID == "" || !n.Work.sound() {
		return nil, fmt.Errorf("read the note of %s: %w", what, format.ErrDamaged)
	}
	return &n, nil
}

// save writes the note. Names of files are any bytes, which gob carries and JSON does not.
func (n *errandNote[W]) save(h *home) error {
	file, what := n.Work.names()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(n); err != nil {
		return fmt.Errorf("write the note of %s: %w", what, err)
	}
	return h.write(file, b.Bytes())
}

// change lets fn change a copy of the note, writes it and makes it the one that counts. Called with mu held.
func (r *errands[W]) change(e *Engine, fn func(*errandNote[W])) error {
	next := *r.note
	fn(&next)
	if err := next.save(e.home); err != nil {
		return err
	}
	r.note = &next
	return nil
}

// tell lets Run and whoever watches know that something changed. Called with mu held.
func (r *errands[W]) tell(e *Engine) {
	if r.wake != nil {
		poke(r.wake)
	}
	if k := e.running.Load(); k != nil {
		poke(k.news)
	}
}

// going tells whether one goes on: what a person paused, what is stopped or over makes room for another. Called with mu held.
func (r *errands[W]) going() bool {
	return r.stop != nil || r.note != nil && r.state() == ErrandGoing
}

// begin writes work down and lets Run do it. Called with mu held.
func (r *errands[W]) begin(e *Engine, work W) error {
	id, err := newFolderID()
	if err != nil {
		return err
	}
	n := &errandNote[W]{ID: fmt.Sprintf("%x", id), Work: work}
	if err := n.save(e.home); err != nil {
		return err
	}
	r.note, r.problem, r.progress = n, nil, Progress{}
	r.tell(e)
	return nil
}

// steer takes a step with the errand of this id; skip, which is called with mu held, is for a kind that has that step. One
// that is not there any more, or is beyond that step, stays as it is. Errors: ErrUsage for another step, ErrHome.
func (r *errands[W]) steer(e *Engine, id string, step ErrandStep, skip func(*errandNote[W]) error) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.load(e)
	n := r.note
	if n == nil || n.ID != id {
		return nil
	}
	file, what := n.Work.names()
	switch {
	case step == ErrandPutAway:
		if !n.Over {
			return nil
		}
		if err := os.Remove(e.home.path(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return homeError("put a report away", err)
		}
		r.note = nil
	case n.Over || n.Canceled:
		return nil
	case step == ErrandPause:
		err = r.change(e, func(n *errandNote[W]) { n.Paused = true })
	case step == ErrandGoOn:
		if err = r.change(e, func(n *errandNote[W]) { n.Paused = false }); err == nil {
			r.problem = nil
		}
	case step == ErrandSkip && skip != nil:
		if r.problem == nil || r.stop != nil {
			return nil
		}
		if err = skip(n); err == nil {
			r.problem = nil
		}
	case step == ErrandCancel:
		err = r.change(e, func(n *errandNote[W]) { n.Canceled = true })
	default:
		return fmt.Errorf("%w: %s cannot %q", ErrUsage, what, step)
	}
	if err == nil && (step == ErrandPause || step == ErrandCancel) && r.stop != nil {
		r.stop()
	}
	r.tell(e)
	return err
}

// state is that of the note. Called with mu held.
func (r *errands[W]) state() string {
	n := r.note
	switch {
	case n.Over:
		return ErrandOver
	case n.Canceled, n.Paused && r.stop != nil:
		return ErrandStopping
	case n.Paused:
		return ErrandPaused
	case r.problem != nil:
		return ErrandStopped
	}
	return ErrandGoing
}

// errandDoer does the errands of one kind.
type errandDoer[W errandWork] interface {
	// do does the next part. What it came to is written down by settle, which is called with the lock of the errands; told
	// says that the part was to stop. again: what is in the way may pass by itself.
	do(ctx context.Context, work W, r Report) (settle func(told bool) (again bool))
	// end makes the report, with that lock; false: that did not work yet.
	end(ctx context.Context) bool
}

// keep does what the note says until ctx ends.
func (r *errands[W]) keep(ctx context.Context, k *keeper, d errandDoer[W]) {
	wake := make(chan struct{}, 1)
	r.mu.Lock()
	r.load(k.e)
	r.wake = wake
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.wake = nil
	}()
	for {
		again := r.once(ctx, k, d)
		poke(k.news)
		var retry <-chan time.Time
		if again {
			retry = time.After(errandRetry)
		}
		select {
		case <-wake:
		case <-retry:
			r.mu.Lock()
			r.problem = nil
			r.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// once goes on until nothing is left to do or something is in the way; again tells that this may pass by itself.
func (r *errands[W]) once(ctx context.Context, k *keeper, d errandDoer[W]) (again bool) {
	for ctx.Err() == nil {
		r.mu.Lock()
		n := r.note
		if n != nil && !n.Over && (n.Canceled || !n.Work.left()) {
			ended := d.end(ctx)
			r.mu.Unlock()
			if !ended {
				return true
			}
			continue
		}
		if n == nil || n.Over || n.Paused || r.problem != nil {
			r.mu.Unlock()
			return false
		}
		trying, stop := context.WithCancel(ctx)
		r.stop, r.progress = stop, Progress{Started: time.Now()}
		r.mu.Unlock()
		poke(k.news)
		settle := d.do(trying, n.Work, func(p Progress) {
			r.mu.Lock()
			r.progress = p
			r.mu.Unlock()
			poke(k.news)
		})
		r.mu.Lock()
		r.stop = nil
		again = settle(trying.Err() != nil) && ctx.Err() == nil
		r.mu.Unlock()
		stop()
		if again {
			return true
		}
	}
	return false
}
