package syncer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// kept is a folder with three versions, on a storage: a letter that changed, went and came back, and what lies beside it.
type kept struct {
	*Engine
	src      string
	node     node.Node
	secret   format.Entropy
	versions []string // oldest first
}

func keepingLetters(t *testing.T, n node.Node) kept {
	t.Helper()
	k := kept{src: filepath.Join(t.TempDir(), "Papers"), node: n, secret: testEntropy(t)}
	k.Engine = testEngine(t, n, k.secret)
	letter := k.src + "/2024/letter.txt"
	write(t, letter, "Dear Marta,")
	write(t, k.src+"/notes", "same in all")
	write(t, k.src+"/2023/old", strings.Repeat("old ", 100))
	added(t, k.Engine, k.src)
	save := func() { k.versions = append(k.versions, backup(t, k.Engine).ID.String()) }
	save()
	write(t, letter, "Dear Marta, it rains.")
	save()
	must(t, os.Remove(letter))
	must(t, os.RemoveAll(k.src+"/2023"))
	write(t, k.src+"/2025/new", "new")
	save()
	write(t, letter, "Dear Marta,")
	must(t, os.Symlink("notes", k.src+"/pointer"))
	save()
	return k
}

func TestHistoryHasEachContentOnceForEachTimeItCame(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		k := keepingLetters(t, n)
		for _, c := range []struct {
			path string
			want []string // version index, size, newest
		}{
			{"2024/letter.txt", []string{"3 11 true", "1 21 false", "0 11 false"}},
			{k.src + "/2024/letter.txt", []string{"3 11 true", "1 21 false", "0 11 false"}},
			{"notes", []string{"3 11 true"}},
			{"2023/old", []string{"1 400 false"}},
			{"pointer", []string{"3 0 true"}},
		} {
			list, err := k.History(t.Context(), k.versions[0], c.path)
			must(t, err)
			var got []string
			for _, x := range list {
				got = append(got, fmt.Sprint(slices.Index(k.versions, x.Snapshot.String()), x.Item.Size, x.Newest))
				if x.First.After(x.Last) || x.Device != "Laptop" || x.Folder != k.src {
					t.Errorf("%+v", x)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s was %q, want %q", c.path, got, c.want)
			}
		}
		for _, path := range []string{"nowhere", "..", "notes/x"} {
			if _, err := k.History(t.Context(), k.versions[0], path); !errors.Is(err, ErrNotInVersion) {
				t.Errorf("%q: %v", path, err)
			}
		}
		if _, err := k.History(t.Context(), strings.Repeat("f", 64), "notes"); !errors.Is(err, ErrUnknownVersion) {
			t.Errorf("no version: %v", err)
		}
	})
}

// A second device that keeps a folder at the same place has a history of its own, told beside.
func TestHistoryIsToldOfEveryDevice(t *testing.T) {
	k := keepingLetters(t, &nodetest.Memory{})
	other := testEngine(t, k.node, k.secret)
	added(t, other, k.src)
	backup(t, other)
	list, err := other.History(t.Context(), k.versions[3], "notes")
	must(t, err)
	if len(list) != 2 || !list[0].Newest || !list[1].Newest {
		t.Errorf("%+v", list)
	}
}

func TestChildrenListsOneFolderFoldersFirst(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		k := keepingLetters(t, n)
		newest := k.versions[len(k.versions)-1]
		other := testEngine(t, n, k.secret) // knows nothing yet
		for _, c := range []struct {
			path string
			want []string
		}{{"", []string{"2024", "2025", "notes", "pointer"}}, {"2024", []string{"2024/letter.txt"}}} {
			items, err := other.Children(t.Context(), newest, c.path)
			if got := paths(items); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q holds %q, want %q, error %v", c.path, got, c.want, err)
			}
		}
		items, err := other.Children(t.Context(), newest[:20], "")
		must(t, err)
		if !items[0].IsFolder() || items[2].IsFolder() || items[2].IsLink() || !items[3].IsLink() {
			t.Errorf("%+v", items)
		}
		for _, path := range []string{"notes", "nowhere", "../x", "pointer"} {
			if _, err := other.Children(t.Context(), newest, path); !errors.Is(err, ErrNotInVersion) {
				t.Errorf("%q: %v", path, err)
			}
		}
	})
}

