package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// commitTries bounds how often a commit is begun again after the storage failed inside it.
const commitTries = 3

// collectedTries bounds how often blocks that a collection took between put and pin are put again.
const collectedTries = 5

// stageTries bounds how often they are put until a link holds all of them.
const stageTries = 50

// errCollected: the storage collected a block of the new state before it was pinned.
var errCollected = errors.New("a block was collected meanwhile")

// errHides: a copy of this device published meanwhile what the new state would hide.
var errHides = fmt.Errorf("%w: another process published first, with a number that was not used", ErrRedo)

// commit is one state on its way to the storage.
type commit struct {
	s     *Session
	head  *format.Head
	added []format.PackInfo
	gone  map[format.Digest]bool
	lost  bool // some of gone are damaged or missing on the storage

	rotated *rotation // the epoch that begins with this head; nil: none does
	// ready is asked right before the head is published, and stops it with an error; nil: nobody minds.
	ready func(context.Context) error

	blocks []node.Block // spine, keyring, head, root
	root   cid.Cid
	found  *Head // as the storage serves it
	small  int64 // bytes of blocks
}

// bring makes a state the newest one on the storage, tells the catalog, and releases what it makes superfluous.
func (s *Session) bring(ctx context.Context, c *commit, also func(*catalog.Tx) error) error {
	if err := c.build(ctx); err != nil {
		return err
	}
	for try := 1; ; try++ { // the same blocks each time: a try that came further than it seemed is recognised
		err := c.publish(ctx, try)
		if err == nil {
			break
		}
		again := try < commitTries && (errors.Is(err, node.ErrTimeout) || errors.Is(err, node.ErrUnreachable)) ||
			try < collectedTries && errors.Is(err, errCollected)
		if !again {
			return err
		}
		s.v.log.Warn("the commit is begun again", "reason", err)
	}
	s.mu.Lock()
	for _, p := range c.added {
		delete(s.ready, p.Digest)
	}
	s.mu.Unlock()
	if err := c.record(ctx, also); err != nil {
		return err
	}
	s.release(ctx, c.found)
	s.base, s.minSeq = c.found, c.found.Seq
	s.extra = nil // they are in the base's table now
	return nil
}

// notePin comes before a root is pinned, so that one that is never published, or that a copy of this device let go of meanwhile,
// is found and released.
func (v *Vault) notePin(ctx context.Context, root cid.Cid) error {
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		return tx.AddBatch(catalog.Batch{Root: root.Bytes(), Time: time.Now()})
	})
}

// publish puts, pins, points and reads back.
func (c *commit) publish(ctx context.Context, try int) error {
	s, v := c.s, c.s.v
	root := c.root
	if err := v.notePin(ctx, root); err != nil {
		return err
	}
	if err := c.stage(ctx); err != nil {
		return err
	}
	if err := c.pin(ctx, try); err != nil {
		return err
	}
	if c.ready != nil {
		if err := c.ready(ctx); err != nil {
			return err
		}
	}
	if err := repoint(ctx, v.node, v.keys(), s.state, c.head.Device); err != nil {
		return err
	}
	if c.head.Seq > c.began()+1 { // seen and taken back again, it could be gone on from meanwhile
		st, err := Find(ctx, v.node, v.bundle)
		if err != nil {
			return err
		}
		published := slices.ContainsFunc(st.all, func(h *Head) bool { return h.Root.DagCID() == root }) // only its answer was lost
		if !published && c.hides(st) {
			return errHides
		}
	}
	path := v.keys().PointerDir() + "/" + v.keys().PointerName(c.head.Device, c.head.Seq)
	if err := v.node.Link(ctx, path, root); err != nil && !errors.Is(err, node.ErrExists) {
		return fmt.Errorf("publish the new state: %w", err)
	}
	// Whoever holds the pointer, we or a clone of this device, is known only by reading it back.
	st, err := Find(ctx, v.node, v.bundle)
	if err != nil {
		return err
	}
	if st.Union.Revoked(c.head.Device) != nil {
		return ErrRetired
	}
	own := st.Own(c.head.Device)
	if own == nil || own.Root.DagCID() != root {
		return fmt.Errorf("%w: another process published first", ErrRedo)
	}
	if c.hides(st) {
		switch err := v.node.Unlink(ctx, path); {
		case err == nil:
			return errHides
		case !errors.Is(err, node.ErrUnauthorized): // a token that may only add
			return fmt.Errorf("take the new state back: %w", err)
		}
	}
	ok, err := v.node.Pinned(ctx, root)
	if err != nil {
		return fmt.Errorf("confirm the new state: %w", err)
	}
	if !ok {
		return fmt.Errorf("confirm the new state: %w: the storage said it keeps it, and does not list it", node.ErrNotPinned)
	}
	c.found = own
	st.ownProblem = s.state.ownProblem // before this commit, and not to be forgotten with it
	st.recall(c.head.Device, s.state.known)
	s.state = st
	v.mu.Lock()
	v.state = st
	v.mu.Unlock()
	return nil
}

