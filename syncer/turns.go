package syncer

import (
	"context"
	"sync"
)

// turns lets one piece of work run at a time. The zero value is ready.
type turns struct {
	once sync.Once
	free chan struct{} // holds one while nobody has the turn
}

// take waits for the turn; done gives it back.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	t.once.Do(func() {
		t.free = make(chan struct{}, 1)
		t.free <- struct{}{}
	})
	select {
	case <-t.free:
		return func() { t.free <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
