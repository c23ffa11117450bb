package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func spaceOf(t testing.TB, e *Engine) *Space {
	t.Helper()
	s, err := e.Space(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSpaceIsToldByStorageDeviceAndFolder on two computers of one backup: what they share counts once in all, and is
// neither's alone.
func TestSpaceIsToldByStorageDeviceAndFolder(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		en := testEntropy(t)
		a, b := testEngine(t, n, en), testEngine(t, n, en)
		here, there := t.TempDir(), t.TempDir()
		write(t, here+"/shared", noise(1, 3_000_000))
		write(t, here+"/sub/changes", noise(2, 2_000_000))
		added(t, a, here)
		backup(t, a)
		write(t, here+"/sub/changes", noise(3, 2_000_000))
		backup(t, a)
		write(t, there+"/shared", noise(1, 3_000_000))
		write(t, there+"/text", string(bytes.Repeat([]byte("all work and no play "), 50_000)))
		added(t, b, there)
		backup(t, b)

		s := spaceOf(t, a)
		if s.Kept != nil || s.Reclaimable != 0 {
			t.Errorf("nobody has looked through the versions, and it is %+v", s.Kept)
		}
		must(t, a.Survey(t.Context(), nil))
		s = spaceOf(t, a)
		if len(s.Folders) != 2 || len(s.Devices) != 2 || len(s.Storages) != 1 || s.Stale {
			t.Fatalf("%+v", s)
		}
		for _, f := range s.Folders {
			want := FolderSpace{Path: here, Device: "Laptop", Bytes: 5_000_000, Files: 2, Versions: 2, Newest: f.Newest, Older: 2_000_000}
			if f.Path == there {
				want = FolderSpace{Path: there, Device: "Laptop", Bytes: 4_050_000, Files: 2, Versions: 1, Newest: f.Newest}
			}
			if f != want {
				t.Errorf("folder %+v, want %+v", f, want)
			}
		}
		if sum := s.Folders[0].Newest + s.Folders[1].Newest; sum < 6_000_000 || sum > 6_100_000 {
			t.Errorf("the newest versions hold %d different bytes", sum)
		}
		me, other := s.Devices[0], s.Devices[1]
		if !me.Here || other.Here || me.Versions != 2 || other.Versions != 1 || me.Newest.IsZero() {
			t.Errorf("devices %+v, %+v", me, other)
		}
		if me.Used < 7_000_000 || other.Used < 3_000_000 || me.Alone > me.Used-2_900_000 || other.Alone > 200_000 || me.Used+other.Alone < s.Used-100_000 {
			t.Errorf("of %d bytes, %+v and %+v", s.Used, me, other)
		}
		k := s.Kept
		if !k.Current || k.Incomplete || k.Versions != 3 || k.Logical != 9_050_000 || k.AllLogical != 14_050_000 {
			t.Errorf("%+v", k)
		}
		// The last packs are filled as it comes; and a chunk counts as one of the average size of its file, because its own is in
		// the pack alone: 1.86 to 2.34 million in 30 runs.
		const padding, apart = 1 << 20, 300_000
		if k.Older < 2_000_000-apart || k.Older > 2_000_000+apart+padding || k.Newest < 5_000_000-apart || k.Newest > 5_000_000+apart+padding {
			t.Errorf("the newest take %d, older ones %d", k.Newest, k.Older)
		}
		if k.Dedup < 2_900_000 || k.Dedup > 4_100_000 || k.Compression > 1_000_000 {
			t.Errorf("deduplication saves %d, compression %d", k.Dedup, k.Compression)
		}
		if len(k.Files) < 3 || k.Files[0].Bytes != 3_000_000 || k.Dirs[0].Path != here+"/sub" || k.Dirs[0].Bytes != 2_000_000 {
			t.Errorf("large: %+v, %+v", k.Files, k.Dirs)
		}
		x := s.Storages[0]
		if !x.Newest || x.Stale || x.Used != s.Used || x.RepoSize < s.Used || x.Full != nil {
			t.Errorf("storage %+v", x)
		}
		write(t, here+"/more", "more")
		backup(t, a)
		if s := spaceOf(t, a); s.Kept == nil || s.Kept.Current || s.Kept.Versions != 3 {
			t.Errorf("after a backup: %+v", s.Kept)
		}
	})
}

// TestSpaceWithoutItsStorageIsWhatWasKnown and says so, and with a second storage that is away, says it of that one.
func TestSpaceWithoutItsStorageIsWhatWasKnown(t *testing.T) {
	first, second, src := nodetest.StartKubo(t), nodetest.StartKubo(t), t.TempDir()
	write(t, src+"/a", noise(1, 2_000_000))
	e, opts := inTwoStorages(t, first, second, src)
	defer e.Close()
	must(t, e.SetLimit(t.Context(), "attic", 5_000_000))
	known := spaceOf(t, e)
	if x := known.Storages[1]; !x.Newest || x.Used < 2_000_000 || x.Quota != 5_000_000 || x.Sent == 0 || x.RepoSize < x.Used {
		t.Errorf("the second storage: %+v", x)
	}
	if x := known.Storages[0]; x.Received < 100 {
		t.Errorf("nothing came from a storage: %+v", x)
	}

	second.Stop(t)
	if s := spaceOf(t, e); s.Stale || s.Storages[0].Stale || !s.Storages[1].Stale || s.Storages[1].RepoSize != known.Storages[1].RepoSize {
		t.Errorf("without the second: %+v", s)
	}
	first.Stop(t)
	s := spaceOf(t, e)
	if !s.Stale || s.Used != known.Used || s.RepoSize != known.RepoSize || len(s.Folders) != 1 || s.Folders[0].Bytes != 2_000_000 {
		t.Errorf("without any: %+v, and it was %+v", s, known)
	}
	if err := e.Survey(t.Context(), nil); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("a survey without a storage: %v", err)
	}

	must(t, os.Remove(opts.Home+"/"+catalogFile)) // and nothing is known any more
	must(t, e.Close())
	e, err := Open(t.Context(), opts)
	must(t, err)
	defer e.Close()
	if s, err := e.Space(t.Context()); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("nothing is known, and it is %+v, %v", s, err)
	}
}

