// Package nodetest tests against storages: a node in memory, one with scripted faults, a real Kubo, and one suite that
// all of them pass.
package nodetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

// Memory is a node.Node in memory that does what Kubo does: pins are recursive and walk what they pin, a pin with a
// missing block waits for that block, GC removes what is neither pinned nor linked, importing a block that is there
// does not repair it. The zero value is an empty node.
type Memory struct {
	PinTimeout time.Duration // how long a call waits for a missing block; 0 means 1 minute
	StorageMax int64         // bytes, reported and not enforced; 0: unknown

	mu      sync.Mutex
	blocks  map[string][]byte   // by multihash, as Kubo does
	pins    map[cid.Cid]string  // recursive ones, with their names
	links   map[string]cid.Cid  // by path
	dirs    map[string]struct{} // paths that were made as parents; "/" is not listed
	walking int                 // imports that wait for a block; GC waits for them, as it does for Kubo's pin lock
	changed chan struct{}       // closed when blocks come or an import ends
}

var _ node.Node = (*Memory)(nil)

// Lose removes blocks from the disk, pinned or not.
func (m *Memory) Lose(cids ...cid.Cid) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range cids {
		delete(m.blocks, string(c.Hash()))
	}
}

// Damage flips a bit of a block that is there.
func (m *Memory) Damage(c cid.Cid) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data := slices.Clone(m.blocks[string(c.Hash())]); len(data) > 0 {
		data[len(data)/2] ^= 1
		m.blocks[string(c.Hash())] = data
	}
}

// Clone returns a node with the same content, such as a backup of this one's disk.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{
		PinTimeout: m.PinTimeout, StorageMax: m.StorageMax,
		blocks: maps.Clone(m.blocks), pins: maps.Clone(m.pins), links: maps.Clone(m.links), dirs: maps.Clone(m.dirs),
	}
}

// begin locks for a call and makes the zero value work.
func (m *Memory) begin(ctx context.Context) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, ended(err)
	}
	m.mu.Lock()
	if m.blocks == nil {
		m.blocks = make(map[string][]byte)
	}
	if m.pins == nil {
		m.pins = make(map[cid.Cid]string)
	}
	if m.links == nil {
		m.links = make(map[string]cid.Cid)
	}
	if m.dirs == nil {
		m.dirs = make(map[string]struct{})
	}
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	return m.mu.Unlock, nil
}

// ended is the error of a call whose context is over.
func ended(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", node.ErrTimeout, err)
	}
	return err
}

// wake lets those go on that wait.
func (m *Memory) wake() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// wait calls ready, which runs locked, until it returns true; between two calls something must have changed.
func (m *Memory) wait(ctx context.Context, ready func() (bool, error)) error {
	patience := m.PinTimeout
	if patience == 0 {
		patience = time.Minute
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		unlock, err := m.begin(ctx)
		if err != nil {
			return err
		}
		done, err := ready()
		changed := m.changed
		unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-timeout.C:
			return fmt.Errorf("wait for a missing block: %w", node.ErrTimeout)
		case <-ctx.Done():
			return ended(ctx.Err())
		}
	}
}

// Info implements node.Node.
func (m *Memory) Info(ctx context.Context) (node.Info, error) {
	unlock, err := m.begin(ctx)
	if err != nil {
		return node.Info{}, fmt.Errorf("ask: %w", err)
	}
	defer unlock()
	return node.Info{PeerID: "memory", Version: "0.43.0", Latency: time.Microsecond}, nil
}

// Import implements node.Node.
func (m *Memory) Import(ctx context.Context, root cid.Cid, blocks []node.Block) error {
	if !slices.ContainsFunc(blocks, func(b node.Block) bool { return b.CID == root }) {
		return fmt.Errorf("import: the root is not among the blocks")
	}
	if err := m.store(ctx, blocks, 1); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.walking--
		m.wake()
	}()
	err := m.wait(ctx, func() (bool, error) {
		_, pinned := m.pins[root]
		if !pinned && m.complete(root, cid.NewSet()) {
			m.pins[root], pinned = "", true
		}
		return pinned, nil
	})
	if err != nil {
		return fmt.Errorf("import: pin root: %w", err)
	}
	return nil
}

// Put implements node.Node.
func (m *Memory) Put(ctx context.Context, blocks []node.Block) error {
	if err := m.store(ctx, blocks, 0); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	return nil
}

// store takes all of the blocks or none, and counts the imports that will walk them.
func (m *Memory) store(ctx context.Context, blocks []node.Block, walks int) error {
	for _, b := range blocks {
		if !b.CID.Defined() || len(b.Data) > node.MaxBlockSize {
			return fmt.Errorf("block %s of %d bytes is refused", b.CID, len(b.Data))
		}
		if !matches(b) {
			return fmt.Errorf("block %s: %w", b.CID, node.ErrWrongBytes)
		}
	}
	unlock, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, b := range blocks {
		if key := string(b.CID.Hash()); m.blocks[key] == nil {
			m.blocks[key] = append([]byte{}, b.Data...)
		}
	}
	m.walking += walks
	m.wake()
	return nil
}

