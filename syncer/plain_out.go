package syncer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/plain"
)

// PlainTarget says what is to lie open on a storage: readable for everybody who can reach the storage and for everybody who
// learns the CID of a storage that announces what it has. Nothing of a backup ever does by itself.
type PlainTarget struct {
	Snapshot string // as Restore takes it, but of one folder
	Path     string // in it; "" is the whole folder
	Storage  string // its name; "": the only one
	Name     string // of the saved copy there; "": the folder's or the file's
	Open     bool   // a person was told that others can read it, and wants that
}

// WrittenPlain is the outcome of ExportPlain.
type WrittenPlain struct {
	Storage string
	CID     string
	Name    string
	Files   int64
	Bytes   int64
	Skipped []Skipped // what IPFS has no place for, or what could not be read
	Already bool      // the storage kept exactly this already
}

// ErrOpen: writing files in the open was not confirmed.
var ErrOpen = errors.New("others would be able to read it")

const reasonNoText = "its name is no text, which IPFS needs"

// ExportPlain writes files of a version onto a storage as any IPFS program would, not encrypted, and has the storage keep them until
// somebody says otherwise. Errors: ErrOpen unless a person wants that, ErrUsage, vault.ErrLimit, those of reading.
func (e *Engine) ExportPlain(ctx context.Context, t PlainTarget, r Report) (*WrittenPlain, error) {
	if !t.Open {
		return nil, fmt.Errorf("%w: files that are written to a storage as they are can be read by whoever reaches it", ErrOpen)
	}
	nc, err := e.home.config().storage(t.Storage)
	if err != nil {
		return nil, err
	}
	s, err := e.version(ctx, t.Snapshot)
	if err != nil {
		return nil, err
	}
	_, x, err := e.entryAt(ctx, s, t.Path)
	if err != nil {
		return nil, err
	}
	v, n, err := e.pinsOn(ctx, nc)
	if err != nil {
		return nil, err
	}
	usual := filepath.Base(string(s.Path))
	if t.Path != "" {
		usual = filepath.Base(t.Path)
	}
	if t.Name == "" && utf8.ValidString(usual) && len(usual) <= 255 {
		t.Name = usual
	}
	if taken, err := v.IsPinName(ctx, n, t.Name); err != nil {
		return nil, err
	} else if taken && t.Name != "" || len(t.Name) > 255 || !utf8.ValidString(t.Name) {
		return nil, fmt.Errorf("%w: a saved copy cannot have this name", ErrUsage)
	}
	w := &plainWriter{e: e, n: n, storage: nc.Name}
	if nc.Limit > 0 {
		used, err := e.usedOn(ctx, n)
		if err != nil {
			return nil, err
		}
		w.limited, w.room = true, nc.Limit-used
	}
	if err := w.sweep(ctx); err != nil {
		return nil, err
	}
	w.phaseName.Store("exporting")
	if x.Type == format.TypeDir && t.Path == "" {
		w.totalFiles.Store(int64(s.Files))
		w.totalBytes.Store(int64(s.Bytes))
	}
	stop := w.tell(r, string(s.Path), time.Now())
	defer stop()
	top, err := w.write(ctx, x, usual)
	out := &WrittenPlain{Storage: nc.Name, Name: t.Name}
	if err == nil {
		w.phaseName.Store("confirming")
		out.Already, err = w.keep(ctx, top, t.Name)
	}
	// What was sent on the way has either the saved copy to keep it by now, or nothing.
	if swept := w.sweep(context.WithoutCancel(ctx)); err == nil {
		err = swept
	}
	if err != nil {
		return nil, err
	}
	out.CID, out.Files, out.Bytes, out.Skipped = top.String(), w.files.Load(), w.bytes.Load(), w.skipped
	return out, e.noteOpened(ctx, string(s.Path), out)
}

// metaPlain is the catalog's note of pins that only guard what is being written.
const metaPlain = "plain/writing"

// plainGuard is one of them.
type plainGuard struct {
	Storage string `json:"storage"`
	CID     string `json:"cid"`
}

// plainGuards lists them. Where their note is lost, they are saved copies that a person can let go of.
func (e *Engine) plainGuards(ctx context.Context) ([]plainGuard, error) {
	return noted[[]plainGuard](ctx, e.cat, metaPlain)
}

func (e *Engine) notePlainGuards(ctx context.Context, list []plainGuard) error {
	return noteDown(ctx, e.cat, metaPlain, list)
}

// plainWriter writes files of a version onto a storage.
type plainWriter struct {
	counters
	e       *Engine
	n       node.Node
	storage string
	out     *plain.Writer
	skipped []Skipped
	limited bool
	room    int64 // bytes that may still be sent, where that is limited
}

