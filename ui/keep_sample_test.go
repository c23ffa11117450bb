package ui

import (
	"context"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/lang"
)

// keptRules is what an ordinary person chose to keep, for drawing only; nil is one who chose nothing.
type keptRules struct{ *sampleRules }

type sampleRules struct {
	keep    syncer.Keep
	goes    *syncer.Pruned
	removed []syncer.RemovedVersion
	forgets *syncer.Forgotten
	err     error // of what is removed or forgotten
}

func sampleRemoved(n int) (all []syncer.RemovedVersion) {
	for i := range n {
		at := morning.AddDate(0, 0, -i*i)
		v := syncer.RemovedVersion{On: at, Until: at.AddDate(0, 1, 0)}
		v.ID[0], v.ID[1] = byte(i), 1
		v.Path, v.Seconds, v.DeviceName = []byte([]string{"/home/ana/Pictures", "/home/ana/Documents", "/home/ana/رسائل إلى العائلة"}[i%3]), at.Unix(), "Laptop"
		if i%4 == 3 {
			v.Forgotten = "/home/ana/Documents/photos\u202Egpj of the Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz.exe"
		}
		all = append(all, v)
	}
	return all
}

func sampleKeeps() keptRules {
	r := &sampleRules{removed: sampleRemoved(40), keep: syncer.Keep{All: syncer.KeepPresets()[2].Rules, Fit: 500 * gigabyte}}
	r.keep.Folders = []syncer.FolderKeep{{Path: "/home/ana/Pictures", Rules: syncer.KeepRules{Daily: 7, Yearly: 3}}}
	r.goes = &syncer.Pruned{Versions: make([]syncer.Version, 212), Freed: 2 * gigabyte, FreedLater: 14 * gigabyte, LaterBy: morning.AddDate(0, 0, 38), InUse: 2}
	r.goes.Storages = []syncer.StorageFreed{{Name: "Pi in the living room", Freed: 2 * gigabyte, Told: true}, {Name: "USB drive", Err: "Your storage can't be reached"}}
	r.forgets = &syncer.Forgotten{
		Path: "Taxes/2019.pdf", Folder: "/home/ana/Documents", Versions: []syncer.Version{r.removed[0].Version, r.removed[1].Version}, Files: 1, Bytes: 3_400_000,
		Left: 46, OnDisk: true, Until: morning.AddDate(0, 1, 0),
	}
	return keptRules{r}
}

func (k keptRules) Keep(context.Context) (syncer.Keep, error) {
	if k.sampleRules == nil {
		return syncer.Keep{}, nil
	}
	return k.keep, nil
}

func (k keptRules) SetKeep(context.Context, syncer.KeepChange) (*syncer.Pruned, error) {
	if k.sampleRules == nil {
		return &syncer.Pruned{}, nil
	}
	return k.goes, k.err
}

func (k keptRules) Prune(context.Context, syncer.PruneOptions, syncer.Report) (*syncer.Pruned, error) {
	return k.SetKeep(context.Background(), syncer.KeepChange{})
}

func (k keptRules) Forget(context.Context, syncer.ForgetOptions, syncer.Report) (*syncer.Forgotten, error) {
	if k.sampleRules == nil {
		return &syncer.Forgotten{}, nil
	}
	return k.forgets, k.err
}

func (k keptRules) Removed(context.Context) ([]syncer.RemovedVersion, error) {
	if k.sampleRules == nil {
		return nil, nil
	}
	return k.removed, nil
}

func (k keptRules) BringBack(context.Context, []string) ([]syncer.Version, error) { return nil, nil }

// keptDesk is a window over what sampleKeeps holds.
func keptDesk(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
	t.Helper()
	now := spaceSamples()["full"]
	now.Device = "Laptop"
	d := newDeskIn(t, stillEngine{browser: sampleKept(), chooser: sampleChosen(), keptRules: sampleKeeps(), now: now}, Home, language, variant)
	d.w.desktop, d.w.login = sampleDesktop{}, &sampleLogin{}
	d.w.draw(now)
	return d
}

