package syncer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
)

// Drilled is a restore drill on one storage: random files were read as a new computer would, with the keys alone and past
// everything that is remembered here, and compared with what is known here.
type Drilled struct {
	Storage string
	Time    time.Time
	Files   int // that were asked for
	Back    int // that came back whole
	Same    int // of those, the ones that this computer has too, and that were compared byte by byte
	Bytes   int64
	Failed  []Failure
}

// OK tells whether everything came back.
func (d *Drilled) OK() bool { return d.Back == d.Files }

// Words are the result in one phrase.
func (d *Drilled) Words() string { return fmt.Sprintf("%d of %d came back", d.Back, d.Files) }

const (
	drillFiles = 23       // read in a drill
	drillMost  = 64 << 20 // bytes read of one file
	drillTries = 12       // descents for each file: a folder may be empty
)

// Drill reads random files from every storage, and writes down what came of it. A storage that cannot be asked is an error
// beside what was found on the others.
func (e *Engine) Drill(ctx context.Context, r Report) ([]Drilled, error) {
	done, err := e.proving.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var out []Drilled
	var errs []error
	for _, nc := range e.home.config().Nodes {
		d, err := e.drillOn(ctx, nc, r)
		switch {
		case ctx.Err() != nil:
			return out, errors.Join(ctx.Err(), e.noteDrills(context.WithoutCancel(ctx), out))
		case err != nil:
			errs = append(errs, fmt.Errorf("read from the storage %q: %w", nc.Name, err))
		default:
			out = append(out, *d)
		}
	}
	return out, errors.Join(append(errs, e.noteDrills(ctx, out))...)
}

// freshDir is where the catalog of a new computer is, that one plays to look at a storage.
const freshDir = "drill"

