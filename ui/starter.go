package ui

import (
	"context"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/syncer/sheet"
)

// Starter is what the first steps need: [guide.Guide]. None of its methods but Stage and UsePassphrase is called on the UI
// goroutine.
type Starter interface {
	// Stage tells what a person has to do next, from the home alone.
	Stage(ctx context.Context) (guide.Stage, error)
	// Check returns what is in the way of Begin.
	Check(ctx context.Context, how syncer.SetupOptions) []error
	// Try tells whether a storage answers; with write also whether it takes what it is given.
	Try(ctx context.Context, how syncer.SetupOptions, write bool) error
	// Import puts a copy of a backup into a new storage, and returns how with that in it.
	Import(ctx context.Context, how syncer.SetupOptions, from string, r syncer.Report) (syncer.SetupOptions, error)
	// UsePassphrase protects this computer's key where there is no keyring, or opens it.
	UsePassphrase(typed string)
	// Begin makes the home.
	Begin(ctx context.Context, how syncer.SetupOptions) (*syncer.SetupResult, error)

	// Words are the recovery words, and the four words that name the backup.
	Words(ctx context.Context) (words []string, fingerprint string, err error)
	// NoteWords writes down that the words were asked for, and whether the person had them.
	NoteWords(ctx context.Context, had bool) error
	// Sheet makes the recovery sheet for printing; it is gone when Roost ends.
	Sheet(ctx context.Context, t sheet.Texts) (path string, err error)
	// SaveSheet writes the recovery sheet into a folder.
	SaveSheet(ctx context.Context, dir string, t sheet.Texts) (path string, err error)

	// Found lists the devices of a backup that was got back.
	Found(ctx context.Context) ([]guide.Device, error)
	// BringBack writes down which folders come back, and gives the home free for the Engine, which does it.
	BringBack(ctx context.Context, title string, wanted []guide.Return) error
	// Replace has this computer take the place of a device once all is safe here; "" is none.
	Replace(ctx context.Context, id string) error
	// AddFolders keeps folders from now on.
	AddFolders(ctx context.Context, dirs []string) error
	// Finish gives the home free for the Engine.
	Finish(ctx context.Context) error
}

var _ Starter = (*guide.Guide)(nil)
