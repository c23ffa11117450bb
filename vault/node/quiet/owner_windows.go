package quiet

import "io/fs"

// sameOwner has nothing to do: a new file takes the rights of its folder.
func sameOwner(string, fs.FileInfo) error { return nil }
