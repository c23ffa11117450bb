package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"roost/syncer"
)

func runCommand() *command {
	return &command{
		name: "run", run: keepRunning,
		about: "watch the folders and save changes, until stopped",
		help: `Keeps the folders without a window: watches them, saves what changes, and looks after the storages. Meanwhile the
other verbs ask this Roost. What happens is said on standard error, one line each, without the names of files.

Ctrl-C or SIGTERM stops it, within a few seconds and with exit code 0; the next run goes on from there. With
--json it ends with {state, saved, started, stopped, backups}. Exit code 6: one runs with this home already.

roost service install starts it whenever this computer does. ROOST_LOG=debug tells more than anybody wants to know.`,
	}
}

type runAnswer struct {
	State   string `json:"state"` // the last one
	Saved   stamp  `json:"saved"` // when the newest complete version was made
	Started stamp  `json:"started"`
	Stopped stamp  `json:"stopped"`
	Backups int64  `json:"backups"` // that made a new version
}

func (runAnswer) people(io.Writer) {} // all is said

func keepRunning(ctx context.Context, c *call) (answer, error) {
	d := &diary{w: c.err, systemd: newSystemd(c.env), since: time.Now()}
	started := time.Now()
	c.gentle, c.unattended = true, c.unattended || !isTerminal(c.in)
	err := c.keep(ctx, nil, func(ctx context.Context, e engine) error {
		return together(
			ctx,
			func(ctx context.Context) error { return d.write(ctx, e) },
			func(ctx context.Context) error { return showNotices(ctx, c.log(), e) },
		)
	})
	if errors.Is(context.Cause(ctx), errInterrupted) && errors.Is(err, context.Canceled) {
		err = nil // it was asked to
	}
	if err != nil {
		return nil, err
	}
	return runAnswer{d.state, stamp(d.saved), stamp(started), stamp(time.Now()), d.backups}, nil
}

// diary says what happens, in lines for a person or the journal of the system. It names no file: others may read that.
type diary struct {
	w       io.Writer
	systemd *systemd

	said    string // the last line about the state
	state   string
	saved   time.Time
	since   time.Time // activity up to then is told
	backups int64
}

// write tells until ctx ends.
func (d *diary) write(ctx context.Context, e engine) error {
	d.systemd.tell("READY=1")
	defer d.systemd.tell("STOPPING=1")
	for s, err := range e.Watch(ctx) {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil // what is said while everything stops is not worth telling
		}
		if d.saved != s.Saved {
			if err := d.backedUp(ctx, e); err != nil {
				return err
			}
		}
		d.state, d.saved = s.State, s.Saved
		d.stateIs(s)
	}
	return nil
}

// stateIs tells a state that is another one than before. That changes are noticed and being saved is not told: that they
// are saved will be.
func (d *diary) stateIs(s syncer.Status) {
	line := stateTitle(s)
	switch {
	case s.State == "saving", s.State == "waiting" && len(s.Problems) == 0:
		return
	case s.State == "needs_you" && len(s.Problems) > 0:
		line += " " + sentence(s.Problems[0].Title)
	}
	if line == d.said {
		return
	}
	d.said = line
	fmt.Fprintln(d.w, line)
	d.systemd.tell("STATUS=" + line)
}

// diaryRead is how many of the newest things that happened are looked at; more than one status apart can hold.
const diaryRead = 200

// backedUp tells of the backups since the last time, oldest first.
func (d *diary) backedUp(ctx context.Context, e engine) error {
	recent, err := e.Activity(ctx, diaryRead)
	if err != nil {
		return err
	}
	for i := len(recent) - 1; i >= 0; i-- {
		a := recent[i]
		if a.Kind != "backup" || !a.Time.After(d.since) {
			continue
		}
		d.since = a.Time
		d.backups++
		fmt.Fprintf(d.w, "%s (%s, %s new)\n", a.Text, files(a.Files), size(a.Bytes))
	}
	return nil
}
