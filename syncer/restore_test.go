package syncer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/syncer/disk"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// saved is a folder that was backed up, and the engine of another device that has the words only.
type saved struct {
	src   string
	owner *Engine
	other *Engine
	node  *nodetest.Memory
}

// saving backs a folder up that fill has filled.
func saving(t *testing.T, fill func(dir string)) saved {
	t.Helper()
	s := saved{src: filepath.Join(t.TempDir(), "Photos"), node: &nodetest.Memory{}}
	must(t, os.Mkdir(s.src, 0o755))
	fill(s.src)
	secret := testEntropy(t)
	s.owner = testEngine(t, s.node, secret)
	added(t, s.owner, s.src)
	if got := backup(t, s.owner); len(got.Skipped) > 0 {
		t.Fatalf("not everything was saved: %+v", got.Skipped)
	}
	s.other = testEngine(t, s.node, secret)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// restores restores without a single failure.
func restores(t *testing.T, e *Engine, o RestoreOptions) *Restored {
	t.Helper()
	if o.Snapshot == "" {
		o.Snapshot = "latest"
	}
	r, err := e.Restore(t.Context(), o, nil)
	must(t, err)
	if len(r.Failed) > 0 {
		t.Fatalf("not restored: %+v", r.Failed)
	}
	return r
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	if got := textOf(t, path); got != want {
		t.Errorf("%s holds %.40q, want %.40q", filepath.Base(path), got, want)
	}
}

// wantNames also tells that nothing temporary is left.
func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", filepath.Base(dir), got, want)
	}
}

func noTemporaryFiles(t *testing.T, dir string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && disk.IsTempName(d.Name()) {
			t.Errorf("%s was left", path)
		}
		return err
	}))
}

func TestAPathGoesBelowItsFolder(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/a/b/one.txt", "one")
		write(t, dir+"/a/two.txt", "two")
		write(t, dir+"/three.txt", "three")
	})
	for _, c := range []struct {
		paths []string
		want  []string
	}{
		{nil, []string{"a/b/one.txt", "a/two.txt", "three.txt"}},
		{[]string{"."}, []string{"a/b/one.txt", "a/two.txt", "three.txt"}},
		{[]string{"a/b/one.txt"}, []string{"a/b/one.txt"}},
		{[]string{"a/b/"}, []string{"a/b/one.txt"}},
		{[]string{"a", "a/b/one.txt", "./a//two.txt"}, []string{"a/b/one.txt", "a/two.txt"}},
		{[]string{"three.txt", "a/two.txt"}, []string{"a/two.txt", "three.txt"}},
		{[]string{s.src + "/a/two.txt"}, []string{"a/two.txt"}},
	} {
		to := t.TempDir()
		r := restores(t, s.other, RestoreOptions{Paths: c.paths, To: to})
		var got []string
		for path := range onDisk(t, to) {
			if fi, err := os.Stat(filepath.Join(to, path)); err == nil && !fi.IsDir() {
				got = append(got, strings.TrimPrefix(path, "Photos/"))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) || r.Files != int64(len(c.want)) {
			t.Errorf("%q brought %d: %q, want %q", c.paths, r.Files, got, c.want)
		}
		if !slices.Equal(r.Targets, []string{to + "/Photos"}) {
			t.Errorf("targets %q", r.Targets)
		}
	}
}

func TestAPathThatIsNotThereStopsBeforeAnythingIsWritten(t *testing.T) {
	s := saving(t, func(dir string) { write(t, dir+"/a/one.txt", "one") })
	for _, path := range []string{"a/two.txt", "..", "../a", "a/one.txt/x", "/etc/passwd", "b"} {
		to := t.TempDir()
		_, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to, Paths: []string{"a", path}}, nil)
		if !errors.Is(err, ErrNotInVersion) {
			t.Errorf("%s: error %v", path, err)
		}
		wantNames(t, to)
	}
}

func TestRestoreSaysWhatItCannotBeAsked(t *testing.T) {
	s := saving(t, func(dir string) { write(t, dir+"/a", "a") })
	for _, o := range []RestoreOptions{{}, {To: "x", InPlace: true}, {To: "x", OnConflict: "guess"}} {
		o.Snapshot = "latest"
		if _, err := s.other.Restore(t.Context(), o, nil); !errors.Is(err, ErrUsage) {
			t.Errorf("%+v: error %v", o, err)
		}
	}
	if _, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "beef0000", To: t.TempDir()}, nil); !errors.Is(err, ErrUnknownVersion) {
		t.Errorf("error %v", err)
	}
}

