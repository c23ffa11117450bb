package watcher

import (
	"slices"
	"strings"
)

// mounts is what is mounted at, above and below a folder. No event tells of it, so it is compared now and then.
type mounts struct {
	told    string   // all there is to know of the file systems that the folder reaches, for comparison
	self    string   // type of the file system that the folder lies on
	reports bool     // whether that one tells of every change
	silent  []string // full paths of mounts below the folder that do not, sorted
}

// onSilent tells whether full is such a mount.
func (m *mounts) onSilent(full string) bool {
	_, is := slices.BinarySearch(m.silent, full)
	return is
}

// within tells whether path is dir, or lies below it.
func within(path, dir, separator string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(dir, separator))
	return ok && (rest == "" || strings.HasPrefix(rest, separator))
}
