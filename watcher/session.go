package watcher

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// session is a folder being watched, from the first watch until something makes all of them worthless.
//
// Two things keep fsnotify's notes and the kernel's in step. Never is a path watched that another directory's watch
// still carries, and never a directory under two paths: inotify has one watch per directory, and fsnotify would keep
// the first path and drop the watch when it sees that one move.
type session struct {
	dir     string // as it was given
	root    root
	id      id
	folder  *folder
	mounts  *mounts
	skip    func(string) bool
	notify  *fsnotify.Watcher
	backlog *backlog
	drained sync.WaitGroup

	mu      sync.Mutex // guards below, and every call that changes notify's watches
	tree    *tree
	partial error     // why a part is not watched: ErrUnsupported
	retry   time.Time // when to try again to watch that part; zero: what is mounted would have to change first
}

// errAgain: what is mounted, or the folder itself, is not what it was, or what was left out may be watched by now.
var errAgain = errors.New("folder was replaced, or something was mounted")

// begin watches everything below dir. It fails with ErrGone, ErrLimit, ErrUnsupported or an error of the system; none
// of the watches made until then is kept, for other programs need them too.
func begin(ctx context.Context, dir string, skip func(string) bool) (*session, error) {
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, gone(err)
	}
	s := &session{dir: dir, root: newRoot(path), skip: skip, tree: newTree()}
	if s.mounts, err = mountsOf(path); err != nil {
		return nil, unknowable(err)
	}
	if !s.mounts.reports {
		return nil, fmt.Errorf("%w: a file system of the type %s does not tell of every change", ErrUnsupported, s.mounts.self)
	}
	if s.folder, err = openFolder(path); err != nil {
		return nil, gone(err)
	}
	if s.id, err = idAt(path); err == nil {
		err = s.watchAll(ctx)
	}
	if err != nil {
		return nil, errors.Join(gone(err), s.close())
	}
	return s, nil
}

func (s *session) watchAll(ctx context.Context) error {
	var err error
	if s.notify, err = fsnotify.NewWatcher(); err != nil {
		return limitOf(err)
	}
	s.backlog = newBacklog(s.root)
	s.drained.Go(func() { s.backlog.drain(s.notify) })
	top := s.tree.add(nil, s.root.path)
	if _, err := s.grow(ctx, []*node{top}); err != nil {
		return err
	}
	if top.dropped {
		return ErrGone
	}
	if !top.watched {
		return fmt.Errorf("%w: it may not be read", ErrUnsupported)
	}
	return nil
}

// gone makes a missing folder ErrGone, and takes paths out of every other error.
func gone(err error) error {
	if isMissing(err) {
		return ErrGone
	}
	return limitOf(withoutPath(err))
}

// unknowable is the error of a folder whose file systems cannot be told.
func unknowable(err error) error {
	if limit := limitOf(err); errors.Is(limit, ErrLimit) {
		return limit
	}
	return fmt.Errorf("%w: %w", ErrUnsupported, err)
}

// close gives all watches back.
func (s *session) close() error {
	err := s.folder.close()
	if s.notify != nil {
		err = errors.Join(err, s.notify.Close())
		s.drained.Wait()
	}
	return err
}

// check looks for what no event tells. It fails with ErrGone or errAgain.
func (s *session) check() error {
	path, err := filepath.EvalSymlinks(s.dir)
	if err != nil {
		return gone(err)
	}
	what, err := idAt(path)
	if err != nil {
		return gone(err)
	}
	m, err := mountsOf(path)
	if err != nil {
		return unknowable(err)
	}
	if path != s.root.path || what != s.id || m.told != s.mounts.told {
		return errAgain
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.retry.IsZero() && time.Now().After(s.retry) {
		return errAgain
	}
	return nil
}

// examine brings the watches up to date with a batch of events. It returns the directories whose entries may have
// changed: those with an event, and everything below a directory that is new or moved here.
func (s *session) examine(ctx context.Context, b batch) ([]string, error) {
	if op := b.names[s.root.path]; op.Has(fsnotify.Remove) || op.Has(fsnotify.Rename) {
		if err := s.check(); err != nil {
			return nil, err
		}
		return nil, errAgain // it went away and is back
	}
	// Sorted, so that a directory comes before those below it: what its listing finds is not looked at twice.
	names := make([]string, 0, len(b.names))
	for name := range b.names {
		names = append(names, name)
	}
	slices.Sort(names)
	if err := s.dropMoved(names, b.names); err != nil {
		return nil, err
	}
	var fresh []*node
	for _, name := range names {
		if n := s.appeared(name, b.names[name]); n != nil {
			fresh = append(fresh, n)
		}
	}
	found, err := s.grow(ctx, fresh)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for full := range b.dirs {
		if s.tree.byPath[full] != nil { // else it is told by where it was, and by where it is
			found = append(found, s.root.rel(full))
		}
	}
	return found, nil
}

// dropMoved forgets the directories that are, or were meanwhile, something else.
func (s *session) dropMoved(names []string, ops map[string]fsnotify.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		n := s.tree.byPath[name]
		if op := ops[name]; n == nil || op == fsnotify.Create {
			continue
		} else if watchesStick && op.Has(fsnotify.Rename) {
			return errAgain
		}
		s.drop(n)
	}
	return nil
}

// appeared makes name known if it is a directory that is not.
func (s *session) appeared(name string, op fsnotify.Op) *node {
	if op == fsnotify.Remove {
		return nil // were there another one by now, its creation would be told; two that change places are not so orderly
	}
	rel := s.root.rel(name)
	s.mu.Lock()
	up, known := s.tree.byPath[s.root.parent(name)], s.tree.byPath[name]
	s.mu.Unlock()
	if up == nil || !up.watched { // moved away since, or its listing is still to come
		return nil
	}
	what, is, err := s.folder.isDir(rel)
	is = is && err == nil && !s.skipped(rel)
	if known != nil && is && known.id == what && what != (id{}) {
		return nil // a listing was faster than the event
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known != nil {
		s.drop(known)
	}
	if !is {
		return nil
	}
	return s.tree.add(up, strings.Clone(name))
}

func (s *session) skipped(rel string) bool { return s.skip != nil && s.skip(rel) }

// drop forgets n, which is not there any more, and all below. s.mu is held.
func (s *session) drop(n *node) {
	s.tree.drop(n, func(full string) {
		// It fails when the kernel was faster, for a directory that is deleted, or fsnotify, for one that moved.
		_ = s.notify.Remove(full)
	})
	s.backlog.forget(n.full)
}

// facts are what the session has to say of itself.
func (s *session) facts() *facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &facts{watching: s.partial == nil, watches: s.tree.watches, err: s.partial}
}
