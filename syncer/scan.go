package syncer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"roost/syncer/disk"
	"roost/syncer/ignore"
	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
)

// dirNode is a directory on its way into a tree.
type dirNode struct {
	parent *dirNode // nil for the folder itself
	slot   int      // its place in parent.slots
	path   string   // relative to the folder, "" for the folder itself
	dir    *disk.Dir
	self   disk.Entry
	xattrs []disk.Xattr
	rules  *ignore.Dir
	old    *catalog.Dir       // as the catalog knows it; nil if it does not
	known  map[string]*record // old's entries; read-only

	unwanted map[string]bool // names that rules leave out
	changed  bool            // so do rules that were not the same at the last pass: nothing below is believed

	mu    sync.Mutex // guards below
	left  int        // children not finished, and one for the walk itself
	slots []slot
	kids  []*dirNode // directories under way, for checkpoints
	rec   *record    // set when finished
	sum   tally      // of everything below, when finished
}

type tally struct{ files, bytes int64 }

// add adds what is counted elsewhere. A sum that no count of a version can say stops at the highest: nobody has so many
// files, but a folder that others made may claim them.
func (t *tally) add(o tally) {
	t.files, t.bytes = upTo(t.files, o.files), upTo(t.bytes, o.bytes)
}

func upTo(a, b int64) int64 { return a + min(b, math.MaxInt64-a) }

// slot is one name of a directory: its record once it is finished, none if it is left out.
type slot struct {
	rec *record
	sum tally
}

// record is what the catalog keeps of one name: how it looked, and its entry as it stands in the tree.
type record struct {
	look  look
	entry []byte // format.EncodeEntry
	dir   bool
	size  int64
	name  string
}

// look is what a name looked like to the file system when it was read: when nothing of it has changed, neither has the
// content. Side tells changes that happen beside the file: a database's write-ahead log.
type look struct {
	size, mtime, ctime int64
	mnano, cnano       int32
	inode, dev         uint64
	mode               uint32
	side               uint64
}

func lookOf(e *disk.Entry, side uint64) look {
	return look{e.Size, e.MTimeSec, e.CTimeSec, e.MTimeNsec, e.CTimeNsec, e.Inode, e.Dev, e.Mode, side}
}

const lookSize = 8*3 + 4*2 + 8*2 + 4 + 8

func (l look) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(l.size))
	b = binary.BigEndian.AppendUint64(b, uint64(l.mtime))
	b = binary.BigEndian.AppendUint64(b, uint64(l.ctime))
	b = binary.BigEndian.AppendUint32(b, uint32(l.mnano))
	b = binary.BigEndian.AppendUint32(b, uint32(l.cnano))
	b = binary.BigEndian.AppendUint64(b, l.inode)
	b = binary.BigEndian.AppendUint64(b, l.dev)
	b = binary.BigEndian.AppendUint32(b, l.mode)
	return binary.BigEndian.AppendUint64(b, l.side)
}

func parseLook(b []byte) look {
	u := binary.BigEndian.Uint64
	return look{
		int64(u(b)), int64(u(b[8:])), int64(u(b[16:])), int32(binary.BigEndian.Uint32(b[24:])), int32(binary.BigEndian.Uint32(b[28:])),
		u(b[32:]), u(b[40:]), binary.BigEndian.Uint32(b[48:]), u(b[52:]),
	}
}

// racy is how fresh a change may be for a later one to carry the same time stamp: such a look is not believed next time.
const racy = 50 * time.Millisecond

// encodeRecords makes a directory's row: for each name, look, flags, size, name and entry.
func encodeRecords(recs []*record) []byte {
	var b []byte
	for _, r := range recs {
		b = r.look.append(b)
		flags := byte(0)
		if r.dir {
			flags = 1
		}
		b = append(b, flags)
		b = binary.AppendUvarint(b, uint64(r.size))
		b = binary.AppendUvarint(b, uint64(len(r.name)))
		b = append(b, r.name...)
		b = binary.AppendUvarint(b, uint64(len(r.entry)))
		b = append(b, r.entry...)
	}
	return b
}

