package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roost/syncer"
	"roost/syncer/disk"
	"roost/vault/keystore"
)

func demoCommand() *command {
	return &command{
		name: "demo", usage: []string{"[DIR]"}, most: 1, run: runDemo,
		about: "the whole job on a sample folder, or on DIR, here and now",
		help: `Makes a backup on a storage in a temporary folder, changes files, backs up again,
throws the "old computer" away, and brings everything back from the 24 words and
the storage alone. Then it compares every byte. DIR is read and never changed;
nothing else of yours is touched, and nothing is left behind.`,
	}
}

// demo is one demonstration. Everything it writes lies in dir.
type demo struct {
	*call
	dir     string
	sample  string          // the folder in which files change
	folders []string        // all that are kept
	skipped map[string]bool // absolute paths that could not be or are no files, as the backup named them
	words   []string
	result  demoAnswer
}

type demoAnswer struct {
	Files       int64            `json:"files"`
	Bytes       int64            `json:"bytes"`
	StoredBytes int64            `json:"stored_bytes"` // what both backups sent
	ChangeBytes int64            `json:"change_bytes"` // what the second one sent
	Equal       bool             `json:"equal"`
	Differences []differenceJSON `json:"differences"`
}

type differenceJSON struct {
	jsonPath
	Reason string `json:"reason"`
}

func (a demoAnswer) partly() bool { return !a.Equal }

func (a demoAnswer) people(w io.Writer) {
	if a.Equal {
		fmt.Fprintln(w, "All of it came back, byte for byte.")
	}
}

func runDemo(ctx context.Context, c *call) (a answer, err error) {
	d := &demo{call: c, skipped: map[string]bool{}, result: demoAnswer{Differences: []differenceJSON{}}}
	if d.dir, err = os.MkdirTemp("", "roost-demo-"); err != nil {
		return nil, computerError("the demo has no place to work in", err)
	}
	if d.dir, err = filepath.EvalSymlinks(d.dir); err != nil { // as the engine names what it keeps
		return nil, computerError("the demo has no place to work in", err)
	}
	defer func() {
		if err == nil && !d.result.Equal {
			d.say("Everything is kept in %s, so that it can be looked into.", d.dir)
			return
		}
		if rerr := removeTree(d.dir); err == nil && rerr != nil {
			err = computerError("the demo could not clean up "+d.dir, rerr)
		}
	}()
	if err := d.run(ctx); err != nil {
		return nil, err
	}
	return d.result, nil
}

func (d *demo) run(ctx context.Context) error {
	d.say("This is what Roost does, from beginning to end. It all happens in\n%s and is removed afterwards.\n", d.dir)
	for _, step := range []func(context.Context) error{d.prepare, d.first, d.second, d.lose, d.recover} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.compare(ctx)
}

// people read standard error with --json.
func (d *demo) people() io.Writer {
	if d.json {
		return d.err
	}
	return d.out
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.people(), format+"\n", args...) }

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

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
		return computerError("the demo could not see how much room there is", err)
	}
	if need := 2*p.Bytes + 256<<20; free < need {
		return &problemError{problem: syncer.Problem{
			Code: "no_room", Severity: "needs_you", Exit: syncer.ExitHome,
			Title: fmt.Sprintf("The demo needs %s of room in %s, and there are %s.", size(need), filepath.Dir(d.dir), size(free)),
			Text:  "Nothing was changed.", Action: "Make room, choose a smaller folder, or set TMPDIR to a larger disk.",
		}}
	}
	return nil
}

// engine runs do with one of the two computers of the demo: "old" or "new".
func (d *demo) engine(ctx context.Context, computer string, do func(*syncer.Engine) error) (err error) {
	opts, err := d.computer(computer)
	if err != nil {
		return err
	}
	e, err := syncer.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	unlock, err := e.Lock(ctx, lockPatience)
	if err != nil {
		return err
	}
	defer unlock()
	return do(e)
}

// computer is a home of its own, with its key under a passphrase: the keyring belongs to the person.
func (d *demo) computer(name string) (syncer.Options, error) {
	home := d.path(name + " computer")
	keys, err := keystore.FromEnv(home, func(variable string) string {
		switch variable {
		case "ROOST_KEYSTORE":
			return "file"
		case "ROOST_PASSPHRASE_FILE":
			return d.path("passphrase")
		}
		return ""
	}, nil)
	return syncer.Options{Home: home, Keys: keys}, err
}

// setup makes a home; what it does takes a few seconds, in which the meter moves.
func (d *demo) setup(ctx context.Context, computer, words string) (*syncer.SetupResult, error) {
	opts, err := d.computer(computer)
	if err != nil {
		return nil, err
	}
	m := d.meter()
	defer m.end()
	m.tell(syncer.Progress{Phase: "starting", Started: time.Now()})
	return syncer.Setup(ctx, opts, syncer.SetupOptions{
		Words: words, Device: computer + " computer", NodeName: "demo storage", LocalDir: d.path("storage"),
	})
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

// removeTree also removes what its own folders' permissions protect.
func removeTree(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	werr := filepath.WalkDir(dir, func(path string, e fs.DirEntry, _ error) error {
		if e != nil && e.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	return errors.Join(werr, os.RemoveAll(dir))
}
