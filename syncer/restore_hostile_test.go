//go:build linux

package syncer

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// handmade is a version that no backup would make.
type handmade struct {
	t *testing.T
	e *Engine
	s *vault.Session
}

func newHandmade(t *testing.T) *handmade {
	t.Helper()
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	s, err := e.vault().Begin(t.Context())
	must(t, err)
	t.Cleanup(s.Close)
	return &handmade{t, e, s}
}

func (h *handmade) put(k format.Kind, plain []byte) []byte {
	h.t.Helper()
	id, _, err := h.s.Put(k, plain)
	must(h.t, err)
	return id[:]
}

func (h *handmade) tree(entries ...format.Entry) []byte {
	h.t.Helper()
	return h.put(format.KindTree, format.EncodeTree(&format.Tree{Entries: entries}))
}

// file is an entry that claims to have a size; its chunks are the pieces.
func (h *handmade) file(name string, size uint64, pieces ...string) format.Entry {
	h.t.Helper()
	x := format.Entry{Name: []byte(name), Type: format.TypeFile, Mode: 0o644, MTime: 1, Size: size}
	for _, p := range pieces {
		x.Chunks = append(x.Chunks, h.put(format.KindData, []byte(p))...)
	}
	return x
}

func directory(name string, tree []byte) format.Entry {
	return format.Entry{Name: []byte(name), Type: format.TypeDir, Mode: 0o755, MTime: 1, Tree: tree}
}

func link(name, target string) format.Entry {
	return format.Entry{Name: []byte(name), Type: format.TypeSymlink, Mode: 0o777, MTime: 1, Target: []byte(target)}
}

// commit publishes the version of a folder /was/Photos.
func (h *handmade) commit(tree []byte) {
	h.t.Helper()
	_, err := h.s.Commit(h.t.Context(), []*format.Snapshot{{
		Version: format.Version, Folder: format.FolderID{1}, Path: []byte("/was/Photos"), Device: h.e.vault().Device(), DeviceName: "Laptop",
		Seconds: time.Now().Unix(), Root: directory("", tree), Complete: true,
	}}, nil)
	must(h.t, err)
}

func TestNamesThatLeadElsewhereAreDamage(t *testing.T) {
	for _, name := range []string{"..", ".", "", "/", "/etc/x", "../x", "a/b", "a\x00b", "x/"} {
		h := newHandmade(t)
		evil := h.tree(h.file(name, 4, "evil"))
		dir := directory("sub", h.tree(directory(name, h.tree(h.file("x", 4, "evil")))))
		h.commit(h.tree(directory("bad", evil), h.file("good", 4, "good"), dir))
		parent := t.TempDir()
		to := parent + "/to"
		r, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
		must(t, err)
		if len(r.Failed) != 2 || !r.Failed[0].Damage || !r.Failed[1].Damage {
			t.Errorf("%q: failed %+v", name, r.Failed)
		}
		wantContent(t, to+"/Photos/good", "good")
		wantNames(t, parent, "to")
		wantNames(t, to, "Photos")
		wantNames(t, to+"/Photos", "bad", "good", "sub")
		wantNames(t, to+"/Photos/bad")
		wantNames(t, to+"/Photos/sub")
	}
}

func TestALinkThenAFileThroughIt(t *testing.T) {
	outside := t.TempDir()
	write(t, outside+"/file", "outside")
	h := newHandmade(t)
	// One directory of two nodes, so that the name can be there twice: as a link, and as a folder.
	links := h.tree(link("a", outside), link("b", outside+"/file"))
	under := h.tree(directory("a", h.tree(h.file("file", 4, "evil"))), h.file("b", 4, "evil"))
	h.commit(h.put(format.KindTree, format.EncodeTree(&format.Tree{Branches: []format.Branch{
		{First: []byte("a"), Node: links}, {First: []byte("b"), Node: under},
	}})))
	for _, rule := range []OnConflict{KeepBoth, Replace, SkipFile} {
		to := t.TempDir()
		r, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to, OnConflict: rule}, nil)
		must(t, err)
		if len(r.Failed) > 1 || len(r.Failed) == 1 && r.Failed[0].Path != "a" { // whichever is there first stays
			t.Errorf("%s: failed %+v", rule, r.Failed)
		}
		wantContent(t, outside+"/file", "outside")
		wantNames(t, outside, "file")
		noTemporaryFiles(t, to)
	}
}

