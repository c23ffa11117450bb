package disk

import "os"

// readNames lists through the standard library, which has readdir of the C library; it says no inodes.
func readNames(fd int) ([]dirent, error) {
	// A descriptor of its own, with a position of its own, that os.File may close.
	own, err := openat(fd, ".", openDirFlags, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(own), ".")
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	ents := make([]dirent, len(names))
	for i, name := range names {
		ents[i].name = name
	}
	return ents, nil
}
