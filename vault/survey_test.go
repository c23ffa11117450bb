package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node/nodetest"
)

func survey(t *testing.T, w *writer) *vault.Survey {
	t.Helper()
	st, err := w.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.v.Survey(t.Context(), st, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Current(st) {
		t.Error("a survey is not about the state that it was made of")
	}
	return s
}

// near allows for what packs hold beside content.
// near is within a tenth, and the padding of a last pack.
func near(got, want int64) bool {
	return got > want-want/10 && got < want+want/10+format.PackSize
}

// TestASurveyTellsTheNewestVersionsFromWhatOlderOnesCost, over two devices that share content.
func TestASurveyTellsTheNewestVersionsFromWhatOlderOnesCost(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b := newWriter(t, m, e, "laptop"), newWriter(t, m, e, "desktop")
	shared := random(9, 3<<20)
	for i := range 4 { // each version replaces 2 MiB
		a.commit(t, map[string][]byte{"shared": shared, "day": random(uint64(i), 2<<20)}, 1_000+int64(i))
	}
	b.commit(t, map[string][]byte{"same": shared, "twice": shared, "own": random(50, 1<<20)}, 2_000)
	s := survey(t, a)
	if s.Versions != 5 || s.Incomplete || len(s.Folders) != 2 {
		t.Fatalf("%+v", s)
	}
	if got := s.Newest; got.Logical != 12<<20 || got.Content != 6<<20 || !near(got.Stored, 6<<20) {
		t.Errorf("the newest versions: %+v", got)
	}
	if got := s.Older; got.Content != 6<<20 || !near(got.Stored, 6<<20) {
		t.Errorf("older versions: %+v", got)
	}
	if s.Logical != 4*5<<20+7<<20 || s.Unneeded != 0 {
		t.Errorf("%d bytes of all versions, %d unneeded", s.Logical, s.Unneeded)
	}
	total, devices, err := a.catalog.Sizes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum := s.Newest.Stored + s.Older.Stored + s.Index; !near(sum, total) {
		t.Errorf("of %d bytes of packs, %d are accounted for", total, sum)
	}
	if len(devices) != 2 || devices[0].Bytes+devices[1].Bytes <= total || devices[0].Alone+devices[1].Alone >= total {
		t.Errorf("devices that share packs: %+v of %d", devices, total)
	}
	if len(s.Files) != 5 || string(s.Files[0].Path) != "same" && string(s.Files[0].Path) != "shared" && string(s.Files[0].Path) != "twice" || s.Files[4].Bytes != 1<<20 {
		t.Errorf("the largest files: %+v", s.Files)
	}

	again, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back vault.Survey
	if err := json.Unmarshal(again, &back); err != nil || fmt.Sprint(back) != fmt.Sprint(*s) {
		t.Errorf("written down and read again: %+v, %v", back, err)
	}
	a.commit(t, map[string][]byte{"a": shared}, 3_000)
	st, err := a.v.Refresh(t.Context())
	if err != nil || s.Current(st) {
		t.Errorf("after a commit, the survey counts as current (%v)", err)
	}
}

// TestASurveyCountsWhatCleaningWouldFree: packs of versions that are gone, which nobody cleaned up after.
func TestASurveyCountsWhatCleaningWouldFree(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.checkpoint = true
	w.commit(t, map[string][]byte{"half": random(1, 5<<20)}, 1_000) // replaced by what follows
	w.checkpoint = false
	w.commit(t, map[string][]byte{"whole": random(2, 2<<20)}, 1_001)
	s := survey(t, w)
	if s.Versions != 1 || !near(s.Unneeded, 5<<20) {
		t.Errorf("%+v", s)
	}
	p, err := w.v.Prune(t.Context(), vault.PruneOptions{})
	if err != nil || !near(p.FreedBytes, s.Unneeded) {
		t.Errorf("%d bytes were said to come free; prune says %+v, %v", s.Unneeded, p, err)
	}
	if s := survey(t, w); s.Unneeded > 100<<10 {
		t.Errorf("after cleaning, %d bytes are still to be had", s.Unneeded)
	}
}

// TestASurveyGoesOnBehindDamage and says that it is not whole.
func TestASurveyGoesOnBehindDamage(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	w.commit(t, map[string][]byte{"a": random(1, 1<<20)}, 1_000)
	w.commit(t, map[string][]byte{"b": random(2, 1<<20)}, 1_001)
	var first vault.Version
	st, err := w.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.v.Versions(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	first = all[1]
	p, ok, err := w.catalog.Chunk(t.Context(), first.ID.Prefix())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	m.Lose(format.Digest(p.Digest).RawCID())
	w.reopen(m) // nothing is remembered
	s := survey(t, w)
	if !s.Incomplete || s.Versions != 2 || s.Newest.Content != 1<<20 {
		t.Errorf("%+v", s)
	}
}

// TestNewContentStopsAtTheBound and what was stored before goes on: deletions and renames are still saved.
func TestNewContentStopsAtTheBound(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	w := newWriter(t, m, e, "laptop")
	old := random(1, 1<<20)
	w.commit(t, map[string][]byte{"a": old}, 1_000)

	s, err := w.v.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Allow(300_000)
	var stopped error
	stored := 0
	for i := range uint64(100) {
		if _, _, stopped = s.Put(format.KindData, random(100+i, 10_000)); stopped != nil {
			break
		}
		stored++
	}
	if !errors.Is(stopped, vault.ErrLimit) || stored < 25 || stored > 30 {
		t.Errorf("%d chunks of 10,000 bytes were taken, then %v", stored, stopped)
	}
	if _, fresh, err := s.Put(format.KindData, old[:w.v.Chunker().Cut(old)]); fresh || err != nil {
		t.Errorf("what is stored already: new %v, %v", fresh, err)
	}
	if _, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{Entries: []format.Entry{{Name: []byte("x"), Type: format.TypeSymlink, Target: []byte("y")}}})); err != nil {
		t.Errorf("a folder's names were refused: %v", err)
	}
	if _, err := s.Commit(t.Context(), nil, nil); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("a session that refused something commits: %v", err)
	}
}

