package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/plain"
)

// Plain is what any IPFS program put on a storage: files and folders that everybody can read who has the blocks. They become
// versions of a folder of the backup, read from the storage and never written to this computer's disk. Nothing of them is
// removed from the storage.

// PlainSource says which files those are.
type PlainSource struct {
	Storage string // its name; "": the only one
	CID     string // "bafy…", "Qm…", "/ipfs/…"; or
	Path    string // in the storage's own tree of files (MFS): "/photos"
	Name    string // of the folder that they become; "": that of Path, or the CID
}

// PlainThing is something that a storage holds and that ImportPlain would take.
type PlainThing struct {
	PlainSource
	Kind string // "file", "folder", "link" or PinBlock
	Size int64  // bytes, as its top says; 0: not known
}

// ImportedPlain is the outcome of ImportPlain.
type ImportedPlain struct {
	Saved
	CID string // of what was read
}

// Reasons for what of plain files is not in a version.
const (
	reasonNotThere     = "the storage does not have all of it"
	reasonDamagedThere = reasonUnreadable + "it is damaged on the storage"
	reasonNoFile       = "it is no file, folder or link"
	reasonTwice        = "another one has the same name"
)

// PlainThings lists what other programs keep on a storage that is files and folders; "" is all storages. What storages that answer
// have is returned beside the error of one that does not.
func (e *Engine) PlainThings(ctx context.Context, storage string) ([]PlainThing, error) {
	guards, err := e.plainGuards(ctx)
	if err != nil {
		return nil, err
	}
	pins, err := e.pins(ctx, storage, false)
	errs := []error{err}
	var out []PlainThing
	for _, p := range pins {
		switch p.Kind {
		case format.ForeignFile, format.ForeignFolder, format.ForeignLink, PinBlock:
		default:
			continue
		}
		if !p.Ours && p.CID != EmptyFolder && !slices.Contains(guards, plainGuard{p.Storage, p.CID}) {
			out = append(out, PlainThing{PlainSource{p.Storage, p.CID, "", p.Name}, p.Kind, p.Size})
		}
	}
	c := e.home.config()
	for _, nc := range c.Nodes {
		if storage != "" && nc.Name != storage {
			continue
		}
		things, err := e.plainTree(ctx, nc)
		out = append(out, things...)
		if err != nil {
			errs = append(errs, fmt.Errorf("storage %q: %w", nc.Name, err))
		}
	}
	return out, errors.Join(errs...)
}