func TestTwoFoldersOfOneNameGoSideBySide(t *testing.T) {
	n, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, n, secret)
	for i, parent := range []string{t.TempDir(), t.TempDir()} {
		write(t, parent+"/Docs/file", fmt.Sprint(i))
		added(t, e, parent+"/Docs")
	}
	_, err := e.Backup(t.Context(), nil, nil)
	must(t, err)
	to := t.TempDir()
	restores(t, testEngine(t, n, secret), RestoreOptions{To: to})
	wantNames(t, to, "Docs", "Docs (2)")
	if a, b := textOf(t, to+"/Docs/file"), textOf(t, to+"/Docs (2)/file"); a == b {
		t.Errorf("both hold %q", a)
	}
}

func TestKeepBothNeverTouchesWhatIsThere(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/note.txt", "saved")
		write(t, dir+"/.profile", "saved")
		write(t, dir+"/link", "saved")
		write(t, dir+"/folder", "saved")
		write(t, dir+"/equal", "equal")
		must(t, os.Symlink("saved", dir+"/pointer"))
	})
	outside := filepath.Join(t.TempDir(), "outside")
	to := t.TempDir()
	dir := to + "/Photos"
	write(t, dir+"/note.txt", "newer")
	write(t, dir+"/.profile", "newer")
	write(t, dir+"/equal", "equal")
	must(t, os.Symlink(outside, dir+"/link"))
	must(t, os.Mkdir(dir+"/folder", 0o755))
	must(t, os.Symlink("newer", dir+"/pointer"))
	before, err := os.Stat(dir + "/equal")
	must(t, err)

	for round := range 2 {
		r := restores(t, s.other, RestoreOptions{To: to})
		if round == 0 && (r.Files != 5 || r.Same != 1) || round == 1 && (r.Files != 0 || r.Same != 6) {
			t.Errorf("round %d: %+v", round, r)
		}
		wantContent(t, dir+"/note.txt", "newer")
		wantContent(t, dir+"/note (restored).txt", "saved")
		wantContent(t, dir+"/.profile (restored)", "saved")
		wantContent(t, dir+"/link (restored)", "saved")
		wantContent(t, dir+"/folder (restored)", "saved")
		if target, err := os.Readlink(dir + "/pointer (restored)"); err != nil || target != "saved" {
			t.Errorf("link to %q, %v", target, err)
		}
		if _, err := os.Lstat(outside); err == nil {
			t.Error("a file was written through a link")
		}
		wantNames(t, dir, "note.txt", "note (restored).txt", ".profile", ".profile (restored)", "link", "link (restored)",
			"folder", "folder (restored)", "pointer", "pointer (restored)", "equal")
	}
	after, err := os.Stat(dir + "/equal")
	must(t, err)
	if !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
		t.Error("an equal file was replaced")
	}
	write(t, dir+"/note (restored).txt", "newer too")
	restores(t, s.other, RestoreOptions{To: to})
	wantContent(t, dir+"/note (restored).txt", "newer too")
	wantContent(t, dir+"/note (restored 2).txt", "saved")
}

func TestReplaceReplacesFilesAndLinksButNoFolder(t *testing.T) {
	s := saving(t, func(dir string) {
		for _, name := range []string{"note.txt", "link", "folder", "old", "sub/deep.txt"} {
			write(t, dir+"/"+name, "saved")
		}
		must(t, os.Chtimes(dir+"/old", time.Unix(1000, 5), time.Unix(1000, 5)))
		must(t, os.Symlink("saved", dir+"/pointer"))
	})
	outside := filepath.Join(t.TempDir(), "outside")
	write(t, outside, "outside")
	to := t.TempDir()
	dir := to + "/Photos"
	write(t, dir+"/note.txt", "newer")
	write(t, dir+"/old", "saved")
	write(t, dir+"/sub/deep.txt", "newer")
	write(t, dir+"/extra", "stays")
	must(t, os.Symlink(outside, dir+"/link"))
	write(t, dir+"/pointer", "newer")
	must(t, os.Mkdir(dir+"/folder", 0o755))
	r, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to, OnConflict: Replace}, nil)
	must(t, err)
	if len(r.Failed) != 1 || r.Failed[0].Path != "folder" || r.Failed[0].Damage || !strings.Contains(r.Failed[0].Reason, "a folder stands") {
		t.Errorf("failed: %+v", r.Failed)
	}
	for _, name := range []string{"note.txt", "link", "old", "sub/deep.txt"} {
		wantContent(t, dir+"/"+name, "saved")
	}
	if target, err := os.Readlink(dir + "/pointer"); err != nil || target != "saved" {
		t.Errorf("link to %q, %v", target, err)
	}
	wantContent(t, dir+"/extra", "stays")
	wantContent(t, outside, "outside")
	if fi, err := os.Lstat(dir + "/old"); err != nil || !fi.ModTime().Equal(time.Unix(1000, 5)) {
		t.Errorf("an equal file kept another time")
	}
	wantNames(t, dir, "note.txt", "link", "old", "sub", "extra", "pointer", "folder")
}

