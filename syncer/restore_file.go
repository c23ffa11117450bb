package syncer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"unicode/utf8"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// file restores one file or link and counts it.
func (w *walk) file(ctx context.Context, j job) error {
	r := w.r
	if r.report != nil {
		r.current.Store(w.shown(j.in, string(j.entry.Name)))
	}
	f := &placing{walk: w, in: j.in, dir: j.dir, entry: j.entry, name: string(j.entry.Name)}
	done, err := f.place(ctx)
	switch {
	case failsAlone(err):
		r.fail(w.shown(j.in, f.name), err)
	case err != nil:
		return err
	default:
		r.mu.Lock()
		switch done {
		case written:
			r.out.Files++
			r.out.Bytes += int64(j.entry.Size)
		case wasThere:
			r.out.Same++
		case leftOut:
			r.skipped.Add(1)
		}
		r.mu.Unlock()
	}
	r.files.Add(1)
	r.bytes.Add(int64(j.entry.Size) - f.counted)
	return nil
}

// placing is one file or link on its way to its place.
type placing struct {
	*walk
	in      *folder
	dir     *disk.Dir // in's
	entry   *format.Entry
	name    string
	links   *linked // the other names of a hard-linked file; nil for any other
	first   bool    // this is the name that the others are linked to
	counted int64   // bytes that progress knows of
}

// outcome is what became of a file that did not fail.
type outcome uint8

const (
	written  outcome = iota + 1
	wasThere         // byte for byte
	leftOut          // something else was there, and SkipFile says to leave it
)

// maxTries bounds the names that are tried for a file whose own is taken, and how often somebody may take one from under
// us.
const maxTries = 1000

// place finds the name and puts the file there.
func (f *placing) place(ctx context.Context) (outcome, error) {
	if err := disk.CheckName(f.name); err != nil {
		return 0, fileError{err}
	}
	if len(f.entry.Link) > 0 {
		end, err := f.claim(ctx)
		if err != nil {
			return 0, err
		}
		defer end()
	}
	number, look := 0, !f.in.made // where nothing can be yet, it is not looked for
	for range maxTries {
		name, replace := restoredName(f.name, number), false
		if look || number > 0 {
			next, err := f.meet(ctx, name, number)
			if err != nil {
				return 0, err
			}
			switch next {
			case taken:
				number++
				continue
			case same:
				f.placedAt(name)
				return wasThere, nil
			case yields:
				return leftOut, nil
			case replaced:
				replace = true
			}
		}
		err := f.put(ctx, name, replace)
		if errors.Is(err, disk.ErrExists) { // somebody was quicker, or the disk takes two names for one
			look = true
			continue
		}
		if err != nil {
			return 0, err
		}
		f.in.touched.Store(true)
		f.placedAt(name)
		return written, nil
	}
	return 0, fileError{disk.ErrExists}
}

// meeting is what a file finds at a name.
type meeting uint8

const (
	free     meeting = iota + 1
	same             // this file
	taken            // something else, which stays: try another name
	replaced         // something else, which goes
	yields           // something else, and the file is left out
)

// meet looks at a name and applies the conflict rule. number is 0 for the file's own name.
func (f *placing) meet(ctx context.Context, name string, number int) (meeting, error) {
	there, err := f.dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return free, nil
	}
	if err != nil {
		return 0, local(err)
	}
	equal, err := f.equals(ctx, there, name)
	if err != nil {
		return 0, err
	}
	rule := f.in.rule
	switch {
	case equal && (rule != Replace || number > 0 || f.looksRight(there)):
		return same, nil
	case number > 0 || rule == KeepBoth:
		return taken, nil
	case rule == SkipFile && equal:
		return same, nil
	case rule == SkipFile:
		return yields, nil
	}
	if f.in.made {
		return taken, nil // nothing else was here: it is another file of the same version
	}
	if exact, err := f.hasName(f.in, f.dir, name); err != nil || !exact {
		return taken, err // likewise, under another spelling
	}
	if there.Kind == disk.Directory {
		return 0, fileError{conflict{there.What(), kindOf(f.entry)}}
	}
	return replaced, nil
}

// looksRight tells whether a file with the same content has the recorded time and mode, too.
func (f *placing) looksRight(there disk.Entry) bool {
	mode := uint32(0o7777)
	switch {
	case f.entry.Type == format.TypeSymlink:
		mode = 0
	case runtime.GOOS == "windows":
		mode = 0o200
	}
	return there.MTimeSec == f.entry.MTime && there.MTimeNsec == int32(f.entry.MNano) && (there.Mode^f.entry.Mode)&mode == 0
}