// plainTree lists the top of a storage's own tree of files, without what backups keep there.
func (e *Engine) plainTree(ctx context.Context, nc nodeConfig) ([]PlainThing, error) {
	_, n, err := e.pinsOn(ctx, nc)
	if err != nil {
		return nil, err
	}
	entries, err := n.List(ctx, "/")
	if err != nil {
		return nil, fmt.Errorf("list its own files: %w", err)
	}
	var out []PlainThing
	for _, x := range entries {
		p := path.Join("/", x.Name)
		if ours, err := e.pointsAtBackup(ctx, n, p, x.CID); err != nil {
			return out, err
		} else if ours {
			continue
		}
		item, err := plain.Open(ctx, n, x.CID)
		if plain.IsMissing(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		t := PlainThing{PlainSource: PlainSource{Storage: nc.Name, Path: p, Name: x.Name}, Kind: format.ForeignFolder, Size: int64(max(item.Size, item.Below))}
		switch item.Kind {
		case plain.File:
			t.Kind = format.ForeignFile
		case plain.Symlink:
			t.Kind = format.ForeignLink
		case plain.Folder:
		}
		out = append(out, t)
	}
	return out, nil
}

// pointsAtBackup tells whether an entry of a storage's tree leads to a backup, of these words or of others.
func (e *Engine) pointsAtBackup(ctx context.Context, n node.Node, at string, c cid.Cid) (bool, error) {
	if at == e.bundle.Keys().PointerDir() {
		return true, nil
	}
	block, err := n.Get(ctx, c)
	if err != nil || c.Type() != cid.DagProtobuf {
		return false, unlessMissing(err)
	}
	links, err := format.DecodeDirectory(block)
	if err != nil || len(links) == 0 {
		return false, nil // something else
	}
	first, err := n.Get(ctx, links[0].CID())
	if err != nil {
		return false, unlessMissing(err)
	}
	_, err = format.DecodeRoot(first)
	return err == nil, nil
}

func unlessMissing(err error) error {
	if plain.IsMissing(err) {
		return nil
	}
	return err
}

// ImportPlain makes a version of files that any IPFS program put on a storage. The same name again makes a further version of the
// same folder, and none where nothing differs. What cannot be taken is named in Skipped; what an interrupted import sent is not
// sent again. Errors: ErrUsage for what is not there, for what is no files, and for a part of a backup.
func (e *Engine) ImportPlain(ctx context.Context, src PlainSource, r Report) (*ImportedPlain, error) {
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	top, n, err := e.openPlain(ctx, &src)
	if err != nil {
		return nil, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("find the home of this account: %w: %w", ErrHome, err)
	}
	f, err := e.importFolder(filepath.Join(home, "IPFS", src.Name))
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		s, err := e.plainPass(ctx, f, n, top, src.Name, r)
		if errors.Is(err, vault.ErrRedo) && try < redoTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		out := &ImportedPlain{*s, top.CID.String()}
		err = errors.Join(e.noteVersions(ctx), e.noteSaved(ctx, s))
		return out, errors.Join(err, e.mirror(ctx, r), ctx.Err())
	}
}

// openPlain reads the top of what is meant, and gives the folder that it becomes a name.
func (e *Engine) openPlain(ctx context.Context, src *PlainSource) (*plain.Item, node.Node, error) {
	c := cid.Undef
	if src.Path == "" {
		var err error
		if c, err = parseCID(src.CID); err != nil {
			return nil, nil, err
		}
	}
	nc, err := e.home.config().storage(src.Storage)
	if err != nil {
		return nil, nil, err
	}
	v, n, err := e.pinsOn(ctx, nc)
	if err != nil {
		return nil, nil, err
	}
	what := "/ipfs/" + c.String()
	if src.Path != "" {
		what = src.Path
		if c, err = e.inTree(ctx, n, src.Path); err != nil {
			return nil, nil, err
		}
	}
	if src.Name == "" {
		src.Name = path.Base(what)
	}
	if plain.NameProblem(src.Name) != "" || !utf8.ValidString(src.Name) || len(src.Name) > 255 || strings.ContainsAny(src.Name, `\:`) {
		return nil, nil, fmt.Errorf("%w: a folder cannot be called %q; give it another name", ErrUsage, src.Name)
	}
	if p, err := v.Pin(ctx, n, c); err == nil && (p.Ours || p.Kind == PinOtherVault) {
		return nil, nil, fmt.Errorf("%w: %s is a part of a backup, and not files", ErrUsage, what)
	} else if err != nil && !errors.Is(err, node.ErrNotPinned) && !errors.Is(err, node.ErrTimeout) {
		return nil, nil, err
	}
	top, err := plain.Open(ctx, n, c)
	switch {
	case errors.Is(err, node.ErrNotFound):
		return nil, nil, fmt.Errorf("%w: the storage does not hold %s, and Roost fetches nothing from others", ErrUsage, what)
	case plain.IsMissing(err):
		return nil, nil, fmt.Errorf("%w: there are no files behind %s: %w", ErrUsage, what, err)
	}
	return top, n, err
}