func TestALinkSwappedForAFolderDuringARestore(t *testing.T) {
	s := saving(t, func(dir string) {
		for i := range 8 {
			write(t, fmt.Sprintf("%s/folder/sub%d/file", dir, i), "saved")
			write(t, fmt.Sprintf("%s/folder/%d", dir, i), "saved")
		}
		must(t, os.Link(dir+"/folder/1", dir+"/folder/sub1/linked"))
	})
	outside := t.TempDir()
	write(t, outside+"/0", "outside")
	must(t, os.Mkdir(outside+"/sub0", 0o755))
	before, err := os.Stat(outside)
	must(t, err)
	to := t.TempDir()
	dir := to + "/Photos"
	must(t, os.MkdirAll(dir+"/folder", 0o755))
	must(t, os.Symlink(outside, dir+"/other"))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := unix.Renameat2(unix.AT_FDCWD, dir+"/folder", unix.AT_FDCWD, dir+"/other", unix.RENAME_EXCHANGE); err != nil {
				t.Error(err)
				return
			}
		}
	})
	entered, refused := 0, 0
	for i := 0; i < 3000 && (entered < 20 || refused < 20); i++ {
		r, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to, OnConflict: Replace}, nil)
		if err != nil {
			t.Error(err)
			break
		}
		if slices.ContainsFunc(r.Failed, func(f Failure) bool { return f.Path == "folder" }) {
			refused++
		} else {
			entered++
		}
	}
	close(stop)
	wg.Wait()
	if entered == 0 || refused == 0 {
		t.Errorf("met the folder %d times and the link %d times: the race was not run", entered, refused)
	}
	wantNames(t, outside, "0", "sub0")
	wantNames(t, outside+"/sub0")
	wantContent(t, outside+"/0", "outside")
	if after, err := os.Stat(outside); err != nil || after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
		t.Error("the folder behind the link was changed")
	}
}

func TestSizesThatDoNotAddUpAreDamage(t *testing.T) {
	h := newHandmade(t)
	level0 := func(sizes ...uint64) []byte {
		var items []format.ListItem
		for _, n := range sizes {
			items = append(items, format.ListItem{ID: format.ChunkID(h.put(format.KindData, []byte("four"))), Size: n})
		}
		return h.put(format.KindList, format.EncodeList(0, items))
	}
	listed := func(name string, size uint64, list []byte) format.Entry {
		return format.Entry{Name: []byte(name), Type: format.TypeFile, Mode: 0o644, Size: size, List: list}
	}
	sparse := h.file("hole", 20, "four")
	sparse.Holes = []format.Hole{{Off: 2, Len: 15}}
	short := h.file("m-short-hole", 20, "four")
	short.Holes = []format.Hole{{Off: 2, Len: 16}}
	h.commit(h.tree(
		h.file("a-long", 3, "four"),
		h.file("b-short", 5, "four"),
		h.file("c-nothing", 1, ""),
		h.file("d-right", 8, "four", "four"),
		listed("e-list-long", 7, level0(4, 4)),
		listed("f-list-short", 9, level0(4, 4)),
		listed("g-list-right", 8, level0(4, 4)),
		sparse,
		listed("i-cycle", 8, h.put(format.KindList, format.EncodeList(1, []format.ListItem{{ID: format.ChunkID(h.put(format.KindList, format.EncodeList(1, []format.ListItem{{Size: 8}}))), Size: 8}}))),
		short,
	))
	to := t.TempDir()
	r, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	var failed []string
	for _, f := range r.Failed {
		failed = append(failed, f.Path)
		if !f.Damage {
			t.Errorf("%+v is no damage", f)
		}
	}
	slices.Sort(failed)
	if want := []string{"a-long", "b-short", "c-nothing", "e-list-long", "f-list-short", "hole", "i-cycle"}; !slices.Equal(failed, want) {
		t.Errorf("failed %q, want %q", failed, want)
	}
	wantNames(t, to+"/Photos", "d-right", "g-list-right", "m-short-hole")
	wantContent(t, to+"/Photos/d-right", "fourfour")
	wantContent(t, to+"/Photos/m-short-hole", "fo"+strings.Repeat("\x00", 16)+"ur")
}

func TestSizesBeyondEveryDisk(t *testing.T) {
	h := newHandmade(t)
	h.commit(h.tree(h.file("big", 1<<63, "four"), h.file("good", 4, "good")))
	to := t.TempDir()
	r, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	if len(r.Failed) != 1 || !r.Failed[0].Damage {
		t.Errorf("2^63 bytes: %+v", r.Failed)
	}

	h = newHandmade(t)
	list := h.put(format.KindList, format.EncodeList(0, []format.ListItem{{ID: format.ChunkID(h.put(format.KindData, []byte("four"))), Size: 4}}))
	x := format.Entry{Name: []byte("big"), Type: format.TypeFile, Size: math.MaxInt64, List: list}
	y := x
	y.Name = []byte("bigger")
	h.commit(h.tree(x, y, h.file("good", 4, "good")))
	to = t.TempDir()
	if _, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil); !errors.Is(err, ErrNoRoom) || !strings.Contains(err.Error(), "9.2 EB are needed") {
		t.Errorf("error %v", err)
	}
	wantNames(t, to)
	restores(t, h.e, RestoreOptions{To: to, Paths: []string{"good"}})

	h = newHandmade(t)
	hole := format.Entry{Name: []byte("hole"), Type: format.TypeFile, Mode: 0o644, Size: math.MaxInt64, Holes: []format.Hole{{Off: 0, Len: math.MaxInt64}}}
	h.commit(h.tree(h.file("good", 4, "good"), hole))
	r, err = h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	if len(r.Failed) > 1 || r.Same != 1 { // tmpfs can hold it
		t.Errorf("a hole of 2^63-1 bytes: %+v", r)
	}
	noTemporaryFiles(t, to)
}

