package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"roost/vault/format"
)

func lsCommand() *command {
	return &command{
		name: "ls", usage: []string{"SNAPSHOT [PATH]"}, least: 1, most: 2, run: ls,
		about: "list what a version holds; look for a file in all", beside: []string{"find"},
		help: snapshotHelp + `

PATH is a file or folder within the version.`,
	}
}

// snapshotHelp says what a person may type for SNAPSHOT.
const snapshotHelp = `SNAPSHOT is the id of a version, its first letters, latest (the newest version of every folder of this device)
or latest:DIR (the newest of one folder).`

type lsAnswer struct {
	Entries []entryJSON `json:"entries"`
}

type entryJSON struct {
	jsonPath
	Type  string `json:"type"` // file, dir, symlink
	Size  int64  `json:"size"`
	MTime stamp  `json:"mtime"`
	raw   string
}

func ls(ctx context.Context, c *call) (a answer, err error) {
	snapshot, err := versionArg(c.rest[0])
	if err != nil {
		return nil, err
	}
	path := ""
	if len(c.rest) > 1 {
		path = filepath.ToSlash(c.rest[1])
	}
	err = c.look(ctx, func(e engine) error {
		items, err := e.List(ctx, snapshot, path)
		if err != nil {
			return err
		}
		list := lsAnswer{Entries: []entryJSON{}}
		for _, i := range items {
			list.Entries = append(list.Entries, entryJSON{newPath(i.Path), typeWord(i.Type), i.Size, stamp(i.MTime), i.Path})
		}
		a = list
		return nil
	})
	return a, err
}

func typeWord(t format.EntryType) string {
	switch t {
	case format.TypeDir:
		return "dir"
	case format.TypeSymlink:
		return "symlink"
	}
	return "file"
}

func (a lsAnswer) people(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, e := range a.Entries {
		name, bytes := shown(e.raw), ""
		switch e.Type {
		case "dir":
			name += "/"
		case "file":
			bytes = size(e.Size)
		}
		fmt.Fprintf(t, "%s\t%s\t  %s\n", bytes, time.Time(e.MTime).Local().Format("2006-01-02 15:04:05"), name)
	}
	t.Flush() // w keeps its own errors
}
