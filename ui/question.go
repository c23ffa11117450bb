package ui

import "context"

// question asks the engine something of which only the newest answer counts: who looks at the next folder does not wait
// for the last one, and never sees its answer there.
type question struct {
	w    *Window
	stop context.CancelFunc // of the one under way; nil when there is none
}

// ask does a job instead of the one under way. done is told on the UI goroutine, unless ask or drop is called before.
func (q *question) ask(do func(context.Context) error, done func(error)) {
	q.drop()
	asked, stop := context.WithCancel(context.Background())
	q.stop = stop
	q.w.do(func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(asked, cancel)()
		return do(ctx)
	}, func(err error) {
		if asked.Err() == nil {
			q.stop = nil
			stop()
			done(err)
		}
	})
}

// drop stops the question under way.
func (q *question) drop() {
	if q.stop != nil {
		q.stop()
		q.stop = nil
	}
}

// asking tells whether an answer is awaited.
func (q *question) asking() bool { return q.stop != nil }
