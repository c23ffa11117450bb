//go:build linux

package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// swapping exchanges a and b in dir as fast as it can while body runs.
func swapping(t *testing.T, dir, a, b string, body func()) {
	t.Helper()
	a, b = filepath.Join(dir, a), filepath.Join(dir, b)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
				t.Error(err)
				return
			}
		}
	})
	body()
	close(stop)
	wg.Wait()
}

// bothWays repeats try, which tells whether it met the real thing, until it met both often.
func bothWays(t *testing.T, try func() (reached bool)) {
	t.Helper()
	const often, patience = 100, 200_000
	yes, no := 0, 0
	for range patience {
		if try() {
			yes++
		} else {
			no++
		}
		if t.Failed() || yes >= often && no >= often {
			return
		}
	}
	t.Fatalf("met the real one %d times and the other %d times: the race was not run", yes, no)
}

func TestNothingIsWrittenThroughALinkSwappedForAFolder(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "file"), []byte("untouched"), 0o644))
	before, err := os.Stat(outside)
	must(t, err)
	d, dir := target(t)
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	must(t, os.Symlink(outside, filepath.Join(dir, "link")))

	swapping(t, dir, "folder", "link", func() {
		bothWays(t, func() bool {
			sub, _, err := d.Mkdir("folder")
			if err != nil {
				if !errors.Is(err, ErrConflict) {
					t.Error(err)
				}
				return false
			}
			if err := write(t, sub, "file", "restored", plain, true); err != nil {
				t.Error(err)
			}
			if err := sub.Symlink("x", "symlink", plain, true); err != nil {
				t.Error(err)
			}
			if err := sub.Link(sub, "file", "hard link", true); err != nil {
				t.Error(err)
			}
			if err := sub.SetDirMeta(Meta{Mode: 0o755, MTimeSec: 5}); err != nil {
				t.Error(err)
			}
			if err := sub.Close(); err != nil {
				t.Error(err)
			}
			return true
		})
	})
	wantNames(t, outside, "file")
	wantContent(t, filepath.Join(outside, "file"), "untouched")
	if after, err := os.Stat(outside); err != nil || !after.ModTime().Equal(before.ModTime()) || after.Mode() != before.Mode() {
		t.Errorf("the folder outside changed: %v, %v", after, err)
	}
}

func TestNothingIsReadThroughALinkSwappedForAFolder(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o644))
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "folder", "mine"), []byte("mine"), 0o644))
	must(t, os.Symlink(outside, filepath.Join(dir, "link")))
	d, err := OpenRoot(dir)
	must(t, err)
	defer d.Close()
	swapping(t, dir, "folder", "link", func() {
		bothWays(t, func() bool {
			sub, err := d.OpenDir("folder")
			if err != nil {
				if !errors.Is(err, ErrNotDir) {
					t.Error(err)
				}
				return false
			}
			defer sub.Close()
			entries, err := sub.ReadDir()
			if err != nil || len(entries) != 1 || entries[0].Name != "mine" {
				t.Errorf("listed %v, %v", entries, err)
			}
			return true
		})
	})
}

func TestOpenFileReadsOnlyTheFileItself(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(outside, []byte("secret"), 0o644))
	for name, other := range map[string]func(path string) error{
		"link":   func(path string) error { return os.Symlink(outside, path) },
		"pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := target(t)
			must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("mine"), 0o644))
			must(t, other(filepath.Join(dir, "other")))
			swapping(t, dir, "file", "other", func() {
				bothWays(t, func() bool {
					f, err := d.OpenFile("file")
					if err != nil {
						if !errors.Is(err, ErrNotRegular) {
							t.Error(err)
						}
						return false
					}
					defer f.Close()
					if got, err := io.ReadAll(f); err != nil || string(got) != "mine" {
						t.Errorf("read %q, %v", got, err)
					}
					return true
				})
			})
		})
	}
}