// asNew lets do see one storage as a new computer would: with this one's keys, and nothing remembered. The caller has the
// proving to itself.
func (e *Engine) asNew(ctx context.Context, nc nodeConfig, do func(fresh *Engine) error) (err error) {
	c, err := e.reach(ctx, nc)
	if err != nil {
		return err
	}
	dir := e.home.path(freshDir)
	if err := os.RemoveAll(dir); err != nil { // of one that was interrupted
		return homeError("make room for a drill", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return homeError("make room for a drill", err)
	}
	defer func() {
		if rerr := os.RemoveAll(dir); err == nil && rerr != nil {
			err = homeError("clean up after a drill", rerr)
		}
	}()
	cat, err := catalog.Open(ctx, filepath.Join(dir, catalogFile))
	if err != nil {
		return homeError("make room for a drill", err)
	}
	fresh := &Engine{opts: e.opts, log: e.log, home: e.home, bundle: e.bundle, cat: cat}
	fresh.use(connection{node: c.node})
	return errors.Join(do(fresh), cat.Close())
}

func (e *Engine) drillOn(ctx context.Context, nc nodeConfig, r Report) (*Drilled, error) {
	out := &Drilled{Storage: nc.Name}
	err := e.asNew(ctx, nc, func(fresh *Engine) error {
		var count counters
		count.phaseName.Store("checking")
		count.totalFiles.Store(drillFiles)
		stop := count.tell(r, "", time.Now())
		defer stop()
		d := &drill{e: e, fresh: fresh, out: out}
		return d.run(ctx, &count)
	})
	out.Time = time.Now()
	return out, err
}

// drill is one drill on its way.
type drill struct {
	e     *Engine // as this computer knows things
	fresh *Engine // as a new one would
	out   *Drilled
}

func (d *drill) run(ctx context.Context, count *counters) error {
	st, err := d.fresh.state(ctx)
	if err != nil {
		return err
	}
	list, damage, err := d.fresh.versions(ctx, st)
	if err != nil {
		return err
	}
	if damage != nil {
		d.out.Files++
		d.out.Failed = append(d.out.Failed, Failure{Reason: "the list of versions: " + damage.Error(), Damage: true})
	}
	seen := map[string]bool{}
	newest := newestOfEach(list)
	for range drillFiles * drillTries {
		if len(seen) == drillFiles {
			break
		}
		from := newest
		if rand.IntN(4) == 0 {
			from = list // an older version has to come back too
		}
		v, ok := anyVersion(from)
		if !ok {
			break
		}
		rel, x, err := d.anyFile(ctx, v)
		key := v.ID.String() + "/" + rel
		switch {
		case vault.Unusable(err):
			d.out.Files++
			d.fail(v, rel, err)
			seen[key] = true
			continue
		case err != nil:
			return err
		case x == nil || seen[key]:
			continue
		}
		seen[key] = true
		d.out.Files++
		if err := d.file(ctx, v, rel, x); err != nil {
			return err
		}
		count.files.Store(int64(d.out.Files))
		count.bytes.Store(d.out.Bytes)
	}
	return nil
}

// newestOfEach is the newest complete version of each folder of each device, of a list that begins with the newest.
func newestOfEach(list []Version) (out []Version) {
	for _, v := range list {
		same := func(x Version) bool { return x.FolderID == v.FolderID && x.Device == v.Device }
		if v.Complete && !slices.ContainsFunc(out, same) {
			out = append(out, v)
		}
	}
	return out
}

// anyVersion chooses a version, by how many files it has; false when none has one.
func anyVersion(list []Version) (Version, bool) {
	sum := uint64(0)
	for _, v := range list {
		sum += v.Files
	}
	if sum == 0 {
		return Version{}, false
	}
	at := rand.Uint64N(sum)
	for _, v := range list {
		if at < v.Files {
			return v, true
		}
		at -= v.Files
	}
	return Version{}, false
}

// anyFile goes down from a version's folder, by chance at each step, until it meets a file; nil where the way ends without
// one.
func (d *drill) anyFile(ctx context.Context, v Version) (rel string, x *format.Entry, err error) {
	s, err := d.fresh.vault().Version(ctx, v)
	if err != nil {
		return "", nil, err
	}
	tree := s.Root.Tree
	for depth := 0; depth <= format.MaxDepth; depth++ {
		var all []*format.Entry
		for c, err := range d.fresh.vault().Entries(ctx, tree) {
			if err != nil {
				return rel, nil, err
			}
			if c.Type == format.TypeFile || c.Type == format.TypeDir {
				all = append(all, c)
			}
		}
		if len(all) == 0 {
			return rel, nil, nil
		}
		x := all[rand.IntN(len(all))]
		rel = join(rel, string(x.Name))
		if x.Type == format.TypeFile {
			return rel, x, nil
		}
		tree = x.Tree
	}
	return rel, nil, nil
}

func (d *drill) fail(v Version, rel string, err error) {
	d.out.Failed = append(d.out.Failed, Failure{Path: path.Join(filepath.ToSlash(string(v.Path)), rel), Reason: Describe(err).Title, Damage: true})
}

// file reads one file from the storage, and compares it. Every piece of it passed its seal and its hash by then.
func (d *drill) file(ctx context.Context, v Version, rel string, x *format.Entry) error {
	here := d.open(v, rel, x)
	if here != nil {
		defer here.Close()
	}
	same, read := here != nil, int64(0)
	var buf []byte
	err := d.fresh.content(ctx, x, func(part []byte) bool {
		if same {
			if len(buf) < len(part) {
				buf = make([]byte, len(part))
			}
			n, err := io.ReadFull(here, buf[:len(part)])
			same = err == nil && string(buf[:n]) == string(part)
		}
		read += int64(len(part))
		return read < drillMost
	})
	d.out.Bytes += read
	switch {
	case vault.Unusable(err):
		d.fail(v, rel, err)
		return nil
	case err != nil:
		return err
	case read != int64(x.Size) && read < drillMost:
		d.fail(v, rel, errPieces)
		return nil
	}
	if here != nil && !same && d.still(here, x) {
		d.out.Failed = append(d.out.Failed, Failure{
			Path: path.Join(filepath.ToSlash(string(v.Path)), rel), Reason: "the file on this computer has other content, although its time and size are the same",
		})
		return nil
	}
	if !d.kept(ctx, v, rel, x) {
		d.out.Failed = append(d.out.Failed, Failure{
			Path: path.Join(filepath.ToSlash(string(v.Path)), rel), Reason: "it is not what this computer noted when it was saved", Damage: true,
		})
		return nil
	}
	d.out.Back++
	if same {
		d.out.Same++
	}
	return nil
}

// folderHere is the folder of this computer that a version is of.
func (d *drill) folderHere(v Version) (folderConfig, bool) {
	c := d.e.home.config()
	i := slices.IndexFunc(c.Folders, func(f folderConfig) bool { return f.id() == v.FolderID })
	if i < 0 || v.Device != d.e.bundle.Device() {
		return folderConfig{}, false
	}
	return c.Folders[i], true
}

// open opens the file on this computer, if it is there and looks as it was saved; nil else.
func (d *drill) open(v Version, rel string, x *format.Entry) *os.File {
	f, ok := d.folderHere(v)
	if !ok {
		return nil
	}
	root, err := os.OpenRoot(string(f.Path))
	if err != nil {
		return nil // a folder that is away is not what a drill is about
	}
	defer root.Close()
	name := filepath.FromSlash(rel)
	fi, err := root.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	file, err := root.Open(name)
	if err != nil {
		return nil
	}
	if !d.still(file, x) {
		_ = file.Close() // only read
		return nil
	}
	return file
}

// still tells whether a file has the size and time that it was saved with.
func (d *drill) still(file *os.File, x *format.Entry) bool {
	fi, err := file.Stat()
	return err == nil && fi.Mode().IsRegular() && fi.Size() == int64(x.Size) && fi.ModTime().Unix() == x.MTime && fi.ModTime().Nanosecond() == int(x.MNano)
}

// kept tells whether a file's hashes are those that this computer kept when it saved it. Of a file that changed since, or
// that it does not know, there are none.
func (d *drill) kept(ctx context.Context, v Version, rel string, x *format.Entry) bool {
	f, ok := d.folderHere(v)
	if !ok {
		return true
	}
	dir, name := "", rel
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		dir, name = rel[:i], rel[i+1:]
	}
	row, known, err := d.e.cat.Dir(ctx, f.id(), dir)
	if err != nil || !known {
		return true
	}
	records, ok := decodeRecords(row.Entries)
	if !ok || records[name] == nil || records[name].dir {
		return true
	}
	was, err := format.DecodeEntry(records[name].entry)
	if err != nil || was.Type != x.Type || was.Size != x.Size || was.MTime != x.MTime || was.MNano != x.MNano {
		return true
	}
	return string(was.Chunks) == string(x.Chunks) && string(was.List) == string(x.List)
}

// noteDrills writes drills down, as activities and for the status.
func (e *Engine) noteDrills(ctx context.Context, all []Drilled) error {
	for i := range all {
		d := &all[i]
		a := Activity{Kind: ActivityVerify, Files: int64(d.Files), Bytes: d.Bytes, Text: fmt.Sprintf("Test restore from “%s”: %s.", d.Storage, d.Words())}
		if !d.OK() {
			a.Kind = ActivityProblem
		}
		for _, f := range d.Failed {
			a.Skipped = append(a.Skipped, Skipped{Path: f.Path, Reason: f.Reason, Failed: true})
		}
		if err := e.note(ctx, a, false); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return nil
	}
	return e.changeProof(ctx, func(p *proof) {
		for _, d := range p.Drills { // what is wrong stays known until that storage was asked again
			called := func(x Drilled) bool { return x.Storage == d.Storage }
			if _, err := e.home.config().storage(d.Storage); err == nil && !d.OK() && !slices.ContainsFunc(all, called) {
				all = append(all, d)
			}
		}
		p.Drills = all
	})
}
