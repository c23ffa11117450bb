package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/node"
)

// A move brings this computer's backup from one storage to a new one. Its steps are
//
//	copy → verify every block on the new one → write to both → a restore drill from the new one → the new one takes the
//	old one's place → the old one is cleaned, when that is wanted
//
// What was reached is in the settings, each time after it was true; a step that was cut off is done again. Until the new one
// takes the place, the old one is in charge, and nothing on it is touched before it is cleaned.

// moveConfig is a move on its way, as the settings have it.
type moveConfig struct {
	From     string      `json:"from"`              // the old storage's name
	To       nodeConfig  `json:"to"`                // the new one, which is among the storages only from "write to both" on
	Verified time.Time   `json:"verified,omitzero"` // when every block of the first copy had been read from the new one
	Drilled  time.Time   `json:"drilled,omitzero"`  // when a restore drill from the new one brought everything back
	Old      *nodeConfig `json:"old,omitempty"`     // the old one, when it is no longer a storage and is being cleaned
}

// Steps of a move, as far as it came.
const (
	MoveCopying  = "copying"
	MoveVerified = "verified"
	MoveBoth     = "both"
	MoveDrilled  = "drilled"
	MoveDone     = "done"     // the new one is in the old one's place; the old one gets copies still
	MoveCleaning = "cleaning" // the old one is not used any longer
	MoveCleaned  = "cleaned"
)

// step is how far a move came, by what is true.
func (m *moveConfig) step(nodes []nodeConfig) string {
	at := func(name string) int {
		return slices.IndexFunc(nodes, func(n nodeConfig) bool { return n.Name == name })
	}
	from, to := at(m.From), at(m.To.Name)
	switch {
	case m.Old != nil:
		return MoveCleaning
	case to < 0 && m.Verified.IsZero():
		return MoveCopying
	case to < 0:
		return MoveVerified
	case m.Drilled.IsZero():
		return MoveBoth
	case from >= 0 && to > from:
		return MoveDrilled
	}
	return MoveDone
}

// MoveOptions say which storage moves where.
type MoveOptions struct {
	From  string
	To    SetupOptions // the new storage; its fields are empty to go on with a move that was begun
	Clean bool         // at the end, stop using the old storage and remove the backup from it
}

// Moved is how far a move came.
type Moved struct {
	From, To string
	Step     string
	Blocks   int64    // read back from the new storage
	Bytes    int64    // of their content
	Drill    *Drilled // of this call; nil: it was done before
}

// MoveNode moves, or goes on with a move. What was reached is returned beside an error.
// Errors: ErrUsage, ErrDrill, vault.ErrMissing when the new storage does not have all of it, those of AddNode.
func (e *Engine) MoveNode(ctx context.Context, o MoveOptions, r Report) (out *Moved, err error) {
	if err := e.beginMove(ctx, o); err != nil {
		return nil, err
	}
	m := e.home.config().Move
	out = &Moved{From: m.From, To: m.To.Name}
	defer func() {
		if c := e.home.config(); c.Move != nil {
			out.Step = c.Move.step(c.Nodes)
		}
	}()
	to, err := e.reach(ctx, m.To)
	if err != nil {
		return out, err
	}
	for step := m.step(e.home.config().Nodes); ; step = m.step(e.home.config().Nodes) {
		switch step {
		case MoveCopying:
			err = e.copyAll(ctx, m, to, out, r)
		case MoveVerified:
			err = e.writeToBoth(*m)
		case MoveBoth:
			err = e.drillNew(ctx, m, out, r)
		case MoveDrilled:
			err = e.takePlace(ctx, m, r)
		case MoveDone:
			if !o.Clean {
				return out, nil
			}
			err = e.dismiss(ctx, m, to)
		case MoveCleaning:
			if err = e.cleanOld(ctx, m, to); err == nil {
				out.Step = MoveCleaned
				return out, nil
			}
		}
		if err != nil {
			return out, err
		}
		m = e.home.config().Move
	}
}

