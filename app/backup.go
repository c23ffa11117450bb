package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"roost/syncer"
	"roost/vault/format"
)

func backupCommand() *command {
	return &command{
		name: "backup", usage: []string{"[DIR…]"}, most: -1, run: backup,
		about: "save folders, until the storage has them",
		help: `Saves what changed in every kept folder, or in the ones named. When it ends with exit code 0, the storage has
confirmed everything. A backup that was stopped goes on where it was.`,
	}
}

type backupAnswer struct {
	Snapshots []savedJSON `json:"snapshots"`
}

type savedJSON struct {
	ID string `json:"id"` // of the version that holds now; "" when there is none
	jsonFolder
	Files       int64         `json:"files"`
	Bytes       int64         `json:"bytes"`
	NewBytes    int64         `json:"new_bytes"`
	StoredBytes int64         `json:"stored_bytes"`
	Complete    bool          `json:"complete"`
	Missing     bool          `json:"missing"`        // the folder is not there
	Unchanged   bool          `json:"unchanged"`      // no new version was needed
	Held        *heldJSON     `json:"held,omitempty"` // a sudden change that a person should look at
	Skipped     []skippedJSON `json:"skipped"`
	raw         string
}

type skippedJSON struct {
	jsonPath
	Reason string `json:"reason"`
	Failed bool   `json:"failed"` // it should have been saved; pipes, sockets and devices are only named
	raw    string
}

func backup(ctx context.Context, c *call) (answer, error) {
	a := backupAnswer{Snapshots: []savedJSON{}}
	dirs, err := c.folderPaths(c.rest)
	if err != nil {
		return nil, err
	}
	err = c.work(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		saved, err := e.Backup(ctx, dirs, m.report())
		for _, s := range saved {
			a.Snapshots = append(a.Snapshots, newSavedJSON(s))
		}
		return err
	})
	return a, err
}

func newSavedJSON(s syncer.Saved) savedJSON {
	j := savedJSON{
		ID: versionID(s.ID), jsonFolder: newFolder(s.Folder), Files: s.Files, Bytes: s.Bytes, NewBytes: s.NewBytes,
		StoredBytes: s.StoredBytes, Complete: s.Complete, Missing: s.Missing, Unchanged: s.Unchanged,
		Skipped: newSkipped(s.Skipped), raw: s.Folder,
	}
	if s.Held != nil {
		j.Held = newHeld(s.Held)
	}
	return j
}

func newSkipped(list []syncer.Skipped) []skippedJSON {
	all := []skippedJSON{}
	for _, k := range list {
		all = append(all, skippedJSON{newPath(k.Path), k.Reason, k.Failed, k.Path})
	}
	return all
}

// versionID is "" for no version.
func versionID(id format.ChunkID) string {
	if id == (format.ChunkID{}) {
		return ""
	}
	return hex.EncodeToString(id[:])
}

func (s savedJSON) failed() (n int64) {
	for _, k := range s.Skipped {
		if k.Failed {
			n++
		}
	}
	return n
}

func (a backupAnswer) partly() bool {
	for _, s := range a.Snapshots {
		if s.Missing || s.Held != nil && s.Held.Empty || s.failed() > 0 {
			return true
		}
	}
	return false
}

// maxNamed is how many files of one kind are named on a terminal; --json names all.
const maxNamed = 50

func (a backupAnswer) people(w io.Writer) {
	for _, s := range a.Snapshots {
		switch {
		case s.Missing:
			fmt.Fprintf(w, "%s: the folder is not there. Its last version is safe.\n", shown(s.raw))
			continue
		case s.Unchanged:
			fmt.Fprintf(w, "%s: %s, %s. Nothing had changed.\n", shown(s.raw), files(s.Files), size(s.Bytes))
		default:
			fmt.Fprintf(w, "%s: %s, %s. %s were new, %s went to your storage. Version %.8s.\n",
				shown(s.raw), files(s.Files), size(s.Bytes), size(s.NewBytes), size(s.StoredBytes), s.ID)
		}
		if s.Held != nil {
			fmt.Fprintf(w, "  %s\n", heldWords(*s.Held))
		}
		if !s.Complete {
			fmt.Fprintln(w, "  This version is unfinished: the next backup completes it.")
		}
		s.leftOut(w, "  ")
	}
}

// leftOut names what is not in the version, and why.
func (s savedJSON) leftOut(w io.Writer, indent string) {
	n := s.failed()
	if n > 0 {
		fmt.Fprintf(w, "%s%s could not be saved:\n", indent, files(n))
		s.name(w, indent, true)
	}
	if int64(len(s.Skipped)) > n {
		fmt.Fprintf(w, "%sNot files, and left out:\n", indent)
		s.name(w, indent, false)
	}
}

func (s savedJSON) name(w io.Writer, indent string, failed bool) {
	left := maxNamed
	for _, k := range s.Skipped {
		if k.Failed != failed {
			continue
		}
		if left--; left < 0 {
			fmt.Fprintf(w, "%s  … and more: --json names all\n", indent)
			return
		}
		fmt.Fprintf(w, "%s  %s: %s\n", indent, shown(k.raw), k.Reason)
	}
}
