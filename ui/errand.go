package ui

import (
	"context"

	"roost/syncer"
)

// errand is what a page shows of an errand of the engine: a restore, or what is brought in. The engine tells of one that begins,
// and of a step that was taken, with its next status; until then the page says so by itself.
type errand[R any] struct {
	w      *Window
	at     func(*R) (id string, state *string)
	take   func(ctx context.Context, id string, step syncer.ErrandStep) error
	redraw func()

	first     *R     // that the engine is about to tell of; nil: none
	before    string // id of the one that was there until then
	steered   string // id of the one that a step was taken with while it was steeredAt
	steeredAt string
}

// begin shows one that the engine was asked for; old is the one that it told of until then.
func (e *errand[R]) begin(first, old *R) {
	e.first, e.before = first, ""
	if old != nil {
		e.before, _ = e.at(old)
	}
}

// current is the one to show: that of the engine, or one that it is about to tell of; nil without one.
func (e *errand[R]) current(run *R) *R {
	id, state := "", ""
	if run != nil {
		i, s := e.at(run)
		id, state = i, *s
	}
	if e.first != nil && (run == nil || id == e.before) {
		return e.first
	}
	e.first = nil
	if run == nil || id != e.steered || state != e.steeredAt {
		e.steered = ""
		return run
	}
	told := *run // a step was taken, which the engine has not told yet
	_, s := e.at(&told)
	*s = syncer.ErrandStopping
	return &told
}

// steer takes a step with the one that is shown.
func (e *errand[R]) steer(run *R, step syncer.ErrandStep) {
	if run == nil {
		return
	}
	id, state := e.at(run)
	if id == "" || *state == syncer.ErrandStopping {
		return // it has not begun yet, or ends anyway
	}
	if step == syncer.ErrandPause || step == syncer.ErrandCancel {
		e.steered, e.steeredAt = id, *state
	}
	e.redraw()
	e.w.do(func(ctx context.Context) error { return e.take(ctx, id, step) }, func(err error) {
		if err != nil {
			e.steered = ""
			e.redraw()
			e.w.tell(problemOf(err))
		}
	})
}
