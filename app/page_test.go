//go:build !headless

package main

import (
	"strings"
	"testing"
	"time"

	"roost/syncer"
)

func TestTheWindowNeverSaysSafeWhenItIsNot(t *testing.T) {
	for state, want := range map[string]string{
		"safe": "Safe", "saving": "Saving", "waiting": "Waiting", "paused": "Paused", "needs_you": "Roost needs you",
		"unprotected": "Not protected", "something new": "Not protected",
	} {
		if got := newStatusPage(syncer.Status{State: state}).title; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", state, got)
		}
	}
}

func TestTheWindowShowsFoldersAndProblemsInWords(t *testing.T) {
	p := newStatusPage(syncer.Status{
		State: "needs_you",
		Folders: []syncer.FolderStatus{
			{Path: "/home/ana/Photos", State: "safe", Snapshot: "ab", Time: time.Unix(0, 0), Files: 1204, Bytes: 3.2e9},
			{Path: "/home/ana/evil\u202e", State: "unprotected"},
		},
		Problems: []syncer.Problem{{Title: "A folder is not there", Text: "Its last version is safe.", Action: "Connect its disk", Path: "/media/x"}},
	})
	if len(p.folders) != 2 || !strings.Contains(p.folders[0], "1,204 files, 3.2 GB") || strings.Contains(p.folders[1], "\u202e") {
		t.Errorf("folders: %q", p.folders)
	}
	if want := "/media/x: A folder is not there. Its last version is safe. Connect its disk"; len(p.problems) != 1 || p.problems[0] != want {
		t.Errorf("problems: %q", p.problems)
	}
	if p := problemPage(t.Context(), syncer.ErrNoSetup); !strings.Contains(p.problems[0], "roost setup") {
		t.Errorf("without a backup: %+v", p)
	}
}

func TestThereIsNoWindowWithoutAScreen(t *testing.T) {
	for _, tc := range []struct {
		system string
		env    map[string]string
		want   bool
	}{
		{"linux", nil, false},
		{"linux", map[string]string{"DISPLAY": ":0"}, true},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, true},
		{"freebsd", nil, false},
		{"windows", nil, true},
		{"darwin", nil, true},
	} {
		if got := hasScreen(tc.system, func(name string) string { return tc.env[name] }); got != tc.want {
			t.Errorf("%s %v: %v", tc.system, tc.env, got)
		}
	}
}
