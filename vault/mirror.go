package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// ErrSameStorage: two addresses lead to one storage; a copy there would be no second copy.
var ErrSameStorage = errors.New("both addresses lead to the same storage")

// errIncomplete: a pin found that a block is not there, one that a collection took before the pin or that the storage lost.
// The copy is made again, and every pack is asked for.
var errIncomplete = errors.New("not everything is there")

const (
	statsAtOnce    = 8   // questions for packs under way on the other storage
	packsPerAsking = 256 // packs asked for before what is missing is sent
	readsAtOnce    = 4   // packs of one batch being read
	nodesPerPut    = 128 // spine nodes in one call, about 10 KiB each
)

// metaMirror is the catalog's note that no batch and no unpublished root of this device is left on a storage.
func metaMirror(label string) string { return "mirror/" + label }

// Mirror copies this device's newest state to another storage, and returns when that has confirmed it: pinned, and served
// as the newest. What is there already is not sent, and where everything is, two questions confirm it. Without a state
// there is nothing to do. progress counts bytes of packs. An interrupted Mirror is taken up by the next.
//
// Where the two storages reach each other and nobody else, the other one fetches; see fetch. Else everything is sent from
// here, in the order of Commit: packs in pinned batches → spine, keyring, head and root are put → the root is pinned → its
// pointer is made → both are read back → what the root makes superfluous there is released.
//
// Errors: ErrSameStorage; ErrRolledBack when the other storage holds a state of this device that the vault's own lacks,
// ErrCloned when it holds one of another history. Nothing is touched then.
func (v *Vault) Mirror(ctx context.Context, to node.Node, progress Progress) error {
	m, err := v.newMirror(ctx, to, progress)
	if err != nil {
		return err
	}
	return m.tries(ctx)
}

// tries runs the copy, and once more where blocks went missing meanwhile.
func (m *mirror) tries(ctx context.Context) error {
	for try := 1; ; try++ {
		err := m.run(ctx, try > 1)
		if err == nil || try == commitTries || !errors.Is(err, errIncomplete) {
			return err
		}
		m.v.log.Warn("the copy is begun again", "reason", err)
	}
}

func (v *Vault) newMirror(ctx context.Context, to node.Node, progress Progress) (*mirror, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	label, err := v.pinLabel(ctx)
	if err != nil {
		return nil, err
	}
	info, err := to.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the other storage who it is: %w", err)
	}
	v.know(info.PeerID)
	m := &mirror{v: v, to: to, label: v.keys().PinLabel(info.PeerID), progress: progress}
	if m.label == label {
		return nil, ErrSameStorage
	}
	here, err := Find(ctx, v.node, v.bundle)
	if err != nil {
		return nil, err
	}
	if here.Union.Revoked(v.Device()) != nil {
		return nil, ErrRetired
	}
	m.own = here.Own(v.Device())
	_, m.clean, err = v.cat.Meta(ctx, metaMirror(m.label))
	return m, err
}

// mirror is one state on its way from the vault's storage to another.
type mirror struct {
	v        *Vault
	to       node.Node
	label    string // of our pins there
	own      *Head  // what is copied; nil: this device has no state
	back     bool   // the copy goes to the storage that commits go to
	clean    bool   // nothing of an interrupted copy is pinned there
	progress Progress

	base    *Head         // this device's newest state there whose root is pinned: what it links is there; nil: nothing is known
	asking  []format.Link // packs to ask for
	missing []format.Link // packs to send
	nodes   []node.Block  // spine nodes to put
	batches []cid.Cid     // pinned there by this copy
	full    bool          // nothing is believed to be there
	sent    int           // packs
	wrong   []LostPack    // there with another size: sending them again would not replace them
	done    int64         // bytes of packs that are there
	total   int64         // bytes of packs that the state links; 0 before its list was read
}

