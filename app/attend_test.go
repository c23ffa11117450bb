//go:build !headless

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"roost/syncer"
)

// drawn is a window that remembers what it showed last.
type drawn struct {
	mu    sync.Mutex // guards below
	page  syncer.Status
	shown int
}

func (d *drawn) attendant() attendant {
	return attendant{
		show: func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.shown++
		},
		follow: func(ctx context.Context, e engine) error {
			for s, err := range e.Watch(ctx) {
				if err != nil {
					return err
				}
				d.mu.Lock()
				d.page = s
				d.mu.Unlock()
			}
			return nil
		},
		cover:  func(syncer.Problem) {},
		notify: func(syncer.Notice) {},
	}
}

func (d *drawn) has(t *testing.T, what string, ok func(syncer.Status) bool) {
	t.Helper()
	waitFor(t, "the window to show "+what, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return ok(d.page)
	})
}

// A window that is opened beside a service shows what that one says, comes to the front at a second launch, and keeps the
// folders itself once the service has ended.
func TestAWindowBesideAServiceTakesOver(t *testing.T) {
	opts, folder := setUp(t)
	var running sync.WaitGroup
	defer running.Wait()
	service, endService := context.WithCancel(t.Context())
	defer endService()
	running.Go(func() {
		err := newCall(t, opts).keep(service, nil, func(ctx context.Context, _ engine) error { <-ctx.Done(); return nil })
		if err != nil {
			t.Errorf("the service: %v", err)
		}
	})
	ask := newCall(t, opts)
	waitFor(t, "the service", func() bool { r, err := ask.running(t.Context()); return err == nil && r != nil })

	var d drawn
	window, endWindow := context.WithCancel(t.Context())
	defer endWindow()
	running.Go(func() { newCall(t, opts).attend(window, d.attendant()) })
	d.has(t, "that no folder is kept yet", func(s syncer.Status) bool { return s.State == "unprotected" && len(s.Folders) == 0 })
	waitFor(t, "the window to come to the front", func() bool {
		shown, err := ask.showRunning(t.Context())
		return err == nil && shown
	})
	waitFor(t, "that to be done", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.shown == 1 })

	if err := newCall(t, opts).keep(t.Context(), nil, nil); describe(t.Context(), err).Code != "running" {
		t.Errorf("a second service: %v", err)
	}
	endService()
	waitFor(t, "the window to keep the folders", func() bool {
		shown, err := ask.showRunning(t.Context())
		return err == nil && shown && d.shownTwice()
	})
	err := ask.work(t.Context(), func(e engine) error {
		_, err := e.AddFolders(t.Context(), []string{folder})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.has(t, "that the folder is safe", func(s syncer.Status) bool {
		return s.State == "safe" && len(s.Folders) == 1 && s.Folders[0].Path == folder
	})
}

func (d *drawn) shownTwice() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shown >= 2
}

// A home on a disk that knows no sockets: keeping folders matters more than being asked about them.
func TestFoldersAreKeptWithoutASocket(t *testing.T) {
	opts, folder := setUp(t)
	if err := os.MkdirAll(filepath.Join(opts.Home, socketName, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := newCall(t, opts).keep(t.Context(), nil, func(ctx context.Context, e engine) error {
		if _, err := e.AddFolders(ctx, []string{folder}); err != nil {
			return err
		}
		for s, err := range e.Watch(ctx) {
			if err != nil || s.State == "safe" {
				return err
			}
		}
		return errors.New("it was never safe")
	})
	if err != nil {
		t.Error(err)
	}
	err = newCall(t, opts).work(t.Context(), func(e engine) error { return e.Resume(t.Context(), "") })
	if err != nil {
		t.Errorf("a verb, alone: %v", err)
	}
}

// newCall is a call of nobody in particular, whose words go to a file.
func newCall(t *testing.T, opts syncer.Options) *call {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &call{unattended: true, streams: streams{err: log, env: func(name string) string {
		return map[string]string{
			"ROOST_HOME": opts.Home, "ROOST_KEYSTORE": "file",
			"ROOST_PASSPHRASE_FILE": filepath.Join(filepath.Dir(opts.Home), "passphrase"),
		}[name]
	}}}
}

// Who begins anew with the words stops keeping folders until the steps are done, and then goes on; a home that somebody else
// works with stays as it is.
func TestBeginningAnewStopsKeepingUntilTheStepsAreDone(t *testing.T) {
	opts, folder := setUp(t)
	keep := func() {
		t.Helper()
		err := newCall(t, opts).work(t.Context(), func(e engine) error {
			_, err := e.AddFolders(t.Context(), []string{folder})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	keep()
	c := newCall(t, opts)
	first, err := c.firstSteps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := first.close(); err != nil {
			t.Error(err)
		}
	}()
	if first.left() {
		t.Fatal("a home that is set up has steps left")
	}
	var d drawn
	a := d.attendant()
	a.round = first.round
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { c.attend(ctx, a) })
	d.has(t, "that the folder is safe", func(s syncer.Status) bool { return s.State == "safe" })

	if err := first.again(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !first.left() {
		t.Error("there are no steps")
	}
	if _, err := os.Stat(filepath.Join(opts.Home, "config.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the home is set up: %v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "letter.txt")); err != nil {
		t.Errorf("a file of the person: %v", err)
	}
	d.mu.Lock()
	d.page = syncer.Status{}
	d.mu.Unlock()
	if _, err := syncer.Setup(t.Context(), opts, syncer.SetupOptions{LocalDir: filepath.Join(filepath.Dir(opts.Home), "storage"), NodeName: "This computer"}); err != nil {
		t.Fatal(err)
	}
	keep() // on the command line, which ends the steps too
	d.has(t, "the new home", func(s syncer.Status) bool { return s.Node == "This computer" && s.State == "safe" })

	other, err := syncer.Open(t.Context(), syncer.Options{Home: opts.Home, Keys: opts.Keys})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	cancel()
	running.Wait()
	unlock, err := other.Lock(t.Context(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := first.again(t.Context()); !errors.Is(err, syncer.ErrBusy) || first.left() {
		t.Errorf("while somebody else works there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(opts.Home, "config.json")); err != nil {
		t.Errorf("the settings of somebody else are gone: %v", err)
	}
}
