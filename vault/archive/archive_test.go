package archive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roost/vault/format"
	"roost/vault/node"
)

func block(i int) node.Block {
	data := bytes.Repeat(fmt.Appendf(nil, "block %d ", i), 100*i+1)
	return node.Block{CID: format.Sum(data).RawCID(), Data: data}
}

func top(i int) node.Block {
	data := format.EncodeDirectory([]format.Link{{Name: fmt.Sprint(i), Codec: 0x55, Digest: format.Sum([]byte("x"))}})
	return node.Block{CID: format.Sum(data).DagCID(), Data: data}
}

func put(t *testing.T, w Writer, blocks ...node.Block) {
	t.Helper()
	for _, b := range blocks {
		if err := w.Put(b.CID, b.Data); err != nil {
			t.Fatal(err)
		}
	}
}

// written makes a copy of n blocks at path.
func written(t *testing.T, path string, n int) {
	t.Helper()
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		put(t, w, block(i))
	}
	put(t, w, top(1))
	if err := errors.Join(w.Finish(top(1).CID), w.Close()); err != nil {
		t.Fatal(err)
	}
}

func whole(t *testing.T, path string, n int) {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Top() != top(1).CID {
		t.Errorf("the top is %s", r.Top())
	}
	for i := range n {
		if got, err := r.Get(t.Context(), block(i).CID); err != nil || !bytes.Equal(got, block(i).Data) {
			t.Errorf("block %d: %d bytes, error %v", i, len(got), err)
		}
	}
	if _, err := r.Get(t.Context(), block(n).CID); !errors.Is(err, node.ErrNotFound) {
		t.Errorf("a block that was never written: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func both(t *testing.T, run func(t *testing.T, path string)) {
	for _, name := range []string{"folder [1]", "one.car"} {
		t.Run(name, func(t *testing.T) { run(t, filepath.Join(t.TempDir(), name)) })
	}
}

func TestWhatWasWrittenIsThere(t *testing.T) {
	both(t, func(t *testing.T, path string) {
		written(t, path, 5)
		whole(t, path, 5)
	})
}

func TestInterruptedCopyGoesOnWithWhatItHas(t *testing.T) {
	both(t, func(t *testing.T, path string) {
		w, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		put(t, w, block(0), block(1))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, ErrUnfinished) {
			t.Errorf("opening what is unfinished: %v", err)
		}
		if w, err = Create(path); err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{true, true, false} {
			if got, err := w.Has(block(i).CID); got != want || err != nil {
				t.Errorf("block %d is there: %v, error %v", i, got, err)
			}
		}
		put(t, w, block(2), top(1))
		if err := errors.Join(w.Finish(top(1).CID), w.Close()); err != nil {
			t.Fatal(err)
		}
		whole(t, path, 3)
	})
}

func TestBytesThatDoNotFitTheirNameAreNeverWritten(t *testing.T) {
	both(t, func(t *testing.T, path string) {
		w, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Put(block(1).CID, block(2).Data); !errors.Is(err, node.ErrWrongBytes) {
			t.Errorf("another block's bytes: %v", err)
		}
		if there, err := w.Has(block(1).CID); there || err != nil {
			t.Errorf("it is there: %v, error %v", there, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCARCutAnywhereIsContinued cuts an unfinished CAR at every length and goes on.
func TestCARCutAnywhereIsContinued(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.car")
	written(t, path, 2)
	full, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(full, header(unwritten))
	for n := range len(full) {
		cut := filepath.Join(dir, fmt.Sprintf("%d.car", n))
		if err := os.WriteFile(cut+partSuffix, full[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		written(t, cut, 3)
		whole(t, cut, 3)
	}
}

func TestDamageOnTheDiskIsNoticedAndWrittenAgain(t *testing.T) {
	both(t, func(t *testing.T, path string) {
		written(t, path, 3)
		file := path
		if !IsCAR(path) {
			file = filepath.Join(path, place(block(1).CID))
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(data, block(1).Data)
		data[at+10] ^= 1
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Get(t.Context(), block(1).CID); !errors.Is(err, ErrDamaged) {
			t.Errorf("a damaged block: %v", err)
		}
		if _, err := r.Get(t.Context(), block(2).CID); err != nil {
			t.Errorf("the block after it: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if IsCAR(path) {
			if err := os.Rename(path, path+partSuffix); err != nil { // as if it had been interrupted
				t.Fatal(err)
			}
		}
		written(t, path, 3)
		whole(t, path, 3)
	})
}

func TestNothingElseIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("full/letter.txt", "dear")
	write("there.car", "a CAR of somebody")
	write("begun.car.part", strings.Repeat("something else ", 20))
	for _, name := range []string{"full", "there.car", "begun.car"} {
		if w, err := Create(filepath.Join(dir, name)); !errors.Is(err, ErrOther) {
			t.Errorf("%s: %v, error %v", name, w, err)
		}
	}
	for name, want := range map[string]error{"full": ErrNotArchive, "there.car": ErrNotArchive, "none": ErrNotArchive, "begun.car": ErrUnfinished} {
		if r, err := Open(filepath.Join(dir, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v, error %v, want %v", name, r, err, want)
		}
	}
}

// FuzzOpenCAR: a file of anything is refused in words, or gives only blocks that fit their names.
func FuzzOpenCAR(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "seed.car")
	w, err := Create(path)
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(w.Put(block(0).CID, block(0).Data), w.Put(top(1).CID, top(1).Data), w.Finish(top(1).CID), w.Close()); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-5])
	f.Add(header(unwritten))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.car")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := openCAR(path)
		if err != nil {
			if !errors.Is(err, ErrNotArchive) && !errors.Is(err, ErrUnfinished) && !errors.Is(err, ErrDamaged) {
				t.Errorf("refused without words: %v", err)
			}
			return
		}
		for d := range r.blocks {
			if got, err := r.Get(t.Context(), d.RawCID()); err == nil && format.Sum(got) != d {
				t.Errorf("block %s has other bytes", d.RawCID())
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}