func TestDeepFoldersNeedFewDescriptors(t *testing.T) {
	h := newHandmade(t)
	const deep = 1000
	chain := func(levels int) []byte {
		tree := h.tree(h.file("needle", 4, "deep"))
		for range levels {
			tree = h.tree(directory("d", tree), h.file("file", 4, "four"))
		}
		return tree
	}
	h.commit(chain(deep))
	to := t.TempDir()
	t.Cleanup(func() { removeDeep(t, filepath.Join(to, "Photos")) })
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	few := limit
	few.Cur = 160
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few))
	r, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	must(t, err)
	if r.Files != deep+1 || len(r.Failed) != 0 {
		t.Errorf("%d files, failed %.300v", r.Files, r.Failed)
	}
	at, err := disk.OpenRoot(to)
	must(t, err)
	for _, name := range append([]string{"Photos"}, slices.Repeat([]string{"d"}, deep)...) {
		sub, err := at.OpenDir(name)
		must(t, errors.Join(err, at.Close()))
		at = sub
		st, err := at.Stat()
		must(t, err)
		if st.Mode != 0o755 || st.MTimeSec != 1 {
			t.Fatalf("a folder has mode %o and time %d", st.Mode, st.MTimeSec)
		}
	}
	must(t, at.Close())
	if m, err := h.e.Find(t.Context(), "needle"); err != nil || len(m) != 1 || strings.Count(m[0].Path, "/") != deep {
		t.Errorf("%d matches, error %v", len(m), err)
	}

	h = newHandmade(t)
	h.commit(chain(format.MaxDepth + 20))
	if m, err := h.e.Find(t.Context(), "needle"); !vault.IsDamage(err) || len(m) != 0 {
		t.Errorf("%d matches beyond the limit, error %v", len(m), err)
	}
	w := &walk{stack: make([]*folder, format.MaxDepth+1)}
	if _, err := w.enter(t.Context(), nil, &format.Entry{Name: []byte("d")}, true); !vault.IsDamage(err) {
		t.Errorf("entered beyond the limit: %v", err)
	}
}

// removeDeep removes a chain of folders that is deeper than os.RemoveAll has descriptors for.
func removeDeep(t *testing.T, dir string) {
	t.Helper()
	must(t, os.Rename(dir, dir+".0"))
	for at := dir + ".0"; ; {
		next := dir + ".1"
		if at == next {
			next = dir + ".0"
		}
		err := os.Rename(at+"/d", next)
		must(t, os.RemoveAll(at))
		if err != nil {
			return
		}
		at = next
	}
}

func TestADirectoryThatIsLargeAndPartlyDamagedGivesTheRest(t *testing.T) {
	h := newHandmade(t)
	node := func(names ...string) []byte {
		var entries []format.Entry
		for _, n := range names {
			entries = append(entries, h.file(n, 4, "four"))
		}
		return h.tree(entries...)
	}
	h.commit(h.put(format.KindTree, format.EncodeTree(&format.Tree{Branches: []format.Branch{
		{First: []byte("a"), Node: node("a", "b")},
		{First: []byte("c"), Node: make([]byte, 32)}, // in no pack
		{First: []byte("e"), Node: node("e", "f")},
	}})))
	to := t.TempDir()
	r, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	if r.Files != 4 || len(r.Failed) != 1 || r.Failed[0] != (Failure{".", "its stored data is missing from the storage", true}) {
		t.Errorf("%+v", r)
	}
	wantNames(t, to+"/Photos", "a", "b", "e", "f")
	items, err := h.e.List(t.Context(), "latest", "")
	if len(items) != 4 || !vault.IsDamage(err) {
		t.Errorf("%d items, error %v", len(items), err)
	}
	matches, err := h.e.Find(t.Context(), "*")
	if len(matches) != 4 || !vault.IsDamage(err) {
		t.Errorf("%d matches, error %v", len(matches), err)
	}
}

func TestHardLinksAreTakenForOneOnlyWithOneContent(t *testing.T) {
	h := newHandmade(t)
	entry := func(name, text string) format.Entry {
		x := h.file(name, uint64(len(text)), text)
		x.Link = []byte("samelink")
		return x
	}
	bad := entry("1", "lost")
	bad.Chunks = make([]byte, 32) // in no pack
	h.commit(h.tree(bad, entry("a", "one"), entry("b", "one"), entry("c", "two"), directory("d", h.tree(entry("e", "two"), entry("f", "one")))))
	to := t.TempDir()
	r, err := h.e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	if r.Files != 5 || len(r.Failed) != 1 {
		t.Errorf("%+v", r)
	}
	dir := to + "/Photos/"
	same := func(a, b string) bool {
		x, err := os.Stat(dir + a)
		must(t, err)
		y, err := os.Stat(dir + b)
		must(t, err)
		return os.SameFile(x, y)
	}
	if !same("a", "b") || !same("a", "d/f") || !same("c", "d/e") || same("a", "c") {
		t.Error("the names are not linked as they were")
	}
}