// hides tells whether a copy of this device published a state meanwhile that the new one neither knows nor goes on from. Its
// number lies between where this one began and the new one's: they leave numbers out when a storage was set back.
func (c *commit) hides(st *State) bool {
	return slices.ContainsFunc(st.all, func(h *Head) bool {
		return h.Device == c.head.Device && !h.Pin && h.Seq > c.began() && h.Seq < c.head.Seq
	})
}

// takeBack removes the newest pointer of this device where a copy of it made that, and the state it goes on from is older than
// the one that was confirmed here, which is served too: the other would hide it. It was not reported as saved, because the copy
// looks for what it hides before that; it may have ended in between.
func (v *Vault) takeBack(ctx context.Context, st *State) (taken bool, err error) {
	newest := st.Own(v.Device())
	if newest == nil || newest.Pin || !errors.Is(st.ownProblem, ErrCloned) {
		return false, nil
	}
	confirmed, _, err := v.cat.Meta(ctx, metaOwn)
	if err != nil {
		return false, err
	}
	served := func(hash []byte) *Head {
		i := slices.IndexFunc(st.all, func(h *Head) bool { return h.Device == newest.Device && !h.Pin && bytes.Equal(h.Hash[:], hash) })
		if i < 0 {
			return nil
		}
		return st.all[i]
	}
	ours := served(confirmed)
	if ours == nil {
		return false, nil
	}
	for h := newest; h.Seq > ours.Seq && !bytes.Equal(h.Previous, ours.Previous); {
		if h = served(h.Previous); h == nil || h == ours {
			return false, nil
		}
	}
	err = v.node.Unlink(ctx, v.keys().PointerDir()+"/"+newest.name)
	if errors.Is(err, node.ErrUnauthorized) { // a token that may only add
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take back a state that hides another: %w", err)
	}
	v.log.Warn("a copy of this device published without knowing the newest state; its own is taken back", "seq", newest.Seq)
	return true, nil
}

// began is the number of the state that the new one goes on from, 0 for none.
func (c *commit) began() uint64 {
	if c.s.base == nil {
		return 0
	}
	return c.s.base.Seq
}

// stage puts the blocks of the new state where no collection takes them before they are pinned: linked from a directory
// of this device's own. It ends when all of them were seen there after the link was made.
func (c *commit) stage(ctx context.Context) error {
	v := c.s.v
	dir := v.keys().StagingDir(c.head.Device)
	name := dir + "/" + v.keys().PointerName(c.head.Device, c.head.Seq)
	path := name
	for try := range stageTries {
		if err := v.node.Put(ctx, c.blocks); err != nil {
			return fmt.Errorf("send the new state: %w", err)
		}
		err := v.node.Link(ctx, path, c.root)
		if errors.Is(err, node.ErrExists) { // of a commit that was interrupted, or of the round before
			if err = v.node.Unlink(ctx, dir); err == nil {
				err = v.node.Link(ctx, path, c.root)
			} else if errors.Is(err, node.ErrUnauthorized) { // a token that may only add: beside it, then
				path = fmt.Sprintf("%s.%d", name, try+1)
				continue
			}
		}
		if errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrExists) {
			continue // collected already; or a copy of this device was quicker
		}
		if err != nil {
			return fmt.Errorf("hold the new state: %w", err)
		}
		missing, err := c.missing(ctx)
		if err != nil || !missing {
			return err
		}
	}
	return fmt.Errorf("hold the new state: %w", errCollected)
}

// missing tells whether a block of the new state is not on the storage.
func (c *commit) missing(ctx context.Context) (bool, error) {
	for _, b := range c.blocks {
		_, err := c.s.v.node.Stat(ctx, b.CID)
		if errors.Is(err, node.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("hold the new state: %w", err)
		}
	}
	return false, nil
}

