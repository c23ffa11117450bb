package main

import (
	"bytes"
	"context"
	"iter"
	"testing"
	"time"

	"roost/syncer"
)

// told is an engine that went through some states and backups.
type told struct {
	engine
	statuses   []syncer.Status
	activities []syncer.Activity
}

func (e told) Watch(context.Context) iter.Seq2[syncer.Status, error] {
	return func(yield func(syncer.Status, error) bool) {
		for _, s := range e.statuses {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (e told) Activity(context.Context, int) ([]syncer.Activity, error) { return e.activities, nil }

// The journal of a computer may be read by others than the person whose files these are.
func TestTheDiaryTellsWhatHappenedAndNamesNoFile(t *testing.T) {
	start := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	secret := "/home/ana/Divorce"
	down := []syncer.Problem{{Code: "unreachable", Exit: syncer.ExitStorage, Retry: true, Title: "Your storage can't be reached", Path: secret}}
	folders := []syncer.FolderStatus{{Path: secret}}
	e := told{
		engine: refusing{},
		statuses: []syncer.Status{
			{State: "unprotected", Folders: folders},
			{State: "saving", Folders: folders},
			{State: "safe", Folders: folders, Saved: start.Add(2 * time.Second)},
			{State: "waiting", Folders: folders, Saved: start.Add(2 * time.Second)}, // a change settles
			{State: "safe", Folders: folders, Saved: start.Add(2 * time.Second)},
			{State: "waiting", Folders: folders, Problems: down, Saved: start.Add(2 * time.Second)},
			{State: "needs_you", Folders: folders, Saved: start.Add(2 * time.Second), Problems: []syncer.Problem{
				{Title: "Your storage is full", Severity: "needs_you", Path: secret},
			}},
		},
		activities: []syncer.Activity{
			{Time: start.Add(2 * time.Second), Kind: "backup", Folder: secret, Text: "Saved, but 1 file could not be.", Files: 3, Bytes: 4000},
			{Time: start.Add(time.Second), Kind: "backup", Folder: secret, Text: "Saved.", Files: 1, Bytes: 10},
			{Time: start.Add(time.Second), Kind: "restore", Folder: secret, Text: "Restored."},
			{Time: start.Add(-time.Hour), Kind: "backup", Folder: secret, Text: "Saved."}, // before this Roost was started
		},
	}
	var out bytes.Buffer
	d := &diary{w: &out, since: start}
	if err := d.write(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want := `Not protected: not everything has been saved.
Saved. (1 file, 10 B new)
Saved, but 1 file could not be. (3 files, 4.0 kB new)
Safe: your storage holds the newest version of every folder.
Waiting: your storage cannot be reached. What was saved before is safe.
Roost needs you. Your storage is full.
`
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", &out, want)
	}
	if d.backups != 2 || d.state != "needs_you" || !d.saved.Equal(start.Add(2*time.Second)) {
		t.Errorf("%+v", d)
	}
}
