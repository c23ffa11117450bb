package syncer

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"roost/vault/format"
)

// RestoreWish is a restore that goes on by itself: when the window that asked for it is closed, after a pause, and after Roost
// was ended. Run does it.
type RestoreWish struct {
	Title string // as the person saw it
	Parts []RestoreOptions
}

// The states of a RestoreRun.
const (
	RestoreGoing    = "going"
	RestoreStopping = "stopping" // it was told to, and does so as soon as it can
	RestorePaused   = "paused"   // by a person, until they go on
	RestoreStopped  = "stopped"  // something is in the way: see Problem
	RestoreOver     = "over"     // with a report
)

// RestoreRun is how far a RestoreWish is, until a person puts its report away.
type RestoreRun struct {
	ID       string
	Title    string
	State    string
	Part     int // that is under way, from 0
	Parts    int
	Progress Progress // of that part
	Problem  *Problem // of RestoreStopped
	Total    Restored // of the parts that are through, and when it is over of all; at most mostNamed of Failed
	Failed   int64    // how many there are in all
	Canceled bool     // a person ended it before everything was back
}

// RestoreStep is what a person does with a RestoreRun.
type RestoreStep string

// The steps.
const (
	RestorePause   RestoreStep = "pause"
	RestoreGoOn    RestoreStep = "go on"
	RestoreCancel  RestoreStep = "cancel"   // for good; what came back stays
	RestorePutAway RestoreStep = "put away" // its report
)

// restoreFile is the note of the wish and of what came of it. It names files, as the catalog does, and no secret.
const restoreFile = "restore"

// HasRestore tells, from the home alone, whether a restore goes on in it by itself, or has a report that nobody put away.
func HasRestore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, restoreFile))
	return err == nil
}

// restoreRetry is how long a restore waits that a storage does not answer.
const restoreRetry = time.Minute

// restoreNote is that note. It is written before a step of a person counts, and after every part and every stop. What a kill
// loses of it is which files of the part under way had just come back: they count as being there already.
type restoreNote struct {
	ID       string
	Wish     RestoreWish
	Next     int // part
	Paused   bool
	Canceled bool
	Over     bool
	Total    Restored // see RestoreRun
	Failed   int64

	Stopped *Restored // what the last try of part Next did, which was stopped; nil: there was none
	Again   int64     // files that the tries before that one brought back, which it found in their places
}

