package ui

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/vault/node"
)

// spaceSamples are what the Space screen has to draw, by name.
func spaceSamples() map[string]Now {
	full := sampleNow()
	full.Space = syncer.Space{
		Used: 131 * gigabyte, Quota: 250 * gigabyte, RepoSize: 205 * gigabyte, Reclaimable: 4 * gigabyte,
		Folders: []syncer.FolderSpace{
			{Path: "/home/ana/Pictures", Device: "Laptop", Bytes: 96_400_000_000, Files: 31_022, Versions: 40},
			{Path: "/home/ana/src", Device: "Laptop", Bytes: 22_700_000_000, Files: 14_870, Versions: 310},
			{Path: "/home/ana/Documents", Device: "Desktop", Bytes: 12_900_000_000, Files: 2_321, Versions: 87},
		},
		Storages: []syncer.StorageSpace{{
			Name: "Pi in the living room", Used: 131 * gigabyte, RepoSize: 205 * gigabyte, Quota: 250 * gigabyte, Limit: 250 * gigabyte, Newest: true, Sent: 3_100_000_000,
			Full: &syncer.Forecast{Full: morning.AddDate(0, 0, 49), Earliest: morning.AddDate(0, 0, 36), Latest: morning.AddDate(0, 0, 71), PerDay: 900_000_000},
		}},
		Devices: []syncer.DeviceSpace{{Name: "Laptop", Here: true}, {Name: "Desktop"}},
		Kept: &syncer.Kept{
			Time: morning.Add(-time.Hour), Current: true, Versions: 437, Newest: 104 * gigabyte, Older: 27 * gigabyte, Logical: 132 * gigabyte,
			Dedup: 19 * gigabyte, Compression: 9 * gigabyte,
			Files: []syncer.LargeItem{
				{Device: "Laptop", Path: "/home/ana/Pictures/2024/wedding.mov", Bytes: 14_200_000_000, Files: 1},
				{Device: "Laptop", Path: "/home/ana/src/images/disk.qcow2", Bytes: 8_100_000_000, Files: 1},
				{Device: "Desktop", Path: "/home/ana/Documents/archive 2019.zip", Bytes: 3_300_000_000, Files: 1},
			},
		},
	}
	for i := range 90 {
		bytes := int64(88+i/2) * gigabyte
		full.Space.Growth = append(full.Space.Growth, syncer.GrowthPoint{Time: morning.AddDate(0, 0, i-89), Bytes: bytes, Rough: i < 30})
	}

	away := sampleNow()
	away.Space = full.Space
	away.Space.Stale = true
	kept := *full.Space.Kept
	kept.Current = false
	away.Space.Kept = &kept
	away.Space.Storages = []syncer.StorageSpace{
		{Name: "Pi in the living room", Stale: true, Used: 131 * gigabyte, RepoSize: 205 * gigabyte},
		{Name: "A drive in the drawer with a very long name that somebody gave it", Used: 98 * gigabyte, RepoSize: 98 * gigabyte, Disk: 100 * gigabyte},
	}
	away.Space.Growth = nil

	return map[string]Now{"full": full, "away": away, "empty": samples()["empty"]}
}

func TestTheSpaceScreenFitsTheSmallestWindowInEveryLanguage(t *testing.T) {
	for _, language := range languages() {
		for name, now := range spaceSamples() {
			d := newDeskIn(t, stillEngine{now: now}, Home, language, theme.VariantDark)
			d.w.draw(now)
			d.w.Show(Space)
			d.w.over.Resize(MinSize)
			d.w.root.Refresh()
			if least := d.w.root.MinSize(); least.Width > MinSize.Width || least.Height > MinSize.Height {
				t.Errorf("%s, %s: needs %v, the window has %v", language, name, least, MinSize)
			}
		}
	}
}

func TestTheKeyboardReachesEverythingOfSpace(t *testing.T) {
	for name, now := range spaceSamples() {
		d := newDesk(t, stillEngine{now: now}, Home)
		d.w.draw(now)
		d.w.Show(Space)
		everythingIsReached(t, name, d.w.over.Canvas())
	}
}

