package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"roost/syncer"
)

func activityCommand() *command {
	return &command{
		name: "activity", usage: []string{"[--limit N]"}, run: activity,
		help: `Tells what happened, newest first: what was saved and restored, what was not and why, and what went wrong.

With --json: activity[] {time, kind, folder, text, files, bytes, skipped[] {path, reason, failed}}; kind is
backup, restore, verify or problem.`,
		flags: []flag{{name: "limit", arg: "N", help: "at most so many (20)"}},
	}
}

type activityAnswer struct {
	Activity []activityJSON `json:"activity"`
}

type activityJSON struct {
	Time stamp  `json:"time"`
	Kind string `json:"kind"`
	jsonFolder
	Text    string        `json:"text"`
	Files   int64         `json:"files"`
	Bytes   int64         `json:"bytes"`
	Skipped []skippedJSON `json:"skipped"`
	raw     string
}

// activityShown is how many are shown unless --limit says otherwise.
const activityShown = 20

func activity(ctx context.Context, c *call) (a answer, err error) {
	limit := activityShown
	if text := c.value("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return nil, usage(c.command, "--limit is a number from 1, not %q.", text)
		}
	}
	err = c.work(ctx, func(e engine) error {
		list, err := e.Activity(ctx, limit)
		if err != nil {
			return err
		}
		a = newActivityAnswer(list)
		return nil
	})
	return a, err
}

func newActivityAnswer(list []syncer.Activity) activityAnswer {
	a := activityAnswer{Activity: []activityJSON{}}
	for _, x := range list {
		j := activityJSON{
			Time: stamp(x.Time), Kind: x.Kind, jsonFolder: newFolder(x.Folder), Text: x.Text, Files: x.Files, Bytes: x.Bytes,
			Skipped: newSkipped(x.Skipped), raw: x.Folder,
		}
		a.Activity = append(a.Activity, j)
	}
	return a
}

// fewNamed is how many files are named where much else is told.
const fewNamed = 5

func (a activityAnswer) people(w io.Writer) {
	if len(a.Activity) == 0 {
		fmt.Fprintln(w, "Nothing has happened yet.")
		return
	}
	for _, x := range a.Activity {
		fmt.Fprintf(w, "%s  ", when(time.Time(x.Time)))
		if x.raw != "" {
			fmt.Fprintf(w, "%s: ", shown(x.raw))
		}
		fmt.Fprintln(w, shown(x.Text))
		for i, k := range x.Skipped {
			if i == fewNamed {
				fmt.Fprintf(w, "    … and %s more: --json names all\n", count(int64(len(x.Skipped)-i)))
				break
			}
			fmt.Fprintf(w, "    %s: %s\n", shown(k.raw), shown(k.Reason))
		}
	}
}
