package syncer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"roost/vault/catalog"
	"roost/vault/node/nodetest"
)

func sampleDirs(n int) (out []catalog.Dir) {
	for i := range n {
		d := catalog.Dir{Path: fmt.Sprintf("where/\xff it is/%d", i), Files: int64(i), Bytes: int64(i) << 40, Entries: []byte(noise(uint64(i), i*7))}
		d.Tree[0], d.Tree[31] = byte(i), byte(i>>8)
		out = append(out, d)
	}
	return out
}

// filled keeps directories with so much room in memory.
func filled(t *testing.T, dirs []catalog.Dir, room int) *changedDirs {
	t.Helper()
	c := &changedDirs{dir: t.TempDir(), room: room}
	for i := range dirs {
		if err := c.add(&dirs[i]); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestChangedDirectoriesComeBackAsTheyWere(t *testing.T) {
	dirs := sampleDirs(100)
	dirs[0].Path, dirs[0].Entries = "", nil
	dirs[50].Entries = []byte(noise(1, 3*changedInMemory))
	for name, room := range map[string]int{"in memory": 1 << 30, "in the file": 1, "in both": 5000, "as usual": 0} {
		t.Run(name, func(t *testing.T) {
			c := filled(t, dirs, room)
			for range 2 {
				i := 0
				err := c.each(func(d catalog.Dir) error {
					if w := dirs[i]; d.Path != w.Path || d.Tree != w.Tree || d.Files != w.Files || d.Bytes != w.Bytes || !bytes.Equal(d.Entries, w.Entries) {
						t.Errorf("directory %d is %q of %d bytes", i, d.Path, len(d.Entries))
					}
					i++
					return nil
				})
				if err != nil || i != len(dirs) {
					t.Fatalf("%d directories, error %v", i, err)
				}
			}
			stop := errors.New("stop")
			if err := c.each(func(catalog.Dir) error { return stop }); !errors.Is(err, stop) {
				t.Errorf("an error of the caller became %v", err)
			}
			if err := c.close(); err != nil {
				t.Fatal(err)
			}
			left, err := os.ReadDir(c.dir)
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, error %v", left, err)
			}
		})
	}
}

// TestADamagedListOfChangedDirectoriesIsSaid: what a disk garbled is no fact for the catalog, not even one bit of it.
func TestADamagedListOfChangedDirectoriesIsSaid(t *testing.T) {
	c := filled(t, sampleDirs(20), 1)
	good, err := os.ReadFile(c.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	said := func(what string) {
		t.Helper()
		err := c.each(func(catalog.Dir) error { return nil })
		if !errors.Is(err, errChangedDirs) || !errors.Is(err, ErrHome) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	for i := range good {
		if _, err := c.file.WriteAt([]byte{good[i] ^ 1<<(i%8)}, int64(i)); err != nil {
			t.Fatal(err)
		}
		said(fmt.Sprintf("byte %d", i))
		if _, err := c.file.WriteAt(good[i:i+1], int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.each(func(catalog.Dir) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if err := c.file.Truncate(int64(len(good) - n - 1)); err != nil {
			t.Fatal(err)
		}
		said(fmt.Sprintf("%d bytes of %d", len(good)-n-1, len(good)))
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzChangedDirectories(f *testing.F) {
	c := &changedDirs{room: 1 << 30}
	for _, d := range sampleDirs(3) {
		if err := c.add(&d); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(c.buf)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x03, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		again := &changedDirs{room: 1 << 30}
		err := readDirs(bufio.NewReader(bytes.NewReader(b)), func(d catalog.Dir) error { return again.add(&d) })
		if err != nil && !errors.Is(err, errChangedDirs) {
			t.Fatal(err)
		}
		if err == nil && len(again.buf) > len(b) {
			t.Errorf("%d bytes were read as %d", len(b), len(again.buf))
		}
	})
}

// TestMoreFoldersThanMemoryKeepsAreRememberedWithTheirCommit: the catalog has every one of them afterwards and none before,
// and nothing of them lies around.
func TestMoreFoldersThanMemoryKeepsAreRememberedWithTheirCommit(t *testing.T) {
	const folders, files = 600, 12
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src := t.TempDir()
	for i := range folders {
		for j := range files {
			write(t, fmt.Sprintf("%s/%d/%s %d", src, i, strings.Repeat("long name ", 12), j), noise(uint64(i*files+j), 20))
		}
	}
	added(t, e, src)
	f := e.home.config().Folders[0]
	known := func() (n int, files int64) {
		for d, err := range e.cat.Dirs(t.Context(), f.id()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			files = max(files, d.Files)
		}
		return n, files
	}
	storage := &nodetest.Memory{}
	cut := &cutOff{Node: storage, asked: func() {
		if n, _ := known(); n > 0 {
			t.Errorf("before the commit %d folders are remembered", n)
		}
	}}
	cut.left.Store(12)
	e.use(connection{node: cut})
	if _, err := e.Backup(t.Context(), nil, nil); err == nil {
		t.Fatal("a backup that was cut off came to an end")
	}
	if n, _ := known(); n > 0 {
		t.Errorf("after a backup that was cut off %d folders are remembered", n)
	}
	e.use(connection{node: storage})
	backup(t, e)
	if n, all := known(); n != folders+1 || all != folders*files {
		t.Errorf("%d folders with %d files are remembered", n, all)
	}
	left, err := os.ReadDir(e.home.path(tempDir))
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, error %v", left, err)
	}
	if s := backup(t, e); !s.Unchanged {
		t.Errorf("an unchanged folder made %+v", s)
	}
}
