package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"roost/syncer"
)

func folderCommand() *command {
	return &command{name: "folder", about: "what is kept, and how: add DIR…, list, remove, …", subs: []*command{
		{
			name: "folder add", usage: []string{"DIR…"}, least: 1, most: -1, run: folderAdd,
			help: "add: these folders are kept from now on, with everything in them.",
		},
		{name: "folder list", run: folderList, help: "list: the folders that are kept. With --json, as all of these: folders[] {path, mode, state}."},
		{
			name: "folder remove", usage: []string{"DIR"}, least: 1, most: 1, run: folderRemove,
			help: "remove: the folder is not kept any longer. Its versions stay.",
		},
		{
			name: "folder mode", usage: []string{"DIR auto|manual"}, least: 2, most: 2, run: folderMode,
			help: "mode: changes are saved as they come, or only by roost backup.",
		},
		{
			name: "folder priority", usage: []string{"DIR low|normal"}, least: 2, most: 2, run: folderPriority,
			help: "priority: a low one may wait when the month's data gets short.",
		},
		{
			name: "folder accept", usage: []string{"DIR"}, least: 1, most: 1, run: folderAccept,
			help: "accept: most of the folder was gone or different at once, and that was meant.",
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
	dirs, err := c.folderPaths(c.rest)
	if err != nil {
		return nil, err
	}
	err = c.work(ctx, func(e engine) error {
		added, err := e.AddFolders(ctx, dirs)
		if err != nil {
			return err
		}
		a = newFoldersAnswer("add", added)
		return nil
	})
	return a, err
}

func folderList(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		folders, err := e.Folders(ctx)
		if err != nil {
			return err
		}
		a = newFoldersAnswer("list", folders)
		return nil
	})
	return a, err
}

func folderRemove(ctx context.Context, c *call) (a answer, err error) {
	dirs, err := c.folderPaths(c.rest)
	if err != nil {
		return nil, err
	}
	err = c.work(ctx, func(e engine) error {
		if err := e.RemoveFolder(ctx, dirs[0]); err != nil {
			return err
		}
		folders, err := e.Folders(ctx)
		if err != nil {
			return err
		}
		a = newFoldersAnswer("remove", folders)
		return nil
	})
	return a, err
}

func folderMode(ctx context.Context, c *call) (answer, error) {
	mode := c.rest[1]
	if mode != syncer.Automatic && mode != syncer.Manual {
		return nil, usage(c.command, "A folder is %s or %s, not %q.", syncer.Automatic, syncer.Manual, mode)
	}
	a, err := c.withFolder(ctx, c.rest[0], func(e engine, dir string) error { return e.SetMode(ctx, dir, mode) })
	a.verb = "mode " + mode
	return answered(a, err)
}

func folderPriority(ctx context.Context, c *call) (answer, error) {
	priority := c.rest[1]
	if priority != "low" && priority != "normal" {
		return nil, usage(c.command, "The priority is low or normal, not %q.", priority)
	}
	a, err := c.withFolder(ctx, c.rest[0], func(e engine, dir string) error { return e.SetPriority(ctx, dir, priority == "low") })
	a.verb = "priority " + priority
	return answered(a, err)
}

func folderAccept(ctx context.Context, c *call) (answer, error) {
	a, err := c.withFolder(ctx, c.rest[0], func(e engine, dir string) error { return e.Accept(ctx, dir) })
	a.verb = "accept"
	return answered(a, err)
}

// answered is no answer beside an error.
func answered(a foldersAnswer, err error) (answer, error) {
	if err != nil {
		return nil, err
	}
	return a, nil
}

// named is the folder that was named: a link to it is one of its names.
func named(folders []syncer.FolderInfo, dir string) []syncer.FolderInfo {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir
	}
	return slices.DeleteFunc(folders, func(f syncer.FolderInfo) bool { return f.Path != dir && f.Path != real })
}

// changedWords is what became of a folder, by the verb that did it.
var changedWords = map[string]string{
	"mode auto":       "Changes are saved as they come.",
	"mode manual":     "It is saved when you say so: roost backup",
	"priority low":    "It may wait when the month's data gets short.",
	"priority normal": "It does not wait for others.",
	"accept":          "The change was meant: versions are made of it as it is now.",
}

func (a foldersAnswer) people(w io.Writer) {
	if words, changed := changedWords[a.verb]; changed {
		fmt.Fprintln(w, words)
		return
	}
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
