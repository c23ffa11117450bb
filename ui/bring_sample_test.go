package ui

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/vault/node"
)

// sampleBring is what is being brought in, or the report of it.
func sampleBring(state string) *syncer.BringRun {
	r := &syncer.BringRun{
		ID: "a1", State: state, Part: 1, Parts: []syncer.BringPart{
			{Kind: syncer.BringFolder, Path: "/home/ana/Pictures", Files: 31_022, Bytes: 96_400_000_000},
			{Kind: syncer.BringDated, Path: "/media/ana/old-disk/rsnapshot", Files: 210_000, Bytes: 40_000_000_000},
			{Kind: syncer.BringPlain, Plain: syncer.PlainSource{Storage: "Pi", CID: "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", Name: "Holiday\u202Egpj"}},
			{Kind: syncer.BringMove, From: "Pi in the living room"},
		},
		Done:     []syncer.Brought{{Kind: syncer.BringFolder, Name: "/home/ana/Pictures", Files: 31_022, Bytes: 96_400_000_000, NewBytes: 90_100_000_000, StoredBytes: 88_000_000_000, Versions: 1}},
		Progress: syncer.Progress{Phase: "saving", Files: 500, Bytes: 5_000_000_000, TotalFiles: 12_060, TotalBytes: 12_000_000_000, Current: "2024-01-07/letters/a\u202Eb.txt", Started: morning.Add(-5 * 60e9)},
	}
	switch state {
	case syncer.ErrandStopped:
		p := syncer.Describe(fmt.Errorf("send: %w", node.ErrNoSpace))
		r.Problem = &p
	case syncer.ErrandOver:
		p := syncer.Describe(fmt.Errorf("%w: none", syncer.ErrNotAFolder))
		r.Part = len(r.Parts)
		r.Done = append(r.Done,
			syncer.Brought{Kind: syncer.BringDated, Files: 210_000, Bytes: 40_000_000_000, NewBytes: 4_200_000_000, StoredBytes: 3_900_000_000, Versions: 31, Failed: 3, Skipped: []syncer.Skipped{{Path: "2024-01-02/lock", Reason: "no permission to read it", Failed: true}}},
			syncer.Brought{Kind: syncer.BringPlain, Problem: &p, CID: r.Parts[2].Plain.CID}, syncer.Brought{Kind: syncer.BringMove, Name: strings.Repeat("The new storage ", 4)})
	}
	return r
}

