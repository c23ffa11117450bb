//go:build !headless

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

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