// decodeRecords parses a row; one that does not parse counts as unknown, and the directory is read anew.
func decodeRecords(b []byte) (map[string]*record, bool) {
	out := map[string]*record{}
	bytes := func() ([]byte, bool) {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return nil, false
		}
		v := b[w : w+int(n)]
		b = b[w+int(n):]
		return v, true
	}
	for len(b) > 0 {
		if len(b) < lookSize+1 {
			return nil, false
		}
		r := &record{look: parseLook(b), dir: b[lookSize] == 1}
		b = b[lookSize+1:]
		size, w := binary.Uvarint(b)
		if w <= 0 {
			return nil, false
		}
		r.size, b = int64(size), b[w:]
		name, ok := bytes()
		if !ok {
			return nil, false
		}
		r.name = string(name)
		if r.entry, ok = bytes(); !ok {
			return nil, false
		}
		out[r.name] = r
	}
	return out, true
}

// readers is how many files are read and sealed at once.
func readers() int { return max(2, runtime.GOMAXPROCS(0)) }

// walkers is how many directories that the catalog knows are walked beside the first. Others are walked one after another:
// their files are read, and lie in the packs in the order of the tree.
func walkers() int64 { return int64(min(3, runtime.GOMAXPROCS(0)-1)) }

// run scans the folder and returns its root entry when everything it holds was handed to the session.
func (p *pass) run(ctx context.Context) (*format.Entry, error) {
	stop := p.tell(p.report, string(p.folder.Path), p.started)
	defer stop()
	p.phase("saving")
	self, err := p.root.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at the folder: %w", err)
	}
	p.dev = self.Dev
	for range readers() {
		p.wg.Go(func() {
			for job := range p.jobs {
				job()
			}
		})
	}
	entries, err := p.root.ReadDir()
	var bad disk.EntryErrors
	if err != nil && !errors.As(err, &bad) {
		return nil, fmt.Errorf("list the folder: %w", err)
	}
	top := &dirNode{dir: p.root, self: self}
	if top.xattrs, err = fitting(p.root.SelfXattrs()); err != nil {
		p.skip(".", reasonAttributes, false)
	}
	p.mu.Lock()
	p.top = top
	p.mu.Unlock()
	p.walk(ctx, top, entries, bad)
	p.walking.Wait()
	close(p.jobs)
	p.wg.Wait()
	p.jobs = nil
	if err := p.failed(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	top.mu.Lock()
	defer top.mu.Unlock()
	if top.rec == nil {
		return nil, errors.New("a folder was left unfinished") // our own bug, and not to be taken for a version
	}
	p.files.Store(top.sum.files)
	p.bytes.Store(top.sum.bytes)
	return format.DecodeEntry(top.rec.entry)
}

func (p *pass) phase(name string) { p.phaseName.Store(name) }

