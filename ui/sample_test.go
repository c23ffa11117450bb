package ui

import (
	"context"
	"fmt"
	"iter"
	"time"

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
			State: stateSafe, Node: "Pi in the living room",
			Folders: []syncer.FolderStatus{
				folder("/home/ana/Pictures", stateSafe, 31_022, 96_400_000_000),
				folder("/home/ana/Documents", stateSafe, 2_321, 12_900_000_000),
				folder("/home/ana/src", stateSafe, 14_870, 22_700_000_000),
			},
		},
		At: morning,
		Storages: []Storage{{
			Name: "Pi in the living room", State: stateSafe, Used: 131 * gigabyte, Quota: 250 * gigabyte, LastSeen: morning,
			Shares: []syncer.FolderSpace{
				{Path: "/home/ana/Pictures", Bytes: 96_400_000_000},
				{Path: "/home/ana/src", Bytes: 22_700_000_000},
				{Path: "/home/ana/Documents", Bytes: 9_400_000_000},
			},
		}},
		Activity: []Activity{
			{Time: morning.Add(-2 * time.Hour), Kind: kindChecked},
			{Time: morning.Add(-20 * time.Hour), Kind: kindRestored, Files: 3},
			{Time: morning.Add(-50 * time.Hour), Kind: kindSaved, Folder: "/home/ana/Documents", Files: 2_321, Bytes: 18_300_000, Skipped: 2},
			{Time: morning.Add(-80 * time.Hour), Kind: kindSaved, Folder: "/home/ana/Documents", Files: 2_319, Bytes: 4_200_000},
		},
	}
	for _, gb := range []int64{
		88, 88, 90, 90, 91, 91, 96, 97, 97, 97, 99, 104, 104, 104, 106, 109, 109, 112, 118, 118, 119, 121, 122, 124, 124, 126, 129, 130, 130, 131,
	} {
		n.Days = append(n.Days, gb*gigabyte)
	}
	return n
}

// samples are the states that the window has to draw, by name.
func samples() map[string]Now {
	saving := sampleNow()
	saving.State = stateSaving
	saving.Folders[1].State = stateSaving
	saving.Progress = []syncer.Progress{{
		Phase: "saving", Folder: "/home/ana/Documents", Current: "Taxes/2026/receipts-scan-0412.pdf", Files: 1_450, TotalFiles: 2_321,
		Bytes: 8_100_000_000, TotalBytes: 12_900_000_000, Started: morning.Add(-10 * time.Minute),
	}}

	looking := sampleNow()
	looking.State = stateSaving
	looking.Folders[0].State = stateSaving
	looking.Progress = []syncer.Progress{{Phase: "looking", Folder: "/home/ana/Pictures", Files: 12_034, Started: morning.Add(-5 * time.Second)}}

	waiting := sampleNow()
	waiting.State, waiting.Storages[0].State, waiting.Storages[0].LastSeen = stateWaiting, stateWaiting, morning.Add(-3*time.Hour)
	for i := range waiting.Folders {
		waiting.Folders[i].State = stateWaiting
	}
	waiting.Problems = []syncer.Problem{{
		Code: "unreachable", Severity: "warning", Title: "Your storage can't be reached",
		Text: "It may be switched off. New changes are waiting; saved files are safe.", Action: "Check the connection", Retry: true,
	}}

	paused := sampleNow()
	paused.State, paused.PausedUntil = statePaused, morning.Add(time.Hour)
	for i := range paused.Folders {
		paused.Folders[i].State = statePaused
	}

	needs := sampleNow()
	needs.State = stateNeedsYou
	needs.Folders[2].State, needs.Folders[0].Skipped = stateNeedsYou, 3
	needs.Problems = []syncer.Problem{
		{Code: "storage_full", Severity: severityNeedsYou, Title: "Your storage is full", Text: "New changes are waiting; saved files are safe.", Action: "Free up space, or add storage"},
		{Code: "folder_missing", Severity: severityNeedsYou, Title: "A folder is not there", Text: "The folder can't be found. Its last version is safe.", Action: "Connect its disk, or stop keeping it", Path: "/home/ana/src"},
	}

	unprotected := sampleNow()
	unprotected.State, unprotected.UnsafeSince = stateUnprotected, morning.AddDate(0, 0, -5)
	unprotected.Folders = unprotected.Folders[:1]
	unprotected.Folders[0] = syncer.FolderStatus{Path: "/home/ana/Pictures", State: stateUnprotected}

	empty := Now{Status: syncer.Status{State: stateUnprotected}, At: morning, Storages: []Storage{{Name: "This computer", State: stateSafe}}}

	one := sampleNow()
	one.Folders = one.Folders[:1]

	many := sampleNow()
	many.Folders = nil
	for i := range 1_000 {
		state := stateSafe
		if i%97 == 3 {
			state = stateWaiting
		}
		many.Folders = append(many.Folders, syncer.FolderStatus{
			Path: fmt.Sprintf("/home/ana/Projects/customer-%04d", i), State: state, Time: morning.Add(-time.Hour), Files: int64(i * 17), Bytes: int64(i) * 3_300_000,
		})
	}

	odd := sampleNow()
	odd.Folders = []syncer.FolderStatus{
		{Path: "/home/ana/رسائل إلى العائلة", State: stateSafe, Time: morning.Add(-time.Minute), Files: 12, Bytes: 91_000},
		{Path: "/home/ana/写真 été 😀", State: stateWaiting, Time: morning.AddDate(0, 0, -1), Files: 4_312, Bytes: 3_200_000_000},
		{Path: "/home/ana/photos\u202Egpj.exe", State: stateSafe, Time: morning.Add(-time.Minute), Files: 1, Bytes: 17},
		{
			Path: "/home/ana/Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz/Donaudampfschifffahrtsgesellschaft", State: stateNeedsYou,
			Time: morning.AddDate(0, -2, 0), Files: 31_022_114, Bytes: 1_204_000_000_000, Skipped: 1_204,
		},
	}
	odd.Storages[0].Name = "Netzwerklaufwerk im Hauswirtschaftsraum neben der Waschmaschine"
	odd.Storages[0].Shares = nil
	for _, f := range odd.Folders {
		odd.Storages[0].Shares = append(odd.Storages[0].Shares, syncer.FolderSpace{Path: f.Path, Bytes: f.Bytes})
	}
	odd.Storages[0].Used, odd.Storages[0].Quota = 1_207_200_000_000, 0
	odd.Activity = []Activity{
		{Time: morning.Add(-time.Minute), Kind: kindSaved, Folder: "/home/ana/رسائل إلى العائلة", Files: 1, Bytes: 7_100},
		{Time: morning.AddDate(0, 0, -20), Kind: kindSaved, Folder: odd.Folders[3].Path, Skipped: 1_204},
	}

	return map[string]Now{
		"safe": sampleNow(), "saving": saving, "looking": looking, "waiting": waiting, "paused": paused, "needs-you": needs,
		"unprotected": unprotected, "empty": empty, "one": one, "many": many, "odd": odd, "unknown": {},
	}
}

// stillEngine is for drawing only: it yields one value, and nothing can be asked of it.
type stillEngine struct {
	browser // nothing is asked of it
	now     Now
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

func (stillEngine) CheckNode(context.Context, string) (syncer.NodeInfo, error) {
	return syncer.NodeInfo{}, nil
}
