package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"roost/syncer"
)

func statusCommand() *command {
	return &command{
		name: "status", run: status,
		about: "are my files safe?",
		help:  "Says whether the folders are safe, what waits, and what needs you.",
	}
}

type statusAnswer struct {
	State    string         `json:"state"`
	Folders  []folderStatus `json:"folders"`
	Problems []problemJSON  `json:"problems"`
	Queue    int64          `json:"queue"`
	status   syncer.Status
}

type folderStatus struct {
	jsonPath
	State    string `json:"state"`
	Snapshot string `json:"snapshot"` // newest complete version; "" before the first
	Time     stamp  `json:"time"`     // of that version
	Files    int64  `json:"files"`
	Bytes    int64  `json:"bytes"`
	Skipped  int64  `json:"skipped"`
}

type problemJSON struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Action   string `json:"action"`
	Path     string `json:"path,omitempty"`
	Exact    []byte `json:"path_b64,omitempty"`
}

func newProblemJSON(p syncer.Problem) problemJSON {
	return problemJSON{p.Code, p.Severity, p.Title, p.Text, p.Action, utf8Path(p.Path), exactPath(p.Path)}
}

func status(ctx context.Context, c *call) (a answer, err error) {
	err = c.look(ctx, func(e *syncer.Engine) error {
		a = newStatusAnswer(e.Status(ctx))
		return ctx.Err()
	})
	return a, err
}

func newStatusAnswer(s syncer.Status) statusAnswer {
	a := statusAnswer{State: s.State, Folders: []folderStatus{}, Problems: []problemJSON{}, Queue: s.Queue, status: s}
	for _, f := range s.Folders {
		a.Folders = append(a.Folders, folderStatus{newPath(f.Path), f.State, f.Snapshot, stamp(f.Time), f.Files, f.Bytes, f.Skipped})
	}
	for _, p := range s.Problems {
		a.Problems = append(a.Problems, newProblemJSON(p))
	}
	return a
}

func (a statusAnswer) people(w io.Writer) {
	fmt.Fprintln(w, stateTitle(a.status))
	for _, f := range a.status.Folders {
		fmt.Fprintf(w, "  %s\n    %s\n", shown(f.Path), folderWords(f))
	}
	for _, p := range a.status.Problems {
		fmt.Fprintf(w, "\n%s\n", problemWords(p))
	}
}

// stateTitle is the state of everything as one sentence; the window's headline is the same.
func stateTitle(s syncer.Status) string {
	switch s.State {
	case "safe":
		return "Safe: your storage holds the newest version of every folder."
	case "saving":
		return "Saving: changes are on their way to your storage."
	case "waiting":
		return "Waiting: your storage cannot be reached. What was saved before is safe."
	case "paused":
		return "Paused: changes are not being saved."
	case "needs_you":
		return "Roost needs you."
	}
	if len(s.Folders) == 0 {
		return "Not protected: no folder is kept yet."
	}
	return "Not protected: not everything has been saved."
}

// stateWords is the state of one folder.
func stateWords(state string) string {
	switch state {
	case "safe", "saving", "waiting", "paused":
		return state
	case "needs_you":
		return "needs you"
	}
	return "not saved yet"
}

func folderWords(f syncer.FolderStatus) string {
	var b strings.Builder
	b.WriteString(stateWords(f.State))
	if f.Snapshot != "" {
		fmt.Fprintf(&b, "; saved %s: %s, %s", when(f.Time.Round(time.Second)), files(f.Files), size(f.Bytes))
	}
	if f.Skipped > 0 {
		fmt.Fprintf(&b, "; %s left out", many(f.Skipped, "entry", "entries"))
	}
	return b.String()
}

// problemWords is what happened, whether files are safe, and one next step.
func problemWords(p syncer.Problem) string {
	text := message(p)
	if p.Path != "" {
		text = shown(p.Path) + ": " + text
	}
	if p.Action != "" {
		text += " " + p.Action
	}
	return text
}
