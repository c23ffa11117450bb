package syncer

import (
	"context"
	"encoding/binary"
	"errors"

	"roost/syncer/disk"
	"roost/vault/format"
)

// linkKey tells hard-linked files apart: names that were one file, with one content.
type linkKey [8 + 32]byte

func linkKeyOf(x *format.Entry) (k linkKey) {
	b := binary.BigEndian.AppendUint64(nil, x.Size)
	for _, h := range x.Holes {
		b = binary.BigEndian.AppendUint64(b, h.Off)
		b = binary.BigEndian.AppendUint64(b, h.Len)
	}
	b = append(append(b, x.List...), x.Chunks...)
	content := format.Sum(b)
	copy(k[:], x.Link)
	copy(k[8:], content[:])
	return k
}

// linked is where the first name of a hard-linked file came to be. Whoever restores another one waits for it; it is on
// its way already, and itself waits for nobody.
type linked struct {
	done chan struct{} // closed when the rest is set
	in   *folder       // nil if it could not be restored
	name string
	file disk.Entry
}

// claim makes this name the first of its file, or waits for that to be done. A first one that failed has a successor.
// end must be called.
func (f *placing) claim(ctx context.Context) (end func(), err error) {
	k := linkKeyOf(f.entry)
	for {
		f.walk.mu.Lock()
		l, ok := f.walk.links[k]
		if !ok {
			l = &linked{done: make(chan struct{})}
			f.walk.links[k] = l
		}
		f.walk.mu.Unlock()
		f.links = l
		if !ok {
			f.first = true
			return func() { f.walk.settle(k, l) }, nil
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if l.in != nil {
			return func() {}, nil
		}
	}
}

// settle ends the wait for the first name of a file.
func (w *walk) settle(k linkKey, l *linked) {
	if l.in == nil {
		w.mu.Lock()
		delete(w.links, k)
		w.mu.Unlock()
	}
	close(l.done)
}

// placedAt tells the other names of a hard-linked file where it is.
func (f *placing) placedAt(name string) {
	if !f.first {
		return
	}
	if there, err := f.dir.Lstat(name); err == nil && there.Kind == disk.File {
		f.links.in, f.links.name, f.links.file = f.in, name, there
	}
}

// link makes name another name of the file that is there already. It is false when that is not possible here, or that
// file is not what it was: then the content is written once more.
func (f *placing) link(name string, replace bool) (bool, error) {
	l := f.links
	from, done, err := f.reach(l.in)
	if err != nil {
		return false, nil
	}
	defer done()
	if there, err := from.Lstat(l.name); err != nil || !sameFile(there, l.file) {
		return false, nil
	}
	err = f.dir.Link(from, l.name, name, replace)
	switch {
	case errors.Is(err, disk.ErrExists):
		return false, err
	case errors.Is(err, disk.ErrNoSpace), errors.Is(err, disk.ErrReadOnly):
		return false, local(err)
	case err != nil:
		return false, nil
	}
	if there, err := f.dir.Lstat(name); err != nil || !sameFile(there, l.file) {
		return false, local(f.dir.Remove(name)) // swapped between look and link
	}
	return true, nil
}

func sameFile(a, b disk.Entry) bool { return a.Kind == b.Kind && a.Inode == b.Inode && a.Dev == b.Dev }

// reach opens a folder of the version that may be finished already.
func (f *placing) reach(to *folder) (d *disk.Dir, done func(), err error) {
	if to == f.in {
		return f.dir, func() {}, nil
	}
	var names []string
	for at := to; at.up != nil; at = at.up {
		names = append(names, at.name)
	}
	if f.t.name != "" {
		names = append(names, f.t.name)
	}
	d, done = f.t.ground, func() {}
	for i := len(names) - 1; i >= 0; i-- {
		next, err := d.OpenDir(names[i])
		done()
		if err != nil {
			return nil, nil, err
		}
		d, done = next, func() { _ = next.Close() } // it was only read
	}
	return d, done, nil
}
