package syncer

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"roost/vault/format"
)

// The states of a BringRun.
const (
	BringGoing    = "going"
	BringStopping = "stopping" // it was told to, and does so as soon as it can
	BringPaused   = "paused"   // by a person, until they go on
	BringStopped  = "stopped"  // something is in the way: see Problem
	BringOver     = "over"     // with a report
)

// BringRun is how far a BringWish is, until a person puts its report away. It is Roost's and not the window's: it goes on when
// the window is closed, keeps its pause, and is taken up again when Roost was ended. Run does it.
type BringRun struct {
	ID       string
	State    string
	Parts    []BringPart
	Part     int       // that is under way, from 0
	Progress Progress  // of that part
	Problem  *Problem  // of BringStopped
	Done     []Brought // the parts that are through, each with its report
	Files    int64     // of all parts, as estimated, like Bytes; 0: not known
	Bytes    int64
	Canceled bool // a person ended it before everything was through
}

// BringStep is what a person does with a BringRun.
type BringStep string

// The steps.
const (
	BringPause   BringStep = "pause"
	BringGoOn    BringStep = "go on"
	BringSkip    BringStep = "skip"   // the part that something is in the way of
	BringCancel  BringStep = "cancel" // for good; what was brought in stays
	BringPutAway BringStep = "put away"
)

// bringFile is the note of the wish and of what came of it. It names files, as the catalog does, and no secret.
const bringFile = "bringing"

// bringNote is that note. It is written before a step of a person counts, and after every part.
type bringNote struct {
	ID       string
	Parts    []BringPart
	Done     []Brought // its length is the part that is under way
	Added    bool      // the folder of the part under way was not kept before
	Paused   bool
	Canceled bool
	Over     bool
}

// bringRuns is what Run brings in.
type bringRuns struct {
	mu       sync.Mutex // guards below, and the file
	read     bool
	note     *bringNote         // nil: there is none
	stop     context.CancelFunc // ends the try under way; nil: there is none
	progress Progress           // of that one, or of the last
	problem  *Problem           // why it stopped; nil: for nothing that is in the way
	wake     chan struct{}      // holds one when there may be something to do; nil while Run does not run
}

// load reads the note that an earlier process left. Called with mu held.
func (r *bringRuns) load(e *Engine) {
	if r.read {
		return
	}
	r.read = true
	b, err := os.ReadFile(e.home.path(bringFile))
	if err == nil {
		r.note, err = parseBringNote(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.log.Warn("what was being brought in is forgotten: its note cannot be read", "reason", rootCause(err))
	}
}

// parseBringNote reads what save wrote.
func parseBringNote(b []byte) (*bringNote, error) {
	var n bringNote
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&n); err != nil {
		return nil, fmt.Errorf("read the note of what is brought in: %w", err)
	}
	bad := n.ID == "" || len(n.Done) > len(n.Parts)
	for _, part := range n.Parts {
		bad = bad || part.check() != nil
	}
	if bad {
		return nil, fmt.Errorf("read the note of what is brought in: %w", format.ErrDamaged)
	}
	return &n, nil
}

// save writes the note. Names of files are any bytes, which gob carries and JSON does not.
func (n *bringNote) save(h *home) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(n); err != nil {
		return fmt.Errorf("write the note of what is brought in: %w", err)
	}
	return h.write(bringFile, b.Bytes())
}

// change lets fn change a copy of the note, writes it and makes it the one that counts. Called with mu held.
func (r *bringRuns) change(e *Engine, fn func(*bringNote)) error {
	next := *r.note
	next.Done = slices.Clone(next.Done)
	fn(&next)
	if err := next.save(e.home); err != nil {
		return err
	}
	r.note = &next
	return nil
}

// tell lets Run and whoever watches know that something changed. Called with mu held.
func (r *bringRuns) tell(e *Engine) {
	if r.wake != nil {
		poke(r.wake)
	}
	if k := e.running.Load(); k != nil {
		poke(k.news)
	}
}

// busy is ErrBringing while something goes on. Called with mu held.
func (r *bringRuns) busy() error {
	if r.stop != nil || r.note != nil && r.state() == BringGoing {
		return ErrBringing
	}
	return nil
}

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
	id, err := newFolderID()
	if err != nil {
		return err
	}
	r := &e.brings
	free := func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.load(e)
		return r.busy()
	}
	if err := free(); err != nil {
		return err
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
	if err := r.busy(); err != nil { // another wish was quicker
		return err
	}
	n := &bringNote{ID: fmt.Sprintf("%x", id), Parts: parts}
	if err := n.save(e.home); err != nil {
		return err
	}
	r.note, r.problem, r.progress = n, nil, Progress{}
	r.tell(e)
	return nil
}

