package syncer

import (
	"context"
	"iter"
	"sync"
)

// latest holds the newest of a series of values. A slow reader skips some and always sees the last; nobody waits for one.
type latest[T any] struct {
	mu    sync.Mutex // guards below
	value T
	set   bool
	next  chan struct{} // closed when value is replaced; nil while nobody waits
}

// put replaces the value.
func (l *latest[T]) put(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value, l.set = v, true
	if l.next != nil {
		close(l.next)
		l.next = nil
	}
}

// watch yields the present value, if there is one, and every later one that the reader is quick enough for.
func (l *latest[T]) watch(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			l.mu.Lock()
			v, set := l.value, l.set
			if l.next == nil {
				l.next = make(chan struct{})
			}
			next := l.next
			l.mu.Unlock()
			if set && !yield(v) {
				return
			}
			select {
			case <-next:
			case <-ctx.Done():
				return
			}
		}
	}
}
