package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

func snapshotsCommand() *command {
	return &command{
		name: "snapshots", usage: []string{"[DIR]"}, most: 1, run: snapshots,
		about: "list the versions of all devices, newest first",
		help: `Lists every version of every folder of every device, or of one folder. Where the storage cannot be reached, it
lists what is known.`,
	}
}

type snapshotsAnswer struct {
	Snapshots []versionJSON `json:"snapshots"`
	Stale     bool          `json:"stale"` // the storage could not be asked
}

type versionJSON struct {
	ID string `json:"id"`
	jsonFolder
	Device   string `json:"device"`
	Time     stamp  `json:"time"`
	Files    uint64 `json:"files"`
	Bytes    uint64 `json:"bytes"`
	Complete bool   `json:"complete"`
	raw      string
}

func snapshots(ctx context.Context, c *call) (a answer, err error) {
	dir := ""
	if len(c.rest) > 0 {
		if dir, err = folderPath(c.rest[0]); err != nil {
			return nil, usage(c.command, "%v", err)
		}
	}
	err = c.look(ctx, func(e engine) error {
		versions, stale, err := e.Snapshots(ctx, dir)
		if err != nil {
			return err
		}
		list := snapshotsAnswer{Snapshots: []versionJSON{}, Stale: stale}
		for _, v := range versions {
			list.Snapshots = append(list.Snapshots, versionJSON{
				ID: v.ID.String(), jsonFolder: newFolder(string(v.Path)), Device: v.DeviceName, Time: stamp(v.Time()),
				Files: v.Files, Bytes: v.Bytes, Complete: v.Complete, raw: string(v.Path),
			})
		}
		a = list
		return nil
	})
	return a, err
}

func (a snapshotsAnswer) people(w io.Writer) {
	if a.Stale {
		fmt.Fprintln(w, "Your storage cannot be reached. This is what was known before:")
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
		fmt.Fprintf(t, "%.8s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, when(time.Time(v.Time)), shown(v.raw), shown(v.Device),
			files(int64(v.Files)), size(int64(v.Bytes)), unfinished)
	}
	t.Flush() // w keeps its own errors
}
