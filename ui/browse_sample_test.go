package ui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
)

// sampleBrowser is what an ordinary person has kept, for drawing only.
type sampleBrowser struct {
	versions []syncer.Version
	names    []string // of the files in every folder
	err      error    // what every question is answered with
	text     string
}

func sampleKept() *sampleBrowser {
	b := &sampleBrowser{
		names: []string{
			"2023/", "2024/", "2025/", "Family/", "beach-house-0412.jpg", "birthday.mp4", "budget 2026.ods", "letter to Marta.docx",
			"notes.md", "song for Ana.flac", "scans.zip", "holidays.go", "رسالة إلى العائلة.txt", "photos\u202Egpj.exe",
			"Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-Entwurf-endgültig-3.pdf",
		},
		text: "# Notes\n\nThe boiler man comes on Tuesday.\nMarta has the spare key.\n\n- flour\n- olives\n- the blue paint for the shed, two litres\n",
	}
	id := byte(0)
	version := func(path string, device byte, at time.Time, files, bytes uint64) {
		var v syncer.Version
		id++
		v.ID[0], v.FolderID[0], v.Device[0] = id, path[10], device
		v.Path, v.DeviceName, v.Seconds, v.Complete, v.Files, v.Bytes = []byte(path), "Laptop", at.Unix(), true, files, bytes
		if device == 2 {
			v.DeviceName = "Ana's old computer"
		}
		b.versions = append(b.versions, v)
	}
	for i := range 40 {
		at := morning.Add(-4*time.Minute - time.Duration(i*i)*3*time.Hour)
		version("/home/ana/Pictures", 1, at, uint64(31_022-i*40), uint64(96_400_000_000-int64(i)*90_000_000))
		if i%2 == 0 {
			version("/home/ana/Documents", 1, at.Add(-time.Minute), uint64(2_321-i), 12_900_000_000)
		}
		if i%7 == 3 {
			version("/home/ana/src", 2, at.Add(-2*time.Minute), 14_870, 22_700_000_000)
		}
	}
	return b
}

func (b *sampleBrowser) Snapshots(context.Context, string) ([]syncer.Version, bool, error) {
	return b.versions, false, b.err
}

func (b *sampleBrowser) Children(_ context.Context, _, path string) ([]syncer.Item, error) {
	if b.err != nil {
		return nil, b.err
	}
	items := make([]syncer.Item, 0, len(b.names))
	for i, name := range b.names {
		x := syncer.Item{Path: name, Type: 1, Size: int64(i*i) * 1_234_567, MTime: morning.Add(-time.Duration(i*i) * 7 * time.Hour)}
		if name[len(name)-1] == '/' {
			x.Path, x.Type, x.Size = name[:len(name)-1], 2, 0
		}
		if path != "" {
			x.Path = path + "/" + x.Path
		}
		items = append(items, x)
	}
	return items, nil
}

func (b *sampleBrowser) Find(context.Context, string) ([]syncer.Match, error) {
	var all []syncer.Match
	for i, v := range b.versions {
		for _, name := range b.names[4:9] {
			all = append(all, syncer.Match{Snapshot: v.ID, Path: fmt.Sprintf("2024/%d/%s", i%3, name), Time: v.Time(), Size: int64(i+1) * 1_300_000})
		}
	}
	return all, b.err
}

func (b *sampleBrowser) History(_ context.Context, _, path string) ([]syncer.Edition, error) {
	var all []syncer.Edition
	for i, v := range b.versions[:12] {
		all = append(all, syncer.Edition{
			Snapshot: v.ID, Folder: "/home/ana/Pictures", Device: "Laptop", First: v.Time(), Last: v.Time(), Newest: i == 0,
			Item: syncer.Item{Path: path, Size: int64(4_000_000 - i*i*21_000)},
		})
	}
	return all, b.err
}

func (b *sampleBrowser) Compare(context.Context, string, string, string) (*syncer.Comparison, error) {
	c := &syncer.Comparison{Added: 2, Changed: 9, Removed: 2, Before: 40_000_000, After: 52_000_000}
	for i, name := range b.names[2:] {
		kind := []syncer.ChangeKind{syncer.Changed, syncer.Added, syncer.Changed, syncer.Removed, syncer.Changed}[i%5]
		c.Changes = append(c.Changes, syncer.Change{Path: "2024/" + name, Kind: kind, Before: int64(i) * 700_000, After: int64(i) * 950_000})
	}
	return c, b.err
}

func (b *sampleBrowser) Preview(context.Context, string, string, int64) ([]byte, error) {
	return []byte(b.text), b.err
}

func (b *sampleBrowser) ReadOnlyCopy(context.Context, string, string, string) error { return b.err }

func (b *sampleBrowser) Details(context.Context, string, string) (*syncer.Details, error) {
	return &syncer.Details{Snapshot: "aabbcc", Folder: "/home/ana/Pictures", Device: "Laptop"}, b.err
}

func (b *sampleBrowser) StartRestore(context.Context, syncer.RestoreWish) error { return b.err }

func (b *sampleBrowser) SteerRestore(context.Context, string, syncer.ErrandStep) error { return b.err }