// beginMove writes down what is to be moved, unless that was done before.
func (e *Engine) beginMove(ctx context.Context, o MoveOptions) error {
	c := e.home.config()
	named := o.To.URL != "" || o.To.LocalDir != ""
	if m := c.Move; m != nil && m.From == o.From && (!named || m.To.URL == o.To.URL && m.To.Dir == o.To.LocalDir) {
		return nil
	} else if m != nil && m.step(c.Nodes) != MoveDone {
		return fmt.Errorf("%w: the storage %q is on its way to %q; finish that, or remove one of the two", ErrUsage, m.From, m.To.Name)
	}
	if !slices.ContainsFunc(c.Nodes, func(n nodeConfig) bool { return n.Name == o.From }) {
		return fmt.Errorf("%w: there is no storage called %q", ErrUsage, o.From)
	}
	if !named {
		return fmt.Errorf("%w: say where the storage %q moves to", ErrUsage, o.From)
	}
	nc, err := e.newNode(o.To)
	if err == nil {
		err = o.To.locate(ctx)
		nc.URL, nc.Addresses = o.To.URL, o.To.Addresses
	}
	if err != nil {
		return err
	}
	n, m, err := dial(ctx, e.home, nc, o.To.access(), e.meter(nc.Name))
	if err != nil {
		return err
	}
	to := connection{n, m}
	err = e.notAnother(ctx, nc.Name, n)
	if err == nil {
		err = nc.meet(ctx, n)
	}
	if err == nil {
		err = e.home.probe(ctx, n, e.bundle)
	}
	if err = errors.Join(err, to.close()); err != nil {
		return err
	}
	former := accessOf(e.bundle, nc.Name)
	setAccess(e.bundle, nc.Name, o.To.access())
	err = e.home.saveBundle(e.bundle, e.master)
	if err == nil {
		err = e.changed(func(c *config) error {
			c.Move = &moveConfig{From: o.From, To: nc}
			return nil
		})
	}
	if err != nil {
		setAccess(e.bundle, nc.Name, former)
	}
	return err
}

// giveUpMove forgets a move whose new storage is not used yet. What was copied there stays there.
func (e *Engine) giveUpMove(name string) error {
	err := e.changed(func(c *config) error {
		c.Move = nil
		return nil
	})
	if err != nil {
		return err
	}
	setAccess(e.bundle, name, access{})
	return errors.Join(e.home.saveBundle(e.bundle, e.master), e.takeFar(name).close())
}

// changeMove writes down that the move came further.
func (e *Engine) changeMove(fn func(*moveConfig)) error {
	return e.changed(func(c *config) error {
		if c.Move == nil {
			return fmt.Errorf("%w: the move was given up meanwhile", ErrUsage)
		}
		next := *c.Move // what is published is never changed
		fn(&next)
		c.Move = &next
		return nil
	})
}

// copyAll copies the newest state of every computer, and reads every block of it back from the new storage.
func (e *Engine) copyAll(ctx context.Context, m *moveConfig, to connection, out *Moved, r Report) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	var count counters
	count.phaseName.Store("moving")
	stop := count.tell(r, "", time.Now())
	defer stop()
	progress := func(done, total int64) {
		count.bytes.Store(done)
		count.totalBytes.Store(total)
	}
	if err := e.vault().Mirror(ctx, to.node, progress); err != nil {
		if errors.Is(err, vault.ErrSameStorage) {
			err = fmt.Errorf("%w: %w", ErrUsage, err)
		}
		return fmt.Errorf("copy to the new storage: %w", err)
	}
	i := slices.IndexFunc(e.home.config().Nodes, func(n nodeConfig) bool { return n.Name == m.From })
	if i < 0 {
		return fmt.Errorf("%w: the storage %q was removed meanwhile", ErrUsage, m.From)
	}
	from, err := e.reach(ctx, e.home.config().Nodes[i])
	if err != nil {
		return err
	}
	info, err := to.node.Info(ctx)
	if err != nil {
		return fmt.Errorf("ask the new storage who it is: %w", err)
	}
	others, err := vault.Others(ctx, e.bundle, from.node, to.node)
	if err != nil {
		return err
	}
	if _, err := others.Import(ctx, from.node, to.node, e.bundle.Keys().PinLabel(info.PeerID), progress); err != nil {
		return fmt.Errorf("copy what other computers saved: %w", err)
	}
	count.phaseName.Store("checking")
	all, _, err := vault.Live(ctx, e.bundle, []node.Node{to.node})
	if errors.Is(err, vault.ErrNoVault) {
		all, err = &vault.Tree{}, nil // nothing was saved yet
	}
	if err != nil {
		return fmt.Errorf("look at the new storage: %w", err)
	}
	bad, err := all.Check(ctx, to.node, progress)
	if err != nil {
		return fmt.Errorf("read from the new storage: %w", err)
	}
	if len(bad)+len(all.Unread) > 0 {
		return fmt.Errorf("read from the new storage: %w: %d parts, such as %v", vault.ErrMissing, len(bad)+len(all.Unread), append(all.Unread, fmt.Errorf("%v", bad))[0])
	}
	out.Blocks, out.Bytes = all.Blocks(), all.Bytes
	return e.changeMove(func(m *moveConfig) { m.Verified = time.Now() })
}

// writeToBoth makes the new storage one of this home's: every backup is copied there too.
func (e *Engine) writeToBoth(m moveConfig) error {
	return e.changed(func(c *config) error {
		c.Nodes = append(c.Nodes, m.To)
		return nil
	})
}

