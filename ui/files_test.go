package ui

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/canvas"

	"roost/syncer"
)

// The whole of the Files screen on a real engine: everything that was kept is found, looked at and brought back.
func TestFilesOfEveryVersionAreFoundLookedAtAndBroughtBack(t *testing.T) {
	k := keep(t)
	k.runs()
	d := newDesk(t, realEngine{Engine: k.engine}, Files)
	f := d.w.screens[Files].(*filesScreen)

	t.Run("the newest version is shown first", func(t *testing.T) {
		d.t = t
		d.sees("Papers", "Newest version", "beach.png", "notes.md", "By folder", "Laptop")
		d.seesNot("marta.txt", "Letters")
	})
	t.Run("by date, as it was then", func(t *testing.T) {
		d.t = t
		d.tap("By date")
		f.dates.table.Select(2) // the oldest: all three were made in the same minute
		d.settle()
		d.sees("Letters", "As it was Today")
		d.seesNot("beach.png")
		d.tap("Letters")
		d.tap("2024")
		d.sees("marta.txt", "Papers › Letters › 2024")
		d.tap("marta.txt")
		d.sees("Dear Marta,\nthe first version.", "Versions of this file", "+18 bytes")
	})
	t.Run("another version of the file", func(t *testing.T) {
		d.t = t
		f.file.table.Select(0)
		d.settle()
		d.sees("the second version, which is longer.")
	})
	t.Run("a copy to look at goes when the window does", func(t *testing.T) {
		d.t = t
		d.tap("Open a copy")
		paths, err := filepath.Glob(filepath.Join(d.w.copies.dir, "*", "marta.txt"))
		if err != nil || len(paths) != 1 {
			t.Fatalf("the copies are %q, %v", paths, err)
		}
		at, err := os.Stat(paths[0])
		if err != nil || at.Mode() != 0o400 {
			t.Errorf("the copy has mode %v, error %v", at.Mode(), err)
		}
		if text, err := os.ReadFile(paths[0]); err != nil || !strings.Contains(string(text), "the second version") {
			t.Errorf("the copy holds %q, error %v", text, err)
		}
		d.w.removeCopies()
		if _, err := os.Stat(paths[0]); !os.IsNotExist(err) {
			t.Errorf("the copy is still there: %v", err)
		}
	})
	t.Run("what lies behind it stands under details alone", func(t *testing.T) {
		d.t = t
		d.seesNot("pack ")
		d.tap("Details")
		d.sees("pack bafk", "pinned, root bafy", "storage Pi", "chunks 1")
		d.tap("Close")
		d.seesNot("pack ")
	})
	t.Run("back to where it was", func(t *testing.T) {
		d.t = t
		d.tap("Restore…")
		d.sees("Restore marta.txt", "Keep both", "To where it was")
		d.restored(k, "Restore", syncer.ErrandOver)
		d.sees("1 file restored", "In "+k.dir)
		if got := k.content("Letters/2024/marta.txt"); !strings.Contains(got, "the second version") {
			t.Errorf("it came back as %q", got)
		}
		d.restored(k, "Done", "")
		d.sees("I lost a file")
	})
	t.Run("the search finds what is not there any more", func(t *testing.T) {
		d.t = t
		d.w.Show(Files)
		d.enter("MARTA")
		d.sees("1 found", "marta.txt", "Papers › Letters/2024")
		d.tap("marta.txt")
		d.sees("the second version, which is longer.")
		d.tap("Back")
		d.sees("1 found")
		d.tap("Back")
		d.sees("By folder")
		d.enter("letters")
		d.tap("Letters")
		d.sees("Papers › Letters", "2024", "As it was") // a folder is opened as such
		d.enter("nobody")
		d.sees("Nothing is called that")
		d.enter("")
	})
	t.Run("what changed", func(t *testing.T) {
		d.t = t
		f.listing.show(f.known.folders[0])
		d.settle()
		d.tap("What changed")
		d.sees("What changed in Papers", "1 added", "1 removed", "beach.png", "Letters/2024/marta.txt")
		d.tap("Compare with…")
		d.sees("Compare with which version?")
		d.tap("Cancel")
		d.tap("Back")
	})
	t.Run("a picture is shown small", func(t *testing.T) {
		d.t = t
		d.tap("beach.png")
		d.seesNot("There is no preview")
		if found := pictures(d); len(found) != 1 || found[0].Bounds().Dx() != previewSide {
			t.Errorf("%d pictures are shown", len(found))
		}
		d.tap("Back")
	})
	t.Run("several at once, elsewhere", func(t *testing.T) {
		d.t = t
		to := t.TempDir()
		d.w.picked = func(chosen func(string)) { chosen(to) }
		d.tap("Pick several")
		d.tap("beach.png")
		d.tap("notes.md")
		d.sees("2 picked, stop picking")
		d.tap("beach.png")
		d.tap("beach.png")
		d.tap("Restore…")
		d.sees("Restore 2 files and folders")
		d.tap("To another folder")
		d.sees(to)
		d.restored(k, "Restore", syncer.ErrandOver)
		d.sees("2 files restored")
		for _, name := range []string{"beach.png", "notes.md"} {
			b, err := os.ReadFile(filepath.Join(to, "Papers", name))
			if err != nil || string(b) != k.content(name) {
				t.Errorf("%s: %d bytes, %v", name, len(b), err)
			}
		}
	})
	t.Run("folders in the tree are read when they are opened", func(t *testing.T) {
		d.t = t
		d.w.Show(Files)
		d.tap("By folder")
		if len(f.tree.nodes) > 2 {
			t.Errorf("%d folders were read unasked", len(f.tree.nodes))
		}
		k.save() // with the letter that came back
		d.w.draw(Now{At: time.Now()})
		now := d.w.now
		now.Saved = time.Now()
		d.w.draw(now)
		d.settle()
		f.tree.tree.OpenBranch(f.tree.tops[0])
		d.settle()
		d.sees("Letters")
	})
}

// Nothing kept, nothing reachable, nothing known: each is said in its place, with a way on.
func TestWhatFilesCannotShowIsSaid(t *testing.T) {
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Files)
	k.kubo.Stop(t)
	d.tap("notes.md")
	d.sees("can't be reached", "Try again")
	d.tap("Back")
	now := Now{At: time.Now()}
	now.Saved = time.Now()
	d.w.draw(now)
	d.settle()
	d.sees("Your storage does not answer", "notes.md")
	k.kubo.Start(t)
}

// pictures are the photographs on screen, not its signs.
func pictures(d *desk) (all []image.Image) {
	for _, o := range visible(d.w.over.Canvas()) {
		if p, ok := o.(*canvas.Image); ok && p.Resource == nil && p.File == "" && p.Image != iconPicture() {
			all = append(all, p.Image)
		}
	}
	return all
}