func TestSkipLeavesWhatIsThere(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/note.txt", "saved")
		write(t, dir+"/new.txt", "saved")
	})
	to := t.TempDir()
	write(t, to+"/Photos/note.txt", "newer")
	r := restores(t, s.other, RestoreOptions{To: to, OnConflict: SkipFile})
	if r.Files != 1 || r.Same != 0 {
		t.Errorf("%+v", r)
	}
	wantContent(t, to+"/Photos/note.txt", "newer")
	wantContent(t, to+"/Photos/new.txt", "saved")
	wantNames(t, to+"/Photos", "note.txt", "new.txt")
}

func TestRestoreNeverFollowsALinkInPlaceOfAFolder(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/linked/file", "saved")
		write(t, dir+"/filed/file", "saved")
		write(t, dir+"/fine/file", "saved")
	})
	for _, rule := range []OnConflict{KeepBoth, Replace, SkipFile} {
		outside, to := t.TempDir(), t.TempDir()
		write(t, to+"/Photos/filed", "a file")
		must(t, os.Symlink(outside, to+"/Photos/linked"))
		r, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to, OnConflict: rule}, nil)
		must(t, err)
		slices.SortFunc(r.Failed, func(a, b Failure) int { return strings.Compare(a.Path, b.Path) })
		if len(r.Failed) != 2 || r.Failed[0] != (Failure{"filed", "a file stands where this folder should be", false}) ||
			r.Failed[1] != (Failure{"linked", "a link stands where this folder should be", false}) {
			t.Errorf("%s: %+v", rule, r.Failed)
		}
		wantNames(t, outside)
		wantContent(t, to+"/Photos/filed", "a file")
		wantContent(t, to+"/Photos/fine/file", "saved")
	}
	// The folder itself is a name in the target, too.
	outside, to := t.TempDir(), t.TempDir()
	must(t, os.Symlink(outside, to+"/Photos"))
	r, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	if !errors.Is(err, disk.ErrConflict) || len(r.Failed) != 1 || r.Failed[0].Path != "." {
		t.Errorf("error %v, %+v", err, r)
	}
	wantNames(t, outside)
}

func TestInPlaceBringsBackWhatIsMissing(t *testing.T) {
	when := time.Unix(1_600_000_000, 123456789)
	s := saving(t, func(dir string) {
		write(t, dir+"/sub/lost", "saved")
		write(t, dir+"/sub/kept", "saved")
		write(t, dir+"/changed", "saved")
		must(t, os.Chtimes(dir+"/sub", when, when))
		must(t, os.Chtimes(dir, when, when))
	})
	must(t, os.Remove(s.src+"/sub/lost"))
	must(t, os.Chmod(s.src+"/sub", 0o700))
	write(t, s.src+"/changed", "newer")
	r := restores(t, s.other, RestoreOptions{InPlace: true})
	if r.Files != 2 || r.Same != 1 || !slices.Equal(r.Targets, []string{s.src}) {
		t.Errorf("%+v", r)
	}
	wantContent(t, s.src+"/sub/lost", "saved")
	wantContent(t, s.src+"/changed", "newer")
	wantContent(t, s.src+"/changed (restored)", "saved")
	fi, err := os.Stat(s.src + "/sub")
	must(t, err)
	if fi.Mode().Perm() != 0o700 || !fi.ModTime().Equal(when) {
		t.Errorf("a folder that was there has mode %v and time %v", fi.Mode(), fi.ModTime())
	}

	must(t, os.RemoveAll(s.src))
	restores(t, s.other, RestoreOptions{InPlace: true})
	wantContent(t, s.src+"/changed", "saved")
	for _, dir := range []string{s.src, s.src + "/sub"} {
		fi, err := os.Stat(dir)
		must(t, err)
		if fi.Mode().Perm() != 0o755 || !fi.ModTime().Equal(when) {
			t.Errorf("%s came back with mode %v and time %v", filepath.Base(dir), fi.Mode(), fi.ModTime())
		}
	}
}