// restoredName is the name beside one that is taken: "name (restored).ext", then "name (restored 2).ext".
func restoredName(name string, number int) string {
	mark := " (restored)"
	switch {
	case number == 0:
		return name
	case number > 1:
		mark = fmt.Sprintf(" (restored %d)", number)
	}
	stem, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 16 && !strings.Contains(name[i:], " ") {
		stem, ext = name[:i], name[i:]
	}
	const longest = 255 // bytes, on nearly every file system
	if over := len(stem) + len(mark) + len(ext) - longest; over > 0 && over < len(stem) {
		stem = stem[:len(stem)-over]
		for i := 0; i < utf8.UTFMax && !utf8.ValidString(stem) && utf8.ValidString(name); i++ {
			stem = stem[:len(stem)-1]
		}
	}
	return stem + mark + ext
}

// put writes the file under a name. disk.ErrExists: the name is taken after all.
func (f *placing) put(ctx context.Context, name string, replace bool) error {
	if f.entry.Type == format.TypeSymlink {
		return f.end(f.dir.Symlink(string(f.entry.Target), name, metaOf(f.entry), replace))
	}
	if f.links != nil && !f.first {
		if ok, err := f.link(name, replace); ok || err != nil {
			return err
		}
	}
	t, err := f.dir.Create()
	if err != nil {
		return local(err)
	}
	t.NoSync = !replace // what is new is synced with all else; what was there goes only when its successor is safe
	if err = f.fill(ctx, t); err != nil {
		if aerr := t.Abort(); aerr != nil {
			f.r.e.log.Debug("a temporary file stays until the next restore", "reason", aerr)
		}
		return err
	}
	return f.end(t.Commit(name, metaOf(f.entry), replace))
}

// end sorts the error of putting something in place.
func (f *placing) end(err error) error {
	if err = f.r.placed(err); errors.Is(err, disk.ErrExists) {
		return err
	}
	return local(err)
}

// fill writes the content: the chunks one after the other, around the holes.
func (f *placing) fill(ctx context.Context, t *disk.TempFile) error {
	x := f.entry
	pos, left := int64(0), dataSize(x)
	holes := x.Holes
	skip := func() error {
		for len(holes) > 0 && int64(holes[0].Off) == pos {
			if err := t.Hole(int64(holes[0].Len)); err != nil {
				return local(err)
			}
			pos += int64(holes[0].Len)
			holes = holes[1:]
		}
		return nil
	}
	for plain, err := range f.r.chunks(ctx, x) {
		if err != nil {
			return err
		}
		if left -= int64(len(plain)); len(plain) == 0 || left < 0 {
			return errPieces
		}
		for len(plain) > 0 {
			if err := skip(); err != nil {
				return err
			}
			n := len(plain)
			if len(holes) > 0 {
				n = int(min(int64(n), int64(holes[0].Off)-pos))
			}
			if _, err := t.Write(plain[:n]); err != nil {
				return local(err)
			}
			plain = plain[n:]
			pos += int64(n)
			f.r.bytes.Add(int64(n))
			f.counted += int64(n)
		}
	}
	if left != 0 {
		return errPieces
	}
	return skip()
}

// errPieces: the chunks of a file are not as long as the file.
var errPieces = fmt.Errorf("%w: the pieces of a file do not add up to its size", format.ErrDamaged)

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

// conflict is something that stands where something else should be.
type conflict struct{ is, want string }

func (c conflict) Error() string {
	return fmt.Sprintf("a %s stands where this %s should be", c.is, c.want)
}

func (c conflict) Unwrap() error { return disk.ErrConflict }

func kindOf(x *format.Entry) string {
	switch x.Type {
	case format.TypeDir:
		return disk.Directory.String()
	case format.TypeSymlink:
		return disk.Symlink.String()
	}
	return disk.File.String()
}

// restoreReason says in a person's words why something could not be restored.
func restoreReason(err error) string {
	var c conflict
	switch {
	case errors.Is(err, vault.ErrMissing):
		return "its stored data is missing from the storage"
	case vault.IsDamage(err):
		return "its stored data is damaged"
	case errors.As(err, &c):
		return c.Error()
	case errors.Is(err, disk.ErrConflict):
		return "something else stands in its place"
	case errors.Is(err, disk.ErrExists):
		return "its place was taken again and again"
	case errors.Is(err, disk.ErrBadName):
		return "its name is not possible on this computer"
	case errors.Is(err, fs.ErrPermission):
		return "no permission to write it"
	case errors.Is(err, fs.ErrNotExist):
		return "its folder was moved or removed meanwhile"
	default:
		return "it could not be written: " + rootCause(err).Error()
	}
}