func TestCompareNamesWhatIsDifferentWithoutReadingIt(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		k := keepingLetters(t, n)
		for _, c := range []struct {
			before, after int
			path          string
			want          []string
		}{
			{0, 1, "", []string{"changed 2024/letter.txt 11 21"}},
			{1, 2, "", []string{"removed 2023/old 400 0", "removed 2024/letter.txt 21 0", "added 2025/new 0 3"}},
			{2, 1, "", []string{"added 2023/old 0 400", "added 2024/letter.txt 0 21", "removed 2025/new 3 0"}},
			{0, 3, "2024", nil},
			{2, 3, "", []string{"added 2024/letter.txt 0 11", "added pointer 0 0"}},
			{0, 2, "2023", []string{"removed 2023/old 400 0"}},
		} {
			got, err := k.Compare(t.Context(), k.versions[c.before], k.versions[c.after], c.path)
			must(t, err)
			var list []string
			var before, after int64
			for _, x := range got.Changes {
				list = append(list, fmt.Sprint(x.Kind, " ", x.Path, " ", x.Before, " ", x.After))
				before, after = before+x.Before, after+x.After
			}
			if !slices.Equal(list, c.want) || got.Added+got.Changed+got.Removed != int64(len(list)) || got.Before != before || got.After != after {
				t.Errorf("%d to %d at %q: %q, want %q (%+v)", c.before, c.after, c.path, list, c.want, got)
			}
		}
		if _, err := k.Compare(t.Context(), k.versions[0], k.versions[1], "nowhere"); !errors.Is(err, ErrNotInVersion) {
			t.Error(err)
		}
	})
}

// A file where a folder was, and the other way round, is one gone and another come.
func TestCompareKnowsAFileFromAFolder(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src := t.TempDir()
	write(t, src+"/a/inside", "1")
	write(t, src+"/b", "22")
	added(t, e, src)
	first := backup(t, e).ID.String()
	must(t, errors.Join(os.RemoveAll(src+"/a"), os.Remove(src+"/b")))
	write(t, src+"/a", "333")
	write(t, src+"/b/inside", "4444")
	got, err := e.Compare(t.Context(), first, backup(t, e).ID.String(), "")
	must(t, err)
	if got.Added != 2 || got.Removed != 2 || got.Changed != 0 || got.Before != 3 || got.After != 7 {
		t.Errorf("%+v", got)
	}
}

// Whatever two folders hold, the comparison is what a comparison of their whole lists gives.
func TestCompareAgreesWithTheListsOfBoth(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 2))
	shuffle := func() {
		for range 40 {
			path := fmt.Sprintf("%s/%c/%c%d", src, 'a'+rnd.IntN(4), 'a'+rnd.IntN(4), rnd.IntN(4))
			if rnd.IntN(3) == 0 {
				must(t, os.RemoveAll(path))
			} else {
				write(t, path, strings.Repeat("x", rnd.IntN(50)))
			}
		}
	}
	shuffle()
	added(t, e, src)
	for last := backup(t, e).ID; ; {
		shuffle()
		next := backup(t, e).ID
		want := map[string]string{}
		sizes := func(id format.ChunkID) map[string]int64 {
			items, err := e.List(t.Context(), id.String(), "")
			must(t, err)
			all := map[string]int64{}
			for _, x := range items {
				if !x.IsFolder() {
					all[x.Path] = x.Size
				}
			}
			return all
		}
		a, b := sizes(last), sizes(next)
		for p, n := range a {
			if m, there := b[p]; !there {
				want[p] = "removed"
			} else if m != n {
				want[p] = "changed"
			}
		}
		for p := range b {
			if _, there := a[p]; !there {
				want[p] = "added"
			}
		}
		got, err := e.Compare(t.Context(), last.String(), next.String(), "")
		must(t, err)
		for _, x := range got.Changes {
			if want[x.Path] != string(x.Kind) {
				t.Errorf("%s is %s, want %q", x.Path, x.Kind, want[x.Path])
			}
			delete(want, x.Path)
		}
		if len(want) > 0 {
			t.Errorf("not told: %v", want)
		}
		if last = next; rnd.IntN(6) == 0 {
			return
		}
	}
}

