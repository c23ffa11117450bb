package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// FindBinary returns the Kubo program that this computer has: what ROOST_IPFS names, else ipfs beside our own
// executable, else ipfs in PATH. Without one it is ErrNoBinary.
func FindBinary() (string, error) {
	if path := os.Getenv("ROOST_IPFS"); path != "" {
		if _, err := exec.LookPath(path); err != nil {
			return "", fmt.Errorf("find ipfs: %w: ROOST_IPFS names %s, which cannot be run", ErrNoBinary, path)
		}
		return path, nil
	}
	name := "ipfs"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), name)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find ipfs: %w: not beside this program and not in PATH; install Kubo, or set ROOST_IPFS", ErrNoBinary)
	}
	return path, nil
}
