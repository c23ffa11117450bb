package guide

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roost/syncer"
)

// Device is one computer of a backup, with the newest version of each of its folders.
type Device struct {
	ID      string // as the engine has it
	Name    string
	Newest  time.Time // of its versions
	Folders []Kept
}

// Kept is one folder as its newest version has it.
type Kept struct {
	Version  string // as RestoreOptions take it
	Path     string // where it was
	Time     time.Time
	Files    int64
	Bytes    int64
	Complete bool // some of it was not saved yet, else
}

// Found lists the devices of the backup, the one that saved last first. A complete version is preferred to a newer one
// that is not.
func (g *Guide) Found(ctx context.Context) ([]Device, error) {
	e, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	versions, _, err := e.Snapshots(ctx, "")
	if err != nil {
		return nil, err
	}
	return devicesOf(versions), nil
}

// devicesOf groups versions, which begin with the newest.
func devicesOf(versions []syncer.Version) []Device {
	var out []Device
	device, folder := map[any]int{}, map[any]int{}
	for _, v := range versions {
		d, known := device[v.Device]
		if !known {
			d = len(out)
			device[v.Device] = d
			out = append(out, Device{ID: hex.EncodeToString(v.Device[:]), Name: v.DeviceName, Newest: v.Time()})
		}
		k := Kept{
			Version: v.ID.String(), Path: string(v.Path), Time: v.Time(), Files: int64(v.Files), Bytes: int64(v.Bytes), Complete: v.Complete,
		}
		type key struct{ device, folder any }
		f, known := folder[key{v.Device, v.FolderID}]
		switch {
		case !known:
			folder[key{v.Device, v.FolderID}] = len(out[d].Folders)
			out[d].Folders = append(out[d].Folders, k)
		case v.Complete && !out[d].Folders[f].Complete:
			out[d].Folders[f] = k
		}
	}
	return out
}

// Return is one folder that comes back.
type Return struct {
	Version string
	Path    string // where it shall stand; its last name is the folder's
}

// BringBack writes down which folders come back, keeping both where another file is in the way, and gives the home free for the
// engine: that does it, whether the window is open or not. title is what a person calls it.
func (g *Guide) BringBack(ctx context.Context, title string, wanted []Return) error {
	e, err := g.open(ctx)
	if err != nil {
		return err
	}
	wish := syncer.RestoreWish{Title: title}
	for _, w := range wanted {
		dir := filepath.Dir(w.Path)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the folder to restore to: %w", err)
		}
		wish.Parts = append(wish.Parts, syncer.RestoreOptions{Snapshot: w.Version, To: dir, OnConflict: syncer.KeepBoth})
	}
	if err := e.StartRestore(ctx, wish); err != nil {
		return err
	}
	return g.release()
}

// Replace has this computer take the place of a device of the backup once all is safe here; "" is none, which ends an earlier
// wish. One that has left the backup already needs to be let go by nobody.
func (g *Guide) Replace(ctx context.Context, id string) error {
	e, err := g.open(ctx)
	if err != nil {
		return err
	}
	if id != "" {
		all, err := e.Devices(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(d syncer.DeviceInfo) bool { return d.ID == id && d.State == syncer.DeviceActive }) {
			id = ""
		}
	}
	return e.Replace(ctx, id)
}

// errNoHome: the system does not say where the person's folder is.
var errNoHome = errors.New("this computer does not say where your own folder is")

// Place is where a folder of another computer belongs on this one: what lay in that person's own folder goes into home,
// whatever the systems call it. "" where it has no such place; then it needs a new one.
func Place(was, home string) string {
	if home == "" {
		return ""
	}
	parts := strings.FieldsFunc(was, func(r rune) bool { return r == '/' || r == '\\' })
	if len(parts) > 0 && len(parts[0]) == 2 && parts[0][1] == ':' { // a disk of Windows
		parts = parts[1:]
	}
	if len(parts) < 3 || !strings.EqualFold(parts[0], "home") && !strings.EqualFold(parts[0], "users") {
		return ""
	}
	for _, p := range parts[2:] {
		if p == "." || p == ".." {
			return ""
		}
	}
	return filepath.Join(append([]string{home}, parts[2:]...)...)
}

// OwnFolder is the person's folder on this computer.
func OwnFolder() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", errors.Join(errNoHome, err)
	}
	return home, nil
}
