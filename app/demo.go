package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"roost/syncer"
	"roost/vault/keystore"
)

func demoCommand() *command {
	return &command{
		name: "demo", usage: []string{"[DIR]"}, most: 1, run: runDemo,
		about: "the whole job on a sample folder, here and now",
		help: `Makes a backup on a storage in a temporary folder, changes files, backs up again, throws the "old computer"
away, and brings everything back from the 24 words and the storage alone. Then it compares every byte. DIR is
read and never changed; nothing else of yours is touched, and nothing is left behind.`,
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