// drillNew brings what was saved meanwhile to the new storage, and restores from that one to try it.
func (e *Engine) drillNew(ctx context.Context, m *moveConfig, out *Moved, r Report) error {
	saving, err := e.catchUp(ctx, m.To, r)
	if err != nil {
		return err
	}
	saving() // goes on
	done, err := e.proving.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	d, err := e.drillOn(ctx, m.To, r)
	if err != nil {
		return fmt.Errorf("restore from the new storage to try it: %w", err)
	}
	if out.Drill = d; !d.OK() {
		return fmt.Errorf("%w: on the storage %q, %s", ErrDrill, d.Storage, d.Words())
	}
	return e.changeMove(func(m *moveConfig) { m.Drilled = time.Now() })
}

// catchUp copies this computer's newest state to a storage. Nothing is saved meanwhile, and until done is called.
func (e *Engine) catchUp(ctx context.Context, nc nodeConfig, r Report) (done func(), err error) {
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	if done, err = e.turns.take(ctx); err != nil {
		return nil, err
	}
	if err := e.mirrorTo(ctx, nc, r); err != nil {
		done()
		return nil, fmt.Errorf("copy to the storage %q: %w", nc.Name, err)
	}
	return done, nil
}

// takePlace puts the new storage in the old one's place. The old one stays among the storages, behind all others.
func (e *Engine) takePlace(ctx context.Context, m *moveConfig, r Report) error {
	done, err := e.catchUp(ctx, m.To, r)
	if err != nil {
		return err
	}
	defer done()
	nodes := e.home.config().Nodes
	var old, to nodeConfig
	next := make([]nodeConfig, 0, len(nodes))
	for _, n := range nodes {
		if n.Name == m.To.Name {
			to = n
		}
	}
	for _, n := range nodes {
		switch n.Name {
		case m.From:
			old, next = n, append(next, to)
		case m.To.Name:
		default:
			next = append(next, n)
		}
	}
	next = append(next, old)
	if nodes[0].Name != m.From {
		return e.saveNodes(next)
	}
	left, err := e.replaceFirst(ctx, next)
	if err != nil {
		return err
	}
	if left.node == nil {
		return nil
	}
	e.farMu.Lock()
	defer e.farMu.Unlock()
	e.keepFar(old.Name, left)
	return nil
}

// dismiss takes the old storage from this home's, unless another computer still saves there: that one would miss what is
// removed. The storage's settings stay for the cleaning.
func (e *Engine) dismiss(ctx context.Context, m *moveConfig, to connection) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	i := slices.IndexFunc(e.home.config().Nodes, func(n nodeConfig) bool { return n.Name == m.From })
	if i <= 0 {
		return fmt.Errorf("%w: backups go to the storage %q, or it was removed meanwhile", ErrUsage, m.From)
	}
	old, err := e.reach(ctx, e.home.config().Nodes[i])
	if err != nil {
		return err
	}
	others, err := e.vault().StillThere(ctx, old.node, to.node)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return fmt.Errorf("%w: other computers still save to %q: %s. Move them, stop using it there, or retire them; then it can be cleaned", ErrUsage, m.From, strings.Join(others, ", "))
	}
	return e.changed(func(c *config) error {
		i := slices.IndexFunc(c.Nodes, func(n nodeConfig) bool { return n.Name == m.From })
		if c.Move == nil || i <= 0 {
			return fmt.Errorf("%w: the storages were changed meanwhile", ErrUsage)
		}
		next, gone := *c.Move, c.Nodes[i]
		next.Old = &gone
		c.Move, c.Nodes = &next, slices.Delete(c.Nodes, i, i+1)
		return nil
	})
}

// cleanOld removes the backup from the old storage, and forgets the storage.
func (e *Engine) cleanOld(ctx context.Context, m *moveConfig, to connection) (err error) {
	if err := e.connect(ctx); err != nil {
		return err
	}
	old := e.takeFar(m.From)
	if old.node == nil {
		n, managed, err := dial(ctx, e.home, *m.Old, accessOf(e.bundle, m.From), e.meter(m.From))
		if err != nil {
			return err
		}
		old = connection{n, managed}
	}
	defer func() { err = errors.Join(err, old.close()) }()
	done, err := e.turns.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := e.vault().Leave(ctx, old.node, to.node); err != nil {
		return fmt.Errorf("clean the storage %q: %w", m.From, err)
	}
	if err := old.node.GC(ctx); err != nil { // its own collection does it too, and a key need not allow this
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e.log.Warn("the old storage frees the room later", "reason", err)
	}
	err = e.changed(func(c *config) error {
		c.Move = nil
		return nil
	})
	if err != nil {
		return err
	}
	setAccess(e.bundle, m.From, access{})
	return e.home.saveBundle(e.bundle, e.master)
}