// BenchmarkSurvey looks through 1,000 versions of a folder with 100,000 files in 1,000 directories, each of which changed
// ten files.
func BenchmarkSurvey(b *testing.B) {
	m := &nodetest.Memory{}
	en, err := vault.NewEntropy()
	if err != nil {
		b.Fatal(err)
	}
	w := newWriter(b, m, en, "bench")
	manyVersions(b, w, 1_000, 1_000, 100)
	st, err := w.v.Refresh(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w.reopen(m)
		s, err := w.v.Survey(context.Background(), st, nil)
		if err != nil || s.Versions != 1_000 || s.Incomplete || s.Newest.Content != 100_000*1_000 {
			b.Fatalf("%+v, %v", s, err)
		}
	}
}

// manyVersions makes versions of dirs × perDir files of 1,000 bytes, each of which changes one file in ten of the directories.
func manyVersions(b *testing.B, w *writer, versions, dirs, perDir int) {
	b.Helper()
	s, err := w.v.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	put := func(k format.Kind, plain []byte) []byte {
		id, _, err := s.Put(k, plain)
		if err != nil {
			b.Fatal(err)
		}
		return id[:]
	}
	seed := uint64(0)
	file := func(name string) format.Entry {
		seed++
		return format.Entry{Name: []byte(name), Type: format.TypeFile, Size: 1_000, Chunks: put(format.KindData, random(seed, 1_000))}
	}
	all := make([]*format.Tree, dirs)
	top := &format.Tree{}
	for i := range all {
		all[i] = &format.Tree{}
		for j := range perDir {
			all[i].Entries = append(all[i].Entries, file(fmt.Sprintf("file %04d.txt", j)))
		}
		top.Entries = append(top.Entries, format.Entry{Name: fmt.Appendf(nil, "dir %04d", i), Type: format.TypeDir, Tree: put(format.KindTree, format.EncodeTree(all[i]))})
	}
	var snaps []*format.Snapshot
	for v := range versions {
		for k := range 10 {
			if v == 0 {
				break
			}
			i := (v*10 + k) % dirs
			all[i].Entries[v%perDir] = file(string(all[i].Entries[v%perDir].Name))
			top.Entries[i].Tree = put(format.KindTree, format.EncodeTree(all[i]))
		}
		snaps = append(snaps, &format.Snapshot{
			Version: format.Version, Folder: w.folder, Path: []byte(w.path), Device: w.v.Device(), DeviceName: "bench", Seconds: int64(v + 1),
			Root:  format.Entry{Type: format.TypeDir, Tree: put(format.KindTree, format.EncodeTree(top))},
			Files: uint64(dirs * perDir), Bytes: uint64(dirs * perDir * 1_000), Complete: true,
		})
	}
	if _, err := s.Commit(b.Context(), snaps, nil); err != nil {
		b.Fatal(err)
	}
}
