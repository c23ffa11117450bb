package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roost/syncer"
	"roost/syncer/disk"
)

// prepare makes the folders to keep.
func (d *demo) prepare(ctx context.Context) error {
	passphrase := []byte(rand.Text() + "\n")
	if err := os.WriteFile(d.path("passphrase"), passphrase, 0o600); err != nil {
		return computerError("the demo could not write a file", err)
	}
	if len(d.rest) == 0 {
		d.sample = d.path("My files")
		if err := makeSample(d.sample); err != nil {
			return computerError("the demo could not write its sample folder", err)
		}
		d.folders = []string{d.sample}
		return nil
	}
	dir, err := filepath.Abs(d.rest[0])
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return usage(d.command, "%s is not a folder that can be read.", d.rest[0])
	}
	if err := d.fits(ctx, dir); err != nil {
		return err
	}
	d.sample = d.path("Changes of the demo") // the person's own folder is only read
	if err := makeChanging(d.sample); err != nil {
		return computerError("the demo could not write a file", err)
	}
	d.folders = []string{dir, d.sample}
	return nil
}

// fits checks that the temporary folder has room for a stored and a restored copy.
func (d *demo) fits(ctx context.Context, dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage(d.command, "%s is not a folder that can be read.", dir)
	}
	m := d.meter()
	defer m.end()
	var p syncer.Progress
	p.Phase = "looking"
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil { // what cannot be looked at is named by the backup
				p.Files, p.Bytes = p.Files+1, p.Bytes+info.Size()
				m.tell(p)
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	free, err := disk.FreeSpace(d.dir)
	if err != nil {
		return computerError("the demo could not see how much space there is", err)
	}
	if need := 2*p.Bytes + 256<<20; free < need {
		return &problemError{problem: syncer.Problem{
			Code: "no_room", Severity: "needs_you", Exit: syncer.ExitHome,
			Title: fmt.Sprintf("The demo needs %s of space in %s, and there are %s.", size(need), filepath.Dir(d.dir), size(free)),
			Text:  "Nothing was changed.", Action: "Free up space, choose a smaller folder, or set TMPDIR to a larger disk.",
		}}
	}
	return nil
}

// first makes the vault and its first versions.
func (d *demo) first(ctx context.Context) error {
	d.say("1. A new backup, on a storage that Roost runs in %s.\n   Its 24 recovery words:\n", d.path("storage"))
	made, err := d.setup(ctx, "old", "")
	if err != nil {
		return err
	}
	d.words = made.Words
	d.say("%s\n   Its four words: %s\n", wordGrid(made.Words), made.Fingerprint)
	d.say("2. The first backup.")
	return d.engine(ctx, "old", func(e *syncer.Engine) error {
		if _, err := e.AddFolders(ctx, d.folders); err != nil {
			return err
		}
		total, needed, err := d.backup(ctx, e)
		if err != nil {
			return err
		}
		d.result.Files, d.result.Bytes, d.result.StoredBytes = total.Files, total.Bytes, total.StoredBytes
		d.say("   Saved %s, %s, in %s (%s).", files(total.Files), size(total.Bytes), took(needed), rate(total.Bytes, needed))
		d.say("   The storage took %s: what is there twice is kept once, and most things shrink.\n", size(total.StoredBytes))
		return nil
	})
}

// second changes files and saves them.
func (d *demo) second(ctx context.Context) error {
	changed, err := changeSample(d.sample)
	if err != nil {
		return computerError("the demo could not change its own files", err)
	}
	d.say("3. Files change: %s.", changed)
	return d.engine(ctx, "old", func(e *syncer.Engine) error {
		total, needed, err := d.backup(ctx, e)
		if err != nil {
			return err
		}
		d.result.Files, d.result.Bytes = total.Files, total.Bytes
		d.result.ChangeBytes = total.StoredBytes
		d.result.StoredBytes += total.StoredBytes
		d.say("   The second backup took %s and sent %s.\n", took(needed), size(total.StoredBytes))
		return nil
	})
}