func TestTheSpaceScreenSaysWhatIsKnown(t *testing.T) {
	d := newDesk(t, stillEngine{now: sampleNow()}, Home)
	show := func(name string) {
		d.w.draw(spaceSamples()[name])
		d.w.Show(Space)
		d.settle()
	}
	show("full")
	d.sees("205 GB of 250 GB", "Full in about 7 weeks.", "What only older versions need", "27.0 GB", "437", "wedding.mov", "Change the limit", "worked out from the times")
	d.seesNot("did not answer", "Nothing is saved yet.")
	show("away")
	d.sees("It did not answer.", "98.0 GB of 100 GB", "As of", "After two days")
	d.seesNot("Full in about")
	show("empty")
	d.sees("Nothing is saved yet.")
	d.seesNot("Growth")
}

// TestSpaceOnARealEngine: the versions are looked through when the screen is opened, a limit is set and taken away, and space
// is freed.
func TestSpaceOnARealEngine(t *testing.T) {
	k := keep(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ask := func() Now {
		s, err := k.engine.Space(t.Context())
		must(err)
		return Now{At: time.Now(), Space: *s}
	}
	d := newDesk(t, realEngine{Engine: k.engine}, Home)
	d.w.draw(ask())
	d.w.Show(Space)
	d.sees("Your versions are being looked through.")
	d.settle()
	d.sees("What only older versions need", "Versions in all", "Set a limit")
	d.seesNot("being looked through", "Change the limit")

	d.tap("Set a limit")
	typed(t, d, "lots")
	d.tap("Set limit")
	d.sees("Type a size, such as 500 GB.")
	typed(t, d, "40 GB")
	d.tap("Set limit")
	d.w.draw(ask())
	d.sees("of 40.0 GB", "Change the limit")
	d.tap("Change the limit")
	d.tap("No limit")
	d.w.draw(ask())
	d.sees("Set a limit")

	d.tap("Free up space")
	d.sees("All your versions stay.")
	freeing := d.w.over.Canvas().Overlays().Top()
	if freeing == nil {
		t.Fatal("nothing was asked")
	}
	d.tap("Free up space")
	d.sees("came free on")
}

// typed writes into the field that has the keyboard, in the place of what is there.
func typed(t *testing.T, d *desk, text string) {
	t.Helper()
	field, ok := d.w.over.Canvas().Focused().(interface{ SetText(string) })
	if !ok {
		t.Fatalf("%T has the keyboard", d.w.over.Canvas().Focused())
	}
	field.SetText(text)
}

// TestASurveyThatFailsSaysSo and leaves what was known.
func TestASurveyThatFailsSaysSo(t *testing.T) {
	now := spaceSamples()["full"]
	kept := *now.Space.Kept
	kept.Current = false
	now.Space.Kept = &kept
	e := failingSurvey{stillEngine{now: now}}
	d := newDesk(t, e, Home)
	d.w.draw(now)
	d.w.Show(Space)
	d.settle()
	d.sees("Your storage can't be reached", "27.0 GB")
}

type failingSurvey struct{ stillEngine }

func (failingSurvey) Survey(context.Context, syncer.Report) error {
	return errors.Join(node.ErrUnreachable, os.ErrDeadlineExceeded)
}

func TestAForecastIsSaidInWords(t *testing.T) {
	speak(t, "en")
	f := func(days, early, late int) string {
		return fullWords(&syncer.Forecast{Full: morning.AddDate(0, 0, days), Earliest: morning.AddDate(0, 0, early), Latest: morning.AddDate(0, 0, late)}, morning)
	}
	for want, got := range map[string]string{
		"Full in about a day.": f(0, 0, 0),
		"Full in about 10 days. Most likely between 28 Nov and 4 Dec.":                f(10, 8, 14),
		"Full in about 7 weeks. Most likely between 25 Dec and January 2027.":         f(49, 35, 70),
		"Full in about 6 months. Most likely between April 2027 and August 2027.":     f(180, 150, 260),
		"Full in about 3 years. Most likely between November 2028 and November 2029.": f(1100, 731, 1100),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if strings.Contains(f(49, 49, 49), "between") {
		t.Error("what is certain has a range")
	}
}
