//go:build linux || darwin

package disk

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// dirent is a name and where the file system keeps its metadata.
type dirent struct {
	name  string
	inode uint64 // 0 when the system does not say
}

// ReadDir looks at every entry, following none, and returns them sorted by the bytes of their names. Names that
// vanish meanwhile are left out.
//
// When some entries are there but could not be looked at, they are named in an [EntryErrors] beside all the others.
// With any other error there are no entries at all: half a listing would look like deleted files.
func (d *Dir) ReadDir() ([]Entry, error) {
	ents, err := d.names()
	if err != nil {
		return nil, fail("list folder", ".", err)
	}
	slices.SortFunc(ents, func(a, b dirent) int { return strings.Compare(a.name, b.name) })

	// Metadata is read in the order in which it lies on disk.
	order := make([]int32, len(ents))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(ents[a].inode, ents[b].inode) })
	entries := make([]Entry, len(ents))
	var failed EntryErrors
	vanished := 0
	var st unix.Stat_t
	for _, i := range order {
		name := ents[i].name
		if err := lstatat(d.fd, name, &st); err != nil {
			vanished++
			if !errors.Is(err, unix.ENOENT) {
				failed = append(failed, EntryError{Name: name, Err: fail("look at", name, err)})
			}
			continue
		}
		fill(&entries[i], name, &st)
	}
	if vanished > 0 {
		entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Kind == 0 })
	}
	if failed != nil {
		slices.SortFunc(failed, func(a, b EntryError) int { return strings.Compare(a.Name, b.Name) })
		return entries, failed
	}
	return entries, nil
}

// names lists the directory from its start, without "." and "..", in the system's order.
func (d *Dir) names() ([]dirent, error) {
	d.reading.Lock()
	defer d.reading.Unlock()
	if d.fd < 0 {
		return nil, os.ErrClosed
	}
	if _, err := unix.Seek(d.fd, 0, 0); err != nil {
		return nil, err
	}
	return readNames(d.fd)
}
