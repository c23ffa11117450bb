package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roost/syncer"
	"roost/ui/kit"
	"roost/vault/node/nodetest"
)

// addForeign has another program put a file on the storage, and keep it.
func addForeign(t *testing.T, d *nodetest.Daemon, name, text string) (cid string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cid = strings.TrimSpace(d.Run(t, "add", "-Q", "--pin=false", path))
	d.Run(t, "pin", "add", "--name", name, cid)
	return cid
}

func keeps(t *testing.T, d *nodetest.Daemon, cid string) bool {
	t.Helper()
	return strings.Contains(d.Run(t, "pin", "ls", "--type=recursive"), cid)
}

// On a real storage: what is ours stands apart from what another program keeps, which is let go only when it is asked for by
// its name, can be kept again, and is deleted when space is freed; the backup stays.
func TestSavedCopiesAreListedLetGoKeptAndFreed(t *testing.T) {
	k := keep(t)
	film := addForeign(t, k.kubo, "film.mp4", strings.Repeat("frames ", 500_000))
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	d.tell(k.engine)
	d.tapOnly("Saved copies")
	d.sees("Asking Pi…")
	d.settle()
	d.sees("Saved copies on Pi", "Your backup", "Laptop", "This computer", "Everything that it saved", "Kept by other programs", "film.mp4", "A file", "3.5 MB", "Another program")
	d.seesNot(film, "CID", "pin")

	d.tap("Laptop") // ours: no way to let it go
	d.sees("with all its versions")
	d.seesNot("Let it go…")
	d.tap("Details")
	d.sees("CID ")
	d.tap("Close")

	d.tap("film.mp4")
	d.sees("Your backup does not need it.")
	d.tap("Let it go…")
	d.sees("Let go of film.mp4?", "Pi deletes it when space is freed the next time")
	d.tap("Cancel")
	if !keeps(t, k.kubo, film) {
		t.Fatal("it was let go without a word")
	}
	d.tap("film.mp4")
	d.tap("Let it go…")
	d.tap("Let it go")
	d.sees("film.mp4 is not kept on Pi any more")
	if keeps(t, k.kubo, film) {
		t.Fatal("it is kept still")
	}
	d.tap("Keep it again")
	d.sees("film.mp4")
	if !keeps(t, k.kubo, film) {
		t.Fatal("it is not kept again")
	}

	d.tap("film.mp4")
	d.tap("Let it go…")
	d.tap("Let it go")
	d.tap("Close this message")
	d.tap("Keep something else…")
	d.typed("Its address", "nothing")
	d.tap("Keep it")
	d.sees("This is no such address, or Pi does not hold all of it.")
	d.typed("Its address", "/ipfs/"+film)
	d.typed("Its name", "the film")
	d.tap("Keep it")
	d.sees("the film")
	if !strings.Contains(k.kubo.Run(t, "pin", "ls", "--names"), "the film") {
		t.Fatal("it is not kept by its name")
	}
	d.tap("Keep something else…")
	d.typed("Its address", film)
	d.tap("Keep it")
	d.sees("Pi keeps it already.")
	d.tap("Cancel")

	d.tap("the film")
	d.tap("Let it go…")
	d.tap("Let it go")
	d.tap("Close this message")
	d.tap("Free up space")
	d.sees("Free up space on Pi?", "All your versions stay.")
	d.tap("Free up space")
	d.sees("came free on Pi", "It holds ")
	if k.kubo.Run(t, "repo", "stat", "--size-only") == "" || strings.Contains(k.kubo.Run(t, "refs", "local"), film) {
		t.Error("it is there still")
	}
	if got, err := k.engine.Verify(t.Context(), 100, nil); err != nil || !got.OK {
		t.Errorf("after that the backup is %+v, %v", got, err)
	}
	d.tap("Back")
	d.sees("1 of 1 copy")
}

func TestSavedCopiesSayWhenTheStorageIsAway(t *testing.T) {
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	d.tell(k.engine)
	k.kubo.Stop(t)
	d.tap("Saved copies")
	d.sees("Your storage can't be reached")
	d.tap("Back")
	d.sees("1 of 1 copy")
}

// Of many thousand things that other programs keep, only as many are drawn as somebody asks for.
func TestThousandsOfForeignCopiesDoNotHoldUpTheWindow(t *testing.T) {
	d := recordDesk(t, "en", 0)
	for range 20_000 {
		d.record.pins = append(d.record.pins, syncer.Pin{CID: "bafkrei", Kind: "file", Name: "x"})
	}
	d.w.Show(Storages)
	d.w.draw(storageSamples()["one"])
	d.tap("Saved copies")
	rows := func() (n int) {
		for _, o := range visible(d.w.over.Canvas()) {
			if _, ok := o.(*kit.Row); ok {
				n++
			}
		}
		return n
	}
	d.sees("20,000 things are not of your backup.")
	if n := rows(); n > 2*pinsAtOnce {
		t.Errorf("%d are drawn", n)
	}
	before := rows()
	d.tap("Show 200 more")
	if n := rows(); n != before+4*pinsAtOnce {
		t.Errorf("%d are drawn after %d", n, before)
	}
}