// build makes the blocks of the new state: spine, keyring, head, root.
func (c *commit) build(ctx context.Context) error {
	s, v := c.s, c.s.v
	var blocks []node.Block
	var old format.Link
	if s.base != nil {
		old = s.base.root.Packs
	}
	sp := openSpine(old)
	if len(c.gone) > 0 {
		if err := sp.drop(ctx, v.block, c.gone); err != nil {
			return err
		}
	}
	for _, p := range c.added {
		ok, err := sp.append(ctx, v.block, packLink(p))
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("list the packs: %w", format.ErrTooLarge)
		}
	}
	packs := sp.flush(&blocks)

	kr, epoch := []byte(nil), v.keys().Current()
	var err error
	if c.rotated != nil {
		kr, epoch = c.rotated.block, c.rotated.epoch
	} else if kr, err = s.keyring(); err != nil {
		return err
	}
	keys := format.Link{Codec: cid.Raw, Digest: format.Sum(kr), Total: uint64(len(kr))}
	c.head.Packs, c.head.Keys = packs.Digest, keys.Digest
	if len(c.head.Previous) == 0 && c.head.Seq > 1 {
		// The storage lost every state of this device; the chain goes on from the last one that it confirmed.
		prev, _, err := v.cat.Meta(ctx, metaOwn)
		if err != nil {
			return err
		}
		c.head.Previous = slices.Clone(prev)
		if len(prev) != 32 {
			c.head.Previous = make([]byte, 32)
		}
	}
	hb, _, err := format.SealHead(c.head, v.bundle.signKey(), v.keys().Vault, epoch)
	if err != nil {
		return err
	}
	head := format.Link{Codec: cid.Raw, Digest: format.Sum(hb), Total: uint64(len(hb))}
	rb := format.EncodeRoot(format.Root{Packs: packs, Keys: keys, Head: head})
	root := format.Sum(rb).DagCID()
	blocks = append(blocks,
		node.Block{CID: keys.CID(), Data: kr}, node.Block{CID: head.CID(), Data: hb}, node.Block{CID: root, Data: rb})
	c.small = 0
	for _, b := range blocks {
		c.small += int64(len(b.Data))
	}
	c.blocks, c.root = blocks, root
	return nil
}

// keyring is the newest keyring object; where this device is not among its recipients and the words are here, a newer
// one is made.
func (s *Session) keyring() ([]byte, error) {
	v := s.v
	if version, block := v.bundle.keyring(); s.state.keyring.Version < version || s.state.keyringBlock == nil {
		if block == nil { // a device that was let in never had it, and the storage is older than that
			return nil, ErrRolledBack
		}
		return block, nil // a storage that was set back does not set the keys back
	}
	for _, h := range s.state.Heads {
		if h.keyring == s.state.keyring {
			if _, err := h.Registry.Certificate(v.Device()); err == nil {
				return s.state.keyringBlock, nil
			}
		}
	}
	e, err := v.bundle.Entropy()
	if errors.Is(err, ErrNoWords) {
		return s.state.keyringBlock, nil
	}
	all := s.state.Union.Merge(v.bundle.registry())
	devices, err := remaining(all)
	if err != nil {
		return nil, err
	}
	st := format.KeyringState{Version: s.state.keyring.Version + 1, Current: s.state.keyring.Current}
	s.state.keyringBlock, err = format.SealKeyring(st, v.keys(), devices, format.RootKey(e))
	s.state.keyring = st
	return s.state.keyringBlock, err
}