// sweep removes the pins that only guarded, of this time or of one that was cut off.
func (w *plainWriter) sweep(ctx context.Context) error {
	list, err := w.e.plainGuards(ctx)
	if err != nil {
		return err
	}
	left := slices.Clone(list)
	for _, g := range list {
		if g.Storage != w.storage {
			continue
		}
		c, err := cid.Decode(g.CID)
		if err != nil {
			return fmt.Errorf("%w: a note of what was written", catalog.ErrDamaged)
		}
		if err := w.n.PinRemove(ctx, c); err != nil {
			return errors.Join(err, w.e.notePlainGuards(ctx, left))
		}
		left = slices.DeleteFunc(left, func(x plainGuard) bool { return x == g })
	}
	if len(left) == len(list) {
		return nil
	}
	return w.e.notePlainGuards(ctx, left)
}

// put sends blocks below a pin of their own, so that a storage which deletes what nothing keeps does not take them meanwhile.
func (w *plainWriter) put(ctx context.Context, blocks []node.Block) error {
	links := make([]format.Link, 0, len(blocks))
	total := int64(0)
	for i, b := range blocks {
		d, codec, err := format.DigestOf(b.CID)
		if err != nil {
			return err
		}
		links = append(links, format.Link{Name: fmt.Sprintf("writing-%02d", i), Codec: codec, Digest: d, Total: uint64(len(b.Data))})
		total += int64(len(b.Data))
	}
	if w.room -= total; w.limited && w.room < 0 {
		return vault.ErrLimit
	}
	data := format.EncodeDirectory(links)
	root := node.Block{CID: format.Sum(data).DagCID(), Data: data}
	list, err := w.e.plainGuards(ctx)
	if err != nil {
		return err
	}
	if err := w.e.notePlainGuards(ctx, append(list, plainGuard{w.storage, root.CID.String()})); err != nil {
		return err
	}
	return w.n.Import(ctx, root.CID, append(slices.Clone(blocks), root))
}

func (w *plainWriter) write(ctx context.Context, x *format.Entry, name string) (cid.Cid, error) {
	w.out = plain.NewWriter(w.put)
	l, ok, err := w.entry(ctx, x, name, 0)
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", ErrUsage, w.skipped[0].Reason)
	}
	if err == nil {
		err = w.out.Flush(ctx)
	}
	return l.CID, err
}

// keep pins the top under its name. The storage reads all of it then, and so says that it is whole.
func (w *plainWriter) keep(ctx context.Context, top cid.Cid, name string) (already bool, err error) {
	err = w.n.PinAdd(ctx, top, name)
	if errors.Is(err, node.ErrPinned) {
		return true, nil
	}
	return false, err
}

// entry writes one name and everything below it; not ok when it was left out, which is said.
func (w *plainWriter) entry(ctx context.Context, x *format.Entry, at string, depth int) (l plain.Link, ok bool, err error) {
	mtime := time.Unix(x.MTime, int64(x.MNano))
	switch x.Type {
	case format.TypeFile:
		w.current.Store(at)
		l, err = w.out.File(ctx, x.Mode, mtime, func(write func([]byte) error) error {
			var refused error
			err := w.e.content(ctx, x, func(b []byte) bool {
				w.bytes.Add(int64(len(b)))
				refused = write(b)
				return refused == nil
			})
			if refused != nil {
				return refused
			}
			return err
		})
		w.files.Add(1)
	case format.TypeSymlink:
		l, err = w.out.Symlink(ctx, string(x.Target), mtime)
		w.files.Add(1)
	case format.TypeDir:
		l, err = w.folder(ctx, x, at, depth)
	}
	if vault.IsDamage(err) && depth > 0 {
		w.skipped = append(w.skipped, Skipped{Path: at, Reason: reasonUnreadable + rootCause(err).Error(), Failed: true})
		return l, false, nil
	}
	return l, err == nil, err
}

func (w *plainWriter) folder(ctx context.Context, x *format.Entry, at string, depth int) (plain.Link, error) {
	if depth > format.MaxDepth {
		return plain.Link{}, errTooDeep
	}
	var children []plain.Link
	for c, err := range w.e.entries(ctx, x.Tree) {
		if err != nil {
			return plain.Link{}, err
		}
		where := join(at, string(c.Name))
		if !utf8.Valid(c.Name) {
			w.skipped = append(w.skipped, Skipped{Path: where, Reason: reasonNoText, Failed: true})
			continue
		}
		l, ok, err := w.entry(ctx, c, where, depth+1)
		if err != nil {
			return plain.Link{}, err
		}
		if ok {
			l.Name = string(c.Name)
			children = append(children, l)
		}
	}
	return w.out.Folder(ctx, x.Mode, time.Unix(x.MTime, int64(x.MNano)), children)
}
