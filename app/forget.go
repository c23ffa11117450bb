package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"roost/syncer"
)

func forgetCommand() *command {
	return &command{
		name: "forget", usage: []string{"PATH", "SNAPSHOT…", "--undo PATH|SNAPSHOT…"}, least: 1, most: -1, run: forget,
		help: `Takes a file or a folder out of every version of this computer, or removes versions. Versions that had PATH are written
anew with their time and get other ids. What is on this computer's disk is not touched: a file that is still there is
saved again by the next backup, unless .roostignore names it.

What is forgotten can be brought back for 30 days with --undo, unless --now lets it go for good at once, which it also does
with versions that were removed before. The newest version of a folder cannot be removed. To remove over half of a folder's
versions, or all, the recovery words are needed. A name of 8 or more hex digits is a SNAPSHOT; write ./NAME for a file
called so.

With --json: path, folder, files, bytes, changed_snapshots[], remaining_snapshots, still_on_disk, restorable_until; with
--now what roost prune says, with --undo snapshots[].`,
		flags: []flag{
			{name: "now", help: "it goes for good at once"},
			{name: "preview", help: "only say what would go"},
			{name: "undo", help: "bring back what was removed or forgotten"},
			{name: "words-file", arg: "F", help: "read the recovery words from F; - is standard input"},
		},
	}
}

type forgetAnswer struct {
	jsonPath
	Folder    string     `json:"folder"`
	FolderRaw []byte     `json:"folder_b64,omitempty"` // exactly, where text cannot hold it
	Files     int64      `json:"files"`                // in the newest version that had it
	Bytes     int64      `json:"bytes"`
	Changed   []goneJSON `json:"changed_snapshots"` // as they were
	Left      int64      `json:"remaining_snapshots"`
	OnDisk    bool       `json:"still_on_disk"`
	Until     *stamp     `json:"restorable_until,omitempty"`
	Preview   bool       `json:"preview"` // nothing was changed
	*pruneNow            // with --now
	path      string
	raw       string // folder
}

// pruneNow is what went for good at once.
type pruneNow struct {
	Removed int   `json:"removed_snapshots"`
	Freed   int64 `json:"freed_bytes"`
	Later   int64 `json:"freed_later_bytes"`
}

type undoAnswer struct {
	Snapshots []goneJSON `json:"snapshots"`
}

// snapshotName is a name that is taken for a version's rather than a file's.
var snapshotName = regexp.MustCompile(`^[0-9a-fA-F]{8,64}$`)

func isSnapshot(arg string) bool {
	if !snapshotName.MatchString(arg) {
		return false
	}
	_, err := os.Lstat(arg)
	return err != nil
}

func forget(ctx context.Context, c *call) (answer, error) {
	if c.has("undo") {
		if c.has("now") || c.has("preview") || c.has("words-file") {
			return nil, usage(c.command, "--undo stands alone.")
		}
		return c.bringBack(ctx)
	}
	o := syncer.ForgetOptions{Now: c.has("now"), Preview: c.has("preview")}
	for _, arg := range c.rest {
		switch {
		case isSnapshot(arg):
			o.Versions = append(o.Versions, arg)
		case len(c.rest) > 1:
			return nil, usage(c.command, "Give one path, or versions by their ids; %q is no id.", arg)
		default:
			abs, err := filepath.Abs(arg)
			if err != nil {
				return nil, usage(c.command, "%v", err)
			}
			o.Path = abs
		}
	}
	if c.has("words-file") {
		var err error
		if o.Words, err = c.recoveryWords(ctx); err != nil {
			return nil, err
		}
	}
	do := c.work
	if o.Preview {
		do = c.look
	}
	var a answer
	err := do(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		f, err := e.Forget(ctx, o, m.report())
		if f != nil {
			a = newForgetAnswer(f, o)
		}
		return err
	})
	return a, err
}

func newForgetAnswer(f *syncer.Forgotten, o syncer.ForgetOptions) forgetAnswer {
	a := forgetAnswer{
		jsonPath: newPath(f.Path), Folder: utf8Path(f.Folder), FolderRaw: exactPath(f.Folder), Files: f.Files, Bytes: f.Bytes, Changed: goneVersions(f.Versions),
		Left: f.Left, OnDisk: f.OnDisk, Preview: o.Preview, path: f.Path, raw: f.Folder,
	}
	if !f.Until.IsZero() && !o.Now {
		at := stamp(f.Until)
		a.Until = &at
	}
	if f.Freed != nil {
		a.pruneNow = &pruneNow{len(f.Freed.Versions), f.Freed.Freed, f.Freed.FreedLater}
	}
	return a
}

func (a forgetAnswer) people(w io.Writer) {
	versions := many(int64(len(a.Changed)), "version", "versions")
	switch {
	case a.path == "" && a.Preview:
		fmt.Fprintf(w, "%s would go.", versions)
	case a.path == "":
		fmt.Fprintf(w, "%s removed.", versions)
	case a.Preview:
		fmt.Fprintf(w, "%s of %s (%s, %s) would be taken out of %s.", shown(a.path), shown(a.raw), files(a.Files), size(a.Bytes), versions)
	default:
		fmt.Fprintf(w, "%s of %s (%s, %s) was taken out of %s.", shown(a.path), shown(a.raw), files(a.Files), size(a.Bytes), versions)
	}
	fmt.Fprintf(w, " %s of this computer %s.\n", many(a.Left, "version", "versions"), map[bool]string{true: "remains", false: "remain"}[a.Left == 1])
	if a.OnDisk {
		fmt.Fprintln(w, "It is still on this computer: the next backup saves it again, unless .roostignore names it.")
	}
	switch {
	case a.Preview:
		fmt.Fprintln(w, "Nothing was changed.")
	case a.pruneNow != nil:
		fmt.Fprintf(w, "%s freed. It cannot be brought back.\n", size(a.pruneNow.Freed))
	case a.Until != nil:
		fmt.Fprintf(w, "It can be brought back until %s: roost forget --undo\n", when(time.Time(*a.Until)))
	}
}

func (c *call) bringBack(ctx context.Context) (a answer, err error) {
	names := make([]string, len(c.rest))
	for i, arg := range c.rest {
		if names[i] = arg; !isSnapshot(arg) {
			if names[i], err = filepath.Abs(arg); err != nil {
				return nil, usage(c.command, "%v", err)
			}
		}
	}
	err = c.work(ctx, func(e engine) error {
		back, err := e.BringBack(ctx, names)
		if err == nil {
			a = undoAnswer{goneVersions(back)}
		}
		return err
	})
	return a, err
}

func (a undoAnswer) people(w io.Writer) {
	for _, v := range a.Snapshots {
		fmt.Fprintf(w, "  %.8s  %s  %s\n", v.ID, when(time.Time(v.Time)), shown(v.raw))
	}
	fmt.Fprintf(w, "%s back. The rules leave them alone from now on.\n", many(int64(len(a.Snapshots)), "version is", "versions are"))
}
