package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"roost/syncer"
	"roost/vault/archive"
)

func exportCommand() *command {
	return &command{
		name: "export", usage: []string{"DIR", "FILE.car", "--plain SNAPSHOT [--path PATH] [--storage NAME] [--name NAME] --yes"}, most: 1, run: export,
		beside: []string{"import"},
		about:  "copy the whole backup to a disk; back from one",
		help: `Copies what every computer of this backup has saved from the storages to a folder, or to one file, as ordinary
IPFS blocks: encrypted, each checked by its hash, and read back at the end. An interrupted export goes on where it was;
one into the folder of an earlier one writes what is new. roost import brings it into a storage again.

--plain: writes files of a version onto a storage as ipfs add would, NOT encrypted, and has the storage keep them.
Whoever reaches that storage can read them, and so can everybody who learns the CID where it talks to others. Roost
never does that by itself; --yes says that you mean it. roost pins unpin takes it back.`,
		flags: append([]flag{
			{name: "plain", arg: "SNAPSHOT", help: "a version, as roost restore takes it"},
			{name: "path", arg: "PATH", help: "with --plain: only this file or folder of it"},
			{name: "yes", help: "with --plain: others may read it"},
		}, plainFlags...),
	}
}

func importCommand() *command {
	return &command{
		name: "import", usage: []string{
			"SOURCE [--node URL [--token-file F] | --code-file F | --local DIR]", "/ipfs/CID|mfs:/PATH [--storage NAME] [--name NAME]",
			"--estimate SOURCE|DIR", "",
		}, most: 1, run: importFrom,
		help: `SOURCE is a backup that roost export wrote: it is put into a storage, every block checked on the way and read back
there. Without a storage it is the one of this home. Into a new storage it needs no words; roost setup --recover
then finds it there.

Or SOURCE is a folder of dated folders, as rsync, rsnapshot and Time Machine leave them: each becomes a version of
SOURCE with its date. What caches and the like are is left out, as in a backup. An interrupted import goes on.

/ipfs/CID and mfs:/PATH are files that other programs put on a storage: they become a version of ~/IPFS/NAME, which
is not made on this computer. Another import of that name is its next version. The storage keeps what it kept.

--estimate: counts and reads samples, and sends nothing. Without SOURCE: what lies open on the storages.`,
		flags: slices.Concat(storageFlags, plainFlags, []flag{{name: "estimate", help: "how much it is, how long it would take"}}),
	}
}

// plainFlags say where files lie open, and what they are called.
var plainFlags = []flag{
	{name: "storage", arg: "NAME", help: "of several storages, this one"},
	{name: "name", arg: "NAME", help: "what the folder, or the saved copy, is called"},
}

type exportAnswer struct {
	jsonPath
	Devices int      `json:"devices"`
	Blocks  int64    `json:"blocks"`  // that are there now
	Bytes   int64    `json:"bytes"`   // of content that is there now
	Written int64    `json:"written"` // bytes of it that were not there before
	Top     string   `json:"top"`     // CID of the directory that leads to everything
	Missing []string `json:"missing"` // CIDs
	Unread  []string `json:"unread"`
	Seconds float64  `json:"seconds"`

	raw, action string
}

func newExportAnswer(x *syncer.Exported, action string) answer {
	if x == nil {
		return nil
	}
	a := exportAnswer{newPath(x.Path), x.Devices, x.Blocks, x.Bytes, x.Written, x.Top, x.Missing, x.Unread, x.Took.Seconds(), x.Path, action}
	if a.Missing == nil {
		a.Missing = []string{}
	}
	if a.Unread == nil {
		a.Unread = []string{}
	}
	return a
}

func export(ctx context.Context, c *call) (a answer, err error) {
	if c.has("plain") {
		return c.exportPlain(ctx)
	}
	for _, f := range []string{"path", "yes", "storage", "name"} {
		if c.has(f) {
			return nil, usage(c.command, "--%s goes with --plain.", f)
		}
	}
	if len(c.rest) == 0 {
		return nil, usage(c.command, "DIR or FILE.car is missing.")
	}
	path, err := filepath.Abs(c.rest[0])
	if err != nil {
		return nil, usage(c.command, "%v", err)
	}
	err = c.work(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		got, err := e.Export(ctx, path, c.announced(m))
		a = newExportAnswer(got, "written to")
		return err
	})
	return a, err
}