// pin pins the new root by a call that walks under the storage's pin lock: an update from the old root where that is
// pinned here, else a first pin.
func (c *commit) pin(ctx context.Context, try int) error {
	s, v := c.s, c.s.v
	if done, err := v.node.Pinned(ctx, c.root); err != nil {
		return fmt.Errorf("ask what the storage keeps: %w", err)
	} else if done {
		return nil
	}
	var err error
	update := false
	if s.base != nil && !c.lost { // an update would wait for a lost pack of the old root
		if update, err = v.node.Pinned(ctx, s.base.Root.DagCID()); err != nil {
			return fmt.Errorf("ask what the storage keeps: %w", err)
		}
	}
	label, err := v.pinLabel(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, c.patience(update, try))
	defer cancel()
	if update {
		err = v.node.PinUpdate(limited, s.base.Root.DagCID(), c.root)
	} else {
		err = v.node.PinAdd(limited, c.root, label)
	}
	if err == nil || errors.Is(err, node.ErrPinned) {
		return nil
	}
	if update && errors.Is(err, node.ErrNotPinned) { // it was a moment ago
		return fmt.Errorf("%w: another process released the last state", ErrRedo)
	}
	impatient := limited.Err() != nil && ctx.Err() == nil
	if impatient || errors.Is(err, node.ErrTimeout) || errors.Is(err, node.ErrNotFound) {
		// A pin fails for a block that is not there, or waits for it for ever: a collection may have taken what was put a
		// moment ago.
		if gone, e := c.missing(ctx); e != nil {
			return e
		} else if gone {
			return fmt.Errorf("keep the new state: %w: %w", errCollected, err)
		}
		if e := v.findLost(ctx); e != nil {
			return e
		}
	}
	if impatient {
		return fmt.Errorf("keep the new state: %w: %w", node.ErrTimeout, err)
	}
	return fmt.Errorf("keep the new state: %w", err)
}

// patience is how long a pin may take before it is asked what it waits for: an update reads what is new, a first pin reads
// everything, and both wait for a collection that runs.
func (c *commit) patience(update bool, try int) time.Duration {
	packs := c.added
	if !update {
		packs = slices.Concat(packs, c.head.Loose)
	}
	size := int64(0)
	for _, p := range packs {
		size += int64(p.Size)
	}
	const slowest = 4 << 20 // bytes a second: a small computer's disk
	d := 10*time.Second + time.Duration(size/slowest)*time.Second
	if !update && len(c.head.Segments) > 0 {
		d = 48 * time.Hour // a large backup on a storage that has to read it all; the storage's client watches its progress
	}
	return d << min(try-1, 6)
}

// findLost asks the storage for every pack of the new root and notes those that are gone: the next pass sends what the
// computer still has.
func (v *Vault) findLost(ctx context.Context) error {
	var lost, foreign []format.Digest
	for p, err := range v.cat.Packs(ctx) {
		if err != nil {
			return err
		}
		_, err := v.node.Stat(ctx, format.Digest(p.Digest).RawCID())
		switch {
		case err == nil:
		case !errors.Is(err, node.ErrNotFound):
			return fmt.Errorf("look for lost packs: %w", err)
		case p.Linked:
			lost = append(lost, p.Digest)
		default: // in no state of ours: another device let go of it, most likely
			foreign = append(foreign, p.Digest)
		}
	}
	for _, d := range foreign {
		if err := v.forgetPack(ctx, d); err != nil {
			return err
		}
	}
	if len(lost) > 0 {
		if err := v.NoteLost(ctx, lost); err != nil {
			return err
		}
	}
	if n := len(lost) + len(foreign); n > 0 {
		return fmt.Errorf("%w: the storage lost %d packs", ErrRedo, n)
	}
	return nil
}

// record tells the catalog what is true now.
func (c *commit) record(ctx context.Context, also func(*catalog.Tx) error) error {
	s, v := c.s, c.s.v
	return v.cat.Update(ctx, func(tx *catalog.Tx) error {
		for d := range c.gone {
			if err := tx.Release(d, c.head.Device); err != nil {
				return err
			}
		}
		for _, p := range c.added {
			no, err := tx.AddPack(catalogPack(p, true, c.head.Device))
			if err != nil {
				return err
			}
			if err := tx.Hold(no, c.head.Device); err != nil {
				return err
			}
		}
		if err := tx.DropBatch(c.root.Bytes()); err != nil {
			return err
		}
		for _, b := range s.needless() {
			if err := tx.AddBatch(catalog.Batch{Root: b.Bytes(), Time: time.Now(), Linked: true}); err != nil {
				return err
			}
		}
		if err := errors.Join(tx.SetMeta(metaHead(c.head.Device), c.found.Hash[:]), noteOwn(tx, c.found), tx.DeleteMeta(metaLost), tx.DeleteMeta(metaReindex)); err != nil {
			return err
		}
		if c.lost {
			// Of other devices' packs, which this commit does not mend, their indexes are read again.
			for _, h := range s.state.Heads {
				if h.Device == c.head.Device {
					continue
				}
				if err := tx.DeleteMeta(metaHead(h.Device)); err != nil {
					return err
				}
			}
		}
		if also == nil {
			return nil
		}
		return also(tx)
	})
}
