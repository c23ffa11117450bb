package watcher

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// mountsOf asks what drive the folder path lies on. What is mounted below a folder is a junction, and not entered.
func mountsOf(path string) (*mounts, error) {
	drive, err := windows.UTF16PtrFromString(filepath.VolumeName(path) + `\`)
	if err != nil {
		return nil, fmt.Errorf("name the drive: %w", err)
	}
	kind := windows.GetDriveType(drive)
	m := &mounts{self: fmt.Sprintf("drive of type %d", kind)}
	m.told = m.self
	m.reports = kind == windows.DRIVE_FIXED || kind == windows.DRIVE_REMOVABLE || kind == windows.DRIVE_RAMDISK || kind == windows.DRIVE_CDROM
	return m, nil
}
