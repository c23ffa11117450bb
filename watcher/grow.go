package watcher

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// windowsBuffer is what one directory's events may take between two looks of fsnotify, in bytes. Only there it counts,
// once per directory; more at once are an overflow.
var windowsBuffer = fsnotify.WithBufferSize(8 << 10)

// growth watches directories and everything below them.
type growth struct {
	s *session

	mu      sync.Mutex // guards below
	wake    sync.Cond
	stack   []*node
	working int
	found   []string // directories that are watched now, as a Change names them
	err     error
}

// grow watches the given directories and everything below, and returns what it has found. Each is watched before it is
// listed, so that no entry escapes both. It fails with ErrLimit or ctx's error.
func (s *session) grow(ctx context.Context, fresh []*node) ([]string, error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	g := &growth{s: s, stack: fresh}
	g.wake.L = &g.mu
	defer context.AfterFunc(ctx, func() { g.fail(context.Cause(ctx)) })()
	var wg sync.WaitGroup
	for range max(4, 2*runtime.GOMAXPROCS(0)) { // more than there are processors: a cold disk answers several at once
		wg.Go(g.work)
	}
	wg.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.found, g.err
}

func (g *growth) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil {
		g.err = err
	}
	g.wake.Broadcast()
}

// work takes directories until there are none, and nobody is left who might find some.
func (g *growth) work() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.err == nil {
		if len(g.stack) == 0 {
			if g.working == 0 {
				g.wake.Broadcast()
				return
			}
			g.wake.Wait()
			continue
		}
		n := g.stack[len(g.stack)-1]
		g.stack = g.stack[:len(g.stack)-1]
		g.working++
		g.mu.Unlock()
		kids, err := g.s.visit(n)
		g.mu.Lock()
		g.working--
		if err != nil && g.err == nil {
			g.err = err
		}
		g.found = append(g.found, g.s.root.rel(n.full))
		g.stack = append(g.stack, kids...)
		g.wake.Broadcast()
	}
}

// visit watches n and returns the directories in it, now known. One that has vanished is no error, its event will come.
func (s *session) visit(n *node) ([]*node, error) {
	rel := s.root.rel(n.full)
	if s.mounts.onSilent(n.full) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.leaveOut(n, "a file system in it does not tell of every change", time.Time{})
		return nil, nil
	}
	d, err := s.folder.open(rel)
	switch {
	case err == nil:
	case isClosed(err):
		s.backlog.setClosed(n.full)
		return nil, nil
	default:
		return nil, s.refused(n, err)
	}
	kids, err := s.enter(n, d)
	if cerr := d.close(); cerr != nil && err == nil {
		err = s.refused(n, cerr)
	}
	return kids, err
}

// enter watches the open directory d and lists it.
func (s *session) enter(n *node, d *dir) ([]*node, error) {
	what, err := d.id()
	if err != nil {
		return nil, s.refused(n, err)
	}
	cost, err := watchCost(d)
	if err != nil {
		return nil, s.refused(n, err)
	}
	if ok, err := s.claim(n, what, cost); !ok || err != nil {
		return nil, err
	}
	names, err := d.subdirs()
	if err != nil {
		return nil, s.refused(n, err)
	}
	kept := names[:0]
	for _, name := range names {
		full := s.root.join(n.full, name)
		if !s.skipped(s.root.rel(full)) {
			kept = append(kept, full)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.dropped {
		return nil, nil
	}
	kids := make([]*node, 0, len(kept))
	for _, full := range kept {
		if kid := s.tree.add(n, full); kid != nil {
			kids = append(kids, kid)
		}
	}
	return kids, nil
}

// claim sets the watch of n, which is the directory what. It tells whether n is worth a look.
func (s *session) claim(n *node, what id, cost int) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.dropped {
		return false, nil
	}
	if other := s.tree.byID[what]; other != nil && other != n {
		if still, err := idAt(other.full); err == nil && still == what {
			s.leaveOut(n, "it holds one folder at two places", time.Now().Add(patience))
			return false, nil
		}
		s.drop(other) // it moved here, and its event is still to come
		if n.dropped {
			return false, nil
		}
	}
	if s.tree.cost+cost > watchBudget() {
		return false, &limitError{limit: "what Roost takes for itself", now: watchBudget(), cause: ErrLimit}
	}
	if err := s.notify.AddWith(n.full, windowsBuffer); err != nil {
		if limit := limitOf(err); errors.Is(limit, ErrLimit) {
			return false, limit
		}
		return false, s.refusedLocked(n, err)
	}
	s.tree.watch(n, what, cost)
	if now, err := idAt(n.full); err != nil || now != what {
		// The path led elsewhere, perhaps through a link, for a directory above was replaced: its event will come.
		s.drop(n)
		return false, nil
	}
	return true, nil
}

// refused decides what an error with n means: it is gone, the system's limits are reached, or it cannot be watched.
func (s *session) refused(n *node, err error) error {
	if limit := limitOf(err); errors.Is(limit, ErrLimit) {
		return limit
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusedLocked(n, err)
}

func (s *session) refusedLocked(n *node, err error) error {
	if n.dropped || isMissing(err) {
		s.drop(n)
		return nil
	}
	s.leaveOut(n, fmt.Sprintf("a folder in it: %v", withoutPath(err)), time.Now().Add(patience))
	return nil
}

// leaveOut notes that n and what is below is not watched. s.mu is held.
func (s *session) leaveOut(n *node, why string, retry time.Time) {
	if n.dropped {
		return
	}
	s.drop(n)
	if s.partial == nil {
		s.partial = fmt.Errorf("%w in part: %s", ErrUnsupported, why)
	}
	if s.retry.IsZero() {
		s.retry = retry
	}
}