func TestInPlaceMayLeadThroughALinkToTheFolderItself(t *testing.T) {
	s := saving(t, func(dir string) { write(t, dir+"/file", "saved") })
	moved := filepath.Join(t.TempDir(), "moved")
	must(t, os.Rename(s.src, moved))
	must(t, os.Remove(moved+"/file"))
	must(t, os.Symlink(moved, s.src))
	restores(t, s.other, RestoreOptions{InPlace: true})
	wantContent(t, moved+"/file", "saved")
}

func TestWhatIsThereIsNotReadFromTheStorageAgain(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/long", noise(1, 9<<20))
		write(t, dir+"/short", noise(2, 100_000))
		write(t, dir+"/data.db", "SQLite format 3\x00"+noise(3, 3<<20))
		must(t, os.Symlink("short", dir+"/pointer"))
	})
	to := t.TempDir()
	if r := restores(t, s.other, RestoreOptions{To: to}); r.Files != 4 || r.Bytes < 12<<20 {
		t.Errorf("first: %+v", r)
	}
	counted := nodetest.NewFaulty(s.node, 1)
	e := testEngineIn(t, t.TempDir(), counted, s.other.bundle)
	if _, err := e.state(t.Context()); err != nil {
		t.Fatal(err)
	}
	counted.Script()
	if r := restores(t, e, RestoreOptions{To: to}); r.Files != 0 || r.Same != 4 || r.Bytes != 0 {
		t.Errorf("second: %+v", r)
	}
	if n := counted.Calls("Get"); n > 12 {
		t.Errorf("%d blocks were read for nothing", n)
	}
	// One changed byte, at the same length and time, is noticed.
	fi, err := os.Stat(to + "/Photos/data.db")
	must(t, err)
	f, err := os.OpenFile(to+"/Photos/data.db", os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte{f.Name()[0] ^ 1}, 2_000_000)
	must(t, errors.Join(err, f.Close()))
	must(t, os.Chtimes(to+"/Photos/data.db", fi.ModTime(), fi.ModTime()))
	if r := restores(t, s.other, RestoreOptions{To: to}); r.Files != 1 || r.Same != 3 {
		t.Errorf("with a changed file: %+v", r)
	}
	if textOf(t, to+"/Photos/data (restored).db") != textOf(t, s.src+"/data.db") {
		t.Error("the restored copy differs")
	}
}

func TestProgressEndsAtItsTotals(t *testing.T) {
	s := saving(t, func(dir string) { sample(t, dir, 1) })
	var last Progress
	phases := map[string]bool{}
	r, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: t.TempDir()}, func(p Progress) {
		last = p
		phases[p.Phase] = true
	})
	must(t, err)
	if last.Files != last.TotalFiles || last.Bytes != last.TotalBytes || last.Files != r.Files || last.Bytes != r.Bytes || r.Files != 34 {
		t.Errorf("ended at %+v after %+v", last, r)
	}
	if !phases["looking"] || !phases["restoring"] {
		t.Errorf("phases %v", phases)
	}
}

// dataPacks are the packs that hold content.
func dataPacks(t *testing.T, e *Engine) (out []cid.Cid) {
	for _, p := range packsOf(t, e) {
		if p.Type == format.DataPack {
			out = append(out, p.Digest.RawCID())
		}
	}
	return out
}

func TestALostPackCostsItsFilesAndNoOther(t *testing.T) {
	for what, harm := range map[string]func(*nodetest.Memory, ...cid.Cid){
		"lost":    (*nodetest.Memory).Lose,
		"damaged": func(m *nodetest.Memory, c ...cid.Cid) { m.Damage(c[0]) },
	} {
		s := saving(t, func(dir string) {
			for i := range 12 {
				write(t, fmt.Sprintf("%s/%d", dir, i), noise(uint64(i), 900_000))
			}
		})
		harm(s.node, dataPacks(t, s.owner)[0])
		to := t.TempDir()
		r, err := s.other.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
		must(t, err)
		if len(r.Failed) == 0 || r.Files == 0 || int(r.Files)+len(r.Failed) != 12 {
			t.Errorf("%s: %d restored, failed %+v", what, r.Files, r.Failed)
		}
		for _, f := range r.Failed {
			if !f.Damage || !strings.Contains(f.Reason, "stored data") {
				t.Errorf("%s: failed %+v", what, f)
			}
			if _, err := os.Lstat(to + "/Photos/" + f.Path); err == nil {
				t.Errorf("%s: a part of %s was restored", what, f.Path)
			}
		}
		list, err := os.ReadDir(to + "/Photos")
		must(t, err)
		for _, x := range list {
			wantContent(t, to+"/Photos/"+x.Name(), textOf(t, s.src+"/"+x.Name()))
		}
	}
}

