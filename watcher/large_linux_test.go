package watcher

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// fill makes dirs directories, in tens below each other, with files empty files in each.
func fill(t testing.TB, dir string, dirs, files int) {
	t.Helper()
	made := []string{dir}
	for i := range dirs {
		path := fmt.Sprintf("%s/directory %d", made[i/10], i)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		made = append(made, path)
		for j := range files {
			f, err := os.Create(fmt.Sprintf("%s/file %d.txt", path, j))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestALargeTreeRenamedIsReportedAndStaysWatched(t *testing.T) {
	top := t.TempDir()
	dir := top + "/dir"
	fill(t, dir+"/tree", 5000, 9)
	r := watched(t, dir, Options{})
	r.clean()
	began := time.Now()
	must(t, os.Rename(dir+"/tree", dir+"/renamed"))
	if got := r.reported(); got.All || len(got.Dirs) != 5002 { // all of them, the tree itself, and what it lies in
		t.Errorf("reported %d directories, all: %v", len(got.Dirs), got.All)
	}
	took := time.Since(began)
	t.Logf("a rename of 50,000 entries took %v", took)
	if took > 30*time.Second {
		t.Error("it hung")
	}
	sameWatches(t, dir)
	must(t, os.Rename(dir+"/renamed", top+"/out"))
	r.wants("")
	sameWatches(t, dir)
	r.until("down to two watches", func(s State) bool { return s.Watches == 2 })
}

func TestADeletedTreeIsNotAll(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir+"/tree", 3000, 2)
	r := watched(t, dir, Options{Settle: 200 * time.Millisecond})
	r.clean()
	must(t, os.RemoveAll(dir+"/tree"))
	if got := r.reported(); got.All {
		t.Errorf("reported %+v", got)
	}
	sameWatches(t, dir)
}

// BenchmarkMillionFiles is the time from nothing to being watched, and what that takes of memory, with 1,000,000 files
// in 50,000 directories.
func BenchmarkMillionFiles(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 50_000, 20)
	for b.Loop() {
		before := heap()
		s, err := begin(b.Context(), dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/float64(s.tree.watches), "B/dir")
		b.ReportMetric(float64(s.tree.watches), "dirs")
		if err := s.close(); err != nil {
			b.Fatal(err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
