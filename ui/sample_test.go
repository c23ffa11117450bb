package ui

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"roost/ui/kit"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"roost/syncer"
)

// morning is when the samples are: a Friday.
var morning = time.Date(2026, time.November, 20, 9, 41, 0, 0, time.UTC)

// gigabyte is what sizes of the samples are made of.
const gigabyte = 1_000_000_000

// sampleNow is an ordinary morning: everything safe.
func sampleNow() Now {
	saved := morning.Add(-4 * time.Minute)
	folder := func(path, state string, files, bytes int64) syncer.FolderStatus {
		return syncer.FolderStatus{Path: path, State: state, Snapshot: "x", Time: saved, Files: files, Bytes: bytes}
	}
	n := Now{
		Status: syncer.Status{
			State: syncer.StateSafe, Node: "Pi in the living room", Copies: syncer.Copies{Wanted: 1, Confirmed: 1},
			Folders: []syncer.FolderStatus{
				folder("/home/ana/Pictures", syncer.StateSafe, 31_022, 96_400_000_000),
				folder("/home/ana/Documents", syncer.StateSafe, 2_321, 12_900_000_000),
				folder("/home/ana/src", syncer.StateSafe, 14_870, 22_700_000_000),
			},
			Storages: []syncer.StorageStatus{{
				Name: "Pi in the living room", State: syncer.StateSafe, Limit: 250 * gigabyte, Asked: morning, Confirmed: morning,
			}},
		},
		At:    morning,
		Space: syncer.Space{Used: 131 * gigabyte, RepoSize: 131 * gigabyte},
		Activity: []syncer.Activity{
			{Time: morning.Add(-2 * time.Hour), Kind: syncer.ActivityVerify},
			{Time: morning.Add(-20 * time.Hour), Kind: syncer.ActivityRestore, Files: 3},
			{Time: morning.Add(-50 * time.Hour), Kind: syncer.ActivityBackup, Folder: "/home/ana/Documents", Files: 2_321, Bytes: 18_300_000, Skipped: failed(2)},
			{Time: morning.Add(-80 * time.Hour), Kind: syncer.ActivityBackup, Folder: "/home/ana/Documents", Files: 2_319, Bytes: 4_200_000},
		},
	}
	for _, gb := range []int64{
		88, 88, 90, 90, 91, 91, 96, 97, 97, 97, 99, 104, 104, 104, 106, 109, 109, 112, 118, 118, 119, 121, 122, 124, 124, 126, 129, 130, 130, 131,
	} {
		n.Days = append(n.Days, gb*gigabyte)
	}
	return n
}

// failed are files that could not be saved.
func failed(n int) []syncer.Skipped {
	return slices.Repeat([]syncer.Skipped{{Path: "a", Reason: "it may not be read", Failed: true}}, n)
}