// SteerBring pauses, goes on with, skips a part of, cancels or puts away the run with this id. One that is not there any more, or
// is beyond that step, stays as it is. Errors: ErrUsage for another step, ErrHome.
func (e *Engine) SteerBring(_ context.Context, id string, step BringStep) (err error) {
	r := &e.brings
	r.mu.Lock()
	defer r.mu.Unlock()
	r.load(e)
	n := r.note
	if n == nil || n.ID != id {
		return nil
	}
	switch {
	case step == BringPutAway:
		if !n.Over {
			return nil
		}
		if err := os.Remove(e.home.path(bringFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return homeError("put a report away", err)
		}
		r.note = nil
	case n.Over || n.Canceled:
		return nil
	case step == BringPause:
		err = r.change(e, func(n *bringNote) { n.Paused = true })
	case step == BringGoOn:
		if err = r.change(e, func(n *bringNote) { n.Paused = false }); err == nil {
			r.problem = nil
		}
	case step == BringSkip:
		if r.problem == nil || r.stop != nil {
			return nil
		}
		p := n.Parts[len(n.Done)]
		if err = e.letGo(p, n.Added); err != nil {
			return err
		}
		err = r.change(e, func(n *bringNote) {
			n.Done, n.Added = append(n.Done, Brought{Kind: p.Kind, Name: p.name(), Problem: r.problem}), false
		})
		if err == nil {
			r.problem = nil
		}
	case step == BringCancel:
		err = r.change(e, func(n *bringNote) { n.Canceled = true })
	default:
		return fmt.Errorf("%w: what is brought in cannot %q", ErrUsage, step)
	}
	if err == nil && (step == BringPause || step == BringCancel) && r.stop != nil {
		r.stop()
	}
	r.tell(e)
	return err
}

// state is that of the note. Called with mu held.
func (r *bringRuns) state() string {
	n := r.note
	switch {
	case n.Over:
		return BringOver
	case n.Canceled, n.Paused && r.stop != nil:
		return BringStopping
	case n.Paused:
		return BringPaused
	case r.problem != nil:
		return BringStopped
	}
	return BringGoing
}

// now is how far it is; nil when there is nothing.
func (r *bringRuns) now() *BringRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.note
	if n == nil {
		return nil
	}
	out := &BringRun{
		ID: n.ID, State: r.state(), Parts: n.Parts, Part: len(n.Done), Progress: r.progress, Problem: r.problem, Done: n.Done, Canceled: n.Canceled,
	}
	out.Files, out.Bytes = bringSum(n.Parts)
	return out
}

// bringIn does what the note says until ctx ends.
func (k *keeper) bringIn(ctx context.Context) {
	r := &k.e.brings
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
		again := k.bringOnce(ctx)
		poke(k.news)
		var retry <-chan time.Time
		if again {
			retry = time.After(bringRetry)
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

// bringOnce goes on until nothing is left to do or something is in the way; again tells that this may pass by itself.
func (k *keeper) bringOnce(ctx context.Context) (again bool) {
	r := &k.e.brings
	for ctx.Err() == nil {
		r.mu.Lock()
		n := r.note
		if n != nil && !n.Over && (n.Canceled || len(n.Done) == len(n.Parts)) {
			k.endBring()
			stuck := !r.note.Over
			r.mu.Unlock()
			if stuck {
				return true
			}
			continue
		}
		if n == nil || n.Over || n.Paused || r.problem != nil {
			r.mu.Unlock()
			return false
		}
		part := n.Parts[len(n.Done)]
		trying, stop := context.WithCancel(ctx)
		r.stop, r.progress = stop, Progress{Started: time.Now()}
		r.mu.Unlock()
		poke(k.news)
		got, err := k.bringPart(trying, part)
		r.mu.Lock()
		again = k.broughtPart(ctx, got, err, trying.Err() != nil)
		r.mu.Unlock()
		stop()
		if again {
			return true
		}
	}
	return false
}

// bringPart does one part. A folder that is new is kept by itself from its first version on.
func (k *keeper) bringPart(ctx context.Context, p BringPart) (Brought, error) {
	r := &k.e.brings
	if p.Kind == BringFolder {
		added, err := k.e.adopt(p.Path)
		if err != nil {
			return Brought{Kind: p.Kind, Name: p.name()}, err
		}
		if added {
			r.mu.Lock()
			err = r.change(k.e, func(n *bringNote) { n.Added = true })
			r.mu.Unlock()
		}
		if err != nil {
			return Brought{Kind: p.Kind, Name: p.name()}, err
		}
	}
	return k.e.bring(ctx, p, func(now Progress) {
		r.mu.Lock()
		r.progress = now
		r.mu.Unlock()
		poke(k.news)
	})
}

// broughtPart writes down what a try came to. Called with the lock of the runs held.
func (k *keeper) broughtPart(ctx context.Context, got Brought, err error, told bool) (again bool) {
	r := &k.e.brings
	r.stop = nil
	switch {
	case err != nil && told:
		return false
	case err != nil && passing(err):
		p := Describe(err)
		r.problem = &p
		return p.Retry && ctx.Err() == nil
	case err != nil:
		p := Describe(err)
		got.Problem = &p
	}
	part := r.note.Parts[len(r.note.Done)]
	if part.Kind == BringFolder && r.note.Added {
		if err == nil {
			err = k.e.SetMode(ctx, part.Path, Automatic)
		} else {
			err = k.e.letGo(part, true)
		}
		if err != nil {
			p := Describe(err)
			r.problem = &p
			return false
		}
	}
	if err := r.change(k.e, func(n *bringNote) { n.Done, n.Added = append(n.Done, got), false }); err != nil {
		p := Describe(err)
		r.problem = &p
	}
	return false
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

// endBring makes the report. Called with the lock of the runs held.
func (k *keeper) endBring() {
	r := &k.e.brings
	n := r.note
	var err error
	if len(n.Done) < len(n.Parts) {
		err = k.e.letGo(n.Parts[len(n.Done)], n.Added)
	}
	if err == nil {
		err = r.change(k.e, func(n *bringNote) {
			n.Over, n.Added, n.Canceled = true, false, len(n.Done) < len(n.Parts) // it may have been through when it was to stop
		})
	}
	if err != nil {
		k.e.log.Warn("what was brought in could not be written down", "reason", rootCause(err))
		return
	}
	r.problem = nil
}
