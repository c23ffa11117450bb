package syncer

import (
	"context"
	"sync"
)

// turns lets one piece of work run at a time. The zero value is ready.
type turns struct {
	once sync.Once
	free chan struct{} // holds one while nobody has the turn

	mu      sync.Mutex         // guards below
	waiting int                // who wants it
	giveWay context.CancelFunc // tells who has it that somebody does; nil: it is not asked to hurry
}

// take waits for the turn; done gives it back.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	t.once.Do(func() {
		t.free = make(chan struct{}, 1)
		t.free <- struct{}{}
	})
	t.mu.Lock()
	t.waiting++
	if t.giveWay != nil {
		t.giveWay()
	}
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.waiting--
		t.mu.Unlock()
	}()
	select {
	case <-t.free:
		return func() { t.free <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// takeUntilWanted is take for work that can stop at any time: giveWay is called as soon as somebody else wants the turn.
func (t *turns) takeUntilWanted(ctx context.Context, giveWay context.CancelFunc) (func(), error) {
	done, err := t.take(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	if t.giveWay = giveWay; t.waiting > 0 {
		giveWay()
	}
	t.mu.Unlock()
	return func() {
		t.mu.Lock()
		t.giveWay = nil
		t.mu.Unlock()
		done()
	}, nil
}
