package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// folderFlag chooses one folder.
var folderFlag = flag{name: "folder", arg: "DIR", help: "this folder alone"}

func pauseCommand() *command {
	return &command{
		name: "pause", usage: []string{"[TIME] [--folder DIR]"}, most: 1, run: pause,
		about: "save nothing by itself, for 1h or until tomorrow", beside: []string{"resume"},
		help: `Saves nothing by itself until TIME, or until roost resume: 30m, 1h, 2d, tomorrow (at six in the morning), or a
date such as 2027-01-31, also with an hour: "2027-01-31 18:00". roost backup still saves at once.

With --json: {paused_until}, and with --folder {paused_until, folders[] {path, mode, state}}. A pause that
nothing but resume ends is until the year 9999.`,
		flags: []flag{folderFlag},
	}
}

func resumeCommand() *command {
	return &command{
		name: "resume", usage: []string{"[--folder DIR]"}, run: resume,
		help: `Ends a pause: of everything, single folders included, or of one folder.

With --json: {paused_until: null}, and with --folder {paused_until, folders[] {path, mode, state}}.`,
		flags: []flag{folderFlag},
	}
}

type pauseAnswer struct {
	PausedUntil stamp        `json:"paused_until"` // null: it is not
	Folders     []folderJSON `json:"folders,omitempty"`
}

func pause(ctx context.Context, c *call) (answer, error) {
	text := ""
	if len(c.rest) > 0 {
		text = c.rest[0]
	}
	until, err := parseUntil(text, time.Now())
	if err != nil {
		return nil, usage(c.command, "%v", err)
	}
	a := pauseAnswer{PausedUntil: stamp(until)}
	if until.IsZero() {
		a.PausedUntil = stamp(time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	return c.pausing(ctx, a, func(e engine, dir string) error { return e.Pause(ctx, dir, until) })
}

func resume(ctx context.Context, c *call) (answer, error) {
	return c.pausing(ctx, pauseAnswer{}, func(e engine, dir string) error { return e.Resume(ctx, dir) })
}

// pausing does it with the folder that was named, or with "" for all.
func (c *call) pausing(ctx context.Context, a pauseAnswer, do func(e engine, dir string) error) (answer, error) {
	if !c.has("folder") {
		if err := c.work(ctx, func(e engine) error { return do(e, "") }); err != nil {
			return nil, err
		}
		return a, nil
	}
	f, err := c.withFolder(ctx, c.value("folder"), do)
	if err != nil {
		return nil, err
	}
	a.Folders = f.Folders
	return a, nil
}

// withFolder does something with one folder and answers how it is kept then.
func (c *call) withFolder(ctx context.Context, dir string, do func(e engine, dir string) error) (a foldersAnswer, err error) {
	dir, err = folderPath(dir)
	if err != nil {
		return a, usage(c.command, "%v", err)
	}
	err = c.work(ctx, func(e engine) error {
		if err := do(e, dir); err != nil {
			return err
		}
		folders, err := e.Folders(ctx)
		if err != nil {
			return err
		}
		a = newFoldersAnswer("", named(folders, dir))
		return nil
	})
	return a, err
}

func (a pauseAnswer) people(w io.Writer) {
	what := "Roost"
	if len(a.Folders) > 0 {
		what = shown(a.Folders[0].raw)
	}
	if time.Time(a.PausedUntil).IsZero() {
		fmt.Fprintf(w, "%s goes on.\n", what)
		return
	}
	fmt.Fprintf(w, "%s saves nothing by itself %s.\n", what, untilWords(time.Time(a.PausedUntil)))
}