// inTree finds what a path of a storage's own tree points at.
func (e *Engine) inTree(ctx context.Context, n node.Node, at string) (cid.Cid, error) {
	if !path.IsAbs(at) || path.Clean(at) != at || at == "/" || strings.ContainsRune(at, 0) {
		return cid.Undef, fmt.Errorf("%w: %q is no path in the files of a storage, such as /photos", ErrUsage, at)
	}
	entries, err := n.List(ctx, path.Dir(at))
	if err != nil {
		return cid.Undef, fmt.Errorf("list the files of the storage: %w", err)
	}
	i := slices.IndexFunc(entries, func(x node.Entry) bool { return x.Name == path.Base(at) })
	if i < 0 {
		return cid.Undef, fmt.Errorf("%w: the storage has no %s among its own files", ErrUsage, at)
	}
	if ours, err := e.pointsAtBackup(ctx, n, at, entries[i].CID); err != nil || ours {
		return cid.Undef, errors.Join(err, fmt.Errorf("%w: %s is a part of a backup, and not files", ErrUsage, at))
	}
	return entries[i].CID, nil
}

func (e *Engine) plainPass(ctx context.Context, f folderConfig, n node.Node, top *plain.Item, name string, r Report) (*Saved, error) {
	p, end, err := e.begin(ctx, f, nil, nil, r)
	if err != nil {
		return nil, err
	}
	defer end()
	stop := p.tell(r, string(f.Path), p.started)
	defer stop()
	p.phase("saving")
	w := plainWalk{p: p, from: n, dirs: map[cid.Cid]plainTree{}, files: map[cid.Cid]*format.Entry{}}
	root, err := w.top(ctx, top, name)
	if err != nil {
		return nil, err
	}
	out := &Saved{Folder: string(f.Path), Files: p.files.Load(), Bytes: p.bytes.Load(), Skipped: p.skippedList(), Complete: true}
	if prev := p.s.Previous(f.id()); len(prev) > 0 && prev[0].Complete && !p.repair {
		same, err := p.sameAs(ctx, prev[0], root)
		if err != nil {
			return nil, err
		}
		if same {
			out.ID, out.Time, out.Unchanged = prev[0].ID, prev[0].Time(), true
			return out, p.s.Confirm(ctx)
		}
	}
	p.phase("confirming")
	snap := p.snapshot(root, true)
	c, err := p.s.Commit(ctx, []*format.Snapshot{snap}, nil)
	if err != nil {
		return nil, err
	}
	out.ID, out.Time = c.IDs[0], time.Unix(snap.Seconds, int64(snap.Nanos))
	out.NewBytes, out.StoredBytes = p.s.Stats().NewBytes, c.Stored
	return out, nil
}

// plainTree is a folder that was taken.
type plainTree struct {
	id     format.ChunkID
	sum    tally
	height int // levels of folders in it, itself included
}

// mostKnownFiles bounds how many files are remembered, to be taken once where they come several times.
const mostKnownFiles = 100_000

// plainWalk takes plain files into a pass. A folder that comes in several places is read once, so that a few blocks which link each
// other many times cost no more than they are.
type plainWalk struct {
	p    *pass
	from plain.Source
	dirs map[cid.Cid]plainTree // of the one goroutine that walks

	mu    sync.Mutex // guards below
	files map[cid.Cid]*format.Entry
}

// top takes everything and returns the entry of the folder. A single file lies in a folder of its own.
func (w *plainWalk) top(ctx context.Context, x *plain.Item, name string) (*format.Entry, error) {
	if x.Kind == plain.Folder {
		t, err := w.folder(ctx, x, "", 1)
		w.counted(t.sum)
		return w.entry(x, "", t), err
	}
	recs, sum, err := w.children(ctx, "", []plainNamed{{name, x}})
	if err != nil {
		return nil, err
	}
	id, err := putTree(w.p.s, recs)
	w.counted(sum)
	return &format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: id[:]}, err
}

// counted is what the version holds. Until then the counters are for whoever waits.
func (w *plainWalk) counted(sum tally) {
	w.p.files.Store(sum.files)
	w.p.bytes.Store(sum.bytes)
}

func (w *plainWalk) entry(x *plain.Item, name string, t plainTree) *format.Entry {
	e := plainEntry(x, name, format.TypeDir, 0o755)
	e.Tree = t.id[:]
	return e
}