// add counts what one try of a part brought back; whole when it was not stopped. The next try finds its files in place.
func (n *restoreNote) add(r *Restored, whole bool) {
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
func (n *restoreNote) settle() {
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

// restoreRuns is the restore that Run does.
type restoreRuns struct {
	mu       sync.Mutex // guards below, and the file
	read     bool
	note     *restoreNote       // nil: there is none
	stop     context.CancelFunc // ends the try under way; nil: there is none
	progress Progress           // of that one, or of the last
	problem  *Problem           // why it stopped; nil: for nothing that is in the way
	wake     chan struct{}      // holds one when there may be something to do; nil while Run does not run
}

// load reads the note that an earlier process left. One that cannot be read is none: files that it would have brought back
// can be asked for again. Called with mu held.
func (r *restoreRuns) load(e *Engine) {
	if r.read {
		return
	}
	r.read = true
	b, err := os.ReadFile(e.home.path(restoreFile))
	if err == nil {
		r.note, err = parseRestoreNote(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.log.Warn("a restore that was under way is forgotten: its note cannot be read", "reason", rootCause(err))
	}
}

// parseRestoreNote reads what save wrote.
func parseRestoreNote(b []byte) (*restoreNote, error) {
	var n restoreNote
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&n); err != nil {
		return nil, fmt.Errorf("read the note of a restore: %w", err)
	}
	bad := n.ID == "" || n.Next < 0 || n.Next > len(n.Wish.Parts) || len(n.Total.Failed) > mostNamed
	for _, part := range n.Wish.Parts {
		bad = bad || part.check() != nil
	}
	if bad {
		return nil, fmt.Errorf("read the note of a restore: %w", format.ErrDamaged)
	}
	return &n, nil
}

// save writes the note. Names of files are any bytes, which gob carries and JSON does not.
func (n *restoreNote) save(h *home) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(n); err != nil {
		return fmt.Errorf("write the note of a restore: %w", err)
	}
	return h.write(restoreFile, b.Bytes())
}

// change lets fn change a copy of the note, writes it and makes it the one that counts. Called with mu held.
func (r *restoreRuns) change(e *Engine, fn func(*restoreNote)) error {
	next := *r.note
	fn(&next)
	if err := next.save(e.home); err != nil {
		return err
	}
	r.note = &next
	return nil
}

// tell lets Run and whoever watches know that something changed. Called with mu held.
func (r *restoreRuns) tell(e *Engine) {
	if r.wake != nil {
		poke(r.wake)
	}
	if k := e.running.Load(); k != nil {
		poke(k.news)
	}
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
	id, err := newFolderID()
	if err != nil {
		return err
	}
	r := &e.restores
	r.mu.Lock()
	defer r.mu.Unlock()
	r.load(e)
	if r.stop != nil || r.note != nil && r.state() == RestoreGoing {
		return ErrRestoring
	}
	n := &restoreNote{ID: fmt.Sprintf("%x", id), Wish: w}
	if err := n.save(e.home); err != nil {
		return err
	}
	r.note, r.problem, r.progress = n, nil, Progress{}
	r.tell(e)
	return nil
}

// ErrRestoring: a restore goes on already.
var ErrRestoring = errors.New("a restore goes on already")

// SteerRestore pauses, goes on with, cancels or puts away the restore with this id. One that is not there any more, or is
// beyond that step, stays as it is. Errors: ErrUsage for another step, ErrHome.
func (e *Engine) SteerRestore(_ context.Context, id string, step RestoreStep) (err error) {
	r := &e.restores
	r.mu.Lock()
	defer r.mu.Unlock()
	r.load(e)
	n := r.note
	if n == nil || n.ID != id {
		return nil
	}
	switch {
	case step == RestorePutAway:
		if !n.Over {
			return nil
		}
		if err := os.Remove(e.home.path(restoreFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return homeError("put a report away", err)
		}
		r.note = nil
	case n.Over || n.Canceled:
		return nil
	case step == RestorePause:
		err = r.change(e, func(n *restoreNote) { n.Paused = true })
	case step == RestoreGoOn:
		if err = r.change(e, func(n *restoreNote) { n.Paused = false }); err == nil {
			r.problem = nil
		}
	case step == RestoreCancel:
		err = r.change(e, func(n *restoreNote) { n.Canceled = true })
	default:
		return fmt.Errorf("%w: a restore cannot %q", ErrUsage, step)
	}
	if err == nil && step != RestoreGoOn && r.stop != nil {
		r.stop()
	}
	r.tell(e)
	return err
}

// state is that of the note. Called with mu held.
func (r *restoreRuns) state() string {
	n := r.note
	switch {
	case n.Over:
		return RestoreOver
	case n.Canceled, n.Paused && r.stop != nil:
		return RestoreStopping
	case n.Paused:
		return RestorePaused
	case r.problem != nil:
		return RestoreStopped
	}
	return RestoreGoing
}

// now is how far it is; nil when there is none.
func (r *restoreRuns) now() *RestoreRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.note
	if n == nil {
		return nil
	}
	return &RestoreRun{
		ID: n.ID, Title: n.Wish.Title, State: r.state(), Part: n.Next, Parts: len(n.Wish.Parts), Progress: r.progress, Problem: r.problem,
		Total: n.Total, Failed: n.Failed, Canceled: n.Canceled,
	}
}

// restore does what the note says until ctx ends.
func (k *keeper) restore(ctx context.Context) {
	r := &k.e.restores
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
		again := k.restoreOnce(ctx)
		poke(k.news)
		var retry <-chan time.Time
		if again {
			retry = time.After(restoreRetry)
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

// restoreOnce goes on until nothing is left to do or something is in the way; again tells that this may pass by itself.
func (k *keeper) restoreOnce(ctx context.Context) (again bool) {
	r := &k.e.restores
	for ctx.Err() == nil {
		r.mu.Lock()
		n := r.note
		if n != nil && !n.Over && (n.Canceled || n.Next == len(n.Wish.Parts)) {
			k.endRestore(ctx)
			r.mu.Unlock()
			continue
		}
		if n == nil || n.Over || n.Paused || r.problem != nil {
			r.mu.Unlock()
			return false
		}
		part := n.Wish.Parts[n.Next]
		trying, stop := context.WithCancel(ctx)
		r.stop, r.progress = stop, Progress{Started: time.Now()}
		r.mu.Unlock()
		poke(k.news)
		got, err := k.e.restore(trying, part, func(p Progress) {
			r.mu.Lock()
			r.progress = p
			r.mu.Unlock()
			poke(k.news)
		})
		r.mu.Lock()
		again = k.tried(ctx, got, err, trying.Err() != nil)
		r.mu.Unlock()
		stop()
		if again {
			return true
		}
	}
	return false
}

// tried writes down what a try came to. Called with the lock of the restores held.
func (k *keeper) tried(ctx context.Context, got *Restored, err error, told bool) (again bool) {
	r := &k.e.restores
	r.stop = nil
	if err != nil && !told {
		p := Describe(err)
		r.problem, again = &p, unreachableNow(err)
	}
	next := *r.note
	next.add(got, err == nil)
	r.note = &next
	if err := next.save(k.e.home); err != nil { // files that are back are not lost for that
		k.e.log.Warn("how far the restore is could not be written down", "reason", rootCause(err))
	}
	return again && ctx.Err() == nil
}

// endRestore makes the report. Called with the lock of the restores held.
func (k *keeper) endRestore(ctx context.Context) {
	r := &k.e.restores
	next := *r.note
	next.settle()
	next.Over, next.Canceled = true, next.Next < len(next.Wish.Parts) // it may have been through when it was to stop
	r.note, r.problem = &next, nil
	err := k.e.noteRestored(context.WithoutCancel(ctx), &next.Total, next.Failed)
	if err := errors.Join(err, next.save(k.e.home)); err != nil {
		k.e.log.Warn("the restore could not be written down", "reason", rootCause(err))
	}
}
