//go:build !race

package format

import "sync"

// pool keeps what is dear to make for as long as there is memory for it.
type pool[T any] struct{ all sync.Pool }

func newPool[T any](fresh func() T) *pool[T] {
	return &pool[T]{sync.Pool{New: func() any { return fresh() }}}
}

func (p *pool[T]) get() T  { return p.all.Get().(T) }
func (p *pool[T]) put(t T) { p.all.Put(t) }