func TestAnUnreachableStorageEndsTheRestoreCleanly(t *testing.T) {
	s := saving(t, func(dir string) {
		for i := range 20 {
			write(t, fmt.Sprintf("%s/%d/file", dir, i), noise(uint64(i), 900_000))
		}
	})
	faulty := nodetest.NewFaulty(s.node, 1)
	e := testEngineIn(t, t.TempDir(), faulty, s.other.bundle)
	for _, call := range []int{1, 2, 5, 9, 14} {
		to := t.TempDir()
		if _, err := e.state(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.use(connection{node: faulty})                              // an empty pack cache
		faulty.Script(nodetest.Fault{Method: "Get", Call: call + 4}) // the first read heads
		_, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
		if !errors.Is(err, node.ErrUnreachable) {
			t.Fatalf("call %d: error %v", call, err)
		}
		noTemporaryFiles(t, to)
		faulty.Script()
		restores(t, e, RestoreOptions{To: to})
		sameContents(t, onDisk(t, to+"/Photos"), onDisk(t, s.src))
	}
}

func TestAStoppedRestoreLeavesNothingTemporary(t *testing.T) {
	s := saving(t, func(dir string) {
		for i := range 30 {
			write(t, fmt.Sprintf("%s/%d", dir, i), noise(uint64(i), 700_000))
		}
	})
	to := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	stall := nodetest.NewFaulty(s.node, 1, nodetest.Fault{Method: "Get", Kind: nodetest.Stall, Delay: 2 * time.Millisecond})
	e := testEngineIn(t, t.TempDir(), stall, s.other.bundle)
	go func() {
		for {
			list, _ := os.ReadDir(to + "/Photos")
			if len(list) > 5 {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, err := e.Restore(ctx, RestoreOptions{Snapshot: "latest", To: to}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	noTemporaryFiles(t, to)
	r := restores(t, e, RestoreOptions{To: to})
	if r.Same == 0 || r.Same+r.Files != 30 {
		t.Errorf("resumed with %+v", r)
	}
	sameContents(t, onDisk(t, to+"/Photos"), onDisk(t, s.src))
}

func TestRestoredNamesStayNames(t *testing.T) {
	long := strings.Repeat("ö", 127)
	for _, c := range []struct {
		name   string
		number int
		want   string
	}{
		{"a.txt", 0, "a.txt"},
		{"a.txt", 1, "a (restored).txt"},
		{"a.txt", 12, "a (restored 12).txt"},
		{"Makefile", 1, "Makefile (restored)"},
		{".profile", 1, ".profile (restored)"},
		{"Dr. Who", 1, "Dr. Who (restored)"},
		{"a.tar.gz", 1, "a.tar (restored).gz"},
		{long, 1, long[:244] + " (restored)"},
		{long + "x", 1, long[:244] + " (restored)"},
		{strings.Repeat("x", 250) + ".jpg", 2, strings.Repeat("x", 238) + " (restored 2).jpg"},
	} {
		if got := restoredName(c.name, c.number); got != c.want {
			t.Errorf("%q, %d: %q, want %q", c.name, c.number, got, c.want)
		}
	}
}

func FuzzRestoredName(f *testing.F) {
	f.Add("a.txt", 1)
	f.Add(strings.Repeat("ö", 127)+".x", 3)
	f.Fuzz(func(t *testing.T, name string, number int) {
		if disk.CheckName(name) != nil || len(name) > 255 || number < 0 {
			return
		}
		if got := restoredName(name, number); disk.CheckName(got) != nil || len(got) > 255 || number > 0 && got == name {
			t.Errorf("%q, %d: %q", name, number, got)
		}
	})
}

func FuzzVersionPath(f *testing.F) {
	f.Add("/home/me/Docs/a", "/home/me/Docs")
	f.Add("../x", "/")
	f.Fuzz(func(t *testing.T, given, folder string) {
		rel, ok := versionPath(given, folder)
		if ok && rel != "" && !filepath.IsLocal(rel) {
			t.Errorf("%q in %q is %q", given, folder, rel)
		}
	})
}
