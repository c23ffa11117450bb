package guide

import (
	"cmp"
	"path/filepath"
	"slices"

	"roost/syncer/disk"
)

// Drive is a disk beside the computer's own that a storage can lie on.
type Drive struct {
	Name string // as the person gave it
	Path string // its top folder
	Free int64  // bytes
}

// Drives lists the drives that are connected and can be written to.
func Drives() []Drive {
	var out []Drive
	for _, path := range mountedDrives() {
		free, err := disk.FreeSpace(path)
		if err != nil {
			continue // it was pulled out just now
		}
		name := filepath.Base(path)
		if name == string(filepath.Separator) || name == "." {
			name = path
		}
		out = append(out, Drive{name, path, free})
	}
	slices.SortFunc(out, func(a, b Drive) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// StorageOn is the folder of a storage on a drive, or in a folder that a person chose for it.
func StorageOn(dir string) string { return filepath.Join(dir, "Roost storage") }
