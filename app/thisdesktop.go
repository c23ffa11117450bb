//go:build !headless

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"roost/assets"
	"roost/syncer"
	"roost/syncer/guide"
	"roost/syncer/sheet"
	"roost/ui"
	"roost/vault"
	"roost/vault/keystore"
)

// thisDesktop is what the settings in the window need of this process.
type thisDesktop struct {
	home    string
	env     func(string) string
	paper   *guide.Paper
	running func() *view // the engine that is shown; nil: there is none at the moment
}

var _ ui.Desktop = thisDesktop{}

func (c *call) desktop(paper *guide.Paper, running func() *view) (thisDesktop, error) {
	home, err := homeDir(c.arguments, c.env)
	return thisDesktop{home: home, env: c.env, paper: paper, running: running}, err
}

func (d thisDesktop) About() ui.About {
	a := ui.About{Version: versionNumber, System: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			if s.Key == "vcs.revision" {
				a.Commit = fmt.Sprintf("%.12s", s.Value)
			}
		}
	}
	return a
}

func (d thisDesktop) Home() string { return d.home }
func (d thisDesktop) Log() string  { return filepath.Join(d.home, logName) }

// Locked: a key that lies in a file lies there under a password.
func (d thisDesktop) Locked() bool {
	if d.env("ROOST_KEYSTORE") == "keyring" {
		return false
	}
	_, err := os.Lstat(d.keyFile())
	return err == nil
}

func (d thisDesktop) keyFile() string { return filepath.Join(d.home, keystore.FileName) }

// Unlock opens the key file with what was typed, whatever the environment says the password is.
func (d thisDesktop) Unlock(ctx context.Context, typed string) error {
	return syncer.TryKey(ctx, d.home, keystore.File(d.keyFile(), func() ([]byte, error) { return []byte(typed), nil }))
}

func (d thisDesktop) PrintSheet(_ context.Context, s sheet.Sheet) (string, error) {
	return d.paper.Print(s)
}

func (d thisDesktop) SaveSheet(_ context.Context, dir string, s sheet.Sheet) (string, error) {
	return guide.SaveSheet(dir, s)
}

// errNoDocument: a document that this Roost does not have.
var errNoDocument = errors.New("there is no such document")

// Document is made as plain text, which every system can show.
func (d thisDesktop) Document(_ context.Context, which ui.Document) (string, error) {
	switch which {
	case ui.Licence:
		return d.paper.Show("Roost licence.txt", assets.Licence)
	case ui.Format:
		return d.paper.Show("Roost format.txt", vault.FormatDocument)
	case ui.Notices:
		text, err := assets.Notices()
		if err != nil {
			return "", err
		}
		return d.paper.Show("Open source notices.txt", text)
	default:
		return "", errNoDocument
	}
}

func (d thisDesktop) SaveReport(ctx context.Context, dir string) (string, error) {
	var e engine
	if v := d.running(); v != nil {
		e = v.engine
	}
	r, err := d.report(ctx, e)
	if err != nil {
		return "", err
	}
	return guide.SaveNew(dir, "Roost report "+r.Made.Format("2006-01-02"), ".zip", r.zipped)
}
