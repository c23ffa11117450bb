package syncer

import (
	"context"
	"errors"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
)

// Details are what lies behind a file or folder of a version, for whoever helps: names of the IPFS blocks, and where they
// are kept.
type Details struct {
	Snapshot string // the version's id
	Folder   string // that the version is of
	Path     string // within it
	Device   string
	Time     time.Time
	Chunks   int64        // pieces of content; of a folder: of its own list
	Packs    []PackDetail // blocks that hold those, the first 1,000
	More     bool         // there are more packs than Packs names
	Kept     []Keeping    // of every storage
}

// PackDetail is one block that holds pieces of a file.
type PackDetail struct {
	CID  string
	Size int64 // bytes
}

// Keeping says whether a storage keeps a version.
type Keeping struct {
	Storage string
	Root    string // CID of the device's newest state there; "" when there is none
	Pinned  bool   // that root is pinned
	Problem string // why the storage could not be asked; "" when it answered
}

// mostPacks is how many blocks are named.
const mostPacks = 1000

// Details says what lies behind one file or folder. Of the storages each is asked; one that does not answer is told as
// such, beside the others.
//
// Errors: ErrUnknownVersion, ErrAmbiguous, ErrNotInVersion, and those of reading.
func (e *Engine) Details(ctx context.Context, snapshot, path string) (*Details, error) {
	s, err := e.version(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	rel, x, err := e.entryAt(ctx, s, path)
	if err != nil {
		return nil, err
	}
	d := &Details{Folder: string(s.Path), Path: rel, Device: s.DeviceName, Time: s.Time()}
	d.Snapshot = e.vault().ID(format.KindSnapshot, format.EncodeSnapshot(s)).String()
	if err := d.addPacks(ctx, e, x); err != nil {
		return nil, err
	}
	for _, nc := range e.home.config().Nodes {
		k, err := e.keeps(ctx, nc, s.Device)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			k.Problem = Describe(err).Title
		}
		d.Kept = append(d.Kept, k)
	}
	return d, nil
}

// addPacks finds the blocks that hold an entry's pieces.
func (d *Details) addPacks(ctx context.Context, e *Engine, x *format.Entry) error {
	seen := map[int64]bool{}
	ids := make([]catalog.ChunkID, 0, 256)
	look := func() error {
		packs, err := e.cat.Chunks(ctx, ids)
		if err != nil {
			return err
		}
		ids = ids[:0]
		for _, p := range packs {
			if p.No == 0 || seen[p.No] {
				continue
			}
			seen[p.No] = true
			if d.More = d.More || len(d.Packs) == mostPacks; !d.More {
				d.Packs = append(d.Packs, PackDetail{CID: format.Digest(p.Digest).RawCID().String(), Size: int64(p.Size)})
			}
		}
		return nil
	}
	add := func(id format.ChunkID) error {
		d.Chunks++
		if ids = append(ids, catalog.ChunkID(id.Prefix())); len(ids) < cap(ids) {
			return nil
		}
		return look()
	}
	if len(x.Tree) == len(format.ChunkID{}) {
		if err := add(format.ChunkID(x.Tree)); err != nil {
			return err
		}
	}
	for id, err := range e.readVault().Chunks(ctx, x) {
		if err == nil {
			err = add(id)
		}
		if err != nil {
			return err
		}
	}
	return look()
}

// keeps asks a storage for the newest state of a device.
func (e *Engine) keeps(ctx context.Context, nc nodeConfig, device format.DeviceID) (Keeping, error) {
	k := Keeping{Storage: nc.Name}
	c, st, err := e.stateOn(ctx, nc)
	if err != nil {
		return k, err
	}
	i := slices.IndexFunc(st.Heads, func(h *vault.Head) bool { return h.Device == device })
	if i < 0 {
		return k, errors.Join(st.Damaged...)
	}
	root := st.Heads[i].Root.DagCID()
	k.Root = root.String()
	k.Pinned, err = c.node.Pinned(ctx, root)
	return k, err
}
