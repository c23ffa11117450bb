package syncer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roost/vault"
	"roost/vault/archive"
	"roost/vault/node/nodetest"
)

// TestExportedFileNeedsNoRoost: ipfs itself makes a storage of it, that the words alone open.
func TestExportedFileNeedsNoRoost(t *testing.T) {
	first, second := nodetest.StartKubo(t), nodetest.StartKubo(t)
	secret, src := testEntropy(t), t.TempDir()
	e := testEngine(t, first.Node(t), secret)
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	file := filepath.Join(t.TempDir(), "one.car")
	got, err := e.Export(t.Context(), file, nil)
	if err != nil || got.Devices != 1 || got.Blocks == 0 {
		t.Fatalf("exported %+v, error %v", got, err)
	}
	second.Run(t, "dag", "import", file)
	entry := strings.Fields(second.Run(t, "ls", got.Top)) // cid, size, name
	if len(entry) != 3 {
		t.Fatalf("the top has %q", entry)
	}
	name := "/" + strings.TrimSuffix(entry[2], "/")
	second.Run(t, "files", "cp", "/ipfs/"+entry[0], name)
	second.Run(t, "pin", "rm", got.Top)
	if err := second.Node(t).GC(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameContents(t, recovered(t, second.Node(t), secret), onDisk(t, src))
}

func TestExportSaysWhatIsInItsWay(t *testing.T) {
	m := newPeer("one")
	e := testEngine(t, m, testEntropy(t))
	to := t.TempDir()
	if _, err := e.Export(t.Context(), to, nil); !errors.Is(err, vault.ErrNoVault) {
		t.Errorf("nothing was saved: %v", err)
	}
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	if err := os.WriteFile(filepath.Join(to, "letter"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		to: archive.ErrOther, filepath.Join(src, "copy"): ErrUsage, filepath.Join(src, "copy.car"): ErrUsage,
		filepath.Join(to, "letter", "below"): archive.ErrWrite,
	} {
		if got, err := e.Export(t.Context(), path, nil); !errors.Is(err, want) {
			t.Errorf("%s: %+v, error %v, want %v", path, got, err, want)
		}
	}
	m.Lose(packsOf(t, e)[0].Digest.RawCID())
	out := filepath.Join(t.TempDir(), "out")
	got, err := e.Export(t.Context(), out, nil)
	if !errors.Is(err, vault.ErrMissing) || got == nil || len(got.Missing) != 1 {
		t.Errorf("a part is lost: %+v, error %v", got, err)
	}
}

// A person chooses a disk, which holds other things as well: the copy gets a folder of its own there, the next one goes on in it, and it
// is found again from the disk; so is a file that was written on the command line. A folder that is no copy is said to be none before
// anything is begun.
func TestACopyIsWrittenOntoADiskWithOtherThingsAndFoundThere(t *testing.T) {
	e := testEngine(t, newPeer("one"), testEntropy(t))
	src, disk, empty := t.TempDir(), t.TempDir(), t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	write(t, disk+"/letter", "dear")
	bring := func(kind, path string) Brought {
		t.Helper()
		got, err := e.bring(t.Context(), BringPart{Kind: kind, Path: path}, nil)
		must(t, err)
		return got
	}
	first, again := bring(BringExport, disk), bring(BringExport, disk)
	if own := filepath.Join(disk, "Roost copy"); first.Name != own || again.Name != own || first.StoredBytes == 0 || again.StoredBytes != 0 {
		t.Errorf("it was written as %+v, then %+v", first, again)
	}
	if got := bring(BringExport, empty); got.Name != empty {
		t.Errorf("into an empty folder it was written as %+v", got)
	}
	if got := bring(BringExport, empty); got.Name != empty {
		t.Errorf("to the copy it was written as %+v", got)
	}
	files := t.TempDir()
	_, err := e.Export(t.Context(), filepath.Join(files, "all.car"), nil)
	must(t, err)
	for chosen, want := range map[string]string{
		disk: first.Name, first.Name: first.Name, empty: empty, files: filepath.Join(files, "all.car"),
	} {
		about, err := e.Estimate(t.Context(), BringPart{Kind: BringImport, Path: chosen}, nil)
		must(t, err)
		if got := bring(BringImport, chosen); got.Name != want || got.Bytes != first.Bytes || about.Bytes != first.Bytes {
			t.Errorf("from %s it was brought in as %+v, estimated as %+v", chosen, got, about)
		}
	}
	for kind, want := range map[string]error{BringImport: archive.ErrNotArchive, BringExport: ErrUsage} {
		if _, err := e.Estimate(t.Context(), BringPart{Kind: kind, Path: src}, nil); !errors.Is(err, want) {
			t.Errorf("%s %s: error %v, want %v", kind, src, err, want)
		}
	}
}
