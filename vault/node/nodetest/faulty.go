package nodetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

// Kind is what a fault does to a call.
type Kind int

const (
	// Fail returns Fault.Err; the node is not asked.
	Fail Kind = iota
	// FailAfter lets the node do it and returns Fault.Err: the answer was lost on its way.
	FailAfter
	// Hang waits until the context ends; the node is not asked.
	Hang
	// Stall waits for Fault.Delay, then lets the node do it.
	Stall
	// Lie returns success with a zero answer; the node is not asked, except that a lying Import does store.
	Lie
	// WrongBytes lets Get return other bytes than the node has, and no error.
	WrongBytes
	// Drop lets Import and Put succeed, and loses the share Fault.Rate of the blocks: Get and Stat do not find them.
	Drop
)

// Fault is one line of a script.
type Fault struct {
	Method string // of node.Node, such as "PinAdd"; "" for all
	Call   int    // the how manieth call of that method, from 1; 0 for every one
	Kind   Kind
	Err    error         // Fail, FailAfter: what is returned; nil means node.ErrUnreachable
	Delay  time.Duration // Stall
	Rate   float64       // Drop: 0 means 0.01
}

// Faulty is a node.Node that another one stands behind, with faults in between. The same seed and calls give the same
// faults.
type Faulty struct {
	inner node.Node
	seed  uint64

	mu     sync.Mutex
	script []Fault
	calls  map[string]int
	lost   map[string]bool // multihashes that Drop took
}

var _ node.Node = (*Faulty)(nil)

// NewFaulty returns inner with the faults of the script; where several meet, the first in the script counts.
func NewFaulty(inner node.Node, seed uint64, script ...Fault) *Faulty {
	return &Faulty{inner: inner, seed: seed, script: script, calls: map[string]int{}, lost: map[string]bool{}}
}

// Script replaces the script and starts counting calls again. What was lost stays lost.
func (f *Faulty) Script(script ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script = script
	f.calls = map[string]int{}
}