// sampleRun is a restore under way, or its report.
func sampleRun(state string, total syncer.Restored) *syncer.RestoreRun {
	return &syncer.RestoreRun{
		ID: "a1", Title: "Restore Pictures", State: state, Parts: 1, Total: total, Failed: int64(len(total.Failed)),
		Progress: syncer.Progress{Phase: "restoring", Files: 500, TotalFiles: 1206, Bytes: 5_000_000_000, TotalBytes: 12_000_000_000, Current: "2024/beach-house-0412.jpg"},
	}
}

// browsingStates are what the Files and Restore screens can look like, each made with what a person would tap.
func browsingStates() map[string]func(d *desk) {
	files := func(d *desk) *filesScreen { d.w.Show(Files); d.settle(); return d.w.screens[Files].(*filesScreen) }
	restore := func(d *desk) *restoring { d.w.Show(Restore); d.settle(); return d.w.screens[Restore].(*restoring) }
	running := func(state string, total syncer.Restored) func(d *desk) {
		return func(d *desk) {
			restore(d)
			now := d.w.now
			now.Restore = sampleRun(state, total)
			d.w.draw(now)
		}
	}
	return map[string]func(d *desk){
		"files":        func(d *desk) { files(d) },
		"files-search": func(d *desk) { files(d).find("e"); d.settle() },
		"files-dates": func(d *desk) {
			f := files(d)
			f.tabs.Choose(1)
			f.tabs.OnChanged(1)
			f.dates.table.Select(5)
			d.settle()
		},
		"files-ticked": func(d *desk) {
			f := files(d)
			f.listing.switchTicking()
			f.listing.tapped(1)
			f.listing.tapped(6)
			d.settle()
		},
		"files-tree": func(d *desk) {
			f := files(d)
			f.tree.tree.OpenBranch(f.tree.tops[0])
			d.settle()
		},
		"files-one": func(d *desk) {
			f := files(d)
			f.listing.tapped(8)
			d.settle()
		},
		"files-changes": func(d *desk) {
			f := files(d)
			f.compareVersion(f.known.folders[0])
			d.settle()
		},
		"files-ask": func(d *desk) { files(d).listing.restore(); d.settle() },
		"restore":   func(d *desk) { restore(d) },
		"restore-date": func(d *desk) {
			r := restore(d)
			r.showDate()
			r.date.dates.table.Select(7)
			d.settle()
		},
		"restore-devices": func(d *desk) { restore(d).showDevices(); d.settle() },
		"restore-running": running(syncer.ErrandGoing, syncer.Restored{}),
		"restore-paused":  running(syncer.ErrandPaused, syncer.Restored{}),
		"restore-report": running(syncer.ErrandOver, syncer.Restored{
			Files: 1204, Bytes: 12_000_000_000, Same: 3, Targets: []string{"/home/ana/Pictures"},
			Failed: []syncer.Failure{{Path: "2023/b\u202Ex.jpg", Reason: "its stored data is damaged"}, {Path: "a very long way/down to/a file that stands in the way.pdf", Reason: "no permission to write it"}},
		}),
		"restore-good": running(syncer.ErrandOver, syncer.Restored{Files: 1206, Bytes: 12_000_000_000, Targets: []string{"/home/ana/Pictures"}}),
		"files-error": func(d *desk) {
			f := files(d)
			d.kept.err = fmt.Errorf("list: %w", syncer.ErrHome)
			f.listing.show(f.listing.at)
			f.load()
			d.settle()
		},
		"files-empty": func(d *desk) {
			f := files(d)
			d.kept.versions = nil
			f.loaded = false
			f.load()
			d.settle()
		},
	}
}

// sampleDesk is a window over what sampleKept holds.
func sampleDesk(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
	t.Helper()
	b := sampleKept()
	d := newDeskIn(t, stillEngine{browser: b, now: sampleNow()}, Home, language, variant)
	d.w.draw(sampleNow())
	d.kept = b
	return d
}

// Whatever is shown fits the smallest window, in every language, and says what it is.
func TestBrowsingFitsTheSmallestWindowInEveryLanguage(t *testing.T) {
	for _, language := range languages() {
		for name, look := range browsingStates() {
			fitsTheSmallestWindow(t, language+", "+name, sampleDesk(t, language, theme.VariantLight), look)
		}
	}
}

func fitsTheSmallestWindow(t *testing.T, name string, d *desk, look func(*desk)) {
	t.Helper()
	look(d)
	d.w.over.Resize(MinSize)
	d.w.root.Refresh()
	least := d.w.root.MinSize()
	for _, o := range d.w.over.Canvas().Overlays().List() {
		least = least.Max(o.MinSize())
	}
	if least.Width > MinSize.Width || least.Height > MinSize.Height {
		t.Errorf("%s: needs %v, the window has %v", name, least, MinSize)
	}
	for text := range texts(d.w.over.Canvas()) {
		if strings.ContainsAny(text, "\u202E") {
			t.Errorf("%s: %q is on screen", name, text)
		}
	}
}

func TestTheKeyboardReachesEverythingOfBrowsing(t *testing.T) {
	for name, look := range browsingStates() {
		d := sampleDesk(t, "en", theme.VariantLight)
		look(d)
		everythingIsReached(t, name, d.w.over.Canvas())
	}
}
