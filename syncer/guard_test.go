package syncer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"roost/vault/node/nodetest"
)

// emptied removes what a folder holds, and leaves the folder.
func emptied(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, x := range entries {
		must(t, os.RemoveAll(filepath.Join(dir, x.Name())))
	}
}

// TestEmptyFolderDoesNotReplaceAFullOne: a disk that is not connected leaves an empty folder where it was mounted.
func TestEmptyFolderDoesNotReplaceAFullOne(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/a", "one")
	write(t, src+"/sub/b", "two")
	added(t, e, src)
	first := backup(t, e)
	full := onDisk(t, src)
	emptied(t, src)
	for range 2 {
		s := backup(t, e)
		if s.Held == nil || !s.Held.Empty || s.ID != first.ID || s.Held.Snapshot != first.ID.String() {
			t.Fatalf("an emptied folder gave %+v", s)
		}
		sameContents(t, recovered(t, m, secret), full)
	}
	s := e.Status(t.Context())
	if s.State != StateNeedsYou || len(s.Problems) == 0 || s.Problems[0].Code != "folder_empty" {
		t.Errorf("the status is %+v", s)
	}

	// The disk is back: nobody has to be asked any more.
	write(t, src+"/a", "one")
	write(t, src+"/sub/b", "two")
	if s := backup(t, e); s.Held != nil {
		t.Errorf("files that are back are still asked about: %+v", s)
	}
	if s := e.Status(t.Context()); s.State != StateSafe {
		t.Errorf("the status is %+v", s)
	}

	// It was meant: then the empty folder is a version like any other.
	emptied(t, src)
	backup(t, e)
	must(t, e.Accept(t.Context(), src))
	if s := backup(t, e); s.Held != nil || s.Unchanged || s.Files != 0 {
		t.Errorf("an accepted empty folder gave %+v", s)
	}
	if s := e.Status(t.Context()); s.State != StateSafe {
		t.Errorf("the status is %+v", s)
	}
	if err := e.Accept(t.Context(), src); Describe(err).Exit != ExitUsage {
		t.Errorf("accepting what nobody asked gives %v", err)
	}
}

func TestMostFilesGoneOrDifferentIsAskedAbout(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, file string, i int)
		held bool
	}{
		{"deleted", func(t *testing.T, file string, _ int) { must(t, os.Remove(file)) }, true},
		{"encrypted in place", func(t *testing.T, file string, i int) { write(t, file, noise(uint64(1000+i), 3000)) }, true},
		{"encrypted beside", func(t *testing.T, file string, i int) {
			write(t, file+".locked", noise(uint64(1000+i), 3000))
			must(t, os.Remove(file))
		}, true},
		{"moved", func(t *testing.T, file string, i int) { must(t, os.Rename(file, file+".moved")) }, false},
		{"touched", func(t *testing.T, file string, i int) { must(t, os.Chmod(file, 0o600)) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, secret := &nodetest.Memory{}, testEntropy(t)
			e := testEngine(t, m, secret)
			src := t.TempDir()
			for i := range 40 {
				write(t, fmt.Sprintf("%s/%d/file", src, i), noise(uint64(i), 3000))
			}
			added(t, e, src)
			first := backup(t, e)
			for i := range 30 {
				c.do(t, fmt.Sprintf("%s/%d/file", src, i), i)
			}
			s := backup(t, e)
			if (s.Held != nil) != c.held {
				t.Fatalf("30 of 40 files %s: %+v", c.name, s.Held)
			}
			sameContents(t, recovered(t, m, secret), onDisk(t, src)) // what is there is saved all the same
			if !c.held {
				return
			}
			if s.Held.Snapshot != first.ID.String() {
				t.Errorf("the version to go back to is %s, want %s", s.Held.Snapshot, first.ID)
			}
			if s := e.Status(t.Context()); s.State != StateNeedsYou || s.Folders[0].Held == nil {
				t.Errorf("the status is %+v", s)
			}
			must(t, e.Accept(t.Context(), src))
			if s := e.Status(t.Context()); s.State != StateSafe {
				t.Errorf("after it was accepted the status is %+v", s)
			}
		})
	}
}

// TestEveryAcceptedStateIsAVersion: what was full, the emptiness that was meant, and what came after can all be gone back to.
func TestEveryAcceptedStateIsAVersion(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/a", "one")
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	emptied(t, src)
	until(t, e, "it is asked about", func(s Status) bool { return s.State == StateNeedsYou })
	must(t, e.Accept(t.Context(), src))
	until(t, e, "the empty folder is saved", func(s Status) bool { return isSafe(s) && s.Folders[0].Files == 0 })
	write(t, src+"/b", "two")
	until(t, e, "the new file is saved", func(s Status) bool { return isSafe(s) && s.Folders[0].Files == 1 })
	versions, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	var files []uint64
	for _, v := range versions {
		files = append(files, v.Files)
	}
	if !slices.Equal(files, []uint64{1, 0, 1}) {
		t.Errorf("the versions hold %v files, want 1, 0, 1", files)
	}
}

// TestFolderThatIsSavedByHandIsStillLookedAt: it is safe when nothing changed, and says how much waits when something did,
// also after a start.
func TestFolderThatIsSavedByHandIsStillLookedAt(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/a", "one")
	write(t, src+"/deep/b", "two")
	added(t, e, src)
	backup(t, e)
	must(t, e.SetMode(t.Context(), src, Manual))
	running(t, e)
	until(t, e, "nothing changed", isSafe)
	write(t, src+"/a", "changed")
	write(t, src+"/deep/c", "new")
	until(t, e, "what waits is counted", func(s Status) bool { return s.State == StateWaiting && s.Queue == 2 })
	if got := recovered(t, m, secret); got["a"] != "one" {
		t.Error("a folder that is saved by hand was saved by itself")
	}
	e.running.Load().rescan() // as after sleep
	until(t, e, "it still waits", func(s Status) bool { return s.State == StateWaiting && s.Queue == 2 })
	backup(t, e)
	until(t, e, "it is saved", isSafe)
}
