package ui

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roost/syncer"
	"roost/ui/lang"
)

// bringDesk is a window over a real engine that runs, with the page that brings things in.
func bringDesk(t *testing.T) (*desk, *keptFolder) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	k.runs()
	d.told(k)
	d.tap(lang.L("Bring in what you already have"))
	return d, k
}

// followed draws what the engine tells until something is brought in, or cannot be; "" is until its report was put away.
func (d *desk) followed(k *keptFolder, state string) *syncer.BringRun {
	d.t.Helper()
	limited, cancel := context.WithTimeout(d.t.Context(), 2*time.Minute)
	defer cancel()
	for s := range k.engine.Watch(limited) {
		now := d.w.now
		now.Status = s
		d.w.draw(now)
		if s.Bring != nil && s.Bring.State == state || s.Bring == nil && state == "" {
			return s.Bring
		}
	}
	d.t.Fatalf("it never was %s", state)
	return nil
}

// put writes a file anywhere.
func (k *keptFolder) put(path, text string) {
	k.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		k.t.Fatal(err)
	}
}

// TestWhatAPersonHasIsBroughtInFromTheWindow: a folder, dated folders, and files that lie open on the storage, in the order that
// the person wants, with what came of each at the end.
func TestWhatAPersonHasIsBroughtInFromTheWindow(t *testing.T) {
	d, k := bringDesk(t)
	photos, old := filepath.Join(t.TempDir(), "Photos"), filepath.Join(t.TempDir(), "Old backups")
	for path, text := range map[string]string{photos + "/sea.jpg": "blue", old + "/2024-01-01/a": "one", old + "/2024-01-02/a": "two"} {
		k.put(path, text)
	}
	open := filepath.Join(t.TempDir(), "holiday")
	k.put(open+"/hill.jpg", "green")
	top := strings.TrimSpace(k.kubo.Run(t, "add", "-r", "-Q", "--pin-name=Holiday", open))

	d.w.picked = func(chosen func(string)) { chosen(photos) }
	d.tap(lang.L("Folders on this computer"))
	d.w.picked = func(chosen func(string)) { chosen(old) }
	d.tap(lang.L("Backups of another program, one folder for each day"))
	d.tap(lang.L("Files that lie open on a storage"))
	d.settle()
	d.sees("Photos", "Old backups", "Holiday")
	s := d.w.screens[Storages].(*storagesScreen)
	b := s.bring
	if len(b.rows) != 3 || b.rows[2].ticked || b.rows[2].part.Plain.CID != top {
		t.Fatalf("what may be brought in: %+v", b.rows)
	}
	d.tap("Holiday")
	b.earlier(b.rows[1])
	d.settle()
	if b.rows[0].part.Kind != syncer.BringDated || b.rows[0].estimate == nil || b.rows[0].estimate.Dates != 2 {
		t.Errorf("the first is %+v", b.rows[0])
	}
	d.tap(lang.L("Begin"))
	d.sees(lang.L("Bringing it in"))
	run := d.followed(k, syncer.ErrandOver)
	if len(run.Done) != 3 || run.Done[0].Versions != 2 || run.Done[1].Versions != 1 || run.Done[2].Versions != 1 || run.Done[2].CID != top {
		t.Errorf("brought in %+v", run.Done)
	}
	d.sees(lang.L("Everything is in its place"), "Old backups", "Photos", "Holiday")
	d.w.Show(Home)
	d.sees(lang.L("What you had is brought in"))
	d.tap(lang.L("See how far it is"))
	d.tap(lang.L("Details"))
	d.sees("CID " + top)
	d.tap(lang.L("Close"))
	d.tap(lang.L("Done"))
	d.settle()
	for s := range k.engine.Watch(t.Context()) {
		if s.Bring == nil {
			break
		}
	}
}

