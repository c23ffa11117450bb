package ui

import (
	"testing"
	"time"

	"roost/syncer"
)

// No end is promised before one is known, and no more than all is ever done.
func TestProgressPromisesOnlyWhatIsKnown(t *testing.T) {
	speak(t, "en")
	for _, c := range []struct {
		name  string
		p     syncer.Progress
		words string
		part  float64
		known bool
	}{
		{"nothing yet", syncer.Progress{}, "Looking for changes", 0, false},
		{"looking", syncer.Progress{Files: 12_034, Started: morning.Add(-time.Hour)}, "Looking for changes · 12,034 files", 0, false},
		{"just begun", syncer.Progress{Bytes: 1e9, TotalBytes: 4e9, Started: morning.Add(-5 * time.Second)}, "1.0 GB of 4.0 GB", 0.25, true},
		{
			"under way",
			syncer.Progress{Files: 1, TotalFiles: 4, Bytes: 1e9, TotalBytes: 4e9, Started: morning.Add(-10 * time.Minute)},
			"1 of 4 files · 1.0 GB of 4.0 GB · about 30 minutes left", 0.25, true,
		},
		{
			"a day",
			syncer.Progress{Bytes: 1e9, TotalBytes: 25e9, Started: morning.Add(-time.Hour)},
			"1.0 GB of 25.0 GB · about 24 hours left", 0.04, true,
		},
		{
			"the files grew",
			syncer.Progress{Files: 9, TotalFiles: 4, Bytes: 9e9, TotalBytes: 4e9, Started: morning.Add(-time.Minute)},
			"4 of 4 files · 9.0 GB of 4.0 GB", 1, true,
		},
	} {
		words, part, known := progressWords(c.p, morning)
		if words != c.words || part != c.part || known != c.known {
			t.Errorf("%s: %q, %v, %v, want %q, %v, %v", c.name, words, part, known, c.words, c.part, c.known)
		}
	}
}

// One folder that still looks leaves the whole unknown.
func TestTheWholeIsKnownWhenEveryPartIs(t *testing.T) {
	part := syncer.Progress{Files: 1, TotalFiles: 2, Bytes: 10, TotalBytes: 20, Started: morning}
	looking := syncer.Progress{Files: 5, Started: morning.Add(-time.Minute)}
	of := func(all ...syncer.Progress) (folders []syncer.FolderStatus) {
		for _, p := range all {
			folders = append(folders, syncer.FolderStatus{State: syncer.StateSaving, Progress: &p})
		}
		return append(folders, syncer.FolderStatus{State: syncer.StateSafe, Progress: &looking}) // a routine look saves nothing
	}
	if got := sum(of(part, part)); got.TotalBytes != 40 || got.Bytes != 20 || got.TotalFiles != 4 {
		t.Errorf("two known parts are %+v", got)
	}
	if got := sum(of(part, looking)); got.TotalBytes != 0 || got.Files != 6 || !got.Started.Equal(looking.Started) {
		t.Errorf("a known and an unknown part are %+v", got)
	}
}

func TestSharesOfTheStorageAddUpToWhatIsUsed(t *testing.T) {
	speak(t, "en")
	folders := func(bytes ...int64) (all []syncer.FolderStatus) {
		for i, b := range bytes {
			all = append(all, syncer.FolderStatus{Path: string(rune('a' + i)), Bytes: b})
		}
		return all
	}
	for name, c := range map[string]struct {
		folders []syncer.FolderStatus
		used    int64
		want    []int64
	}{
		"one folder":                 {folders(100), 100, []int64{100}},
		"earlier versions":           {folders(60, 20), 100, []int64{60, 20, 20}},
		"five folders":               {folders(10, 50, 20, 5, 15), 100, []int64{50, 20, 15, 15}},
		"folders that share content": {folders(100, 100), 100, []int64{50, 50}},
		"nothing":                    {nil, 0, nil},
	} {
		shares := largest(c.folders, c.used)
		var got []int64
		for _, s := range shares {
			got = append(got, s.bytes)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}

func TestPathsInTheHomeFolderAreShort(t *testing.T) {
	for path, want := range map[string]string{
		"/home/ana/Pictures": "~/Pictures", "/home/ana": "~", "/home/anabel/x": "/home/anabel/x", "/media/usb": "/media/usb",
	} {
		if got := tilde(path, "/home/ana"); got != want {
			t.Errorf("%s is shown as %s, want %s", path, got, want)
		}
	}
	if got := tilde("/x", ""); got != "/x" {
		t.Errorf("without a home folder /x is shown as %s", got)
	}
}
