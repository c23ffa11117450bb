package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"roost/syncer"
)

func snapshotsCommand() *command {
	return &command{
		name: "snapshots", usage: []string{"[DIR] [--removed]"}, most: 1, run: snapshots,
		about: "list the versions of all devices, newest first",
		help: `Lists every version of every folder of every device, or of one folder. What is damaged is named and left out.
Where the storage cannot be reached, it lists what is known. With --removed it lists the versions of this computer that were removed and can still be brought
back, with the time until when, and what was forgotten in them.`,
		flags: []flag{{name: "removed", help: "those that were removed and can be brought back"}},
	}
}

type snapshotsAnswer struct {
	Snapshots []versionJSON `json:"snapshots"`
	Stale     bool          `json:"stale"`    // the storage could not be asked
	Problems  []problemJSON `json:"problems"` // what is stored there and cannot be used
	removed   bool          // it lists those that were removed
}

type versionJSON struct {
	ID string `json:"id"`
	jsonFolder
	Device   string       `json:"device"`
	Time     stamp        `json:"time"`
	Files    uint64       `json:"files"`
	Bytes    uint64       `json:"bytes"`
	Complete bool         `json:"complete"`
	Removed  *removedJSON `json:"removed,omitempty"`
	raw      string
}

// removedJSON says of a version that was removed when, and until when it can be brought back.
type removedJSON struct {
	At        stamp     `json:"at"`
	Until     stamp     `json:"restorable_until"`
	Forgotten *jsonPath `json:"forgotten,omitempty"` // what was taken out of it
}

func newVersionJSON(v syncer.Version) versionJSON {
	return versionJSON{
		ID: v.ID.String(), jsonFolder: newFolder(string(v.Path)), Device: v.DeviceName, Time: stamp(v.Time()),
		Files: v.Files, Bytes: v.Bytes, Complete: v.Complete, raw: string(v.Path),
	}
}

func snapshots(ctx context.Context, c *call) (a answer, err error) {
	dir := ""
	if len(c.rest) > 0 {
		if dir, err = folderPath(c.rest[0]); err != nil {
			return nil, usage(c.command, "%v", err)
		}
	}
	if c.has("removed") {
		return removedSnapshots(ctx, c, dir)
	}
	err = c.look(ctx, func(e engine) error {
		versions, stale, err := e.Snapshots(ctx, dir)
		if err != nil {
			return err
		}
		list := snapshotsAnswer{Snapshots: []versionJSON{}, Stale: stale}
		if list.Problems, err = c.damage(ctx, e); err != nil {
			return err
		}
		for _, v := range versions {
			list.Snapshots = append(list.Snapshots, newVersionJSON(v))
		}
		a = list
		return nil
	})
	return a, err
}

func removedSnapshots(ctx context.Context, c *call, dir string) (a answer, err error) {
	err = c.look(ctx, func(e engine) error {
		removed, err := e.Removed(ctx)
		if removed == nil && err != nil {
			return err
		}
		list := snapshotsAnswer{Snapshots: []versionJSON{}, Problems: []problemJSON{}, removed: true}
		for _, r := range removed {
			if dir != "" && dir != string(r.Version.Path) {
				continue
			}
			v := newVersionJSON(r.Version)
			v.Removed = &removedJSON{At: stamp(r.On), Until: stamp(r.Until)}
			if r.Forgotten != "" {
				p := newPath(r.Forgotten)
				v.Removed.Forgotten = &p
			}
			list.Snapshots = append(list.Snapshots, v)
		}
		a = list
		return err
	})
	return a, err
}

func (a snapshotsAnswer) people(w io.Writer) {
	if a.Stale {
		fmt.Fprintln(w, "Your storage cannot be reached. This is what was known before:")
	}
	if len(a.Snapshots) == 0 && a.removed {
		fmt.Fprintln(w, "No removed version can be brought back.")
		return
	}
	if len(a.Snapshots) == 0 {
		fmt.Fprintln(w, "There is no version yet. Make one: roost backup")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range a.Snapshots {
		unfinished := ""
		if !v.Complete {
			unfinished = "unfinished"
		}
		if v.Removed != nil {
			unfinished = "until " + when(time.Time(v.Removed.Until))
			if v.Removed.Forgotten != nil {
				unfinished += ", with " + shown(v.Removed.Forgotten.Path)
			}
		}
		fmt.Fprintf(t, "%.8s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, when(time.Time(v.Time)), shown(v.raw), shown(v.Device),
			files(int64(v.Files)), size(int64(v.Bytes)), unfinished)
	}
	t.Flush() // w keeps its own errors
}