func TestPreviewReadsTheBeginningAndNoMore(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		src := t.TempDir()
		big := make([]byte, 3<<20)
		rnd := rand.NewChaCha8([32]byte{7})
		_, _ = rnd.Read(big) // never fails
		write(t, src+"/big", string(big))
		write(t, src+"/empty", "")
		must(t, os.Symlink("big", src+"/pointer"))
		sparse(t, src+"/sparse", 5<<20)
		added(t, e, src)
		id := backup(t, e).ID.String()
		for _, c := range []struct {
			path  string
			limit int64
			want  []byte
		}{
			{"big", 0, nil},
			{"big", 10, big[:10]},
			{"big", 2 << 20, big[:2<<20]},
			{"big", 1 << 40, big},
			{"empty", 10, nil},
			{"sparse", 8, make([]byte, 8)},
		} {
			got, err := e.Preview(t.Context(), id, c.path, c.limit)
			if err != nil || string(got) != string(c.want) {
				t.Errorf("%s to %d: %d bytes, want %d, error %v", c.path, c.limit, len(got), len(c.want), err)
			}
		}
		whole, err := e.Preview(t.Context(), id, "sparse", 1<<30)
		must(t, err)
		if want := textOf(t, src+"/sparse"); string(whole) != want {
			t.Errorf("the sparse file came as %d bytes, want %d", len(whole), len(want))
		}
		for _, path := range []string{"", "pointer"} {
			if _, err := e.Preview(t.Context(), id, path, 10); !errors.Is(err, ErrUsage) {
				t.Errorf("%q: %v", path, err)
			}
		}
		if _, err := e.Preview(t.Context(), id, "big", -1); !errors.Is(err, ErrUsage) {
			t.Error(err)
		}
		if _, err := e.Preview(t.Context(), id, "nowhere", 1); !errors.Is(err, ErrNotInVersion) {
			t.Error(err)
		}
	})
}

// sparse makes a file with some text behind a hole, and a hole at its end.
func sparse(t *testing.T, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	_, err = f.WriteAt([]byte("in the middle"), size/2)
	must(t, errors.Join(err, f.Truncate(size), f.Close()))
}

func TestAReadOnlyCopyIsWholeAndForThisPersonAlone(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		k := keepingLetters(t, n)
		sparse(t, k.src+"/sparse", 3<<20)
		id := backup(t, k.Engine).ID.String()
		to := t.TempDir()
		for _, name := range []string{"notes", "sparse"} {
			must(t, k.ReadOnlyCopy(t.Context(), id, name, filepath.Join(to, name)))
			wantContent(t, filepath.Join(to, name), textOf(t, filepath.Join(k.src, name)))
			fi, err := os.Stat(filepath.Join(to, name))
			must(t, err)
			if fi.Mode() != 0o400 && os.PathSeparator == '/' {
				t.Errorf("%s has mode %v", name, fi.Mode())
			}
		}
		if err := k.ReadOnlyCopy(t.Context(), id, "notes", filepath.Join(to, "sparse")); !errors.Is(err, disk.ErrExists) {
			t.Errorf("over another file: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := k.ReadOnlyCopy(ctx, id, "notes", filepath.Join(to, "stopped")); err == nil {
			t.Error("a stopped copy is no error")
		}
		wantNames(t, to, "notes", "sparse")
	})
}

func TestDetailsNameTheBlocksAndWhoKeepsThem(t *testing.T) {
	k := keepingLetters(t, &nodetest.Memory{})
	for _, path := range []string{"notes", "2024", ""} {
		d, err := k.Details(t.Context(), k.versions[0], path)
		must(t, err)
		if d.Snapshot != k.versions[0] || d.Path != path || d.Device != "Laptop" || d.Chunks != 1 || len(d.Packs) != 1 || d.More {
			t.Errorf("%q: %+v", path, d)
		}
		if len(d.Kept) != 1 || !d.Kept[0].Pinned || d.Kept[0].Root == "" || d.Kept[0].Problem != "" {
			t.Errorf("%q is kept by %+v", path, d.Kept)
		}
	}
	if _, err := k.Details(t.Context(), k.versions[0], "nowhere"); !errors.Is(err, ErrNotInVersion) {
		t.Error(err)
	}
}