// backup saves all folders and adds up what it did.
func (d *demo) backup(ctx context.Context, e *syncer.Engine) (total syncer.Saved, needed time.Duration, err error) {
	m := d.meter()
	start := time.Now()
	saved, err := e.Backup(ctx, nil, m.report())
	needed = time.Since(start)
	m.end()
	if err != nil {
		return total, needed, err
	}
	clear(d.skipped)
	for _, s := range saved {
		total.Files += s.Files
		total.Bytes += s.Bytes
		total.StoredBytes += s.StoredBytes
		newSavedJSON(s).leftOut(d.people(), "   ")
		for _, k := range s.Skipped {
			d.skipped[inside(s.Folder, k.Path)] = true
		}
	}
	return total, needed, nil
}

// inside is the absolute path of what a backup named.
func inside(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// lose throws away all that the old computer knew.
func (d *demo) lose(context.Context) error {
	if err := removeTree(d.path("old computer")); err != nil {
		return computerError("the demo could not remove its first home", err)
	}
	d.say("4. The old computer is gone: its keys, settings and lists are deleted.\n")
	return nil
}

// recover sets a new computer up from words and storage, and restores.
func (d *demo) recover(ctx context.Context) error {
	start := time.Now()
	found, err := d.setup(ctx, "new", strings.Join(d.words, " "))
	if err != nil {
		return err
	}
	d.say("5. A new computer: the words and the storage are all it has. Found in %s:", took(time.Since(start)))
	for _, device := range found.Devices {
		d.say("   the backup of %q, newest version: %s.\n", device.Name, when(device.Newest))
	}
	d.say("6. Everything is restored.")
	return d.engine(ctx, "new", func(e *syncer.Engine) error {
		m := d.meter()
		defer m.end()
		start := time.Now()
		got, err := e.Restore(ctx, syncer.RestoreOptions{
			Snapshot: "latest", To: d.path("restored"), OnConflict: syncer.KeepBoth,
		}, m.report())
		needed := time.Since(start)
		m.end()
		if err != nil {
			return err
		}
		d.say("   Restored %s, %s, in %s (%s).\n", files(got.Files), size(got.Bytes), took(needed), rate(got.Bytes, needed))
		for _, f := range got.Failed {
			d.differ(f.Path, f.Reason)
		}
		return nil
	})
}

// compare reads the restored files and those that were saved, whole.
func (d *demo) compare(ctx context.Context) error {
	m := d.meter()
	defer m.end()
	start := time.Now()
	cmp := comparison{skip: d.skipped, tell: m.tell, progress: syncer.Progress{
		Phase: "comparing", TotalFiles: d.result.Files, TotalBytes: d.result.Bytes, Started: start,
	}}
	for _, folder := range d.folders {
		if err := cmp.trees(ctx, folder, filepath.Join(d.path("restored"), filepath.Base(folder))); err != nil {
			return err
		}
	}
	m.end()
	for _, x := range cmp.differences {
		d.differ(x.path, x.what)
	}
	d.result.Equal = len(d.result.Differences) == 0
	d.say("7. Compared with what was saved, in %s: %s, %s, %s and %s, byte by byte,", took(time.Since(start)),
		files(cmp.files), size(cmp.progress.Bytes), many(cmp.folders, "folder", "folders"), many(cmp.links, "link", "links"))
	if d.result.Equal {
		d.say("   with their times and permissions. No difference.\n")
		return nil
	}
	d.say("   with their times and permissions. These differ:")
	for i, x := range d.result.Differences {
		if i == maxNamed {
			d.say("   … and more: --json names all")
			break
		}
		d.say("   %s: %s", shown(x.Path), x.Reason)
	}
	return nil
}

func (d *demo) differ(path, reason string) {
	d.result.Differences = append(d.result.Differences, differenceJSON{newPath(path), reason})
}
