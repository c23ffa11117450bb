package syncer

import (
	"path"
	"slices"
)

// scope says which directories of a folder a pass lists. Nil is all of them.
//
// A pass within a scope believes the catalog for every other directory whose own look has not changed either. What it
// makes is the whole folder's state, as long as whoever made the scope knew of every change.
type scope struct {
	dirs    map[string]bool // directories whose entries may have changed, and all above them
	skipped []Skipped       // what the last pass left out: still so in every directory that is not listed
}

// scopeOf makes a scope of directories, relative to the folder.
func scopeOf(changed []string, skipped []Skipped) *scope {
	s := &scope{dirs: map[string]bool{"": true}, skipped: skipped}
	for _, d := range changed {
		for ; d != "" && !s.dirs[d]; d = parentOf(d) {
			s.dirs[d] = true
		}
	}
	return s
}

// includes tells whether a pass lists a directory.
func (s *scope) includes(dir string) bool { return s == nil || s.dirs[dir] }

// elsewhere is what the last pass left out below directories that this one did not list.
func (s *scope) elsewhere(believed map[string]bool) (out []Skipped) {
	if s == nil {
		return nil
	}
	for _, k := range s.skipped {
		for d := k.Path; d != ""; d = parentOf(d) {
			if believed[d] {
				out = append(out, k)
				break
			}
		}
	}
	return out
}

// parentOf is the directory that holds a path; "" is the folder itself.
func parentOf(p string) string {
	if d := path.Dir(p); d != "." {
		return d
	}
	return ""
}

// parents are the directories that hold what should have been saved and was not.
func parents(skipped []Skipped) []string {
	var out []string
	for _, k := range skipped {
		if k.Failed {
			out = append(out, parentOf(k.Path))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
