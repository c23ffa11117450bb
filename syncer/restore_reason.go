package syncer

import (
	"errors"
	"fmt"
	"io/fs"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// conflict is something that stands where something else should be.
type conflict struct{ is, want string }

func (c conflict) Error() string {
	return fmt.Sprintf("a %s stands where this %s should be", c.is, c.want)
}

func (c conflict) Unwrap() error { return disk.ErrConflict }

func kindOf(x *format.Entry) string {
	switch x.Type {
	case format.TypeDir:
		return disk.Directory.String()
	case format.TypeSymlink:
		return disk.Symlink.String()
	}
	return disk.File.String()
}

// restoreReason says in a person's words why something could not be restored.
func restoreReason(err error) string {
	var c conflict
	switch {
	case errors.Is(err, vault.ErrMissing):
		return "its stored data is missing from the storage"
	case errors.Is(err, format.ErrNewer):
		return "a newer Roost wrote it"
	case vault.IsDamage(err):
		return "its stored data is damaged"
	case errors.As(err, &c):
		return c.Error()
	case errors.Is(err, disk.ErrConflict):
		return "something else stands in its place"
	case errors.Is(err, disk.ErrExists):
		return "its place was taken again and again"
	case errors.Is(err, disk.ErrBadName):
		return "its name is not possible on this computer"
	case errors.Is(err, fs.ErrPermission):
		return "no permission to write it"
	case errors.Is(err, fs.ErrNotExist):
		return "its folder was moved or removed meanwhile"
	default:
		return "it could not be written: " + rootCause(err).Error()
	}
}

// inTheWay names what stands where a folder should be.
func inTheWay(err error, is disk.Entry) error {
	if errors.Is(err, disk.ErrConflict) && is.Kind != 0 {
		return conflict{is.What(), "folder"}
	}
	return err
}