// plainEntry describes an item. What IPFS was not told, nobody knows: such a file has the usual rights and no date but the first one.
func plainEntry(x *plain.Item, name string, t format.EntryType, usual uint32) *format.Entry {
	e := &format.Entry{Type: t, Mode: usual}
	if name != "" {
		e.Name = []byte(name)
	}
	if x.Mode != 0 {
		e.Mode = x.Mode
	}
	if !x.Time.IsZero() {
		e.MTime, e.MNano = x.Time.Unix(), uint32(x.Time.Nanosecond())
	}
	return e
}

// plainNamed is an item and what it is called.
type plainNamed struct {
	name string
	item *plain.Item
}

// folder takes a folder and everything in it.
func (w *plainWalk) folder(ctx context.Context, x *plain.Item, at string, depth int) (plainTree, error) {
	if t, known := w.dirs[x.CID]; known && depth+t.height < format.MaxDepth {
		w.p.files.Store(upTo(w.p.files.Load(), t.sum.files))
		w.p.bytes.Store(upTo(w.p.bytes.Load(), t.sum.bytes))
		return t, nil
	}
	var out plainTree
	out.height = 1
	skippedBefore := w.p.skippedCount()
	var recs []*record
	var files []plainNamed
	seen := map[string]bool{}
	each := func(c plain.Child) error {
		where := join(at, shownName(c.Name))
		why := plain.NameProblem(c.Name)
		if why == "" && seen[c.Name] {
			why = reasonTwice
		}
		if why != "" {
			w.p.skip(where, why, true)
			return nil
		}
		seen[c.Name] = true
		item, err := plain.Open(ctx, w.from, c.CID)
		if plain.IsMissing(err) {
			w.p.skip(where, plainReason(err), true)
			return nil
		}
		if err != nil {
			return err
		}
		if item.Kind != plain.Folder {
			files = append(files, plainNamed{c.Name, item})
			if len(files) < plainAtOnce {
				return nil
			}
			some, sum, err := w.children(ctx, at, files)
			recs, files = append(recs, some...), nil
			out.sum.add(sum)
			return err
		}
		if depth >= format.MaxDepth-1 {
			w.p.skip(where, reasonTooDeep, true)
			return nil
		}
		t, err := w.folder(ctx, item, where, depth+1)
		if err != nil {
			return err
		}
		recs = append(recs, &record{entry: format.EncodeEntry(w.entry(item, c.Name, t)), dir: true, name: c.Name})
		out.sum.add(t.sum)
		out.height = max(out.height, t.height+1)
		return nil
	}
	if err := x.Children(ctx, each, func(err error) { w.p.skip(cmp.Or(at, "."), plainReason(err), true) }); err != nil {
		return out, err
	}
	some, sum, err := w.children(ctx, at, files)
	if err != nil {
		return out, err
	}
	recs = append(recs, some...)
	out.sum.add(sum)
	sortRecords(recs)
	if out.id, err = putTree(w.p.s, recs); err != nil {
		return out, err
	}
	if w.p.skippedCount() == skippedBefore { // what is missing in it is named at every place
		w.dirs[x.CID] = out
	}
	return out, nil
}

// plainAtOnce is how many files of a folder are collected before they are read.
const plainAtOnce = 1000