// Calls returns how often a method was called since the script began.
func (f *Faulty) Calls(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

// next counts a call and returns its fault.
func (f *Faulty) next(method string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[method]++
	for _, fault := range f.script {
		if (fault.Method == "" || fault.Method == method) && (fault.Call == 0 || fault.Call == f.calls[method]) {
			return fault, true
		}
	}
	return Fault{}, false
}

// through makes a call with its fault. lie stands for the call when the fault is a lie; nil does nothing.
func (f *Faulty) through(ctx context.Context, method string, do, lie func() error) (Fault, error) {
	fault, ok := f.next(method)
	if !ok {
		return Fault{Kind: -1}, do()
	}
	failure := fault.Err
	if failure == nil {
		failure = node.ErrUnreachable
	}
	failure = fmt.Errorf("%s: %w", method, failure)
	switch fault.Kind {
	case Fail:
		return fault, failure
	case FailAfter:
		if err := do(); err != nil {
			return fault, err
		}
		return fault, failure
	case Hang:
		<-ctx.Done()
		return fault, fmt.Errorf("%s: %w", method, ended(ctx.Err()))
	case Stall:
		select {
		case <-time.After(fault.Delay):
			return fault, do()
		case <-ctx.Done():
			return fault, fmt.Errorf("%s: %w", method, ended(ctx.Err()))
		}
	case Lie:
		if lie == nil {
			return fault, nil
		}
		return fault, lie()
	default:
		return fault, do()
	}
}

// drop decides for each block by seed and hash alone, whatever the order of calls.
func (f *Faulty) drop(fault Fault, blocks []node.Block) {
	rate := fault.Rate
	if rate == 0 {
		rate = 0.01
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range blocks {
		h := fnv.New64a()
		h.Write(binary.LittleEndian.AppendUint64(nil, f.seed))
		h.Write(b.CID.Hash())
		if float64(h.Sum64()>>11)/(1<<53) < rate {
			f.lost[string(b.CID.Hash())] = true
		}
	}
}

func (f *Faulty) isLost(c cid.Cid) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost[string(c.Hash())]
}

// Info implements node.Node.
func (f *Faulty) Info(ctx context.Context) (info node.Info, err error) {
	_, err = f.through(ctx, "Info", func() (err error) { info, err = f.inner.Info(ctx); return }, nil)
	return info, err
}

// Import implements node.Node.
func (f *Faulty) Import(ctx context.Context, root cid.Cid, blocks []node.Block) error {
	fault, err := f.through(ctx, "Import",
		func() error { return f.inner.Import(ctx, root, blocks) },
		func() error { return f.inner.Put(ctx, blocks) })
	if err == nil && fault.Kind == Drop {
		f.drop(fault, blocks)
	}
	return err
}

// Put implements node.Node.
func (f *Faulty) Put(ctx context.Context, blocks []node.Block) error {
	fault, err := f.through(ctx, "Put", func() error { return f.inner.Put(ctx, blocks) }, nil)
	if err == nil && fault.Kind == Drop {
		f.drop(fault, blocks)
	}
	return err
}

// Get implements node.Node.
func (f *Faulty) Get(ctx context.Context, c cid.Cid) (data []byte, err error) {
	fault, err := f.through(ctx, "Get", func() (err error) { data, err = f.inner.Get(ctx, c); return }, nil)
	if err == nil && f.isLost(c) {
		return nil, fmt.Errorf("Get %s: %w", c, node.ErrNotFound)
	}
	if fault.Kind == WrongBytes && len(data) > 0 {
		data = slices.Clone(data)
		data[(f.seed+uint64(f.Calls("Get")))%uint64(len(data))] ^= 1
	}
	return data, err
}

// Stat implements node.Node.
func (f *Faulty) Stat(ctx context.Context, c cid.Cid) (size int64, err error) {
	_, err = f.through(ctx, "Stat", func() (err error) { size, err = f.inner.Stat(ctx, c); return }, nil)
	if err == nil && f.isLost(c) {
		return 0, fmt.Errorf("Stat %s: %w", c, node.ErrNotFound)
	}
	return size, err
}

// PinAdd implements node.Node.
func (f *Faulty) PinAdd(ctx context.Context, c cid.Cid, name string) error {
	_, err := f.through(ctx, "PinAdd", func() error { return f.inner.PinAdd(ctx, c, name) }, nil)
	return err
}

// PinUpdate implements node.Node.
func (f *Faulty) PinUpdate(ctx context.Context, from, to cid.Cid) error {
	_, err := f.through(ctx, "PinUpdate", func() error { return f.inner.PinUpdate(ctx, from, to) }, nil)
	return err
}

// PinRemove implements node.Node.
func (f *Faulty) PinRemove(ctx context.Context, c cid.Cid) error {
	_, err := f.through(ctx, "PinRemove", func() error { return f.inner.PinRemove(ctx, c) }, nil)
	return err
}

// Pins implements node.Node.
func (f *Faulty) Pins(ctx context.Context) (pins []node.Pin, err error) {
	_, err = f.through(ctx, "Pins", func() (err error) { pins, err = f.inner.Pins(ctx); return }, nil)
	return pins, err
}

// Pinned implements node.Node. A lie says yes.
func (f *Faulty) Pinned(ctx context.Context, c cid.Cid) (pinned bool, err error) {
	_, err = f.through(ctx, "Pinned",
		func() (err error) { pinned, err = f.inner.Pinned(ctx, c); return },
		func() error { pinned = true; return nil })
	return pinned, err
}

// Link implements node.Node.
func (f *Faulty) Link(ctx context.Context, path string, c cid.Cid) error {
	_, err := f.through(ctx, "Link", func() error { return f.inner.Link(ctx, path, c) }, nil)
	return err
}

// Unlink implements node.Node.
func (f *Faulty) Unlink(ctx context.Context, path string) error {
	_, err := f.through(ctx, "Unlink", func() error { return f.inner.Unlink(ctx, path) }, nil)
	return err
}

// List implements node.Node.
func (f *Faulty) List(ctx context.Context, dir string) (entries []node.Entry, err error) {
	_, err = f.through(ctx, "List", func() (err error) { entries, err = f.inner.List(ctx, dir); return }, nil)
	return entries, err
}

// Usage implements node.Node.
func (f *Faulty) Usage(ctx context.Context) (usage node.Usage, err error) {
	_, err = f.through(ctx, "Usage", func() (err error) { usage, err = f.inner.Usage(ctx); return }, nil)
	return usage, err
}

// GC implements node.Node.
func (f *Faulty) GC(ctx context.Context) error {
	_, err := f.through(ctx, "GC", func() error { return f.inner.GC(ctx) }, nil)
	return err
}