// bringStates are what the page that brings things in can look like, each made with what a person would tap.
func bringStates() map[string]func(d *desk) {
	page := func(d *desk) *bringPage {
		d.w.Show(Storages)
		d.w.draw(storageSamples()["two"])
		s := d.w.screens[Storages].(*storagesScreen)
		s.showBring()
		d.settle()
		return s.bring
	}
	running := func(r *syncer.BringRun) func(d *desk) {
		return func(d *desk) {
			page(d)
			now := d.w.now
			now.Bring = r
			d.w.draw(now)
			d.settle()
		}
	}
	fill := func(d *desk) *bringPage {
		b := page(d)
		d.record.plain = []syncer.PlainThing{
			{PlainSource: syncer.PlainSource{Storage: "Pi", CID: "bafyone", Name: "Holiday"}, Kind: "folder", Size: 4_200_000_000},
			{PlainSource: syncer.PlainSource{Storage: "Pi", CID: "bafytwo", Name: "Holiday"}, Kind: "folder"},
			{PlainSource: syncer.PlainSource{Storage: "Pi", CID: "bafythree"}, Kind: "file", Size: 12},
		}
		b.add(syncer.BringPart{Kind: syncer.BringFolder, Path: "/home/ana/Pictures"}, true)
		b.add(syncer.BringPart{Kind: syncer.BringDated, Path: "/media/ana/" + strings.Repeat("a very long name ", 6)}, true)
		b.add(syncer.BringPart{Kind: syncer.BringMove, From: "Pi in the living room", To: syncer.SetupOptions{NodeName: "USB drive"}}, false)
		b.lookForOpen()
		return b
	}
	states := map[string]func(d *desk){
		"bring":         func(d *desk) { page(d) },
		"bring-chosen":  func(d *desk) { fill(d); d.settle() },
		"bring-looking": func(d *desk) { fill(d) }, // no answer yet
		"bring-nothing": func(d *desk) { page(d).lookForOpen(); d.settle() },
		"bring-wrong": func(d *desk) {
			b := page(d)
			d.record.err = fmt.Errorf("list: %w", node.ErrUnreachable)
			b.add(syncer.BringPart{Kind: syncer.BringFolder, Path: "/home/ana/Pictures"}, true)
			b.lookForOpen()
			d.settle()
		},
		"bring-which": func(d *desk) { page(d).chooseMove() },
		"bring-open": func(d *desk) {
			b := page(d)
			now := d.w.now
			now.Folders = nil
			for i := range 30 {
				now.Folders = append(now.Folders, syncer.FolderStatus{
					Path: "/home/ana/" + strings.Repeat("a very long name ", 6) + strconv.Itoa(i), Snapshot: "aaaa", Files: 1200, Bytes: 4_200_000,
				})
			}
			d.w.draw(now)
			b.chooseOpen()
		},
		"bring-open-warned": func(d *desk) {
			page(d).warnOfOpen("/home/ana/"+strings.Repeat("a very long name ", 6), "Pi in the living room")
		},
		"bring-open-over": running(&syncer.BringRun{
			State: syncer.ErrandOver, Part: 1,
			Parts: []syncer.BringPart{{Kind: syncer.BringOpen, Path: "/home/ana/Pictures", Open: &syncer.OpenWish{Storage: "Pi"}, Files: 2, Bytes: 4_200_000}},
			Done:  []syncer.Brought{{Kind: syncer.BringOpen, Name: "Pi", Files: 2, Bytes: 4_200_000, CID: "bafyopen"}},
		}),
		"bring-details": func(d *desk) {
			running(sampleBring(syncer.ErrandOver))(d)
			d.w.showText("Details", bringDetails(sampleBring(syncer.ErrandOver)))
		},
		"bring-home": func(d *desk) {
			now := sampleNow()
			now.Bring = sampleBring(syncer.ErrandGoing)
			d.w.Show(Home)
			d.w.draw(now)
			d.settle()
		},
	}
	for _, state := range []string{syncer.ErrandGoing, syncer.ErrandStopping, syncer.ErrandPaused, syncer.ErrandStopped, syncer.ErrandOver} {
		states["bring-"+state] = running(sampleBring(state))
	}
	disk := func(state string) *syncer.BringRun {
		r := sampleBring(state)
		r.Parts = []syncer.BringPart{{Kind: syncer.BringExport, Path: "/media/ana/" + strings.Repeat("a very long name ", 6), Bytes: 96_400_000_000}, {Kind: syncer.BringImport, Path: "/media/ana/USB\u202E"}}
		r.Done, r.Part = nil, 0
		r.Progress = syncer.Progress{Phase: "exporting", Bytes: 5_000_000_000, TotalFiles: 12_060, TotalBytes: 12_000_000_000, Started: morning.Add(-5 * 60e9)}
		switch state {
		case syncer.ErrandStopped:
			p := syncer.Describe(fmt.Errorf("export: %w", syncer.ErrNoRoom))
			r.Problem = &p
		case syncer.ErrandOver:
			r.Part = 2
			r.Done = []syncer.Brought{
				{Kind: syncer.BringExport, Name: r.Parts[0].Path + "/Roost copy", Bytes: 96_400_000_000, StoredBytes: 4_200_000_000},
				{Kind: syncer.BringImport, Name: "/media/ana/USB\u202E/all.car", Bytes: 96_400_000_000},
			}
		}
		return r
	}
	for _, state := range []string{syncer.ErrandGoing, syncer.ErrandPaused, syncer.ErrandStopped, syncer.ErrandOver} {
		states["bring-disk-"+state] = running(disk(state))
	}
	states["bring-disk-chosen"] = func(d *desk) {
		b := page(d)
		for _, kind := range []string{syncer.BringExport, syncer.BringImport} {
			b.add(syncer.BringPart{Kind: kind, Path: "/media/ana/" + strings.Repeat("a very long name ", 6)}, true)
		}
		d.settle()
	}
	cut := sampleBring(syncer.ErrandGoing)
	cut.State, cut.Canceled = syncer.ErrandOver, true
	states["bring-cancelled"] = running(cut)
	return states
}

// Whatever is shown fits the smallest window, in every language, and no trick of a name reaches the screen.
func TestBringingInFitsTheSmallestWindowInEveryLanguage(t *testing.T) {
	for language := range pluralForms {
		for name, look := range bringStates() {
			fitsTheSmallestWindow(t, language+", "+name, recordDesk(t, language, theme.VariantLight), look)
		}
	}
}

func TestTheKeyboardReachesEverythingThatBringsIn(t *testing.T) {
	for name, look := range bringStates() {
		d := recordDesk(t, "en", theme.VariantLight)
		look(d)
		everythingIsReached(t, name, d.w.over.Canvas())
	}
}

// What is chosen reaches the engine in the order of the list, and two things of one name become two folders.
func TestWhatIsTickedIsWhatIsBroughtIn(t *testing.T) {
	d := recordDesk(t, "en", theme.VariantLight)
	bringStates()["bring-chosen"](d)
	b := d.w.screens[Storages].(*storagesScreen).bring
	var names []string
	for _, r := range b.rows {
		names = append(names, bringName(r.part))
		r.ticked = r.part.Kind == syncer.BringPlain
	}
	if got := strings.Join(names[3:], ", "); got != "Holiday, Holiday (2), Files without a name" {
		t.Errorf("open files are called %s", got)
	}
	b.earlier(b.rows[4])
	b.drawRows()
	d.tap("Begin")
	w := d.record.wished
	if w == nil || len(w.Parts) != 3 || w.Parts[0].Plain.CID != "bafytwo" || w.Parts[0].Plain.Name != "Holiday (2)" || w.Parts[1].Plain.CID != "bafyone" {
		t.Errorf("wished for %+v", w)
	}
}
