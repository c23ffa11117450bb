package vault

import (
	"math/rand/v2"
	"slices"
	"sync"

	"roost/vault/format"
)

// packer fills packs of one type. A chunk goes to the best fitting of a random half of the open packs: which chunks lie
// together, and so how their lengths add up, is not for a watcher of block sizes to learn, and little is wasted on
// padding.
type packer struct {
	typ  format.ObjectType
	open int // packs open at once

	mu   sync.Mutex // guards below
	bins []*format.Builder
	free []*format.Builder
}

// nearlyFull is how little room makes a pack be sealed rather than kept open, in bytes.
const nearlyFull = 2 << 10

func newPacker(t format.ObjectType, open int) *packer { return &packer{typ: t, open: open} }

// add takes a chunk and returns a builder that is full, if there is one: the caller seals it and gives it back with
// recycle.
func (p *packer) add(k format.Kind, id format.ChunkID, plain int, zstd bool, data []byte) (full *format.Builder) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.choose(len(data))
	if b == nil {
		if len(p.bins) >= p.open {
			full = p.take(slices.MaxFunc(p.bins, bySize))
		}
		b = p.fresh()
		p.bins = append(p.bins, b)
	}
	b.Add(k, id, plain, zstd, data)
	if full == nil && b.Size() > format.PackSize-nearlyFull {
		full = p.take(b)
	}
	return full
}

func bySize(a, b *format.Builder) int { return a.Size() - b.Size() }

func (p *packer) choose(n int) *format.Builder {
	var best, anyBest *format.Builder
	for _, b := range p.bins {
		if b.Grown(n) > format.PackSize {
			continue
		}
		if anyBest == nil || b.Size() > anyBest.Size() {
			anyBest = b
		}
		if rand.IntN(2) == 0 && (best == nil || b.Size() > best.Size()) {
			best = b
		}
	}
	if best != nil {
		return best
	}
	return anyBest
}

func (p *packer) take(b *format.Builder) *format.Builder {
	p.bins = slices.DeleteFunc(p.bins, func(x *format.Builder) bool { return x == b })
	return b
}

func (p *packer) fresh() *format.Builder {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	b := format.NewBuilder(p.typ)
	b.Grow(format.PackSize)
	return b
}

// recycle gives a sealed builder's memory back.
func (p *packer) recycle(b *format.Builder) {
	b.Reset()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < 4 {
		p.free = append(p.free, b)
	}
}

// takeOver moves what is open in another packer of the type into this one, for rest to move together.
func (p *packer) takeOver(q *packer) {
	q.mu.Lock()
	open := q.bins
	q.bins = nil
	q.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bins = append(p.bins, open...)
}

// rest takes what is open, moved together into as few packs as hold it.
func (p *packer) rest() []*format.Builder {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := p.bins
	p.bins = nil
	slices.SortFunc(open, bySize)
	var out []*format.Builder
	for len(open) > 0 {
		dst := open[len(open)-1] // the fullest takes from the emptiest
		open = open[:len(open)-1]
		for len(open) > 0 && dst.Absorb(open[0], format.PackSize) {
			open[0].Reset()
			p.free = append(p.free, open[0])
			open = open[1:]
		}
		if dst.Len() > 0 {
			out = append(out, dst)
		}
	}
	return out
}
