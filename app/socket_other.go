//go:build !linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// socketDir is where the control socket of a home lies: in it, or, when its path is too long for a socket, in a folder of
// its own among this person's temporary ones, which both sides find by the home's path.
func socketDir(home string) string {
	longest := filepath.Join(home, ".socket-0000000000", "s") // while it is made
	if len(longest) <= maxSocketPath {
		return home
	}
	sum := sha256.Sum256([]byte(home))
	return filepath.Join(os.TempDir(), "roost-"+hex.EncodeToString(sum[:8]))
}

// makeSocketDir makes that folder, or checks that the one which is there is private.
func makeSocketDir(home string) (string, error) {
	dir := socketDir(home)
	if dir == home {
		return dir, nil
	}
	err := os.Mkdir(dir, 0o700)
	if err != nil && !os.IsExist(err) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() || !isPrivate(info) {
		return "", fmt.Errorf("%s is not a private folder of this account", dir)
	}
	return dir, nil
}

func shortPath(path string) (short string, done func(), err error) { return path, func() {}, nil }
