package ui

import (
	"slices"
	"strings"
	"time"

	"roost/syncer"
)

// place is a file or folder as it was in one version.
type place struct {
	version string // id of the version
	folder  string // that the version is of, as it was on its computer
	device  string
	at      time.Time // of the version
	path    string    // within it; "" is the whole folder
}

// below is what lies in a place under a path of the same version.
func (p place) below(path string) place { p.path = path; return p }

// up is the folder that holds a place; of a whole folder it is that itself.
func (p place) up() place {
	p.path = p.path[:max(strings.LastIndexByte(p.path, '/'), 0)]
	return p
}

// name is what the place is called.
func (p place) name() string {
	if p.path == "" {
		return baseName(p.folder)
	}
	return baseName(p.path)
}

func placeOf(v syncer.Version) place {
	return place{version: v.ID.String(), folder: string(v.Path), device: v.DeviceName, at: v.Time()}
}

// timeline is every version that is known, newest first, and what can be looked up in it.
type timeline struct {
	versions []syncer.Version
	stale    bool // the storage did not answer: there may be more
	folders  []place
	index    map[string]int // of versions by id
}

func newTimeline(versions []syncer.Version, stale bool) timeline {
	t := timeline{versions: versions, stale: stale, index: make(map[string]int, len(versions))}
	type key struct{ folder, device string }
	newest := map[key]int{} // of each folder in versions: the newest complete one, or the newest
	var order []key
	for i, v := range versions {
		t.index[v.ID.String()] = i
		k := key{string(v.FolderID[:]), string(v.Device[:])}
		have, known := newest[k]
		if !known {
			order = append(order, k)
		}
		if !known || !versions[have].Complete && v.Complete {
			newest[k] = i
		}
	}
	for _, k := range order {
		t.folders = append(t.folders, placeOf(versions[newest[k]]))
	}
	slices.SortStableFunc(t.folders, func(a, b place) int {
		if c := strings.Compare(strings.ToLower(baseName(a.folder)), strings.ToLower(baseName(b.folder))); c != 0 {
			return c
		}
		return strings.Compare(a.device, b.device)
	})
	return t
}

// find returns a version by its id.
func (t timeline) find(id string) (syncer.Version, bool) {
	i, ok := t.index[id]
	if !ok {
		return syncer.Version{}, false
	}
	return t.versions[i], true
}

// same tells whether two versions are of one folder of one device.
func sameFolder(a, b syncer.Version) bool { return a.FolderID == b.FolderID && a.Device == b.Device }

// newest is the newest complete version of the folder that a version is of.
func (t timeline) newest(id string) (syncer.Version, bool) {
	v, ok := t.find(id)
	if !ok {
		return v, false
	}
	for _, other := range t.versions {
		if sameFolder(v, other) && (other.Complete || other.ID == v.ID) {
			return other, true
		}
	}
	return v, true
}

// before is the version of the same folder that was made before one.
func (t timeline) before(id string) (syncer.Version, bool) {
	i, ok := t.index[id]
	if !ok {
		return syncer.Version{}, false
	}
	for _, older := range t.versions[i+1:] {
		if sameFolder(t.versions[i], older) && older.Complete {
			return older, true
		}
	}
	return syncer.Version{}, false
}

// asOf is how every folder of every device was at a time: its newest complete version until then.
func (t timeline) asOf(at time.Time) (all []syncer.Version) {
	for _, v := range t.versions {
		if v.Complete && !v.Time().After(at) && !slices.ContainsFunc(all, func(x syncer.Version) bool { return sameFolder(x, v) }) {
			all = append(all, v)
		}
	}
	return all
}

// devices lists who saved something, with the newest version of each, newest first.
func (t timeline) devices() (all []syncer.Version) {
	for _, v := range t.versions {
		if !slices.ContainsFunc(all, func(x syncer.Version) bool { return x.Device == v.Device }) {
			all = append(all, v)
		}
	}
	return all
}
