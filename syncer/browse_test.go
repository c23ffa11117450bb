package syncer

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node/nodetest"
)

func paths(items []Item) (out []string) {
	for _, x := range items {
		out = append(out, x.Path)
	}
	return out
}

func TestListShowsEverythingBelowAPath(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/b/two.txt", "22")
		write(t, dir+"/b/a/one.txt", "1")
		write(t, dir+"/b-side", "333")
		must(t, os.Symlink("b", dir+"/pointer"))
		must(t, os.Mkdir(dir+"/empty", 0o755))
	})
	for _, c := range []struct {
		path string
		want []string
	}{
		{"", []string{"b", "b/a", "b/a/one.txt", "b/two.txt", "b-side", "empty", "pointer"}},
		{"/", []string{"b", "b/a", "b/a/one.txt", "b/two.txt", "b-side", "empty", "pointer"}},
		{"b", []string{"b/a", "b/a/one.txt", "b/two.txt"}},
		{s.src + "/b/a", []string{"b/a/one.txt"}},
		{"./b//two.txt", []string{"b/two.txt"}},
		{"pointer", []string{"pointer"}},
		{"empty", nil},
	} {
		items, err := s.other.List(t.Context(), "latest", c.path)
		if got := paths(items); err != nil || !slices.Equal(sorted(got), sorted(c.want)) {
			t.Errorf("%q lists %q, want %q, error %v", c.path, got, c.want, err)
		}
	}
	items, err := s.other.List(t.Context(), "latest", "b/two.txt")
	must(t, err)
	fi, err := os.Stat(s.src + "/b/two.txt")
	must(t, err)
	if x := items[0]; x.Type != format.TypeFile || x.Size != 2 || x.Mode != 0o644 || !x.MTime.Equal(fi.ModTime()) {
		t.Errorf("item %+v", x)
	}
	for _, path := range []string{"c", "b/two.txt/x", "..", "pointer/two.txt"} {
		if _, err := s.other.List(t.Context(), "latest", path); !errors.Is(err, ErrNotInVersion) {
			t.Errorf("%q: error %v", path, err)
		}
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestFindLooksThroughEveryVersionNewestFirst(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/2024/Beach.jpg", "1")
		write(t, dir+"/2024/beach house.txt", "22")
		write(t, dir+"/Cafe\u0301.txt", "decomposed")
	})
	first := backup(t, s.owner).ID
	must(t, os.Remove(s.src+"/2024/Beach.jpg"))
	write(t, s.src+"/2025/beach.jpg", "333")
	second := backup(t, s.owner).ID
	name := map[format.ChunkID]string{first: "1", second: "2"}
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{"BEACH", []string{"2 2024/beach house.txt 2", "2 2025/beach.jpg 3", "1 2024/Beach.jpg 1", "1 2024/beach house.txt 2"}},
		{"*.jpg", []string{"2 2025/beach.jpg 3", "1 2024/Beach.jpg 1"}},
		{"2024/*.jpg", []string{"1 2024/Beach.jpg 1"}},
		{"[Bb]each.*", []string{"2 2025/beach.jpg 3", "1 2024/Beach.jpg 1"}},
		{"2024/beach", []string{"2 2024/beach house.txt 2", "1 2024/Beach.jpg 1", "1 2024/beach house.txt 2"}},
		{"caf\u00e9", []string{"2 Cafe\u0301.txt 10", "1 Cafe\u0301.txt 10"}},
		{"2025", []string{"2 2025 0"}},
		{"nothing", nil},
	} {
		matches, err := s.other.Find(t.Context(), c.pattern)
		must(t, err)
		var got []string
		for _, m := range matches {
			got = append(got, fmt.Sprintf("%s %s %d", name[m.Snapshot], m.Path, m.Size))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q found %q, want %q", c.pattern, got, c.want)
		}
	}
	for _, pattern := range []string{"", "/", "[", "a[b"} {
		if _, err := s.other.Find(t.Context(), pattern); !errors.Is(err, ErrUsage) {
			t.Errorf("%q: error %v", pattern, err)
		}
	}
}

func TestFindReadsASharedTreeOnce(t *testing.T) {
	h := newLongHistory(t) // hundreds of versions, one tree
	match, err := matcher("x")
	must(t, err)
	st, err := h.state(t.Context())
	must(t, err)
	all, _, err := h.versions(t.Context(), st)
	must(t, err)
	f := &finder{e: h, match: match, known: map[searched]*found{}}
	for _, v := range all {
		if _, err := f.version(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 2 || len(f.known) != 1 {
		t.Errorf("%d versions, %d trees read", len(all), len(f.known))
	}
}

func TestDamageInOneVersionHidesNoOther(t *testing.T) {
	n, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, n, secret)
	s, err := e.vault().Begin(t.Context())
	must(t, err)
	defer s.Close()
	good, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{Entries: []format.Entry{{Name: []byte("needle"), Type: format.TypeFile}}}))
	must(t, err)
	for i, tree := range [][]byte{make([]byte, 32), good[:]} {
		_, err = s.Commit(t.Context(), []*format.Snapshot{{
			Version: format.Version, Folder: format.FolderID{byte(i)}, Path: fmt.Appendf(nil, "/was/%d", i), Device: e.vault().Device(),
			DeviceName: "Laptop", Seconds: int64(i), Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: tree}, Complete: true,
		}}, nil)
		must(t, err)
	}
	matches, err := e.Find(t.Context(), "needle")
	if len(matches) != 1 || !vault.IsDamage(err) {
		t.Errorf("found %v, error %v", matches, err)
	}
	items, err := e.List(t.Context(), "latest", "")
	if len(items) != 1 || !vault.IsDamage(err) {
		t.Errorf("listed %v, error %v", items, err)
	}
	to := t.TempDir()
	r, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	if r.Files != 1 || len(r.Failed) != 1 || r.Failed[0] != (Failure{"0", "its stored data is missing from the storage", true}) {
		t.Errorf("restored %+v", r)
	}
	wantContent(t, to+"/1/needle", "")
}

func FuzzMatcher(f *testing.F) {
	f.Add("*.jpg", "a.jpg")
	f.Add("[a-", "b")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		match, err := matcher(pattern)
		if err == nil {
			match(name)
		} else if !errors.Is(err, ErrUsage) {
			t.Error(err)
		}
	})
}
