package syncer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"unicode/utf8"

	"roost/syncer/disk"
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