func matches(b node.Block) bool {
	sum, err := b.CID.Prefix().Sum(b.Data)
	return err == nil && sum == b.CID
}

// Get implements node.Node.
func (m *Memory) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	unlock, err := m.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	defer unlock()
	data, ok := m.blocks[string(c.Hash())]
	if !ok {
		return nil, fmt.Errorf("get %s: %w", c, node.ErrNotFound)
	}
	if !matches(node.Block{CID: c, Data: data}) {
		return nil, fmt.Errorf("get %s: %w", c, node.ErrWrongBytes)
	}
	return slices.Clone(data), nil
}

// Stat implements node.Node.
func (m *Memory) Stat(ctx context.Context, c cid.Cid) (int64, error) {
	unlock, err := m.begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("stat: %w", err)
	}
	defer unlock()
	data, ok := m.blocks[string(c.Hash())]
	if !ok {
		return 0, fmt.Errorf("stat %s: %w", c, node.ErrNotFound)
	}
	return int64(len(data)), nil
}

// below returns the links of a block; ok is false when it is missing or cannot be read.
func (m *Memory) below(c cid.Cid) (children []cid.Cid, ok bool) {
	data, ok := m.blocks[string(c.Hash())]
	if !ok {
		return nil, false
	}
	entries, err := Links(node.Block{CID: c, Data: data})
	for _, e := range entries {
		children = append(children, e.CID)
	}
	return children, err == nil
}

// complete says whether everything below c is there that is not seen yet.
func (m *Memory) complete(c cid.Cid, seen *cid.Set) bool {
	if !seen.Visit(c) {
		return true
	}
	children, ok := m.below(c)
	for _, child := range children {
		ok = ok && m.complete(child, seen)
	}
	return ok
}

// differenceComplete reads what pin/update does: links that only to has, each beside one that only from has, for as
// long as there are any, and the rest in full.
func (m *Memory) differenceComplete(from, to cid.Cid) bool {
	old, okOld := m.below(from)
	now, okNow := m.below(to)
	if !okOld || !okNow {
		return false
	}
	gone := slices.DeleteFunc(slices.Clone(old), func(c cid.Cid) bool { return slices.Contains(now, c) })
	added := slices.DeleteFunc(slices.Clone(now), func(c cid.Cid) bool { return slices.Contains(old, c) })
	seen := cid.NewSet()
	for _, c := range gone[:min(len(gone), len(added))] {
		seen.Add(c)
	}
	for i, c := range added {
		if i < len(gone) && !m.differenceComplete(gone[i], c) || i >= len(gone) && !m.complete(c, seen) {
			return false
		}
	}
	return true
}

// PinAdd implements node.Node.
func (m *Memory) PinAdd(ctx context.Context, c cid.Cid, name string) error {
	if len(name) > 255 {
		return fmt.Errorf("pin: the name is longer than 255 bytes")
	}
	first := true
	err := m.wait(ctx, func() (bool, error) {
		if _, pinned := m.pins[c]; pinned {
			return false, node.ErrPinned
		}
		if _, ok := m.blocks[string(c.Hash())]; !ok && first {
			return false, node.ErrNotFound
		}
		first = false
		ok := m.complete(c, cid.NewSet())
		if ok {
			m.pins[c] = name
		}
		return ok, nil
	})
	if err != nil {
		return fmt.Errorf("pin %s: %w", c, err)
	}
	return nil
}

// PinUpdate implements node.Node.
func (m *Memory) PinUpdate(ctx context.Context, from, to cid.Cid) error {
	err := m.wait(ctx, func() (bool, error) {
		name, pinned := m.pins[from]
		if !pinned {
			return false, node.ErrNotPinned
		}
		if _, pinned := m.pins[to]; pinned {
			return true, nil
		}
		ok := m.differenceComplete(from, to)
		if ok {
			m.pins[to] = name
		}
		return ok, nil
	})
	if err != nil {
		return fmt.Errorf("update pin: %w", err)
	}
	return nil
}

// PinRemove implements node.Node.
func (m *Memory) PinRemove(ctx context.Context, c cid.Cid) error {
	unlock, err := m.begin(ctx)
	if err != nil {
		return fmt.Errorf("unpin: %w", err)
	}
	defer unlock()
	delete(m.pins, c)
	return nil
}

// Pins implements node.Node.
func (m *Memory) Pins(ctx context.Context) ([]node.Pin, error) {
	unlock, err := m.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("list pins: %w", err)
	}
	defer unlock()
	pins := make([]node.Pin, 0, len(m.pins))
	for c, name := range m.pins {
		pins = append(pins, node.Pin{CID: c, Name: name})
	}
	slices.SortFunc(pins, func(a, b node.Pin) int { return strings.Compare(a.CID.KeyString(), b.CID.KeyString()) })
	return pins, nil
}

// Pinned implements node.Node.
func (m *Memory) Pinned(ctx context.Context, c cid.Cid) (bool, error) {
	unlock, err := m.begin(ctx)
	if err != nil {
		return false, fmt.Errorf("look for pin: %w", err)
	}
	defer unlock()
	_, pinned := m.pins[c]
	return pinned, nil
}