// TestANewDeviceShowsHowTheBackupGrew before it was there, roughly.
func TestANewDeviceShowsHowTheBackupGrew(t *testing.T) {
	m, en := &nodetest.Memory{}, testEntropy(t)
	old := testEngine(t, m, en)
	s, err := old.vault().Begin(t.Context())
	must(t, err)
	tree, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{}))
	must(t, err)
	var snaps []*format.Snapshot
	for day := range 10 {
		snaps = append(snaps, &format.Snapshot{
			Version: format.Version, Folder: format.FolderID{1}, Path: []byte("/home/me"), Device: old.vault().Device(), DeviceName: "old",
			Seconds: time.Now().AddDate(0, 0, day-12).Unix(), Root: format.Entry{Type: format.TypeDir, Tree: tree[:]}, Bytes: uint64(1000 * (day + 1)), Complete: true,
		})
	}
	_, err = s.Commit(t.Context(), snaps, nil)
	s.Close()
	must(t, err)
	g := spaceOf(t, testEngine(t, m, en)).Growth
	if len(g) != 11 || g[10].Rough || !g[0].Rough || g[0].Bytes >= g[5].Bytes || g[5].Bytes >= g[9].Bytes || g[9].Bytes != g[10].Bytes {
		t.Errorf("it grew by %+v", g)
	}
}

// TestARunMeasuresByItself, so that there is something to forecast from.
func TestARunMeasuresByItself(t *testing.T) {
	n := nodetest.StartKubo(t).Node(t)
	e := testEngine(t, n, testEntropy(t))
	src := t.TempDir()
	write(t, src+"/a", noise(1, 1_000_000))
	added(t, e, src)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for s := range e.Watch(ctx) {
		of := func(name string) int {
			all, err := e.cat.UsageSamples(ctx, name, time.Time{})
			must(t, err)
			return len(all)
		}
		if s.State == StateSafe && of("storage") == 1 && of(ownGrowth) == 1 {
			stop()
		}
	}
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("it did not")
	}
	<-ended
}

// BenchmarkSpace answers for a folder of 100,000 files in 1,000 directories with 1,000 versions, 120,000 chunks and a year of
// hourly samples.
func BenchmarkSpace(b *testing.B) {
	e := testEngine(b, &nodetest.Memory{}, testEntropy(b))
	s, err := e.vault().Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	put := func(k format.Kind, plain []byte) []byte {
		id, _, err := s.Put(k, plain)
		if err != nil {
			b.Fatal(err)
		}
		return id[:]
	}
	seed := 0
	file := func(name string) format.Entry {
		seed++
		return format.Entry{Name: []byte(name), Type: format.TypeFile, Size: 200, Chunks: put(format.KindData, fmt.Appendf(make([]byte, 0, 200), "%0200d", seed))}
	}
	const dirs, perDir, versions = 1000, 100, 1000
	all, top := make([]*format.Tree, dirs), &format.Tree{}
	for i := range all {
		all[i] = &format.Tree{}
		for j := range perDir {
			all[i].Entries = append(all[i].Entries, file(fmt.Sprintf("file %04d", j)))
		}
		top.Entries = append(top.Entries, format.Entry{Name: fmt.Appendf(nil, "dir %04d", i), Type: format.TypeDir, Tree: put(format.KindTree, format.EncodeTree(all[i]))})
	}
	var snaps []*format.Snapshot
	for v := range versions {
		for k := range 10 {
			i := (v*10 + k) % dirs
			all[i].Entries[v%perDir] = file(string(all[i].Entries[v%perDir].Name))
			top.Entries[i].Tree = put(format.KindTree, format.EncodeTree(all[i]))
		}
		snaps = append(snaps, &format.Snapshot{
			Version: format.Version, Folder: format.FolderID{1}, Path: []byte("/home/me"), Device: e.vault().Device(), DeviceName: "bench",
			Seconds: time.Now().Add(time.Duration(v-versions) * time.Hour).Unix(), Root: format.Entry{Type: format.TypeDir, Tree: put(format.KindTree, format.EncodeTree(top))},
			Files: dirs * perDir, Bytes: uint64(dirs*perDir*200 + v), Complete: true,
		})
	}
	if _, err := s.Commit(b.Context(), snaps, nil); err != nil {
		b.Fatal(err)
	}
	s.Close()
	now := time.Now()
	err = e.cat.Update(b.Context(), func(tx *catalog.Tx) error {
		for hour := range 9000 {
			for _, name := range []string{ownGrowth, "storage"} {
				if err := tx.AddUsage(now.Add(time.Duration(hour-9000)*time.Hour), name, int64(hour)*1e6, 0); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := e.Survey(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	surveyed := time.Since(began)
	for b.Loop() {
		if got := spaceOf(b, e); got.Kept == nil || !got.Kept.Current || got.Kept.Versions != versions || len(got.Growth) < 300 {
			b.Fatalf("%+v", got)
		}
	}
	b.ReportMetric(surveyed.Seconds(), "s/survey")
}
