package watcher

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// listings are what a scan of each directory sees of it, without the times of the directories in it: those change with
// their own entries.
func listings(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if e.Name() == fence {
			return fs.SkipDir
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		line := fmt.Sprintln(e.Name(), st.Mode, st.Ino)
		if e.IsDir() {
			if rel == "." {
				rel = ""
			}
			found[rel] += ""
		} else {
			line = fmt.Sprintln(e.Name(), st.Mode, st.Ino, st.Size, st.Mtim, st.Ctim)
		}
		if rel != "" {
			up := filepath.Dir(rel)
			if up == "." {
				up = ""
			}
			found[up] += line
		}
		return nil
	}))
	return found
}

// disorder does random things to a tree and to a place outside of it, from which things come and to which they go.
type disorder struct {
	rng     *rand.Rand
	dir     string
	outside string
}

func (d *disorder) path() string {
	top := d.dir
	if d.rng.IntN(6) == 0 {
		top = d.outside
	}
	path := top
	for range 1 + d.rng.IntN(3) {
		path += "/" + string(rune('a'+d.rng.IntN(4)))
	}
	return path
}

// step does one thing. Most of what it tries is impossible, and left.
func (d *disorder) step() {
	a, b := d.path(), d.path()
	switch d.rng.IntN(14) {
	case 0, 1:
		_ = os.MkdirAll(a, 0o700)
	case 2, 3:
		_ = os.Rename(a, b)
	case 4:
		_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	case 5:
		_ = os.RemoveAll(a)
	case 6:
		_ = os.Remove(a)
	case 7, 8:
		_ = os.WriteFile(a, fmt.Append(nil, d.rng.Uint64()), 0o600)
	case 9:
		_ = os.WriteFile(a+"/f", fmt.Append(nil, d.rng.Uint64()), 0o600)
	case 10:
		_ = os.Chmod(a, fs.FileMode(0o700+d.rng.IntN(8)))
	case 11:
		_ = os.Symlink(filepath.Dir(b), a)
	case 12:
		if err := os.RemoveAll(a); err == nil {
			_ = os.MkdirAll(a+"/a/b", 0o700)
			_ = os.WriteFile(a+"/a/b/f", nil, 0o600)
		}
	case 13: // there and back
		if os.Rename(a, b) == nil {
			_ = os.WriteFile(b+"/f", fmt.Append(nil, d.rng.Uint64()), 0o600)
			_ = os.Rename(b, a)
		}
	}
}

// rounds disturbs a watched tree, with several hands at once, and demands after each round that everything that looks
// different now was reported, and that exactly the directories that are there are watched.
func rounds(t *testing.T, seed uint64, rounds, steps int) {
	top := t.TempDir()
	dir, outside := top+"/dir", top+"/outside"
	must(t, os.MkdirAll(outside, 0o700))
	r := watched(t, dir, Options{})
	before := listings(t, dir)
	for round := range rounds {
		var hands sync.WaitGroup
		for hand := range 1 + round%3 {
			d := &disorder{rand.New(rand.NewPCG(seed, uint64(round*10+hand))), dir, outside}
			hands.Go(func() {
				for range steps {
					d.step()
				}
			})
		}
		hands.Wait()
		got := r.reported()
		after := listings(t, dir)
		for rel, now := range after {
			if was, known := before[rel]; (!known || was != now) && !got.All && !slices.Contains(got.Dirs, rel) {
				t.Fatalf("seed %d, round %d: %q changed and was not reported:\nbefore:\n%safter:\n%sreported: %q", seed, round, rel, was, now, got.Dirs)
			}
		}
		before = after
		sameWatches(t, dir)
		if t.Failed() {
			t.Fatalf("seed %d, round %d", seed, round)
		}
	}
	must(t, os.RemoveAll(outside))
	_ = r.stop()
}

func TestWhateverHappensIsReported(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { rounds(t, seed, 6, 40) })
	}
}

func FuzzWhateverHappensIsReported(f *testing.F) {
	f.Add(uint64(1), uint8(10))
	f.Add(uint64(2), uint8(200))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) { rounds(t, seed, 3, int(steps)) })
}