// Link implements node.Node.
func (m *Memory) Link(ctx context.Context, to string, c cid.Cid) error {
	if !cleanPath(to) {
		return fmt.Errorf("link: %q is not a clean absolute path below /", to)
	}
	unlock, err := m.begin(ctx)
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	defer unlock()
	if _, ok := m.blocks[string(c.Hash())]; !ok {
		return fmt.Errorf("link: %w", node.ErrNotFound)
	}
	_, isLink := m.links[to]
	_, isDir := m.dirs[to]
	if isLink || isDir {
		return fmt.Errorf("link: %w", node.ErrExists)
	}
	for dir := path.Dir(to); dir != "/"; dir = path.Dir(dir) {
		if _, ok := m.links[dir]; ok {
			return fmt.Errorf("link: %s is not a directory of pointers", dir)
		}
	}
	for dir := path.Dir(to); dir != "/"; dir = path.Dir(dir) {
		m.dirs[dir] = struct{}{}
	}
	m.links[to] = c
	return nil
}

// Unlink implements node.Node.
func (m *Memory) Unlink(ctx context.Context, p string) error {
	if !cleanPath(p) {
		return fmt.Errorf("unlink: %q is not a clean absolute path below /", p)
	}
	unlock, err := m.begin(ctx)
	if err != nil {
		return fmt.Errorf("unlink: %w", err)
	}
	defer unlock()
	inside := func(q string) bool { return q == p || strings.HasPrefix(q, p+"/") }
	maps.DeleteFunc(m.links, func(q string, _ cid.Cid) bool { return inside(q) })
	maps.DeleteFunc(m.dirs, func(q string, _ struct{}) bool { return inside(q) })
	return nil
}

// List implements node.Node.
func (m *Memory) List(ctx context.Context, dir string) ([]node.Entry, error) {
	if dir != "/" && !cleanPath(dir) {
		return nil, fmt.Errorf("list: %q is not a clean absolute path", dir)
	}
	var entries []node.Entry
	err := m.wait(ctx, func() (bool, error) {
		if c, ok := m.links[dir]; ok {
			data, ok := m.blocks[string(c.Hash())]
			if !ok {
				return false, nil
			}
			var err error
			if entries, err = Links(node.Block{CID: c, Data: data}); err == nil && c.Type() == cid.Raw {
				entries = []node.Entry{{Name: path.Base(dir), CID: c}}
			}
			return true, err
		}
		entries = m.listDir(dir)
		for _, e := range entries {
			_, isDir := m.dirs[path.Join(dir, e.Name)]
			if _, ok := m.blocks[string(e.CID.Hash())]; !ok && !isDir {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return entries, nil
}

// listDir returns what is in a directory of pointers, ordered by name.
func (m *Memory) listDir(dir string) []node.Entry {
	var entries []node.Entry
	for p, c := range m.links {
		if path.Dir(p) == dir {
			entries = append(entries, node.Entry{Name: path.Base(p), CID: c})
		}
	}
	for p := range m.dirs {
		if path.Dir(p) == dir {
			entries = append(entries, node.Entry{Name: path.Base(p), CID: Dir(m.listDir(p)...).CID})
		}
	}
	slices.SortFunc(entries, func(a, b node.Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries
}

// Usage implements node.Node.
func (m *Memory) Usage(ctx context.Context) (node.Usage, error) {
	unlock, err := m.begin(ctx)
	if err != nil {
		return node.Usage{}, fmt.Errorf("usage: %w", err)
	}
	defer unlock()
	u := node.Usage{StorageMax: m.StorageMax, RepoSize: 4096}
	for _, data := range m.blocks {
		u.RepoSize += int64(len(data))
	}
	return u, nil
}

// GC implements node.Node. As in Kubo, a pin below which a directory is missing makes it fail, and it then removes
// nothing; a missing raw block is not noticed.
func (m *Memory) GC(ctx context.Context) error {
	err := m.wait(ctx, func() (bool, error) {
		if m.walking > 0 {
			return false, nil
		}
		return true, m.collect()
	})
	if err != nil {
		return fmt.Errorf("gc: %w", err)
	}
	return nil
}

func (m *Memory) collect() error {
	live := cid.NewSet()
	for c := range m.pins {
		if !m.mark(c, live) {
			return fmt.Errorf("a pin is incomplete: %w", node.ErrNotFound)
		}
	}
	for _, c := range m.links {
		m.mark(c, live)
	}
	keep := make(map[string]bool)
	for _, c := range live.Keys() {
		keep[string(c.Hash())] = true
	}
	maps.DeleteFunc(m.blocks, func(hash string, _ []byte) bool { return !keep[hash] })
	return nil
}

// mark adds c and what is below it to live, and says whether every directory was there.
func (m *Memory) mark(c cid.Cid, live *cid.Set) bool {
	if !live.Visit(c) || c.Type() == cid.Raw {
		return true
	}
	children, ok := m.below(c)
	for _, child := range children {
		ok = m.mark(child, live) && ok
	}
	return ok
}

func cleanPath(p string) bool { return path.IsAbs(p) && p != "/" && path.Clean(p) == p }
