package main

import (
	"context"
	"fmt"
	"io"

	"roost/syncer"
)

func folderCommand() *command {
	return &command{name: "folder", about: "choose what is kept: add DIR…, list, remove DIR", subs: []*command{
		{
			name: "folder add", usage: []string{"DIR…"}, least: 1, most: -1, run: folderAdd,
			help: "add: these folders are kept from now on, with everything in them.",
		},
		{name: "folder list", run: folderList, help: "list: the folders that are kept."},
		{
			name: "folder remove", usage: []string{"DIR"}, least: 1, most: 1, run: folderRemove,
			help: "remove: the folder is not kept any longer. Its versions stay.",
		},
	}}
}

type foldersAnswer struct {
	Folders []folderJSON `json:"folders"`
	verb    string
}

type folderJSON struct {
	jsonPath
	Mode  string `json:"mode"`
	State string `json:"state"`
	raw   string
}

func newFoldersAnswer(verb string, folders []syncer.FolderInfo) foldersAnswer {
	a := foldersAnswer{Folders: []folderJSON{}, verb: verb}
	for _, f := range folders {
		a.Folders = append(a.Folders, folderJSON{newPath(f.Path), f.Mode, f.State, f.Path})
	}
	return a
}

func folderAdd(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e *syncer.Engine) error {
		added, err := e.AddFolders(ctx, c.rest)
		if err != nil {
			return err
		}
		a = newFoldersAnswer("add", added)
		return nil
	})
	return a, err
}

func folderList(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e *syncer.Engine) error {
		a = newFoldersAnswer("list", e.Folders())
		return nil
	})
	return a, err
}

func folderRemove(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e *syncer.Engine) error {
		if err := e.RemoveFolder(ctx, c.rest[0]); err != nil {
			return err
		}
		a = newFoldersAnswer("remove", e.Folders())
		return nil
	})
	return a, err
}

func (a foldersAnswer) people(w io.Writer) {
	switch {
	case a.verb == "remove":
		fmt.Fprintln(w, "The folder is not kept any longer. Its versions stay on your storage.")
		return
	case len(a.Folders) == 0:
		fmt.Fprintln(w, "No folder is kept yet. Add one: roost folder add DIR")
		return
	}
	if a.verb == "add" {
		for _, f := range a.Folders {
			fmt.Fprintf(w, "%s is kept from now on.\n", shown(f.raw))
		}
		fmt.Fprintln(w, "Next: roost backup")
		return
	}
	for _, f := range a.Folders {
		fmt.Fprintf(w, "%s  (%s)\n", shown(f.raw), stateWords(f.State))
	}
}