// children takes files and links, several at a time, in their order.
func (w *plainWalk) children(ctx context.Context, at string, list []plainNamed) ([]*record, tally, error) {
	recs := make([]*record, len(list))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readers())
	for i, x := range list {
		g.Go(func() (err error) {
			recs[i], err = w.leaf(gctx, x, join(at, shownName(x.name)))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, tally{}, err
	}
	var sum tally
	for _, r := range recs {
		if r != nil {
			sum.add(tally{1, r.size})
		}
	}
	return slices.DeleteFunc(recs, func(r *record) bool { return r == nil }), sum, nil
}

// leaf takes one file or link; nil when it cannot be had, which is said.
func (w *plainWalk) leaf(ctx context.Context, x plainNamed, where string) (*record, error) {
	if x.item.Kind == plain.Symlink {
		e := plainEntry(x.item, x.name, format.TypeSymlink, 0o777)
		e.Target = []byte(x.item.Target)
		if len(e.Target) == 0 || len(e.Target) > 4096 || strings.ContainsRune(x.item.Target, 0) {
			w.p.skip(where, reasonNoFile, true)
			return nil, nil
		}
		w.p.files.Add(1)
		return &record{entry: format.EncodeEntry(e), name: x.name}, nil
	}
	w.mu.Lock()
	known := w.files[x.item.CID]
	w.mu.Unlock()
	e := plainEntry(x.item, x.name, format.TypeFile, 0o644)
	if known != nil {
		e.Size, e.Chunks, e.List = known.Size, known.Chunks, known.List
		w.p.bytes.Add(int64(e.Size))
	} else if err := w.content(ctx, x.item, e, where); err != nil {
		if plain.IsMissing(err) {
			w.p.skip(where, plainReason(err), true)
			return nil, nil
		}
		return nil, err
	}
	w.p.files.Add(1)
	return &record{entry: format.EncodeEntry(e), size: int64(e.Size), name: x.name}, nil
}

// content stores what a file holds and notes it in its entry.
func (w *plainWalk) content(ctx context.Context, x *plain.Item, e *format.Entry, where string) (err error) {
	w.p.current.Store(where)
	list := &listWriter{p: w.p, large: x.Size >= largeFile}
	cut := chunkWriter{p: w.p, add: list.add}
	counted := int64(0)
	err = x.Read(ctx, func(b []byte) error {
		counted += int64(len(b))
		w.p.bytes.Add(int64(len(b)))
		return cut.write(b)
	})
	if err == nil {
		err = cut.finish()
	}
	if err == nil {
		e.Chunks, e.List, err = list.finish()
	}
	if err != nil {
		w.p.bytes.Add(-counted) // it is not in the version
		return err
	}
	e.Size = uint64(counted)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.files) >= mostKnownFiles {
		clear(w.files)
	}
	w.files[x.CID] = e
	return nil
}

// chunkWriter cuts what is written to it into chunks, as a file on a disk would be.
type chunkWriter struct {
	p     *pass
	add   func([]byte) error
	buf   []byte
	begun bool
	paged bool
}

func (c *chunkWriter) write(b []byte) error {
	c.buf = append(c.buf, b...)
	return c.cut(format.ChunkMax)
}

func (c *chunkWriter) finish() error { return c.cut(1) }

// cut hands over chunks while at least so many bytes are there.
func (c *chunkWriter) cut(least int) error {
	pos := 0
	for len(c.buf)-pos >= least {
		if !c.begun {
			c.begun, c.paged = true, isDatabase(c.buf)
		}
		n := min(len(c.buf)-pos, format.PageChunk)
		if !c.paged {
			n = c.p.e.vault().Chunker().Cut(c.buf[pos:])
		}
		if err := c.add(c.buf[pos : pos+n]); err != nil {
			return err
		}
		pos += n
	}
	c.buf = append(c.buf[:0], c.buf[pos:]...)
	return nil
}

// plainReason says in a person's words why something could not be taken.
func plainReason(err error) string {
	switch {
	case errors.Is(err, node.ErrNotFound):
		return reasonNotThere
	case errors.Is(err, node.ErrWrongBytes):
		return reasonDamagedThere
	case errors.Is(err, plain.ErrTooMuch):
		return reasonUnreadable + plain.ErrTooMuch.Error()
	}
	return reasonNoFile
}

// shownName is a name that may stand in a path of a report: one that leads elsewhere is shown as it is written.
func shownName(name string) string {
	if strings.ContainsAny(name, "/\x00") || name == "" || name == "." || name == ".." {
		return fmt.Sprintf("%q", name)
	}
	return name
}