func importFrom(ctx context.Context, c *call) (a answer, err error) {
	storage := c.has("node") || c.has("code-file") || c.has("local") || c.has("token-file")
	switch src, plain := c.plainSource(); {
	case storage && (len(c.rest) == 0 || plain || c.has("estimate") || c.has("storage") || c.has("name")):
		return nil, usage(c.command, "A new storage goes with a backup from a disk only.")
	case len(c.rest) == 0 && (c.has("estimate") || c.has("name")):
		return nil, usage(c.command, "SOURCE is missing.")
	case len(c.rest) == 0:
		return c.plainThings(ctx)
	case c.has("estimate"):
		return c.estimate(ctx, src, plain)
	case plain:
		return c.importPlain(ctx, src)
	case c.has("storage") || c.has("name"):
		return nil, usage(c.command, "--storage and --name go with /ipfs/CID and mfs:/PATH.")
	}
	path, err := filepath.Abs(c.rest[0])
	if err != nil {
		return nil, usage(c.command, "%v", err)
	}
	m := c.meter()
	defer m.end()
	if storage {
		opts, err := c.options(ctx)
		if err != nil {
			return nil, err
		}
		how, err := c.storage(ctx, opts.Home)
		if err != nil {
			return nil, err
		}
		got, err := syncer.ImportBackup(ctx, opts, how, path, c.announced(m))
		return newExportAnswer(got, "in the storage, from"), err
	}
	if archive.IsBackup(path) {
		err = c.work(ctx, func(e engine) error {
			got, err := e.ImportBackup(ctx, path, c.announced(m))
			a = newExportAnswer(got, "in the storage, from")
			return err
		})
		return a, err
	}
	err = c.work(ctx, func(e engine) error {
		got, err := e.ImportDated(ctx, path, c.announced(m))
		if got != nil {
			m.end()
			a = newDatedAnswer(got)
		}
		return err
	})
	return a, err
}

type datedAnswer struct {
	jsonPath
	Versions []importedJSON `json:"snapshots"`
	Already  int            `json:"already"` // that were imported before
	Files    int64          `json:"files"`   // names in all of them
	Bytes    int64          `json:"bytes"`   // of their content, a file with several names once
	raw      string
}

type importedJSON struct {
	ID       string        `json:"id"`
	Time     stamp         `json:"time"`
	Files    int64         `json:"files"`
	Bytes    int64         `json:"bytes"`
	NewBytes int64         `json:"new_bytes"`
	Stored   int64         `json:"stored_bytes"`
	Skipped  []skippedJSON `json:"skipped"`
	failed   int
}

func newDatedAnswer(x *syncer.ImportedVersions) datedAnswer {
	a := datedAnswer{newPath(x.Folder), []importedJSON{}, x.Already, x.Files, x.Bytes, x.Folder}
	for _, v := range x.Versions {
		j := importedJSON{v.ID.String(), stamp(v.Time), v.Files, v.Bytes, v.NewBytes, v.StoredBytes, newSkipped(v.Skipped), 0}
		for _, s := range v.Skipped {
			if s.Failed {
				j.failed++
			}
		}
		a.Versions = append(a.Versions, j)
	}
	return a
}

func (a datedAnswer) partly() bool {
	return slices.ContainsFunc(a.Versions, func(v importedJSON) bool { return v.failed > 0 })
}

func (a datedAnswer) people(w io.Writer) {
	for _, v := range a.Versions {
		fmt.Fprintf(w, "%s  %s, %s, %s new\n", when(time.Time(v.Time)), files(v.Files), size(v.Bytes), size(v.NewBytes))
		if v.failed > 0 {
			fmt.Fprintf(w, "  %s could not be saved: --json names them\n", files(int64(v.failed)))
		}
	}
	fmt.Fprintf(w, "%s of %s imported, %d were there already.\n", many(int64(len(a.Versions)), "version", "versions"), shown(a.raw), a.Already)
}

// announced says once, as soon as it is known, how much there is; a meter shows the rest.
func (c *call) announced(m *meter) syncer.Report {
	if c.json {
		return nil
	}
	var once sync.Once
	return func(p syncer.Progress) {
		if p.TotalBytes > 0 {
			once.Do(func() {
				fmt.Fprintf(c.err, "%s blocks, %s. About %s at %s/s.\n", count(p.TotalFiles), size(p.TotalBytes), strings.TrimSuffix(timeLeft(float64(p.TotalBytes)/usualRate), " left"), size(usualRate))
			})
		}
		m.tell(p)
	}
}

// usualRate is what a storage in the same house gives, in bytes a second: the estimate before anything was measured.
const usualRate = 30e6

func (a exportAnswer) people(w io.Writer) {
	fmt.Fprintf(w, "%s blocks of %s, %s, %s %s.", count(a.Blocks), computers(a.Devices), size(a.Bytes), a.action, shown(a.raw))
	fmt.Fprintf(w, " %s were new. It took %d s.\n", size(a.Written), int(a.Seconds)+1)
	for i, m := range a.Missing {
		if i == maxNamed {
			fmt.Fprintln(w, "  … and more: --json names all")
			break
		}
		fmt.Fprintf(w, "  missing: %s\n", m)
	}
	for _, u := range a.Unread {
		fmt.Fprintf(w, "  not there: %s\n", shown(u))
	}
}

func computers(n int) string {
	if n == 1 {
		return "1 computer"
	}
	return count(int64(n)) + " computers"
}
