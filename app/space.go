package main

import (
	"context"
	"fmt"
	"io"
)

func spaceCommand() *command {
	return &command{
		name: "space", run: space,
		about: "how much the storage holds",
		help:  "Says how much of the storage your backup takes, and the newest version of each folder.",
	}
}

type spaceAnswer struct {
	Used        int64         `json:"used"`        // bytes of this backup, each once
	Quota       int64         `json:"quota"`       // 0: no limit is known
	RepoSize    int64         `json:"repo_size"`   // of the whole storage
	Reclaimable int64         `json:"reclaimable"` // bytes that cleaning would free
	Folders     []folderSpace `json:"folders"`
	Stale       bool          `json:"stale"` // the storage could not be asked
}

type folderSpace struct {
	jsonPath
	Bytes int64 `json:"bytes"`
	Files int64 `json:"files"`
	raw   string
}

func space(ctx context.Context, c *call) (a answer, err error) {
	err = c.look(ctx, func(e engine) error {
		s, err := e.Space(ctx)
		if err != nil {
			return err
		}
		list := spaceAnswer{s.Used, s.Quota, s.RepoSize, s.Reclaimable, []folderSpace{}, s.Stale}
		for _, f := range s.Folders {
			list.Folders = append(list.Folders, folderSpace{newPath(f.Path), f.Bytes, f.Files, f.Path})
		}
		a = list
		return nil
	})
	return a, err
}

func (a spaceAnswer) people(w io.Writer) {
	if a.Stale {
		fmt.Fprintln(w, "Your storage cannot be reached. This is what was known before:")
	}
	fmt.Fprintf(w, "Your backup takes %s.", size(a.Used))
	if a.Quota > 0 {
		fmt.Fprintf(w, " The limit is %s.", size(a.Quota))
	}
	fmt.Fprintf(w, " The whole storage holds %s; %s could be freed.\n", size(a.RepoSize), size(a.Reclaimable))
	for _, f := range a.Folders {
		fmt.Fprintf(w, "  %s: %s, %s\n", shown(f.raw), files(f.Files), size(f.Bytes))
	}
}
