package guide

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// mountedDrives are the disks with a letter, but for the system's own and those of other computers.
func mountedDrives() (paths []string) {
	letters, err := windows.GetLogicalDrives()
	if err != nil {
		return nil
	}
	for i := range 26 {
		if letters&(1<<i) == 0 {
			continue
		}
		path := string(rune('A'+i)) + `:\`
		name, err := windows.UTF16PtrFromString(path)
		if err != nil {
			continue
		}
		switch windows.GetDriveType(name) {
		case windows.DRIVE_REMOVABLE, windows.DRIVE_FIXED:
			if !strings.EqualFold(filepath.VolumeName(path), os.Getenv("SystemDrive")) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// SameDisk tells whether two paths lie on one drive.
func SameDisk(a, b string) bool {
	return strings.EqualFold(filepath.VolumeName(a), filepath.VolumeName(b))
}