// samples are the states that the window has to draw, by name.
func samples() map[string]Now {
	saving := sampleNow()
	saving.State = syncer.StateSaving
	saving.Folders[1].State = syncer.StateSaving
	saving.Folders[1].Progress = &syncer.Progress{
		Phase: "saving", Folder: "/home/ana/Documents", Current: "Taxes/2026/receipts-scan-0412.pdf", Files: 1_450, TotalFiles: 2_321,
		Bytes: 8_100_000_000, TotalBytes: 12_900_000_000, Started: morning.Add(-10 * time.Minute),
	}

	looking := sampleNow()
	looking.State = syncer.StateSaving
	looking.Folders[0].State = syncer.StateSaving
	looking.Folders[0].Progress = &syncer.Progress{Phase: "looking", Folder: "/home/ana/Pictures", Files: 12_034, Started: morning.Add(-5 * time.Second)}

	waiting := sampleNow()
	waiting.State, waiting.Storages[0].State, waiting.Storages[0].Asked = syncer.StateWaiting, syncer.StateWaiting, morning.Add(-3*time.Hour)
	for i := range waiting.Folders {
		waiting.Folders[i].State = syncer.StateWaiting
	}
	waiting.Problems = []syncer.Problem{{
		Code: "unreachable", Severity: "warning", Title: "Your storage can't be reached",
		Text: "It may be switched off. New changes are waiting; saved files are safe.", Action: "Check the connection", Retry: true,
	}}

	paused := sampleNow()
	paused.State, paused.PausedUntil = syncer.StatePaused, morning.Add(time.Hour)
	for i := range paused.Folders {
		paused.Folders[i].State = syncer.StatePaused
	}

	needs := sampleNow()
	needs.State = syncer.StateNeedsYou
	needs.Folders[2].State, needs.Folders[0].Skipped = syncer.StateNeedsYou, 3
	needs.Problems = []syncer.Problem{
		{Code: "storage_full", Severity: severityNeedsYou, Title: "Your storage is full", Text: "New changes are waiting; saved files are safe.", Action: "Free up space, or add storage"},
		{Code: "folder_missing", Severity: severityNeedsYou, Title: "A folder is not there", Text: "The folder can't be found. Its last version is safe.", Action: "Connect its disk, or stop keeping it", Path: "/home/ana/src"},
	}

	unprotected := sampleNow()
	unprotected.State = syncer.StateUnprotected
	unprotected.Folders = unprotected.Folders[:1]
	unprotected.Folders[0] = syncer.FolderStatus{Path: "/home/ana/Pictures", State: syncer.StateUnprotected, Changed: morning.AddDate(0, 0, -5)}

	empty := Now{Status: syncer.Status{
		State: syncer.StateUnprotected, Storages: []syncer.StorageStatus{{Name: "This computer", State: syncer.StateSafe, Asked: morning}},
	}, At: morning}

	one := sampleNow()
	one.Folders = one.Folders[:1]

	many := sampleNow()
	many.Folders = nil
	for i := range 1_000 {
		state := syncer.StateSafe
		if i%97 == 3 {
			state = syncer.StateWaiting
		}
		many.Folders = append(many.Folders, syncer.FolderStatus{
			Path: fmt.Sprintf("/home/ana/Projects/customer-%04d", i), State: state, Time: morning.Add(-time.Hour), Files: int64(i * 17), Bytes: int64(i) * 3_300_000,
		})
	}

	odd := sampleNow()
	odd.Folders = []syncer.FolderStatus{
		{Path: "/home/ana/رسائل إلى العائلة", State: syncer.StateSafe, Time: morning.Add(-time.Minute), Files: 12, Bytes: 91_000},
		{Path: "/home/ana/写真 été 😀", State: syncer.StateWaiting, Time: morning.AddDate(0, 0, -1), Files: 4_312, Bytes: 3_200_000_000},
		{Path: "/home/ana/photos\u202Egpj.exe", State: syncer.StateSafe, Time: morning.Add(-time.Minute), Files: 1, Bytes: 17},
		{
			Path: "/home/ana/Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz/Donaudampfschifffahrtsgesellschaft", State: syncer.StateNeedsYou,
			Time: morning.AddDate(0, -2, 0), Files: 31_022_114, Bytes: 1_204_000_000_000, Skipped: 1_204,
		},
	}
	odd.Storages[0].Name = "Netzwerklaufwerk im Hauswirtschaftsraum neben der Waschmaschine"
	odd.Space.Used, odd.Storages[0].Limit = 1_207_200_000_000, 0
	odd.Activity = []syncer.Activity{
		{Time: morning.Add(-time.Minute), Kind: syncer.ActivityBackup, Folder: "/home/ana/رسائل إلى العائلة", Files: 1, Bytes: 7_100},
		{Time: morning.AddDate(0, 0, -20), Kind: syncer.ActivityBackup, Folder: odd.Folders[3].Path, Skipped: failed(1_204)},
	}

	due := sampleNow()
	due.WordsDue = true

	return map[string]Now{
		"words-due": due,
		"safe":      sampleNow(), "saving": saving, "looking": looking, "waiting": waiting, "paused": paused, "needs-you": needs,
		"unprotected": unprotected, "empty": empty, "one": one, "many": many, "odd": odd, "unknown": {},
	}
}

