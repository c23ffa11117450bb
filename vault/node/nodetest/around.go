package nodetest

import (
	"context"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

// Around is a node.Node that lets a function decide about every call to the one behind it: when it is made, whether, and
// what comes of it.
type Around struct {
	Node node.Node
	// Do is called for each call, with the method's name. call makes it; what Do returns is what the caller gets, with the
	// answer of call if that was made.
	Do func(ctx context.Context, method string, call func() error) error
}

var _ node.Node = (*Around)(nil)

func around[T any](a *Around, ctx context.Context, method string, call func() (T, error)) (out T, err error) {
	err = a.Do(ctx, method, func() (err error) { out, err = call(); return err })
	return out, err
}

// Info implements node.Node.
func (a *Around) Info(ctx context.Context) (node.Info, error) {
	return around(a, ctx, "Info", func() (node.Info, error) { return a.Node.Info(ctx) })
}

// Import implements node.Node.
func (a *Around) Import(ctx context.Context, root cid.Cid, blocks []node.Block) error {
	return a.Do(ctx, "Import", func() error { return a.Node.Import(ctx, root, blocks) })
}

// Put implements node.Node.
func (a *Around) Put(ctx context.Context, blocks []node.Block) error {
	return a.Do(ctx, "Put", func() error { return a.Node.Put(ctx, blocks) })
}

// Get implements node.Node.
func (a *Around) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	return around(a, ctx, "Get", func() ([]byte, error) { return a.Node.Get(ctx, c) })
}

// Stat implements node.Node.
func (a *Around) Stat(ctx context.Context, c cid.Cid) (int64, error) {
	return around(a, ctx, "Stat", func() (int64, error) { return a.Node.Stat(ctx, c) })
}

// PinAdd implements node.Node.
func (a *Around) PinAdd(ctx context.Context, c cid.Cid, name string) error {
	return a.Do(ctx, "PinAdd", func() error { return a.Node.PinAdd(ctx, c, name) })
}

// PinUpdate implements node.Node.
func (a *Around) PinUpdate(ctx context.Context, from, to cid.Cid) error {
	return a.Do(ctx, "PinUpdate", func() error { return a.Node.PinUpdate(ctx, from, to) })
}

// PinRemove implements node.Node.
func (a *Around) PinRemove(ctx context.Context, c cid.Cid) error {
	return a.Do(ctx, "PinRemove", func() error { return a.Node.PinRemove(ctx, c) })
}

// Pins implements node.Node.
func (a *Around) Pins(ctx context.Context) ([]node.Pin, error) {
	return around(a, ctx, "Pins", func() ([]node.Pin, error) { return a.Node.Pins(ctx) })
}

// Pinned implements node.Node.
func (a *Around) Pinned(ctx context.Context, c cid.Cid) (bool, error) {
	return around(a, ctx, "Pinned", func() (bool, error) { return a.Node.Pinned(ctx, c) })
}

// Link implements node.Node.
func (a *Around) Link(ctx context.Context, path string, c cid.Cid) error {
	return a.Do(ctx, "Link", func() error { return a.Node.Link(ctx, path, c) })
}

// Unlink implements node.Node.
func (a *Around) Unlink(ctx context.Context, path string) error {
	return a.Do(ctx, "Unlink", func() error { return a.Node.Unlink(ctx, path) })
}

// List implements node.Node.
func (a *Around) List(ctx context.Context, dir string) ([]node.Entry, error) {
	return around(a, ctx, "List", func() ([]node.Entry, error) { return a.Node.List(ctx, dir) })
}

// Usage implements node.Node.
func (a *Around) Usage(ctx context.Context) (node.Usage, error) {
	return around(a, ctx, "Usage", func() (node.Usage, error) { return a.Node.Usage(ctx) })
}

// GC implements node.Node.
func (a *Around) GC(ctx context.Context) error {
	return a.Do(ctx, "GC", func() error { return a.Node.GC(ctx) })
}
