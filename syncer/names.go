package syncer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// resolve returns the versions that a name means, ordered by their folders' paths: an id or a beginning of one that is
// unique, "latest" for the newest of every folder, "latest:DIR" for the newest of one. A version that is not complete is
// taken only where its folder has no other, one that was removed only by its id.
//
// Errors: ErrUnknownVersion, ErrAmbiguous, and those of asking the storage.
func (e *Engine) resolve(ctx context.Context, name string) ([]vault.Version, error) {
	st, err := e.state(ctx)
	var all []vault.Version
	var damage error
	if err == nil {
		all, damage, err = e.everyVersion(ctx, st)
	} else {
		all, err = e.unasked(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	listed, err := e.visible(all)
	if err != nil {
		return nil, err
	}
	found, err := chooseVersions(listed, e.bundle.Device(), name)
	if errors.Is(err, ErrUnknownVersion) && !strings.HasPrefix(name, "latest") {
		found, err = chooseVersions(all, e.bundle.Device(), name) // what was removed is still there for a while
	}
	if err != nil && damage != nil {
		return nil, errors.Join(err, damage) // it may be in the list that cannot be read
	}
	for _, v := range found {
		e.noteUse(ctx, v.ID)
	}
	return found, err
}

// versions lists the versions of every device, newest first, without those that were removed. Lists of older versions
// that are damaged are left out and returned as damage.
func (e *Engine) versions(ctx context.Context, st *vault.State) (all []vault.Version, damage, err error) {
	all, damage, err = e.everyVersion(ctx, st)
	if err == nil {
		all, err = e.visible(all)
	}
	return all, damage, err
}

// everyVersion is versions with those that were removed and can be brought back.
func (e *Engine) everyVersion(ctx context.Context, st *vault.State) (all []vault.Version, damage, err error) {
	all, unread, err := e.vault().Listed(ctx, st)
	if err != nil {
		return nil, nil, err
	}
	e.unread.Store(&unread)
	return all, errors.Join(unread...), nil
}

// chooseVersions is resolve on a list of versions, newest first.
func chooseVersions(all []vault.Version, own format.DeviceID, name string) ([]vault.Version, error) {
	if dir, ok := strings.CutPrefix(name, "latest:"); ok {
		return latestOf(all, dir)
	}
	if name == "latest" {
		return latestOfAll(all, own)
	}
	prefix := strings.ToLower(name)
	if prefix == "" || strings.Trim(prefix, "0123456789abcdef") != "" {
		return nil, fmt.Errorf("%w: %q is not an id, the beginning of one, latest, or latest:FOLDER", ErrUnknownVersion, name)
	}
	var found []vault.Version
	for _, v := range all {
		if strings.HasPrefix(v.ID.String(), prefix) {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%w: %s", ErrUnknownVersion, name)
	case 1:
		return found, nil
	}
	return nil, ambiguous(name, found, func(v vault.Version) string {
		return fmt.Sprintf("%.12s (%s)", v.ID, v.Path)
	})
}

// ambiguous names what a name may mean, at most five of it.
func ambiguous(name string, found []vault.Version, show func(vault.Version) string) error {
	const most = 5
	var names []string
	for _, v := range found[:min(len(found), most)] {
		names = append(names, show(v))
	}
	if len(found) > most {
		names = append(names, "…")
	}
	return fmt.Errorf("%w: %s may be %s", ErrAmbiguous, name, strings.Join(names, ", "))
}

// latestOfAll is the newest version of every folder of this device or, while it has none of its own, of all devices.
func latestOfAll(all []vault.Version, own format.DeviceID) ([]vault.Version, error) {
	mine := slices.DeleteFunc(slices.Clone(all), func(v vault.Version) bool { return v.Device != own })
	if len(mine) == 0 {
		mine = all
	}
	type folder struct {
		device format.DeviceID
		id     format.FolderID
	}
	newest := map[folder]vault.Version{}
	for _, v := range mine {
		f := folder{v.Device, v.FolderID}
		if have, ok := newest[f]; !ok || !have.Complete && v.Complete {
			newest[f] = v
		}
	}
	if len(newest) == 0 {
		return nil, fmt.Errorf("%w: nothing has been saved yet", ErrUnknownVersion)
	}
	found := make([]vault.Version, 0, len(newest))
	for _, v := range newest {
		found = append(found, v)
	}
	slices.SortFunc(found, func(a, b vault.Version) int {
		if c := strings.Compare(string(a.Path), string(b.Path)); c != 0 {
			return c
		}
		return b.Time().Compare(a.Time())
	})
	return found, nil
}

// latestOf is the newest version of one folder on any device. The folder is named by its path or, where that leaves no
// doubt, by its own name.
func latestOf(all []vault.Version, dir string) ([]vault.Version, error) {
	spelled := []string{filepath.Clean(dir)}
	if abs, err := filepath.Abs(dir); err == nil {
		spelled = append(spelled, abs, resolved(abs))
	}
	var found []vault.Version
	for _, v := range all {
		at := filepath.Clean(string(v.Path))
		if slices.ContainsFunc(spelled, func(s string) bool { return samePath(s, at) }) {
			found = append(found, v)
		}
	}
	if len(found) == 0 {
		var paths []vault.Version // one of each path
		for _, v := range all {
			if folderName(string(v.Path)) != dir {
				continue
			}
			found = append(found, v)
			if !slices.ContainsFunc(paths, func(p vault.Version) bool { return string(p.Path) == string(v.Path) }) {
				paths = append(paths, v)
			}
		}
		if len(paths) > 1 {
			return nil, ambiguous("latest:"+dir, paths, func(v vault.Version) string { return "latest:" + string(v.Path) })
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: no version of a folder %s", ErrUnknownVersion, dir)
	}
	if i := slices.IndexFunc(found, func(v vault.Version) bool { return v.Complete }); i > 0 {
		return found[i : i+1], nil
	}
	return found[:1], nil
}

func samePath(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}

// folderName is the last name of a folder's path, which may come from another system, fit to be a name on this one.
func folderName(path string) string {
	if len(path) > 1 && path[1] == ':' || strings.HasPrefix(path, `\\`) {
		path = strings.ReplaceAll(path, `\`, "/")
	}
	path = strings.TrimRight(path, "/")
	name := strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], ":")
	if disk.CheckName(name) != nil {
		return "folder"
	}
	return name
}
