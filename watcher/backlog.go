package watcher

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// maxNames is how many names a backlog holds. More are an overflow.
const maxNames = 1 << 16

// backlog takes events from fsnotify as fast as they come, whatever the follower is busy with, and merges them. It
// must: fsnotify holds its lock while it waits for an error to be read, and the kernel drops what is not fetched.
//
// An event is only a hint to look at a name: by the time it is handled, its path may be another directory's.
type backlog struct {
	ready chan struct{} // has a value when there is a batch to take

	mu     sync.Mutex // guards below
	root   root
	batch  batch
	closed map[string]struct{} // directories that may not be read: a change of mode may open them
}

// batch is what came since the last one.
type batch struct {
	dirs  map[string]struct{}    // full paths of directories with a change in them; nil with all
	all   bool                   // too many dirs to list
	names map[string]fsnotify.Op // full paths that may be, or have been, directories
	lost  error                  // ErrOverflow: there were more events than these
}

func newBacklog(r root) *backlog {
	b := &backlog{ready: make(chan struct{}, 1), root: r, closed: map[string]struct{}{}}
	b.batch = b.fresh()
	return b
}

func (b *backlog) fresh() batch {
	return batch{dirs: map[string]struct{}{}, names: map[string]fsnotify.Op{}}
}

// drain works until fsnotify is closed.
func (b *backlog) drain(w *fsnotify.Watcher) {
	for {
		select {
		case ev, ok := <-w.Events:
			if !ok {
				return
			}
			b.event(ev)
		case err, ok := <-w.Errors:
			if !ok {
				return
			}
			b.lose(err)
		}
		select {
		case b.ready <- struct{}{}:
		default:
		}
	}
}

func (b *backlog) event(ev fsnotify.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.batch.lost != nil {
		return
	}
	if dir := b.root.parent(ev.Name); !b.batch.all {
		if _, known := b.batch.dirs[dir]; !known {
			b.batch.dirs[strings.Clone(dir)] = struct{}{}
			if len(b.batch.dirs) > maxDirs {
				b.batch.all, b.batch.dirs = true, nil
			}
		}
	}
	_, reopened := b.closed[ev.Name]
	if reopened || ev.Op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0 {
		b.batch.names[ev.Name] |= ev.Op
		if len(b.batch.names) > maxNames {
			b.overflow(ErrOverflow)
		}
	}
}

// lose notes that events were lost.
func (b *backlog) lose(err error) {
	if errors.Is(err, syscall.EINVAL) {
		return // fsnotify gave a watch back, of a directory that moved, and the kernel had: it is deleted by now
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		err = fmt.Errorf("%w: %w", ErrOverflow, withoutPath(err))
	} else {
		err = ErrOverflow
	}
	b.overflow(err)
}

func (b *backlog) overflow(err error) {
	b.batch = batch{all: true, lost: err}
}

// take empties the backlog.
func (b *backlog) take() batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.batch
	b.batch = b.fresh()
	return got
}

// setClosed notes that the directory full may not be read.
func (b *backlog) setClosed(full string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed[full] = struct{}{}
}

// forget drops what is noted of full and everything below.
func (b *backlog) forget(full string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.closed, func(path string, _ struct{}) bool { return within(path, full, string(os.PathSeparator)) })
}

// root is the watched folder's path, absolute and free of links.
type root struct {
	path string
	base string // path with one separator at its end
}

func newRoot(path string) root {
	return root{path, strings.TrimSuffix(path, string(os.PathSeparator)) + string(os.PathSeparator)}
}

// parent is the directory that full lies in, full itself if that is the folder.
func (r root) parent(full string) string {
	if i := strings.LastIndexByte(full, os.PathSeparator); i >= len(r.base) {
		return full[:i]
	}
	return r.path
}

// rel is full as a Change names it.
func (r root) rel(full string) string {
	if len(full) <= len(r.base) {
		return ""
	}
	return toSlash(full[len(r.base):])
}

func (r root) join(dir, name string) string {
	if dir == r.path {
		return r.base + name
	}
	return dir + string(os.PathSeparator) + name
}

// withoutPath is err without the path it may carry: it goes to places that no path may reach.
func withoutPath(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", pe.Op, pe.Err)
	}
	return err
}