// keptStates are what choosing what is kept can look like.
func keptStates() map[string]func(*desk) {
	page := func(d *desk, open section) { d.w.onSettings(open); d.settle() }
	return map[string]func(*desk){
		"kept": func(d *desk) { page(d, section{kind: sectionKept}) },
		"kept-own": func(d *desk) {
			page(d, section{kind: sectionKept})
			d.tap(lang.L("Own numbers"))
			d.fill(lang.L("Weeks"), "many")
		},
		"kept-room": func(d *desk) {
			page(d, section{kind: sectionKept})
			d.tap(lang.L("As much as fits"))
			d.fill(lang.L("Space for your backup"), "300 GB")
		},
		"kept-folder": func(d *desk) { page(d, section{sectionFolder, "/home/ana/Pictures"}) },
		"removed":     func(d *desk) { page(d, section{kind: sectionRemoved}) },
		"removed-ask": func(d *desk) {
			page(d, section{kind: sectionRemoved})
			d.tap(lang.L("Pick all"))
			d.tap(lang.L("Remove for good…"))
		},
		"room": func(d *desk) { d.w.Show(Space); d.w.askRoom(); d.settle() },
		"room-now": func(d *desk) {
			d.w.Show(Space)
			d.w.askRoom()
			d.settle()
			d.tap(lang.L("Removed versions go for good now"))
		},
		"room-end": func(d *desk) { d.w.Show(Space); d.w.makeRoom(false); d.settle() },
		"forget": func(d *desk) {
			d.w.Show(Files)
			d.settle()
			d.w.askForgetPaths(placeOf(sampleKept().versions[0]), []string{"Taxes/2019.pdf"})
			d.settle()
		},
		"forget-words": func(d *desk) {
			d.w.Show(Files)
			d.settle()
			d.w.askForgetVersion(placeOf(sampleKept().versions[3]))
			d.settle()
			d.w.engine.(stillEngine).keptRules.err = syncer.ErrWordsNeeded
			d.tap(lang.L("Remove it"))
		},
	}
}

func TestKeepingFitsTheSmallestWindowInEveryLanguage(t *testing.T) {
	for _, language := range languages() {
		for name, look := range keptStates() {
			fitsTheSmallestWindow(t, language+" "+name, keptDesk(t, language, theme.VariantDark), look)
		}
	}
}

func TestTheKeyboardReachesEverythingOfKeeping(t *testing.T) {
	for name, look := range keptStates() {
		d := keptDesk(t, "en", theme.VariantLight)
		look(d)
		c := d.w.over.Canvas()
		everythingIsReached(t, name, c)
	}
}

func TestKeepingSaysNoWordOfTheCode(t *testing.T) {
	for name, look := range keptStates() {
		d := keptDesk(t, "en", theme.VariantLight)
		look(d)
		for text := range texts(d.w.over.Canvas()) {
			if word := leftColumn.FindString(text); word != "" {
				t.Errorf("%s: %q says %q", name, text, word)
			}
		}
	}
}

// What goes is said with its day, and never as sure where it is not.
func TestWhatWouldGoIsSaidInWords(t *testing.T) {
	speak(t, "en")
	late := time.Date(2026, time.December, 28, 9, 0, 0, 0, time.UTC)
	many := make([]syncer.Version, 212)
	for want, got := range map[string]string{
		"212 versions would leave the list. About 14.0 GB come free by 28 December. Until then they can be brought back.": goesWords(
			&syncer.Pruned{Versions: many, FreedLater: 14 * gigabyte, LaterBy: late}, false, morning,
		),
		"212 versions would leave the list. About 2.0 GB come free at once. With what was removed before, about 14.0 GB come free by 28 December. Until then they can be brought back.": goesWords(
			&syncer.Pruned{Versions: many, Freed: 2 * gigabyte, FreedLater: 14 * gigabyte, LaterBy: late}, true, morning,
		),
		"No version would leave the list. Even the newest versions alone take 3.0 GB more than that.": goesWords(&syncer.Pruned{Over: 3 * gigabyte, FreedLater: 5, LaterBy: late}, true, morning),
		"Your storage can't be reached, so it is not known what would go.":                            goesWords(nil, false, morning),
		"7 days · 3 years": rulesWords(syncer.KeepRules{Daily: 7, Yearly: 3}),
		"Every version":    rulesWords(syncer.KeepRules{}),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