// run makes one try; with full, what is pinned there is no proof that its packs are.
func (m *mirror) run(ctx context.Context, full bool) error {
	m.full, m.wrong = full, nil
	there, err := m.find(ctx)
	if err != nil || m.own == nil {
		return err
	}
	pinned, err := m.pinned(ctx, m.own)
	if err != nil {
		return err
	}
	if o := there.Own(m.own.Device); pinned && !full && o != nil && o.Root == m.own.Root && !o.Pin {
		if err := m.noteMirrored(ctx, true); err != nil {
			return err
		}
		return m.release(ctx, there)
	}
	if err := m.noteMirrored(ctx, false); err != nil {
		return err
	}
	if err := m.v.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.DeleteMeta(metaMirror(m.label)) }); err != nil {
		return err
	}
	if !pinned || full {
		if err := m.findBase(ctx, there, full); err != nil {
			return err
		}
		fetched := false
		if !full {
			if fetched, err = m.fetch(ctx); err != nil {
				return err
			}
		}
		if !fetched {
			if err := m.copy(ctx); err != nil {
				return err
			}
		}
	}
	if err := m.pin(ctx); err != nil {
		return err
	}
	if err := repoint(ctx, m.to, m.v.keys(), there, m.own.Device); err != nil {
		return err
	}
	path := m.v.keys().PointerDir() + "/" + m.v.keys().PointerName(m.own.Device, m.own.Seq)
	if err := m.to.Link(ctx, path, m.own.Root.DagCID()); err != nil && !errors.Is(err, node.ErrExists) {
		return fmt.Errorf("publish the copy: %w", err)
	}
	if there, err = m.find(ctx); err != nil {
		return err
	}
	if o := there.Own(m.own.Device); o == nil || o.Root != m.own.Root {
		return fmt.Errorf("confirm the copy: %w: it does not serve the state that it was given", ErrRolledBack)
	}
	if pinned, err = m.pinned(ctx, m.own); err != nil {
		return err
	}
	if !pinned {
		return fmt.Errorf("confirm the copy: %w: the storage said it keeps it, and does not list it", node.ErrNotPinned)
	}
	if err := m.noteMirrored(ctx, true); err != nil {
		return err
	}
	return m.release(ctx, there)
}

// find reads what the other storage serves, and refuses one that knows more of this device than the vault's own.
func (m *mirror) find(ctx context.Context) (*State, error) {
	st, err := Find(ctx, m.to, m.v.bundle)
	if err != nil {
		return nil, err
	}
	if st.Union.Revoked(m.v.Device()) != nil {
		return nil, ErrRetired
	}
	o := st.Own(m.v.Device())
	if o == nil {
		return st, nil
	}
	all, err := m.v.mirroredTo(ctx)
	if err != nil {
		return nil, err
	}
	was := all[m.label]
	if m.back {
		was = mirrored{}
	}
	if err := m.v.compareCopy(m.own, o, was); err != nil {
		return nil, err
	}
	return st, nil
}

func (m *mirror) pinned(ctx context.Context, h *Head) (bool, error) {
	ok, err := m.to.Pinned(ctx, h.Root.DagCID())
	if err != nil {
		return false, fmt.Errorf("ask what the other storage keeps: %w", err)
	}
	return ok, nil
}

// findBase looks for what is known to be there: what a storage holds is known only from a root that is pinned on it.
func (m *mirror) findBase(ctx context.Context, there *State, full bool) error {
	m.base, m.done = nil, 0
	if full {
		return nil
	}
	for _, h := range append(slices.Clone(there.Heads), there.Old...) {
		if h.Device != m.own.Device || m.base != nil && h.Seq < m.base.Seq {
			continue
		}
		ok, err := m.pinned(ctx, h)
		if err != nil {
			return err
		}
		if ok {
			m.base = h
		}
	}
	return nil
}