// stop ends what a pass leaves: the count, readers that were not told that there is no more, what it kept for the catalog.
func (p *pass) stop() {
	if p.stopCount != nil {
		p.stopCount()
		p.counting.Wait()
	}
	if p.jobs != nil {
		close(p.jobs)
		p.wg.Wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.dirs.close(); err != nil {
		p.e.log.Debug("a temporary file stays until the next backup", "reason", err)
	}
}

// walk sends a listed directory's children on their way. They finish in any order; the last one finishes the directory.
func (p *pass) walk(ctx context.Context, n *dirNode, entries []disk.Entry, bad disk.EntryErrors) {
	n.left = 1
	defer p.childDone(n)
	old, ok, err := p.e.cat.Dir(ctx, p.folder.id(), n.path)
	if err != nil {
		p.fail(err)
		return
	}
	if ok {
		if known, good := decodeRecords(old.Entries); good {
			n.old, n.known = &old, known
		}
	}
	p.applyRules(n, entries)
	side := sideFiles(entries)
	taken := side.taken(n.dir)
	n.mu.Lock() // a checkpoint may look at it already
	n.slots = make([]slot, len(entries)+len(bad))
	n.mu.Unlock()
	for i, b := range bad {
		p.keepOld(ctx, n, len(entries)+i, b.Name, b.Err)
	}
	for i := range entries {
		if p.failed() != nil || ctx.Err() != nil {
			return
		}
		e := &entries[i]
		path := join(n.path, e.Name)
		if leavesOut(n.rules, e) {
			if n.unwanted == nil {
				n.unwanted = map[string]bool{}
			}
			n.unwanted[e.Name] = true
			continue
		}
		switch e.Kind {
		case disk.Directory:
			p.enter(ctx, n, i, e, path)
		case disk.Symlink:
			p.symlink(ctx, n, i, e)
		case disk.File:
			if disk.IsTempName(e.Name) {
				continue // a restore is writing it, or left it
			}
			if !taken[e.Name] {
				p.file(ctx, n, i, e, path, side.of(e.Name))
			}
		default:
			p.skip(path, e.What(), false)
		}
	}
}

// applyRules finds out what a listed directory's own files say of what is kept in it.
func (p *pass) applyRules(n *dirNode, entries []disk.Entry) {
	f, tagged := rulesFiles(n.dir, entries)
	var warnings []ignore.Warning
	if n.parent == nil {
		n.rules, warnings = p.rules.Root(f)
	} else {
		n.rules, warnings = n.parent.rules.Enter(n.self.Name, f, tagged)
	}
	n.changed = n.parent != nil && n.parent.changed || n.rulesChanged(entries)
	for _, w := range warnings {
		p.skip(w.File, w.String(), false)
	}
}

// rulesChanged tells whether the files by which rules are given look other than at the last pass.
func (n *dirNode) rulesChanged(entries []disk.Entry) bool {
	for _, name := range []string{ignore.FileName, ignore.CacheTagName} {
		was, is := look{}, look{}
		if k := n.known[name]; k != nil {
			was = k.look
		}
		if i := slices.IndexFunc(entries, func(e disk.Entry) bool { return e.Name == name }); i >= 0 {
			is = lookOf(&entries[i], 0)
		}
		if was != is {
			return true
		}
	}
	return false
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

func (p *pass) enter(ctx context.Context, n *dirNode, i int, e *disk.Entry, path string) {
	if p.own.has(e, p.folder, path) {
		p.skip(path, reasonOwn, false)
		return
	}
	if done, err := p.believe(ctx, n, i, e, path); done || err != nil {
		if err != nil {
			p.fail(err)
		}
		return
	}
	if strings.Count(path, "/") >= format.MaxDepth-1 {
		p.skip(path, reasonTooDeep, true)
		return
	}
	if n.known[e.Name] != nil && p.walkers.TryAcquire(1) {
		n.mu.Lock()
		n.left++ // not finished before the directory is listed
		n.mu.Unlock()
		p.walking.Go(func() {
			defer p.walkers.Release(1)
			p.descend(ctx, n, i, e, path)
			p.childDone(n)
		})
		return
	}
	p.descend(ctx, n, i, e, path)
}

// descend lists a directory and walks it.
func (p *pass) descend(ctx context.Context, n *dirNode, i int, e *disk.Entry, path string) {
	d, err := n.dir.OpenDir(e.Name)
	if err != nil {
		p.keepOld(ctx, n, i, e.Name, err)
		return
	}
	entries, err := d.ReadDir()
	var bad disk.EntryErrors
	if err != nil && !errors.As(err, &bad) {
		p.keepOld(ctx, n, i, e.Name, errors.Join(err, d.Close()))
		return
	}
	kid := &dirNode{parent: n, slot: i, path: path, dir: d, self: *e}
	if kid.xattrs, err = p.xattrs(n, e); err != nil {
		p.skip(path, reasonAttributes, false)
	}
	n.mu.Lock()
	n.left++
	n.kids = append(n.kids, kid)
	n.mu.Unlock()
	p.walk(ctx, kid, entries, bad)
}

// believe takes a directory as the catalog has it, when it is out of scope and its own look has not changed.
func (p *pass) believe(ctx context.Context, n *dirNode, i int, e *disk.Entry, path string) (bool, error) {
	old := n.known[e.Name]
	if !p.trusted || n.changed || p.scope.includes(path) || old == nil || !old.dir || old.look != lookOf(e, 0) {
		return false, nil
	}
	d, ok, err := p.e.cat.Dir(ctx, p.folder.id(), path)
	if err != nil || !ok {
		return false, err
	}
	n.set(i, old, tally{d.Files, d.Bytes})
	p.files.Add(d.Files)
	p.bytes.Add(d.Bytes)
	p.mu.Lock()
	p.believed[path] = true
	p.mu.Unlock()
	return true, nil
}

// xattrs reads extended attributes, unless the catalog knows them: they do not change without the change time.
func (p *pass) xattrs(n *dirNode, e *disk.Entry) ([]disk.Xattr, error) {
	if r := n.known[e.Name]; r != nil && sameMeta(r.look, lookOf(e, 0)) {
		if old, err := format.DecodeEntry(r.entry); err == nil {
			var out []disk.Xattr
			for _, x := range old.Xattrs {
				out = append(out, disk.Xattr{Name: string(x.Name), Value: x.Value})
			}
			return out, nil
		}
	}
	return fitting(n.dir.Xattrs(e.Name, e.Kind))
}

func sameMeta(a, b look) bool {
	return a.inode == b.inode && a.dev == b.dev && a.ctime == b.ctime && a.cnano == b.cnano && a.mode == b.mode
}

// errGone: the name vanished between listing and reading. That is no failure.
var errGone = errors.New("gone meanwhile")

// keepOld leaves a name that cannot be read as the last version has it, and says so: nothing empty replaces something
// full.
func (p *pass) keepOld(ctx context.Context, n *dirNode, i int, name string, cause error) {
	if ctx.Err() != nil || errors.Is(cause, errGone) {
		return
	}
	path := join(n.path, name)
	old := n.known[name]
	if old == nil {
		p.skip(path, reason(cause), true)
		return
	}
	ok, err := p.stored(ctx, old)
	if err != nil {
		p.fail(err)
		return
	}
	if !ok {
		p.skip(path, reason(cause), true)
		return
	}
	sum := tally{1, old.size}
	if old.dir {
		d, _, err := p.e.cat.Dir(ctx, p.folder.id(), path)
		if err != nil {
			p.fail(err)
			return
		}
		sum = tally{d.Files, d.Bytes}
	}
	p.skip(path, reason(cause)+reasonOld, true)
	// An empty look never matches: the next pass tries again.
	n.set(i, &record{entry: old.entry, dir: old.dir, size: old.size, name: name}, sum)
}

// stored tells whether everything that a remembered entry needs is on the storage.
func (p *pass) stored(ctx context.Context, r *record) (bool, error) {
	if p.trusted {
		return true, nil
	}
	e, err := format.DecodeEntry(r.entry)
	if err != nil {
		return false, nil // the catalog is a cache: what it garbled is read again
	}
	if ok, err := p.s.Has(slices.Concat(e.Tree, e.List, e.Chunks)); !ok || err != nil || len(e.List) == 0 {
		return ok, err
	}
	for id, err := range p.e.vault().Chunks(ctx, e) {
		if vault.IsDamage(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if ok, err := p.s.Has(id[:]); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// set records a finished child.
func (n *dirNode) set(i int, r *record, sum tally) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slots[i] = slot{r, sum}
}

// childDone counts a child, or the walk itself, as finished.
func (p *pass) childDone(n *dirNode) {
	n.mu.Lock()
	n.left--
	last := n.left == 0
	n.mu.Unlock()
	if !last {
		return
	}
	if err := p.finish(n); err != nil {
		p.fail(err)
	}
	if n.parent == nil {
		return // the caller owns the folder itself
	}
	if err := n.dir.Close(); err != nil {
		p.fail(fmt.Errorf("close a folder: %w", err))
	}
	p.childDone(n.parent)
}

// finish makes a directory's tree and tells its parent.
func (p *pass) finish(n *dirNode) error {
	if p.failed() != nil {
		return nil
	}
	n.mu.Lock()
	recs, sum := n.records()
	n.mu.Unlock()

	sameEntries, sameRows := n.old != nil && len(recs) == len(n.known), n.old != nil && len(recs) == len(n.known)
	for _, r := range recs {
		k := n.known[r.name]
		sameEntries = sameEntries && k != nil && string(k.entry) == string(r.entry)
		sameRows = sameRows && k != nil && k.look == r.look
	}
	var tree format.ChunkID
	if sameEntries {
		tree = n.old.Tree
		if !p.trusted {
			ok, err := p.s.Has(tree[:])
			if err != nil {
				return err
			}
			sameEntries = ok
		}
	}
	if !sameEntries {
		var err error
		p.gate.RLock()
		tree, err = putTree(p.s, recs)
		p.gate.RUnlock()
		if err != nil {
			return err
		}
	}
	if !sameEntries || !sameRows {
		d := &catalog.Dir{Path: n.path, Tree: tree, Entries: encodeRecords(recs), Files: sum.files, Bytes: sum.bytes}
		p.mu.Lock()
		err := p.dirs.add(d)
		p.mu.Unlock()
		if err != nil {
			return err
		}
	}
	p.noteGone(n, recs)
	p.countChanges(n, recs)
	n.finished(n.record(tree), sum)
	return nil
}

// records lists what is finished, by name.
func (n *dirNode) records() (recs []*record, sum tally) {
	for _, s := range n.slots {
		if s.rec != nil {
			recs = append(recs, s.rec)
			sum.files += s.sum.files
			sum.bytes += s.sum.bytes
		}
	}
	sortRecords(recs)
	return recs, sum
}

func sortRecords(recs []*record) {
	slices.SortFunc(recs, func(a, b *record) int { return strings.Compare(a.name, b.name) })
}

// record is the directory as its parent's tree and row hold it.
func (n *dirNode) record(tree format.ChunkID) *record {
	e := baseEntry(&n.self, n.xattrs)
	e.Type, e.Tree = format.TypeDir, tree[:]
	if n.parent == nil {
		e.Name = nil
	}
	return &record{look: lookOf(&n.self, 0), entry: format.EncodeEntry(e), dir: true, name: n.self.Name}
}

// finished takes what became of a directory. Its parent keeps that and forgets the directory: nothing of it is held until
// all its neighbours are done.
func (n *dirNode) finished(r *record, sum tally) {
	n.mu.Lock()
	n.rec, n.sum = r, sum
	n.mu.Unlock()
	up := n.parent
	if up == nil {
		return
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	up.slots[n.slot] = slot{r, sum}
	up.kids = slices.DeleteFunc(up.kids, func(k *dirNode) bool { return k == n })
}

// noteGone remembers directories that the catalog knows and that are no more.
func (p *pass) noteGone(n *dirNode, recs []*record) {
	if len(n.known) == 0 {
		return
	}
	now := make(map[string]bool, len(recs))
	for _, r := range recs {
		if r.dir {
			now[r.name] = true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, k := range n.known {
		if k.dir && !now[name] {
			p.gone = append(p.gone, join(n.path, name))
			if n.unwanted[name] {
				p.unwanted[join(n.path, name)] = true
			}
		}
	}
}

// maxXattrs bounds the extended attributes of one name, in bytes, so that an entry fits its tree.
const maxXattrs = 128 << 10

// fitting takes what reading attributes gave, and leaves out those that are too large: that is an error beside the rest.
func fitting(xattrs []disk.Xattr, err error) ([]disk.Xattr, error) {
	size := 0
	for i, x := range xattrs {
		if size += len(x.Name) + len(x.Value); size > maxXattrs {
			return xattrs[:i], errors.Join(err, fmt.Errorf("extended attributes of over %d bytes: %w", maxXattrs, format.ErrTooLarge))
		}
	}
	return xattrs, err
}

func baseEntry(e *disk.Entry, xattrs []disk.Xattr) *format.Entry {
	out := &format.Entry{
		Name: []byte(e.Name), Mode: e.Mode, MTime: e.MTimeSec, MNano: uint32(e.MTimeNsec), Owner: &format.Owner{UID: e.UID, GID: e.GID},
	}
	for _, x := range xattrs {
		out.Xattrs = append(out.Xattrs, format.Xattr{Name: []byte(x.Name), Value: x.Value})
	}
	return out
}

func (p *pass) symlink(ctx context.Context, n *dirNode, i int, e *disk.Entry) {
	l := lookOf(e, 0)
	if old := n.known[e.Name]; old != nil && old.look == l {
		n.set(i, old, tally{1, 0})
		return
	}
	target, err := n.dir.Readlink(e.Name)
	if err != nil {
		p.keepOld(ctx, n, i, e.Name, goneOr(err))
		return
	}
	xattrs, err := p.xattrs(n, e)
	if err != nil {
		p.skip(join(n.path, e.Name), reasonAttributes, false)
	}
	out := baseEntry(e, xattrs)
	out.Type, out.Target = format.TypeSymlink, []byte(target)
	n.set(i, &record{look: l, entry: format.EncodeEntry(out), name: e.Name}, tally{1, 0})
}

// goneOr turns "does not exist" into errGone.
func goneOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	return err
}