// stillEngine is for drawing only: it yields one value, and nothing can be asked of it.
type stillEngine struct {
	browser // nothing is asked of it
	chooser // nothing is asked of it
	keptRules
	*record
	now Now
}

func (e stillEngine) Watch(ctx context.Context) iter.Seq[Now] {
	return func(yield func(Now) bool) {
		if yield(e.now) {
			<-ctx.Done()
		}
	}
}

func (stillEngine) Backup(context.Context, []string, syncer.Report) ([]syncer.Saved, error) {
	return nil, nil
}
func (stillEngine) Pause(context.Context, string, time.Time) error { return nil }
func (stillEngine) Resume(context.Context, string) error           { return nil }
func (stillEngine) AddFolders(context.Context, []string) ([]syncer.FolderInfo, error) {
	return nil, nil
}

func (stillEngine) Survey(context.Context, syncer.Report) error    { return nil }
func (stillEngine) SetLimit(context.Context, string, int64) error  { return nil }
func (stillEngine) SetCopies(context.Context, string, int) error   { return nil }
func (e stillEngine) Space(context.Context) (*syncer.Space, error) { return &e.now.Space, nil }
func (stillEngine) FreeSpace(context.Context, string, syncer.Report) (*syncer.Freed, error) {
	return &syncer.Freed{}, nil
}

func (stillEngine) AddNode(context.Context, syncer.SetupOptions) error { return nil }
func (stillEngine) FixNode(context.Context, string, string) error      { return nil }
func (stillEngine) RemoveNode(context.Context, string, bool) error     { return nil }
func (stillEngine) RemoveFolder(context.Context, string) error         { return nil }
func (stillEngine) Set(context.Context, string, string) error          { return nil }
func (stillEngine) Readdress(context.Context, string, syncer.SetupOptions) error {
	return nil
}

func (stillEngine) Verify(context.Context, int, syncer.Report) (*syncer.Checked, error) {
	return &syncer.Checked{OK: true}, nil
}

func (stillEngine) Accept(context.Context, string) error { return nil }
func (stillEngine) Words(context.Context) ([]string, error) {
	return slices.Repeat([]string{"abandon", "ability", "canal"}, 8), nil
}

func (stillEngine) NoteWords(context.Context, bool) error { return nil }

// speak makes a language the one of the system, and its texts those of the window.
func speak(t *testing.T, language string) {
	t.Helper()
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANGUAGE"} {
		t.Setenv(name, "")
	}
	t.Setenv("LANG", language+".UTF-8")
	before := legible
	legible = func(string) bool { return true }
	t.Cleanup(func() { legible = before })
	if err := loadTranslations(); err != nil {
		t.Fatal(err)
	}
}

// shownWindow is a window that draws now.
func shownWindow(t *testing.T, now Now) *Window {
	t.Helper()
	w := newWindow(Options{Engine: stillEngine{now: now}, Window: test.NewTempWindow(t, nil), Post: func(f func()) { f() }})
	for _, p := range []Place{Home, Files, Restore, Storages, Space, ActivityLog, Settings} {
		switch p {
		case Home:
			w.add(p, newHome(w))
		case Space:
			w.add(p, newSpace(w))
		default:
			w.add(p, blank{})
		}
	}
	w.fill()
	w.over.Resize(fyne.NewSize(1180, 780))
	w.draw(now)
	return w
}

// blank stands where another screen will be, so that the navigation is whole.
type blank struct{}

func (blank) root() fyne.CanvasObject { return kit.NewBox(kit.ColourPage, "", 0) }
func (blank) draw(Now)                {}