// A folder goes out of the encrypted backup onto a storage again, for any program: only after a person was told what that means.
func TestAFolderLiesOpenOnAStorageOnceThatIsWanted(t *testing.T) {
	d, k := bringDesk(t)
	b := d.w.screens[Storages].(*storagesScreen).bring
	d.tap(lang.L("Open onto a storage, not encrypted"))
	d.sees(lang.L("Which folder shall lie open?"))
	d.tap(filepath.Base(k.dir))
	d.sees(lang.L("Others will be able to read it"))
	d.tap(lang.L("Cancel"))
	if len(b.rows) != 0 {
		t.Fatalf("it is on the list, and nobody wanted it: %+v", b.rows)
	}
	d.tap(lang.L("Open onto a storage, not encrypted"))
	d.tap(filepath.Base(k.dir))
	d.tap(lang.L("That is what I want"))
	d.settle()
	if len(b.rows) != 1 || b.rows[0].estimate == nil || b.rows[0].estimate.Files == 0 {
		t.Fatalf("it is estimated as %+v", b.rows)
	}
	d.tap(lang.L("Begin"))
	run := d.followed(k, syncer.ErrandOver)
	if len(run.Done) != 1 || run.Done[0].Problem != nil || run.Done[0].Files != run.Parts[0].Files {
		t.Fatalf("it became %+v", run.Done)
	}
	d.sees(lang.L("Everything is in its place"))
	out := filepath.Join(t.TempDir(), "out")
	k.kubo.Run(t, "get", "-o", out, run.Done[0].CID)
	err := filepath.WalkDir(k.dir, func(path string, x os.DirEntry, err error) error {
		if err != nil || !x.Type().IsRegular() {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(k.dir, path)
		if err != nil {
			return err
		}
		if got, err := os.ReadFile(filepath.Join(out, rel)); err != nil || string(got) != string(want) {
			t.Errorf("%s is read as %q, %v", rel, got, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatCannotBeBroughtInIsSaidBeforeAndAfter: a folder without dates, and a storage that says no.
func TestWhatCannotBeBroughtInIsSaidBeforeAndAfter(t *testing.T) {
	d, k := bringDesk(t)
	none := t.TempDir()
	d.w.picked = func(chosen func(string)) { chosen(none) }
	d.tap(lang.L("Backups of another program, one folder for each day"))
	d.settle()
	row := d.w.screens[Storages].(*storagesScreen).bring.rows[0]
	if row.problem == nil || row.option.Data().Icon != "warning" {
		t.Errorf("a folder without dates is %+v", row)
	}
	k.put(filepath.Join(none, "2024-01-01", "a"), "one")
	d.tap(lang.L("Try again"))
	if row.problem != nil || row.estimate == nil || row.estimate.Dates != 1 {
		t.Errorf("after a dated folder was put there it is %+v", row)
	}
	d.tap(filepath.Base(none)) // not that
	d.sees(lang.L("Nothing is chosen yet."))
	d.w.tell(problemOf(syncer.ErrBringing)) // a second wish beside one that goes on
	d.tap(lang.L("See how far it is"))
	d.sees(lang.L("What do you have?"))
}

// Who helps reads the details in the language of the storage, and why a file was left out in that of the window.
func TestTheDetailsSayWhyAFileWasLeftOutInTheLanguageOfTheWindow(t *testing.T) {
	speak(t, "de")
	said := bringDetails(&syncer.BringRun{
		Parts: []syncer.BringPart{{Kind: syncer.BringPlain, Plain: syncer.PlainSource{CID: "bafyx"}}},
		Done: []syncer.Brought{{Kind: syncer.BringPlain, CID: "bafyx", Skipped: []syncer.Skipped{
			{Path: "a", Reason: "the storage does not have all of it", Failed: true},
			{Path: "b", Reason: "another one has the same name", Failed: true},
			{Path: "c", Reason: "it is no file, folder or link", Failed: true},
		}}},
	})
	for _, want := range []string{
		"CID bafyx", "a: Dem Speicher fehlt ein Teil davon, oder er hat ihn beschädigt.", "b: Eine andere Datei oder ein Ordner dort heißt genauso.",
		"c: Es ist keine Datei, kein Ordner und keine Verknüpfung.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q lacks %q", said, want)
		}
	}
}

// The whole backup goes to a disk that holds other things, the next time only what is new, and back from it: by what a person sees. A
// folder that is no copy, and one that is kept itself, say so before anything is begun.
func TestTheWholeBackupGoesToADiskAndBackFromIt(t *testing.T) {
	d, k := bringDesk(t)
	disk := t.TempDir()
	k.put(filepath.Join(disk, "song.mp3"), "la")
	at := func(dir, door string) *bringRow {
		t.Helper()
		d.w.picked = func(chosen func(string)) { chosen(dir) }
		d.tap(door)
		d.settle()
		rows := d.w.screens[Storages].(*storagesScreen).bring.rows
		return rows[len(rows)-1]
	}
	done := func() syncer.Brought {
		t.Helper()
		d.tap("Begin")
		run := d.followed(k, syncer.ErrandOver)
		d.sees("Everything is in its place")
		return run.Done[0]
	}
	away := func() {
		t.Helper()
		d.tap("Done")
		d.followed(k, "")
		d.settle()
	}
	if row := at(disk, "A copy of this backup on a disk"); row.problem == nil {
		t.Errorf("a disk without a copy is %+v", row)
	}
	d.sees("This is no backup that Roost wrote")
	d.tap(filepath.Base(disk)) // not that
	if row := at(k.dir, "To a disk, beside the storage"); row.problem == nil {
		t.Errorf("a copy in a folder that is kept is %+v", row)
	}
	d.tap(filepath.Base(k.dir))
	if row := at(disk, "To a disk, beside the storage"); row.problem != nil || row.estimate == nil || row.estimate.Bytes == 0 {
		t.Errorf("a copy on a disk is %+v", row)
	}
	first := done()
	d.sees("in the folder Roost copy")
	d.tap("Details")
	d.sees("at " + filepath.Join(disk, "Roost copy"))
	d.tap("Close")
	away()

	at(disk, "To a disk, beside the storage")
	if again := done(); first.StoredBytes == 0 || again.StoredBytes != 0 || again.Bytes != first.Bytes {
		t.Errorf("first %+v was written, then %+v", first, again)
	}
	away()

	if row := at(disk, "A copy of this backup on a disk"); row.problem != nil || row.estimate == nil || row.estimate.Bytes != first.Bytes {
		t.Errorf("what is on the disk is %+v", row)
	}
	if back := done(); back.Bytes != first.Bytes || back.Problem != nil {
		t.Errorf("back came %+v", back)
	}
	away()
}