func TestDetailsOfALargeFileNameEveryBlock(t *testing.T) {
	e := testEngine(t, nodetest.StartKubo(t).Node(t), testEntropy(t))
	src := t.TempDir()
	big := make([]byte, 6<<20)
	rnd := rand.NewChaCha8([32]byte{9})
	_, _ = rnd.Read(big) // never fails
	write(t, src+"/big", string(big))
	added(t, e, src)
	d, err := e.Details(t.Context(), backup(t, e).ID.String(), "big")
	must(t, err)
	var size int64
	for _, p := range d.Packs {
		size += p.Size
	}
	if d.Chunks < 2 || size < int64(len(big)) {
		t.Errorf("%d pieces in %d bytes", d.Chunks, size)
	}
}

// What is damaged is said, and does not hide what is whole.
func TestDamageIsToldBesideWhatCanBeRead(t *testing.T) {
	n, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, n, secret)
	s, err := e.vault().Begin(t.Context())
	must(t, err)
	defer s.Close()
	good, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{Entries: []format.Entry{{Name: []byte("needle"), Type: format.TypeFile}}}))
	must(t, err)
	part := format.Tree{Branches: []format.Branch{{First: []byte("a"), Node: make([]byte, 32)}, {First: []byte("needle"), Node: good[:]}}}
	half, _, err := s.Put(format.KindTree, format.EncodeTree(&part))
	must(t, err)
	var ids []string
	for i, tree := range [][]byte{make([]byte, 32), good[:], half[:]} {
		_, err = s.Commit(t.Context(), []*format.Snapshot{{
			Version: format.Version, Folder: format.FolderID{1}, Path: []byte("/was/here"), Device: e.vault().Device(),
			DeviceName: "Laptop", Seconds: int64(i), Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: tree}, Complete: true,
		}}, nil)
		must(t, err)
	}
	versions, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	for _, v := range slices.Backward(versions) {
		ids = append(ids, v.ID.String())
	}
	if list, err := e.History(t.Context(), ids[1], "needle"); len(list) != 1 || !vault.IsDamage(err) {
		t.Errorf("history %+v, error %v", list, err)
	}
	if items, err := e.Children(t.Context(), ids[2], ""); len(items) != 1 || !vault.IsDamage(err) {
		t.Errorf("children %+v, error %v", items, err)
	}
	if c, err := e.Compare(t.Context(), ids[0], ids[1], ""); c == nil || c.Added != 1 || !vault.IsDamage(err) {
		t.Errorf("compared %+v, error %v", c, err)
	}
}

func FuzzWholeID(f *testing.F) {
	f.Add(strings.Repeat("0a", 32))
	f.Add("latest")
	f.Fuzz(func(t *testing.T, name string) {
		if id, ok := wholeID(name); ok && id.String() != name {
			t.Errorf("%q was read as %s", name, id)
		}
	})
}

// What opening a folder of 100,000 files costs, when its packs are in memory.
func BenchmarkChildrenOfAHundredThousand(b *testing.B) {
	e := testEngine(b, &nodetest.Memory{}, testEntropy(b))
	s, err := e.vault().Begin(b.Context())
	must(b, err)
	defer s.Close()
	recs := make([]*record, 100_000)
	for i := range recs {
		name := fmt.Sprintf("photo-%06d.jpg", i)
		recs[i] = &record{name: name, entry: format.EncodeEntry(&format.Entry{Name: []byte(name), Type: format.TypeFile, Size: 4, Chunks: make([]byte, 32)})}
	}
	tree, err := putTree(s, recs)
	must(b, err)
	_, err = s.Commit(b.Context(), []*format.Snapshot{{
		Version: format.Version, Folder: format.FolderID{1}, Path: []byte("/was/here"), Device: e.vault().Device(), DeviceName: "Laptop",
		Seconds: 1, Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: tree[:]}, Complete: true,
	}}, nil)
	must(b, err)
	versions, _, err := e.Snapshots(b.Context(), "")
	must(b, err)
	id := versions[0].ID.String()
	for b.Loop() {
		if items, err := e.Children(b.Context(), id, ""); err != nil || len(items) != len(recs) {
			b.Fatalf("%d items, %v", len(items), err)
		}
	}
}
