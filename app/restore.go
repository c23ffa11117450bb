package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"roost/syncer"
	"roost/vault/format"
)

func restoreCommand() *command {
	return &command{
		name:  "restore",
		usage: []string{"SNAPSHOT [PATH…] (--to DIR | --in-place) [--on-conflict RULE]"},
		least: 1, most: -1, run: restore,
		about: "bring files back",
		help: snapshotHelp + `

PATH is a file or folder within the version; without one, all of it comes back. --to DIR puts a folder at
DIR/NAME. --in-place puts everything where it was. Where another file is in the way, both are kept, unless
--on-conflict says otherwise.`,
		flags: []flag{
			{name: "to", arg: "DIR", help: "restore below DIR"},
			{name: "in-place", help: "restore to where it was"},
			{name: "on-conflict", arg: "RULE", help: "keep-both, replace or skip"},
		},
	}
}

type restoreAnswer struct {
	Restored int64         `json:"restored"`
	Bytes    int64         `json:"bytes"`
	Same     int64         `json:"same"`           // were there already, byte for byte
	Left     int64         `json:"left,omitempty"` // were left out, because another file stands there
	Bare     int64         `json:"bare,omitempty"` // came back without some of their attributes
	Failed   []failureJSON `json:"failed"`
	targets  []string
}

type failureJSON struct {
	jsonPath
	Reason string `json:"reason"`
	raw    string
}

func restore(ctx context.Context, c *call) (a answer, err error) {
	opts, err := c.restoreOptions()
	if err != nil {
		return nil, err
	}
	err = c.work(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		got, err := e.Restore(ctx, opts, m.report())
		if got == nil {
			return err
		}
		a = newRestoreAnswer(got)
		if err != nil {
			return err
		}
		return damageOf(got)
	})
	return a, err
}

func (c *call) restoreOptions() (opts syncer.RestoreOptions, err error) {
	opts.OnConflict = syncer.KeepBoth
	if _, err := c.oneOf("to", "in-place"); err != nil {
		return opts, usage(c.command, "%v", err)
	}
	if rule := syncer.OnConflict(c.value("on-conflict")); rule != "" {
		if !slices.Contains([]syncer.OnConflict{syncer.KeepBoth, syncer.Replace, syncer.SkipFile}, rule) {
			return opts, usage(c.command, "--on-conflict is keep-both, replace or skip, not %q.", rule)
		}
		opts.OnConflict = rule
	}
	if c.has("to") {
		if opts.To, err = filepath.Abs(c.value("to")); err != nil {
			return opts, usage(c.command, "%v", err)
		}
	}
	opts.InPlace = c.has("in-place")
	if opts.Snapshot, err = versionArg(c.rest[0]); err != nil {
		return opts, err
	}
	for _, path := range c.rest[1:] {
		opts.Paths = append(opts.Paths, filepath.ToSlash(path))
	}
	return opts, nil
}

func newRestoreAnswer(r *syncer.Restored) restoreAnswer {
	a := restoreAnswer{Restored: r.Files, Bytes: r.Bytes, Same: r.Same, Left: r.Left, Bare: r.Bare, Failed: []failureJSON{}, targets: r.Targets}
	for _, f := range r.Failed {
		a.Failed = append(a.Failed, failureJSON{newPath(f.Path), f.Reason, f.Path})
	}
	return a
}

// damageOf is an error when the storage, rather than this computer, kept files from coming back.
func damageOf(r *syncer.Restored) error {
	var damaged int64
	for _, f := range r.Failed {
		if f.Damage {
			damaged++
		}
	}
	if damaged == 0 {
		return nil
	}
	return fmt.Errorf("restore %s: %w", files(damaged), format.ErrDamaged)
}

func (a restoreAnswer) partly() bool { return len(a.Failed) > 0 }

func (a restoreAnswer) people(w io.Writer) {
	if len(a.targets) > 0 {
		fmt.Fprintf(w, "Restored to:\n")
		for _, t := range a.targets {
			fmt.Fprintf(w, "  %s\n", shown(t))
		}
	}
	fmt.Fprintf(w, "%s restored, %s could not be.", count(a.Restored), count(int64(len(a.Failed))))
	if a.Left > 0 {
		fmt.Fprintf(w, " %s were left out, because another file stands there.", count(a.Left))
	}
	if a.Bare > 0 {
		fmt.Fprintf(w, " %s came back without some of their properties, which this disk or account does not allow.", count(a.Bare))
	}
	if a.Same > 0 {
		fmt.Fprintf(w, " %s were here already.", count(a.Same))
	}
	fmt.Fprintln(w)
	for i, f := range a.Failed {
		if i == maxNamed {
			fmt.Fprintln(w, "  … and more: --json names all")
			return
		}
		fmt.Fprintf(w, "  %s: %s\n", shown(f.raw), f.Reason)
	}
}
