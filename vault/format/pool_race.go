//go:build race

package format

import "sync"

// pool is without sync.Pool here: that one forgets a quarter of what is put into it under the race detector, whose shadow
// of a new zstd encoder takes some 20 ms.
type pool[T any] struct {
	mu    sync.Mutex
	fresh func() T
	all   []T
}

func newPool[T any](fresh func() T) *pool[T] { return &pool[T]{fresh: fresh} }

func (p *pool[T]) get() T {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.all); n > 0 {
		t := p.all[n-1]
		p.all = p.all[:n-1]
		return t
	}
	return p.fresh()
}

func (p *pool[T]) put(t T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, t)
}