// copy brings every block below the root to the other storage: the packs first, in pinned batches, and the small blocks
// right before the pin that holds them.
func (m *mirror) copy(ctx context.Context) error {
	m.asking, m.missing, m.nodes = nil, nil, nil
	err := m.walk(ctx, func(s *spine, _ []byte, held map[format.Digest]bool) error {
		for _, p := range s.packs {
			if held[p.Digest] {
				m.have(p)
				continue
			}
			if m.asking = append(m.asking, p); len(m.asking) >= packsPerAsking {
				if err := m.ask(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	}, m.have)
	if err == nil {
		err = m.ask(ctx)
	}
	if err == nil {
		err = m.send(ctx, 1)
	}
	if err != nil {
		return err
	}
	err = m.walk(ctx, func(s *spine, block []byte, _ map[format.Digest]bool) error {
		return m.put(ctx, s.link, block)
	}, func(format.Link) {})
	if err != nil {
		return err
	}
	root := format.Link{Codec: cid.DagProtobuf, Digest: m.own.Root}
	for _, l := range []format.Link{m.own.root.Keys, m.own.root.Head, root} {
		block, err := getBlock(ctx, m.v.node, l.CID(), l.Digest)
		if err != nil {
			return fmt.Errorf("read the newest state: %w", err)
		}
		if err := m.put(ctx, l, block); err != nil {
			return err
		}
	}
	return m.putAll(ctx)
}

// visitFunc is called for a spine node that the other storage may lack, with its bytes and what the node in its place in
// the base links.
type visitFunc func(s *spine, block []byte, held map[format.Digest]bool) error

// walk visits the spine from the top, and leaves out with skip what the base holds. No more than a node of each level is
// in memory.
func (m *mirror) walk(ctx context.Context, visit visitFunc, skip func(format.Link)) error {
	var old *spine
	if m.base != nil {
		old = openSpine(m.base.root.Packs)
	}
	now := openSpine(m.own.root.Packs)
	if old != nil && old.link.Digest == now.link.Digest {
		return nil
	}
	return m.below(ctx, now, old, visit, skip)
}

func (m *mirror) below(ctx context.Context, now, old *spine, visit visitFunc, skip func(format.Link)) error {
	var block []byte
	err := now.load(ctx, func(ctx context.Context, id cid.Cid, d format.Digest) (b []byte, err error) {
		block, err = getBlock(ctx, m.v.node, id, d)
		return block, err
	})
	if err != nil {
		return err
	}
	if now.level == format.SpineDepth-1 {
		m.total = 0
		for _, k := range now.kids {
			m.total += int64(k.link.File)
		}
	}
	held := map[format.Digest]bool{}
	if old != nil {
		err := old.load(ctx, func(ctx context.Context, id cid.Cid, d format.Digest) ([]byte, error) {
			return getBlock(ctx, m.to, id, d)
		})
		switch {
		case IsDamage(err):
			m.v.log.Warn("a list of packs on the other storage cannot be read; its packs are asked for", "reason", err)
			old = nil
		case err != nil:
			return fmt.Errorf("on the other storage: %w", err)
		default:
			for _, p := range old.packs {
				held[p.Digest] = true
			}
			for _, k := range old.kids {
				held[k.link.Digest] = true
			}
		}
	}
	if err := visit(now, block, held); err != nil {
		return err
	}
	for i, k := range now.kids {
		if held[k.link.Digest] {
			skip(k.link)
			continue
		}
		var beside *spine
		if old != nil && i < len(old.kids) {
			beside = &spine{link: old.kids[i].link, level: old.kids[i].level}
		}
		if err := m.below(ctx, k, beside, visit, skip); err != nil {
			return err
		}
		now.kids[i] = nil // walked: its memory is free
	}
	return nil
}

// have counts what is there.
func (m *mirror) have(l format.Link) {
	m.done += int64(l.File)
	m.progress(m.done, m.total)
}

// ask looks for packs on the other storage, and sends full batches of those that are not there.
func (m *mirror) ask(ctx context.Context) error {
	there, wrong := make([]bool, len(m.asking)), make([]bool, len(m.asking))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(statsAtOnce)
	for i, p := range m.asking {
		g.Go(func() error {
			size, err := m.to.Stat(gctx, p.CID())
			switch {
			case errors.Is(err, node.ErrNotFound):
				return nil
			case err != nil:
				return fmt.Errorf("look for a pack on the other storage: %w", err)
			case size != int64(p.File) && m.full:
				wrong[i] = true
			case size != int64(p.File): // sending it again would not replace it
				return fmt.Errorf("%w: pack %s has %d bytes on the other storage instead of %d", node.ErrWrongBytes, p.CID(), size, p.File)
			}
			there[i] = true
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, p := range m.asking {
		if wrong[i] {
			m.wrong = append(m.wrong, LostPack{PackInfo: format.PackInfo{Digest: p.Digest, Size: uint32(p.File)}})
		}
		if there[i] {
			m.have(p)
		} else {
			m.missing = append(m.missing, p)
		}
	}
	m.asking = m.asking[:0]
	return m.send(ctx, batchPacks)
}

// send moves missing packs in batches, as long as there are at least that many.
func (m *mirror) send(ctx context.Context, least int) error {
	for len(m.missing) >= least {
		batch := m.missing[:min(len(m.missing), batchPacks)]
		packs := make([]sealedPack, len(batch))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(readsAtOnce)
		for i, l := range batch {
			g.Go(func() error {
				block, err := getBlock(gctx, m.v.node, l.CID(), l.Digest)
				if err != nil {
					return fmt.Errorf("read pack %s to copy it: %w", l.CID(), err)
				}
				packs[i] = sealedPack{info: format.PackInfo{Digest: l.Digest, Size: uint32(len(block))}, block: block}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		root, blocks, err := batchBlocks(m.v.bundle, packs)
		if err != nil {
			return err
		}
		m.batches = append(m.batches, root) // also when it fails: it may have been pinned
		if err := m.to.Import(ctx, root, blocks); err != nil {
			return fmt.Errorf("send %d packs to the other storage: %w", len(packs), err)
		}
		m.sent += len(batch)
		for _, l := range batch {
			m.have(l)
		}
		m.missing = m.missing[len(batch):]
	}
	m.missing = slices.Clone(m.missing) // lets go of what was sent
	return nil
}

// put queues a small block, and sends when there are many.
func (m *mirror) put(ctx context.Context, l format.Link, block []byte) error {
	m.nodes = append(m.nodes, node.Block{CID: l.CID(), Data: block})
	if len(m.nodes) < nodesPerPut {
		return nil
	}
	return m.putAll(ctx)
}

func (m *mirror) putAll(ctx context.Context) error {
	if err := m.to.Put(ctx, m.nodes); err != nil {
		return fmt.Errorf("send the newest state to the other storage: %w", err)
	}
	m.nodes = nil
	return nil
}

// pin pins the root there unless it is: by an update from the base, which reads only the difference, or by a first pin,
// which reads everything.
func (m *mirror) pin(ctx context.Context) error {
	root := m.own.Root.DagCID()
	if done, err := m.pinned(ctx, m.own); err != nil || done {
		return err
	}
	if m.base != nil {
		err := m.to.PinUpdate(ctx, m.base.Root.DagCID(), root)
		if err == nil || errors.Is(err, node.ErrPinned) {
			return nil
		}
		if !errors.Is(err, node.ErrTimeout) && !errors.Is(err, node.ErrNotPinned) {
			return fmt.Errorf("keep the copy: %w", err)
		}
		// The update also reads what the old root alone had, which may be gone, and is given less time.
		m.v.log.Warn("the storage cannot update its pin and reads everything once", "reason", err)
	}
	switch err := m.to.PinAdd(ctx, root, m.label); {
	case err == nil, errors.Is(err, node.ErrPinned):
		return nil
	case errors.Is(err, node.ErrTimeout), errors.Is(err, node.ErrNotFound):
		return fmt.Errorf("keep the copy: %w: %w", errIncomplete, err)
	default:
		return fmt.Errorf("keep the copy: %w", err)
	}
}

// release unpins there what the confirmed root makes superfluous: batches of this copy and of interrupted ones, and this
// device's earlier roots with their pointers. What fails here is tried again the next time.
func (m *mirror) release(ctx context.Context, there *State) error {
	failed := false
	try := func(what string, c cid.Cid, err error) {
		if err != nil {
			failed = true
			m.v.log.Warn(what, "pin", c, "reason", err)
		}
	}
	for _, b := range m.batches {
		try("a batch stays pinned on the other storage for now", b, m.to.PinRemove(ctx, b))
	}
	for _, old := range there.Old {
		if !m.own.supersedes(old) {
			continue
		}
		// The pointer goes last: while it is there, the next copy knows what is left to do.
		err := m.to.PinRemove(ctx, old.Root.DagCID())
		if err == nil && old.name != "" {
			err = m.to.Unlink(ctx, m.v.keys().PointerDir()+"/"+old.name)
		}
		try("an earlier state stays pinned on the other storage for now", old.Root.DagCID(), err)
	}
	if !m.clean {
		left, err := m.leftovers(ctx)
		if err != nil {
			try("leftovers of an interrupted copy are not looked for now", m.own.Root.DagCID(), err)
		}
		for _, c := range left {
			try("a leftover stays pinned on the other storage for now", c, m.to.PinRemove(ctx, c))
		}
	}
	if err := ctx.Err(); err != nil || failed {
		return err
	}
	if m.clean && len(m.batches) == 0 {
		if _, noted, err := m.v.cat.Meta(ctx, metaMirror(m.label)); err != nil || noted {
			return err
		}
	}
	return m.v.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaMirror(m.label), []byte{1}) })
}

// leftovers lists the pins that interrupted copies left: batches with this installation's marker, and roots of this device
// below the one that is published.
func (m *mirror) leftovers(ctx context.Context) ([]cid.Cid, error) {
	pins, err := m.to.Pins(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what the other storage holds: %w", err)
	}
	var out []cid.Cid
	for _, p := range pins {
		if p.CID == m.own.Root.DagCID() || p.CID.Type() != cid.DagProtobuf || p.Name != "" && p.Name != m.label {
			continue
		}
		ours, err := m.superfluous(ctx, p.CID)
		if IsDamage(err) {
			continue // not ours, or not to be read: not ours to remove
		}
		if err != nil {
			return out, err
		}
		if ours {
			out = append(out, p.CID)
		}
	}
	return out, nil
}

func (m *mirror) superfluous(ctx context.Context, root cid.Cid) (bool, error) {
	h, marker, err := m.v.pinOfVault(ctx, m.to, root)
	if err != nil {
		return false, err
	}
	if h != nil {
		return h.Device == m.own.Device && h.Seq < m.own.Seq, nil
	}
	return marker != nil && marker.Device == m.v.Device() && marker.Installation == m.v.bundle.b.Installation, nil
}

// pinOfVault tells what a pinned directory is to this vault: a device's root, or a batch, of which the marker is returned.
// Neither: it is somebody else's, or an error says that it cannot be read.
func (v *Vault) pinOfVault(ctx context.Context, n node.Node, root cid.Cid) (*Head, *format.Marker, error) {
	d, _, err := format.DigestOf(root)
	if err != nil {
		return nil, nil, nil // no hash of ours
	}
	block, err := getBlock(ctx, n, root, d)
	if err != nil {
		return nil, nil, err
	}
	if _, err := format.DecodeRoot(block); err == nil {
		h, _, err := readHead(ctx, n, v.bundle, candidate{cid: root})
		return h, nil, err
	}
	_, link, ok := format.DecodeBatch(block)
	if !ok {
		return nil, nil, nil
	}
	mb, err := getBlock(ctx, n, link.CID(), link.Digest)
	if err != nil {
		return nil, nil, err
	}
	marker, err := format.OpenMarker(mb, v.keys())
	return nil, marker, err
}
